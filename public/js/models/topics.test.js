import assert from "node:assert/strict";
import {test} from "node:test";
import {topicsOf} from "./topics.js";

const config = {source: "vortices", phase: true, tracers: 3};
const screen = {camera: {x: 20, y: 10, scale: 10}, viewport: {width: 400, height: 200}, size: {width: 400, height: 200}, most: 4096};
const asked = more => topicsOf({config, view: {show: "density", lines: 0, tracers: true}, shape: [40, 20], screen, present: null, visible: true, ...more});

test("a view asks for what it shows alone", () => {
  assert.deepEqual(Object.entries(asked({})).map(([name, topic]) => [name, Boolean(topic)]), [["region", true], ["density", true], ["phase", false], ["tracers", true]]);
  assert.match(asked({view: {show: "phase", lines: 0, tracers: false}}).phase, /^vortices\/array\/phase\/x,y\/.*\/1\/n$/);
  assert.match(asked({view: {show: "density", lines: 2, tracers: false}}).phase, /^vortices\/array\/phase\//);
  assert.equal(asked({view: {show: "density", lines: 0, tracers: false}}).tracers, "");
  assert.equal(asked({config: {...config, phase: false}, view: {show: "phase", lines: 2, tracers: false}}).phase, "");
  assert.equal(asked({}).tracers, "vortices/array/tracers/y,x/0,0,2,3/1/n");
});

test("nobody who cannot see the page is sent a picture, and its region is kept", () => {
  const {region, ...topics} = asked({visible: false});
  assert.deepEqual(topics, {density: "", phase: "", tracers: ""});
  assert.ok(region);
});
