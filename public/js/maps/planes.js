/**
 * Planes of stacks: fetched for those who wait for them, ahead for those who will, kept within a bound. Pure, but for what
 * loads them.
 *
 * An owner (a pane) wants some planes now and others later. Those of all owners are asked for together, since a request takes a
 * browser longer than the pixels of a pane. What nobody wants any more is aborted, with one exception: while somebody scrolls,
 * planes under way are let come, or a hand that is faster than the network would never see one.
 */

/** Bytes of planes that are kept. */
const MOST_BYTES = 256 << 20;

/** Requests at once, of which one is left for what is wanted now: browsers make no more than six to one server. */
const MOST_REQUESTS = 5;

/** Planes of a request: the server takes more (mostPlanes, in dashboard/maps/panes.go), but makes one after the other. */
const MOST_PLANES = 12;

/** Requests for what is wanted now: the server makes them side by side. */
const SIDE_BY_SIDE = 2;

/** How many times what it wants an owner may have under way that it wanted before. */
const OLD = 2;

/** Ms for which a plane that could not be had is not asked for again. */
const FAILED_FOR = 5000;

export class Planes {
  #load;
  #bytes;
  #most;
  #clock;
  #kept = new Map(); // key -> plane, the one used last at the end
  #used = 0;
  #owners = new Map(); // owner -> {now, ahead, old, told}
  #under = new Map(); // key -> request: {controller, keys}
  #requests = new Set();
  #failed = new Map(); // key -> {text, until}
  #asked = 0;
  #soon = false;

  /**
   * @param {function(string[], AbortSignal): Promise<({data: {byteLength: number}}|Error)[]>} load what of each key is there, in
   * the order of the keys
   */
  constructor(load, {bytes = MOST_BYTES, most = MOST_REQUESTS, clock = () => Date.now()} = {}) {
    this.#load = load;
    this.#bytes = bytes;
    this.#most = most;
    this.#clock = clock;
  }

