/** Runs before Neuroglancer's client, on its page. */

import {addresses} from "./addresses.js";
import {SocketEvents} from "./events.js";
import {scales} from "./start.js";

const {WebSocket, EventSource, fetch} = self;
const own = addresses(location.href);
const start = scales(() => [innerWidth, innerHeight]);

const hash = start.fragment(own.fragment(location.hash));
if (hash !== location.hash) history.replaceState(null, "", hash);

self.EventSource = class extends SocketEvents {
  constructor(url) {
    super(url, {WebSocket, EventSource, base: location.href, read: text => start.into(own.into(text))});
  }
};

// What the client sends to webmon is JSON with its state, or the bytes of a chunk.
self.fetch = (resource, options) =>
  fetch(resource, typeof options?.body === "string" ? {...options, body: own.outOf(start.outOf(options.body))} : options);
