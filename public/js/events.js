/**
 * Server-sent events over a socket, for Neuroglancer's client, which knows EventSource alone.
 *
 * A stream of events holds one of the six connections that a browser makes to a server, over all of its windows: six open views
 * would keep it from loading anything else. Sockets do not count. Where none comes through, such as behind an old proxy, the events come as
 * they would have.
 */
export class SocketEvents {
  onopen = null;
  onmessage = null;
  onerror = null;
  #socket = null;
  #source = null;
  #closed = false;
  #read = null;

  /**
   * @param {string} url of the stream
   * @param {{WebSocket: function, EventSource: function, base: string, read?: function(string): string}} browser what the browser has, the
   *   page's address, and what the page makes of the text of an event
   */
  constructor(url, browser) {
    const address = new URL(url, browser.base);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    let opened = false;
    this.#read = browser.read ?? (text => text);
    this.#socket = new browser.WebSocket(address.href);
    this.#socket.onopen = event => {
      opened = true;
      this.onopen?.(event);
    };
    this.#socket.onmessage = event => this.#hear(event);
    this.#socket.onclose = event => {
      if (this.#closed) return;
      if (opened) this.onerror?.(event);
      else this.#fall(url, browser);
    };
  }

  #hear(event) {
    const data = this.#read(event.data);
    this.onmessage?.(data === event.data ? event : new MessageEvent("message", {data}));
  }

  #fall(url, browser) {
    this.#source = new browser.EventSource(url);
    this.#source.onopen = event => this.onopen?.(event);
    this.#source.onmessage = event => this.#hear(event);
    this.#source.onerror = event => this.onerror?.(event);
  }

  close() {
    this.#closed = true;
    this.#socket.close();
    this.#source?.close();
  }
}