  /** Bytes that are kept, requests under way, and requests so far. */
  get stats() {
    return {bytes: this.#used, planes: this.#kept.size, requests: this.#requests.size, asked: this.#asked};
  }

  /** A plane that is there, or null. */
  get(key) {
    const plane = this.#kept.get(key);
    if (!plane) return null;
    this.#kept.delete(key);
    this.#kept.set(key, plane);
    return plane;
  }

  /** Whether a plane is there. */
  has(key) {
    return this.#kept.has(key);
  }

  /** Why a plane cannot be had, "" if nothing is known against it. */
  problem(key) {
    return this.#failed.get(key)?.text ?? "";
  }

  /** Forgets which planes could not be had. */
  retry() {
    this.#failed.clear();
    this.#later();
  }

  /**
   * Says what an owner wants, in place of what it wanted before.
   *
   * @param {*} owner
   * @param {string[]} now
   * @param {string[]} ahead
   * @param {function(string)} told called when one of those of now, or one before that was let come, has come or cannot be had
   * @param {function(string): boolean} letCome whether a plane that was wanted and is under way is still worth waiting for
   */
  want(owner, now, ahead, told, letCome = () => false) {
    const before = this.#owners.get(owner);
    const old = before ? [...before.old, ...before.now].filter(key => this.#under.has(key) && !now.includes(key) && letCome(key)).slice(0, OLD * Math.max(now.length, 1)) : [];
    this.#owners.set(owner, {now, ahead, old, told});
    this.#later();
  }

  /** The owner wants nothing any more. */
  drop(owner) {
    if (this.#owners.delete(owner)) this.#later();
  }

  /** Lets go of everything. */
  clear() {
    this.#owners.clear();
    this.#abort();
    this.#kept.clear();
    this.#failed.clear();
    this.#used = 0;
  }

  // Once all panes have said what they want.
  #later() {
    if (this.#soon) return;
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      this.#abort();
      this.#pump();
    });
  }

  #abort() {
    const wanted = new Set();
    for (const {now, ahead, old} of this.#owners.values()) for (const list of [now, ahead, old]) for (const key of list) wanted.add(key);
    for (const request of this.#requests) if (!request.keys.some(key => wanted.has(key))) this.#giveUp(request);
  }

  #giveUp(request) {
    this.#requests.delete(request);
    for (const key of request.keys) this.#under.delete(key);
    request.controller.abort();
  }

  #isMissing(key) {
    if (this.#kept.has(key) || this.#under.has(key)) return false;
    const failed = this.#failed.get(key);
    if (!failed) return true;
    if (this.#clock() < failed.until) return false;
    this.#failed.delete(key);
    return true;
  }

  #pump() {
    const urgent = new Set();
    for (const {now, old} of this.#owners.values()) {
      if (old.length < OLD * Math.max(now.length, 1)) for (const key of now) if (this.#isMissing(key)) urgent.add(key);
    }
    if (urgent.size > 0) {
      const keys = [...urgent];
      const each = Math.min(Math.ceil(keys.length / SIDE_BY_SIDE), MOST_PLANES);
      for (let i = 0; i < keys.length; i += each) {
        if (this.#requests.size >= this.#most && !this.#makeRoom()) return;
        this.#start(keys.slice(i, i + each));
      }
      return; // the rest, once somebody steps on or they have come
    }
    // What is ahead must not take the server's time from what somebody waits for.
    const owners = [...this.#owners.values()];
    if (owners.some(({now, old}) => old.length > 0 || now.some(key => this.#under.has(key)))) return;
    const depths = Math.max(0, ...owners.map(({ahead}) => ahead.length));
    for (let depth = 0; depth < depths && this.#requests.size < Math.max(this.#most - 1, 1); depth++) {
      const keys = new Set();
      for (const {ahead} of owners) if (depth < ahead.length && this.#isMissing(ahead[depth])) keys.add(ahead[depth]);
      if (keys.size > 0) this.#start([...keys].slice(0, MOST_PLANES));
    }
  }

  // Gives up a request that nobody waits for yet.
  #makeRoom() {
    const waited = new Set();
    for (const {now, old} of this.#owners.values()) for (const list of [now, old]) for (const key of list) waited.add(key);
    for (const request of this.#requests) {
      if (request.keys.some(key => waited.has(key))) continue;
      this.#giveUp(request);
      return true;
    }
    return false;
  }

  async #start(keys) {
    const request = {controller: new AbortController(), keys};
    this.#requests.add(request);
    this.#asked++;
    for (const key of keys) this.#under.set(key, request);
    let planes;
    try {
      planes = await this.#load(keys, request.controller.signal);
    } catch (error) {
      planes = keys.map(() => error);
    }
    if (!this.#requests.delete(request)) return; // given up
    if (this.#failed.size > 1000) this.#failed.clear();
    const tell = [];
    keys.forEach((key, i) => {
      this.#under.delete(key);
      if (planes[i] instanceof Error) this.#failed.set(key, {text: planes[i].message, until: this.#clock() + FAILED_FOR});
      else this.#keep(key, planes[i]);
      for (const owner of this.#owners.values()) {
        const was = owner.old.includes(key);
        if (was) owner.old = owner.old.filter(k => k !== key);
        if (was || owner.now.includes(key)) tell.push([owner.told, key]);
      }
    });
    this.#pump();
    for (const [told, key] of tell) told(key);
  }

  #keep(key, plane) {
    this.#kept.set(key, plane);
    this.#used += plane.data.byteLength;
    for (const [oldest, {data}] of this.#kept) {
      if (this.#used <= this.#bytes || oldest === key) break;
      this.#kept.delete(oldest);
      this.#used -= data.byteLength;
    }
  }
}

/** The problem of a plane whose file has changed since the page asked what it is (dashboard/maps/panes.go). */
export const CHANGED = "The images have changed.";

/** Bytes before the pixels of each plane (paneHead, in dashboard/maps/panes.go). */
const HEAD = 16;

/**
 * Takes the planes out of an answer of the server: in front of each four numbers of 32 bits, little-endian, the bytes of a pixel (0: a
 * sentence follows that says why there are none), rows, columns, and how many bytes follow.
 *
 * @param {ArrayBuffer} buffer
 * @param {number} n how many there must be
 * @returns {({type: string, rows: number, cols: number, data: Uint8Array|Uint16Array}|Error)[]}
 */
export function readPlanes(buffer, n) {
  const view = new DataView(buffer);
  const out = [];
  let at = 0;
  while (at < buffer.byteLength) {
    if (at + HEAD > buffer.byteLength) throw new Error("The planes came incomplete.");
    const [size, rows, cols, length] = [0, 4, 8, 12].map(i => view.getUint32(at + i, true));
    at += HEAD;
    if (at + length > buffer.byteLength || size > 2 || (size > 0 && length !== rows * cols * size)) throw new Error("The planes came incomplete.");
    if (size === 0) out.push(new Error(new TextDecoder().decode(new Uint8Array(buffer, at, length))));
    else {
      const data = buffer.slice(at, at + length); // so that one that is kept keeps no others
      out.push(size === 1 ? {type: "u1", rows, cols, data: new Uint8Array(data)} : {type: "u2", rows, cols, data: new Uint16Array(data)});
    }
    at += length;
  }
  if (out.length !== n) throw new Error("The planes came incomplete.");
  return out;
}
