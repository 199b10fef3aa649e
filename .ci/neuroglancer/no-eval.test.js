import assert from "node:assert/strict";
import {readFile} from "node:fs/promises";
import test from "node:test";
import noEval, {modules} from "./no-eval.mjs";
import {bound} from "./bound.js";
import {writePacked} from "./packed.js";
import {codec} from "./properties.js";

// places as Neuroglancer gives them: each property's group, and its offset in the group.
const at = (group, offset) => ({group, offset});

test("properties of annotations have the places and the bytes that the format says", () => {
  // Points of rank 2, so 8 bytes of geometry, then the properties by their alignment, padded to 4.
  const specs = ["uint8", "float32", "int16", "rgb", "rgba", "int8", "uint16", "int32", "uint32"].map(type => ({type}));
  const places = [at(0, 35), at(0, 8), at(0, 20), at(0, 24), at(0, 27), at(0, 31), at(0, 22), at(0, 12), at(0, 16)];
  const [serialize, deserialize] = codec([36], places, specs);
  const values = [200, 1.5, -2, 0x030201, 0x84838281, -1, 65535, -3, 4294967295];
  const bytes = new Uint8Array(4 + 2 * 36);
  const view = new DataView(bytes.buffer);
  serialize(view, 4, 1, 2, true, values);
  assert.deepEqual([...bytes.subarray(0, 4 + 36 + 8)], new Array(48).fill(0), "what is before the second annotation's properties");
  assert.deepEqual([...bytes.subarray(48)], [
    0, 0, 0xc0, 0x3f, // 1.5
    0xfd, 0xff, 0xff, 0xff, // -3
    0xff, 0xff, 0xff, 0xff, // 4294967295
    0xfe, 0xff, // -2
    0xff, 0xff, // 65535
    1, 2, 3, // the colour's red first
    0x81, 0x82, 0x83, 0x84,
    0xff, // -1
    0, 0, 0,
    200,
  ]);
  const read = [];
  deserialize(view, 4, 1, 2, true, read);
  assert.deepEqual(read, values.map(v => v === 0x84838281 ? 0x84838281 : v));
  deserialize(view, 4, 0, 2, true, read);
  assert.deepEqual(read, new Array(9).fill(0));
});

test("numbers are in the order of the machine's bytes, colours are not", () => {
  const [serialize, deserialize] = codec([12], [at(0, 0), at(0, 4), at(0, 8)], [{type: "uint32"}, {type: "rgba"}, {type: "rgb"}]);
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  serialize(view, 0, 0, 1, false, [1, 0x04030201, 0x030201]);
  assert.deepEqual([...bytes], [0, 0, 0, 1, 1, 2, 3, 4, 1, 2, 3, 0]);
  const read = [];
  deserialize(view, 0, 0, 1, false, read);
  assert.deepEqual(read, [1, 0x04030201, 0x030201]);
});

test("all annotations' bytes of a group lie together", () => {
  // Three annotations: 8 bytes of each, then 4 bytes of each, then 4.
  const [serialize, deserialize] = codec([8, 4, 4], [at(1, 0), at(0, 4), at(2, 1)], [{type: "uint32"}, {type: "uint32"}, {type: "uint8"}]);
  const bytes = new Uint8Array(3 * 16);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 3; i++) serialize(view, 0, i, 3, true, [0x10 + i, 0x20 + i, 0x30 + i]);
  const set = Object.fromEntries([...bytes.entries()].filter(([, b]) => b));
  assert.deepEqual(set, {4: 0x20, 12: 0x21, 20: 0x22, 24: 0x10, 28: 0x11, 32: 0x12, 37: 0x30, 41: 0x31, 45: 0x32});
  const read = [];
  deserialize(view, 0, 2, 3, true, read);
  assert.deepEqual(read, [0x12, 0x22, 0x32]);
});

test("a property of a type that is not known is refused by its name", () => {
  assert.throws(() => codec([4], [at(0, 0)], [{type: "toString"}]), /"toString"/);
});

