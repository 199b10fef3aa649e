/** Lines over a number, drawn by ECharts: the profile of a picture and the columns of a table. Loaded when first needed. */

import "../shared.js";
import {init} from "echarts";
import {color, resolve} from "../charts/option.js";
import {h} from "../dom.js";
import {NONE} from "../format.js";

const GRID = {left: 56, right: 12, top: 12, bottom: 36};

// What stands beside the pointer: the place, and the value there with the name and the colour of the line.
function tip(x, name, value, series) {
  return h("div", {class: "arrays-tip"}, h("span", {}, x), h("span", {class: `arrays-tip-line text-series-${series}`}), h("span", {}, name), h("b", {}, value));
}

/**
 * Draws into an element that has a size.
 *
 * @param {HTMLElement} element
 * @returns {{set: function(object), destroy: function()}} set takes `{x, y, above, wordOf, xName, yName, label, series}`: x and y of equal
 * length, above what y is counted from, in words, "" for zero, wordOf(y) the value of a y in words, names of the axes with their units,
 * label for screen readers, series the number of the colour
 */
export function plot(element) {
  const chart = init(element, null, {renderer: "canvas"});
  let last = null;
  const draw = () => {
    if (!last) return;
    const {x, y, above = "", wordOf, xName, yName, label, series = 1} = last;
    chart.setOption(resolve({
      animation: false, aria: {enabled: false}, grid: [above ? {...GRID, top: 28} : GRID],
      // Elements, because the text that ECharts makes has style attributes, which the page's policy does not take.
      tooltip: {trigger: "axis", transitionDuration: 0, axisPointer: {lineStyle: {color: "var(--muted)"}}, backgroundColor: "var(--panel)",
        borderColor: "var(--highlight)", textStyle: {color: "var(--text)", fontSize: 12},
        formatter: ([point]) => tip(String(Number(point.value[0].toPrecision(6))), yName, Number.isFinite(point.value[1]) ? wordOf(point.value[1]) : NONE, series)},
      xAxis: [{type: "value", min: "dataMin", max: "dataMax", name: xName, nameLocation: "middle", nameGap: 22, nameTextStyle: {color: "var(--muted)"},
        axisLabel: {color: "var(--muted)", hideOverlap: true, showMaxLabel: false}, splitLine: {show: false}}],
      yAxis: [{type: "value", scale: true, name: above && `+ ${above}`, nameLocation: "end", nameGap: 8,
        nameTextStyle: {color: "var(--muted)", align: "left", padding: [0, 0, 0, 8 - GRID.left]}, axisLabel: {color: "var(--muted)", hideOverlap: true}, splitLine: {lineStyle: {color: "var(--control)"}}}],
      series: [{type: "line", name: yName, showSymbol: false, silent: true, sampling: "minmax", data: Array.from(x, (value, i) => [value, Number.isFinite(y[i]) ? y[i] : null]),
        lineStyle: {color: `var(--series-${series})`, width: 1.5}, itemStyle: {color: `var(--series-${series})`}}],
    }, color), {lazyUpdate: true});
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", label);
  };
  const observer = new ResizeObserver(() => chart.resize());
  observer.observe(element);
  document.addEventListener("themechange", draw);
  return {
    set(data) {
      last = data;
      draw();
    },
    destroy() {
      observer.disconnect();
      document.removeEventListener("themechange", draw);
      chart.dispose();
    },
  };
}
