/**
 * Shared arrays, live: the picture of a plane of an array, with its axes, its contrast and what lies under the pointer. The
 * server writes the markup (components/arrays.templ) and sends pictures (binary.js); the viewer draws them.
 *
 *     import {mount} from "./arrays/index.js";
 *     const picture = mount(document.querySelector("[data-array]"), {onFrame, afterPaint, save, load});
 *
 * Within the nearest [data-viewer-scope]: an element with `data-array-config`, JSON of what the server knows of the array, which
 * may change; `data-array-controls`, where the controls go; buttons with `data-array-action` ("one-to-one", "profile"); and
 * `data-array-readout`, what is under the pointer. Links with `data-array-plane` and `data-array-png` are kept to the plane that
 * is shown.
 *
 * Only what is on the screen is asked for, at the resolution that it needs (region.js), by elements with data-topic, as all
 * of the page; none of it while the page is hidden. The view stands in the address (state.js). On the root: `data-topics`, how
 * often what is asked for has changed, and `array`, a property with `stats()` for tests.
 */

import "../shared.js";
import {Config, mountWhenKnown} from "../picture/config.js";
import {ArrayView} from "./view.js";

/**
 * Draws an array into server-rendered markup, as soon as the server knows what the array is.
 *
 * @param {HTMLElement} root with data-array
 * @param {object} page what the page offers: `onFrame(topic, draw)`, `afterPaint(callback)`, `save(blob, name)`, `stamp(date)`,
 * `load(url, signal)` (pictures.js), `looks(frame, limits)` (looks.js)
 * @returns {{setPaused: function(boolean), setStale: function(boolean), destroy: function()}}
 */
export function mount(root, page) {
  const scope = root.closest("[data-viewer-scope]") ?? document;
  const config = new Config(scope, "data-array-config", complete);
  return mountWhenKnown(scope, config, first => new ArrayView(root, scope, page, config, first));
}

// What the server says of the array, with an empty list where it leaves one out.
function complete(config) {
  return {...config, shape: config.shape ?? [], axes: config.axes ?? [], units: config.units ?? [], scale: config.scale ?? []};
}
