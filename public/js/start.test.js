import assert from "node:assert/strict";
import {test} from "node:test";
import {started, startedFragment} from "./start.js";

const begin = (more = {}) => ({crossSectionScale: 2, projectionScale: 100, layout: "4panel", webmonStart: {crossSectionScale: 2, projectionScale: 100, side: 400}, ...more});
const after = (state, width, height) => JSON.parse(started(JSON.stringify({k: "s", s: state, g: "1"}), width, height)).s;

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
  for (const text of ["", "{}", '{"k":"c","s":{}}', '{"s":{"crossSectionScale":2}}']) assert.equal(started(text, 390, 700), text);
  assert.deepEqual(after(begin(), 0, 0), {crossSectionScale: 2, projectionScale: 100, layout: "4panel"});
});

test("a link that holds a view is fitted as well", () => {
  const hash = startedFragment("#!" + encodeURIComponent(JSON.stringify(begin())), 800, 460);
  assert.equal(JSON.parse(decodeURIComponent(hash.slice(2))).crossSectionScale, 4.32);
  for (const same of ["", "#!{}", "#!%webmonStart", "#webmonStart", "#!webmonStart"]) assert.equal(startedFragment(same, 800, 460), same);
});
