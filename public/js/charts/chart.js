/** One chart: from the frames of its topic to the picture, its numbers and its table. */

import {init} from "echarts";
import {clockExact, duration, format, text} from "./format.js";
import {color, resolve} from "./option.js";
import {Part} from "./part.js";
import {points, room} from "./points.js";
import {Scale, ticks} from "./scale.js";
import {Stream} from "./stream.js";
import {picture} from "./png.js";

/** The distance of the plot from the edges of the picture, CSS pixels: as the server's option has it. */
export const PLOT = {left: 64, right: 12, top: 12, bottom: 24};

/** Numbers are written at most this often, ms: faster cannot be read. */
const NUMBERS = 250;
const TABLE = 1000;
const ROWS = 20;

/** How far from the pointer, CSS pixels, a value is still the one that is pointed at. */
const REACH = 12;

/** A live picture is drawn again when it has moved on by this much of a CSS pixel, or after this long if values have come, ms. */
const COLUMN = 0.75;
const SETTLED = 250;

/** Opacity of the extremes where means are drawn over them. */
const FAINT = 0.6;

const NOTHING = new Float64Array(0);

export class Chart {
  #element;
  #stale = false;
  #group;
  #save;
  #option;
  #echarts;
  #stream;
  #frozen = null; // rings that stand still while the picture does
  #part; // what is zoomed in on, more finely; null where the page cannot ask for it
  #extents = []; // Float64Array of each line, to use again
  #means = [];
  #scale;
  #parts;
  #hidden = new Set(); // lines that the legend has switched off
  #seen = true; // on the screen
  #drawn = {version: -1, stats: -1, marks: null, state: null, to: NaN, at: 0, scale: null, crowded: []};
  #numbersAt = 0;
  #tableAt = 0;
  #observers = [];
  #view = null;
  #size = {width: 0, height: 0}; // of the picture, CSS pixels
  #log;

  /** Set when the picture must be drawn though no data has come. */
  dirty = true;

