/**
 * The page's one socket. htmx's extension opens and reopens it and swaps the HTML that comes; this module closes the
 * extension's gaps and takes what is not HTML:
 *
 * - it says what the page shows (topics.js) on each new connection and whenever that changes;
 * - it takes JSON frames and pictures (binary.js) before htmx does, puts together those that come in parts (wholes.js), has them decoded (newest.js, decode.js), hands
 *   them to Frames, and acknowledges what has come and what was painted (acks.js);
 * - it leaves HTML out while the page is paused, the header's excepted, and asks for it again when the page goes on;
 * - it tells the state of the connection, and opens a new one where the extension has given up.
 */

import {Acks, LARGE} from "./acks.js";
import {readBinary} from "./binary.js";
import {choice} from "./choice.js";
import {decode, TAKES} from "./decode.js";
import {handOver} from "./early-socket.js";
import {afterPaint, soon} from "./paint.js";
import {delayBefore, FIRST_DELAY, MOST_DELAY} from "./connection.js";
import {Newest} from "./newest.js";
import {collectTopics, sameTopics, watchMessage} from "./topics.js";
import {Wholes} from "./wholes.js";
import {who} from "./who.js";

/** The server sends something every second; without a word for this long the connection is dead, ms. */
const SILENCE = 8000;

/** Topics of frames about the connection itself. */
const CONTROL = new Set(["hello", "stats", "reload", "stopped", "signed-out"]);

/** The URL's own attribute, put on the element only once this module listens. */
const CONNECT = "hx-ws:connect";

export class Socket {
  #shell;
  #htmx;
  #frames;
  #onState;
  #onControl;
  #isHeld;
  #connection = null;
  #known = null; // topics the server was last asked for, null before
  #missed = false; // HTML came that was not shown
  #heardAt = 0;
  #lostAttempts = 0;
  #retryAt = 0;
  #state = "connecting";
  #stopped = false; // somebody has asked webmon to stop
  #acks = new Acks({send: message => this.send(message), painted: afterPaint, soon});
  #wholes = new Wholes();
  #newest = new Newest({decode, show: frame => this.#frames.dispatch(frame)});

  /**
   * @param {object} options
   * @param {HTMLElement} options.shell the element with data-socket, the URL
   * @param {object} options.htmx
   * @param {Frames} options.frames
   * @param {function(object)} options.onState called with {name, attempt, retryIn} when it has changed
   * @param {function(object)} options.onControl called with frames about the connection itself
   * @param {function(string): boolean} options.isHeld tells whether to hold a piece of HTML back for now
   */
  constructor({shell, htmx, frames, onState, onControl, isHeld}) {
    this.#shell = shell;
    this.#htmx = htmx;
    this.#frames = frames;
    this.#onState = onState;
    this.#onControl = onControl;
    this.#isHeld = isHeld;
  }

