import assert from "node:assert/strict";
import {test} from "node:test";
import {SocketEvents} from "./events.js";

class Stream {
  static made = [];
  constructor(url) {
    this.url = url;
    this.closed = false;
    Stream.made.push(this);
  }
  close() {
    this.closed = true;
  }
}

const browser = base => {
  Stream.made = [];
  return {WebSocket: class extends Stream {}, EventSource: class extends Stream {}, base};
};

const listen = events => {
  const heard = [];
  events.onopen = () => heard.push("open");
  events.onmessage = event => heard.push(event.data);
  events.onerror = () => heard.push("error");
  return heard;
};

test("events come over a socket", () => {
  const events = new SocketEvents("http://host:1/lab/events/t?c=a", browser("http://host:1/lab/v/t/"));
  const heard = listen(events);
  const [socket] = Stream.made;
  assert.equal(socket.url, "ws://host:1/lab/events/t?c=a");
  socket.onopen({});
  socket.onmessage({data: "{}"});
  socket.onclose({});
  assert.deepEqual(heard, ["open", "{}", "error"]);
  assert.equal(Stream.made.length, 1);
});

test("a socket that nobody opens is a stream", () => {
  const events = new SocketEvents("/events/t", browser("https://host/v/t/"));
  const heard = listen(events);
  const [socket] = Stream.made;
  assert.equal(socket.url, "wss://host/events/t");
  socket.onclose({});
  const [, stream] = Stream.made;
  assert.equal(stream.url, "/events/t");
  stream.onopen({});
  stream.onmessage({data: "x"});
  stream.onerror({});
  assert.deepEqual(heard, ["open", "x", "error"]);
  events.close();
  assert.ok(stream.closed);
});

test("what is closed says nothing more", () => {
  const events = new SocketEvents("/events/t", browser("https://host/v/t/"));
  const heard = listen(events);
  events.close();
  Stream.made[0].onclose({});
  assert.ok(Stream.made[0].closed);
  assert.deepEqual(heard, []);
  assert.equal(Stream.made.length, 1);
});
