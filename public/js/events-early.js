/** Runs before Neuroglancer's client, on its page. */

import {addresses} from "./addresses.js";
import {SocketEvents} from "./events.js";
import {restoring} from "./restore.js";
import {scales} from "./start.js";

const {WebSocket, EventSource, fetch} = self;
const own = addresses(location.href);
const start = scales(() => [innerWidth, innerHeight]);

const hash = start.fragment(own.fragment(location.hash));
if (hash !== location.hash) history.replaceState(null, "", hash);

let gently = null; // once the client is there, which is before its first event
const read = text => {
  if (self.viewer?.state) gently ??= restoring(self.viewer.state);
  return start.into(own.into(text));
};

self.EventSource = class extends SocketEvents {
  constructor(url) {
    super(url, {WebSocket, EventSource, base: location.href, read});
  }
};

// What the client sends to webmon is JSON with its state, or the bytes of a chunk.
self.fetch = async (resource, options) => {
  if (typeof options?.body !== "string") return fetch(resource, options);
  const answer = await fetch(resource, {...options, body: own.outOf(start.outOf(options.body))});
  if (gently && answer.ok && String(resource).includes("/state/")) gently.sent(JSON.parse(options.body).s);
  return answer;
};
