/**
 * What the server says once a second of the pictures that it sends this page with losses: why each is no better, and what the line carries (dashboard/hub, stats).
 * Who shows it reads it again on `losseschange` of the document.
 */

const NONE = Object.freeze({rate: 0, why: Object.freeze({})});

let told = NONE;

/** What was said last: `{rate, why}`, rate in bytes a second, 0 where it is not known; why, a sentence without its full stop for each topic that has losses. */
export function toldLosses() {
  return told;
}

/** Takes a "stats" frame, `{rate, pictures: {topic: why}}`; both are missing where no picture has losses. */
export function tellLosses({rate, pictures}) {
  const before = told;
  told = readLosses(rate, pictures);
  if (told !== NONE || before !== NONE) document.dispatchEvent(new CustomEvent("losseschange"));
}

function readLosses(rate, pictures) {
  if (typeof pictures !== "object" || pictures === null) return NONE;
  const why = Object.fromEntries(Object.entries(pictures).filter(([, text]) => typeof text === "string" && text !== ""));
  return {rate: Number.isFinite(rate) && rate > 0 ? rate : 0, why};
}
