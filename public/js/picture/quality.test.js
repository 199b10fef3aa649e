import assert from "node:assert/strict";
import {test} from "node:test";
import {qualityOf, scaleOf} from "./quality.js";

const topic = "scope/array/camera/y,x/0,0,512,512/2";
const raw = {topic, step: 2, bytes: 131_200, data: new Uint8Array(131_072)};
const packed = {...raw, bytes: 60_000, of: 131_072};
const jpeg = {...raw, bytes: 9_400, of: 131_072, lossy: {as: "jpeg", quality: 75, low: 100, high: 4095.51, scale: 1}};
const coarse = scale => ({...jpeg, step: 2 * scale, lossy: {...jpeg.lossy, scale}});

test("what is shown, in a few words", () => {
  const words = frames => qualityOf(frames)?.words;
  assert.equal(words([]), undefined);
  assert.equal(words([raw]), "exact");
  assert.equal(words([packed]), "exact, compressed 1 : 2.2");
  assert.equal(words([{...packed, bytes: 131_000}]), "exact");
  assert.equal(words([jpeg]), "lossy, 1 : 14, exact when still");
  assert.equal(words([{...coarse(2), bytes: 2200}]), "half resolution, lossy, 1 : 60, exact when still");
  assert.equal(words([{...coarse(4), bytes: 800}]), "a quarter of the resolution, lossy, 1 : 164, exact when still");
  assert.equal(words([{...raw, step: 4}]), "half resolution");
});

test("the worst of several counts, and the bytes of all", () => {
  const all = qualityOf([raw, {...jpeg, bytes: 6_500}, packed]);
  assert.deepEqual([all.kind, all.words], ["lossy", "lossy, 1 : 2, exact when still"]);
  assert.equal(qualityOf([raw, packed]).kind, "packed");
  assert.equal(qualityOf([{...raw, step: 4}, packed]).kind, "coarse");
});

test("why it is so, in sentences", () => {
  const {why} = qualityOf([coarse(2)], {exact: false, rate: 5});
  assert.match(why, /the mean of 2 × 2\. The pictures are JPEG of quality 75 between 100 and 4096\./);
  assert.match(why, /becomes exact.*bounded this page to 5 Mbit\/s\.$/);
  assert.match(qualityOf([{...jpeg, lossy: {...jpeg.lossy, as: "bytes"}}]).why, /rounded to 256 steps between 100 and 4096/);
  assert.match(qualityOf([{...jpeg, lossy: {...jpeg.lossy, low: null, high: null}}]).why, /JPEG of quality 75\./);
  assert.match(qualityOf([raw], {exact: true, rate: 0}).why, /^Every pixel has its own value\. You have chosen exact pictures/);
});

test("the server's own reason comes first, where it has said one of this picture", () => {
  const why = told => qualityOf([raw, jpeg], {exact: false, rate: 0}, told).why;
  assert.match(why({rate: 650_000, why: {[topic]: "To write a better one takes the server too long"}}),
    /^To write a better one takes the server too long\. About 5\.2 Mbit\/s come through\. The pictures are JPEG/);
  assert.match(qualityOf([jpeg], {exact: false, rate: 2}, {rate: 650_000, why: {[topic]: "The rate was bounded by hand"}}).why,
    /^The rate was bounded by hand\. The pictures are JPEG.*You have bounded this page to 2 Mbit\/s\.$/);
  assert.match(why({rate: 0, why: {another: "The rate was bounded by hand"}}), /^The line carries less than the exact pictures need\. The pictures are JPEG/);
  assert.doesNotMatch(qualityOf([raw], {exact: false, rate: 0}, {rate: 650_000, why: {[topic]: "The line carries no more"}}).why, /Mbit|carries no more/);
});

test("how much coarser than asked for", () => {
  const of = (topic, step, lossy) => scaleOf({topic, step, lossy});
  assert.equal(of(topic, 2), 1);
  assert.equal(of(topic, 8), 4);
  assert.equal(of("s/array/n/y,x,c/0,0,9,9/1/n/e", 2), 2);
  assert.equal(of("napari/canvas/1088x768", 2), 1);
  assert.equal(of("napari/canvas/1088x768", 2, {scale: 2}), 2);
});
