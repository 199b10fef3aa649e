/**
 * The controls beside the picture of an array: axes, contrast, what is measured, the profile. They show a view (state.js) and
 * say what somebody wants of it; they hold nothing of their own.
 */

import {check, card, fill, h, icon, say, select} from "../dom.js";
import {Histogram} from "./histogram.js";
import {COLORMAPS} from "../viewer/lut.js";
import {short} from "../address.js";
import {away, fromBase, readNumber, wordsBetween} from "../viewer/numbers.js";
import {nameOf, scaledOf, worldOf} from "./plane.js";
import {endsOf} from "./profile.js";
import {MOST_CHANNELS, rolesOf} from "./state.js";

/** Frames a second at which positions can be played. */
const PACES = [1, 2, 5, 10, 20];

const MODES = [["auto", "Auto"], ["percentile", "Percentiles"], ["manual", "By hand"]];

const TITLES = {auto: "From the least to the greatest value on the screen", percentile: "Leaves the darkest and the brightest out", manual: "Stay as they are"};

export class Controls {
  #root;
  #do;
  #parts = {};
  #built = "";
  #histogram;
  #base = 0; // of the values that the histogram shows
  pace = 5;

  /**
   * @param {HTMLElement} root
   * @param {object} actions `change(edit)` edits the view, edit is given it; `limits([low, high], done)` of the channel that is
   * chosen; `choose(channel)`; `play(axis)`; `step(axis, position)`; `copy()`, `png()`, `profile(on)`, `line(ends)`
   */
  constructor(root, actions) {
    this.#root = root;
    this.#do = actions;
    this.#histogram = new Histogram((limits, done) => actions.limits(limits.map(limit => fromBase(this.#base, limit)), done));
  }

  /** The element in which the profile is drawn. */
  get plotElement() {
    return this.#parts.plot;
  }

