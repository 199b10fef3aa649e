/**
 * Hands: mouse, pen, touch, wheel and keys become calls of the viewer. It knows events and nothing of the picture.
 *
 * Drag pans, two fingers pinch (on the screen, or on a touchpad), the wheel zooms about the pointer, a double click or double
 * tap zooms in (with Shift out).
 * Where a plain press points at something in the picture instead, a drag with the right or the middle button, or with Shift or
 * Control held, pans, and a double click is two presses.
 * Keys, unless somebody is typing: arrows pan (Shift: further), + and - zoom, f, 0 and Home fit, v follows the view, g asks
 * for napari's grid.
 */

import {wheelFactor} from "./camera.js";

/** CSS pixels a pointer must move before it is a drag and not a click. */
const DRAG_FROM = 3;

/** Two taps are a double tap within this time (ms) and distance (CSS pixels). */
const DOUBLE_TAP_TIME = 300;
const DOUBLE_TAP_REACH = 24;

const DOUBLE_ZOOM = 2;
const KEY_ZOOM = 1.5;

/** Share of the picture an arrow key moves. */
const KEY_PAN = 0.12;
const KEY_PAN_FAR = 0.5;

/**
 * Listens until the signal aborts.
 *
 * @param {HTMLElement} surface the canvas that is dragged; it must have `touch-action: none`
 * @param {object} hands what to call, positions in CSS pixels from the surface's top left:
 * `pan(dx, dy, by)` the picture was dragged, by a pointer that went down with `by.button` and `by.shift`; `pinch(from, to)` as camera.pinch takes them; `zoomAt(x, y, factor)` at once, of the
 * wheel; `zoomTo(x, y, factor)` one step, may be animated; `zoomBy(factor)` about the middle; `step(dx, dy)` pan by shares of
 * the picture; `fit()`; `follow()`; `grid()`; `point(x, y, held)` the pointer is here, held down or not; `leave()` it went away; `draws(event)`, which may be missing, tells whether a
 * pointer that goes down draws instead of moving the picture, `draw(phase, x, y)` is then called with "start", "move", "end",
 * and the event;
 * `presses()`, which may be missing, tells whether plain presses draw, and `rights()` whether the right button counts, which it does
 * then
 * @param {AbortSignal} signal
 */
