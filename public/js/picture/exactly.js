/** Waits for the exact picture, for what people take with them: a file is exact, whatever the page shows. */

import {holdExact} from "../choice.js";

/** Ms between two looks whether it has come, and after which it is given up. */
const LOOK = 50;
const PATIENCE = 30_000;

/**
 * Waits until all frames of a picture are exact. The server is asked for exact ones meanwhile.
 *
 * @param {function(): object[]} frames those that are shown
 * @param {object} [options]
 * @param {boolean} [options.paused] whether the picture is held still, so that no other will come
 * @param {function(string)} [options.say] is told what is waited for, "" when it has come
 * @throws {Error} that says why there is none
 */
export async function exactly(frames, {paused = false, say = () => {}} = {}) {
  const isExact = () => frames().every(({lossy}) => !lossy);
  if (isExact()) return;
  if (paused) throw new Error("The picture that is held still has lost something on its way here. Let it go on to save an exact one.");
  const release = holdExact();
  say("Waiting for the exact picture");
  try {
    const end = performance.now() + PATIENCE;
    while (!isExact()) {
      if (performance.now() > end) throw new Error("The exact picture did not come: the line is too slow for it now.");
      await new Promise(resolve => setTimeout(resolve, LOOK));
    }
  } finally {
    release();
    say("");
  }
}
