/**
 * When the browser paints. In a hidden page it never does, and animation frames never come: there a timer stands in, so that
 * work which waits for a paint is done all the same, if more slowly.
 */

/** Milliseconds after which work no longer waits for an animation frame. */
const HIDDEN = 250;

/** Calls back once, before the next paint. */
export function beforePaint(callback) {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    callback();
  };
  const timer = setTimeout(once, HIDDEN);
  if (!document.hidden) requestAnimationFrame(once);
}

/** Calls back once, after the next paint. */
export function afterPaint(callback) {
  beforePaint(() => afterThisPaint(callback));
}

/** The same for whoever draws in an animation frame: calls back once that has been painted. */
export function afterThisPaint(callback) {
  // A message posted while a frame is made arrives when it is done.
  soon(callback);
}

/** Calls back in a task of its own, after those that wait already. A hidden page does so without a delay, which timers have there. */
export function soon(callback) {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    callback();
  };
  channel.port2.postMessage(null);
}
