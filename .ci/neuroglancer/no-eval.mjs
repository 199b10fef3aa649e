// A loader that puts functions written out in place of those which Neuroglancer makes
// from text in two of its modules. A module that is not as it was when this was
// written is an error.
import path from "node:path";

const beside = name => JSON.stringify(path.join(import.meta.dirname, name));

const changes = {
  "annotation/index.js": {
    // The end of the constructor of AnnotationPropertySerializer.
    from: / {4}let groupOffsetCode = [^]*?serializeCode\n {4}\);\n[^]*?deserializeCode\n {4}\);\n/g,
    to: "    this.serializedBytes = serializedBytes;\n" +
      "    [this.serialize, this.deserialize] = propertyCodec(propertyGroupBytes, offsets, propertySpecs);\n",
    head: `import {codec as propertyCodec} from ${beside("properties.js")};\n`,
  },
  "sliceview/compressed_segmentation/encode_common.js": {
    from: /^const writeEncodedRepresentation = new Function\([^]*?\n\);\n/gm,
    to: "",
    head: `import {writePacked as writeEncodedRepresentation} from ${beside("packed.js")};\n`,
  },
};

export const modules = Object.keys(changes);

export default function noEval(source) {
  const name = modules.find(n => this.resourcePath.replaceAll(path.sep, "/").endsWith("/neuroglancer/lib/" + n));
  const {from, to, head} = changes[name];
  if (source.match(from)?.length !== 1) throw new Error(`${name} of Neuroglancer has changed: see .ci/neuroglancer/no-eval.mjs`);
  const changed = head + source.replace(from, () => to);
  if (/new Function/.test(changed)) throw new Error(`${name} of Neuroglancer still makes a function from text`);
  return changed;
}
