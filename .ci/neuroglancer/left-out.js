// Stands in for decoders that are left out of webmon's build of Neuroglancer: that of
// JPEG XL for its size (1.7 MB), that of Compresso because a part of it is under the LGPL.
const leftOut = format => async () => {
  throw new Error(`Chunks encoded as ${format} cannot be shown: webmon's build of Neuroglancer leaves their decoder out.`);
};

export const decompressJxl = leftOut("jxl");
export const decompressCompresso = leftOut("compresso");
