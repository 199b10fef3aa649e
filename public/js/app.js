/**
 * The first script of every page: it wires the parts together and holds no logic of its own.
 *
 * On pages with a socket htmx is loaded before it (as a global: its extensions expect it there); on others it only serves the
 * theme and the parts.
 */

import "./shared.js";
import {Ages} from "./ages.js";
import {beforePaint} from "./paint.js";
import {Controls} from "./controls.js";
import {Frames} from "./frames.js";
import {showConnection, showStats} from "./header.js";
import {startKeys} from "./keys.js";
import {renderMath} from "./math.js";
import {markCurrent, openTab, startNav} from "./nav.js";
import {applyFilters, startParts} from "./parts.js";
import {Pause} from "./pause.js";
import {Pictures} from "./pictures.js";
import {startForms} from "./forms.js";
import {startLayers} from "./layers.js";
import {startPins} from "./board/pin.js";
import {tellLosses} from "./picture/losses.js";
import {firstTarget, Socket} from "./socket.js";
import {nextTheme, setTheme, startTheme, storedTheme} from "./theme.js";
import {randomName} from "./who.js";

const shell = document.getElementById("shell");
const frames = new Frames(beforePaint);
const ages = new Ages();
const pictures = new Pictures(frames, watchSoon, text => socket?.send(text));
const pause = new Pause(() => socket?.release());
let connected = !shell?.dataset.socket;
let leaving = false; // a form is on its way whose answer is another page, such as that of a log out
document.addEventListener("submit", ({target}) => (leaving = target.method === "post" && !target.hasAttribute("hx-post")));

const socket = shell?.dataset.socket && new Socket({
  shell,
  htmx: window.htmx,
  frames,
  onState(state) {
    connected = state.name === "live";
    if (connected) pictures.connected();
    showConnection(state);
    markStale();
  },
  onControl(frame) {
    if (Number.isFinite(frame.ts)) ages.heard(frame.ts);
    if (frame.topic === "stats") {
      showStats(frame);
      tellLosses(frame);
    } else if (frame.topic === "reload") leaveSource(frame.source);
    else if (frame.topic === "hello") reloadIfOther(frame);
    else if (frame.topic === "signed-out" && !leaving) location.reload(); // the page in its place says why the session has ended
  },
  isHeld: html => pause.holds(firstTarget(html)),
});

const controls = new Controls({
  frames,
  send: text => socket?.send(text),
  refresh: () => socket?.watch(true),
  schedule: beforePaint,
  isPaused: () => pause.paused,
  hand: randomName(),
});

const cycleTheme = () => setTheme(nextTheme(storedTheme()));

startTheme();
startForms();
startParts();
startLayers();
startPins();
startKeys({
  tab: openTab,
  pause: () => pause.toggle(),
  theme: cycleTheme,
  help: () => document.getElementById("help")?.showModal(),
  press: key => document.querySelector(`button[data-key=${key}]`)?.click(),
});
document.addEventListener("click", event => {
  if (event.target.closest?.("[data-action=theme]")) cycleTheme();
  const settings = event.target.closest?.("[data-action=settings]");
  if (settings) settings.setAttribute("aria-pressed", String(shell.classList.toggle("shell-settings")));
});
pause.start();
ages.start();
pictures.start();
controls.start();

startNav(() => socket?.watch(true));
let swapped = []; // what the swap under way has replaced
document.addEventListener("htmx:before:swap", event => (swapped = event.detail.tasks.map(task => task.target)));
document.addEventListener("htmx:after:swap", () => {
  for (const target of swapped) {
    if (target instanceof Element) ages.renew(target);
  }
  applyFilters();
  renderMath();
  pictures.scan();
  if (pause.paused) pause.mark();
  markStale();
  socket?.watch();
});

// Charts show another window of time, or came too late for a snapshot (charts/index.js).
document.addEventListener("topicschange", event => socket?.watch(event.detail.again));
// Somebody has chosen how pictures are to be sent (choice.js).
document.addEventListener("choicechange", () => socket?.chose());

renderMath();
markCurrent();
socket?.start();

// Pictures of one page begin to draw one after the other, and are asked for together.
let watching = false;
function watchSoon() {
  if (watching) return;
  watching = true;
  setTimeout(() => {
    watching = false;
    socket?.watch();
  });
}

// The source that the page shows is forgotten. A page in another one says so, because it shows nothing else.
function leaveSource(id) {
  // A board has cards of other sources too, and its own feed says that those of this one are not there.
  const header = document.getElementById("live-header")?.dataset.topic ?? "";
  if (document.querySelector("[data-board]") && !header.startsWith(`${id}/`)) return;
  if (document.documentElement.dataset.embed === undefined) location.assign(location.pathname);
  else location.reload();
}

// What the header says of the source counts for every picture of the page; on a board each card has a source of its own.
function markStale() {
  pictures.setStale(element => {
    const said = element.closest("[data-board-card]")?.querySelector(".board-source") ?? document.getElementById("live-header");
    return !connected || Boolean(said?.querySelector(":is([data-state=stale], [data-state=gone])"));
  });
}

// The webmon that answers is not the one that made this page: it has another version, or it was started again. Its pages may differ.
function reloadIfOther({version, epoch}) {
  const before = shell.dataset.epoch;
  shell.dataset.epoch = epoch;
  const other = version !== shell.dataset.version || (before !== undefined && before !== epoch);
  if (!other) return;
  // Once for each: a page that a cache keeps old must not load itself for ever.
  const key = `webmon-reloaded-${epoch}`;
  try {
    if (sessionStorage.getItem(key)) return;
    sessionStorage.setItem(key, "yes");
  } catch {
    return;
  }
  location.reload();
}
