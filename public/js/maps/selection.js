/** Which object is selected, and the way from one to the next. Walk is pure. */

/**
 * The objects of a map, to walk along.
 *
 * @param {{n: number, run: Int32Array, session: Int32Array, segment: Int32Array, row: Int32Array}} objects all of the map's type
 * @param {ArrayLike<number>} along where each lies along its segment, NaN if that is not known: then its row counts
 */
export class Walk {
  #objects;
  #along;
  #runs = new Map(); // run -> session -> place
  #orders = new Map(); // session -> places in the order of the segments

  constructor(objects, along) {
    this.#objects = objects;
    this.#along = along;
    for (let i = 0; i < objects.n; i++) {
      const of = this.#runs.get(objects.run[i]) ?? new Map();
      of.set(objects.session[i], i);
      this.#runs.set(objects.run[i], of);
    }
  }

  /** The place of a run in a session, -1 where it is absent. */
  at(run, session) {
    return this.#runs.get(run)?.get(session) ?? -1;
  }

  /** The sessions that have a run, in their order. */
  sessions(run) {
    return [...this.#runs.get(run)?.keys() ?? []].sort((a, b) => a - b);
  }

  /** The session of a run that is `by` further, among those that have it; the one nearest to the end where there is none. */
  stepSession({run, session}, by) {
    const all = this.sessions(run);
    if (all.length === 0) return null;
    const here = all.indexOf(session);
    const next = here < 0 ? by > 0 ? all.findIndex(s => s > session) : all.findLastIndex(s => s < session) : here + by;
    const there = here < 0 && next < 0 ? all[by > 0 ? all.length - 1 : 0] : all[Math.min(Math.max(next, 0), all.length - 1)];
    return {run, session: there};
  }

  /** The next object along the segment of the same session, then of the next segment. */
  stepAlong({run, session}, by) {
    const order = this.#order(session);
    if (order.length === 0) return null;
    const here = order.indexOf(this.at(run, session));
    const next = order[here < 0 ? by > 0 ? 0 : order.length - 1 : Math.min(Math.max(here + by, 0), order.length - 1)];
    return {run: this.#objects.run[next], session};
  }

  /** The first session that has a run, or its nearest to `near`. */
  nearest(run, near) {
    const all = this.sessions(run);
    if (all.length === 0) return -1;
    return all.reduce((best, s) => Math.abs(s - near) < Math.abs(best - near) ? s : best);
  }

  #order(session) {
    let order = this.#orders.get(session);
    if (order) return order;
    const {n, segment, row, session: of} = this.#objects;
    order = [];
    for (let i = 0; i < n; i++) if (of[i] === session) order.push(i);
    const along = i => Number.isFinite(this.#along[i]) ? this.#along[i] : row[i];
    order.sort((a, b) => segment[a] - segment[b] || along(a) - along(b) || row[a] - row[b]);
    this.#orders.set(session, order);
    return order;
  }
}

/** The object that all of the page has selected: a run, and the session that somebody looks at; null for none. */
export class Selection {
  #now = null;
  #hover = null;
  #listeners = new Set();

  get now() {
    return this.#now;
  }

  get hover() {
    return this.#hover;
  }

  /** @param {?{run: number, session: number}} what */
  select(what, by = null) {
    if (what?.run === this.#now?.run && what?.session === this.#now?.session) return;
    this.#now = what;
    this.#tell("select", by);
  }

  point(what, by = null) {
    if (what?.run === this.#hover?.run && what?.session === this.#hover?.session) return;
    this.#hover = what;
    this.#tell("hover", by);
  }

  /** @param {function(string, *)} listener told "select" or "hover", and by whom */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(what, by) {
    for (const listener of this.#listeners) listener(what, by);
  }
}
