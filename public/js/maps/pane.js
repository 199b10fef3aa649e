/** The image of one session: its picture, what lies near its slice, and what a hand does on it. Panes (panes.js) holds many. */

import {h, icon, say} from "../dom.js";
import {mark} from "./looks.js";
import {brightness, CHANNEL_COLORS, grays, limitsOf, paintAll, paintOne} from "./light.js";
import {CHANGED} from "./planes.js";
import * as Sight from "./sight.js";

/** How near to an object a pointer has to be, and how far a click may slip, CSS pixels. */
const NEAR = 12;
const SLIP = 4;

/** The same for a finger. */
const NEAR_TOUCH = 24;
const SLIP_TOUCH = 10;

/** Of a wheel, pixels that are surely a notch of a mouse, and those for one slice on a touchpad. */
const NOTCH = 80;
const TOUCH = 40;

/** What a pane zooms to as a run is shown, if nobody has zoomed it: CSS pixels a pixel. */
const JUDGE = 2;

/** In a key, what says that pixels come as they are drawn. */
const LIGHT = "low=";

/** What kind of plane a key names, and which slice, the first of several. */
const kindOf = key => key.replace(/slice=[^&]*/, "");
const sliceIn = key => parseInt(/slice=(\d+)/.exec(key)?.[1] ?? "0", 10);

const UP = "M4 10l4-4 4 4";
const DOWN = "M4 6l4 4 4-4";
const FULL = "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3";

/** Ms after which a pane that has nothing to draw says that it waits. */
const SLOW = 400;

export class Pane {
  session;
  element;
  #host;
  #config;
  #stage;
  #canvas;
  #title;
  #slice;
  #why;
  #slider;
  #full;
  #slow = 0; // timer that says that it waits
  #images = null; // of the session: channel -> what the server says of it
  #shape = null; // {rows, cols, slices}
  #view = null;
  #touched = false; // somebody has moved it, so it is not fitted again
  #visible = false;
  #direction = 1;
  #picture = null; // {canvas, key, part} of what was drawn last
  #tables = new Map();
  #tracing = null;
  #place = null; // {x, y, z, row} of the selected run, row null where it is absent
  #given = null; // the view that the address gives
  #said = "";
  #held = false;
  #old = true;
  #exact = false; // pixels are wanted as they are in the file
  #arrived = ""; // key of the last plane that came, of those that were wanted
  #wheel = 0;
  #drag = null;
  #pointers = new Map();
  #aborter = new AbortController();

