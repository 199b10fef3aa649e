/**
 * Says beside a picture what it is after its way here (quality.js), and lets people choose how pictures come (choice.js). The server renders the elements
 * (components/quality.templ), within the nearest .viewer-stage around the picture:
 *
 *     <details data-quality data-menu hidden>
 *       <summary><span data-quality-words></span></summary>
 *       <p data-quality-why></p>  <input type="radio" data-quality-choice="auto|exact">  <input type="number" data-quality-rate>
 *     </details>
 *     <span data-quality-said role="status"></span>
 *
 * Written here, besides: `data-quality` of the stage, the kind of what is shown. What changes with the line is not read aloud, but a kind of picture that has stayed
 * for a while is.
 */

import {choose, chosenPictures, readRate} from "../choice.js";
import {fill, say} from "../dom.js";
import {toldLosses} from "./losses.js";
import {qualityOf} from "./quality.js";

/** The words are written at most this often, ms. */
const WRITE_EVERY = 300;

/** Ms for which a kind has to stay before it is read aloud. */
const STAYS = 2000;

export class Says {
  #stage;
  #element;
  #said;
  #frames = () => [];
  #at = -Infinity;
  #timer = 0;
  #kind = "";
  #aloud = 0;
  #aborter = new AbortController();

  /** @param {Element} root of the picture */
  constructor(root) {
    this.#stage = root.closest(".viewer-stage");
    this.#element = this.#stage?.querySelector("details[data-quality]") ?? null;
    this.#said = this.#stage?.querySelector("[data-quality-said]") ?? null;
    if (!this.#element) return;
    const {signal} = this.#aborter;
    this.#element.addEventListener("change", event => this.#choose(event.target), {signal});
    document.addEventListener("choicechange", () => {
      this.#showChoice();
      this.#write();
    }, {signal});
    document.addEventListener("losseschange", () => this.#write(), {signal});
    this.#showChoice();
  }

  /** A picture is drawn: frames() gives those that make it up. */
  drawn(frames) {
    if (!this.#element) return;
    this.#frames = frames;
    if (this.#timer === 0) this.#timer = setTimeout(() => this.#write(), Math.max(this.#at + WRITE_EVERY - performance.now(), 0));
  }

  destroy() {
    clearTimeout(this.#timer);
    clearTimeout(this.#aloud);
    this.#aborter.abort();
    delete this.#stage?.dataset.quality;
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#at = performance.now();
    const quality = qualityOf(this.#frames(), chosenPictures(), toldLosses());
    this.#element.hidden = quality === null;
    if (!quality) return;
    const {kind, words, why} = quality;
    say(this.#element.querySelector("[data-quality-words]"), words);
    say(this.#element.querySelector("[data-quality-why]"), why);
    const summary = this.#element.querySelector("summary");
    if (summary.title !== why) summary.title = why;
    if (kind === this.#kind) return;
    // A page that was exact from its first picture on need not say so.
    const first = this.#kind === "" && kind === "exact";
    this.#kind = kind;
    this.#stage.dataset.quality = kind;
    clearTimeout(this.#aloud);
    if (!first) this.#aloud = setTimeout(() => say(this.#said, `The picture is ${qualityOf(this.#frames(), chosenPictures())?.words ?? ""}.`), STAYS);
  }

  #choose(field) {
    if (field.dataset.qualityChoice !== undefined) choose({exact: field.dataset.qualityChoice === "exact"});
    if (field.dataset.qualityRate === undefined) return;
    const rate = field.value.trim() === "" ? 0 : readRate(field.value);
    field.setAttribute("aria-invalid", String(rate === null));
    if (rate !== null) choose({rate});
  }

  #showChoice() {
    const {exact, rate} = chosenPictures();
    for (const radio of this.#element.querySelectorAll("[data-quality-choice]")) radio.checked = (radio.dataset.qualityChoice === "exact") === exact;
    fill(this.#element.querySelector("[data-quality-rate]"), rate > 0 ? rate : "");
  }
}
