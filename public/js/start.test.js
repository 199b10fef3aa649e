import assert from "node:assert/strict";
import {test} from "node:test";
import {scales} from "./start.js";

const begin = (more = {}) => ({crossSectionScale: 2, projectionScale: 100, layout: "4panel", webmonStart: {crossSectionScale: 2, projectionScale: 100, side: 400}, ...more});
const after = (state, width, height) => JSON.parse(scales(() => [width, height]).into(JSON.stringify({k: "s", s: state, g: "1"}))).s;

test("all of a volume is in the smaller side of a panel", () => {
  for (const [width, height, layout] of [[390, 700, "4panel"], [1040, 780, "4panel"], [2400, 1300, "4panel"], [390, 700, "xy"]]) {
    const {crossSectionScale} = after(begin({layout}), width, height);
    const share = layout === "xy" ? 1 : 2;
    const pixels = (2 * 400) / crossSectionScale; // of the longest side of the volume
    const side = Math.min(width, height - 60) / share;
    assert.ok(pixels < side && pixels > 0.85 * side, `${pixels} pixels in ${side}`);
  }
});

test("a narrow panel shows the volume in its width too", () => {
  assert.equal(after(begin(), 400, 860).projectionScale, 200);
  assert.equal(after(begin(), 800, 460).projectionScale, 100);
});

test("what somebody has chosen stays", () => {
  assert.deepEqual(after(begin({crossSectionScale: 3, projectionScale: 7}), 390, 700), {crossSectionScale: 3, projectionScale: 7, layout: "4panel"});
  const own = scales(() => [390, 700]);
  for (const text of ["", "{}", '{"k":"c","s":{}}', '{"s":{"crossSectionScale":2}}']) {
    assert.equal(own.into(text), text);
    assert.equal(own.outOf(text), text);
  }
  assert.deepEqual(after(begin(), 0, 0), {crossSectionScale: 2, projectionScale: 100, layout: "4panel"});
});

test("what the client sends has the server's scales until somebody zooms", () => {
  const own = scales(() => [390, 700]);
  const {s: state} = JSON.parse(own.into(JSON.stringify({k: "s", s: begin(), g: "1"})));
  const sent = change => JSON.parse(own.outOf(JSON.stringify({s: {...state, ...change}, g: 1, pg: "0", c: "a"}))).s;
  assert.deepEqual(sent({position: [1]}), begin({position: [1]}));
  assert.deepEqual(sent({projectionScale: 7}), begin({projectionScale: 7}));
  assert.deepEqual(sent({crossSectionScale: 7}), {...state, crossSectionScale: 7});
  for (const other of ["crossSectionScale", '{"action":"crossSectionScale"}', '{"s":null,"crossSectionScale":1}']) {
    assert.equal(own.outOf(other), other);
  }
});

test("a link that holds a view is fitted as well", () => {
  const {fragment} = scales(() => [800, 460]);
  const hash = fragment("#!" + encodeURIComponent(JSON.stringify(begin())));
  assert.equal(JSON.parse(decodeURIComponent(hash.slice(2))).crossSectionScale, 4.32);
  for (const same of ["", "#!{}", "#!%webmonStart", "#webmonStart", "#!webmonStart"]) assert.equal(fragment(same), same);
});
