// Writes the values of a block in Neuroglancer's compressed_segmentation format. It
// stands in for a part of its sliceview/compressed_segmentation/encode_common.js that
// makes a function out of text, which webmon's Content-Security-Policy does not allow.

// writePacked fills the words output[at] to output[at + words - 1]. Each holds 32 / bits
// elements of the block, the first in the lowest bits: the number, in the block's table of
// values, of the value that the element has. That is numbers[elements[i]] for the element i.
// With 0 bits, one value fills the block and there is nothing to write.
export function writePacked(output, at, elements, numbers, bits, words) {
  if (bits === 0) return;
  let element = 0;
  for (let word = at; word < at + words; word++) {
    let packed = 0;
    for (let shift = 0; shift < 32; shift += bits) packed |= numbers[elements[element++]] << shift;
    output[word] = packed;
  }
}
