/**
 * People who look at a map together: what one of them selects is selected at all of them, and they see each other's hands.
 *
 *     const together = new Together(root, config, page, view);
 *     together.changed();  // the option has changed
 *     together.place();    // what the hands lie over was drawn
 *     together.destroy();
 *
 * Whoever has chosen it watches the topic of the map's room, and that is how they are in it (dashboard/maps/together says what goes
 * both ways). The last one who selects leads; everybody has their own panes, slices and plot. Who may only look follows. A hand is a
 * place in a session, or values on the axes of the plot, and is drawn where that place is on one's own page.
 */

import {h, say} from "../dom.js";
import {COLOURS, readPeople, showPeople} from "../people.js";

/** Ms between two places of a hand, and between two selections, that are sent. */
const EVERY = 50;

/** Ms without moving after which a hand fades, and after which it counts as nowhere. */
const STILL = 4000;
const REST = 30_000;

/** How far from where somebody has selected an object it may be in another edition, micrometres and slices. */
const SAME = 1.5;

/** From which share of a stage on a name stands on the other side of its hand. */
const LEFT = 0.7;

/** A number for the axes of a plot: values mean the same where it is the same. */
export function axesNumber({x, y, xs, ys, transform, against}) {
  let sum = 0x811c9dc5;
  for (const c of [x, y, xs, ys, transform, transform ? against : ""].join(" ")) sum = Math.imul(sum ^ c.codePointAt(0), 0x01000193) >>> 0;
  return sum;
}

/** Checks where somebody points; null for nowhere. */
export function readHand(hand) {
  const {session, plot, x, y, z} = hand ?? {};
  if (![x, y].every(Number.isFinite)) return null;
  if (Number.isSafeInteger(plot)) return {plot, x, y};
  if (!Number.isSafeInteger(session)) return null;
  return Number.isFinite(z) ? {session, x, y, z} : {session, x, y}; // without a slice: on the maximum of all
}

/** Checks what was said last in the room; null for nothing. */
export function readSaid(said) {
  const {n, by, what} = said ?? {};
  if (!Number.isFinite(n) || typeof by !== "string" || !what || !Number.isFinite(what.key)) return null;
  if (what.run === undefined) return {n, by, key: what.key, what: null};
  const {run, session, edition, x, y, z} = what;
  return Number.isSafeInteger(run) && Number.isSafeInteger(session) ? {n, by, key: what.key, what: {run, session, edition, x, y, z}} : null;
}

/** The object of a session that lies where somebody saw it; its run, or -1. */
export function runAt(objects, {x, y, z}) {
  let best = -1;
  let least = SAME;
  for (const one of objects) {
    const far = Math.max(Math.hypot(one.x - x, one.y - y), Math.abs(one.z - z));
    if (!(far <= least)) continue;
    least = far;
    best = one.run;
  }
  return best;
}

/** Sends what is newest, and not more often than every so many ms. */
export class Pace {
  #send;
  #every;
  #timer = null;
  #waiting = null; // [what]

  constructor(send, every = EVERY) {
    this.#send = send;
    this.#every = every;
  }

  push(what) {
    this.#waiting = [what];
    if (this.#timer === null) this.#flush();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = this.#waiting = null;
  }

  #flush() {
    this.#timer = null;
    if (!this.#waiting) return;
    const [what] = this.#waiting;
    this.#waiting = null;
    this.#timer = setTimeout(() => this.#flush(), this.#every);
    this.#send(what);
  }
}

export class Together {
  #element;
  #box;
  #note;
  #config;
  #page;
  #view;
  #stop = null; // ends listening; null while somebody looks alone
  #people = [];
  #hands = new Map(); // id -> {element, hand, timer}
  #layers = new WeakMap(); // stage -> the layer of hands on it
  #heard = -1; // number of what was said last
  #mine = Math.floor(Math.random() * 2 ** 31); // key of what this page has said last
  #met = false; // a frame of the room has come
  #pointing = false; // the others were told of a hand
  #resting = null;
  #sendHand = new Pace(hand => this.#send("map-hand", {hand}));
  #sendSelection = new Pace(what => this.#send("map-select", {what}));
  #aborter = new AbortController();
  #unlisten = () => {};

