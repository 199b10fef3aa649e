/** Who looks at something together: a number and colours. */

import {h, say} from "./dom.js";

/** What the colours --person-0 to --person-11 are called (css/src/people.css). */
export const COLOURS = ["blue", "orange", "pink", "green", "violet", "yellow", "red", "turquoise", "lime", "brown", "magenta", "grey"];

/** How many dots stand in the head of the page: of a crowd a number says more. */
const DOTS = 16;

/** Those who have a dot there: whose page this is, who points, and then who came first. In their order. */
export function dotted(people, me) {
  const matters = one => one.id === me || one.hand !== null;
  const chosen = new Set([...people.filter(matters), ...people.filter(one => !matters(one))].slice(0, DOTS));
  return people.filter(one => chosen.has(one));
}

/** How many there are, of whom more are not listed. */
export function counted(people, more = 0) {
  const n = people.length + more;
  return n === 1 ? "1 person here" : `${n} people here`;
}

/** What a screen reader says of it. */
export function describe(people, me, more = 0) {
  const count = counted(people, more);
  const own = people.find(({id}) => id === me);
  const names = [...new Set(people.filter(one => one.name && one.id !== me).map(({name}) => name))];
  return (own ? `${count}, you are the ${colourName(own.colour)} one` : count) + (names.length > 0 ? `, with ${names.join(", ")}` : "");
}

/** What a dot says of somebody. */
export function titleOf({id, name, colour, hand}, me) {
  return `${name ? `${name}, ` : ""}${colourName(colour)}${id === me ? ", you" : ""}${hand ? ", pointing" : ""}`;
}

/** The name of a person's colour. */
function colourName(colour) {
  return COLOURS[((colour % COLOURS.length) + COLOURS.length) % COLOURS.length];
}

/**
 * Checks what came.
 *
 * @param {function(*): ?object} [handOf] checks where somebody points; null for nowhere
 */
export function readPeople(list, handOf = pairOf) {
  if (!Array.isArray(list)) return [];
  return list.filter(one => typeof one?.id === "string").map(({id, name, colour, hand}) => ({
    id, name: typeof name === "string" ? name : "", colour: Number.isSafeInteger(colour) ? ((colour % COLOURS.length) + COLOURS.length) % COLOURS.length : 0,
    hand: handOf(hand),
  }));
}

// A place on the picture of a simulation.
function pairOf(hand) {
  return Array.isArray(hand) && hand.length === 2 && hand.every(Number.isFinite) ? hand : null;
}

/** Shows who is there, where that has changed. */
export function showPeople(element, people, me, more = 0) {
  if (!element) return;
  const key = `${more} ${people.map(({id, name, colour, hand}) => `${id} ${colour} ${hand ? 1 : 0} ${name}`).join("\n")}`;
  if (element.dataset.livePeople === `${me} ${key}`) return;
  element.dataset.livePeople = `${me} ${key}`;
  element.hidden = people.length === 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", describe(people, me, more));
  const dots = dotted(people, me).map(one => h("span", {class: `people-one${one.hand ? " people-held" : ""}`, "data-person": one.colour, title: titleOf(one, me)},
    one.id === me ? h("span", {class: "people-you"}, "you") : one.name ? h("span", {class: "people-name"}, one.name) : null));
  const count = h("span", {class: "people-count"});
  say(count, `${people.length + more} here`);
  element.replaceChildren(count, h("span", {class: "people-dots", "aria-hidden": "true"}, ...dots));
}
