// Reads and writes the properties of annotations in the layout that Neuroglancer
// gives its buffers. It stands in for a part of its annotation/index.js that makes
// functions out of text, which webmon's Content-Security-Policy does not allow.
//
// An annotation's properties are in groups, and all annotations' bytes of a group
// lie together: first those of group 0, which begin with the geometry, then those
// of group 1, and so on.

const kinds = {
  int8: {
    get: (view, at) => view.getInt8(at),
    set: (view, at, value) => view.setInt8(at, value),
  },
  uint8: {
    get: (view, at) => view.getUint8(at),
    set: (view, at, value) => view.setUint8(at, value),
  },
  int16: {
    get: (view, at, little) => view.getInt16(at, little),
    set: (view, at, value, little) => view.setInt16(at, value, little),
  },
  uint16: {
    get: (view, at, little) => view.getUint16(at, little),
    set: (view, at, value, little) => view.setUint16(at, value, little),
  },
  int32: {
    get: (view, at, little) => view.getInt32(at, little),
    set: (view, at, value, little) => view.setInt32(at, value, little),
  },
  uint32: {
    get: (view, at, little) => view.getUint32(at, little),
    set: (view, at, value, little) => view.setUint32(at, value, little),
  },
  float32: {
    get: (view, at, little) => view.getFloat32(at, little),
    set: (view, at, value, little) => view.setFloat32(at, value, little),
  },
  // Colours are bytes in the order red, green, blue, alpha, whatever the machine's order is;
  // as a number red is the lowest byte.
  rgb: {
    get: (view, at) => view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16),
    set(view, at, value) {
      view.setUint8(at, value);
      view.setUint8(at + 1, value >>> 8);
      view.setUint8(at + 2, value >>> 16);
    },
  },
  rgba: {
    get: (view, at) => view.getUint32(at, true),
    set: (view, at, value) => view.setUint32(at, value, true),
  },
};

// codec returns the functions [serialize, deserialize] of annotations that have the
// properties specs, each {type}. groupBytes are the bytes of an annotation in each
// group; places say of each property {group, offset}, its place in those bytes.
//
// Both functions take a DataView, the offset of group 0 in it, the annotation's
// index, how many annotations there are, whether numbers are little-endian, and the
// array of values, which serialize reads and deserialize fills.
export function codec(groupBytes, places, specs) {
  const properties = specs.map(({type}, i) => {
    if (!Object.hasOwn(kinds, type)) throw new Error(`Annotations cannot have a property of the type ${JSON.stringify(type)}.`);
    const {group, offset} = places[i];
    return {kind: kinds[type], group, offset};
  });
  // before[g] is how many bytes each annotation has in the groups ahead of g.
  const before = [0];
  for (const bytes of groupBytes) before.push(before.at(-1) + bytes);
  const place = ({group, offset}, base, index, count) => base + before[group] * count + groupBytes[group] * index + offset;

  const serialize = (view, base, index, count, little, values) => {
    for (let i = 0; i < properties.length; i++) {
      const p = properties[i];
      p.kind.set(view, place(p, base, index, count), values[i], little);
    }
  };
  const deserialize = (view, base, index, count, little, values) => {
    for (let i = 0; i < properties.length; i++) {
      const p = properties[i];
      values[i] = p.kind.get(view, place(p, base, index, count), little);
    }
  };
  return [serialize, deserialize];
}
