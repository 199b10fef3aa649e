import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";
import {Config, mountWhenKnown} from "./config.js";
import {Feeds} from "./feeds.js";
import {isShortcut, Screen} from "./screen.js";

/** An element, as far as these parts need one. */
class Element {
  dataset = {};
  children = [];
  setAttribute() {}
  append() {}
  appendChild(child) {
    this.children.push(child);
    child.parent = this;
    return child;
  }
  remove() {
    this.parent.children.splice(this.parent.children.indexOf(this), 1);
  }
  closest(selector) {
    return selector.includes(this.kind) ? this : null;
  }
}

const saved = {};
let observers;
beforeEach(() => {
  observers = new Set();
  const stubs = {
    Element, document: {createElement: () => new Element()}, reportError: error => errors.push(error.name),
    MutationObserver: class {
      constructor(changed) { this.changed = changed; }
      observe() { observers.add(this); }
      disconnect() { observers.delete(this); }
    },
  };
  errors.length = 0;
  for (const [name, stub] of Object.entries(stubs)) {
    saved[name] = globalThis[name];
    globalThis[name] = stub;
  }
});
afterEach(() => Object.assign(globalThis, saved));
const errors = [];

/** A page on which the server says `text`, once that is set. */
const saying = () => ({
  text: null,
  querySelector() {
    return this.text === null ? null : {getAttribute: () => this.text};
  },
});

test("a name stands for one topic at a time, and only changes count", () => {
  const root = new Element();
  const subscribers = new Map();
  const feeds = new Feeds(root, (topic, take) => {
    subscribers.set(topic, take);
    return () => subscribers.delete(topic);
  });
  const asked = () => root.children[0].children.map(({dataset}) => dataset.topic);
  assert.equal(feeds.want("phase", ""), false);
  const take = () => {};
  assert.equal(feeds.want("density", "a/1", take), true);
  assert.equal(feeds.want("density", "a/1", take), false);
  assert.equal(feeds.want("density", "a/2", take), true);
  feeds.want("phase", "b/1", take);
  assert.deepEqual([feeds.topics, asked(), [...subscribers.keys()]], [["a/2", "b/1"], ["a/2", "b/1"], ["a/2", "b/1"]]);
  assert.equal(feeds.want("density", ""), true);
  assert.deepEqual([asked(), [...subscribers.keys()]], [["b/1"], ["b/1"]]);
  feeds.destroy();
  assert.deepEqual([root.children, subscribers.size], [[], 0]);
});

test("a configuration is read when it is new, and only when it can be used", () => {
  const scope = saying();
  const config = new Config(scope, "data-x-config", ({n}) => n > 0 ? {n} : null);
  assert.equal(config.read(), null);
  scope.text = '{"n": 1}';
  assert.deepEqual(config.read(), {n: 1});
  assert.equal(config.read(), null);
  scope.text = "{";
  assert.deepEqual([config.read(), config.read()], [null, null]);
  assert.deepEqual(errors, ["SyntaxError"]);
  scope.text = '{"n": 0}';
  assert.equal(config.read(), null);
  scope.text = '{"n": 2}';
  assert.deepEqual(config.read(), {n: 2});
});

test("a picture is made once the server has said what it shows, and knows what the page has said before", () => {
  const scope = saying();
  const calls = [];
  const make = config => {
    calls.push(config.n);
    return {setPaused: paused => calls.push(`paused ${paused}`), setStale: stale => calls.push(`stale ${stale}`), destroy: () => calls.push("destroyed")};
  };
  const mounted = mountWhenKnown(scope, new Config(scope, "data-x-config"), make);
  mounted.setPaused(true);
  for (const {changed} of observers) changed();
  assert.deepEqual([calls, observers.size], [[], 1]);
  scope.text = '{"n": 1}';
  for (const {changed} of observers) changed();
  assert.deepEqual([calls, observers.size], [[1, "paused true", "stale false"], 0]);
  mounted.setStale(true);
  mounted.destroy();
  assert.deepEqual(calls.slice(3), ["stale true", "destroyed"]);
  const never = mountWhenKnown(saying(), new Config(saying(), "data-x-config"), make);
  assert.equal(observers.size, 1);
  never.destroy();
  assert.equal(observers.size, 0);
});

test("a picture has moved when its camera or its viewport has", () => {
  const screen = new Screen();
  const told = {camera: {x: 1, y: 2, scale: 3}, viewport: {width: 10, height: 20}, size: {width: 20, height: 40}, most: 4, point: null};
  assert.equal(screen.take(told), "first");
  assert.equal(screen.take({...told, camera: {...told.camera}, point: [1, 2]}), "same");
  assert.deepEqual(screen.last.point, [1, 2]);
  assert.equal(screen.take({...told, camera: {x: 1, y: 2, scale: 4}}), "moved");
  told.viewport.width = 11; // the viewer may use its objects again
  assert.equal(screen.take({...told, camera: {x: 1, y: 2, scale: 4}}), "moved");
});

test("keys that belong to something else are no shortcuts", () => {
  const target = Object.assign(new Element(), {kind: "div"});
  assert.equal(isShortcut({target}), true);
  assert.equal(isShortcut({target: {}}), true);
  for (const more of [{ctrlKey: true}, {metaKey: true}, {altKey: true}, {defaultPrevented: true}, {target: Object.assign(new Element(), {kind: "textarea"})}]) {
    assert.equal(isShortcut({target, ...more}), false, JSON.stringify(more));
  }
});
