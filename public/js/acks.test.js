import {test} from "node:test";
import assert from "node:assert/strict";
import {Acks} from "./acks.js";

/** Acks with a clock, tasks, paints and timers that the test moves. */
function setUp() {
  const page = {now: 1000, sent: [], paints: [], tasks: [], timers: []};
  page.acks = new Acks({
    send: text => page.sent.push(JSON.parse(text)),
    painted: callback => page.paints.push(callback),
    soon: callback => page.tasks.push(callback),
    now: () => page.now,
    timer: (callback, ms) => page.timers.push({callback, at: page.now + ms}),
  });
  page.task = () => page.tasks.splice(0).forEach(callback => callback());
  page.paint = () => page.paints.splice(0).forEach(callback => callback());
  page.wait = ms => {
    page.now += ms;
    const due = page.timers.filter(timer => timer.at <= page.now);
    page.timers = page.timers.filter(timer => timer.at > page.now);
    due.forEach(timer => timer.callback());
  };
  page.told = () => page.sent.splice(0).map(({n, d, ts}) => [n, d, ts]);
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

test("small messages are acknowledged by time, however many they are", () => {
  const page = setUp();
  page.acks.handled(0);
  page.paint();
  page.told();
  for (let n = 1; n <= 60; n++) {
    page.wait(10);
    page.acks.handled(n);
    page.paint();
  }
  const sent = page.told();
  assert.ok(sent.length >= 5 && sent.length <= 7, `${sent.length} in 600 ms`);
  assert.ok(sent.every(([n], i) => i === 0 || n > sent[i - 1][0]));
});

test("a server with many pages is told less often, and a new connection as usual", () => {
  const page = setUp();
  const count = () => {
    page.told();
    for (let n = 1; n <= 80; n++) {
      page.wait(10);
      page.acks.handled(n);
      page.paint();
    }
    return page.told().length;
  };
  page.acks.within(400);
  const few = count();
  assert.ok(few >= 2 && few <= 3, `${few} in 800 ms`);
  for (const nonsense of [undefined, null, "soon", NaN, -1, 1e9]) {
    page.acks.within(400);
    page.acks.within(nonsense);
    const usual = count();
    assert.ok(usual >= 7 && usual <= 9, `${usual} in 800 ms after ${nonsense}`);
  }
  page.acks.within(400);
  page.acks.opened();
  assert.ok(count() >= 7);
});

test("messages that come together are acknowledged together", () => {
  const page = setUp();
  for (let n = 1; n <= 4; n++) page.acks.handled(n);
  page.paint();
  assert.deepEqual(page.told(), [[4, undefined, 4]]);
});

test("what is left over is acknowledged when its time has come, without a stamp", () => {
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
  assert.deepEqual(page.told(), [[1, undefined, 1], [2, undefined, undefined], [3, undefined, 3]]);
});

test("a picture is told as it arrives, and again when it is painted", () => {
  const page = setUp();
  const done = page.acks.arrived();
  page.task();
  assert.deepEqual(page.told(), [[1, 0, undefined]]);
  page.paint(); // of something else
  assert.deepEqual(page.told(), []);
  done(5);
  assert.deepEqual(page.told(), []);
  page.paint();
  assert.deepEqual(page.told(), [[1, undefined, 5]]);
});

test("what arrives in one task is told together", () => {
  const page = setUp();
  for (let n = 1; n <= 5; n++) page.acks.put();
  page.acks.arrived();
  page.task();
  assert.deepEqual(page.told(), [[6, 5, undefined]]);
});

test("parts need no paint, but for what came before them", () => {
  const page = setUp();
  page.acks.handled(1);
  page.paint();
  page.told();
  page.acks.put();
  page.task();
  assert.deepEqual(page.told(), [[2, undefined, undefined]]);
  page.acks.handled(3);
  page.acks.put();
  page.task();
  assert.deepEqual(page.told(), [[4, 2, undefined]]);
  page.wait(100);
  assert.deepEqual(page.told(), [[4, undefined, undefined]]);
});

test("what is done is counted up to the first that is not, whatever is done before it", () => {
  const page = setUp();
  const first = page.acks.arrived();
  const second = page.acks.arrived();
  page.acks.handled(3);
  page.task();
  assert.deepEqual(page.told(), [[3, 0, undefined]]);
  second(2); // was decoded sooner
  page.paint();
  assert.deepEqual(page.told(), []);
  first(); // was dropped, as a newer one was there
  page.paint();
  assert.deepEqual(page.told(), [[3, undefined, undefined]]);
});

test("the stamp of a picture goes with its own paint, not with what is told before", () => {
  const page = setUp();
  const done = page.acks.arrived();
  page.task();
  page.acks.handled(); // begins the timer
  done(7);
  page.acks.put();
  page.task();
  page.wait(100); // before the paint
  assert.deepEqual(page.told(), [[1, 0, undefined], [3, 0, undefined]]);
  page.paint();
  assert.deepEqual(page.told(), [[3, undefined, 7]]);
});

test("a page that never paints is told of all the same", () => {
  const page = setUp();
  page.acks.handled(1);
  page.paint();
  page.acks.handled(2);
  page.acks.put();
  page.task();
  page.wait(100);
  assert.deepEqual(page.told(), [[1, undefined, 1], [3, 1, undefined], [3, undefined, undefined]]);
});

test("nothing is acknowledged twice", () => {
  const page = setUp();
  page.acks.handled(1);
  page.paint();
  page.now += 16;
  page.acks.handled(2); // the timer starts
  const done = page.acks.arrived();
  page.task();
  done();
  done();
  page.paint();
  page.wait(100);
  assert.deepEqual(page.told(), [[1, undefined, 1], [3, 1, undefined], [3, undefined, 2]]);
});

test("a new connection counts from zero, and what was begun in the last one does not count in it", () => {
  const page = setUp();
  page.acks.handled(1);
  page.acks.handled(2);
  const old = page.acks.arrived();
  page.acks.opened();
  page.task();
  page.paint();
  page.wait(500);
  old(4);
  page.paint();
  assert.deepEqual(page.sent, []);
  page.acks.handled(9);
  page.paint();
  assert.deepEqual(page.told(), [[1, undefined, 9]]);
});

test("an acknowledgement has the form the server reads without a decoder", () => {
  const texts = [];
  const acks = new Acks({send: text => texts.push(text), painted: callback => callback(), soon: callback => callback(), now: () => 0, timer: () => {}});
  acks.opened();
  acks.handled(1795255952249.809);
  acks.arrived();
  assert.deepEqual(texts, ['{"type":"ack","n":1,"ts":1795255952249.809}', '{"type":"ack","n":2,"d":1}']);
});
