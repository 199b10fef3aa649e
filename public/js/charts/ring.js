/**
 * The buckets of one line, in typed arrays: a bucket lies at its absolute index modulo the size, so that merging is writing,
 * merging twice is harmless, and nothing is ever moved or allocated.
 */

/** Numbers of a bucket in a frame: step, count, mean, minAt, min, maxAt, max. */
const STRIDE = 7;

export class Ring {
  #index;
  #count;
  #mean;
  #minAt;
  #min;
  #maxAt;
  #max;

  /** The index of the newest bucket, -1 before any. */
  newest = -1;

  /** @param {number} size buckets it holds: those of the window and a few more */
  constructor(size) {
    this.size = size;
    this.#index = new Float64Array(size).fill(-1);
    this.#count = new Uint32Array(size);
    this.#mean = new Float64Array(size);
    this.#minAt = new Float64Array(size);
    this.#min = new Float64Array(size);
    this.#maxAt = new Float64Array(size);
    this.#max = new Float64Array(size);
  }

  clear() {
    this.#index.fill(-1);
    this.newest = -1;
  }

  /** A copy that stands still while this one goes on. */
  clone() {
    const copy = new Ring(this.size);
    copy.newest = this.newest;
    copy.#index.set(this.#index);
    copy.#count.set(this.#count);
    copy.#mean.set(this.#mean);
    copy.#minAt.set(this.#minAt);
    copy.#min.set(this.#min);
    copy.#maxAt.set(this.#maxAt);
    copy.#max.set(this.#max);
    return copy;
  }

  /**
   * Merges the buckets of a line of a frame: [first index, step, count, mean, minAt, min, maxAt, max, step, ...],
   * as dashboard/chart/feed.go writes it. A bucket that is there already is replaced; one too old for the ring is left out.
   */
  merge(line) {
    if (!(line?.length > STRIDE)) return;
    let index = line[0];
    for (let at = 1; at + STRIDE <= line.length; at += STRIDE) {
      index += line[at];
      if (index <= this.newest - this.size) continue;
      const slot = index % this.size;
      this.#index[slot] = index;
      this.#count[slot] = line[at + 1];
      this.#mean[slot] = line[at + 2] ?? NaN; // of values whose sum is beyond all numbers
      this.#minAt[slot] = line[at + 3];
      this.#min[slot] = line[at + 4];
      this.#maxAt[slot] = line[at + 5];
      this.#max[slot] = line[at + 6];
      if (index > this.newest) this.newest = index;
    }
  }

  /**
   * Calls visit(index, count, mean, minAt, min, maxAt, max) for each bucket from one index to another, both included, oldest first.
   * A count of zero is a gap.
   */
  each(from, to, visit) {
    from = Math.max(from, this.newest - this.size + 1, 0);
    to = Math.min(to, this.newest);
    for (let index = from; index <= to; index++) {
      const slot = index % this.size;
      if (this.#index[slot] !== index) continue;
      visit(index, this.#count[slot], this.#mean[slot], this.#minAt[slot], this.#min[slot], this.#maxAt[slot], this.#max[slot]);
    }
  }

  /** How many values, and buckets that hold any, lie between two indices, both included. */
  census(from, to) {
    let values = 0;
    let buckets = 0;
    this.each(from, to, (_, count) => {
      values += count;
      if (count > 0) buckets++;
    });
    return {values, buckets};
  }

  /** The bucket nearest to an index, at most reach away, as {index, count, min, max, minAt, maxAt}; null where there is none. */
  nearest(index, reach) {
    for (let d = 0; d <= reach; d++) {
      for (const i of d === 0 ? [index] : [index - d, index + d]) {
        if (i < 0 || i > this.newest || i <= this.newest - this.size) continue;
        const slot = i % this.size;
        if (this.#index[slot] === i && this.#count[slot] > 0) {
          return {index: i, count: this.#count[slot], min: this.#min[slot], max: this.#max[slot], minAt: this.#minAt[slot], maxAt: this.#maxAt[slot]};
        }
      }
    }
    return null;
  }
}
