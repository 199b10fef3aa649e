/**
 * napari's canvas, live and steered from the picture. The server writes the markup (components/canvas.templ):
 *
 *     <div data-canvas-stage>                what gets the whole window
 *       <div data-canvas data-source="napari" data-canvas-topic="napari/canvas" data-canvas-state=… data-canvas-people=… [data-locked=why]>
 *         <canvas data-canvas-surface tabindex="0"></canvas>
 *         <p data-canvas-text></p>           the picture in words
 *         <p data-canvas-note hidden></p>    the state of the picture, where that is not live
 *         <p data-canvas-drawer hidden></p>  the frame around it while somebody draws
 *       </div>
 *       <output data-canvas-status></output> napari's own words for the place under the pointer
 *       <span data-canvas-stat="lag"></span> <span data-canvas-stat="rate"></span>
 *       <button data-canvas-action="zoom-in|zoom-out|reset|draw" data-canvas-steers></button>
 *       <button data-canvas-action="png|link|full"></button>
 *     </div>
 *
 * Anywhere on the page: `<button data-canvas-layer="layer.3.selected" data-canvas-post=URL [data-canvas-selected]>` chooses the layer that is drawn on.
 *
 * Pictures come on `<data-canvas-topic>/<cols>x<rows>`, as many pixels as the page has room for, and say which of this page's
 * messages are in them; until napari's own picture comes the last one is moved under the hand (prediction.js). A drag moves the
 * picture, and in 3-D turns it; with Shift or another button than the left it moves it always. The wheel and two fingers zoom where they are,
 * a double click zooms in, f fits, arrows, + and - do what they do everywhere. The pointer is told to napari, which says what is under it. While this
 * browser draws, presses and keys go to napari as they are.
 *
 * On the root: `data-state` ("empty", "live", "paused", "stale"), `data-frames` (pictures painted so far), and the property `canvas` with
 * `stats()` for tests.
 */

import "../shared.js";
import {CanvasView} from "./view.js";

/**
 * @param {HTMLElement} root with data-canvas
 * @param {object} page what the page offers: `onFrame(topic, draw)`, `send(text)`, `afterPaint(callback)`, `save(blob, name)`,
 * `stamp(date)`, `post(url, body)` (pictures.js)
 * @returns {{setPaused: function(boolean), setStale: function(boolean), destroy: function()}}
 */
export function mount(root, page) {
  return new CanvasView(root, page);
}
