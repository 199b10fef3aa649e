/** How the cards of a board are moved: pure. */

/** What a key does to a card, or null: `{do: "move", to}` or `{do: "wider" | ... | "remove"}`. */
export function keyed({key, shift}, at, count) {
  if (shift) {
    const what = {ArrowRight: "wider", ArrowLeft: "narrower", ArrowDown: "taller", ArrowUp: "shorter"}[key];
    return what ? {do: what} : null;
  }
  const to = {ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: count - 1}[key];
  if (to !== undefined) return to === at || to < 0 || to >= count ? {do: "none"} : {do: "move", to};
  return key === "Delete" || key === "Backspace" ? {do: "remove"} : null;
}

/** The sizes that a card has after it was made wider and so on. */
export function sized(what, {width, height}) {
  const within = (n, most) => Math.min(Math.max(n, 1), most);
  return {
    width: within(width + ({wider: 1, narrower: -1}[what] ?? 0), 6),
    height: within(height + ({taller: 1, shorter: -1}[what] ?? 0), 6),
  };
}

/**
 * The place among the boxes of the other cards to which a card goes that is dropped at a point: before the first one that
 * begins after the point, as one reads. Boxes are {left, top, right, bottom}, in the order of the cards.
 */
export function placeAt({x, y}, boxes) {
  const i = boxes.findIndex(box => y < box.top || (y <= box.bottom && x < (box.left + box.right) / 2));
  return i < 0 ? boxes.length : i;
}
