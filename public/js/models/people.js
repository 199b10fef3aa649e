/** Who looks at a model: a number and colours. */

import {h, say} from "../dom.js";

/** What the colours --person-0 to --person-11 are called (css/src/models.css). */
export const COLOURS = ["blue", "orange", "pink", "green", "violet", "yellow", "red", "turquoise", "lime", "brown", "magenta", "grey"];

/** What a screen reader says of it. */
export function describe(people, me) {
  const count = people.length === 1 ? "1 person here" : `${people.length} people here`;
  const own = people.find(({id}) => id === me);
  return own ? `${count}, you are the ${colourName(own.colour)} one` : count;
}

/** The name of a person's colour. */
export function colourName(colour) {
  return COLOURS[((colour % COLOURS.length) + COLOURS.length) % COLOURS.length];
}

/** Checks what came. */
export function readPeople(list) {
  if (!Array.isArray(list)) return [];
  return list.filter(one => typeof one?.id === "string").map(({id, colour, hand}) => ({
    id, colour: Number.isSafeInteger(colour) ? ((colour % COLOURS.length) + COLOURS.length) % COLOURS.length : 0,
    hand: Array.isArray(hand) && hand.length === 2 && hand.every(Number.isFinite) ? hand : null,
  }));
}

/** Shows who is there, where that has changed. */
export function showPeople(element, people, me) {
  if (!element) return;
  const key = people.map(({id, colour, hand}) => `${id} ${colour} ${hand ? 1 : 0}`).join();
  if (element.dataset.livePeople === `${me} ${key}`) return;
  element.dataset.livePeople = `${me} ${key}`;
  element.hidden = people.length === 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", describe(people, me));
  const dots = people.map(({id, colour, hand}) => h("span", {class: `models-person${hand ? " models-person-held" : ""}`, "data-person": colour,
    title: `${colourName(colour)}${id === me ? ", you" : ""}${hand ? ", pointing" : ""}`}, id === me ? h("span", {class: "models-you"}, "you") : null));
  const count = h("span", {class: "models-count"});
  say(count, people.length === 1 ? "1 here" : `${people.length} here`);
  element.replaceChildren(count, h("span", {class: "models-dots", "aria-hidden": "true"}, ...dots));
}
