/**
 * A page for the tests in a browser; never shipped. It stands in for the server: a map of as many sessions and runs as a test
 * wants, whose images are answered when `answer()` says so, if they are held.
 */

import {mount} from "../index.js";

window.asked = []; // {path, aborted, done}
window.held = false;
const waiting = [];

/** Answers what is held, and goes on. */
window.answer = () => waiting.splice(0).forEach(go => go());

const SIZE = {rows: 64, cols: 64, slices: 30};
let runs = 0;
let sessions = 0;

/** Writes columns as the server does. */
function write(n, columns) {
  let head = JSON.stringify({n, columns: columns.map(([name, values]) => ({name, type: {Float64Array: "f8", Int32Array: "i4", Uint8Array: "u1"}[values.constructor.name]}))});
  while ((4 + head.length) % 8 !== 0) head += " ";
  const parts = [new Uint32Array([head.length]), head, ...columns.flatMap(([, values]) => [values, new Uint8Array((8 - values.byteLength % 8) % 8)])];
  return new Blob(parts);
}

function columns(stats) {
  const n = runs * sessions;
  const at = f => Array.from({length: n}, (_, i) => f(Math.floor(i / sessions), i % sessions));
  const values = {
    days: (run, session) => session, other: run => run % 7, pDist: run => run, x: run => run % 64, y: run => Math.floor(run / 64) % 64, z: (run, session) => 10 + session % 3, userType: () => 0,
  };
  return write(n, [["run", Int32Array.from(at(run => run))], ["session", Int32Array.from(at((_, session) => session))], ["row", Int32Array.from(at(run => run))],
    ["segment", Int32Array.from(at(run => run % 5))], ["dynamics", new Uint8Array(n).fill(4)], ["bad", new Uint8Array(n)], ...stats.map(name => [name, Float64Array.from(at(values[name]))])]);
}

function reply(path, query) {
  switch (path) {
    case "columns": return new Response(columns(query.get("stat").split(",")));
    case "tracings": return new Response(write(0, ["session", "segment", "x", "y", "z"].map(name => [name, new Float64Array(0)])));
    case "images": return Response.json({images: [1, 2].map(channel => ({session: Number(query.get("session")), channel, tag: "t", type: "u1", base: 0, low: 0, high: 255, ...SIZE}))});
    case "planes": {
      const head = new Uint32Array([1, SIZE.rows, SIZE.cols, SIZE.rows * SIZE.cols]);
      return new Response(new Blob(planesOf(query).flatMap(({channel, slice}) => [head, new Uint8Array(SIZE.rows * SIZE.cols).fill(20 * Number(channel) + (Number(slice) || 0))])));
    }
    default: return Response.json([]);
  }
}

/** What planes a request names, each {session, channel, slice}. */
const planesOf = query => query.getAll("plane").map(text => {
  const q = new URLSearchParams(text);
  return {session: Number(q.get("session")), channel: q.get("channel"), slice: q.get("slice")};
});

window.fetch = (address, {signal} = {}) => new Promise((resolve, reject) => {
  const url = new URL(address, location.href);
  const path = url.pathname.split("/").pop();
  const of = path === "planes" ? planesOf(url.searchParams) : [{session: Number(url.searchParams.get("session"))}];
  // One for each plane.
  const entries = of.map(one => ({path, slice: null, channel: null, ...one, aborted: false, done: false}));
  window.asked.push(...entries);
  signal?.addEventListener("abort", () => {
    for (const entry of entries) entry.aborted = !entry.done;
    reject(new DOMException("aborted", "AbortError"));
  });
  const go = () => {
    for (const entry of entries) entry.done = true;
    resolve(reply(path, url.searchParams));
  };
  if (window.held && path === "planes") waiting.push(go);
  else setTimeout(go);
});

/** What has been drawn on canvases, counted. */
window.drawn = 0;
const {drawImage} = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.drawImage = function (...args) {
  window.drawn++;
  return drawImage.apply(this, args);
};

window.begin = (of, options = {}) => {
  ({runs, sessions} = of);
  const usual = {x: "days", y: "pDist", segment: -1, mask: "", color: "none", lines: false, bad: true, xs: -1, ys: -1, transform: "", against: "", types: "", hx: false, hy: false, size: 5,
    show: [0, 1, 2], channel: 1, project: "single", slice: -1, link: true, marks: true, tracing: true, names: "condition", marksize: 2, run: -1};
  const config = {map: "m", page: "/maps/m", api: "/api/v1/maps/m", segments: 5, runs, usual, options: {...usual, ...options},
    sessions: Array.from({length: sessions}, (_, index) => ({index, stack: `s${index}`, file: "", condition: `c${index}`, pz: 30, dx: 1, dy: 1, dz: 1, channels: [1, 2]}))};
  document.getElementById("config").dataset.mapConfig = JSON.stringify(config);
  window.page = mount(document.querySelector("[data-map]"));
  window.map = document.querySelector("[data-map]").map;
};
