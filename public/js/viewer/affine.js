/**
 * Affine maps of the plane, in float64: `[a, b, c, d, e, f]` leads from (u, v) to (a u + b v + c, d u + e v + f). Pure, no DOM.
 */

/** Where (u, v) comes to. */
export function apply([a, b, c, d, e, f], u, v) {
  return [a * u + b * v + c, d * u + e * v + f];
}

/** First `inner`, then `outer`. */
export function compose(outer, inner) {
  const [a, b, c, d, e, f] = outer;
  const [g, h, i, j, k, l] = inner;
  return [a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f];
}

/** The way back; null where there is none. */
export function inverse([a, b, c, d, e, f]) {
  const det = a * e - b * d;
  if (!Number.isFinite(1 / det)) return null;
  const [g, h, i, j] = [e / det, -b / det, -d / det, a / det];
  const back = [g, h, -(g * c + h * f), i, j, -(i * c + j * f)];
  return back.every(Number.isFinite) ? back : null;
}

/**
 * From (column, row) to (right, down), for a matrix [[a, b, c], [d, e, f]] from (row, column) to (down, right), as napari and the
 * server count; null if it is none.
 */
export function fromRows(matrix) {
  const fine = row => Array.isArray(row) && row.length === 3 && row.every(Number.isFinite);
  if (!Array.isArray(matrix) || matrix.length !== 2 || !matrix.every(fine)) return null;
  const [[a, b, c], [d, e, f]] = matrix;
  return [e, d, f, b, a, c];
}

/** The box around [x0, y0] to [x1, y1] where it comes to. */
export function boxOf(affine, x0, y0, x1, y1) {
  const corners = [apply(affine, x0, y0), apply(affine, x1, y0), apply(affine, x0, y1), apply(affine, x1, y1)];
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  return {x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys)};
}
