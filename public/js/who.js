/**
 * Who looks at this page, as the server tells people apart: a random name that stays with the tab, so that a page that is loaded
 * again is the same person. It is no secret and proves nothing: others see it beside the places where its hand is.
 */

/** Where it is kept. */
const KEY = "webmon-who";

/** What the server takes for a name. */
const NAME = /^[A-Za-z0-9_-]{8,64}$/;

let known = "";

/** The name of whoever looks at this page. */
export function who() {
  if (known) return known;
  known = stored();
  if (known) return known;
  known = randomName();
  try {
    sessionStorage.setItem(KEY, known);
  } catch {
    // Without storage it is another person after a reload.
  }
  return known;
}

function stored() {
  try {
    const name = sessionStorage.getItem(KEY) ?? "";
    return NAME.test(name) ? name : "";
  } catch {
    return "";
  }
}

// crypto.randomUUID is there on pages from https and from this computer alone.
/** A name that nobody else has, of letters that the server takes. */
export function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("");
}
