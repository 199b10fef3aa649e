import {readBinary} from "../binary.js";
import {decode, TAKES} from "../decode.js";

window.takes = TAKES;

/** What becomes of a message in base64: its data in base64 again, with what is said of them. */
window.decodeMessage = async text => {
  const {data, topic, type, rows, cols, samples, step, lossy} = await decode(readBinary(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer));
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let binary = "";
  for (let i = 0; i < bytes.length; i += 4096) binary += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return {kind: data.constructor.name, data: btoa(binary), topic, type, rows, cols, samples, step, lossy};
};

/** How long a message takes until it can be shown, ms, each of `rounds` times. */
window.timeMessage = async (text, rounds) => {
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const {buffer} = Uint8Array.from(atob(text), c => c.charCodeAt(0));
    const began = performance.now();
    await decode(readBinary(buffer));
    times.push(performance.now() - began);
  }
  return times;
};
window.ready = true;
