/**
 * From buckets to the points that are drawn. The lowest and the highest value of each bucket, in the order in which they came,
 * draw the same picture as all values would; where buckets hold many values, their means show what is usual.
 */

/** A silence at least this long breaks a line, ms. */
const LEAST_GAP = 1000;

/** A silence this many times the usual distance of two values breaks a line. */
const GAP = 6;

/** Values a bucket must hold, on average, before the means of a line say something of their own. */
const CROWDED = 4;

/** Numbers that may be written for a bucket: two points, the widening of a lone one, and a break. */
const PER_BUCKET = 8;

/**
 * What lies between two times.
 *
 * @typedef {object} Drawn
 * @property {number} extent numbers written for the extent
 * @property {number} means numbers written for the means
 * @property {number} min the lowest value, Infinity where there is none
 * @property {number} max the highest, -Infinity where there is none
 * @property {number} count values
 */

/**
 * Writes the points of a ring between two times, as pairs of time and value, NaN for a break.
 *
 * - "line": the extent runs through the lowest and highest values in order of time, broken where nothing came; the means only
 *   where buckets are crowded.
 * - "dots": the means, one dot a bucket; the extent is a bar from the lowest to the highest value of those with several.
 * - "step": the extent alone.
 *
 * @param {Ring} ring
 * @param {object} options
 * @param {number} options.width of a bucket, ms
 * @param {number} options.from ms since the epoch
 * @param {number} options.to
 * @param {number} [options.beyond] ms beyond both times that lines may come in from
 * @param {string} options.style
 * @param {boolean} options.positive leaves out what a logarithmic axis cannot show
 * @param {number} options.dot ms that a lone point of a line is drawn wide, so that it is seen
 * @param {Float64Array} extent room(from - beyond, to + beyond, width) numbers
 * @param {Float64Array} means as large
 * @returns {Drawn}
 */
export function points(ring, {width, from, to, beyond = 0, style, positive, dot}, extent, means) {
  const first = Math.floor((from - beyond) / width) - 1;
  const last = Math.floor((to + beyond) / width) + 1;
  const drawn = {extent: 0, means: 0, min: Infinity, max: -Infinity, count: 0};
  const see = (t, v) => {
    if (t < from || t > to) return;
    if (v < drawn.min) drawn.min = v;
    if (v > drawn.max) drawn.max = v;
  };
  const shown = v => !positive || v > 0;
  if (style === "dots") dots();
  else line();
  return drawn;

  function dots() {
    let n = 0;
    let m = 0;
    ring.each(first, last, (index, count, mean, minAt, min, maxAt, max) => {
      if (count === 0) return;
      const start = index * width;
      const at = start + (minAt + maxAt) / 2;
      if (at >= from && at <= to) drawn.count += count;
      if (shown(mean)) {
        means[m++] = at;
        means[m++] = mean;
        see(at, mean);
      }
      if (min === max || !shown(max)) return;
      const low = shown(min) ? min : mean;
      extent[n++] = at;
      extent[n++] = low;
      extent[n++] = at;
      extent[n++] = max;
      extent[n++] = at;
      extent[n++] = NaN;
      see(at, low);
      see(at, max);
    });
    drawn.extent = n;
    drawn.means = m;
  }

  function line() {
    const broken = style === "line";
    const {values, buckets} = broken ? ring.census(first, last) : {values: 0, buckets: 1};
    const gap = broken ? Math.max(LEAST_GAP, 3 * width, values > 0 ? (GAP * (to - from + 2 * beyond)) / values : 0) : Infinity;
    const crowded = broken && values > CROWDED * buckets;
    let n = 0;
    let m = 0;
    let previous = NaN; // time of the last point
    let run = 0; // points since the last break
    const put = (t, v) => {
      if (!shown(v)) return;
      extent[n++] = t;
      extent[n++] = v;
      previous = t;
      run++;
      see(t, v);
    };
    const widen = () => {
      if (run !== 1) return; // a lone point would draw nothing
      extent[n] = previous + dot;
      extent[n + 1] = extent[n - 1];
      n += 2;
    };
    const stop = t => {
      if (run === 0) return;
      widen();
      extent[n++] = t;
      extent[n++] = NaN;
      if (crowded) {
        means[m++] = t;
        means[m++] = NaN;
      }
      run = 0;
    };
    ring.each(first, last, (index, count, mean, minAt, min, maxAt, max) => {
      const start = index * width;
      if (count === 0) {
        if (broken) stop(start);
        return;
      }
      const early = minAt <= maxAt;
      const t1 = start + (early ? minAt : maxAt);
      const t2 = start + (early ? maxAt : minAt);
      if (t1 - previous > gap) stop(t1);
      if (crowded && shown(mean)) {
        means[m++] = (t1 + t2) / 2;
        means[m++] = mean;
      }
      put(t1, early ? min : max);
      if (min !== max) put(t2, early ? max : min);
      if (t2 >= from && t1 <= to) drawn.count += count;
    });
    if (broken) widen();
    drawn.extent = n;
    drawn.means = m;
  }
}

/** The size of the arrays that points needs for a window. */
export function room(from, to, width) {
  return PER_BUCKET * (Math.ceil((to - from) / width) + 4);
}
