/** Links to a model with its parameters: `?p.<control>=<value>`. Pure, no DOM. */

import {readable} from "../address.js";
import {sameValue} from "../controls.js";

/** What the names of parameters begin with in an address. */
export const PREFIX = "p.";

/**
 * The parameters that differ from what they are at the start.
 *
 * @param {object} controls what the source says of its controls: {name: {value, default, ...}}
 * @returns {Array<[string, string]>} names and values as text
 */
export function changed(controls) {
  return Object.entries(controls ?? {})
    .filter(([, {value}]) => ["number", "string", "boolean"].includes(typeof value))
    .filter(([, {value, default: first}]) => first === undefined || first === null || !sameValue(value, first))
    .map(([name, {value}]) => [name, String(value)]);
}

/** The address of a page with these parameters and no others. */
export function withParameters(address, parameters) {
  const url = new URL(address);
  url.hash = "";
  without(url.searchParams);
  url.searchParams.delete("token"); // of the reader's own session
  for (const [name, value] of parameters) url.searchParams.set(PREFIX + name, value);
  return readable(url).href;
}

/** Takes all parameters out of a query. */
export function without(query) {
  for (const name of [...query.keys()]) if (name.startsWith(PREFIX)) query.delete(name);
}
