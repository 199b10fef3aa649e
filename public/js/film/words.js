/** What a recording may be, and what is said of it. */

/** A recording ends by itself after so many seconds, or bytes. */
export const MOST_SECONDS = 600;
export const MOST_BYTES = 512 * 2 ** 20;

/** What films are written in, the best first: each browser has one of them at least. */
export const FORMATS = [
  {type: "video/webm;codecs=vp9", ending: "webm"},
  {type: "video/webm;codecs=vp8", ending: "webm"},
  {type: "video/webm", ending: "webm"},
  {type: "video/mp4", ending: "mp4"},
];

/** How long and how large a recording is, so far or at its end, and whether it has pictures that lost something on their way to the page. */
export function saysOf(seconds, bytes, done = false, lossy = false) {
  const long = `${Math.floor(seconds)} s`;
  const large = bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  return done ? `${long}, ${large}${lossy ? ", of pictures that are lossy in part" : ""}` : `Recording: ${long} of at most ${MOST_SECONDS}, ${large}`;
}
