/** Columns as the server sends them (dashboard/maps/columns.go says how). Pure, no DOM. */

const TYPES = {f8: Float64Array, i4: Int32Array, u1: Uint8Array};

/** A head is never longer, bytes: the words of a column may be notes of people. */
const MOST_HEAD = 16 << 20;

/**
 * Reads columns.
 *
 * @param {ArrayBuffer} buffer
 * @returns {{n: number, columns: object[], by: Map<string, object>}} columns `{name, title, unit, words, values}`, of which values is a
 *   typed array of n numbers on the buffer; by their names, of which the first counts
 */
export function readColumns(buffer) {
  if (buffer.byteLength < 4) throw new Error("The columns have no head.");
  const size = new DataView(buffer).getUint32(0, true);
  if (size > Math.min(buffer.byteLength - 4, MOST_HEAD)) throw new Error("The head of the columns is longer than they are.");
  const {n, columns} = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  if (!(Number.isInteger(n) && n >= 0) || !Array.isArray(columns)) throw new Error("The head of the columns says nothing of them.");
  let at = 4 + size;
  const by = new Map();
  const read = columns.map(({name, title = name, unit = "", type, words = null}) => {
    const kind = TYPES[type];
    if (!kind) throw new Error(`The column ${name} has the type ${type}, which is not known.`);
    const bytes = n * kind.BYTES_PER_ELEMENT;
    if (at % 8 !== 0 || at + bytes > buffer.byteLength) throw new Error(`The column ${name} is cut off.`);
    const column = {name, title, unit, words, values: new kind(buffer, at, n)};
    at += Math.ceil(bytes / 8) * 8;
    if (!by.has(name)) by.set(name, column);
    return column;
  });
  return {n, columns: read, by};
}
