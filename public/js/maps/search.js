/** Lists of a hundred and fifty statistics are found in by words. */

import {h} from "../dom.js";

/** Lists longer than this can be searched. */
const LONG = 20;

/** Puts a field above each long list of a form, which leaves in the list what contains its words. */
export function searchable(form, signal) {
  for (const list of form.querySelectorAll("select")) {
    if (list.options.length <= LONG || list.name === "xs" || list.name === "ys") continue;
    const all = [...list.children];
    const label = list.labels?.[0]?.textContent ?? list.name;
    const field = h("input", {type: "search", class: "map-search", placeholder: "find", "aria-label": `Find a statistic for ${label}`, autocomplete: "off", "data-map-search": true});
    list.before(field);
    field.addEventListener("input", () => {
      const {value} = list;
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      const keep = option => option.value === value || words.every(word => `${option.label} ${option.value}`.toLowerCase().includes(word));
      list.replaceChildren(...all.map(part => filtered(part, keep)).filter(Boolean));
      list.value = value;
    }, {signal});
    field.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== "ArrowDown") return;
      event.preventDefault();
      if (event.key === "ArrowDown") return list.focus();
      const first = [...list.options].find(option => option.value !== list.value);
      if (!first || field.value === "") return;
      list.value = first.value;
      list.dispatchEvent(new Event("input", {bubbles: true}));
    }, {signal});
    list.addEventListener("change", () => {
      if (field.value === "") return;
      const {value} = list;
      field.value = "";
      list.replaceChildren(...all);
      list.value = value;
    }, {signal});
  }
}

// A part of a list with the options that stay; the parts themselves are kept as they are.
function filtered(part, keep) {
  if (part instanceof HTMLOptionElement) return keep(part) ? part.cloneNode(true) : null;
  const options = [...part.children].filter(keep);
  if (options.length === 0) return null;
  const group = part.cloneNode(false);
  group.append(...options.map(option => option.cloneNode(true)));
  return group;
}
