/**
 * The cross sections beside the picture of an n-dimensional image (dashboard/sections): two pictures that the server draws, the
 * crosshair in them, and what they are in words. Nothing is asked for while they are off.
 *
 * The server renders the elements (components/sections.templ). On the root stand `data-source`, `data-tiles` (the topic that says which
 * layer the picture beside is) and `data-locked` for who may not steer. Written here: `data-pictures`, how many came.
 * A click in the picture beside, within the same [data-viewer-scope], puts the crosshair there.
 */

import "../shared.js";
import {chosenPictures} from "../choice.js";
import {h, say} from "../dom.js";
import {Feeds, announce} from "../picture/feeds.js";
import {toldLosses} from "../picture/losses.js";
import {pixelsOf, sizeOf} from "../picture/pixels.js";
import {qualityOf} from "../picture/quality.js";
import {randomName} from "../who.js";
import {boxFor, crossOf, crossText, keyAt, labelOf, placeAt, readSection, sizeFor, titleOf, valueOf} from "./place.js";

/** A press that moves no farther, CSS pixels, and takes no longer, ms, is a click. */
const STILL = 4;
const SHORT = 500;

/**
 * Mounts the sections.
 *
 * @param {HTMLElement} root
 * @param {object} page `onFrame(topic, draw)`, `send(text)`
 * @returns {object} `setPaused(bool)`, `destroy()`
 */
export function mount(root, page) {
  return new Sections(root, page);
}

class Sections {
  #root;
  #page;
  #feeds;
  #aborter = new AbortController();
  #observer;
  #planes = new Map(); // plane -> {figure, canvas, context, came, cameContext, frame, section}
  #on = false;
  #paused = false;
  #into = ""; // the axis that people have chosen
  #hand = randomName();
  #n = 0;
  #due = null; // a place to be sent
  #layer = ""; // of the picture beside
  #pictures = 0;

