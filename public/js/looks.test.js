import {test} from "node:test";
import assert from "node:assert/strict";
import {Looks} from "./looks.js";

function setUp() {
  const page = {now: 0, sent: [], timers: []};
  page.looks = new Looks(text => page.sent.push(JSON.parse(text)), () => page.now, (callback, ms) => page.timers.push({callback, at: page.now + ms}));
  page.wait = ms => {
    page.now += ms;
    const due = page.timers.filter(({at}) => at <= page.now);
    page.timers = page.timers.filter(({at}) => at > page.now);
    due.forEach(({callback}) => callback());
  };
  page.told = () => page.sent.splice(0).map(({topic, low, high}) => [topic, low, high]);
  return page;
}

test("limits are told at first and when they have changed by more than a hundredth", () => {
  const page = setUp();
  page.looks.drawn({topic: "a"}, [0, 1000]);
  assert.deepEqual(page.sent.splice(0), [{type: "look", topic: "a", low: 0, high: 1000}]);
  for (const limits of [[0, 1000], [9, 1009], [-10, 991]]) {
    page.wait(200);
    page.looks.drawn({topic: "a"}, limits);
  }
  assert.deepEqual(page.told(), []);
  page.looks.drawn({topic: "a"}, [11, 1000]);
  page.wait(200);
  page.looks.drawn({topic: "a"}, [11n, 2n ** 60n]);
  assert.deepEqual(page.told(), [["a", 11, 1000], ["a", 11, 2 ** 60]]);
  page.wait(200);
  page.looks.drawn({topic: "a"}, [NaN, Infinity]);
  assert.deepEqual(page.told(), []);
});

test("ten are told a second at most, the newest limits of each topic", () => {
  const page = setUp();
  for (let i = 0; i < 100; i++) {
    page.wait(10);
    page.looks.drawn({topic: i % 2 ? "odd" : "even"}, [0, 2 ** i]);
  }
  assert.ok(page.sent.length >= 9 && page.sent.length <= 11, String(page.sent.length));
  page.told();
  page.wait(100);
  page.wait(100);
  const last = page.told();
  assert.deepEqual(last.slice(-2).sort(), [["even", 0, 2 ** 98], ["odd", 0, 2 ** 99]]);
});

test("a picture spread over another window has the limits told again, once", () => {
  const page = setUp();
  const draw = lossy => {
    page.wait(200);
    page.looks.drawn({topic: "a", lossy}, [0, 100]);
  };
  draw(undefined);
  page.told();
  draw({low: 0, high: 65535});
  assert.deepEqual(page.told(), [["a", 0, 100]]);
  draw({low: 0, high: 65535});
  assert.deepEqual(page.told(), []);
  draw({low: -10, high: 110});
  assert.deepEqual(page.told(), [["a", 0, 100]]);
  draw(undefined);
  draw({low: -10, high: 110.5});
  assert.deepEqual(page.told(), []);
});

test("a new connection is told again", () => {
  const page = setUp();
  page.looks.drawn({topic: "a"}, [0, 100]);
  page.wait(200);
  page.looks.opened();
  page.told();
  page.looks.drawn({topic: "a"}, [0, 100]);
  assert.deepEqual(page.told(), [["a", 0, 100]]);
});

test("what is remembered is bounded", () => {
  const page = setUp();
  for (let i = 0; i < 200; i++) page.looks.drawn({topic: `t${i}`}, [0, i + 1]);
  for (let i = 0; i < 300; i++) page.wait(100);
  assert.equal(page.told().length, 65); // the first at once
});
