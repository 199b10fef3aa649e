/** What a plot does not show, and what to undo so that it does. Pure, no DOM. */

/** The filters that leave objects out: whether one does, what it is called, and what undoes it. */
const FILTERS = [
  {on: o => o.segment >= 0, name: o => `map segment ${o.segment}`, label: "All map segments", undo: {segment: -1}},
  {on: o => o.mask !== "", name: o => o.mask === "always" ? "always present" : o.mask, label: "All runs", undo: {mask: ""}},
  {on: o => !o.bad, name: () => "bad ones left out", label: "Also bad ones", undo: {bad: true}},
  {on: o => o.types !== "", name: o => `user types ${o.types}`, label: "All user types", undo: {types: ""}},
];

/**
 * Why a plot without points has none.
 *
 * @param {{n: number, columns: object[], by: Map<string, object>}} columns as from columns.js
 * @param {object} options
 * @param {object} usual the options as they are usually
 * @returns {{text: string, undo: {label: string, change: object}[]}} each change of the options takes back one of what is to blame
 */
export function whyEmpty(columns, options, usual) {
  const filters = FILTERS.filter(({on}) => on(options));
  if (columns.n === 0) {
    if (filters.length === 0) return {text: "The map has no objects.", undo: []};
    return {text: `No object is left by the filters: ${filters.map(({name}) => name(options)).join(", ")}.`, undo: filters.map(({label, undo}) => ({label, change: undo}))};
  }
  const [x, y] = axesOf(columns);
  const {xs, ys} = options;
  const undo = [];
  const all = {label: "All sessions", change: {xs: -1, ys: -1}};
  for (const [axis, column, session] of [["x", x, xs >= 0 ? xs : ys], ["y", y, ys >= 0 ? ys : xs]]) {
    if (valuesIn(columns, column, session).some > 0) continue;
    if (session >= 0) return {text: `${column.title} has no value in session ${session}${left(filters, options)}.`, undo: [all, ...undoOf(filters)]};
    if (options[axis] !== usual[axis]) undo.push({label: `The usual ${axis.toUpperCase()}`, change: {[axis]: usual[axis]}});
    if (axis === "y" && options.transform !== "") undo.push({label: "Y as it is", change: {transform: ""}});
    return {text: `No object has a value of ${column.title}${left(filters, options)}.`, undo: [...undo, ...undoOf(filters)]};
  }
  if (xs >= 0 && ys >= 0 && xs !== ys) return {text: `No run has both values in sessions ${xs} and ${ys}${left(filters, options)}.`, undo: [all, ...undoOf(filters)]};
  return {text: `No object has both ${x.title} and ${y.title}${left(filters, options)}.`, undo: undoOf(filters)};
}

/** Which statistics of a plot are missing in all of a session, in a sentence each; "" if none is. */
export function missing(columns, {xs, ys}, most = 6) {
  if (xs >= 0 || ys >= 0) return "";
  const sessions = [...new Set(columns.by.get("session").values)].sort((a, b) => a - b);
  const [x, y] = axesOf(columns);
  return [...new Set([x, y])].map(column => {
    const without = sessions.filter(session => valuesIn(columns, column, session).some === 0);
    if (without.length === 0 || without.length === sessions.length) return "";
    const named = without.slice(0, most).join(", ");
    return `${column.title} has no value in session${without.length > 1 ? "s" : ""} ${named}${without.length > most ? ` and ${without.length - most} more` : ""}.`;
  }).filter(Boolean).join(" ");
}

// The two statistics; a plot of one against itself asks for it once.
function axesOf({columns}) {
  const found = columns.slice(6);
  return found.length > 1 ? found : [found[0], found[0]];
}

// How many objects a session has, all for -1, and how many of them have a value.
function valuesIn(columns, {values}, session) {
  const of = columns.by.get("session").values;
  let all = 0;
  let some = 0;
  for (let i = 0; i < columns.n; i++) {
    if (session >= 0 && of[i] !== session) continue;
    all++;
    if (Number.isFinite(values[i])) some++;
  }
  return {all, some};
}

const undoOf = filters => filters.map(({label, undo}) => ({label, change: undo}));

const left = (filters, options) => filters.length > 0 ? ` among ${filters.map(({name}) => name(options)).join(", ")}` : "";