  constructor(root, page) {
    this.#root = root;
    this.#page = page;
    this.#feeds = new Feeds(root, page.onFrame);
    const {signal} = this.#aborter;
    for (const figure of root.querySelectorAll("[data-section]")) {
      const canvas = figure.querySelector("[data-section-canvas]");
      const came = document.createElement("canvas"); // a picture in less resolution
      const plane = {name: figure.dataset.section, figure, canvas, context: canvas.getContext("2d", {alpha: false}), came, cameContext: came.getContext("2d"), frame: null, section: null};
      this.#planes.set(plane.name, plane);
      this.#listen(plane, signal);
    }
    this.#find("[data-sections-switch]").addEventListener("click", () => this.#turn(!this.#on), {signal});
    this.#find("[data-sections-through]").addEventListener("change", event => {
      this.#into = event.target.value;
      this.#ask();
    }, {signal});
    document.addEventListener("visibilitychange", () => this.#ask(), {signal});
    const scope = root.closest("[data-viewer-scope]") ?? document;
    this.#picks(scope, signal);
    this.#observer = new ResizeObserver(() => {
      for (const plane of this.#planes.values()) this.#size(plane);
      this.#ask();
    });
    this.#observer.observe(root);
  }

  setPaused(paused) {
    this.#paused = paused;
    if (!paused) this.#ask();
  }

  destroy() {
    this.#aborter.abort();
    this.#observer.disconnect();
    this.#feeds.destroy();
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  #turn(on) {
    this.#on = on;
    this.#find("[data-sections-switch]").setAttribute("aria-checked", String(on));
    this.#root.toggleAttribute("data-on", on);
    this.#find("[data-sections-body]").hidden = true; // until there is something
    this.#say(on ? "The first planes are being read." : "Off: nothing is read of the layers.");
    this.#ask();
  }

  #say(sentence) {
    const note = this.#find("[data-sections-note]");
    say(note, sentence);
    note.hidden = sentence === "";
  }

  #ask() {
    if (this.#paused && this.#on) return; // a picture that is held still stays
    const wanted = this.#on && !document.hidden;
    const {source, tiles} = this.#root.dataset;
    let changed = false;
    for (const plane of this.#planes.values()) {
      const topic = `${source}/sections/${plane.name}/${sizeFor(this.#root.clientWidth, devicePixelRatio)}${this.#into && `/${this.#into}`}`;
      changed = this.#feeds.want(plane.name, wanted ? topic : "", frame => this.#take(plane, frame)) || changed;
    }
    changed = this.#feeds.want("tiles", wanted && tiles ? tiles : "", frame => {
      this.#layer = typeof frame.layer === "string" ? frame.layer : "";
    }) || changed;
    if (changed) announce();
  }

  #take(plane, frame) {
    if (this.#paused || !this.#on) return;
    const section = readSection(frame.section);
    if (section?.plane !== plane.name) return;
    this.#root.dataset.pictures = String(++this.#pictures);
    plane.section = section;
    if (section.problem !== undefined) {
      this.#find("[data-sections-body]").hidden = true;
      this.#say(section.problem);
      return;
    }
    this.#find("[data-sections-body]").hidden = false;
    this.#say([...section.left, ...section.layers.filter(layer => layer.problem).map(layer => `${layer.name}: ${layer.problem}`)].join(" "));
    this.#paint(plane, frame);
    this.#size(plane);
    this.#cross(plane);
    this.#choices(section);
    this.#words(section);
  }

  #paint(plane, frame) {
    const {rows, cols, scale} = sizeOf(frame);
    const {canvas, context, came, cameContext} = plane;
    if (canvas.width !== cols || canvas.height !== rows) [canvas.width, canvas.height] = [cols, rows];
    plane.frame = frame;
    if (scale === 1) {
      context.putImageData(pixelsOf(frame), 0, 0);
    } else {
      [came.width, came.height] = [frame.cols, frame.rows];
      cameContext.putImageData(pixelsOf(frame), 0, 0);
      context.drawImage(came, 0, 0, cols / scale, rows / scale, 0, 0, cols, rows);
    }
    const frames = [...this.#planes.values()].map(one => one.frame).filter(Boolean);
    const quality = qualityOf(frames, chosenPictures(), toldLosses());
    const element = this.#find("[data-sections-quality]");
    if (!element) return;
    say(element, quality.kind === "exact" ? "" : `${quality.words}.`);
    element.title = quality.why;
  }

  #size(plane) {
    const {section, figure} = plane;
    if (!section?.axes || figure.clientWidth === 0) return;
    const box = boxFor(section, figure.clientWidth);
    const picture = figure.querySelector("[data-section-picture]");
    picture.style.width = `${box.width}px`;
    picture.style.height = `${box.height}px`;
    say(figure.querySelector("[data-section-title]"), titleOf(section, box));
  }

  #cross(plane) {
    const {x, y} = crossOf(plane.section);
    for (const [name, side, share] of [["x", "left", x], ["y", "top", y]]) {
      const line = plane.figure.querySelector(`[data-section-${name}]`);
      line.hidden = !(share >= 0 && share <= 1);
      line.style[side] = `${100 * share}%`;
    }
    plane.canvas.setAttribute("aria-label", labelOf(plane.section));
  }

  #choices({through, axes}) {
    const row = this.#find("[data-sections-axis]");
    row.hidden = through.length < 2;
    const select = this.#find("[data-sections-through]");
    const names = through.join("\n");
    if (select.dataset.names !== names) {
      select.dataset.names = names;
      select.replaceChildren(...through.map(name => h("option", {value: name}, name)));
    }
    const now = through.find(name => axes.includes(name)) ?? "";
    if (select.value !== now) select.value = now;
  }

  #words(section) {
    say(this.#find("[data-sections-place]"), crossText(section));
    this.#find("[data-sections-values]").replaceChildren(...section.layers.map(layer => h("tr", {},
      h("th", {scope: "row"}, layer.name), h("td", {}, layer.voxel ? valueOf(layer) : "outside"), h("td", {}, layer.voxel ? layer.voxel.join(", ") : ""), h("td", {}, String(layer.level)))));
  }

  /** Lets the pointer and the keys move the crosshair, of who may steer. */
  #listen(plane, signal) {
    const {canvas} = plane;
    if (this.#root.dataset.locked !== undefined) {
      canvas.title = this.#root.dataset.locked;
      return;
    }
    canvas.classList.add("section-steered");
    const at = event => {
      if (!plane.section?.axes) return;
      const box = canvas.getBoundingClientRect();
      this.#to({at: placeAt(plane.section, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height)});
    };
    canvas.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      at(event);
    }, {signal});
    canvas.addEventListener("pointermove", event => {
      if (canvas.hasPointerCapture(event.pointerId)) at(event);
    }, {signal});
    canvas.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || !plane.section?.axes) return;
      const to = keyAt(plane.section, event.key, event.shiftKey);
      if (!to) return;
      event.preventDefault();
      event.stopPropagation();
      this.#to({at: to});
    }, {signal});
  }

  /** A click in the picture beside moves the crosshair there. */
  #picks(scope, signal) {
    if (this.#root.dataset.locked !== undefined) return;
    let pressed = null;
    const pictureOf = event => (event.target instanceof Element ? event.target.closest("[data-viewer-canvas], [data-canvas-surface]") : null);
    scope.addEventListener("pointerdown", event => {
      pressed = this.#on && event.button === 0 && pictureOf(event) ? {x: event.clientX, y: event.clientY, since: performance.now()} : null;
    }, {signal, capture: true});
    scope.addEventListener("pointerup", event => {
      const canvas = pictureOf(event);
      const click = pressed && canvas && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) <= STILL && performance.now() - pressed.since < SHORT;
      pressed = null;
      if (click) this.#pick(canvas, event.clientX, event.clientY);
    }, {signal, capture: true});
  }

  #pick(canvas, x, y) {
    const {viewer, canvas: whole} = canvas.parentElement;
    const share = whole?.placeOf(x, y);
    if (share) this.#to({canvas: share});
    if (!viewer || !this.#layer) return;
    const box = canvas.getBoundingClientRect();
    const point = viewer.toData(x - box.left, y - box.top);
    if (point.every(Number.isFinite)) this.#to({layer: this.#layer, pixel: [point[1], point[0]]});
  }

  /** Sends a place with the next paint, and moves the lines there at once. */
  #to(place) {
    if (this.#root.dataset.locked !== undefined) return;
    const waiting = this.#due !== null;
    const joined = place.at && this.#due?.at ? {at: {...this.#due.at, ...place.at}} : place;
    this.#due = joined;
    for (const plane of place.at ? this.#planes.values() : []) {
      if (!plane.section?.axes) continue;
      plane.section.at = plane.section.at.map((x, i) => place.at[plane.section.axes[i]] ?? x);
      this.#cross(plane);
    }
    if (waiting) return;
    requestAnimationFrame(() => {
      const due = this.#due;
      this.#due = null;
      if (due) this.#page.send(JSON.stringify({type: "section-hand", source: this.#root.dataset.source, ...due, hand: this.#hand, n: ++this.#n}));
    });
  }
}
