/**
 * The columns of an array of records as charts, each over the number of its row. The table beside them has the same in numbers.
 *
 * A frame of the topic: {"topic", "ts", "total": rows, "step": rows that a value stands for, "names": [field, ...], "units": [text,
 * ...], "columns": {field: [value or null, ...]}}.
 */

import "../shared.js";
import {curveOf} from "./profile.js";
import {h} from "../dom.js";
import {columnsOf} from "./records.js";
import {plot} from "./plot.js";

/** Charts, at most. */
const MOST = 24;

/** Draws into an element with data-topic. */
export function mountColumns(root, {onFrame}) {
  const charts = new Map(); // field -> {element, chart}
  let paused = false;
  let held = null;
  const show = frame => {
    if (paused) {
      held = frame;
      return;
    }
    const columns = columnsOf(frame).slice(0, MOST);
    const wanted = new Set(columns.map(({field}) => field));
    for (const [field, {element, chart}] of charts) {
      if (wanted.has(field)) continue;
      chart.destroy();
      element.remove();
      charts.delete(field);
    }
    columns.forEach(({field, unit, rows, numbers}, i) => {
      if (!charts.has(field)) {
        const place = h("div", {class: "arrays-plot"});
        const element = h("section", {class: "card", "aria-label": field},
          h("header", {class: "card-head"}, h("h3", {class: "card-title"}, field), unit ? h("span", {class: "text-muted"}, unit) : null), place);
        root.append(element);
        charts.set(field, {element, chart: plot(place)});
      }
      const {from, y, wordOf} = curveOf(Array.from(numbers, n => n ?? NaN));
      charts.get(field).chart.set({x: rows, y, above: from === 0 ? "" : wordOf(0), wordOf, xName: "row", yName: field, series: 1 + i % 8,
        label: `${field}: ${frame.total ?? numbers.length} values over the number of the row`});
    });
    root.dataset.charts = String(charts.size);
  };
  const stop = onFrame(root.dataset.topic, show);
  return {
    setPaused(value) {
      paused = value;
      if (!paused && held) show(held);
      held = null;
    },
    setStale: stale => root.classList.toggle("arrays-stale", stale),
    destroy() {
      stop();
      for (const {chart} of charts.values()) chart.destroy();
      root.replaceChildren();
    },
  };
}
