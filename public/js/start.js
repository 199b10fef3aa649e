/**
 * The scales with which a view begins. All who look at a view share its state, and their panels are not of one size: as long as nobody has
 * moved the view, each page fits the scales to its own panels, so that all of a volume is seen at first.
 *
 *     const text = started(event.data, innerWidth, innerHeight);
 *
 * The server writes `webmonStart {crossSectionScale, projectionScale, side}` into a state: the scales for panels with sides of so many
 * pixels. Neuroglancer's client does not know it, and leaves it out of what it sends.
 */

const bars = 60; // pixels of the client's own bars, above the panels
const margin = 1.08; // a little of what is around the volume
const least = 40; // pixels, of a panel that is worth fitting to

/**
 * @param {string} text JSON of a state, or of an event that has one as `s`
 * @param {number} width pixels of the client's page
 * @param {number} height
 * @returns {string} the same, with scales that fit
 */
export function started(text, width, height) {
  if (!text.includes('"webmonStart"')) return text;
  const all = JSON.parse(text);
  const state = all.s ?? all;
  const start = state.webmonStart;
  if (!start) return text;
  delete state.webmonStart;
  const share = state.layout === "4panel" ? 2 : 1;
  const [across, down] = [width / share, (height - bars) / share];
  if (across >= least && down >= least) {
    if (state.crossSectionScale === start.crossSectionScale) state.crossSectionScale *= (start.side / Math.min(across, down)) * margin;
    // That of the projection is for the height of a panel, however wide it is.
    if (state.projectionScale === start.projectionScale) state.projectionScale *= Math.max(1, down / across);
  }
  return JSON.stringify(all);
}

/** The fragment of an address, `#!<state>`, with scales that fit; the same if it has none to fit. */
export function startedFragment(hash, width, height) {
  if (!hash.startsWith("#!") || !hash.includes("webmonStart")) return hash;
  try {
    return "#!" + encodeURIComponent(started(decodeURIComponent(hash.slice(2)), width, height));
  } catch {
    return hash; // it is no state
  }
}
