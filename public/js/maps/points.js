/** What a plot shows: its points, their groups, the runs they belong to. Pure, no DOM. */

/** What became of a run around a session, as the server numbers it. */
export const DYNAMICS = ["", "added", "subtracted", "transient", "persistent"];

/** Shapes tell groups apart for whom colours do not. */
export const SHAPES = ["circle", "square", "up", "diamond", "down", "cross", "plus", "ring"];

/** The looks of the dynamics: a colour of the theme, and a shape. */
const OF_DYNAMICS = {
  added: {color: "series-3", shape: "up"}, subtracted: {color: "series-5", shape: "down"}, transient: {color: "series-1", shape: "diamond"},
  persistent: {color: "icon", shape: "circle"}, "": {color: "muted", shape: "circle"},
};

/**
 * Finds the group of each object.
 *
 * @param {string} by "none", "dynamics", "segment", "condition", "type"
 * @param {{n: number, segment: Int32Array, session: Int32Array, dynamics: Uint8Array, userType: ?ArrayLike<number>}} of
 * @param {object[]} sessions of the configuration
 * @returns {{groups: {name: string, color: string, shape: string}[], index: Uint16Array}} the group of each object
 */
export function groupsOf(by, {n, segment, session, dynamics, userType}, sessions) {
  const key = {
    dynamics: i => DYNAMICS[dynamics[i]] ?? "",
    segment: i => segment[i],
    condition: i => sessions[session[i]]?.condition ?? "",
    type: i => Number.isFinite(userType?.[i]) ? userType[i] : -1,
  }[by] ?? (() => "all");
  const found = new Map();
  const raw = new Uint16Array(n);
  for (let i = 0; i < n; i++) {
    const k = key(i);
    let g = found.get(k);
    if (g === undefined) found.set(k, g = Math.min(found.size, 0xfffe));
    raw[i] = g;
  }
  // The order does not depend on what is seen first: that of sessions for conditions, that of numbers, that of dynamics.
  const keys = [...found.keys()];
  const order = by === "dynamics" ? ["added", "subtracted", "transient", "persistent", ""] : by === "condition" ? [...new Set(sessions.map(s => s.condition ?? ""))] : null;
  keys.sort((a, b) => order ? order.indexOf(a) - order.indexOf(b) : a < b ? -1 : a > b ? 1 : 0);
  const groups = keys.map((k, i) => lookOf(by, k, i));
  const renamed = Uint16Array.from(found.keys(), k => keys.indexOf(k));
  return {groups, index: raw.map(g => renamed[g])};
}

function lookOf(by, key, i) {
  if (by === "dynamics") return {name: key || "not known", ...OF_DYNAMICS[key]};
  const none = key === -1 || key === "";
  const name = {segment: none ? "no segment" : `segment ${key}`, condition: none ? "no condition" : key, type: none ? "no user type" : `user type ${key}`}[by] ?? "all";
  // A number always has the same look, whatever else is shown.
  const at = typeof key === "number" && key >= 0 ? key : i;
  return {name, color: none ? "muted" : `series-${at % 8 + 1}`, shape: SHAPES[(at + Math.floor(at / 8)) % SHAPES.length]};
}

/**
 * The points of a plot.
 *
 * @param {{run: Int32Array, session: Int32Array, n: number}} of objects, in the order of runs and then of sessions
 * @param {ArrayLike<number>} x, y a value of each object
 * @param {number} xs, ys the session on each axis, -1 for all
 * @returns {{n: number, x: Float64Array, y: Float64Array, from: Int32Array, xFrom: Int32Array}} points that have both values; from is
 *   the object that gives y, xFrom the one that gives x
 */
export function pointsOf({run, session, n}, x, y, xs, ys) {
  const out = {n: 0, x: new Float64Array(n), y: new Float64Array(n), from: new Int32Array(n), xFrom: new Int32Array(n)};
  const add = (i, k) => {
    if (!Number.isFinite(x[i]) || !Number.isFinite(y[k])) return;
    out.x[out.n] = x[i];
    out.y[out.n] = y[k];
    out.from[out.n] = k;
    out.xFrom[out.n] = i;
    out.n++;
  };
  if (xs < 0 && ys < 0) {
    for (let i = 0; i < n; i++) add(i, i);
  } else if (xs < 0 || ys < 0) {
    // One of them is named, so the other is the same.
    for (let i = 0; i < n; i++) if (session[i] === Math.max(xs, ys)) add(i, i);
  } else {
    const at = new Map();
    for (let i = 0; i < n; i++) if (session[i] === xs) at.set(run[i], i);
    for (let k = 0; k < n; k++) {
      if (session[k] === ys && at.has(run[k])) add(at.get(run[k]), k);
    }
  }
  for (const name of ["x", "y", "from", "xFrom"]) out[name] = out[name].subarray(0, out.n);
  return out;
}

/** The points in the order in which they are drawn: those of large groups first, so that they do not hide the others. */
export function rarestLast(from, index, groups) {
  const counts = new Uint32Array(groups);
  for (const i of from) counts[index[i]]++;
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a]);
  const start = new Uint32Array(groups);
  let at = 0;
  for (const g of order) {
    start[g] = at;
    at += counts[g];
  }
  const out = new Uint32Array(from.length);
  from.forEach((i, k) => (out[start[index[i]]++] = k));
  return out;
}

/** The objects of each run: run -> their places in the columns, in the order of sessions. */
export function byRun(run, session) {
  const out = new Map();
  for (let i = 0; i < run.length; i++) {
    const list = out.get(run[i]);
    if (list) list.push(i);
    else out.set(run[i], [i]);
  }
  for (const list of out.values()) list.sort((a, b) => session[a] - session[b]);
  return out;
}

/**
 * Points by the squares they lie in, so that the nearest one is found without looking at all.
 */
export class Grid {
  #cells = new Map();
  #x;
  #y;
  #side;

  /** @param {ArrayLike<number>} x, y places in pixels */
  constructor(x, y, side = 24) {
    this.#x = x;
    this.#y = y;
    this.#side = side;
    for (let i = 0; i < x.length; i++) {
      const key = this.#key(Math.floor(x[i] / side), Math.floor(y[i] / side));
      const cell = this.#cells.get(key);
      if (cell) cell.push(i);
      else this.#cells.set(key, [i]);
    }
  }

  #key(col, row) {
    return col * 65536 + row;
  }

  /** The point nearest to a place within a distance, -1 for none; of several at one place the last, which lies on top. */
  nearest(px, py, within) {
    const side = this.#side;
    let best = -1;
    let least = within * within;
    for (let col = Math.floor((px - within) / side); col <= Math.floor((px + within) / side); col++) {
      for (let row = Math.floor((py - within) / side); row <= Math.floor((py + within) / side); row++) {
        for (const i of this.#cells.get(this.#key(col, row)) ?? []) {
          const far = (this.#x[i] - px) ** 2 + (this.#y[i] - py) ** 2;
          if (far < least || (far === least && i > best)) {
            least = far;
            best = i;
          }
        }
      }
    }
    return best;
  }
}
