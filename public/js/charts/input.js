/**
 * Pointer, wheel and keys on a chart. Moving reads; dragging zooms in on a part; a double click goes back to the present; the
 * wheel zooms together with Shift or Ctrl (alone it scrolls the page, as everywhere). Touch: a finger reads, two pinch.
 */

/** A drag shorter than this is a click, CSS pixels. */
const DRAG = 4;

const WHEEL = 0.0025; // zoom by one wheel pixel, as a power of e
const KEY_ZOOM = 1.5;
const LINE = 16; // CSS pixels of a wheel's line

/**
 * @param {HTMLElement} element the picture, which can be focused
 * @param {Chart} chart
 * @param {Group} group
 * @param {AbortSignal} signal ends it
 */
export function listen(element, chart, group, signal) {
  const options = {signal};
  const touches = new Map(); // pointer id -> clientX
  let begun = null; // {id, x} of a drag with a mouse or pen
  let pinch = null; // {from, to: times under the two fingers}

  element.addEventListener("pointerdown", event => {
    if (event.pointerType === "touch") {
      touches.set(event.pointerId, event.clientX);
      if (touches.size === 2) pinch = [...touches.values()].sort((a, b) => a - b).map(x => chart.timeAt(x));
      else read(event);
      return;
    }
    if (event.button !== 0) return;
    if (chart.timeAt(event.clientX) === null) return;
    begun = {id: event.pointerId, x: event.clientX};
    element.setPointerCapture(event.pointerId);
  }, options);

  element.addEventListener("pointermove", event => {
    if (touches.has(event.pointerId)) touches.set(event.pointerId, event.clientX);
    if (touches.size === 2 && pinch?.every(time => time !== null)) return zoomBetween();
    if (begun && Math.abs(event.clientX - begun.x) > DRAG) {
      group.grip(true);
      chart.showBrush(inside(begun.x), inside(event.clientX));
    }
    read(event);
  }, options);

  const end = event => {
    touches.delete(event.pointerId);
    if (touches.size < 2) pinch = null;
    if (!begun || event.pointerId !== begun.id) return;
    const {x} = begun;
    begun = null;
    chart.showBrush(null);
    if (event.type === "pointerup" && Math.abs(event.clientX - x) > DRAG) {
      const [from, to] = [x, event.clientX].map(inside).sort((a, b) => a - b);
      group.setZoom({from, to});
    }
    group.grip(false);
  };
  element.addEventListener("pointerup", end, options);
  element.addEventListener("pointercancel", end, options);
  element.addEventListener("pointerleave", event => {
    if (!begun && event.pointerType !== "touch") group.setCursor(null);
  }, options);
  element.addEventListener("dblclick", () => group.setZoom(null), options);

  element.addEventListener("wheel", event => {
    if (!event.shiftKey && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    // With Shift browsers turn the wheel sideways.
    let turned = Math.abs(event.deltaY) > Math.abs(event.deltaX) ? event.deltaY : event.deltaX;
    if (event.deltaMode === WheelEvent.DOM_DELTA_LINE) turned *= LINE;
    const time = chart.timeAt(event.clientX);
    if (time !== null) group.zoomBy(Math.exp(-turned * WHEEL), time);
  }, {...options, passive: false});

  element.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key];
    if (!act || !chart.view) return;
    event.preventDefault();
    act(event.shiftKey ? 10 : 1);
  }, options);
  // What the keys read is said aloud; what the pointer passes over is not.
  const readout = element.querySelector("[data-chart-readout]");
  element.addEventListener("keydown", () => readout?.setAttribute("aria-live", "polite"), options);
  element.addEventListener("pointermove", () => readout?.removeAttribute("aria-live"), options);
  element.addEventListener("blur", () => group.setCursor(null), options);

  const keys = {
    ArrowLeft: steps => step(-steps),
    ArrowRight: steps => step(steps),
    Home: () => group.setCursor(chart.view.from),
    End: () => group.setCursor(chart.view.to),
    PageUp: () => group.pan(-0.5),
    PageDown: () => group.pan(0.5),
    "+": () => group.zoomBy(KEY_ZOOM, group.cursor ?? middle()),
    "=": () => group.zoomBy(KEY_ZOOM, group.cursor ?? middle()),
    "-": () => group.zoomBy(1 / KEY_ZOOM, group.cursor ?? middle()),
    Escape: () => group.setZoom(null),
  };

  function middle() {
    return (chart.view.from + chart.view.to) / 2;
  }

  function step(steps) {
    const {from, to} = chart.view;
    const by = Math.max(chart.width, (to - from) / 300) * steps;
    group.setCursor(Math.min(to, Math.max(from, (group.cursor ?? to) + by)));
  }

  function read(event) {
    group.setCursor(chart.timeAt(event.clientX));
  }

  // The time at a place, or at the edge nearest to it.
  function inside(clientX) {
    const plot = chart.plot();
    return chart.timeAt(Math.min(plot.left + plot.width, Math.max(plot.left, clientX))) ?? chart.view.to;
  }

  function zoomBetween() {
    const plot = chart.plot();
    const [x1, x2] = [...touches.values()].sort((a, b) => a - b);
    const [t1, t2] = pinch;
    if (x2 - x1 < 10 || t2 <= t1) return;
    const perPixel = (t2 - t1) / (x2 - x1);
    const from = t1 - (x1 - plot.left) * perPixel;
    group.setZoom({from, to: from + plot.width * perPixel});
  }
}
