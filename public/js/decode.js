/**
 * Frames as binary.js reads them become frames that can be shown: those that came coded are decoded, in a worker where the
 * browser has one, else in the page.
 *
 *     const frame = await decode(readBinary(buffer));
 *     frame.data;   // as if it had come as it is
 *     frame.lossy;  // null: every value is that of the array
 */

import {readCoded, readable} from "./coded.js";

/** What the server is told that this page can read. */
export const TAKES = readable();

const ARRAYS = {u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, u8: BigUint64Array, i4: Int32Array, i8: BigInt64Array, f4: Float32Array, f8: Float64Array};

/** How long a worker may take to say that it is there, ms; a browser that has none for us does not always say so. */
const PATIENCE = 5000;

/* global DECODE_WORKER -- the bundler puts the name of the worker's file here (.ci/generate.sh) */
const WORKER = typeof DECODE_WORKER === "undefined" ? "decode-worker.js" : DECODE_WORKER;

let beside; // of a Beside, or null where there is none

/**
 * Makes a frame that can be shown.
 *
 * @param {object} frame as from binary.js; if it is coded, its data are gone afterwards
 * @returns {object|Promise<object>} the frame with typed `data`, and `lossy`: null, or {as, quality, low, high, of, bytes, scale} with what a value
 * of 0 and 255 stands for (null of colours), the bytes of the exact picture and of what came, and the pixels of it along a side of one. A promise where decoding takes time; it fails with
 * an Error that says what is wrong
 */
export function decode(frame) {
  return frame.coded ? decoded(frame) : frame;
}

async function decoded(frame) {
  const {coded, type, rows, cols, samples, data: body, ...rest} = frame;
  const shape = {type, rows, cols, samples};
  beside ??= open();
  let worker;
  try {
    worker = await beside;
  } catch {
    worker = null; // no worker: it is slower in the page, and no worse
  }
  const read = worker ? await worker.read(coded, shape, body) : await readCoded(coded, shape, body);
  return {...rest, type, rows, cols, samples: read.samples, data: new ARRAYS[type](read.data.buffer)};
}

/** Starts the worker. Fails where there is none. */
function open() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(WORKER, import.meta.url), {type: "module"});
    const waiting = new Map();
    let n = 0;
    const late = setTimeout(() => fail("the worker does not start"), PATIENCE);
    const fail = word => {
      clearTimeout(late);
      worker.terminate();
      reject(new Error(word));
      for (const one of waiting.values()) one.reject(new Error(`read picture: ${word}`));
      waiting.clear();
      beside = Promise.reject(new Error(word)); // from now on in the page
      beside.catch(() => {});
    };
    worker.addEventListener("error", event => fail(event.message || "the worker has failed"));
    worker.addEventListener("message", ({data}) => {
      if (data.ready) {
        clearTimeout(late);
        resolve({
          read: (coded, shape, body) => new Promise((done, failed) => {
            waiting.set(++n, {resolve: done, reject: failed});
            worker.postMessage({n, coded, shape, body}, [body.buffer]);
          }),
        });
        return;
      }
      const one = waiting.get(data.n);
      waiting.delete(data.n);
      if (data.error) one?.reject(new Error(data.error));
      else one?.resolve(data);
    });
  });
}
