/**
 * The button that records the picture beside it as a film: what the browser draws, as it draws it, in a file that the browser
 * keeps. Nothing is sent anywhere.
 *
 *     <span data-film data-film-name="napari-canvas">
 *       <button data-film-button aria-pressed="false"><span data-film-word>Record</span></button>
 *       <output data-film-says></output>
 *     </span>
 *
 * The picture is the canvas within the nearest [data-canvas-stage] or .viewer-stage, without what lies over it. r begins and ends. A film has what is drawn: where
 * pictures come with loss over a slow line (picture/says.js), so it has them, and says so at its end.
 * While it records, the root has `data-recording` and the stage the class `filmed`.
 */

import "../shared.js";
import {say} from "../dom.js";
import {isShortcut} from "../picture/screen.js";
import {FORMATS, MOST_BYTES, MOST_SECONDS, saysOf} from "./words.js";

/** Frames a second that are taken at most, and bits a second that they have. */
const FPS = 30;
const BITS = 16e6;

/** What has come is counted so often, ms. */
const SLICE = 1000;

/**
 * Mounts the button.
 *
 * @param {HTMLElement} root
 * @param {object} page `save(blob, name)`, `stamp(date)`
 * @returns {object} `destroy()`
 */
export function mount(root, page) {
  return new Film(root, page);
}

class Film {
  #root;
  #page;
  #aborter = new AbortController();
  #recorder = null;
  #chunks = [];
  #bytes = 0;
  #since = 0;
  #lossy = false;
  #timer = 0;

  constructor(root, page) {
    this.#root = root;
    this.#page = page;
    const {signal} = this.#aborter;
    const button = this.#find("[data-film-button]");
    button.addEventListener("click", () => this.#toggle(), {signal});
    document.addEventListener("keydown", event => {
      if (event.key !== "r" || event.repeat || !isShortcut(event)) return;
      event.preventDefault();
      this.#toggle();
    }, {signal});
    if (!this.#canvas || !formatOf()) {
      button.disabled = true;
      button.title = "This browser cannot record a picture.";
    }
  }

  destroy() {
    this.#aborter.abort();
    this.#stop(); // what there is so far is kept
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  get #stage() {
    return this.#root.closest("[data-canvas-stage], .viewer-stage");
  }

  get #canvas() {
    return this.#stage?.querySelector("[data-canvas-surface], [data-viewer-canvas]") ?? null;
  }

  #toggle() {
    if (this.#recorder) this.#stop();
    else this.#start();
  }

  #start() {
    const canvas = this.#canvas;
    const format = formatOf();
    if (!canvas || !format) return;
    let stream, recorder;
    try {
      stream = canvas.captureStream(FPS);
      recorder = new MediaRecorder(stream, {mimeType: format.type, videoBitsPerSecond: BITS});
    } catch (error) {
      this.#say(`It cannot be recorded: ${error.message}`, true);
      return;
    }
    [this.#recorder, this.#chunks, this.#bytes, this.#since] = [recorder, [], 0, performance.now()];
    this.#lossy = false;
    recorder.addEventListener("dataavailable", event => {
      this.#chunks.push(event.data);
      this.#bytes += event.data.size;
      if (recorder === this.#recorder) this.#tell();
    });
    recorder.addEventListener("stop", () => this.#ended(recorder, stream, format));
    recorder.addEventListener("error", event => {
      this.#say(`The recording ended: ${event.error?.message ?? "the browser does not say why"}`, true);
      this.#stop();
    });
    recorder.start(SLICE);
    // A browser films what is drawn: a picture at rest is drawn again, or the film of it would be empty.
    const again = () => this.#canvas?.dispatchEvent(new Event("redraw", {bubbles: true}));
    this.#timer = setInterval(() => {
      again();
      this.#tell();
    }, SLICE);
    again();
    this.#show(true);
    this.#tell();
  }

  #tell() {
    if (this.#stage?.parentElement.querySelector(".viewer-stage[data-quality=lossy]")) this.#lossy = true;
    const seconds = (performance.now() - this.#since) / 1000;
    this.#say(saysOf(seconds, this.#bytes), seconds < 1);
    if (seconds >= MOST_SECONDS || this.#bytes >= MOST_BYTES || !this.#canvas?.isConnected) this.#stop();
  }

  #stop() {
    clearInterval(this.#timer);
    const recorder = this.#recorder;
    this.#recorder = null;
    if (recorder && recorder.state !== "inactive") recorder.stop();
    if (recorder) this.#show(false);
  }

  #ended(recorder, stream, format) {
    for (const track of stream.getTracks()) track.stop();
    if (recorder === this.#recorder) this.#stop(); // the browser has ended it
    const film = new Blob(this.#chunks, {type: format.type});
    this.#chunks = [];
    const seconds = (performance.now() - this.#since) / 1000;
    if (film.size === 0) {
      this.#say("Nothing was drawn meanwhile, so there is no film.", true);
      return;
    }
    const name = `${this.#root.dataset.filmName || "webmon"}-${this.#page.stamp(new Date())}.${format.ending}`;
    this.#page.save(film, name);
    this.#say(`${name}: ${saysOf(seconds, film.size, true, this.#lossy)}`, true);
    this.#root.dispatchEvent(new CustomEvent("film:saved", {bubbles: true, detail: {film, name}}));
  }

  /** Says something; aloud only where it is not said every second. */
  #say(text, aloud) {
    const output = this.#find("[data-film-says]");
    output.setAttribute("aria-live", aloud ? "polite" : "off");
    say(output, text);
  }

  #show(on) {
    this.#root.toggleAttribute("data-recording", on);
    this.#stage?.classList.toggle("filmed", on);
    this.#find("[data-film-button]").setAttribute("aria-pressed", String(on));
    say(this.#find("[data-film-word]"), on ? "Stop" : "Record");
  }
}

function formatOf() {
  return typeof MediaRecorder === "undefined" ? null : FORMATS.find(({type}) => MediaRecorder.isTypeSupported(type)) ?? null;
}
