/**
 * How Neuroglancer's client takes a state from webmon: where somebody has only moved, nothing else is touched.
 *
 * The client itself forgets everything first, its layers with all their chunks as well, and begins anew. Where somebody else moves, or
 * napari leads, that comes many times a second, and nothing would ever be loaded. Anything but a move goes the client's own way, because
 * its parts hold on to each other: what is selected to a layer, a layout to its panels.
 *
 *     const gently = restoring(viewer.state);
 *     viewer.state.reset();
 *     viewer.state.restoreState(state); // from the server
 *     gently.sent(state);               // the server has taken this one
 *
 * A state is an object of parts, each with `toJSON`, `reset` and `restoreState`; `changed` tells that one of them is another one.
 */

/** The parts that say where one looks. No other part holds on to them. */
const MOVES = new Set(["position", "crossSectionOrientation", "crossSectionScale", "crossSectionDepth", "projectionOrientation", "projectionScale", "projectionDepth"]);

/** The text of a part; numbers too large for JSON are texts, as the client sends them. */
const text = value => JSON.stringify(value, (_, x) => (typeof x === "bigint" ? x.toString() : x));

/** @param {object} state of the client: its `children` are the parts by their names */
export function restoring(state) {
  const known = new Map(); // what the server has of each part
  const all = state.reset.bind(state);
  const some = state.restoreState.bind(state);
  let waiting = false; // for the state that follows a reset

  const note = given => {
    for (const key of state.children.keys()) known.set(key, text(given[key]));
  };

  /** The parts that the server has changed, undefined where that is not known. */
  const changes = given => {
    const keys = [...state.children.keys()];
    return keys.every(key => known.has(key)) ? keys.filter(key => text(given[key]) !== known.get(key)) : undefined;
  };

  state.reset = () => {
    waiting = true;
    queueMicrotask(() => {
      if (!waiting) return;
      waiting = false;
      all();
    });
  };

  state.restoreState = given => {
    if (!waiting || given === null || typeof given !== "object") {
      waiting = false;
      some(given);
      return;
    }
    waiting = false;
    const changed = changes(given);
    if (!changed?.length || !changed.every(key => MOVES.has(key))) {
      all();
      some(given);
      note(given);
      return;
    }
    // What a browser has changed and not sent yet stays, unless it is the very thing that is new.
    for (const key of changed) {
      const part = state.children.get(key);
      if (text(given[key]) === text(part.toJSON())) continue;
      part.reset();
      if (given[key] !== undefined) part.restoreState(given[key]);
    }
    note(given);
    // The client takes what it has now for what the server has. It may have said the same in other words, which scripts wait for.
    const unsent = [...state.children].some(([key, part]) => text(part.toJSON()) !== known.get(key));
    if (unsent) queueMicrotask(() => state.changed.dispatch());
  };

  return {sent: note};
}
