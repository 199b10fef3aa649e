/** Runs before Neuroglancer's client, on its page. */

import {SocketEvents} from "./events.js";

const {WebSocket, EventSource} = self;

self.EventSource = class extends SocketEvents {
  constructor(url) {
    super(url, {WebSocket, EventSource, base: location.href});
  }
};
