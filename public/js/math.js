/**
 * Formulas: the LaTeX in an element with data-math="inline" or "block" becomes MathML, which browsers draw by themselves. What
 * does it (Temml) is loaded by the first page that has a formula. What it cannot read stays as it was written, with the reason
 * as its title.
 */

/** Macros that one formula may take: enough for any, and an end for those that would take for ever. */
const MACROS = 200;

/** The largest length that a formula may ask for, em. */
const LENGTH = 20;

let loading;

/** Renders the formulas in an element that are not rendered yet. */
export async function renderMath(root = document, load = () => import("temml")) {
  if (!root.querySelector("[data-math]")) return;
  let temml;
  try {
    ({default: temml} = await (loading ??= load()));
  } catch {
    loading = undefined; // the next page tries again
    return;
  }
  for (const element of root.querySelectorAll("[data-math]")) {
    const kind = element.dataset.math;
    delete element.dataset.math;
    const drawn = element.cloneNode(false);
    try {
      temml.render(element.textContent, drawn, {displayMode: kind === "block", throwOnError: true, annotate: true, trust: false, maxExpand: MACROS, maxSize: LENGTH});
      element.replaceChildren(...drawn.childNodes);
      element.dataset.drawn = kind;
    } catch (error) {
      element.title = error.message;
    }
  }
}
