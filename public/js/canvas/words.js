/** What the page of the canvas says in words and numbers. Pure, no DOM. */

/** Digits of a coordinate. */
const DIGITS = 5;

/**
 * What a screen reader says of the picture.
 *
 * @param {?object} state what napari says of its canvas (dashboard/viewer/state.go)
 * @param {string} drawer who draws, as `drawerOf` says it
 */
export function sentenceOf(state, drawer = "") {
  if (!state) return "Nothing is known of napari's canvas yet.";
  const words = [`napari's canvas shows ${state.draws || "nothing"}`];
  const names = state.layers ?? [];
  if (names.length > 0) {
    const more = state.count - names.length;
    words[0] += `: ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}, the topmost first`;
  }
  if (state.center?.length > 0) {
    words.push(`The camera's centre is at ${state.center.map(shown).join(", ")}${Number.isFinite(state.zoom) ? `, its zoom is ${shown(state.zoom)}` : ""}`);
  }
  if (state.layer) words.push(`${state.layer} is active${state.mode ? `, in the mode ${state.mode.replaceAll("_", " ")}` : ""}`);
  if (state.why) words.push(state.why.replace(/\.$/, ""));
  else if (state.status) words.push(`Under the pointer: ${state.status.replace(/\.$/, "")}`);
  if (drawer) words.push(drawer);
  return `${words.join(". ")}.`;
}

/** Who draws, for the page that calls itself so, in a sentence without its full stop; "" for nobody. */
export function drawerOf(draw, page, state = null) {
  if (!draw) return "";
  if (draw.page === page) return state?.layer ? `You draw on ${state.layer}${state.mode ? `: ${state.mode.replaceAll("_", " ")}` : ""}` : "You draw";
  return `${draw.name || "Somebody else"} draws`;
}

/** The numbers of lag and rate as text. */
export function figuresOf(lag, rate) {
  return {
    lag: lag ? `${lag.median.toFixed(0)}, ${lag.most.toFixed(0)}` : "–",
    rate: rate === null ? "–" : rate.toFixed(1),
  };
}

/** Checks what the server says of who draws. */
export function readDraw(draw) {
  if (typeof draw?.person !== "string") return null;
  return {person: draw.person, page: typeof draw.page === "string" ? draw.page : "", name: typeof draw.name === "string" ? draw.name : "", colour: Number.isSafeInteger(draw.colour) && draw.colour >= 0 ? draw.colour : 0};
}

function shown(x) {
  return String(Number(x.toPrecision(DIGITS)));
}