test("elements of a block are packed into words, the first lowest", () => {
  for (const bits of [1, 2, 4, 8, 16, 32]) {
    const perWord = 32 / bits;
    const words = 3;
    const elements = Uint32Array.from({length: words * perWord}, (_, i) => (i * 7) % 5);
    // In a block of 32 bits a number may have its highest bit set.
    const most = 2 ** bits - 1;
    const numbers = Uint32Array.from([0, most, 1, most, 0]);
    const output = new Uint32Array(words + 2).fill(9);
    writePacked(output, 1, elements, numbers, bits, words);
    assert.equal(output[0], 9, `${bits} bits: the word before`);
    assert.equal(output[words + 1], 9, `${bits} bits: the word after`);
    const read = [];
    for (let i = 0; i < elements.length; i++) {
      read.push(Number((BigInt(output[1 + Math.floor(i / perWord)]) >> BigInt(bits * (i % perWord))) & BigInt(most)));
    }
    assert.deepEqual(read, [...elements].map(e => numbers[e]), `${bits} bits`);
  }
  const output = new Uint32Array([5]);
  writePacked(output, 0, new Uint32Array(8), new Uint32Array(1), 0, 0);
  assert.deepEqual([...output], [5], "one value needs no words");
});

test("a module that is not as expected is not built", () => {
  for (const name of modules) {
    assert.throws(() => noEval.call({resourcePath: "/x/node_modules/neuroglancer/lib/" + name}, "const a = new Function('b');\n"), new RegExp(name));
  }
});

// With the packages that the build has fetched, what is written out is compared with what
// the original makes from text.
test("the changed modules do what the originals do", async t => {
  const lib = new URL("../../.cache/neuroglancer/node_modules/neuroglancer/lib/", import.meta.url);
  let source;
  try {
    source = await readFile(new URL("sliceview/compressed_segmentation/encode_common.js", lib), "utf8");
  } catch {
    t.skip("the packages are not here: .ci/vendor.sh fetches them");
    return;
  }
  const made = /const writeEncodedRepresentation = (new Function\([^]*?\n\));\n/.exec(source)[1];
  const {default: original} = await import("data:text/javascript," + encodeURIComponent(`export default ${made};`));
  const elements = Uint32Array.from({length: 512 + 31}, (_, i) => (i * 2654435761 >>> 7) % 300);
  const numbers = Uint32Array.from({length: 300}, (_, i) => (i * 40503) >>> 3);
  for (const bits of [0, 1, 2, 4, 8, 16, 32]) {
    const small = numbers.map(n => bits === 32 ? n : n % 2 ** bits);
    const words = bits * 512 / 32;
    const [a, b] = [new Uint32Array(600), new Uint32Array(600)];
    original(a, 3, elements, small, bits, words);
    writePacked(b, 3, elements, small, bits, words);
    assert.deepEqual(b, a, `${bits} bits`);
  }
});

test("functions of WebAssembly are bound as the glue's text says", () => {
  const log = [];
  const type = name => ({
    toWireType: (destructors, value) => { destructors?.push(name); return `${name}:${value}`; },
    fromWireType: value => `${name} of ${value}`,
  });
  const given = {
    throwBindingError: text => { throw new TypeError(text); },
    invoker: (fn, ...args) => fn(args),
    fn: args => { log.push(args); return 7; },
    runDestructors: list => log.push(["destroyed", ...list]),
    retType: type("ret"), classParam: null, argType0: type("a"), argType1: type("b"), arg1Wired_dtor: value => log.push(["freed", value]),
  };
  const make = (names, text) => bound([...names, text])(...names.map(name => given[name]));
  const usual = ["throwBindingError", "invoker", "fn", "runDestructors", "retType", "classParam", "argType0", "argType1"];

  assert.equal(make(usual, "runDestructors(destructors);\nreturn ret;\n")(1, 2), "ret of 7");
  assert.equal(make([...usual, "arg1Wired_dtor"], "invoker(fn, arg0Wired);\n")(3, 4), undefined);
  assert.deepEqual(log, [["a:1", "b:2"], ["destroyed", "a", "b"], ["a:3", "b:4"], ["freed", "b:4"]]);
  assert.throws(() => make(usual, "return ret;")(1), /2 arguments is called with 1/);
  assert.throws(() => make(usual, "var thisWired = "), /methods/);
});
