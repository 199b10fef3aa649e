/** Elements from code: text is always text, never HTML. */

/**
 * Makes an element.
 *
 * @param {string} tag
 * @param {object} [attributes] on... are listeners, true is an empty attribute, false and null none
 * @param {...(Node|string|null)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** A card with a title. */
export function card(id, title, ...children) {
  return h("section", {class: "card", id, "aria-labelledby": `${id}-title`},
    h("header", {class: "card-head"}, h("h2", {class: "card-title", id: `${id}-title`}, title)),
    h("div", {class: "px-3 pb-3 arrays-card"}, ...children));
}

/** A select of [value, label] pairs. */
export function select(id, label, choices, value, changed, attributes = {}) {
  return h("select", {id, "aria-label": label, onchange: event => changed(event.target.value), ...attributes},
    ...choices.map(([key, text]) => h("option", {value: key, selected: key === value}, text)));
}

/** A box to tick, with its label. */
export function check(id, label, value, changed) {
  return h("label", {class: "arrays-check", for: id},
    h("input", {type: "checkbox", id, checked: value, onchange: event => changed(event.target.checked)}), label);
}

/** Sets a text, if it is another. */
export function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Sets the value of a field that nobody is typing into. */
export function fill(input, value) {
  const text = String(value);
  if (input && input !== document.activeElement && input.value !== text) input.value = text;
}

/** An icon of lines, 16 pixels a side, in a span of a class. */
export function icon(path, name) {
  const span = h("span", {class: name});
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, fill: "none", stroke: "currentColor", "stroke-width": 1.5,
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true"})) svg.setAttribute(key, value);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  span.append(svg);
  return span;
}
