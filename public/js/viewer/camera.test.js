import assert from "node:assert/strict";
import {test} from "node:test";
import {approach, between, fitBox, fitView, keepInView, MAX_SCALE, panBy, pinch, settled, toData, toScreen, union, wheelFactor,
  zoomAbout, zoomLimits} from "./camera.js";

const viewport = {width: 1000, height: 800};
const box = {x0: 0, y0: 0, x1: 80000, y1: 100000};
const limits = zoomLimits(box, viewport);

function near(got, want, within, what) {
  assert.ok(Math.abs(got - want) <= within, `${what}: got ${got}, want ${want} (+-${within})`);
}

test("screen and data positions are each other's inverse, also far from the origin", () => {
  for (const camera of [{x: 0, y: 0, scale: 1}, {x: 4.1e6, y: 8.3e6, scale: 256}, {x: 2 ** 40, y: -(2 ** 39), scale: 1e-6}]) {
    for (const [px, py] of [[0, 0], [500, 400], [999.5, 3.25]]) {
      const [gotX, gotY] = toScreen(camera, viewport, ...toData(camera, viewport, px, py));
      near(gotX, px, 0.07, "x");
      near(gotY, py, 0.07, "y");
    }
  }
});

test("fit shows the whole box, centred, with its padding on the tighter side", () => {
  for (const b of [box, {x0: 0, y0: 0, x1: 10, y1: 10}, {x0: -50, y0: 20, x1: 2 ** 31, y1: 60}]) {
    const camera = fitBox(b, viewport, 32);
    const [left, top] = toScreen(camera, viewport, b.x0, b.y0);
    const [right, bottom] = toScreen(camera, viewport, b.x1, b.y1);
    near(left + right, viewport.width, 1e-6, "centred across");
    near(top + bottom, viewport.height, 1e-6, "centred down");
    near(Math.min(left, top), 32, 1e-6, "padding");
    assert.ok(left >= 31.99 && top >= 31.99, "inside");
  }
});

test("fit keeps clear of what covers the picture", () => {
  const covered = {top: 10, right: 0, bottom: 56, left: 100};
  for (const b of [box, {x0: 0, y0: 0, x1: 4e6, y1: 10}]) {
    const camera = fitBox(b, viewport, 32, covered);
    const [left, top] = toScreen(camera, viewport, b.x0, b.y0);
    const [right, bottom] = toScreen(camera, viewport, b.x1, b.y1);
    near(left - 100, viewport.width - right, 1e-6, "centred across");
    near(top - 10, viewport.height - 56 - bottom, 1e-6, "centred down");
    near(Math.min(left - 100, top - 10), 32, 1e-6, "padding");
  }
});

test("fit copes with an empty box and with a picture smaller than its padding", () => {
  const point = fitBox({x0: 5, y0: 5, x1: 5, y1: 5}, viewport, 32);
  assert.deepEqual(point, {x: 5, y: 5, scale: MAX_SCALE});
  const tiny = fitBox(box, {width: 20, height: 20}, 32);
  assert.ok(tiny.scale > 0 && Number.isFinite(tiny.scale));
});

test("a followed view takes its share of the picture", () => {
  const view = {x0: 1000, y0: 1000, x1: 3000, y1: 3000};
  const camera = fitView(view, viewport, 0.6);
  near((view.y1 - view.y0) * camera.scale, 0.6 * viewport.height, 1e-6, "share");
  assert.equal(camera.x, 2000);
});

test("the point under the pointer stays there while zooming", () => {
  let camera = fitBox(box, viewport, 32);
  const before = toData(camera, viewport, 217, 640);
  for (let i = 0; i < 200; i++) camera = zoomAbout(camera, viewport, 217, 640, i < 120 ? 1.1 : 1 / 1.07, limits);
  const after = toData(camera, viewport, 217, 640);
  near(after[0], before[0], 1e-6, "x");
  near(after[1], before[1], 1e-6, "y");
});

test("zoom keeps within its limits and fit is within them", () => {
  const camera = fitBox(box, viewport, 32);
  assert.equal(zoomAbout(camera, viewport, 0, 0, 1e12, limits).scale, MAX_SCALE);
  assert.equal(zoomAbout(camera, viewport, 0, 0, 1e-12, limits).scale, limits.min);
  assert.ok(limits.min < camera.scale && camera.scale < limits.max);
});

test("pan moves the picture by what the hand moved", () => {
  const camera = {x: 100, y: 200, scale: 0.25};
  const [x0, y0] = toScreen(camera, viewport, 0, 0);
  const [x1, y1] = toScreen(panBy(camera, 13, -7), viewport, 0, 0);
  near(x1 - x0, 13, 1e-9, "x");
  near(y1 - y0, -7, 1e-9, "y");
});

