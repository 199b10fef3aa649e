/**
 * How pictures are to be sent over this page's line, as people have chosen: as the line carries, or exact always, and how much of the line they may
 * take. The choice is kept in localStorage; `?pictures=exact` (or `auto`) and `?rate=5` (Mbit/s, 0 for no bound) in the address come before it, so that a link
 * carries it. Who shows it reads it again on `choicechange` of the document.
 */

import {keepInAddress, readable, short} from "./address.js";

const KEY = "webmon-pictures";

/** The bounds that people can choose, Mbit/s. */
export const LEAST_RATE = 0.1;
export const MOST_RATE = 10_000;

/** Bytes a second in a Mbit/s. */
const BYTES = 1e6 / 8;

/** What nobody has chosen. */
const NOTHING = {exact: false, rate: 0};

let chosen = null;
let holds = 0; // who waits for an exact picture

/** What is chosen: `{exact, rate}`, rate in Mbit/s, 0 for no bound. Read from the address once, when the page is loaded. */
export function chosenPictures() {
  return chosen ??= readChoice(new URLSearchParams(location.search), safeStorage());
}

/** What the server is told of it: `{pictures, rate}`, rate in bytes a second; what is as usual is left out. */
export function choice() {
  const {exact, rate} = chosenPictures();
  return {pictures: exact || holds > 0 ? "exact" : undefined, rate: rate > 0 ? Math.round(rate * BYTES) : undefined};
}

/** Asks for exact pictures, whatever is chosen, until what it returns is called. */
export function holdExact() {
  if (holds++ === 0) document.dispatchEvent(new CustomEvent("choicechange"));
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    if (--holds === 0) document.dispatchEvent(new CustomEvent("choicechange"));
  };
}

/** Chooses, keeps it, and says so. */
export function choose(edit, storage = safeStorage()) {
  const before = chosenPictures();
  const now = {...before, ...edit};
  if (now.exact === before.exact && now.rate === before.rate) return;
  chosen = now;
  try {
    storage?.setItem(KEY, JSON.stringify(now));
  } catch {
    // A full or forbidden storage: the choice lasts as long as the page.
  }
  keepInAddress(query => writeChoice(query, now));
  document.dispatchEvent(new CustomEvent("choicechange"));
}

/** An address with what is chosen, so that a link carries it. */
export function withChoice(address) {
  const url = new URL(address);
  writeChoice(url.searchParams, chosenPictures());
  return readable(url).href;
}

/** The choice of an address, or else of a storage. Each of the two parts counts on its own. */
export function readChoice(query, storage) {
  let kept = null;
  try {
    kept = JSON.parse(storage?.getItem(KEY) ?? "null");
  } catch {
    // Somebody else has written there.
  }
  const pictures = query.get("pictures");
  return {
    exact: pictures === "exact" || pictures !== "auto" && kept?.exact === true,
    rate: readRate(query.get("rate")) ?? readRate(kept?.rate) ?? NOTHING.rate,
  };
}

/** Writes a choice into an address's query. What is as usual is left out. */
export function writeChoice(query, {exact, rate}) {
  if (exact) query.set("pictures", "exact");
  else query.delete("pictures");
  if (rate > 0) query.set("rate", short(rate));
  else query.delete("rate");
  return query;
}

/** A bound that somebody wrote, Mbit/s: 0 for none, null for what makes no sense. */
export function readRate(value) {
  if (typeof value === "string" ? value.trim() === "" : typeof value !== "number") return null;
  const rate = Number(value);
  return rate === 0 || rate >= LEAST_RATE && rate <= MOST_RATE ? rate : null;
}

// Reading localStorage throws where a browser forbids it, as in some iframes.
function safeStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
