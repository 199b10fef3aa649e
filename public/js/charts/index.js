/**
 * Charts, live. The server writes their markup (components/chart.templ) and sends frames (dashboard/chart/feed.go); this
 * module draws them, all charts of a page with one beat and one reading line.
 *
 *     import {mount} from "./charts/index.js";
 *     const chart = mount(document.querySelector("[data-chart]"), {onFrames: (topic, draw) => frames.onFrames(topic, draw)});
 *     ...
 *     chart.destroy();
 *
 * The page's `themechange` has the colours read again. A change of the window of time (the links with data-window in
 * [data-chart-bar]) sets data-topic and data-window of every chart, replaces the page's address, and says `topicschange` on the
 * document, so that the page asks the server for the new topics; with `{again: true}` it asks for snapshots of the old ones. On
 * the element: `data-state` ("loading", "live", "held", "stale", "ended"), `data-values`
 * (values in the picture), `data-width` (ms that a bucket of it is wide).
 */

import "../shared.js";
import {Chart} from "./chart.js";
import {Group} from "./group.js";
import {listen} from "./input.js";
import {announce} from "../picture/feeds.js";

/** A snapshot is asked for at most this often, ms. */
const PATIENCE = 1000;

const mounted = new Map(); // element -> {chart, follow}
const group = new Group(showBar);
let listening = false;
let asked = -Infinity; // when a snapshot was, performance.now()

/**
 * Draws a chart into server-rendered markup.
 *
 * @param {HTMLElement} element with data-chart
 * @param {object} page what the page offers
 * @param {function(string, function(object[]))} page.onFrames hands all frames of a topic, as lists; returns what ends it
 * @param {function(Blob, string)} page.save offers a file
 * @param {function(string, AbortSignal): Promise<object>} [page.load] resolves to the JSON of an address, for what is zoomed in on
 * @returns {{setPaused: function(boolean), setStale: function(boolean), destroy: function()}}
 */
export function mount(element, {onFrames, save, load}) {
  unmount(element);
  startPage();
  adopt(element);
  group.setWindow(Number(element.dataset.window) * 1000);
  const chart = new Chart(element, group, save, load);
  if (group.held !== null) chart.restart();
  const aborter = new AbortController();
  listen(element.querySelector("[data-chart-picture]"), chart, group, aborter.signal);
  element.querySelector("[data-chart-legend]")?.addEventListener("click", event => {
    const key = event.target.closest?.("[data-line]");
    if (!key) return;
    const shown = key.getAttribute("aria-pressed") !== "true";
    key.setAttribute("aria-pressed", String(shown));
    chart.showLine(Number(key.dataset.line), shown);
  }, {signal: aborter.signal});

  let stop = () => {};
  const follow = () => {
    stop();
    stop = element.dataset.topic ? onFrames(element.dataset.topic, frames => {
      if (chart.take(frames) || performance.now() - asked < PATIENCE) return;
      asked = performance.now();
      // Frames came before the one they build on, as when this module was loaded after the first.
      announce(true);
    }) : () => {};
  };
  follow();
  group.add(chart);
  showBar();
  mounted.set(element, {
    chart,
    follow,
    destroy() {
      stop();
      aborter.abort();
      group.remove(chart);
      chart.destroy();
    },
  });
  return {
    setPaused: paused => group.setPaused(paused),
    setStale: stale => chart.setStale(stale),
    destroy: () => unmount(element),
  };
}

// A chart that came later shows the window of time that somebody has chosen for the page.
function adopt(element) {
  const chosen = mounted.size > 0 ? document.querySelector("[data-chart-bar] [data-window][aria-current=true]")?.dataset.window : null;
  if (!chosen || chosen === element.dataset.window) return;
  element.dataset.window = chosen;
  element.dataset.topic = element.dataset.topic.replace(/\d+$/, chosen);
}

/** Lets go of a chart. */
function unmount(element) {
  mounted.get(element)?.destroy();
  mounted.delete(element);
}

function startPage() {
  if (listening) return;
  listening = true;
  document.addEventListener("themechange", () => {
    for (const {chart} of mounted.values()) chart.setTheme();
  });
  document.addEventListener("visibilitychange", () => document.hidden || group.wake(true));
  // Before htmx and the browser: the window changes in place, the page is not loaded again.
  document.addEventListener("click", event => {
    const target = event.target instanceof Element ? event.target : null;
    const link = target?.closest("[data-chart-bar] [data-window]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
      setWindow(Number(link.dataset.window), link.href);
      return;
    }
    if (target?.closest("[data-chart-live]")) group.setZoom(null);
    const button = target?.closest("[data-chart-do]");
    if (button) act(button);
  }, {capture: true});
}

function act(button) {
  const chart = mounted.get(button.closest(".card")?.querySelector("[data-chart]"))?.chart;
  if (!chart) return;
  const menu = button.closest("details");
  if (menu) menu.open = false;
  if (button.dataset.chartDo === "log") {
    chart.setLog(!chart.log);
    button.textContent = chart.log ? "Linear axis" : "Logarithmic axis";
  } else if (button.dataset.chartDo === "png") {
    chart.savePicture().catch(reportError);
  }
}

/** Shows another window of time in all charts of the page. */
function setWindow(seconds, href) {
  if (!(seconds > 0)) return;
  history.replaceState(history.state, "", href);
  for (const link of document.querySelectorAll("[data-chart-bar] [data-window]")) {
    if (Number(link.dataset.window) === seconds) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (const link of document.querySelectorAll("[data-chart-link]")) {
    const url = new URL(link.href);
    for (const key of ["window", "seconds"]) {
      if (url.searchParams.has(key)) url.searchParams.set(key, String(seconds));
    }
    link.href = url.href;
  }
  group.setWindow(seconds * 1000);
  for (const [element, {chart, follow}] of mounted) {
    element.dataset.window = String(seconds);
    element.dataset.topic = element.dataset.topic.replace(/\d+$/, String(seconds));
    chart.restart();
    follow();
  }
  announce();
}

function showBar() {
  for (const button of document.querySelectorAll("[data-chart-live]")) button.hidden = group.zoom === null;
}