  /**
   * @param {HTMLElement} element with data-chart, as components/chart.templ writes it
   * @param {Group} group
   * @param {function(Blob, string)} save offers a file
   * @param {function(string, AbortSignal): Promise<object>} [load] resolves to the JSON of an address
   */
  constructor(element, group, save, load) {
    this.#element = element;
    this.#group = group;
    this.#save = save;
    const {range} = element.dataset;
    this.#part = load && range ? new Part(({from, to}, signal) => load(`${range}?from=${from}&to=${to}`, signal), () => {
      this.dirty = true;
      group.wake(true);
    }) : null;
    const part = name => element.querySelector(`[data-chart-${name}]`);
    this.#parts = {
      picture: part("picture"),
      canvas: part("canvas"),
      cursor: part("cursor"),
      brush: part("brush"),
      readout: part("readout"),
      empty: part("empty"),
      state: part("state"),
      table: part("table"),
      rows: element.querySelector("[data-chart-table] tbody"),
      stats: [...element.querySelectorAll("[data-chart-stats] [data-stat]")],
    };
    this.#option = JSON.parse(element.querySelector('script[type="application/json"]').textContent);
    this.#log = element.dataset.log === "true";
    this.#begin();

    this.#echarts = init(this.#parts.canvas, null, {renderer: "canvas", useDirtyRect: false});
    this.setTheme();
    this.#size = {width: this.#parts.picture.clientWidth, height: this.#parts.picture.clientHeight};
    const resizes = new ResizeObserver(([entry]) => this.#resize(entry.contentRect));
    resizes.observe(this.#parts.picture);
    const views = new IntersectionObserver(([entry]) => {
      this.#seen = entry.isIntersecting;
      this.dirty = true;
      group.wake();
    });
    views.observe(this.#parts.picture);
    this.#observers.push(resizes, views);
    this.#parts.table?.addEventListener("toggle", () => {
      this.#tableAt = 0;
      this.dirty = true;
      group.wake(true);
    });
  }

  get element() {
    return this.#element;
  }

  /** Nothing that comes can be trusted to be the present: the connection or the process is gone. */
  setStale(stale) {
    this.#stale = stale;
    this.#group.wake();
  }

  get topic() {
    return this.#element.dataset.topic;
  }

  get log() {
    return this.#log;
  }

  /** Width of the plot, CSS pixels. */
  get columns() {
    return Math.max(1, this.#size.width - PLOT.left - PLOT.right);
  }

  /** The part of the picture's box in which time runs, CSS pixels of the page. */
  plot() {
    const box = this.#parts.picture.getBoundingClientRect();
    return {
      left: box.left + PLOT.left,
      width: Math.max(1, box.width - PLOT.left - PLOT.right),
      top: box.top + PLOT.top,
      height: Math.max(1, box.height - PLOT.top - PLOT.bottom),
    };
  }

  #begin() {
    this.#part?.drop();
    this.#stream = new Stream(Number(this.#element.dataset.window) * 1000);
    this.#frozen = null;
    this.#scale = this.#newScale();
  }

  #newScale() {
    const {zero, atLeast, unit} = this.#element.dataset;
    return new Scale({zero: zero === "true", atLeast: Number(atLeast) || 0, unit, log: this.#log});
  }

  /** Another topic and window: what was drawn is forgotten. */
  restart() {
    this.#begin();
    this.dirty = true;
    if (this.#group.held !== null) this.#frozenWanted = true;
  }

  #frozenWanted = false;

  /**
   * Takes frames, oldest first.
   *
   * @returns {boolean} false if a snapshot is needed
   */
  take(frames) {
    let whole = true;
    for (const frame of frames) {
      this.#group.heard(frame.ts);
      if (!this.#stream.take(frame)) whole = false;
    }
    if (this.#frozenWanted && this.#stream.ready) {
      // The window was changed while the pictures stand: they show the new one up to the moment at which they came to stand.
      this.#frozenWanted = false;
      this.#frozen = this.#stream.rings.map(ring => ring.clone());
      this.dirty = true;
    }
    this.#group.wake();
    return whole;
  }

  freeze() {
    this.#frozen = this.#stream.rings.map(ring => ring.clone());
  }

  thaw() {
    this.#frozen = null;
    this.#frozenWanted = false;
    this.#scale.reset();
  }

  // What the picture is drawn from: {width of a bucket, ms, rings of the lines}, and how far beyond its edges that matters, ms.
  #source(view) {
    const {width} = this.#stream;
    const part = this.#group.zoom ? this.#part?.of(view, width) : null;
    if (part && part.rings.length === this.#stream.rings.length) {
      return {width: part.width, rings: part.rings, beyond: (view.to - view.from) / 2};
    }
    return {width, rings: this.#frozen ?? this.#stream.rings, beyond: 0};
  }

  setLog(log) {
    this.#log = log;
    this.#scale = this.#newScale();
    this.setTheme();
  }

  /** Shows or hides a line. */
  showLine(i, shown) {
    if (shown) this.#hidden.delete(i);
    else this.#hidden.add(i);
    this.#scale.reset();
    this.dirty = true;
    this.#group.wake(true);
  }

  /** Reads the theme's colours again. */
  setTheme() {
    const style = getComputedStyle(document.documentElement);
    const option = resolve(this.#option, name => color(name, style));
    option.yAxis[0].type = this.#log ? "log" : "value";
    option.series.push({
      id: "marks", type: "line", data: [], silent: true, animation: false,
      markLine: {
        silent: true, animation: false, symbol: "none", data: [],
        lineStyle: {color: color("warning", style), type: "solid", width: 1},
        label: {show: true, formatter: "{b}", color: color("text", style), position: "insideEndTop", distance: [2, 4]},
      },
    });
    this.#echarts.setOption(option, {notMerge: true, silent: true});
    this.#drawn.marks = null;
    this.#drawn.scale = null;
    this.#drawn.crowded = [];
    this.dirty = true;
    this.#group.wake(true);
  }

  #resize({width, height}) {
    if (width === this.#size.width && height === this.#size.height) return;
    this.#size = {width, height};
    this.#echarts.resize({silent: true});
    this.dirty = true;
    this.#group.wake();
  }

  /**
   * Draws what has changed.
   *
   * @param {?{from: number, to: number}} view times at the edges, ms since the epoch
   * @param {number} now ms, for what is not done each time
   */
  draw(view, now) {
    this.#showState();
    if (!view || !this.#stream.ready) return;
    if (this.#stream.end !== null && this.#group.held === null && view.to > this.#stream.end) {
      // The process ended: its last window stays.
      view = {from: this.#stream.end - (view.to - view.from), to: this.#stream.end};
    }
    this.#view = view;
    this.#showNumbers(now);
    if (!this.#due(view, now)) return;
    this.dirty = false;
    Object.assign(this.#drawn, {version: this.#stream.version, to: view.to, at: now});
    this.#drawPicture(view, now);
    this.showCursor();
    this.#showTable(view, now);
  }

  // Whether drawing again would show anything: what runs on by less than a column can wait, as can what nobody sees.
  #due(view, now) {
    const {version, to, at} = this.#drawn;
    if (version < 0) return true;
    if (!this.#seen) return false;
    if (this.dirty || Math.abs(view.to - to) * this.columns >= COLUMN * (view.to - view.from)) return true;
    return version !== this.#stream.version && now - at >= SETTLED;
  }

  #drawPicture(view, now) {
    if (!this.#group.zoom) this.#part?.drop();
    const {width, rings, beyond} = this.#source(view);
    this.#drawn.width = width;
    const {style} = this.#element.dataset;
    const need = room(view.from - beyond, view.to + beyond, width);
    let low = Infinity;
    let high = -Infinity;
    let count = 0;
    const series = rings.flatMap((ring, i) => {
      if (this.#hidden.has(i)) return this.#ids(i).map(id => ({id, data: NOTHING}));
      if (!(this.#extents[i]?.length >= need)) {
        this.#extents[i] = new Float64Array(need);
        this.#means[i] = new Float64Array(need);
      }
      const drawn = points(ring, {
        width, from: view.from, to: view.to, beyond, style, positive: this.#log,
        dot: (2 * (view.to - view.from)) / this.columns,
      }, this.#extents[i], this.#means[i]);
      low = Math.min(low, drawn.min);
      high = Math.max(high, drawn.max);
      count += drawn.count;
      const extent = {id: `line${i}`, data: this.#extents[i].subarray(0, drawn.extent)};
      const crowded = style === "line" && drawn.means > 0;
      if (style === "line" && crowded !== this.#drawn.crowded[i]) {
        // The means are what is usual; the extremes step back behind them.
        this.#drawn.crowded[i] = crowded;
        extent.lineStyle = {opacity: crowded ? FAINT : 1};
      }
      return style === "step" ? [extent] : [extent, {id: `line${i}mean`, data: this.#means[i].subarray(0, drawn.means)}];
    });
    const option = {xAxis: {min: view.from, max: view.to, axisLabel: {customValues: ticks(view.from, view.to, this.columns)}}, series};
    // A zoomed picture shows its part as large as it can; a live one does not jump about.
    if (this.#group.zoom) this.#scale.reset();
    const scale = this.#scale.follow(low, high, now);
    if (scale !== this.#drawn.scale) {
      this.#drawn.scale = scale;
      option.yAxis = {min: scale.min, max: scale.max};
      if (scale.interval > 0) option.yAxis.interval = scale.interval;
    }
    const marks = this.#stream.marks.filter(([at]) => at >= view.from && at <= view.to);
    const key = marks.join();
    if (key !== this.#drawn.marks) {
      this.#drawn.marks = key;
      series.push({id: "marks", markLine: {data: marks.map(([at, name]) => ({xAxis: at, name}))}});
    }
    this.#echarts.setOption(option, {silent: true, lazyUpdate: false});
    this.#echarts.getZr().flush();
    this.#showEmpty(count, view);
  }

  // The series that draw a line.
  #ids(i) {
    return this.#element.dataset.style === "step" ? [`line${i}`] : [`line${i}`, `line${i}mean`];
  }

  #showEmpty(count, view) {
    const {empty} = this.#parts;
    const sentence = count > 0 ? ""
      : this.#stream.empty ? (empty.dataset.text || "No values yet.")
        : `Nothing came in ${this.#group.zoom ? "these" : "the last"} ${duration(view.to - view.from)}.`;
    if (empty.textContent !== sentence) empty.textContent = sentence;
    empty.hidden = sentence === "";
    this.#element.dataset.values = String(count);
    this.#element.dataset.width = String(this.#drawn.width);
  }

  #showState() {
    const {held, zoom, paused} = this.#group;
    const ended = this.#stream.end;
    const words = [];
    if (zoom) words.push(`zoomed to ${duration(zoom.to - zoom.from)}`);
    if (paused) words.push("paused");
    if (ended !== null) words.push(`ended ${clockExact(ended, 1000)}`);
    const sentence = words.join(", ");
    const state = ended !== null ? "ended" : this.#stale ? "stale" : held !== null ? "held" : this.#stream.ready ? "live" : "loading";
    if (this.#drawn.state === state + sentence) return;
    this.#drawn.state = state + sentence;
    this.#element.dataset.state = state;
    this.#parts.state.textContent = sentence;
    this.#parts.state.hidden = sentence === "";
    this.#parts.canvas.classList.toggle("opacity-60", state === "ended" || state === "stale");
  }

  #showNumbers(now) {
    if (this.#drawn.stats === this.#stream.statsVersion || now - this.#numbersAt < NUMBERS || this.#group.paused) return;
    this.#numbersAt = now;
    this.#drawn.stats = this.#stream.statsVersion;
    const stats = this.#stream.stats[0] ?? {};
    for (const place of this.#parts.stats) {
      const [number, unit] = format(stats[place.dataset.stat], place.dataset.unit);
      setText(place.querySelector(".stat-value"), number);
      setText(place.querySelector(".stat-unit"), unit);
      place.dataset.value = stats[place.dataset.stat] ?? "";
    }
  }

  /** Draws the reading line, and says what lies there. */
  showCursor() {
    const {cursor, readout} = this.#parts;
    const view = this.#view;
    const time = this.#group.cursor;
    if (!view || time === null || time < view.from || time > view.to) {
      cursor.hidden = true;
      setText(readout, "");
      return;
    }
    cursor.hidden = false;
    cursor.style.left = `${this.#x(time, view)}px`;
    cursor.style.top = `${PLOT.top}px`;
    cursor.style.height = `${Math.max(0, this.#size.height - PLOT.top - PLOT.bottom)}px`;
    setText(readout, this.#reading(time, view));
  }

  // The place of a time in the picture, CSS pixels.
  #x(time, view) {
    return PLOT.left + Math.min(1, Math.max(0, (time - view.from) / (view.to - view.from))) * this.columns;
  }

  #reading(time, view) {
    const {width, rings} = this.#source(view);
    const {unit} = this.#element.dataset;
    const reach = Math.ceil(Math.max(width, (REACH * (view.to - view.from)) / this.columns) / width);
    const parts = rings.flatMap((ring, i) => {
      if (this.#hidden.has(i)) return [];
      const bucket = ring.nearest(Math.floor(time / width), reach);
      if (!bucket) return [];
      const label = rings.length > 1 ? `${this.label(i)} ` : "";
      if (bucket.count === 1 || bucket.min === bucket.max) {
        return [`${clockExact(bucket.index * width + bucket.maxAt, Math.min(width, 100))}  ${label}${text(bucket.max, unit)}`];
      }
      return [`${clockExact(bucket.index * width, width)}  ${label}${text(bucket.min, unit)} to ${text(bucket.max, unit)}, ${bucket.count} values`];
    });
    return parts.length > 0 ? parts.join("   ") : clockExact(time, width);
  }

  /** What a line is called. */
  label(i) {
    return this.#option.series.find(one => one.id === `line${i}`)?.name ?? "";
  }

  /** The table: the newest stretches of time in which something came. */
  #showTable(view, now) {
    const {table, rows} = this.#parts;
    if (!table?.open || !rows || now - this.#tableAt < TABLE) return;
    this.#tableAt = now;
    const {width, rings} = this.#source(view);
    const {unit} = this.#element.dataset;
    const per = Math.max(1, Math.round((view.to - view.from) / width / ROWS));
    const last = Math.floor(view.to / width / per);
    const list = [];
    for (let row = last; row > last - ROWS - 1; row--) {
      rings.forEach((ring, i) => {
        let count = 0;
        let low = Infinity;
        let high = -Infinity;
        let sum = 0;
        ring.each(row * per, row * per + per - 1, (_, n, mean, _minAt, min, _maxAt, max) => {
          if (n === 0) return;
          count += n;
          sum += n * mean;
          low = Math.min(low, min);
          high = Math.max(high, max);
        });
        if (count === 0) return;
        const cells = [clockExact(row * per * width, per * width)];
        if (rings.length > 1) cells.push(this.label(i));
        list.push([...cells, String(count), text(low, unit), text(sum / count, unit), text(high, unit)]);
      });
    }
    rows.replaceChildren(...list.map(cells => rowOf(cells, rings.length > 1 ? 2 : 1)));
    if (list.length === 0) rows.replaceChildren(rowOf(["No values yet."], 1));
  }

  /** Offers the picture as a file. */
  async savePicture() {
    const {title, unit} = this.#element.dataset;
    const style = getComputedStyle(document.documentElement);
    const numbers = this.#parts.stats.map(place => {
      const label = place.closest(".stat")?.querySelector("dt")?.textContent.trim() ?? "";
      return `${label} ${place.textContent.replace(/\s+/g, " ").trim()}`;
    });
    const view = this.#view;
    const when = view ? `${new Date(view.from).toLocaleDateString()} ${clockExact(view.from, 1000)} to ${clockExact(view.to, 1000)}` : "";
    const blob = await picture(this.#echarts, {
      title: [title, unit && `(${unit})`].filter(Boolean).join(" "), lines: [when, numbers.join("   ")],
      background: color("panel", style), text: color("text", style), muted: color("muted", style),
    });
    this.#save(blob, `webmon-${this.#element.dataset.chart.replace(/[^A-Za-z0-9_-]+/g, "-")}-${fileTime(view?.to ?? Date.now())}.png`);
  }

  /** The rectangle that is being drawn to zoom into, from one time to another; null for none. */
  showBrush(from, to) {
    const {brush} = this.#parts;
    const view = this.#view;
    brush.hidden = from === null || !view;
    if (brush.hidden) return;
    const [left, right] = [Math.min(from, to), Math.max(from, to)].map(time => this.#x(time, view));
    brush.style.left = `${left}px`;
    brush.style.width = `${right - left}px`;
    brush.style.top = `${PLOT.top}px`;
    brush.style.height = `${Math.max(0, this.#size.height - PLOT.top - PLOT.bottom)}px`;
  }

  /** The time at a place, CSS pixels of the page; null outside the plot or before anything is drawn. */
  timeAt(clientX) {
    if (!this.#view) return null;
    const plot = this.plot();
    const part = (clientX - plot.left) / plot.width;
    return part < 0 || part > 1 ? null : this.#view.from + part * (this.#view.to - this.#view.from);
  }

  /** The times at the edges of what is drawn, null before anything is. */
  get view() {
    return this.#view;
  }

  /** ms of a bucket of what is drawn. */
  get width() {
    return this.#drawn.width || this.#stream.width;
  }

  destroy() {
    this.#part?.drop();
    for (const observer of this.#observers) observer.disconnect();
    this.#echarts.dispose();
  }
}

function setText(element, value) {
  if (element && element.textContent !== value) element.textContent = value;
}

function rowOf(cells, headings) {
  const row = document.createElement("tr");
  cells.forEach((value, i) => {
    const cell = document.createElement(i === 0 ? "th" : "td");
    if (i === 0) cell.scope = "row";
    if (i >= headings) cell.className = "numeric";
    cell.textContent = value;
    row.append(cell);
  });
  return row;
}

function fileTime(ms) {
  const date = new Date(ms);
  const two = n => String(n).padStart(2, "0");
  return `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}-${clockExact(ms, 1000).replaceAll(":", "")}`;
}
