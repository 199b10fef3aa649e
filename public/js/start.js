/**
 * The scales with which a view begins. All who look at a view share its state, and their panels are not of one size: as long as nobody has
 * zoomed, each page fits the scales to its own panels, so that all of a volume is seen at first.
 *
 *     const own = scales(() => [innerWidth, innerHeight]);
 *     viewer.restore(own.into(state));
 *     send(own.outOf(state));
 *
 * The server writes `webmonStart {crossSectionScale, projectionScale, side}` into a state: the scales for panels with sides of so many
 * pixels. Neuroglancer's client leaves out what it does not know; what it sends with the scales of this page gets those of the server again.
 */

const bars = 60; // pixels of the client's own bars, above the panels
const margin = 1.08; // a little of what is around the volume
const least = 40; // pixels, of a panel that is worth fitting to

const same = (a, b) => Math.abs(a - b) <= 1e-6 * Math.abs(b);

/** @param {function(): [number, number]} size width and height of the client's page, in pixels */
export function scales(size) {
  let start = null; // of the server
  let fitted = null; // of this page

  /** JSON of a state, or of an event that has one as `s`, with scales that fit. */
  const into = text => {
    if (!text.includes('"webmonStart"')) return text;
    const all = JSON.parse(text);
    const state = all.s ?? all;
    if (!state.webmonStart) return text;
    start = state.webmonStart;
    delete state.webmonStart;
    const [width, height] = size();
    const share = state.layout === "4panel" ? 2 : 1;
    const [across, down] = [width / share, (height - bars) / share];
    if (across >= least && down >= least) {
      if (same(state.crossSectionScale, start.crossSectionScale)) state.crossSectionScale *= (start.side / Math.min(across, down)) * margin;
      // That of the projection is for the height of a panel, however wide it is.
      if (same(state.projectionScale, start.projectionScale)) state.projectionScale *= Math.max(1, down / across);
    }
    fitted = {crossSectionScale: state.crossSectionScale, projectionScale: state.projectionScale};
    return JSON.stringify(all);
  };

  /** The JSON of what the client sends, which has a state as `s`, with the server's scales as long as those of this page are untouched. */
  const outOf = text => {
    if (!fitted || !text.startsWith("{") || !text.includes('"crossSectionScale"')) return text;
    const all = JSON.parse(text);
    const state = all.s;
    if (!state || !same(state.crossSectionScale, fitted.crossSectionScale)) return text;
    state.crossSectionScale = start.crossSectionScale;
    if (same(state.projectionScale, fitted.projectionScale)) state.projectionScale = start.projectionScale;
    state.webmonStart = start;
    return JSON.stringify(all);
  };

  /** The fragment of an address, `#!<state>`, with scales that fit; the same if it has none to fit. */
  const fragment = hash => {
    if (!hash.startsWith("#!") || !hash.includes("webmonStart")) return hash;
    try {
      return "#!" + encodeURIComponent(into(decodeURIComponent(hash.slice(2))));
    } catch {
      return hash; // it is no state
    }
  };

  return {into, outOf, fragment};
}
