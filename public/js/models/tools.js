/**
 * The controls of a model's picture: what is coloured and how, what is drawn over it, files and links. They show a view
 * (state.js) and say what somebody wants of it; they hold nothing of their own.
 */

import {Histogram} from "../arrays/histogram.js";
import {check, fill, h, say, select} from "../dom.js";
import {COLORMAPS} from "../viewer/lut.js";
import {short} from "../address.js";
import {FIRST_LINES, LINES} from "./state.js";

const MODES = [["auto", "Auto"], ["zero", "0 to most"], ["manual", "Fixed"]];

const TITLES = {auto: "From the least to the greatest density of the picture, smoothed", zero: "From no density to the greatest", manual: "Stays as it is"};

/** What stands first in the list of colours: those that suit a density. */
const FIRST = ["viridis", "magma", "inferno", "plasma", "turbo", "gray"];

export class Tools {
  #root;
  #do;
  #parts = {};
  #built = "";
  #histogram;

  /**
   * @param {?HTMLElement} root of the controls; null: there are none on this page
   * @param {object} actions `change(edit)` edits the view, edit is given it; `mode(mode)`; `limits([low, high])`; `png()`,
   * `copy()`
   */
  constructor(root, actions) {
    this.#root = root;
    this.#do = actions;
    this.#histogram = new Histogram(limits => actions.limits(limits));
  }

