import assert from "node:assert/strict";
import {test} from "node:test";
import {renderMath} from "./math.js";
import temml from "../vendor/temml.js";

/** An element with a text, as far as renderMath needs it. */
function element(kind, text) {
  return {
    dataset: {math: kind}, textContent: text, childNodes: [], title: "",
    cloneNode: () => element(kind, ""),
    replaceChildren(...nodes) {
      this.childNodes = nodes;
      this.textContent = nodes.join("");
    },
  };
}

/** A page of elements. */
function page(...elements) {
  const left = () => elements.filter(element => element.dataset.math !== undefined);
  return {querySelector: () => left()[0] ?? null, querySelectorAll: left};
}

// What draws into elements that are none.
const drawing = {
  default: {
    render(tex, into, options) {
      into.childNodes = [temml.renderToString(tex, options)];
    },
  },
};

test("formulas become MathML, once", async () => {
  const inline = element("inline", "\\frac{\\hbar^2}{2m}"), block = element("block", "i\\partial_t\\psi = H\\psi");
  const root = page(inline, block);
  await renderMath(root, async () => drawing);
  assert.match(inline.textContent, /^<math.*<mfrac>/);
  assert.match(block.textContent, /^<math.*display="block"/);
  assert.deepEqual([inline.dataset, block.dataset], [{drawn: "inline"}, {drawn: "block"}]);
  assert.equal(root.querySelector(), null);
});

test("what cannot be read, or asks for too much, stays as it was written", async () => {
  for (const text of ["\\nosuchthing{x}", "\\frac{1}{", "\\def\\a{\\a\\a}\\a", "\\href{javascript:alert(1)}{x}", "\\includegraphics{x.png}"]) {
    const formula = element("inline", text);
    await renderMath(page(formula), async () => drawing);
    assert.doesNotMatch(formula.textContent, /href=|src=|<img|<a /, text);
    if (formula.dataset.drawn === undefined) {
      assert.equal(formula.textContent, text);
      assert.notEqual(formula.title, "", text);
    }
    assert.equal(formula.dataset.math, undefined);
  }
});

test("nothing is loaded for a page without formulas", async () => {
  await renderMath(page(), () => assert.fail("it was loaded"));
});