export function listen(surface, hands, signal) {
  const pointers = new Map();
  let dragging = false;
  let drawing = null; // pointer that draws
  let lastTap = null;
  const rights = () => hands.rights?.() ?? hands.presses?.() ?? false;

  const place = event => {
    const box = surface.getBoundingClientRect();
    return {x: event.clientX - box.left, y: event.clientY - box.top};
  };
  const fingers = () => {
    const [a, b] = [...pointers.values()];
    return {ax: a.x, ay: a.y, bx: b.x, by: b.y};
  };
  const on = (target, name, handler, options) => target.addEventListener(name, handler, {...options, signal});

  on(surface, "pointerdown", event => {
    if (event.pointerType === "mouse" && event.button > (rights() ? 2 : 1)) return;
    const at = place(event);
    pointers.set(event.pointerId, {...at, fromX: at.x, fromY: at.y, button: event.button, shift: event.shiftKey});
    dragging = pointers.size > 1;
    surface.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault();
    if (drawing !== null) {
      // A second finger means a pinch; what the first one drew ends where that one is.
      const {x, y} = pointers.get(drawing);
      hands.draw("end", x, y, event);
      drawing = null;
    } else if (pointers.size === 1 && hands.draws?.(event)) {
      drawing = event.pointerId;
      hands.draw("start", at.x, at.y, event);
    }
  });

  on(surface, "pointermove", event => {
    const at = place(event);
    const pointer = pointers.get(event.pointerId);
    if (!pointer) {
      if (event.pointerType !== "touch") hands.point(at.x, at.y);
      return;
    }
    if (event.pointerId === drawing) {
      Object.assign(pointer, at);
      hands.draw("move", at.x, at.y, event);
    } else if (pointers.size === 2) {
      const from = fingers();
      Object.assign(pointer, at);
      hands.pinch(from, fingers());
    } else if (pointers.size === 1) {
      if (!dragging && Math.hypot(at.x - pointer.fromX, at.y - pointer.fromY) < DRAG_FROM) return;
      if (!dragging) surface.style.cursor = "grabbing";
      dragging = true;
      const {x, y} = pointer;
      Object.assign(pointer, at);
      hands.pan(at.x - x, at.y - y, pointer);
    } else {
      Object.assign(pointer, at);
    }
    hands.point(at.x, at.y, true);
  });

  const release = event => {
    const pointer = pointers.get(event.pointerId);
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size === 0) surface.style.cursor = "";
    if (event.pointerId === drawing) {
      drawing = null;
      // Where a pointer is that was taken away is not told.
      const at = event.type === "pointerup" ? place(event) : pointer;
      hands.draw("end", at.x, at.y, event);
      return;
    }
    if (event.type !== "pointerup" || event.pointerType === "mouse") return;
    const at = place(event);
    if (dragging || pointers.size > 0) {
      lastTap = null;
    } else if (lastTap && event.timeStamp - lastTap.time < DOUBLE_TAP_TIME &&
        Math.hypot(at.x - lastTap.x, at.y - lastTap.y) < DOUBLE_TAP_REACH) {
      lastTap = null;
      hands.zoomTo(at.x, at.y, DOUBLE_ZOOM);
    } else {
      lastTap = {...at, time: event.timeStamp};
      hands.point(at.x, at.y);
    }
  };
  on(surface, "pointerup", release);
  on(surface, "pointercancel", release);
  on(surface, "lostpointercapture", release);
  on(surface, "pointerleave", event => {
    if (event.pointerType !== "touch" && !pointers.has(event.pointerId)) hands.leave();
  });

  // Double taps are told above, because not every browser makes a dblclick of them; this one is the mouse's.
  let pressedBy = "mouse";
  on(surface, "pointerdown", event => { pressedBy = event.pointerType; });
  on(surface, "dblclick", event => {
    if (pressedBy !== "mouse" || hands.presses?.()) return;
    const at = place(event);
    hands.zoomTo(at.x, at.y, event.shiftKey ? 1 / DOUBLE_ZOOM : DOUBLE_ZOOM);
  });

  on(surface, "contextmenu", event => {
    if (rights()) event.preventDefault(); // the right button pans
  });

  on(surface, "wheel", event => {
    event.preventDefault();
    const at = place(event);
    hands.zoomAt(at.x, at.y, wheelFactor(event, surface.clientHeight));
  }, {passive: false});

  // Safari on macOS tells a touchpad's pinch in events of its own, others as a wheel with ctrlKey. Safari on iOS sends them
  // beside the fingers' pointer events, which have moved the picture already. Unprevented, either would zoom the whole page.
  let pinched = 0; // scale of the pinch so far; 0: there is none, or it is the fingers'
  on(surface, "gesturestart", event => {
    event.preventDefault();
    pinched = pointers.size === 0 ? event.scale : 0;
  });
  on(surface, "gesturechange", event => {
    event.preventDefault();
    if (pinched === 0) return;
    const at = place(event);
    hands.zoomAt(at.x, at.y, event.scale / pinched);
    pinched = event.scale;
  });
  on(surface, "gestureend", event => {
    event.preventDefault();
    pinched = 0;
  });

  on(surface.ownerDocument, "keydown", event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keyAction(event, hands);
    if (!act || !mayTake(event, surface)) return;
    event.preventDefault();
    act();
  });
}

function keyAction(event, hands) {
  const far = event.shiftKey ? KEY_PAN_FAR : KEY_PAN;
  switch (event.key) {
    case "ArrowLeft": return () => hands.step(-far, 0);
    case "ArrowRight": return () => hands.step(far, 0);
    case "ArrowUp": return () => hands.step(0, -far);
    case "ArrowDown": return () => hands.step(0, far);
    case "+": case "=": return () => hands.zoomBy(KEY_ZOOM);
    case "-": case "_": return () => hands.zoomBy(1 / KEY_ZOOM);
    case "f": case "0": case "Home": return () => hands.fit();
    case "v": return () => hands.follow();
    case "g": return () => hands.grid();
    default: return null;
  }
}

/** Whether a key is the viewer's: not while somebody types, and arrows not where they already mean something. */
function mayTake(event, surface) {
  const target = event.target;
  if (target === surface || target === surface.ownerDocument.body) return true;
  if (!(target instanceof Element)) return true;
  if (target.closest("input, textarea, select, [contenteditable=''], [contenteditable=true], dialog, [role=menu], [role=listbox]")) {
    return false;
  }
  return !event.key.startsWith("Arrow") && event.key !== "Home";
}

/** The zoom of a button, the same as that of a key. */
export const BUTTON_ZOOM = KEY_ZOOM;
