/**
 * A page for the tests of edits in a browser; never shipped. It stands in for the server: a map of two sessions with four objects
 * each, of which row i of one is row i of the next. `edit(session, row, change)` is what somebody else does, `answers` are those that
 * the next posts get instead of the usual one.
 */

import {mount} from "../index.js";

const object = (session, row) => ({session, row, x: 10 * row + session, y: 5, z: 3, bad: 0, userType: NaN, note: "", by: ""});
const rows = [0, 1].map(session => [0, 1, 2, 3].map(row => object(session, row)));
let n = 0;

window.posts = [];
window.answers = [];

const edition = () => `e-${n}`;
const gone = new Map(); // "session row edition" -> the row of now, null

function columns(stats) {
  const all = rows.flat();
  const of = (type, f) => type.from(all.map(f));
  const at = one => rows[one.session].indexOf(one);
  const list = [["run", of(Int32Array, at)], ["session", of(Int32Array, one => one.session)], ["row", of(Int32Array, at)], ["segment", of(Int32Array, () => 0)],
    ["dynamics", of(Uint8Array, () => 4)], ["bad", of(Uint8Array, one => one.bad)], ...stats.map(name => [name, of(Float64Array, one => name === "days" ? one.session : name === "pDist" ? at(one) : one[name])])];
  let head = JSON.stringify({n: all.length, columns: list.map(([name, values]) => ({name, type: {Float64Array: "f8", Int32Array: "i4", Uint8Array: "u1"}[values.constructor.name]}))});
  while ((4 + head.length) % 8 !== 0) head += " ";
  return new Response(new Blob([new Uint32Array([head.length]), head, ...list.flatMap(([, values]) => [values, new Uint8Array((8 - values.byteLength % 8) % 8)])]), {headers: {"Webmon-Edition": edition()}});
}

const value = one => ({...one, row: rows[one.session].indexOf(one), bad: one.bad === 1, type: "spineROI", userType: Number.isFinite(one.userType) ? one.userType : null, segment: 0, pDist: 1, next: null, prev: null, modified: ""});

function answer(path, query) {
  switch (path) {
    case "columns": return columns(query.get("stat").split(","));
    case "object": {
      const [session, was] = [Number(query.get("session")), Number(query.get("row"))];
      const moved = gone.get(`${session} ${was} ${query.get("edition")}`);
      const row = moved === undefined ? was : moved;
      const one = rows[session][row];
      return Response.json({edition: edition(), session, row: one ? row : null, run: row, error: one ? "" : "bob has deleted it meanwhile.", value: one ? value(one) : null, stale: [], pivot: null, cannot: {}, proposed: null});
    }
    default: return Response.json([]);
  }
}

/** What somebody does: `change(object)`, or null to delete it. */
window.edit = (session, row, change) => {
  if (change) change(rows[session][row]);
  else {
    for (let i = 0; i < 4; i++) gone.set(`${session} ${i} ${edition()}`, i < row ? i : i === row ? null : i - 1);
    rows[session].splice(row, 1);
  }
  n++;
  return edition();
};

/** The page hears of it. */
window.hear = () => (document.querySelector("[data-map-edits]").dataset.version = edition());

function post(path, body) {
  window.posts.push({path, ...body});
  const next = window.answers.shift();
  if (next === "fail") throw new TypeError("no network");
  if (next) return Response.json(next.body, {status: next.status});
  const one = rows[body.session][body.row];
  window.edit(body.session, body.row, body.do === "delete" ? null : it => Object.assign(it, "bad" in body ? {bad: Number(body.bad)} : {note: body.note ?? it.note, userType: body.userType ?? it.userType}));
  return Response.json({n, edition: edition(), did: body.do, session: body.session, row: rows[body.session].includes(one) ? body.row : null, value: value(one), unsaved: n});
}

window.fetch = async (address, {method = "GET", body} = {}) => {
  await new Promise(done => setTimeout(done));
  const url = new URL(address, location.href);
  const path = url.pathname.split("/").pop();
  return method === "POST" ? post(path, JSON.parse(body)) : answer(path, url.searchParams);
};

window.begin = (locked = false) => {
  if (locked) for (const element of document.querySelectorAll("button, select, input")) element.disabled = element.dataset.objectDo !== "info";
  const usual = {x: "days", y: "pDist", segment: -1, mask: "", color: "none", lines: false, bad: true, xs: -1, ys: -1, transform: "", against: "", types: "", hx: false, hy: false, size: 5,
    show: [], channel: 1, project: "single", slice: -1, link: true, marks: true, tracing: true, names: "condition", marksize: 2, run: -1};
  const config = {map: "m", page: "/maps/m", api: "/api/v1/maps/m", edition: "e-0", type: "spineROI", locked, segments: 1, runs: 4, usual, options: usual,
    sessions: [0, 1].map(index => ({index, stack: `s${index}`, file: "", condition: "", pz: 30, dx: 1, dy: 1, dz: 1, channels: [], segments: 1}))};
  document.getElementById("config").dataset.mapConfig = JSON.stringify(config);
  window.page = mount(document.querySelector("[data-map]"));
  window.map = document.querySelector("[data-map]").map;
};
