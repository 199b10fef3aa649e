/**
 * What the page says about its connection to webmon, and when it tries again. htmx's extension reconnects by itself; this
 * knows when, without a say in it.
 */

/** Milliseconds before the first attempt; doubled each time. */
export const FIRST_DELAY = 500;
export const MOST_DELAY = 3000;

/** Attempts after which the page no longer thinks that webmon will be back at once. */
const PATIENCE = 6;

/** The delay before attempt n (1 is the first), as htmx's extension computes it without jitter. */
export function delayBefore(attempt, first = FIRST_DELAY, most = MOST_DELAY) {
  return Math.min(first * 2 ** (attempt - 1), most);
}

/**
 * The word for a state.
 *
 * @param {object} state
 * @param {string} state.name "connecting", "live", "reconnecting", "signed-out" or "stopped"
 * @param {number} [state.attempt] how many attempts have been made since the connection was lost
 * @param {number} [state.retryIn] milliseconds until the next one
 */
export function connectionWord({name, attempt = 0, retryIn = 0}) {
  switch (name) {
    case "reconnecting": {
      const seconds = Math.ceil(retryIn / 1000);
      const when = seconds > 0 ? `in ${seconds} s` : "now";
      return attempt > PATIENCE ? `not reachable, again ${when}` : `reconnecting ${when}`;
    }
    case "signed-out":
      return "signed out";
    default:
      return name;
  }
}
