import assert from "node:assert/strict";
import test from "node:test";

import {handOver, openEarly} from "./early-socket.js";

class Fake extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 3;
  static made = [];
  readyState = 0;
  onmessage = null;

  constructor(url) {
    super();
    this.url = url;
    Fake.made.push(this);
    this.addEventListener("message", event => this.onmessage?.(event));
  }

  opens() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  says(data) {
    this.dispatchEvent(new MessageEvent("message", {data}));
  }

  close() {
    this.readyState = 3;
  }
}

function scopeOf() {
  Fake.made = [];
  return {WebSocket: Fake, location: {href: "https://lab.example/webmon/loader?a=b"}};
}

function listen(socket) {
  const heard = [];
  socket.addEventListener("open", () => heard.push("open"));
  socket.addEventListener("message", ({data}) => heard.push(data));
  return heard;
}

test("a socket that was opened early is handed over with what it has said", async () => {
  const scope = scopeOf();
  openEarly("/webmon/ws", scope);
  const [early] = Fake.made;
  assert.equal(early.url, "wss://lab.example/webmon/ws");
  assert.equal(early.binaryType, "arraybuffer");
  early.opens();
  early.says("hello");
  early.says("stats");
  handOver(scope);
  const got = new scope.WebSocket("wss://lab.example/webmon/ws");
  assert.equal(got, early);
  const heard = listen(got);
  assert.deepEqual(heard, []);
  await Promise.resolve();
  got.says("later");
  assert.deepEqual(heard, ["open", "hello", "stats", "later"]);
  assert.equal(scope.WebSocket, Fake);
  assert.notEqual(new scope.WebSocket("wss://lab.example/webmon/ws"), early, "it is handed over once");
});

test("a socket that is still being opened says so by itself, once", async () => {
  const scope = scopeOf();
  openEarly("/webmon/ws", scope);
  handOver(scope);
  const got = new scope.WebSocket("wss://lab.example/webmon/ws");
  const heard = listen(got);
  await Promise.resolve();
  assert.deepEqual(heard, []);
  got.opens();
  got.says("hello");
  assert.deepEqual(heard, ["open", "hello"]);
});

test("a socket that has closed, or is for another address, is not handed over", () => {
  for (const [spoil, url] of [[early => early.close(), "wss://lab.example/webmon/ws"], [() => {}, "wss://lab.example/other"]]) {
    const scope = scopeOf();
    openEarly("/webmon/ws", scope);
    const [early] = Fake.made;
    early.opens();
    spoil(early);
    handOver(scope);
    const got = new scope.WebSocket(url);
    assert.notEqual(got, early);
    assert.equal(got.url, url);
    assert.equal(early.readyState, Fake.CLOSED);
  }
});

test("a socket for which nobody comes is closed, and a page without one opens none", () => {
  const scope = scopeOf();
  openEarly("/webmon/ws", scope);
  const [early] = Fake.made;
  early.opens();
  for (let i = 0; i < 61; i++) early.says("stats");
  assert.equal(early.readyState, Fake.CLOSED);
  Fake.made = [];
  openEarly(undefined, scope);
  openEarly("", scope);
  assert.equal(Fake.made.length, 0);
  const other = scopeOf();
  handOver(other); // there is none
  assert.equal(other.WebSocket, Fake);
});