  /**
   * Shows a view.
   *
   * @param {{config: object, view: object}} state
   */
  show({config, view}) {
    if (!this.#root) return;
    const built = JSON.stringify([config.phase, config.tracers > 0, config.unit]);
    if (built !== this.#built || !this.#root.firstChild) {
      this.#built = built;
      this.#build(config, view);
    }
    const {lut, modes, shows, lines, contours, tracers, smooth} = this.#parts;
    fill(lut, view.lut);
    this.#parts.table.hidden = view.show === "phase";
    this.#parts.hues.hidden = view.show !== "phase";
    for (const button of modes) press(button, button.dataset.mode === view.mode);
    for (const button of shows) press(button, button.dataset.show === view.show);
    if (contours) {
      contours.checked = view.lines > 0;
      if (view.lines > 0) fill(lines, view.lines); // else a choice turns them on
    }
    if (tracers) tracers.checked = view.tracers;
    smooth.checked = view.smooth;
  }

  /** Shows the values of the picture and the range of its colours. */
  showRange({counts, limits, table}) {
    if (!this.#parts.limits) return;
    this.#histogram.set({counts, limits, table, log: false, whole: false});
    // In steps that can be told apart in this range: what is nothing beside it is nothing.
    const step = 10 ** (Math.floor(Math.log10(limits[1] - limits[0])) - 3);
    this.#parts.limits.forEach((input, side) => fill(input, short(Number((Math.round(limits[side] / step) * step).toPrecision(6)))));
  }

  /** Says something about a file or a link; with a link, it is there to be copied by hand. */
  say(text, link = "") {
    say(this.#parts.said, text);
    const field = this.#parts.link;
    if (!field) return;
    field.hidden = link === "";
    field.value = link;
    if (link !== "") {
      field.focus();
      field.select();
    }
  }

  /** Whether the picture fills the screen. */
  showFull(full) {
    for (const button of this.#root?.querySelectorAll("[data-model-action=full]") ?? []) press(button, full);
  }

  destroy() {
    this.#histogram.destroy();
    this.#root?.replaceChildren();
  }

  #build(config, view) {
    const parts = this.#parts = {};
    const change = edit => this.#do.change(edit);
    const button = (label, attributes, act) => h("button", {type: "button", class: "btn btn-small", ...attributes, onclick: act}, label);
    const choices = [...FIRST.map(name => COLORMAPS.find(([one]) => one === name)), ...COLORMAPS.filter(([name]) => !FIRST.includes(name))];
    parts.lut = select("model-lut", "Colours of the density", choices, view.lut, text => change(v => { v.lut = text; }));
    parts.shows = config.phase ? [["density", "Density"], ["phase", "Phase"]].map(([show, label]) => button(label, {"data-show": show, "aria-pressed": "false",
      title: show === "phase" ? "The phase as hue, as bright as the density" : "The density in the colours below"}, () => change(v => { v.show = show; }))) : [];
    parts.modes = MODES.map(([mode, label]) => button(label, {"data-mode": mode, "aria-pressed": "false", title: TITLES[mode]}, () => this.#do.mode(mode)));
    const limit = side => h("input", {type: "number", step: "any", id: `model-limit-${side}`, "aria-label": side === 0 ? "Lower limit of the colours" : "Upper limit of the colours",
      onchange: () => {
        const next = parts.limits.map(input => Number(input.value));
        if (parts.limits.every(input => input.value !== "") && next.every(Number.isFinite) && next[1] > next[0]) this.#do.limits(next);
      }});
    parts.limits = [limit(0), limit(1)];
    const over = [];
    if (config.tracers > 0) {
      const box = check("model-tracers", "Tracers", view.tracers, on => change(v => { v.tracers = on; }));
      parts.tracers = box.querySelector("input");
      over.push(box);
    }
    if (config.phase) {
      const box = check("model-contours", "Phase contours", view.lines > 0, on => change(v => { v.lines = on ? Number(parts.lines.value) : 0; }));
      parts.contours = box.querySelector("input");
      parts.lines = select("model-lines", "Contours in a full turn of the phase", LINES.map(n => [String(n), spacing(n)]), String(view.lines || FIRST_LINES),
        text => change(v => { v.lines = Number(text); }));
      over.push(h("span", {class: "models-pair"}, box, parts.lines));
    }
    const smooth = check("model-smooth", "Smooth", view.smooth, on => change(v => { v.smooth = on; }));
    parts.smooth = smooth.querySelector("input");
    over.push(smooth);
    parts.said = h("span", {class: "text-muted", role: "status"});
    parts.link = h("input", {type: "text", readonly: true, hidden: true, class: "models-link", "aria-label": "The link"});
    this.#root.classList.add("models-tools");
    this.#root.replaceChildren(
      h("div", {class: "models-line models-colours"},
        parts.shows.length > 0 ? h("span", {class: "models-group", role: "group", "aria-label": "What is coloured"}, ...parts.shows) : null,
        parts.table = h("span", {class: "models-label"}, h("label", {for: "model-lut"}, "Colours"), parts.lut),
        parts.hues = h("span", {class: "models-label", hidden: true}, "−π", h("span", {class: "models-hues", role: "img", "aria-label": "red, yellow, green, cyan, blue, magenta, red"}), "π")),
      h("div", {class: "models-line models-range", role: "group", "aria-label": "Range of the colours"},
        h("span", {class: "models-group"}, ...parts.modes),
        h("span", {class: "models-limits"}, parts.limits[0], "to", parts.limits[1], config.unit ? h("span", {class: "text-muted"}, config.unit) : null)),
      this.#histogram.element,
      h("div", {class: "models-line models-over"}, ...over),
      h("div", {class: "models-line models-files"},
        button("Fit", {title: "Fit (f)", "aria-keyshortcuts": "f", "data-viewer-action": "fit"}),
        button("Full screen", {title: "Full screen (k)", "aria-keyshortcuts": "k", "data-model-action": "full", "aria-pressed": "false"}),
        button("PNG", {title: "The picture as it is on the screen"}, () => this.#do.png()),
        button("Copy link", {title: "To this view, with all parameters that have been changed"}, () => this.#do.copy()),
        parts.said),
      parts.link);
  }
}

function press(button, on) {
  const text = String(on);
  if (button.getAttribute("aria-pressed") !== text) button.setAttribute("aria-pressed", text);
}

/** The angle between two of n lines in a full turn. */
function spacing(n) {
  return {4: "every π/2", 8: "every π/4", 12: "every π/6", 16: "every π/8", 24: "every π/12"}[n];
}
