/**
 * Mounts what draws itself: the tile viewer on [data-viewer], charts on [data-chart], the picture of a shared array on
 * [data-array], the charts of an array of records on [data-array-columns], a simulation on [data-model], napari's canvas on [data-canvas], a volume on [data-volume], cross sections on [data-sections], the cards of a board on [data-board-own], the button that records a film on [data-film]. Their modules are loaded when the first
 * such element appears. What has left the page is let go.
 */

import {Looks} from "./looks.js";
import {afterPaint, afterThisPaint} from "./paint.js";
import {Says} from "./picture/says.js";
import {who} from "./who.js";

export class Pictures {
  #frames;
  #onMounted;
  #send;
  #looks;
  #mounted = new Map(); // element -> {destroy, setPaused, setStale}
  #loading = new Set();
  #paused = false;
  #isStale = () => false;
  #stale = new Map(); // element -> whether it was told so

  /**
   * @param {Frames} frames
   * @param {function()} onMounted called when a picture can draw
   * @param {function(string)} send sends a text over the socket, if there is a connection
   */
  constructor(frames, onMounted, send) {
    this.#frames = frames;
    this.#onMounted = onMounted;
    this.#send = send;
    this.#looks = new Looks(send);
  }

  /** There is a new connection. */
  connected() {
    this.#looks.opened();
  }