  /**
   * @param {HTMLElement} root of the map's page
   * @param {{map: string}} config
   * @param {?{onFrame: function, send: function, who: function}} page
   * @param {object} view `options`, `change(options)`, `selection`, `known`, `edition`, `plot`, `panes`, `objectAt(run, session)`, `objectsOf(session)`
   */
  constructor(root, config, page, view) {
    this.#element = root.querySelector("[data-map-together]");
    this.#config = config;
    this.#page = page;
    this.#view = view;
    if (!this.#element || !page) return;
    this.#box = this.#element.querySelector("input");
    this.#note = this.#element.querySelector("[data-map-together-note]");
    this.#element.hidden = false;
    const {signal} = this.#aborter;
    this.#box.addEventListener("change", () => view.change({together: this.#box.checked}), {signal});
    this.#unlisten = view.selection.listen((what, by) => what === "select" && this.#selected(by));
    root.addEventListener("pointermove", event => this.#moved(event), {signal});
    for (const gone of ["pointerout", "pointercancel"]) root.addEventListener(gone, event => this.#left(event), {signal});
    this.changed();
  }

  destroy() {
    this.#unlisten();
    this.#aborter.abort();
    this.#leave();
  }

  /** Whoever may only look follows the others. */
  get #follows() {
    return this.#element.hasAttribute("data-follows");
  }

  changed() {
    if (!this.#box) return;
    const {together} = this.#view.options;
    this.#box.checked = together;
    if (together && !this.#stop) this.#enter();
    else if (!together && this.#stop) this.#leave();
  }

  #enter() {
    const topic = this.#element.dataset.mapTogether;
    this.#element.dataset.topic = topic;
    this.#stop = this.#page.onFrame(topic, frame => this.#take(frame));
    document.dispatchEvent(new CustomEvent("topicschange", {detail: {again: false}}));
  }

  #leave() {
    if (!this.#stop) return;
    this.#stop();
    this.#stop = null;
    this.#sendHand.stop();
    this.#sendSelection.stop();
    clearTimeout(this.#resting);
    this.#pointing = this.#met = false;
    this.#heard = -1;
    delete this.#element.dataset.topic;
    this.#people = [];
    this.#showHands();
    showPeople(this.#list, [], "");
    say(this.#note, "");
    document.dispatchEvent(new CustomEvent("topicschange", {detail: {again: false}}));
  }

  get #list() {
    return this.#element.querySelector("[data-map-people]");
  }

  #send(type, more) {
    if (this.#stop) this.#page.send(JSON.stringify({type, map: this.#config.map, ...more}));
  }

  // A frame of the room.
  async #take({people, more, said, gone}) {
    if (!this.#stop) return;
    const me = this.#page.who();
    this.#people = readPeople(people, readHand);
    showPeople(this.#list, this.#people, me, Number.isSafeInteger(more) ? more : 0);
    this.#showHands();
    const others = this.#people.some(({id}) => id !== me);
    say(this.#note, gone ? "The map is not there any more: its files were moved or removed." : others ? "" : "Nobody else does at the moment.");
    if (gone) return;
    await this.#view.known;
    if (!this.#stop) return;
    const last = readSaid(said);
    const first = !this.#met;
    this.#met = true;
    if (last) this.#follow(last, me);
    else if (first && this.#view.selection.now) this.#selected(null);
  }

  #follow({n, by, key, what}, me) {
    if (n <= this.#heard) return;
    this.#heard = n;
    // What this page has said before, while its newer word is on the way.
    if (by === me && key !== this.#mine && this.#before.has(key)) return;
    const now = what && this.#here(what);
    if (now && now.run < 0) return;
    this.#view.selection.select(now, "together");
  }

  #before = new Set(); // keys of this page

  // What somebody has selected, as this page numbers it.
  #here({run, session, edition, x, y, z}) {
    if (edition === this.#edition || !Number.isFinite(x)) return {run, session};
    return {run: runAt(this.#view.objectsOf(session), {x, y, z}), session};
  }

  get #edition() {
    const {edition} = this.#view;
    return /^[!#-[\]-~]{0,128}$/.test(edition) ? edition : "";
  }

  #selected(by) {
    if (!this.#stop || this.#follows || ["together", "address", "renewal"].includes(by)) return;
    const {now} = this.#view.selection;
    this.#mine = (this.#mine + 1) % 2 ** 32;
    if (this.#before.size > 64) this.#before.clear();
    this.#before.add(this.#mine);
    const {x, y, z} = (now && this.#view.objectAt(now.run, now.session)) ?? {};
    const place = [x, y, z].every(Number.isFinite) ? {x, y, z} : {};
    this.#sendSelection.push(now && now.run >= 0 && now.session >= 0 ? {key: this.#mine, ...now, edition: this.#edition, ...place} : {key: this.#mine});
  }

  // Where a pointer is on the page: in an image, in the plot, or nowhere.
  #handAt(event) {
    const stage = event.target.closest?.(".map-pane-stage, .map-plot-box");
    if (!stage) return null;
    const {plot, panes, options} = this.#view;
    if (stage === plot?.box) {
      const box = stage.getBoundingClientRect();
      const values = plot.valuesAt(event.clientX - box.left, event.clientY - box.top);
      return values && readHand({plot: axesNumber(options), x: values[0], y: values[1]});
    }
    const session = Number(stage.closest("[data-session]")?.dataset.session);
    const place = panes?.pane(session)?.placeOf(event);
    return place ? readHand({session, ...place}) : null;
  }

  #moved(event) {
    if (!this.#stop || this.#follows || this.#people.length < 2) return;
    this.#point(this.#handAt(event));
  }

  #left(event) {
    if (!event.relatedTarget?.closest?.(".map-pane-stage, .map-plot-box")) this.#point(null);
  }

  #point(hand) {
    clearTimeout(this.#resting);
    if (!hand && !this.#pointing) return;
    this.#pointing = hand !== null;
    this.#sendHand.push(hand);
    if (hand) this.#resting = setTimeout(() => this.#point(null), REST);
  }

  // Brings the hands of the others in line with what came.
  #showHands() {
    const me = this.#stop ? this.#page.who() : "";
    const there = new Set();
    for (const one of this.#people) {
      if (one.id === me || !one.hand) continue;
      there.add(one.id);
      let shown = this.#hands.get(one.id);
      if (!shown) this.#hands.set(one.id, shown = {element: h("div", {class: "map-hand", "aria-hidden": "true"}, h("span", {})), hand: null, timer: null});
      const {element} = shown;
      element.dataset.person = one.colour;
      say(element.firstChild, one.name || COLOURS[one.colour]);
      const {hand} = shown;
      shown.hand = one.hand;
      if (JSON.stringify(hand) === JSON.stringify(one.hand)) continue;
      element.classList.remove("map-hand-still");
      clearTimeout(shown.timer);
      shown.timer = setTimeout(() => element.classList.add("map-hand-still"), STILL);
    }
    for (const [id, {element, timer}] of this.#hands) {
      if (there.has(id)) continue;
      clearTimeout(timer);
      element.remove();
      this.#hands.delete(id);
    }
    this.place();
  }

  /** Puts the hands where their places are now. */
  place() {
    if (this.#hands.size === 0) return;
    const {plot, panes, options} = this.#view;
    const axes = axesNumber(options);
    for (const {element, hand} of this.#hands.values()) {
      const pane = hand.plot === undefined ? panes?.pane(hand.session) : null;
      const stage = pane ? pane.stage : hand.plot === axes ? plot?.box : null;
      const at = stage && (pane ? pane.screenOf(hand.x, hand.y) : plot.screenOf(hand.x, hand.y));
      if (!at) {
        element.remove();
        continue;
      }
      const layer = this.#layer(stage);
      if (element.parentElement !== layer) layer.append(element);
      element.style.transform = `translate(${at[0].toFixed(2)}px, ${at[1].toFixed(2)}px)`;
      element.classList.toggle("map-hand-far", pane && hand.z !== undefined ? !pane.shows(hand.z) : false);
      element.classList.toggle("map-hand-left", at[0] > stage.clientWidth * LEFT);
    }
  }

  #layer(stage) {
    let layer = this.#layers.get(stage);
    if (!layer) this.#layers.set(stage, layer = h("div", {class: "map-hands"}));
    if (layer.parentElement !== stage) stage.append(layer);
    return layer;
  }
}
