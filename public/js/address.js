/** What the state of a picture looks like in the page's address: pure, but for keepInAddress. */

import {readNumber, wordsBetween} from "./viewer/numbers.js";

/** A number in as many digits as a view needs. */
export function short(n) {
  return String(Number(n.toPrecision(8)));
}

/**
 * Two numbers "low~high", the second the greater; null if it is no such thing. They may be negative, so no hyphen stands between
 * them. Whole numbers that a Number has not the digits for are BigInts.
 */
export function span(text) {
  const pair = text.split("~").map(readNumber);
  return pair.length === 2 && pair.every(n => typeof n === "bigint" || Number.isFinite(n)) && pair[1] > pair[0] ? pair : null;
}

/** Two numbers as span reads them, in as many digits as tell them apart. */
export function spanText(pair) {
  return pair.map(wordsBetween(...pair, 8)).join("~");
}

/** `count` numbers with commas in between; null if it is no such thing. */
export function numbers(text, count) {
  const list = text?.split(",").map(item => item === "" ? NaN : Number(item)) ?? [];
  return list.length === count && list.every(Number.isFinite) ? list : null;
}

/** An address as people read it: commas and the like need no escape in a query. */
export function readable(url) {
  url.search = url.search.replace(/%2C/gi, ",").replace(/%7E/gi, "~").replace(/%3A/gi, ":").replace(/%3B/gi, ";");
  return url;
}

/** Whether a picture is a card among others, whose address is not its own: data-view of its scope has how it is looked at. */
export function isCard(scope) {
  return scope.dataset?.view !== undefined;
}

/** How a picture is to be looked at: the query of the page, or that of a card. */
export function queryOf(scope) {
  return new URLSearchParams(isCard(scope) ? scope.dataset.view : location.search);
}

/**
 * Puts the state into the page's address, without a step in its history.
 *
 * @param {function(URLSearchParams)} write
 */
export function keepInAddress(write) {
  const url = new URL(location.href);
  write(url.searchParams);
  readable(url);
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}
