/**
 * The plot of a map: points on a canvas, and over it another with what is selected, so that a click draws one ring and not
 * all points.
 */

import {h} from "../dom.js";
import {beforePaint} from "../paint.js";
import {colorsOf, mark, sprite} from "./looks.js";
import {byRun, Grid, groupsOf, pointsOf, rarestLast} from "./points.js";
import {Axis, extent, histogram} from "./scale.js";
import {divided, ready, stamp} from "./stamp.js";

const FONT = "12px";
const MARGIN = {right: 14, top: 12, bottom: 44};
const HISTOGRAM = 48;
const BARS = 40;

/** How near to a point a pointer has to be, CSS pixels. */
const NEAR = 12;

export class Plot {
  #box;
  #base;
  #over;
  #legend;
  #state;
  #page;
  #data = null; // {objects, options, x, y, points, groups, index, single}
  #runs = null; // made when they are first asked for, as is the grid: the first picture does not wait for them
  #drawn = null; // {x, y, px, py, grid}
  #asked = false;
  #pointed = false; // by a pointer that shows where it is before it clicks
  #observer;
  #aborter = new AbortController();

  /**
   * @param {HTMLElement} stage
   * @param {object} page `selection`, `sessions`, `onPlotKey(event)`, `onDrawn()`
   */
  constructor(stage, page) {
    this.#page = page;
    this.#base = h("canvas", {"aria-hidden": "true"});
    this.#over = h("canvas", {"aria-hidden": "true"});
    this.#legend = h("ul", {class: "map-legend", "aria-label": "Groups"});
    this.#box = h("div", {class: "map-plot-box", tabindex: "0", role: "application", "aria-roledescription": "plot", "aria-label": "Plot", "aria-describedby": "map-selected"},
      this.#base, this.#over);
    this.#state = h("div", {class: "map-plot-state", role: "status"});
    this.#box.setAttribute("aria-busy", "true");
    this.say("Loading…");
    stage.replaceChildren(this.#box, this.#state, this.#legend);
    const {signal} = this.#aborter;
    this.#box.addEventListener("pointermove", event => this.#hover(event), {signal});
    this.#box.addEventListener("pointerleave", () => page.selection.point(null, this), {signal});
    this.#box.addEventListener("click", event => this.#click(event), {signal});
    this.#box.addEventListener("keydown", event => page.onPlotKey(event), {signal});
    document.addEventListener("themechange", () => this.draw(), {signal});
    this.#observer = new ResizeObserver(() => this.draw());
    this.#observer.observe(this.#box);
  }

  destroy() {
    this.#aborter.abort();
    this.#observer.disconnect();
  }

  /**
   * Shows columns.
   *
   * @param {object} columns as from columns.js
   * @param {object} options
   * @param {?function(number, number): number} userType of a session and a row
   */
  set(columns, options, userType) {
    const of = name => columns.by.get(name).values;
    const objects = {n: columns.n, run: of("run"), session: of("session"), row: of("row"), segment: of("segment"), dynamics: of("dynamics"), bad: of("bad")};
    objects.userType = options.color === "type" ? Float64Array.from(objects.run, (_, i) => userType(objects.session[i], objects.row[i])) : null;
    // The statistics stand behind the objects' own columns, in the order in which they were asked for.
    const [x, y] = columns.columns.slice(6).length > 1 ? columns.columns.slice(6) : [columns.columns[6], columns.columns[6]];
    const points = pointsOf(objects, x.values, y.values, options.xs, options.ys);
    this.#data = {objects, options, x, y, points, ...groupsOf(options.color, objects, this.#page.sessions)};
    this.#data.single = options.xs >= 0 || options.ys >= 0;
    this.#runs = null;
    this.#showLegend();
    this.#box.removeAttribute("aria-busy");
    this.draw();
  }

  /** Says over the plot why nothing is to be seen, with buttons `{label, act}`; "" for nothing. */
  say(text, buttons = []) {
    this.#state.hidden = text === "";
    this.#state.replaceChildren(h("p", {}, text), ...buttons.map(({label, act}) => h("button", {type: "button", class: "btn btn-small", onclick: act}, label)));
  }

  /** Nothing came, and nothing is on its way. */
  fail(again) {
    this.#box.removeAttribute("aria-busy");
    if (!this.#data) this.say("The plot could not be loaded.", [{label: "Try again", act: again}]);
  }

  // The points of each run, in the order of sessions.
  #ofRun(run) {
    const {objects, points} = this.#data;
    this.#runs ??= byRun(points.from.map(i => objects.run[i]), points.from.map(i => objects.session[i]));
    return run === undefined ? this.#runs : this.#runs.get(run);
  }

  /** How many points are shown. */
  get count() {
    return this.#data?.points.n ?? 0;
  }

  /** The statistics on the axes and their values for an object, for what is said of it. */
  describe({run, session}) {
    const data = this.#data;
    const i = data ? this.#ofRun(run)?.find(k => data.objects.session[data.points.from[k]] === session) : undefined;
    if (i === undefined) return [];
    return [[data.x, data.points.x[i]], [data.y, data.points.y[i]]].map(([column, value]) => ({
      title: column.title, unit: column.unit, value: column.words ? column.words[value] : value,
    }));
  }

  /** Draws all, before the next paint. */
  draw() {
    if (this.#asked) return;
    this.#asked = true;
    beforePaint(() => {
      this.#asked = false;
      if (this.#data && this.#box.isConnected) this.#drawAll();
    });
  }

  /** Draws what is selected, at once. */
  mark() {
    if (this.#drawn) this.#drawMarks();
  }

  /** Where the point of an object is drawn, in the box; for tests. */
  placeOf(run, session) {
    const data = this.#data;
    const i = data ? this.#ofRun(run)?.find(k => data.objects.session[data.points.from[k]] === session) : undefined;
    return i === undefined || !this.#drawn ? null : [this.#drawn.px[i], this.#drawn.py[i]];
  }

  /** The element on which all of it lies. */
  get box() {
    return this.#box;
  }

  /** The values of the axes at a place in the box; null before it is drawn. */
  valuesAt(px, py) {
    return this.#drawn && [this.#drawn.xAxis.valueAt(px), this.#drawn.yAxis.valueAt(py)];
  }

  /** Where values are in the box; null before it is drawn. */
  screenOf(x, y) {
    return this.#drawn && [this.#drawn.xAxis.at(x), this.#drawn.yAxis.at(y)];
  }

  #showLegend() {
    const {groups, options, points, index} = this.#data;
    const counts = new Uint32Array(groups.length);
    for (const i of points.from) counts[index[i]]++;
    if (options.color === "none") return this.#legend.replaceChildren();
    const ratio = devicePixelRatio || 1;
    const color = colorsOf(this.#box);
    this.#legend.replaceChildren(...groups.map((group, g) => {
      const {canvas, side} = sprite(group.shape, 5, color(group.color), false, ratio);
      canvas.style.width = canvas.style.height = `${side}px`;
      canvas.setAttribute("aria-hidden", "true");
      return counts[g] > 0 && h("li", {}, canvas, `${group.name} (${counts[g]})`);
    }).filter(Boolean));
  }

  #drawAll() {
    const {points, x, y, options, single} = this.#data;
    const width = this.#box.clientWidth;
    const height = this.#box.clientHeight;
    if (width < 40 || height < 40) return;
    const ratio = devicePixelRatio || 1;
    for (const canvas of [this.#base, this.#over]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const color = colorsOf(this.#box);
    const context = this.#base.getContext("2d");
    context.font = `${FONT} ${getComputedStyle(this.#box).fontFamily}`; // a canvas that got another size has forgotten it
    const right = width - MARGIN.right - (options.hy ? HISTOGRAM : 0);
    const top = MARGIN.top + (options.hx ? HISTOGRAM : 0);
    const bottom = height - MARGIN.bottom;
    const yAxis = new Axis(extent(points.y), bottom, top, y.words);
    const left = 28 + Math.max(...yAxis.ticks(48).map(({text}) => context.measureText(clip(text, 8)).width));
    const xAxis = new Axis(extent(points.x), left, right, x.words);
    const px = points.x.map(v => xAxis.at(v));
    const py = points.y.map(v => yAxis.at(v));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#drawAxes(context, xAxis, yAxis, {left, right, top, bottom}, color);
    if (options.hx) this.#drawBars(context, points.x, xAxis, color, (from, to, share) => [from, top - 4 - share * (HISTOGRAM - 8), to - from, share * (HISTOGRAM - 8)]);
    if (options.hy) this.#drawBars(context, points.y, yAxis, color, (from, to, share) => [right + 4, to, share * (HISTOGRAM - 8), from - to]);
    if (options.lines && !single) {
      context.strokeStyle = color("highlight");
      context.globalAlpha = 0.6;
      context.lineWidth = 1;
      context.beginPath();
      for (const list of this.#ofRun().values()) {
        if (list.length > 1) list.forEach((i, k) => k === 0 ? context.moveTo(px[i], py[i]) : context.lineTo(px[i], py[i]));
      }
      context.stroke();
    }
    const size = options.size * 0.7 + 0.5;
    this.#drawPoints(context, px, py, size, color, ratio);
    this.#drawn = {px, py, grid: null, color, ratio, size, xAxis, yAxis};
    this.#box.dataset.drawn = String(points.n);
    this.#box.setAttribute("aria-label", `Plot of ${y.title} against ${x.title}, ${points.n === 1 ? "1 point" : `${points.n} points`}`);
    this.#drawMarks();
    this.#page.onDrawn?.();
  }

  // Each look is made once, and put down wherever a point has it.
  #drawPoints(context, px, py, size, color, ratio) {
    const {points, groups, index, objects} = this.#data;
    const {width, height} = this.#base;
    const opacity = points.n > 3000 ? 0.6 : 0.8;
    const pictures = groups.map(({shape, color: name}) => [false, true].map(hollow => {
      const {canvas} = sprite(shape, size, color(name), hollow, ratio);
      return ready(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data, canvas.width, opacity);
    }));
    const layer = h("canvas", {width, height});
    const of = layer.getContext("2d");
    const image = of.createImageData(width, height);
    const out = new Uint8Array(image.data.buffer);
    // What there is least of lies on top.
    for (const i of rarestLast(points.from, index, groups.length)) {
      const object = points.from[i];
      const picture = pictures[index[object]][objects.bad[object]];
      const {side} = picture;
      stamp(out, width, height, picture, Math.round(px[i] * ratio - side / 2), Math.round(py[i] * ratio - side / 2));
    }
    divided(out);
    of.putImageData(image, 0, 0);
    context.globalAlpha = 1;
    context.drawImage(layer, 0, 0, width / ratio, height / ratio);
  }

  #drawAxes(context, xAxis, yAxis, {left, right, top, bottom}, color) {
    const {x, y, options} = this.#data;
    const line = color("highlight");
    context.lineWidth = 1;
    context.strokeStyle = line;
    context.fillStyle = color("icon");
    const yTicks = yAxis.ticks(48);
    const xTicks = xAxis.ticks(64);
    context.globalAlpha = 0.35;
    context.beginPath();
    for (const {value} of yTicks) {
      const at = Math.round(yAxis.at(value)) + 0.5;
      context.moveTo(left, at);
      context.lineTo(right, at);
    }
    context.stroke();
    context.globalAlpha = 1;
    context.beginPath();
    context.moveTo(left + 0.5, top);
    context.lineTo(left + 0.5, bottom + 0.5);
    context.lineTo(right, bottom + 0.5);
    context.stroke();
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const {value, text} of yTicks) context.fillText(clip(text, 8), left - 6, yAxis.at(value));
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const {value, text} of xTicks) context.fillText(clip(text, 10), xAxis.at(value), bottom + 6);
    context.fillText(nameOf(x, options.xs), (left + right) / 2, bottom + 26);
    context.save();
    context.translate(12, (top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "middle";
    context.fillText(nameOf(y, options.ys), 0, 0);
    context.restore();
  }

  #drawBars(context, values, axis, color, place) {
    const n = axis.words ? axis.words.length : BARS;
    const [low, high] = axis.words ? [-0.5, n - 0.5] : extent(values) ?? [0, 1];
    const counts = histogram(values, low, high, n);
    const most = counts.reduce((a, b) => Math.max(a, b), 1);
    context.fillStyle = color("series-1");
    context.globalAlpha = 0.7;
    counts.forEach((count, i) => {
      const from = axis.at(low + (high - low) * i / n);
      const to = axis.at(low + (high - low) * (i + 1) / n);
      context.fillRect(...place(from, to, count / most));
    });
    context.globalAlpha = 1;
  }

  #drawMarks() {
    const {px, py, color, ratio, size} = this.#drawn;
    const {points, objects, index, groups, single} = this.#data;
    const context = this.#over.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#over.width, this.#over.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const {now, hover} = this.#page.selection;
    for (const what of [hover, now]) {
      const list = what && this.#ofRun(what.run);
      if (!list) continue;
      const strong = what === now;
      if (!single && list.length > 1) {
        context.beginPath();
        list.forEach((i, k) => k === 0 ? context.moveTo(px[i], py[i]) : context.lineTo(px[i], py[i]));
        stroke(context, strong ? 2.5 : 1.5, color);
      }
      for (const i of list) {
        const object = points.from[i];
        const {shape, color: name} = groups[index[object]];
        mark(context, shape, px[i], py[i], size + 1, color(name), objects.bad[object] === 1);
        if (!strong && objects.session[object] !== what.session) continue;
        context.beginPath();
        context.arc(px[i], py[i], size + (strong && objects.session[object] === what.session ? 6 : 3.5), 0, 2 * Math.PI);
        stroke(context, strong ? 2.5 : 1.5, color);
      }
    }
  }

  #at(event) {
    if (!this.#drawn) return null;
    const box = this.#box.getBoundingClientRect();
    this.#drawn.grid ??= new Grid(this.#drawn.px, this.#drawn.py);
    const i = this.#drawn.grid.nearest(event.clientX - box.left, event.clientY - box.top, NEAR);
    if (i < 0) return null;
    const {objects, points} = this.#data;
    return {run: objects.run[points.from[i]], session: objects.session[points.from[i]]};
  }

  #hover(event) {
    this.#pointed = event.pointerType !== "touch";
    if (!this.#pointed) return;
    const what = this.#at(event);
    this.#box.style.cursor = what ? "pointer" : "";
    this.#page.selection.point(what, this);
  }

  #click(event) {
    // What was shown under the pointer: a click is told in whole pixels.
    this.#page.selection.select(event.detail === 0 || !this.#pointed ? this.#at(event) : this.#page.selection.hover, this);
  }
}

// What is selected is seen on any colour: yellow between dark lines.
function stroke(context, width, color) {
  context.lineWidth = width + 2;
  context.strokeStyle = color("background");
  context.stroke();
  context.lineWidth = width;
  context.strokeStyle = color("map-chosen");
  context.stroke();
}

function nameOf(column, session) {
  const unit = column.unit ? ` (${column.unit})` : "";
  return column.title + unit + (session >= 0 ? `, session ${session}` : "");
}

function clip(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

