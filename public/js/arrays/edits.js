/** What people change of the view of an array (state.js). Pure, no DOM. */

import {channelsOf, rolesOf} from "./state.js";

/**
 * Sets the limits of the chosen channel by hand; those of the view where there are no channels.
 *
 * @param {object} view
 * @param {?string} chosen key of the channel
 * @param {number[]} limits
 */
export function setLimits(view, chosen, limits) {
  const channel = channelIn(view, chosen);
  if (channel) channel.limits = limits;
  else Object.assign(view, {mode: "manual", limits});
}

/**
 * Sets where limits come from. By hand they begin as they are.
 *
 * @param {object} view
 * @param {?string} chosen key of the channel
 * @param {string} mode
 * @param {?number[]} now the limits of the chosen channel
 */
export function setMode(view, chosen, mode, now) {
  const channel = channelIn(view, chosen);
  if (channel) {
    channel.limits = mode === "manual" ? now : null;
    if (mode !== "manual") view.mode = mode;
    return;
  }
  view.mode = mode;
  if (mode === "manual") view.limits = now;
}

/**
 * Blends the positions of an axis as channels.
 *
 * @param {object} view
 * @param {number} axis negative for none
 * @param {number[]} shape of the frames
 */
export function blend(view, axis, shape) {
  const before = view.index.indexOf("k");
  if (before >= 0) view.index[before] = 0;
  view.channels = axis < 0 ? [] : channelsOf(shape[axis]);
  if (axis >= 0) view.index[axis] = "k";
}

function channelIn(view, chosen) {
  return rolesOf(view).blended < 0 ? undefined : view.channels.find(one => String(one.at) === chosen);
}