  start() {
    document.addEventListener("pausechange", event => {
      this.#paused = event.detail.paused;
      for (const picture of this.#mounted.values()) picture.setPaused?.(this.#paused);
    });
    document.addEventListener("viewer:png", event => save(event.detail.blob, `webmon-tiles-${stamp(new Date())}.png`));
    this.scan();
  }

  /** Brings what is mounted in line with what is on the page. */
  scan() {
    for (const [element, picture] of this.#mounted) {
      if (element.isConnected) continue;
      this.#mounted.delete(element);
      this.#stale.delete(element);
      picture.destroy?.();
    }
    for (const element of document.querySelectorAll("[data-viewer]:not([data-model])")) this.#mount(element, () => import("./viewer/index.js"), mountViewer);
    for (const element of document.querySelectorAll("[data-chart]")) this.#mount(element, () => import("./charts/index.js"), mountChart);
    for (const element of document.querySelectorAll("[data-array]")) this.#mount(element, () => import("./arrays/index.js"), mountArray);
    for (const element of document.querySelectorAll("[data-array-columns]")) this.#mount(element, () => import("./arrays/columns.js"), mountColumns);
    for (const element of document.querySelectorAll("[data-film]")) this.#mount(element, () => import("./film/index.js"), mountFilm);
    for (const element of document.querySelectorAll("[data-sections]")) this.#mount(element, () => import("./sections/index.js"), mountSections);
    for (const element of document.querySelectorAll("[data-volume]")) this.#mount(element, () => import("./volumes/index.js"), mountVolume);
    for (const element of document.querySelectorAll("[data-model]")) this.#mount(element, () => import("./models/index.js"), mountModel);
    for (const element of document.querySelectorAll("[data-canvas]")) this.#mount(element, () => import("./canvas/index.js"), mountCanvas);
    for (const element of document.querySelectorAll("[data-map]")) this.#mount(element, () => import("./maps/index.js"), mountMap);
    for (const element of document.querySelectorAll("[data-board-own]")) this.#mount(element, () => import("./board/index.js"), mountBoard);
    for (const element of document.querySelectorAll("[data-map-find]")) this.#mount(element, () => import("./maps/find.js"), mountMap);
  }

  /**
   * What is shown may no longer be true: the connection is lost, or the process has gone quiet.
   *
   * @param {function(Element): boolean} isStale tells of a picture
   */
  setStale(isStale) {
    this.#isStale = isStale;
    for (const element of this.#mounted.keys()) this.#tellStale(element);
  }

  #tellStale(element) {
    const stale = this.#isStale(element);
    if (stale === (this.#stale.get(element) ?? false)) return;
    this.#stale.set(element, stale);
    this.#mounted.get(element).setStale?.(stale);
  }

  async #mount(element, importModule, mount) {
    if (this.#mounted.has(element) || this.#loading.has(element)) return;
    this.#loading.add(element);
    try {
      const module = await importModule();
      if (!element.isConnected) return;
      const picture = mount(module, element, this.#frames, this.#send, (frame, limits) => this.#looks.drawn(frame, limits)) ?? {};
      this.#mounted.set(element, picture);
      element.dataset.liveMounted = ""; // data-live-... stays when the element is rendered again
      this.#onMounted();
      if (this.#paused) picture.setPaused?.(true);
      this.#tellStale(element);
    } catch (error) {
      element.dataset.state = "failed";
      reportError(error);
    } finally {
      this.#loading.delete(element);
    }
  }
}

function mountViewer({createViewer, Layers, Under}, element, frames, send, looks) {
  const scope = element.closest("[data-viewer-scope]") ?? document;
  const buttons = () => scope.querySelectorAll("[data-viewer-show]");
  const pressed = name => scope.querySelector(`[data-viewer-show=${name}]`)?.getAttribute("aria-pressed") === "true";
  const hear = (topic, draw) => frames.onFrame(topic, draw);
  let under = null;
  let layers = null;
  const says = new Says(element);
  const drawn = pictures => {
    for (const {frame, limits} of pictures) if (limits) looks(frame, limits);
    says.drawn(() => pictures.map(({frame}) => frame));
  };
  const viewer = createViewer(element, {onFrame: screen => {
    under?.moved(screen);
    layers?.moved(screen);
  }});
  // The view of the layer shows it as napari draws it, where napari says how; else upright, as under the tiles.
  const alone = element.dataset.viewerTiles === "off";
  let tiles = !alone;
  const look = () => {
    const placed = alone && layers?.there === true;
    const view = placed ? pressed("layers") ? "layers" : "layer" : "";
    element.dataset.view = view || "tiles";
    viewer.setTiles(tiles);
    viewer.setShade(pressed("shade"));
    // Who no longer draws takes its pictures away before the other draws.
    if (!placed) layers?.show("");
    under.setShown(!placed && (scope.querySelector("[data-viewer-show=picture]") === null || pressed("picture")));
    if (placed) layers.show(view);
  };
  under = new Under(element, viewer, hear, there => {
    for (const button of buttons()) if (button.dataset.viewerShow !== "layers") button.hidden = !there;
  }, (id, frame) => layers?.styleOf(id, frame) ?? null, drawn);
  const source = element.dataset.topic?.split("/")[0];
  if (source) {
    layers = new Layers(element, source, viewer, hear, there => {
      for (const button of buttons()) if (button.dataset.viewerShow === "layers") button.hidden = !there;
      look();
    }, () => under.restyle(), drawn);
  }
  viewer.setFollow(true);
  const take = frame => {
    viewer.update(frame);
    under.take(frame);
    layers?.take(frame);
  };
  const show = event => {
    const button = event.target instanceof Element && event.target.closest("[data-viewer-show]");
    if (!button) return;
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    if (button.dataset.viewerShow === "tiles") tiles = shown;
    look();
  };
  scope.addEventListener("click", show);
  look();
  const first = element.querySelector("script[type='application/json']");
  if (first) take(JSON.parse(first.textContent));
  const stop = element.dataset.topic ? hear(element.dataset.topic, take) : () => {};
  return {
    setPaused(paused) {
      viewer.setPaused(paused);
      under.setPaused(paused);
      layers?.setPaused(paused);
    },
    setStale: stale => viewer.setStale(stale),
    destroy() {
      scope.removeEventListener("click", show);
      stop();
      layers?.destroy();
      under.destroy();
      viewer.destroy();
      says.destroy();
    },
  };
}

function mountChart({mount}, element, frames) {
  return mount(element, {
    onFrame: (topic, draw) => frames.onFrame(topic, draw),
    onFrames: (topic, draw) => frames.onFrames(topic, draw),
    afterPaint,
    save,
    load,
  });
}

function mountArray({mount}, element, frames, send, looks) {
  return mount(element, {onFrame: (topic, draw) => frames.onFrame(topic, draw), afterPaint, save, stamp, load, looks});
}

function mountColumns({mountColumns: mount}, element, frames) {
  return mount(element, {onFrame: (topic, draw) => frames.onFrame(topic, draw)});
}

function mountModel({mount}, element, frames, send, looks) {
  return mount(element, {onFrame: (topic, draw) => frames.onFrame(topic, draw), send, who, afterPaint: afterThisPaint, save, stamp, load, post, looks});
}

function mountCanvas({mount}, element, frames, send) {
  return mount(element, {onFrame: (topic, draw) => frames.onFrame(topic, draw), send, afterPaint: afterThisPaint, save, stamp, post});
}

function mountMap({mount}, element, frames, send) {
  return mount(element, {onFrame: (topic, draw) => frames.onFrame(topic, draw), send, who});
}

function mountFilm({mount}, element) {
  return mount(element, {save, stamp});
}

function mountSections({mount}, element, frames, send) {
  return mount(element, {onFrame: (topic, draw) => frames.onFrame(topic, draw), send});
}

function mountVolume({mount}, element) {
  return mount(element, {save, stamp});
}

function mountBoard({mount}, element) {
  return mount(element, {post});
}

async function load(url, signal) {
  const response = await fetch(url, {signal, headers: {Accept: "application/json"}});
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  return response.json();
}

/** Posts a form or JSON; the error of what the server refuses is its sentence. */
export async function post(url, body) {
  const response = await fetch(url, {method: "POST", body, headers: {Accept: "application/json"}});
  if (response.ok) return;
  const answer = await response.json().catch(() => null);
  throw new Error(typeof answer?.error === "string" ? answer.error : `${url}: status ${response.status}`);
}

/** Offers data as a file. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A moment as part of a file's name: "20260131-142501". */
export function stamp(date) {
  const two = n => String(n).padStart(2, "0");
  return `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
