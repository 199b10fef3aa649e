/**
 * Planes of stacks: fetched for those who wait for them, ahead for those who will, kept within a bound. Pure, but for what
 * loads them.
 *
 * An owner (a pane) wants some planes now and others later. What nobody wants any more is aborted, with one exception: while
 * somebody scrolls, the plane under way is let come, or a hand that is faster than the network would never see one.
 */

/** Bytes of planes that are kept. */
const MOST_BYTES = 256 << 20;

/** Requests at once: browsers make no more to one server. */
const MOST_REQUESTS = 5;

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
  #under = new Map(); // key -> AbortController
  #failed = new Map(); // key -> {text, until}

  /**
   * @param {function(string, AbortSignal): Promise<{data: {byteLength: number}}>} load
   */
  constructor(load, {bytes = MOST_BYTES, most = MOST_REQUESTS, clock = () => Date.now()} = {}) {
    this.#load = load;
    this.#bytes = bytes;
    this.#most = most;
    this.#clock = clock;
  }

  /** Bytes that are kept, and requests under way. */
  get stats() {
    return {bytes: this.#used, planes: this.#kept.size, requests: this.#under.size};
  }

  /** A plane that is there, or null. */
  get(key) {
    const plane = this.#kept.get(key);
    if (!plane) return null;
    this.#kept.delete(key);
    this.#kept.set(key, plane);
    return plane;
  }

  /** Why a plane cannot be had, "" if nothing is known against it. */
  problem(key) {
    return this.#failed.get(key)?.text ?? "";
  }

  /**
   * Says what an owner wants, in place of what it wanted before.
   *
   * @param {*} owner
   * @param {string[]} now
   * @param {string[]} ahead
   * @param {function()} told called when one of those of now has come, or cannot be had
   * @param {function(string): boolean} letCome whether a plane that was wanted and is under way is still worth waiting for
   */
  want(owner, now, ahead, told, letCome = () => false) {
    const before = this.#owners.get(owner);
    const old = before ? [...before.old, ...before.now].filter(key => this.#under.has(key) && !now.includes(key) && letCome(key)).slice(0, Math.max(now.length, 1)) : [];
    this.#owners.set(owner, {now, ahead, old, told});
    this.#abort();
    this.#pump();
  }

  /** The owner wants nothing any more. */
  drop(owner) {
    if (!this.#owners.delete(owner)) return;
    this.#abort();
    this.#pump();
  }

  /** Lets go of everything. */
  clear() {
    this.#owners.clear();
    this.#abort();
    this.#kept.clear();
    this.#failed.clear();
    this.#used = 0;
  }

  #abort() {
    const wanted = new Set();
    for (const {now, ahead, old} of this.#owners.values()) for (const key of [...now, ...ahead, ...old]) wanted.add(key);
    for (const [key, controller] of this.#under) {
      if (wanted.has(key)) continue;
      this.#under.delete(key);
      controller.abort();
    }
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
    const urgent = [];
    for (const {now, old} of this.#owners.values()) {
      if (old.length === 0) urgent.push(...now.filter(key => this.#isMissing(key) && !urgent.includes(key)));
    }
    for (const key of urgent) {
      if (this.#under.size >= this.#most && !this.#makeRoom()) return;
      this.#start(key);
    }
    if (urgent.length > 0) return; // the rest, once they have come
    for (let depth = 0; depth < 8; depth++) {
      for (const {ahead, old} of this.#owners.values()) {
        if (depth >= ahead.length || old.length > 0) continue; // what it wants now comes before
        if (this.#under.size >= this.#most) return;
        if (this.#isMissing(ahead[depth])) this.#start(ahead[depth]);
      }
    }
  }

  // Gives up a request that nobody waits for yet.
  #makeRoom() {
    const waited = new Set();
    for (const {now, old} of this.#owners.values()) for (const key of [...now, ...old]) waited.add(key);
    for (const [key, controller] of this.#under) {
      if (waited.has(key)) continue;
      this.#under.delete(key);
      controller.abort();
      return true;
    }
    return false;
  }

  async #start(key) {
    const controller = new AbortController();
    this.#under.set(key, controller);
    let plane = null;
    try {
      plane = await this.#load(key, controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) this.#failed.set(key, {text: error.message, until: this.#clock() + FAILED_FOR});
    }
    if (controller.signal.aborted || this.#under.get(key) !== controller) return;
    this.#under.delete(key);
    if (plane) this.#keep(key, plane);
    if (this.#failed.size > 1000) this.#failed.clear();
    const tell = [];
    for (const owner of this.#owners.values()) {
      const was = owner.old.includes(key);
      owner.old = owner.old.filter(k => k !== key);
      if (was || owner.now.includes(key)) tell.push(owner.told);
    }
    this.#pump();
    for (const told of tell) told(key);
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
