/** What a model's page asks for, and what comes of it: pictures, what the model says of itself, and who is there. */

import {Pace} from "../pace.js";
import {announce, Feeds} from "../picture/feeds.js";
import {readPeople} from "../people.js";
import {Pictures} from "./pictures.js";
import {showsPhase, showsTracers, topicsOf} from "./topics.js";

/** What is asked for follows a pan, or another grid, at most this often, ms. */
const ASK_EVERY = 100;

export class Live {
  pictures = new Pictures();
  /** What the model says of itself; null before it has. */
  state = null;
  people = [];
  /** People who are here and not in the list. */
  more = 0;
  pace = new Pace();

  #feeds;
  #timers;
  #options;
  #held = new Map(); // name -> frame that came while the page was held still
  #paused = false;
  #region = null;
  #askedAt = 0;

  /**
   * @param {Element} root gets the elements that name the topics
   * @param {function(string, function(object)): function()} onFrame as the page offers it (pictures.js)
   * @param {Timers} timers gets "topics" and "ask"
   * @param {object} options
   * @param {function(): {config: object, view: object, shape: number[], screen: ?object}} options.now what is shown; screen as
   * picture/screen.js has it
   * @param {function(number[])} options.resized called when frames are those of another grid, before they are taken
   * @param {function(?object)} options.told called when the model has said something of itself, with what it said before
   * @param {function()} options.met called when other people are there, or elsewhere
   * @param {function()} options.redraw called when there is something new to draw
   */
  constructor(root, onFrame, timers, options) {
    this.#feeds = new Feeds(root, onFrame);
    this.#timers = timers;
    this.#options = options;
  }

  get topics() {
    return this.#feeds.topics;
  }

  get paused() {
    return this.#paused;
  }

  destroy() {
    this.#feeds.destroy();
  }

  /** Holds everything still, or takes the newest of what has come meanwhile. */
  setPaused(paused) {
    this.#paused = paused;
    if (paused) return;
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const take of held) take();
  }

  /** Begins with a model, or with its next grid. */
  begin() {
    const {config, shape} = this.#options.now();
    const {density} = this.pictures;
    if (density && density.shape?.join() !== shape.join()) this.#forget();
    this.#want("model", `${config.source}/model`, frame => this.#takeState(frame));
    this.#want("people", `${config.source}/people`, frame => this.#takePeople(frame));
    this.ask();
  }

  /** Asks for what the screen needs and for nothing else, once the viewer has told of it. */
  ask() {
    const {config, view, shape, screen} = this.#options.now();
    if (!screen) return;
    this.#askedAt = performance.now();
    const topics = topicsOf({config, view, shape, screen, present: this.#region, visible: !document.hidden});
    this.#region = topics.region;
    this.#want("density", topics.density, frame => this.#takeDensity(frame));
    this.#want("phase", topics.phase, frame => this.#takePhase(frame));
    this.#want("tracers", topics.tracers, frame => this.#takeTracers(frame));
    if (!showsPhase(config, view)) this.pictures.phase = null;
    if (!showsTracers(config, view)) this.pictures.tracers = null;
  }

  /** Asks as soon as that is due. */
  askSoon() {
    this.#timers.once("ask", Math.max(this.#askedAt + ASK_EVERY - performance.now(), 0), () => this.ask());
  }

  // What belongs to another grid.
  #forget() {
    this.pictures.forget();
    this.#region = null;
    this.#held.clear();
  }

  #want(name, topic, take) {
    const change = this.#feeds.want(name, topic, frame => {
      if (this.#paused) this.#held.set(name, () => take(frame));
      else take(frame);
    });
    if (change && topic === "") this.#held.delete(name);
    // Several change at a time.
    if (change) this.#timers.once("topics", 0, () => announce());
  }

  #takeDensity(frame) {
    if (!frame.data || frame.samples !== 1) return;
    this.pace.came(frame.ts);
    if (Array.isArray(frame.shape) && frame.shape.length === 2 && frame.shape.join() !== this.#options.now().shape.join()) {
      this.#forget();
      this.#options.resized(frame.shape);
      this.#timers.once("ask", ASK_EVERY, () => this.ask());
    }
    this.pictures.takeDensity(frame, this.state?.phase === "paused");
    this.#options.redraw();
  }

  #takePhase(frame) {
    if (!frame.data || frame.samples !== 1) return;
    this.pictures.takePhase(frame);
    this.#options.redraw();
  }

  #takeTracers(frame) {
    if (!frame.data || frame.rows !== 2 || !frame.type.startsWith("f")) return;
    this.pictures.takeTracers(frame);
    this.#options.redraw();
  }

  #takeState(frame) {
    const before = this.state;
    this.state = frame;
    if (frame.phase === "paused" && before?.phase !== frame.phase) this.pictures.settle();
    this.#options.told(before);
  }

  #takePeople(frame) {
    this.people = readPeople(frame.people);
    this.more = Number.isSafeInteger(frame.more) ? frame.more : 0;
    this.#options.met();
  }
}