test("a pinch keeps both points under the fingers", () => {
  const camera = fitBox(box, viewport, 32);
  const from = {ax: 300, ay: 300, bx: 500, by: 450};
  const to = {ax: 220, ay: 310, bx: 620, by: 610};
  const pinched = pinch(camera, viewport, from, to, limits);
  near(pinched.scale / camera.scale, 2, 1e-12, "factor");
  for (const [fx, fy, tx, ty] of [[300, 300, 220, 310], [500, 450, 620, 610]]) {
    const [gotX, gotY] = toScreen(pinched, viewport, ...toData(camera, viewport, fx, fy));
    near(gotX, tx, 1e-6, "finger x");
    near(gotY, ty, 1e-6, "finger y");
  }
  assert.ok(Number.isFinite(pinch(camera, viewport, {ax: 5, ay: 5, bx: 5, by: 5}, to, limits).scale), "fingers at one place");
});

test("a piece of the image stays in view", () => {
  const camera = {x: 0, y: 0, scale: 0.01};
  for (const [x, y] of [[1e9, 0], [-1e9, 0], [0, 1e9], [0, -1e9]]) {
    const kept = keepInView({...camera, x, y}, viewport, box);
    const [left, top] = toScreen(kept, viewport, box.x0, box.y0);
    const [right, bottom] = toScreen(kept, viewport, box.x1, box.y1);
    const inside = Math.min(right, viewport.width) - Math.max(left, 0);
    const insideY = Math.min(bottom, viewport.height) - Math.max(top, 0);
    assert.ok(inside >= 47.99 && insideY >= 47.99, `${inside} x ${insideY} px left in view`);
  }
  const fine = {x: 40000, y: 50000, scale: 0.01};
  assert.deepEqual(keepInView(fine, viewport, box), fine, "a camera on the image is left alone");
});

test("on the way between two cameras the shared point stands still", () => {
  const a = fitBox(box, viewport, 32);
  const b = zoomAbout(a, viewport, 900, 100, 7, limits);
  const at = toData(a, viewport, 900, 100);
  for (let t = 0; t <= 1; t += 0.1) {
    const [px, py] = toScreen(between(a, b, t), viewport, ...at);
    near(px, 900, 1e-6, "x");
    near(py, 100, 1e-6, "y");
  }
  assert.equal(between(a, b, 1), b);
});

test("a pure pan goes straight and evenly", () => {
  const a = {x: 0, y: 0, scale: 0.3};
  const half = between(a, {x: 10, y: 20, scale: 0.3}, 0.5);
  near(half.x, 5, 1e-9, "x");
  near(half.y, 10, 1e-9, "y");
});

test("approach does not depend on the frame rate and arrives", () => {
  const a = {x: 0, y: 0, scale: 0.1};
  const goal = {x: 1000, y: 500, scale: 0.1};
  const once = approach(a, goal, 64, 80);
  let many = a;
  for (let i = 0; i < 8; i++) many = approach(many, goal, 8, 80);
  near(many.x, once.x, 1e-9, "x");
  let camera = a;
  let frames = 0;
  for (; !settled(camera, goal, viewport); frames++) camera = approach(camera, goal, 16, 80);
  assert.ok(frames < 60, `${frames} frames`);
  assert.ok(!settled(a, goal, viewport));
  assert.ok(!settled({...goal, scale: 0.11}, goal, viewport), "another zoom is another picture");
});

test("a wheel turns by the same amount however the browser counts", () => {
  const factor = (deltaY, deltaMode = 0, ctrlKey = false) => wheelFactor({deltaY, deltaMode, ctrlKey}, 800);
  for (const {name, got, want} of [
    {name: "pixels", got: factor(-100), want: Math.exp(0.2)},
    {name: "lines", got: factor(-3, 1), want: Math.exp(0.096)},
    {name: "pages are capped", got: factor(1, 2), want: Math.exp(-0.48)},
    {name: "flung", got: factor(-90000), want: Math.exp(0.48)},
    {name: "pinch", got: factor(-4, 0, true), want: Math.exp(0.04)},
    {name: "nothing", got: factor(0), want: 1},
  ]) near(got, want, 1e-12, name);
  near(factor(-100) * factor(100), 1, 1e-12, "there and back");
});

test("union", () => {
  assert.equal(union(null, box), box);
  assert.equal(union(box, null), box);
  assert.deepEqual(union({x0: 0, y0: 0, x1: 1, y1: 1}, {x0: -1, y0: 0.5, x1: 0, y1: 7}), {x0: -1, y0: 0, x1: 1, y1: 7});
});
