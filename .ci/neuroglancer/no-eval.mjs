// A loader that puts functions written out in place of those which Neuroglancer makes
// from text in two of its modules, and the decoders of blosc and zstd in their glue.
// A module that is not as it was when this was written is an error.
import path from "node:path";

const beside = name => JSON.stringify(path.join(import.meta.dirname, name));

// The function by which Emscripten's glue makes functions from text.
const glue = {
  from: /function (\w+)\(a\) \{\n +var b = Function;\n[^]*?return a instanceof Object \? a : c;\n +\}/g,
  to: (_, name) => `function ${name}(a) { return boundByText(a); }`,
  head: `import {bound as boundByText} from ${beside("bound.js")};\n`,
};

const changes = {
  "neuroglancer/lib/annotation/index.js": {
    // The end of the constructor of AnnotationPropertySerializer.
    from: / {4}let groupOffsetCode = [^]*?serializeCode\n {4}\);\n[^]*?deserializeCode\n {4}\);\n/g,
    to: () => "    this.serializedBytes = serializedBytes;\n" +
      "    [this.serialize, this.deserialize] = propertyCodec(propertyGroupBytes, offsets, propertySpecs);\n",
    head: `import {codec as propertyCodec} from ${beside("properties.js")};\n`,
  },
  "neuroglancer/lib/sliceview/compressed_segmentation/encode_common.js": {
    from: /^const writeEncodedRepresentation = new Function\([^]*?\n\);\n/gm,
    to: () => "",
    head: `import {writePacked as writeEncodedRepresentation} from ${beside("packed.js")};\n`,
  },
  "numcodecs/dist/blosc.js": glue,
  "numcodecs/dist/zstd.js": glue,
};

export const modules = Object.keys(changes);

export default function noEval(source) {
  const name = modules.find(n => this.resourcePath.replaceAll(path.sep, "/").endsWith("/" + n));
  const {from, to, head} = changes[name];
  if (source.match(from)?.length !== 1) throw new Error(`${name} has changed: see .ci/neuroglancer/no-eval.mjs`);
  const changed = head + source.replace(from, to);
  if (/new Function|= Function\b/.test(changed)) throw new Error(`${name} still makes a function from text`);
  return changed;
}