  /** Connects, and stays so. */
  start() {
    const first = FIRST_DELAY * (0.7 + 0.6 * Math.random()); // so that not all browsers come back at the same moment
    this.#htmx.config.ws = {...this.#htmx.config.ws, reconnectDelay: first, reconnectMaxDelay: MOST_DELAY, reconnectJitter: 0};
    const on = (name, handler) => this.#shell.addEventListener(name, handler);
    on("htmx:ws:before:connection", event => this.#before(event.detail.connection, first, event));
    on("htmx:ws:after:connection", event => this.#opened(event.detail.connection));
    on("htmx:ws:close", event => this.#closed(event.detail));
    on("htmx:ws:before:message:incoming", event => this.#message(event));
    handOver();
    this.#shell.setAttribute(CONNECT, this.#shell.dataset.socket);
    this.#htmx.process(this.#shell);

    setInterval(() => this.#tick(), 1000);
    // A page that was asleep or offline should not wait for its turn.
    const now = () => this.#retryNow();
    addEventListener("online", now);
    addEventListener("pageshow", event => event.persisted && this.#reopen());
    document.addEventListener("visibilitychange", () => document.hidden || now());
  }

  /** Sends a text, if there is a connection. */
  send(text) {
    const socket = this.#connection?.socket;
    if (socket?.readyState === WebSocket.OPEN) socket.send(text);
  }

  /**
   * Asks for what the page shows now.
   *
   * @param {boolean} [again] also when the topics are the same, because the elements that show them are new and know nothing yet
   */
  watch(again = false) {
    if (this.#state !== "live") return;
    const wanted = collectTopics(document);
    if (!again && this.#known !== null && sameTopics(this.#known, wanted)) return;
    const keep = !again && this.#known !== null;
    this.#known = wanted;
    this.#ask(keep);
  }

  /** Says how pictures are to be sent now: somebody has chosen otherwise (choice.js). */
  chose() {
    if (this.#state === "live" && this.#known !== null) this.#ask(true);
  }

  #ask(keep) {
    this.send(watchMessage(this.#known, who(), {keep, takes: ["parts", ...TAKES], ...choice()}));
  }

  /** Asks for all that was not shown while it was held back: what came may have been changes of what is not there any more. */
  release() {
    if (this.#missed) this.watch(true);
    this.#missed = false;
  }

  #before(connection, first, event) {
    // This comes when an attempt is planned, not when it is made.
    if (this.#state === "signed-out") {
      event.preventDefault();
      return;
    }
    this.#connection = connection;
    if (connection.attempt > 0) {
      this.#retryAt = performance.now() + delayBefore(connection.attempt, first);
      this.#lostAttempts = connection.attempt;
      this.#tell("reconnecting");
    }
  }

  #opened(connection) {
    this.#connection = connection;
    // Otherwise pictures would come as blobs, which can be read only later, and out of turn.
    if (connection.socket) connection.socket.binaryType = "arraybuffer";
    this.#lostAttempts = 0;
    this.#stopped = false;
    this.#heardAt = performance.now();
    this.#known = null;
    this.#missed = false;
    this.#acks.opened();
    this.#wholes.clear();
    this.#newest.clear();
    this.#tell("live");
    this.watch();
  }

  #closed({connection, reason}) {
    if (reason === "cancelled") return;
    if (reason === "removed") {
      // The extension lets go of an element that is processed again.
      if (this.#connection === connection) this.#connection = null;
      return;
    }
    if (this.#state !== "reconnecting") this.#retryAt = performance.now();
    if (this.#state === "live") this.#tell("reconnecting");
    // A refused handshake looks like a server that is not there; ask which it is.
    this.#checkSignedIn();
  }

  async #checkSignedIn() {
    try {
      const response = await fetch(`${document.body.dataset.prefix}/api/v1/sources`, {headers: {Accept: "application/json"}});
      if (response.status !== 401) return;
      this.#tell("signed-out");
      // A webmon that was started again knows nothing of the session, and the page keeps what it shows. Otherwise the
      // session was ended, and the word of it was lost: this browser was too slow to take it.
      const {session} = await response.json();
      if (session !== "unknown") this.#onControl({topic: "signed-out"});
    } catch {
      // Not there: the extension goes on trying.
    }
  }

  #message(event) {
    const {data} = event.detail.message;
    this.#heardAt = performance.now();
    if (typeof data !== "string") {
      event.preventDefault();
      this.#binary(data);
      return;
    }
    if (!data.startsWith("{")) {
      if (this.#isHeld(data)) {
        event.preventDefault();
        this.#missed = true;
      }
      this.#handled(data, null);
      return;
    }
    event.preventDefault();
    const frame = tried(() => JSON.parse(data));
    if (frame?.topic === "stopped") this.#stopped = true;
    if (frame?.topic === "signed-out") this.#tell("signed-out");
    if (frame?.topic === "stats") this.#acks.within(frame.ack_ms);
    if (CONTROL.has(frame?.topic)) this.#onControl(frame);
    else if (frame) this.#frames.dispatch(frame);
    this.#handled(data, frame);
  }

  /** A text was handled. */
  #handled(text, frame) {
    if (isLarge(text)) this.#acks.arrived()(stampOf(frame));
    else this.#acks.handled(stampOf(frame));
  }

  #binary(data) {
    const isPart = Wholes.isPart(data);
    const whole = isPart ? tried(() => this.#wholes.take(data)) : data;
    if (whole === null) {
      this.#acks.put();
      return;
    }
    const frame = tried(() => readBinary(whole));
    if (!isPart && data.byteLength < LARGE && !frame?.coded) {
      if (frame) this.#newest.take(frame, () => {});
      this.#acks.handled(stampOf(frame));
      return;
    }
    const done = this.#acks.arrived();
    if (frame) this.#newest.take(frame, shown => done(stampOf(shown)));
    else done();
  }

  #tick() {
    const silent = performance.now() - this.#heardAt;
    if (this.#state === "live" && silent > SILENCE && !document.hidden) this.#reopen();
    else if (this.#state === "reconnecting") this.#tell("reconnecting");
    // The extension gives up after an orderly close.
    if (this.#state === "reconnecting" && !this.#shell._htmx?.ws?.connection) this.#reopen();
  }

  #retryNow() {
    if (this.#state === "reconnecting") this.#reopen();
  }

  /** A new connection in place of the old, at once. */
  #reopen() {
    if (this.#state === "signed-out") return;
    this.#retryAt = performance.now();
    this.#tell("reconnecting");
    this.#htmx.process(this.#shell, true);
  }

  #tell(name) {
    this.#state = name;
    // A webmon that somebody stopped is still waited for: it may be started again. The page says which it is.
    if (name === "reconnecting" && this.#stopped) name = "stopped";
    this.#onState({name, attempt: this.#lostAttempts, retryIn: Math.max(0, this.#retryAt - performance.now())});
  }
}

/** Does something with a message; null, and said in the console, where it makes no sense. */
function tried(read) {
  try {
    return read();
  } catch (error) {
    reportError(error);
    return null;
  }
}

function stampOf(frame) {
  return Number.isFinite(frame?.ts) ? frame.ts : null;
}

/** Whether a text has so many bytes that it is told of as it arrives (acks.js). */
function isLarge(text) {
  return text.length >= LARGE || text.length * 3 >= LARGE && new TextEncoder().encode(text).length >= LARGE;
}

/** The first element that a piece of HTML is for. */
export function firstTarget(html) {
  return /hx-target="([^"]*)"/.exec(html.slice(0, 300))?.[1] ?? "";
}
