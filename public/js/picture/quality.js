/**
 * What a picture that came over a slow line is, in words: exact, compressed without loss, or with loss and how much. Pure, no DOM.
 *
 * A frame that was written otherwise than as its pixels has `of`, the bytes that these would have; `bytes` is how many came. One that has lost something has
 * `lossy`, `{as: "bytes" | "jpeg", quality, low, high, scale}` (decode.js).
 */

/** Bytes a second in a Mbit/s. */
const BYTES = 1e6 / 8;

const PARTS = {2: "half resolution", 4: "a quarter of the resolution"};

/** How many times coarser than it was asked for a picture is: 1, 2 or 4. */
export function scaleOf({topic = "", step, lossy}) {
  if (lossy?.scale > 0) return lossy.scale;
  // "<source>/array/<name>/<index>/<rectangle>/<step>[/n][/e]"
  const asked = Number(/\/\d+,\d+,\d+,\d+\/(\d+)(?:\/n)?(?:\/e)?$/.exec(topic)?.[1]);
  return asked > 0 && step > asked ? step / asked : 1;
}

/**
 * What is shown, in words.
 *
 * @param {object[]} frames all that make the picture up
 * @param {{exact: boolean, rate: number}} [chosen] what people have chosen (choice.js)
 * @param {{rate: number, why: object}} [told] what the server says of pictures with losses (losses.js)
 * @returns {?{kind: string, words: string, why: string}} kind: "exact", "packed", "coarse" or "lossy", the worst of all; words, a few of them; why, sentences
 * that explain them. null where there is no picture
 */
export function qualityOf(frames, chosen = {exact: false, rate: 0}, told = {rate: 0, why: {}}) {
  if (frames.length === 0) return null;
  const worst = frames.reduce((a, b) => rankOf(b) > rankOf(a) ? b : a);
  const scale = Math.max(...frames.map(scaleOf));
  const ratio = frames.reduce((sum, frame) => sum + fullOf(frame), 0) / Math.max(frames.reduce((sum, frame) => sum + bytesOf(frame), 0), 1);
  const isLossy = Boolean(worst.lossy);
  const resolution = scale > 1 ? PARTS[scale] ?? `1 : ${scale} of the resolution` : "";
  const kind = isLossy ? "lossy" : scale > 1 ? "coarse" : worst.of > 0 ? "packed" : "exact";
  const words = [];
  if (resolution) words.push(resolution);
  if (isLossy) words.push("lossy", `1 : ${rounded(ratio)}`, "exact when still");
  else if (scale === 1) words.push("exact");
  if (!isLossy && worst.of > 0 && ratio >= 1.05) words.push(`compressed 1 : ${rounded(ratio)}`);
  return {kind, words: words.join(", "), why: whyOf(kind, worst, scale, chosen, told)};
}

function rankOf(frame) {
  return frame.lossy ? 3 : scaleOf(frame) > 1 ? 2 : frame.of > 0 ? 1 : 0;
}

function bytesOf(frame) {
  return frame.bytes ?? frame.data?.byteLength ?? 0;
}

function fullOf(frame) {
  return frame.of > 0 ? frame.of : bytesOf(frame);
}

function rounded(ratio) {
  return ratio < 9.95 ? String(Number(ratio.toFixed(1))) : String(Math.round(ratio));
}

function whyOf(kind, frame, scale, {exact, rate}, told) {
  const words = [];
  if (kind === "exact") words.push("Every pixel has its own value.");
  if (kind === "packed") words.push("Every pixel has its own value. The bytes are compressed on the way, since the line carries fewer than they are.");
  if (kind === "lossy") {
    // The server says so within a second.
    words.push(`${told.why[frame.topic] ?? "The line carries less than the exact pictures need"}.`);
    if (told.rate > 0 && rate === 0) words.push(`About ${rounded(told.rate / BYTES)} Mbit/s come through.`);
    if (scale > 1) words.push(`A pixel is the mean of ${scale} × ${scale}.`);
    if (frame.lossy.as === "jpeg") words.push(`The pictures are JPEG of quality ${frame.lossy.quality}${spanOf(frame)}.`);
    else words.push(`Values are rounded to 256 steps${spanOf(frame)}.`);
    words.push("What stands still becomes exact. Values under the pointer, profiles, the histogram and files always are.");
  }
  if (kind === "coarse") words.push(`A pixel is the mean of ${scale} × ${scale}: there is no room for more of them.`);
  if (exact) words.push("You have chosen exact pictures: they come more rarely where the line is slow.");
  if (rate > 0) words.push(`You have bounded this page to ${rate} Mbit/s.`);
  return words.join(" ");
}

function spanOf({lossy}) {
  return Number.isFinite(lossy?.low) && Number.isFinite(lossy.high) ? ` between ${Number(lossy.low.toPrecision(4))} and ${Number(lossy.high.toPrecision(4))}` : "";
}
