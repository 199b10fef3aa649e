/**
 * napari's colours of labels: from the labels of a frame to entries of a table of colours, exactly as napari draws them. Pure, no DOM.
 *
 * A painting, as paintingOf makes it of what the server says, is `{table, entry(frame), contour, ...}`: table RGBA, four bytes an entry,
 * the last of which is transparent. It is kept as long as what it is made of stays the same, so that a frame is gone through once.
 */

/** Steps that a contour is followed inwards at most: each costs a turn through the picture. */
const THICKEST = 64;

/** Entries a table may have: those of a texture of 256 x 256 but one. */
const MOST = 65535;

/**
 * How labels are painted.
 *
 * @param {object} table `{kind: "cyclic" | "direct", rgba, labels, background}`: rgba four bytes a colour. Of a cyclic one the first colour is
 * not used, and the others come round; of a direct one the first is that of all labels that are not in `labels`
 * @param {object} look `{contour, selection, dtype}`: contour how wide contours are inside, 0 for filled; selection the only label that is drawn, as
 * digits, or null; dtype NumPy's, such as "<u2"
 */
export function paintingOf(table, {contour = 0, selection = null, dtype = ""}) {
  const colors = Math.min(table.rgba.length >> 2, MOST);
  const entries = new Uint8Array((colors + 1) * 4);
  entries.set(table.rgba.subarray(0, colors * 4));
  const clear = colors;
  // napari has the labels of up to 16 bits as they are on the graphics card, and of the others their place in the circle.
  const wide = Number(dtype.slice(2)) > 2;
  const signed = dtype[1] !== "u";
  const bits = Number(dtype.slice(2)) * 8;
  const background = digits(table.background ?? "0");
  const only = selection === null || selection === undefined ? null : digits(selection);
  if (table.kind === "direct") {
    const places = new Map(table.labels.slice(0, colors - 1).map((label, i) => [digits(label), i + 1]));
    const entryOf = label => only !== null && label !== only ? clear : places.get(label) ?? 0;
    return {table: entries, clear, contour, background, entryOf};
  }
  const round = colors - 1;
  const cycle = label => {
    if (label === background) return 0;
    let before = typeof label === "bigint" ? Number((label - 1n) % BigInt(round)) : (label - 1) % round;
    // What is less than nothing comes round, as in the computer's own numbers.
    if (before < 0) before = !signed && label === 0 ? Number((2n ** BigInt(bits) - 1n) % BigInt(round)) : before + round;
    return before + 1;
  };
  const chosen = only === null ? null : cycle(only);
  const entryOf = label => {
    const at = cycle(label);
    if (at === 0 || only !== null && (wide ? at !== chosen : label !== only)) return clear;
    return at;
  };
  return {table: entries, clear, contour, background, entryOf};
}

/** The entries of all labels of a frame, as many as it has. */
export function entriesOf({rows, cols, step, type, data}, {contour, background, entryOf}) {
  const labels = type === "u8" || type === "i8" ? Array.from(data, narrowed) : data;
  const out = new Uint16Array(labels.length);
  const edges = contour > 0 ? edgesOf(labels, rows, cols, Math.min(Math.max(Math.round(contour / step), 1), THICKEST)) : null;
  const known = new Map();
  let last;
  let entry = 0;
  for (let i = 0; i < out.length; i++) {
    const label = edges && !edges[i] ? background : labels[i];
    // Neighbours are mostly of one label.
    if (label !== last || i === 0) {
      last = label;
      entry = known.get(label);
      if (entry === undefined) known.set(label, entry = entryOf(typeof label === "number" ? Math.trunc(label) : label));
    }
    out[i] = entry;
  }
  return out;
}

/**
 * Which pixels napari draws of contours: where the largest label of the pixel and its four neighbours is not the smallest of all
 * that are within `thickness` steps along rows and columns.
 */
export function edgesOf(labels, rows, cols, thickness) {
  const at = (row, col) => row * cols + col;
  const spread = (from, better) => {
    const out = from.slice();
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) {
        const i = at(row, col);
        let best = from[i];
        if (row > 0 && better(from[i - cols], best)) best = from[i - cols];
        if (row < rows - 1 && better(from[i + cols], best)) best = from[i + cols];
        if (col > 0 && better(from[i - 1], best)) best = from[i - 1];
        if (col < cols - 1 && better(from[i + 1], best)) best = from[i + 1];
        out[i] = best;
      }
    }
    return out;
  };
  const largest = spread(labels, (a, b) => a > b);
  let smallest = labels;
  for (let turn = 0; turn < thickness; turn++) smallest = spread(smallest, (a, b) => a < b);
  const edges = new Uint8Array(rows * cols);
  for (let i = 0; i < edges.length; i++) edges[i] = largest[i] === smallest[i] ? 0 : 1;
  return edges;
}

/** A label from its digits: a number where it is exact, else a BigInt. */
function digits(text) {
  return narrowed(BigInt(text));
}

function narrowed(label) {
  const number = Number(label);
  return Number.isSafeInteger(number) ? number : label;
}
