import {test} from "node:test";
import assert from "node:assert/strict";
import {Acks} from "./acks.js";

/** Acks with a clock, paints and timers that the test moves. */
function setUp() {
  const page = {now: 1000, sent: [], paints: [], timers: []};
  page.acks = new Acks({
    send: text => page.sent.push(JSON.parse(text)),
    painted: callback => page.paints.push(callback),
    now: () => page.now,
    timer: (callback, ms) => page.timers.push({callback, at: page.now + ms}),
  });
  page.paint = () => page.paints.splice(0).forEach(callback => callback());
  page.wait = ms => {
    page.now += ms;
    const due = page.timers.filter(timer => timer.at <= page.now);
    page.timers = page.timers.filter(timer => timer.at > page.now);
    due.forEach(timer => timer.callback());
  };
  page.acks.opened();
  return page;
}

test("the first message is acknowledged with its stamp once it is painted", () => {
  const page = setUp();
  page.acks.handled(17.5);
  assert.deepEqual(page.sent, []);
  page.paint();
  assert.deepEqual(page.sent, [{type: "ack", n: 1, ts: 17.5}]);
});

test("of fast messages every third one is acknowledged, with the stamp of the newest", () => {
  const page = setUp();
  page.acks.handled(1);
  page.paint();
  for (let n = 2; n <= 7; n++) {
    page.now += 16;
    page.acks.handled(n);
    page.paint();
  }
  assert.deepEqual(page.sent.map(({n, ts}) => [n, ts]), [[1, 1], [4, 4], [7, 7]]);
});

test("each large message is acknowledged as soon as it is painted", () => {
  const page = setUp();
  page.acks.handled(1);
  page.paint();
  for (let n = 2; n <= 4; n++) {
    page.now += 5;
    page.acks.handled(n, true);
    page.paint();
  }
  assert.deepEqual(page.sent.map(({n, ts}) => [n, ts]), [[1, 1], [2, 2], [3, 3], [4, 4]]);
});

test("messages that come together are acknowledged together", () => {
  const page = setUp();
  for (let n = 1; n <= 4; n++) page.acks.handled(n);
  page.paint();
  assert.deepEqual(page.sent, [{type: "ack", n: 4, ts: 4}]);
});

test("what is left over is acknowledged when nothing comes any more, without a stamp", () => {
  const page = setUp();
  page.acks.handled(1);
  page.paint();
  page.now += 16;
  page.acks.handled(2);
  page.paint();
  page.wait(99);
  assert.equal(page.sent.length, 1);
  page.wait(1);
  assert.deepEqual(page.sent[1], {type: "ack", n: 2});
});

test("slow messages are acknowledged one by one, each with its own stamp", () => {
  const page = setUp();
  for (let n = 1; n <= 3; n++) {
    page.now += 250;
    page.acks.handled(n === 2 ? null : n);
    page.paint();
  }
  assert.deepEqual(page.sent, [{type: "ack", n: 1, ts: 1}, {type: "ack", n: 2}, {type: "ack", n: 3, ts: 3}]);
});

test("nothing is acknowledged twice", () => {
  const page = setUp();
  page.acks.handled(1);
  page.paint();
  page.now += 16;
  page.acks.handled(2); // the idle timer starts
  page.now += 16;
  page.acks.handled(3);
  page.paint();
  page.wait(100);
  assert.deepEqual(page.sent.map(({n}) => n), [1, 3]);
});

test("a new connection counts from zero, and promises of the last one do not count in it", () => {
  const page = setUp();
  page.acks.handled(1);
  page.acks.handled(2);
  page.acks.opened();
  page.paint();
  page.wait(500);
  assert.deepEqual(page.sent, []);
  page.acks.handled(9);
  page.paint();
  assert.deepEqual(page.sent, [{type: "ack", n: 1, ts: 9}]);
});

test("an acknowledgement has the form the server reads without a decoder", () => {
  const texts = [];
  const acks = new Acks({send: text => texts.push(text), painted: callback => callback(), now: () => 0, timer: () => {}});
  acks.opened();
  acks.handled(1795255952249.809);
  assert.equal(texts[0], '{"type":"ack","n":1,"ts":1795255952249.809}');
});