  /**
   * Shows a view.
   *
   * @param {object} state `{config, view, shape, chosen, playing}`: shape of the frame that is shown, chosen the position of the
   * channel whose contrast is shown or null, playing the axis that is played or -1
   */
  show(state) {
    const {config, view, shape} = state;
    const roles = rolesOf(view);
    const built = JSON.stringify([config.axes, config.units, config.scale, shape, Object.values(roles), view.channels.map(c => c.at), config.role, view.line !== null]);
    if (built !== this.#built) {
      this.#built = built;
      const focused = document.activeElement?.id;
      this.#build(state, roles);
      if (focused && this.#root.contains(document.getElementById(focused))) document.getElementById(focused).focus();
    }
    for (const {axis, range, number, world, play} of this.#parts.sliders) {
      fill(range, view.index[axis]);
      if (range !== document.activeElement || Number(range.value) !== view.index[axis]) range.value = String(view.index[axis]);
      fill(number, view.index[axis]);
      say(world, worldOf(config, axis, view.index[axis]));
      const playing = state.playing === axis;
      play.setAttribute("aria-pressed", String(playing));
    }
    for (const {channel, on, color, radio} of this.#parts.channels) {
      const now = view.channels.find(one => one.at === channel);
      on.checked = now.on;
      fill(color, now.lut);
      radio.checked = state.chosen === channel;
    }
    const {lut, gamma, gammaText, invert, log, modes, percentiles} = this.#parts;
    if (lut) fill(lut, view.lut);
    if (gamma) {
      gamma.value = String(Math.log10(view.gamma));
      say(gammaText, view.gamma.toFixed(2));
    }
    if (invert) invert.checked = view.invert;
    if (log) log.checked = view.log;
    for (const button of modes ?? []) button.setAttribute("aria-pressed", String(button.dataset.mode === state.mode));
    if (percentiles) {
      percentiles.element.hidden = state.mode !== "percentile";
      percentiles.inputs.forEach((input, side) => fill(input, short(view.percentiles[side])));
    }
    if (this.#parts.scaled) this.#parts.scaled.checked = view.scaled;
    if (view.line && this.#parts.ends) view.line.flat().forEach((n, i) => fill(this.#parts.ends[i], short(Math.round(n * 100) / 100)));
  }

  /** Shows limits and histogram of the channel that is chosen. */
  showContrast({counts, limits, table, gamma, log, whole}) {
    if (!this.#parts.limits) return;
    const base = counts?.base ?? 0;
    const valueOf = n => fromBase(base, n);
    this.#base = base;
    this.#histogram.set({counts, limits: limits.map(limit => away(limit, base)), table, gamma, log, whole, valueOf});
    const word = wordsBetween(...limits);
    this.#parts.limits.forEach((input, side) => {
      fill(input, word(limits[side]));
      input.title = word(limits[side]); // it may be longer than the field
    });
    const ends = counts && counts.count > 0 ? [valueOf(counts.low), valueOf(counts.high)] : null;
    say(this.#parts.counted, ends
      ? `${ends.map(wordsBetween(...ends)).join(" to ")} on the screen${counts.missing > 0 ? `, ${counts.missing} values are no numbers` : ""}`
      : counts ? "No value on the screen is a number." : "");
  }

  /** Shows what was measured: texts by name. */
  showStats(stats) {
    for (const [name, text] of Object.entries(stats)) say(this.#parts.stats?.[name], text);
  }

  /** Says something about the link that was copied. */
  sayCopied(text) {
    say(this.#parts.copied, text);
  }

  /** Shows the values of the profile, as a table besides the chart. */
  showProfile({distance, value, unit, along}) {
    const rows = this.#parts.profileRows;
    if (!rows) return;
    say(this.#parts.profileNote, distance.length === 0 ? "The line lies outside the array." : `${distance.length} values over ${short(Number(distance.at(-1).toPrecision(5)))} ${along}`);
    if (!rows.closest("details").open) return;
    const every = Math.max(Math.ceil(distance.length / 200), 1);
    const [least, most] = endsOf(value);
    const word = wordsBetween(least, most, 8);
    const shown = distance.filter((_, i) => i % every === 0).length;
    while (rows.rows.length > shown) rows.deleteRow(-1);
    while (rows.rows.length < shown) rows.append(h("tr", {}, h("td", {class: "numeric"}), h("td", {class: "numeric"})));
    for (let i = 0, row = 0; i < distance.length; i += every, row++) {
      say(rows.rows[row].cells[0], short(Number(distance[i].toPrecision(6))));
      say(rows.rows[row].cells[1], typeof value[i] === "bigint" || Number.isFinite(value[i]) ? word(value[i]) : "–");
    }
    say(this.#parts.profileUnit, unit ? `value, ${unit}` : "value");
  }

  destroy() {
    this.#histogram.destroy();
    this.#root.replaceChildren();
  }

  #build(state, roles) {
    this.#parts = {sliders: [], channels: [], stats: {}};
    const cards = [this.#axes(state, roles), this.#contrast(state, roles), this.#profile(state), this.#picture(state)];
    this.#root.replaceChildren(...cards.filter(Boolean));
  }

  #axes({config, view, shape}, {down, right, samples, blended}) {
    const named = shape.map((_, axis) => [String(axis), nameOf(config, axis)]);
    const free = shape.map((_, axis) => axis).filter(axis => axis !== samples);
    const children = [];
    for (const axis of free) {
      if (axis === down || axis === right || axis === blended) continue;
      const last = Math.max(shape[axis] - 1, 0);
      const id = `array-axis-${axis}`;
      const name = nameOf(config, axis);
      const step = event => this.#do.step(axis, Math.min(Math.max(Math.round(Number(event.target.value)) || 0, 0), last));
      const range = h("input", {type: "range", id, min: 0, max: last, step: 1, oninput: step, disabled: last === 0});
      const number = h("input", {type: "number", min: 0, max: last, "aria-label": `${name}, position`, onchange: step, id: `${id}-number`});
      const world = h("span", {class: "text-muted arrays-world"});
      const play = h("button", {type: "button", class: "btn btn-small btn-icon", "aria-label": `Play ${name}`, title: `Play ${name}`, "aria-pressed": "false", id: `${id}-play`,
        disabled: last === 0, onclick: () => this.#do.play(axis)}, icon("M4.75 3v10l8-5z", "when-running"), icon("M5.5 3v10M10.5 3v10", "when-paused"));
      children.push(h("div", {class: "arrays-axis"}, h("label", {for: id}, name), range, number, play, h("span", {class: "text-muted arrays-of"}, `of ${shape[axis]}`), world));
      this.#parts.sliders.push({axis, range, number, world, play});
    }
    if (this.#parts.sliders.length > 0) {
      children.push(h("div", {class: "arrays-line"}, h("label", {for: "array-pace"}, "Play at"),
        select("array-pace", "Positions a second", PACES.map(n => [String(n), `${n} / s`]), String(this.pace), text => { this.pace = Number(text); })));
    }
    if (free.length > 1) {
      const role = (word, letter, current) => h("div", {class: "field"}, h("label", {for: `array-${word}`}, word),
        select(`array-${word}`, `Axis that goes ${word}`, named.filter(([axis]) => Number(axis) !== samples), String(current), text => this.#do.change(v => {
          const axis = Number(text);
          const before = v.index[axis];
          const other = v.index.indexOf(letter);
          // The two change places, so that no axis is left without a part.
          v.index[other] = typeof before === "number" ? Math.min(Math.floor(shape[other] / 2), Math.max(shape[other] - 1, 0)) : before;
          v.index[axis] = letter;
          v.camera = null;
          v.line = null;
        })));
      const row = h("div", {class: "arrays-roles"}, role("down", "y", down), role("right", "x", right));
      const blendable = free.filter(axis => axis !== down && axis !== right && shape[axis] > 1 && shape[axis] <= MOST_CHANNELS);
      if (samples < 0 && config.role !== "labels" && blendable.length > 0) {
        row.append(h("div", {class: "field"}, h("label", {for: "array-blend"}, "blended"),
          select("array-blend", "Axis whose positions are blended as channels", [["-1", "none"], ...blendable.map(axis => named[axis])], String(blended), text => this.#do.blend(Number(text)))));
      }
      children.push(row);
    }
    if (scaledOf(config, {down, right})) {
      const box = check("array-scaled", "Pixels as large as the axes say", view.scaled, on => this.#do.change(v => {
        v.scaled = on;
        v.camera = null;
      }));
      this.#parts.scaled = box.querySelector("input");
      children.push(box);
    }
    return children.length > 0 ? card("array-axes", "Axes", ...children) : null;
  }

  #contrast({config, view}, {samples, blended}) {
    if (config.role === "labels") return null;
    const children = [];
    if (blended >= 0) {
      const list = h("div", {class: "arrays-channels", role: "group", "aria-label": "Channels"});
      for (const channel of view.channels) {
        const name = `${nameOf(config, blended)} ${channel.at}`;
        const id = `array-channel-${channel.at}`;
        const edit = change => this.#do.change(v => change(v.channels.find(one => one.at === channel.at)));
        const box = check(id, name, channel.on, on => edit(one => { one.on = on; }));
        const color = select(`${id}-color`, `Colour of ${name}`, COLORMAPS, channel.lut, text => edit(one => { one.lut = text; }));
        const radio = h("input", {type: "radio", name: "array-chosen", id: `${id}-chosen`, "aria-label": `Contrast of ${name}`, onchange: () => this.#do.choose(channel.at)});
        list.append(h("div", {class: "arrays-channel"}, box, color, h("label", {class: "arrays-check", for: `${id}-chosen`}, radio, "contrast")));
        this.#parts.channels.push({channel: channel.at, on: box.querySelector("input"), color, radio});
      }
      children.push(list);
    }
    this.#parts.modes = MODES.map(([mode, label]) => h("button", {type: "button", class: "btn btn-small", "data-mode": mode, "aria-pressed": "false", title: TITLES[mode],
      onclick: () => this.#do.mode(mode)}, label));
    children.push(h("div", {class: "arrays-line", role: "group", "aria-label": "Limits"}, ...this.#parts.modes));
    const percent = side => h("input", {type: "number", min: 0, max: 100, step: 0.1, id: `array-percent-${side}`, "aria-label": side === 0 ? "Lower percentile" : "Upper percentile",
      onchange: event => this.#do.change(v => {
        const next = [...v.percentiles];
        next[side] = Number(event.target.value);
        if (next[0] >= 0 && next[1] <= 100 && next[0] < next[1]) v.percentiles = next;
      })});
    const inputs = [percent(0), percent(1)];
    const percentiles = h("div", {class: "arrays-line"}, inputs[0], "to", inputs[1], h("span", {class: "text-muted"}, "percent of the values"));
    this.#parts.percentiles = {element: percentiles, inputs};
    const limit = side => h("input", {type: "number", step: "any", id: `array-limit-${side}`, "aria-label": side === 0 ? "Lower limit, as a number" : "Upper limit, as a number",
      onchange: () => {
        const next = this.#parts.limits.map(input => readNumber(input.value));
        if (next[1] > next[0] && next.every(n => typeof n === "bigint" || Number.isFinite(n))) this.#do.limits(next, true);
      }});
    this.#parts.limits = [limit(0), limit(1)];
    this.#parts.counted = h("p", {class: "text-muted"});
    children.push(percentiles, this.#histogram.element,
      h("div", {class: "arrays-line arrays-limits"}, this.#parts.limits[0], "to", this.#parts.limits[1], config.unit ? h("span", {class: "text-muted"}, config.unit) : null),
      this.#parts.counted);
    const log = check("array-log", "Logarithmic bars", view.log, on => this.#do.change(v => { v.log = on; }));
    this.#parts.log = log.querySelector("input");
    children.push(log);
    this.#parts.gamma = h("input", {type: "range", id: "array-gamma", min: -1, max: 1, step: 0.02, oninput: event => this.#do.change(v => {
      v.gamma = Number((10 ** Number(event.target.value)).toPrecision(3));
    })});
    this.#parts.gammaText = h("output", {for: "array-gamma", class: "arrays-gamma"});
    children.push(h("div", {class: "arrays-line arrays-wide"}, h("label", {for: "array-gamma"}, "Gamma"), this.#parts.gamma, this.#parts.gammaText,
      h("button", {type: "button", class: "btn btn-small", "aria-label": "Gamma 1", onclick: () => this.#do.change(v => { v.gamma = 1; })}, "1")));
    if (samples < 0) {
      const row = h("div", {class: "arrays-line"});
      if (blended < 0) {
        this.#parts.lut = select("array-lut", "Colours", COLORMAPS, view.lut, text => this.#do.change(v => { v.lut = text; }));
        row.append(h("label", {for: "array-lut"}, "Colours"), this.#parts.lut);
      }
      const invert = check("array-invert", "Inverted", view.invert, on => this.#do.change(v => { v.invert = on; }));
      this.#parts.invert = invert.querySelector("input");
      row.append(invert);
      children.push(row);
    }
    return card("array-contrast", "Contrast", ...children);
  }

  #profile({view}) {
    if (!view.line) return null;
    this.#parts.ends = ["from, right", "from, down", "to, right", "to, down"].map((name, i) => h("input", {type: "number", step: "any", id: `array-end-${i}`, "aria-label": `Line ${name}`,
      onchange: () => {
        const n = this.#parts.ends.map(input => Number(input.value));
        if (n.every(Number.isFinite)) this.#do.line([[n[0], n[1]], [n[2], n[3]]]);
      }}));
    const [x0, y0, x1, y1] = this.#parts.ends;
    this.#parts.plot = h("div", {class: "arrays-plot"});
    this.#parts.profileNote = h("p", {class: "text-muted", role: "status"});
    this.#parts.profileRows = h("tbody");
    this.#parts.profileUnit = h("th", {scope: "col", class: "numeric"}, "value");
    return card("array-profile", "Profile", this.#parts.plot, this.#parts.profileNote,
      h("div", {class: "arrays-ends"}, h("span", {class: "text-muted"}, "from"), y0, x0, h("span", {class: "text-muted"}, "to"), y1, x1),
      h("p", {class: "text-muted"}, "Down and right, in pixels. Draw the line with Shift held, or with Profile pressed."),
      h("details", {class: "disclosure", ontoggle: () => this.#do.again()}, h("summary", {}, "Profile as a table"),
        h("div", {class: "table-scroll arrays-rows", tabindex: 0, role: "region", "aria-label": "Profile"},
          h("table", {class: "table"}, h("thead", {}, h("tr", {}, h("th", {scope: "col", class: "numeric"}, "pixels"), this.#parts.profileUnit)), this.#parts.profileRows))),
      h("button", {type: "button", class: "btn btn-small", onclick: () => this.#do.line(null)}, "Remove the line"));
  }

  #picture() {
    const names = [["rate", "shown"], ["offered", "offered"], ["latency", "latency"], ["sent", "sent"], ["missed", "missed"], ["frame", "frame"]];
    const pairs = names.map(([key, name]) => h("div", {}, h("dt", {}, name), this.#parts.stats[key] = h("dd", {"data-value": `array-${key}`}, "–")));
    this.#parts.copied = h("span", {class: "text-muted", role: "status"});
    return card("array-picture", "Picture", h("dl", {class: "pairs"}, ...pairs),
      h("div", {class: "arrays-line"},
        h("button", {type: "button", class: "btn btn-small", onclick: () => this.#do.png()}, "PNG of the screen"),
        h("button", {type: "button", class: "btn btn-small", onclick: () => this.#do.copy()}, "Copy link"), this.#parts.copied));
  }
}
