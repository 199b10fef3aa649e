/** What the page is sent of an array of records. Pure, no DOM. */

/** The columns of a frame in the order of the fields: `{field, unit, rows, numbers}`, NaN where there is no number. */
export function columnsOf({names, units, step, columns}) {
  const by = step > 0 ? step : 1;
  const all = columns ?? {};
  const order = Array.isArray(names) ? names : Object.keys(all);
  return order.filter(field => Object.hasOwn(all, field) && Array.isArray(all[field])).map(field => ({
    field, unit: (Array.isArray(units) && units[order.indexOf(field)]) || "",
    rows: all[field].map((_, i) => i * by), numbers: all[field].map(value => typeof value === "number" ? value : NaN),
  }));
}
