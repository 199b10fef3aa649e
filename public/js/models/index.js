/**
 * A simulation, live: its density in the viewer, with fingers, tracers and the phase over it. The server writes the markup
 * (components/models.templ) and sends what there is to see.
 *
 *     import {mount} from "./models/index.js";
 *     const picture = mount(document.querySelector("[data-model]"), {onFrame, send, who, afterPaint, save, stamp, load, post});
 *
 * Within the nearest [data-model-scope]: an element with `data-model-config`, JSON of what the server knows of the model, which may
 * change; `data-model-tools`, where the controls of the picture go; `data-model-readout`, what is under the pointer; elements with
 * `data-model-stat` ("rate", "step", "latency", "time", "frames"); `data-model-people`, who is there; buttons with
 * `data-model-action` ("full"), which gives all of the screen to the nearest `data-model-stage` around the picture, as `full=1` in
 * the address gives it all of the window; a form with `data-model-parameters`, which offers the parameters of the link that was opened.
 *
 * A plain press on the picture points: it goes out as `{"type": "hand", "source", "x", "y", "down"}`, once an animation frame at
 * most, and where it is let go with down false. With Shift or Control, with another button, with two fingers, and where the model
 * has no finger, the picture is moved instead. Arrow keys point as well while the picture has the focus. A root with `data-locked`
 * is that of a page on which nothing may be changed: there the finger is only shown.
 *
 * Only what is shown is asked for, by elements with data-topic, and no picture while the page is hidden. The view stands in
 * the address (state.js). On the root: `model`, a property with `stats()` for tests.
 */

import "../shared.js";
import {Config, mountWhenKnown} from "../picture/config.js";
import {ModelView} from "./view.js";

/**
 * Draws a model into server-rendered markup, as soon as the server knows what the model is.
 *
 * @param {HTMLElement} root with data-model
 * @param {object} page what the page offers: `onFrame(topic, draw)`, `send(text)`, `who()`, `afterPaint(callback)`, `save(blob, name)`,
 * `stamp(date)`, `load(url, signal)`, `post(url, body)` (pictures.js), `looks(frame, limits)` (looks.js)
 * @returns {{setPaused: function(boolean), setStale: function(boolean), destroy: function()}}
 */
export function mount(root, page) {
  const scope = root.closest("[data-model-scope]") ?? document;
  const config = new Config(scope, "data-model-config", checked);
  return mountWhenKnown(scope, config, first => new ModelView(root, scope, page, config, first));
}

// Checks what the server says of the model; null where it cannot be drawn.
function checked(config) {
  const {shape} = config ?? {};
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(n => Number.isSafeInteger(n) && n > 0)) return null;
  return {...config, tracers: config.tracers > 0 ? config.tracers : 0, phase: config.phase === true, finger: config.finger === true};
}