  /**
   * @param {object} config of the session
   * @param {object} host the panes: see panes.js
   */
  constructor(config, host) {
    this.#config = config;
    this.#host = host;
    this.session = config.index;
    this.#canvas = h("canvas", {"aria-hidden": "true"});
    this.#why = h("div", {class: "map-pane-why", hidden: true});
    this.#title = h("span", {class: "truncate"});
    this.#slice = h("span", {"data-map-slice": true});
    const {signal} = this.#aborter;
    const button = (label, path, act, more = {}) => h("button", {type: "button", class: "btn btn-quiet btn-icon btn-small", "aria-label": label, title: label, onclick: act, ...more}, icon(path, ""));
    // For a thumb, which has no wheel: in the whole window, and where a finger points.
    this.#slider = h("input", {
      type: "range", class: "map-pane-slider", min: 0, max: 0, step: 1, "aria-label": "Slice", hidden: true,
      oninput: () => this.#view && this.step(Number(this.#slider.value) - Sight.sliceOf(this.#view, this.#shape.slices)),
    });
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel", "dblclick"]) this.#slider.addEventListener(name, event => event.stopPropagation());
    this.#why.addEventListener("pointerdown", event => event.stopPropagation()); // a click on its button is its own
    this.#slider.addEventListener("keydown", event => {
      if (event.key !== "Escape") event.stopPropagation(); // arrows are the slider's
    });
    this.#full = button("Whole window", FULL, () => host.enlarge(this), {"aria-pressed": "false", "data-map-full": true});
    this.#stage = h("div", {class: "map-pane-stage", tabindex: "0", role: "application", "aria-roledescription": "image"}, this.#canvas, this.#why, this.#slider);
    this.element = h("figure", {class: "map-pane", "data-map-pane": true, "data-session": config.index},
      h("figcaption", {}, this.#title, h("span", {class: "map-pane-slice"},
        button("One slice up", UP, () => this.step(-1)), this.#slice, button("One slice down", DOWN, () => this.step(1)), this.#full)), this.#stage);
    const on = (name, listener, more = {}) => this.#stage.addEventListener(name, listener, {signal, ...more});
    on("wheel", event => this.#wheeled(event), {passive: false});
    on("pointerdown", event => this.#down(event));
    on("pointermove", event => this.#move(event));
    on("pointerup", event => this.#up(event));
    on("pointercancel", event => this.#up(event));
    on("pointerleave", () => host.selection.point(null, this));
    on("dblclick", () => this.fit());
    on("keydown", event => host.onKey(event, this));
    this.name();
    if (config.channels.length === 0) this.#say("This session has no images.");
  }

  destroy() {
    clearTimeout(this.#slow);
    this.#aborter.abort();
    this.#host.planes.drop(this);
  }

  get visible() {
    return this.#visible;
  }

  get view() {
    return this.#view;
  }

  get shape() {
    return this.#shape;
  }

  get stage() {
    return this.#stage;
  }

  /** What is shown, for tests. */
  stats() {
    return {session: this.session, view: this.#view, slice: this.#view && Sight.sliceOf(this.#view, this.#shape.slices), drawn: this.#picture?.key ?? "", place: this.#place, visible: this.#visible && !this.#held};
  }

  /** Where a place of the session, in micrometres, is on its stage. */
  screenOf(x, y) {
    return this.#view && Sight.toScreen(this.#view, this.#box(), ...Sight.pixelOf(this.#config, x, y));
  }

  /** The place of the session under a pointer, in micrometres; z is its slice, null where slices are not told apart. */
  placeOf(event) {
    if (!this.#view || !(this.#config.dx > 0 && this.#config.dy > 0)) return null;
    const box = this.#stage.getBoundingClientRect();
    const [px, py] = Sight.fromScreen(this.#view, this.#box(), event.clientX - box.left, event.clientY - box.top);
    const [x, y] = Sight.placeOf(this.#config, px, py);
    return {x, y, z: this.slice};
  }

  /** The slice that is shown, null if none is by itself. */
  get slice() {
    return this.#view && this.#host.options.project !== "all" ? Sight.sliceOf(this.#view, this.#shape.slices) : null;
  }

  /** The place in its middle, in micrometres, with its slice. */
  get middle() {
    const [x, y] = Sight.placeOf(this.#config, this.#view.x, this.#view.y);
    return {x, y, z: Sight.sliceOf(this.#view, this.#shape.slices)};
  }

  /** The points of its session's tracing, null before they have come. */
  get tracing() {
    return this.#tracing;
  }

  /** Whether what lies on a slice is shown. */
  shows(z) {
    return this.#view !== null && Sight.isNear(z, Sight.sliceOf(this.#view, this.#shape.slices), this.#host.options.project);
  }

  /** What it shows, for an address: see seenOf. Null for what it shows by itself. */
  get seen() {
    if (!this.#view) return this.#given;
    const z = Sight.sliceOf(this.#view, this.#shape.slices);
    if (this.#touched) return Sight.seenOf(this.#view, this.#box(), z);
    return z === this.#usualSlice() ? null : {z};
  }

  /** Takes the whole window, or gives it back; what is seen stays. */
  enlarge(full) {
    const seen = this.#view && this.#touched ? Sight.seenOf(this.#view, this.#box(), this.#view.z) : null;
    this.element.classList.toggle("map-pane-full", full);
    this.#full.setAttribute("aria-pressed", String(full));
    this.#full.title = full ? "Back to the page (esc)" : "Whole window";
    this.#full.setAttribute("aria-label", this.#full.title);
    this.#size = null;
    if (seen) this.#view = Sight.seeing(seen, this.#shape, this.#box());
    this.resized();
  }

  /** Asks for nothing and draws nothing for as long as another pane has the whole window. */
  hold(held) {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#host.planes.drop(this);
    else this.refresh();
  }

  #usualSlice() {
    const {slice} = this.#host.options;
    return Math.min(slice >= 0 ? slice : this.#host.middle(this.session), this.#shape.slices - 1);
  }

  /** Writes the session's name as people want it. */
  name() {
    const {index, condition, stack, file} = this.#config;
    const by = this.#host.options.names;
    say(this.#title, by === "none" ? String(index) : by === "file" ? `${index} ${file || stack}` : `${index} ${condition}`.trim());
    this.#title.title = this.#title.textContent;
    this.#label();
  }

  /** The pane comes near to the window, or leaves it: what is not near holds no pixels. */
  setVisible(visible) {
    if (visible === this.#visible) return;
    this.#visible = visible;
    this.#size = null;
    if (visible) {
      this.#begin();
    } else {
      clearTimeout(this.#slow);
      this.#host.planes.drop(this);
      this.#canvas.width = this.#canvas.height = 0;
      this.#picture = this.#pixels = null;
    }
  }

  async #begin() {
    this.refresh();
    if (this.#config.channels.length === 0) return;
    clearTimeout(this.#slow);
    this.#slow = setTimeout(() => {
      if (!this.#picture && this.#why.hidden) this.#say("Loading the images");
    }, SLOW);
    try {
      if (!this.#images) {
        const images = await this.#host.images(this.session, this.#aborter.signal);
        const sound = images.find(image => !image.problem);
        if (!sound) return this.#say(images[0]?.problem ?? "This session has no images any more.", true);
        this.#images = new Map(images.map(image => [image.channel, image]));
        this.#shape = {rows: sound.rows, cols: sound.cols, slices: sound.slices};
        this.#slider.max = sound.slices - 1;
        this.#slider.hidden = sound.slices < 2;
        if (!this.#view) this.#look();
      }
      this.refresh();
      this.#tracing ??= await this.#host.tracing(this.session, this.#aborter.signal);
      this.#host.draw(this);
    } catch (error) {
      if (error.name !== "AbortError") this.#say(error.message, true);
    }
  }

  // The first view: that of the address, else all of the image at the slice of its objects, or the selected run.
  #look() {
    const given = this.#given = this.#host.given(this.session);
    this.#view = Sight.fit(this.#shape, this.#box(), given?.z ?? this.#usualSlice());
    if (given && "x" in given) {
      this.#view = Sight.seeing(given, this.#shape, this.#box());
      this.#touched = true;
    } else if (!given && this.#place) this.#center();
  }

  /** Asks anew what images there are: the files have changed, or somebody wants to try again. */
  again() {
    this.#images = null;
    this.#arrived = "";
    this.#say("");
    this.#host.planes.retry();
    if (this.#visible) this.#begin();
  }

  // Says why there is nothing to see; with a button if it may be otherwise the next time.
  #say(text, retry = false) {
    if (text === this.#said) return;
    this.#said = text;
    this.#why.hidden = text === "";
    this.#why.replaceChildren(h("p", {}, text));
    if (retry) this.#why.append(h("button", {type: "button", class: "btn btn-small", onclick: () => this.again()}, "Try again"));
    this.#label();
  }

  // Asked for each time, it would make the browser lay out the page once a pane.
  #box() {
    this.#size ??= {width: Math.max(this.#stage.clientWidth, 1), height: Math.max(this.#stage.clientHeight, 1)};
    return this.#size;
  }

  /** Its stage has another size. */
  resized() {
    this.#size = null;
    if (this.#view && !this.#touched) this.#view = {...Sight.fit(this.#shape, this.#box(), this.#view.z)};
    this.refresh();
  }

  // The channels that are shown, as far as the session has them.
  #channels() {
    const {channel} = this.#host.options;
    const all = [...this.#images.keys()].filter(c => !this.#images.get(c).problem);
    if (channel === 0) return all;
    return all.includes(channel) ? [channel] : all.slice(0, 1);
  }

  // While slices go by, pixels come as they are drawn, in half the bytes; for who moves the contrast as they are in the file.
  #keys(z, part, exact = this.#exact) {
    const {project, contrast} = this.#host.options;
    return this.#channels().map(channel => {
      const image = this.#images.get(channel);
      const slice = Sight.slicesText(project, Math.min(z, image.slices - 1), image.slices);
      const light = exact || image.type !== "u2" ? "" : `&${LIGHT}${limitsOf({...image, base: 0}, contrast).join("&high=")}`;
      return `session=${this.session}&channel=${channel}&slice=${slice}&step=${part.step}${part.rect ? `&rect=${part.rect.join(",")}` : ""}${light}&tag=${encodeURIComponent(image.tag)}`;
    });
  }

  /** Somebody moves the contrast: pixels are wanted as they are. */
  exactly() {
    this.#exact = true;
  }

  /** Asks for what the view needs, and draws. */
  refresh(stepped = false) {
    if (!this.#visible || this.#held) return;
    if (!stepped) this.#host.draw(this);
    if (!this.#view || !this.#images) return;
    const {slices} = this.#shape;
    const z = Sight.sliceOf(this.#view, slices);
    const part = Sight.partOf(this.#view, this.#shape, this.#box(), devicePixelRatio || 1);
    const {project} = this.#host.options;
    const now = this.#keys(z, part);
    const ahead = Sight.aheadOf(z, slices, this.#direction, project).flatMap(at => this.#keys(at, part));
    // What lies near another slice is drawn together with that slice.
    if (stepped && now.every(key => this.#host.planes.has(key))) this.#host.draw(this);
    const kinds = new Set(now.map(kindOf));
    this.#host.planes.want(this, now, ahead, key => {
      const problem = this.#host.planes.problem(key);
      if (problem === CHANGED) return this.again();
      if (problem) this.#say(problem, true);
      else this.#arrived = key;
      this.#host.draw(this);
    }, key => kinds.has(kindOf(key)));
    if (this.#slider !== document.activeElement || Number(this.#slider.value) !== z) this.#slider.value = z;
    const text = project === "all" ? `all ${slices}` : `${z} of ${slices}`;
    if (this.#slice.textContent !== text) {
      this.#slice.textContent = text;
      this.#label();
    }
  }

  #label() {
    const slice = this.#slice.textContent;
    this.#stage.setAttribute("aria-label", `Session ${this.#title.textContent}${slice ? `, slice ${slice}` : ""}${this.#said ? `: ${this.#said}` : ""}`);
  }

  /** Sets its view, as it is linked to another or by itself. */
  setView(view, touched = true) {
    if (!this.#view) return;
    this.#touched ||= touched;
    const old = this.#view;
    const before = Sight.sliceOf(old, this.#shape.slices);
    this.#view = view;
    const after = Sight.sliceOf(view, this.#shape.slices);
    if (after !== before) {
      this.#direction = after - before;
      this.#exact = false;
    }
    this.refresh(after !== before && view.x === old.x && view.y === old.y && view.scale === old.scale);
    this.#host.viewed();
  }

  /** Goes the way that another pane went. */
  follow(way, from) {
    if (!this.#view || from === this) return;
    this.setView(Sight.follow(this.#view, this.#shape, this.#box(), way, this.#config));
  }

  /** A move by a hand or a key, which linked panes follow. */
  #moved(view) {
    const way = Sight.wayOf(this.#view, view, this.#config, this.#shape.slices);
    this.setView(view);
    this.#host.moved(way, this);
  }

  step(by) {
    if (this.#view) this.#moved(Sight.step(this.#view, this.#shape.slices, by));
  }

  zoom(factor, px, py) {
    if (this.#view) this.#moved(Sight.zoom(this.#view, this.#shape, this.#box(), factor, px, py));
  }

  /** Pans by shares of the stage. */
  pan(right, down) {
    if (!this.#view) return;
    const {width, height} = this.#box();
    this.#moved(Sight.pan(this.#view, this.#shape, right * width / this.#view.scale, down * height / this.#view.scale));
  }

  /** Shows all of the image again. */
  fit() {
    if (!this.#view) return;
    this.#moved(Sight.fit(this.#shape, this.#box(), Sight.sliceOf(this.#view, this.#shape.slices)));
    this.#touched = false;
  }

  /** Looks closer at a place in micrometres, by a factor and from at least so many CSS pixels a pixel. */
  lookAt(px, py, factor, least) {
    if (!this.#view) return;
    const [x, y] = Sight.pixelOf(this.#config, px, py);
    this.#moved(Sight.zoom({...this.#view, x, y}, this.#shape, this.#box(), Math.max(factor, least / this.#view.scale)));
  }

  /** Looks closer at the selected run. */
  judge(factor, least) {
    if (!this.#view || !this.#place) return;
    this.#center();
    this.setView(Sight.zoom(this.#view, this.#shape, this.#box(), Math.max(factor, least / this.#view.scale)));
  }

  setSlice(z) {
    if (this.#view) this.setView({...this.#view, z}, false);
  }

  /** Takes where the selected run is, or would be; null for nothing. Still: what is shown stays where it is. */
  setPlace(place, still = false) {
    this.#place = place;
    if (place && this.#view && !still && !(this.#given && this.#host.arriving)) this.#center();
    this.refresh();
  }

  #center() {
    const {x, y, z} = this.#place;
    const [px, py] = Sight.pixelOf(this.#config, x, y);
    if (!Number.isFinite(px + py) || !(this.#config.dx > 0 && this.#config.dy > 0)) return;
    this.setView({...this.#view, x: px, y: py, z: Number.isFinite(z) ? z : this.#view.z, scale: this.#touched ? this.#view.scale : Math.max(JUDGE, this.#view.scale)});
  }

  /** What is drawn is not as it should be any more. */
  age() {
    this.#old = true;
  }

  /** Draws all of it, within an animation frame, if it has to be. */
  paint() {
    if (!this.#old || !this.#visible || this.#held) return;
    this.#old = false;
    const ratio = devicePixelRatio || 1;
    const box = this.#box();
    const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    const context = this.#canvas.getContext("2d", {alpha: false});
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "black";
    context.fillRect(0, 0, width, height);
    if (!this.#view) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#develop();
    if (this.#picture) {
      const {canvas, part} = this.#picture;
      const [row, col] = part.rect ?? [0, 0];
      const [x, y] = Sight.toScreen(this.#view, box, col, row);
      const scale = this.#view.scale * part.step;
      context.imageSmoothingEnabled = scale * ratio < 1;
      context.drawImage(canvas, x, y, canvas.width * scale, canvas.height * scale);
    }
    this.#drawTracing(context, box);
    this.#drawObjects(context, box);
    this.#drawPlace(context, box);
    this.#host.hand?.draw(context, this);
  }

  // Makes the picture of the planes that are wanted, if they are all there; else the last one stays.
  #develop() {
    const {options, planes} = this.#host;
    const part = Sight.partOf(this.#view, this.#shape, this.#box(), devicePixelRatio || 1);
    const z = Sight.sliceOf(this.#view, this.#shape.slices);
    if (!this.#images) return;
    let keys = this.#keys(z, part);
    if (keys.length === 0) return;
    let found = keys.map(key => planes.get(key));
    if (!this.#exact && found.some(plane => !plane)) { // those of the file may be there
      const others = this.#keys(z, part, true);
      const planesOf = others.map(key => planes.get(key));
      if (planesOf.every(Boolean)) [keys, found] = [others, planesOf];
    }
    let look = `${keys.join(" ")} ${options.contrast}`;
    if (this.#picture?.look === look) return;
    if (found.some(plane => !plane)) {
      // A plane on the way to it, of one channel, is better than the one before.
      const late = keys.length === 1 && this.#late(keys[0]);
      if (!late) return;
      keys = [late];
      found = [planes.get(late)];
      look = `${late} ${options.contrast}`;
      if (!found[0] || this.#picture?.look === look) return;
    } else if (this.#said) this.#say("");
    const {rows, cols} = found[0];
    const canvas = this.#picture?.canvas.width === cols && this.#picture.canvas.height === rows ? this.#picture.canvas : h("canvas", {width: cols, height: rows});
    const context = canvas.getContext("2d");
    const pixels = this.#pixels?.width === cols && this.#pixels.height === rows ? this.#pixels : context.createImageData(cols, rows);
    this.#pixels = pixels;
    const out = new Uint32Array(pixels.data.buffer);
    const channels = this.#channels();
    const tables = found.map(({type}, i) => {
      if (keys[i].includes(LIGHT)) return this.#table(type, 0, 255);
      return this.#table(type, ...limitsOf(this.#images.get(channels[i]), options.contrast));
    });
    if (found.length === 1) paintOne(found[0].data, tables[0].grays, out);
    else paintAll(found.filter(plane => plane.data.length === out.length).map(({data}, i) => ({data, table: tables[i].table, color: CHANNEL_COLORS[(channels[i] - 1) % CHANNEL_COLORS.length]})), out);
    context.putImageData(pixels, 0, 0);
    this.#picture = {canvas, part, look, key: keys.join(" ")};
    this.#last = keys;
    this.#stage.dataset.drawn = `${options.project === "all" ? "all" : Sight.sliceOf(this.#view, this.#shape.slices)}`;
  }

  #last = null; // keys of the planes that are shown
  #pixels = null;
  #size = null;

  // A plane that came while somebody scrolls on: of the same kind as the one that is wanted, and nearer to it than what is shown.
  #late(key) {
    const late = this.#arrived;
    if (!late || late === this.#last?.[0] || kindOf(late) !== kindOf(key)) return null;
    const far = other => Math.abs(sliceIn(other) - sliceIn(key));
    return this.#last?.length === 1 && kindOf(this.#last[0]) === kindOf(key) && far(this.#last[0]) <= far(late) ? null : late;
  }

  #table(type, low, high) {
    const name = `${type} ${low} ${high}`;
    let made = this.#tables.get(name);
    if (!made) {
      if (this.#tables.size > 8) this.#tables.clear();
      const table = brightness(type, low, high);
      made = {table, grays: grays(table)};
      this.#tables.set(name, made);
    }
    return made;
  }

  #drawTracing(context, box) {
    const {options} = this.#host;
    if (!options.tracing || !this.#tracing || !(this.#config.dx > 0)) return;
    const {n, x, y, z, segment} = this.#tracing;
    const slice = Sight.sliceOf(this.#view, this.#shape.slices);
    context.strokeStyle = this.#host.color(this.#stage)("map-tracing");
    context.lineWidth = 1.5;
    context.beginPath();
    let pen = false;
    for (let i = 0; i < n; i++) {
      const near = Sight.isNear(z[i], slice, options.project);
      if (i > 0 && segment[i] !== segment[i - 1]) pen = false;
      if (near) {
        const [px, py] = Sight.toScreen(this.#view, box, ...Sight.pixelOf(this.#config, x[i], y[i]));
        if (pen) context.lineTo(px, py);
        else context.moveTo(px, py);
      }
      pen = near;
    }
    context.globalAlpha = 0.8;
    context.stroke();
    context.globalAlpha = 1;
  }

  // The objects that are drawn: their places in the columns, and on the screen.
  #near(box) {
    const {options, objects} = this.#host;
    const out = [];
    if (!objects || !options.marks || !this.#view || !(this.#config.dx > 0)) return out;
    const slice = Sight.sliceOf(this.#view, this.#shape.slices);
    for (const i of objects.of(this.session)) {
      if (!Sight.isNear(objects.z[i], slice, options.project) || !objects.shown(i)) continue;
      const [px, py] = Sight.toScreen(this.#view, box, ...Sight.pixelOf(this.#config, objects.x[i], objects.y[i]));
      if (px > -20 && py > -20 && px < box.width + 20 && py < box.height + 20) out.push([i, px, py]);
    }
    return out;
  }

  #drawObjects(context, box) {
    const {options, objects, selection} = this.#host;
    const color = this.#host.color(this.#stage);
    const size = options.marksize + 1.5;
    for (const [i, px, py] of this.#near(box)) {
      const {shape, color: name} = objects.look(i);
      mark(context, shape, px, py, size + 1, "rgb(0 0 0 / 0.6)", true);
      mark(context, shape, px, py, size, color(name), true);
      if (objects.bad[i]) mark(context, "cross", px, py, size, color(name), true);
      if (selection.hover?.run === objects.run[i]) ring(context, px, py, size + 4, 1.5, color, []);
    }
  }

  #drawPlace(context, box) {
    const place = this.#place;
    if (!place || !(this.#config.dx > 0)) return;
    const {options} = this.#host;
    const [px, py] = Sight.toScreen(this.#view, box, ...Sight.pixelOf(this.#config, place.x, place.y));
    const color = this.#host.color(this.#stage);
    const near = Sight.isNear(place.z, Sight.sliceOf(this.#view, this.#shape.slices), options.project);
    context.globalAlpha = near ? 1 : 0.45;
    ring(context, px, py, options.marksize + 8, 2, color, place.row === null ? [4, 3] : []);
    context.globalAlpha = 1;
  }

  /** The object under a pointer, null for none. */
  hit(event) {
    const box = this.#stage.getBoundingClientRect();
    let best = null;
    let least = event.pointerType === "touch" ? NEAR_TOUCH : NEAR;
    for (const [i, px, py] of this.#near(this.#box())) {
      const far = Math.hypot(px - (event.clientX - box.left), py - (event.clientY - box.top));
      if (far <= least) {
        least = far;
        best = i;
      }
    }
    return best === null ? null : {run: this.#host.objects.run[best], session: this.session};
  }

  #wheeled(event) {
    if (!this.#view) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 200 : 1);
    if (event.ctrlKey || event.metaKey) {
      const box = this.#stage.getBoundingClientRect();
      this.zoom(Math.exp(-pixels / 300), event.clientX - box.left, event.clientY - box.top);
      return;
    }
    if (Math.abs(pixels) >= NOTCH) {
      this.#wheel = 0;
      return this.step(Math.sign(pixels) * Math.max(Math.round(Math.abs(pixels) / 120), 1));
    }
    this.#wheel += pixels;
    const by = Math.trunc(this.#wheel / TOUCH);
    this.#wheel -= by * TOUCH;
    if (by !== 0) this.step(by);
  }

  #down(event) {
    if (event.button !== 0 || this.#host.hand?.down(event, this)) return;
    this.#pointers.set(event.pointerId, {x: event.clientX, y: event.clientY});
    // A finger on a pane that has not the focus scrolls the page.
    this.#drag = {x: event.clientX, y: event.clientY, slipped: this.#pointers.size > 1};
    if (event.pointerType !== "touch" || this.#stage === document.activeElement) this.#stage.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (this.#host.hand?.move(event, this)) return;
    const last = this.#pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType === "touch") return;
      const hit = this.hit(event);
      this.#stage.classList.toggle("map-pane-hit", hit !== null);
      this.#host.selection.point(hit, this);
      return;
    }
    const now = {x: event.clientX, y: event.clientY};
    const slip = event.pointerType === "touch" ? SLIP_TOUCH : SLIP;
    if (this.#drag && Math.hypot(now.x - this.#drag.x, now.y - this.#drag.y) > slip) this.#drag.slipped = true;
    if (this.#drag?.slipped && this.#view && this.#stage.hasPointerCapture(event.pointerId)) {
      const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) this.#pinch(last, now, other);
      else this.#moved(Sight.pan(this.#view, this.#shape, (last.x - now.x) / this.#view.scale, (last.y - now.y) / this.#view.scale));
    }
    this.#pointers.set(event.pointerId, now);
  }

  // One of two fingers has moved: the image keeps to both, what lies in the middle between them stays there.
  #pinch(last, now, other) {
    const box = this.#stage.getBoundingClientRect();
    const apart = at => Math.max(Math.hypot(at.x - other.x, at.y - other.y), 1);
    const middle = at => [(at.x + other.x) / 2 - box.left, (at.y + other.y) / 2 - box.top];
    const [from, to] = [middle(last), middle(now)];
    const panned = Sight.pan(this.#view, this.#shape, (from[0] - to[0]) / this.#view.scale, (from[1] - to[1]) / this.#view.scale);
    this.#moved(Sight.zoom(panned, this.#shape, this.#box(), apart(now) / apart(last), ...to));
  }

  #up(event) {
    if (this.#host.hand?.up(event, this)) return;
    this.#pointers.delete(event.pointerId);
    const drag = this.#drag;
    if (this.#pointers.size === 0) this.#drag = null;
    if (event.type === "pointerup" && drag && !drag.slipped && this.#pointers.size === 0) this.#host.selection.select(this.hit(event), this);
  }
}

// Seen on any picture: yellow between dark lines.
function ring(context, x, y, radius, width, color, dash) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.setLineDash([]);
  context.lineWidth = width + 2;
  context.strokeStyle = "rgb(0 0 0 / 0.7)";
  context.stroke();
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = color("map-chosen");
  context.stroke();
  context.setLineDash([]);
}
