/**
 * The page of a volume: what lies under the pointer, screenshots and the full screen. Neuroglancer's client runs in a frame of the same
 * origin, so that its viewer can be read; nothing is written to it. The server writes the markup (components/volumes.templ).
 *
 *     import {mount} from "./volumes/index.js";
 *     const page = mount(document.querySelector("[data-volume]"), {save, stamp});
 *
 * Within the root: `data-volume-frame`, the frame; `data-volume-readout`, what is under the pointer; buttons `data-volume-screenshot` and
 * `data-volume-full`, hidden until they can do something; `data-volume-note`, a line over the picture. On the root: `data-state`, "loading",
 * "ready" when all that the view shows is there or could not be loaded, which the note says, or "failed".
 */

import "../shared.js";
import {loaded} from "./loaded.js";
import {readout} from "./readout.js";

const look = 500; // ms between two looks at whether all is loaded

/**
 * @param {HTMLElement} root
 * @param {{save: function(Blob, string), stamp: function(Date): string}} page
 */
export function mount(root, page) {
  const one = name => root.querySelector(`[data-volume-${name}]`);
  const frame = one("frame");
  if (!frame) return {};
  const stage = root.querySelector("[data-volume-stage]");
  const [shot, full, note, out] = [one("screenshot"), one("full"), one("note"), one("readout")];
  let viewer = null;
  let heard = [];
  let drawing = 0;
  const controller = new AbortController();
  const {signal} = controller;

  const say = text => {
    note.textContent = text;
    note.hidden = text === "";
  };

  const draw = () => {
    drawing = 0;
    const lines = viewer && readout(viewer);
    if (!lines) return;
    out.replaceChildren(list(lines));
  };
  const soon = () => (drawing ||= requestAnimationFrame(draw));

  const found = () => {
    const there = frame.contentWindow?.viewer;
    if (!there || there === viewer) return;
    for (const stop of heard) stop();
    viewer = there;
    heard = [viewer.mouseState?.changed, viewer.layerSelectedValues?.changed].filter(Boolean).map(changed => changed.add(soon));
    shot.hidden = false;
    full.hidden = !stage.requestFullscreen;
  };

  // What could not be loaded is said until it is there, unless something else has been said since.
  let told = "";
  const tell = text => {
    if (text !== told && (text !== "" || note.textContent === told)) say(text);
    told = text;
  };

  let asked = null; // the viewer that is being looked at: its worker may have much to do, or be gone with it
  let before = 0; // how many parts had failed a look ago
  const check = async there => {
    const {done, failed} = await loaded(there);
    if (signal.aborted || there !== viewer) return;
    // What follows from a part that has just come is asked for a moment later: so twice.
    root.dataset.state = done && failed === before ? "ready" : "loading";
    before = failed;
    if (failed === 0) tell("");
    else if (done) tell(failed === 1 ? "A part of this view could not be loaded." : `${failed} parts of this view could not be loaded.`);
  };

  const timer = setInterval(() => {
    found();
    const gl = viewer?.display?.gl;
    if (frame.contentDocument?.readyState === "complete" && viewer && (!gl || gl.isContextLost())) {
      root.dataset.state = "failed";
      say("The browser has no WebGL 2 for this picture, or has lost it. Reload the page, or open it in another browser.");
    } else if (!viewer) {
      root.dataset.state = "loading";
    } else if (asked !== viewer) {
      const there = asked = viewer;
      check(there).catch(error => say(error.message)).finally(() => {
        if (asked === there) asked = null;
      });
    }
  }, look);

  shot.addEventListener("click", () => {
    viewer.display.draw();
    viewer.display.canvas.toBlob(blob => {
      if (blob) page.save(blob, `webmon-volume-${page.stamp(new Date())}.png`);
      else say("The browser could not write the picture.");
    });
  }, {signal});
  full.addEventListener("click", () => stage.requestFullscreen().catch(error => say(error.message)), {signal});

  return {
    destroy() {
      clearInterval(timer);
      cancelAnimationFrame(drawing);
      controller.abort();
      for (const stop of heard) stop();
    },
  };
}

function list(lines) {
  const dl = document.createElement("dl");
  dl.className = "pairs";
  for (const {name, value} of lines) {
    const line = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    line.append(dt, dd);
    dl.append(line);
  }
  return dl;
}
