/**
 * The controls of components/ui/control.templ: what a hand does to them goes to the process, and what the process says goes
 * into those that nobody holds.
 *
 * - A slider that is dragged sends its values on the way over the socket, once per animation frame at most; where it is let go
 *   its form is posted. A field is posted when its value is changed, a choice when one is chosen.
 * - All that the hand does on this page has a number. Where a slider is let go that goes over the socket at once, and the form
 *   repeats it under the same number, so that the server knows what was last, whichever of the two comes late.
 * - A control that is dragged, or typed into, is held: no value and no HTML touches it until the form is posted or left.
 * - After a post the control shows what was posted until the process has said what became of it, however late: until it has
 *   applied or refused the command, or has said the same and then something that is no echo of the hand, as when somebody else
 *   moves it. So it does not jump back to what it was before, nor through what it was on the way.
 *
 * The values of a process come as JSON on the topic of an element with data-values: {"topic", "values": {name: value}}. A page may have
 * controls of several processes; what is known of one goes by its source and its name.
 */

/** The id of the element that holds a tab: another tab takes what is held with it. */
const TAB = "tab";

/** How long a posted value is shown at least while nobody says what became of it, ms. */
const SETTLE = 3000;

/** The same once it has said that it applied it: its value may come a moment later. */
const GRACE = 400;

/** Rest of the keys that move a slider after which its form is posted, ms. */
const KEYS_REST = 300;

/** Time after which a slider that was let go and has not changed is free again, ms. */
const LET_GO = 100;

/** How long the reason stays why a value was not taken, while nothing else is sent, ms. */
const REFUSED = 20_000;

/** How many values on the way are remembered, to know their echoes: of the last seconds. */
const TRAIL = 240;

/** The header with the number of what a form sends. */
const NUMBER = "Webmon-Number";

/** Positions of a logarithmic slider, as the server has them. */
const POSITIONS = 1000;

/** The value at a position of a logarithmic slider, with as many digits as such a slider can tell apart. */
export function valueAt(position, low, high) {
  if (position <= 0) return low;
  if (position >= POSITIONS) return high;
  return Number((low * (high / low) ** (position / POSITIONS)).toPrecision(4));
}

/** The position of a value on a logarithmic slider. */
export function positionOf(value, low, high) {
  if (!(value > low)) return 0;
  if (value >= high) return POSITIONS;
  return Math.round(POSITIONS * Math.log(value / low) / Math.log(high / low));
}

/** A number as fields hold it; the server writes the same. */
export function fieldNumber(x) {
  if (!Number.isFinite(x)) return "";
  let digits = 15;
  if (Math.fround(x) === x && !Number.isInteger(x)) {
    digits = 1;
    while (Math.fround(Number(x.toPrecision(digits))) !== x) digits++;
  }
  return String(Number(x.toPrecision(digits)));
}

/** Whether a value of the process is the one that was posted: numbers pass through text and single precision. */
export function sameValue(a, b) {
  if (typeof a === "number" && typeof b === "number") return a === b || Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));
  return a === b;
}

/** The message for the server about a value on the way, with its number. */
export function setMessage(source, name, value, hand, n) {
  return JSON.stringify({type: "set", source, name, value, hand, n});
}

/** The numbers of what the hand of one page does. */
export class Numbers {
  #n = 0;
  #said = new Map(); // name -> {n, value, last} what was sent over the socket last, in the present grip

  /** @param {string} hand what the page calls itself; other than that of every other page, and of this one loaded again */
  constructor(hand) {
    this.hand = hand;
  }

  /** The hand takes hold of a control: what it has done before is no part of this. */
  begin(name) {
    this.#said.delete(name);
  }

  /** The number of a value that goes over the socket. last: no other one follows but in a form. */
  send(name, value, last = false) {
    this.#said.set(name, {n: ++this.#n, value, last});
    return this.#n;
  }

  /** The number of a value that a form sends: that of its twin if it only repeats what was the last. */
  post(name, value) {
    const said = this.#said.get(name);
    this.#said.delete(name);
    return said?.last && sameValue(said.value, value) ? said.n : ++this.#n;
  }

  /** Whether the last value of the grip has gone over the socket. */
  isSaid(name, value) {
    const said = this.#said.get(name);
    return said?.last === true && sameValue(said.value, value);
  }
}

/** A value that was posted and that the process may not have answered yet. */
export class Posted {
  #trail;

  /**
   * @param {*} value
   * @param {Array} [trail] what was sent on the way to it, whose echoes may still come
   */
  constructor(value, trail = []) {
    this.value = value;
    this.answered = false; // the process has said the same
    this.timer = 0;
    this.closing = false;
    this.#trail = trail;
  }

  /** Takes what the process says. Returns whether the value is somebody else's, and later than that of this page. */
  overtaken(value) {
    if (sameValue(this.value, value)) {
      this.answered = true;
      return false;
    }
    return this.answered && !this.#trail.some(sent => sameValue(sent, value));
  }
}

export class Controls {
  #frames;
  #send;
  #refresh;
  #schedule;
  #isPaused;
  #topics = new Map(); // topic of the values of a process -> what ends hearing it
  #values = new Map(); // what the processes say, by the key of a control (keyOf), as all that follows
  #held = new Map(); // key -> "drag" or "type"
  #missed = false; // HTML came for a control that was held
  #settling = new Map(); // name -> Posted
  #trails = new Map(); // name -> values that the present hand has sent on the way
  #unsent = new Map(); // form -> value: to be sent before the next paint
  #keys = new Map(); // name -> timer
  #grip = 0; // tells one grip from the next
  #refused = new Map(); // form -> timer: it holds the reason why what was entered was not taken
  #numbers;
  #posted = new WeakMap(); // form -> number of what it sends

  /**
   * @param {object} options
   * @param {Frames} options.frames
   * @param {function(string)} options.send sends a text over the socket
   * @param {function()} options.refresh asks for all HTML again
   * @param {function(function())} options.schedule calls back once, before the next paint
   * @param {function(): boolean} options.isPaused tells whether the page is held still
   * @param {string} options.hand what this page calls itself, other than every page before
   */
  constructor({frames, send, refresh, schedule, isPaused, hand}) {
    this.#numbers = new Numbers(hand);
    this.#frames = frames;
    this.#send = send;
    this.#refresh = refresh;
    this.#schedule = schedule;
    this.#isPaused = isPaused;
  }

  start() {
    const on = (name, handler, capture = false) => document.addEventListener(name, handler, capture);
    on("pointerdown", event => this.#down(event));
    on("pointerup", () => this.#up());
    on("pointercancel", () => this.#up());
    on("input", event => this.#input(event));
    on("change", event => this.#change(event));
    on("keydown", event => this.#key(event));
    on("focusout", event => this.#left(event.target));
    on("submit", event => this.#submitted(event.target, event.submitter), true);
    on("htmx:config:request", event => this.#number(event.detail?.ctx));
    on("htmx:before:swap", event => this.#beforeSwap(event.detail));
    on("htmx:after:swap", () => this.scan());
    on("htmx:error", event => this.#failed(event.detail?.ctx?.sourceElement));
    on("pausechange", event => event.detail.paused || this.#applyAll());
    this.scan();
  }

  /** Looks for the values' topic, and puts right what has come to the page. */
  scan() {
    const wanted = new Set([...document.querySelectorAll("[data-values]")].map(element => element.dataset.topic).filter(Boolean));
    for (const [topic, stop] of this.#topics) {
      if (wanted.has(topic)) continue;
      stop();
      this.#topics.delete(topic);
      for (const key of this.#values.keys()) {
        if (key.startsWith(`${sourceOf(topic)}/`)) this.#values.delete(key);
      }
    }
    for (const topic of wanted) {
      if (!this.#topics.has(topic)) this.#topics.set(topic, this.#frames.onFrames(topic, list => this.#take(sourceOf(topic), list)));
    }
    this.#forget();
    for (const form of document.querySelectorAll("form[data-refused]")) this.#keepReason(form);
    for (const form of forms()) {
      const settling = this.#settling.get(keyOf(form));
      if (!settling) continue;
      // The server's word on the command: refused, or somebody else has changed it since, and the true value is shown; applied,
      // and it is about to come.
      const life = form.dataset.life;
      if (life === "refused" || life === "gone" || life === "overtaken" || form.querySelector(".control-error")) this.#settled(keyOf(form), 0);
      else if (life === "applied") this.#settled(keyOf(form), settling.answered ? 0 : GRACE);
    }
    this.#applyAll();
    if (!this.#isPaused()) this.#follow(null, name => this.#free(name));
  }

  // What went with the page it was on is held no more.
  #forget() {
    if (this.#held.size === 0) return;
    const there = new Set(forms().map(form => keyOf(form)));
    for (const name of this.#held.keys()) {
      if (!there.has(name)) this.#held.delete(name);
    }
  }

  #take(source, list) {
    const changed = new Set();
    for (const {values} of list) {
      for (const [control, value] of Object.entries(values ?? {})) {
        const name = `${source}/${control}`;
        this.#values.set(name, value);
        changed.add(name);
        const settling = this.#settling.get(name);
        if (settling?.overtaken(value)) this.#settled(name, -1);
      }
    }
    if (this.#isPaused()) return;
    for (const form of forms()) {
      if (changed.has(keyOf(form))) this.#apply(form);
    }
    this.#follow(changed, name => this.#free(name));
  }

  #applyAll() {
    if (this.#isPaused()) return;
    for (const form of forms()) this.#apply(form);
  }

  // What a control is to show: what was posted and is not answered yet; otherwise what the process says.
  #shown(name) {
    return this.#settling.get(name)?.value ?? this.#values.get(name);
  }

  // The same for what must not touch a control that is held.
  #free(name) {
    return this.#held.has(name) ? undefined : this.#shown(name);
  }

  #apply(form) {
    const value = this.#free(keyOf(form));
    if (value !== undefined) show(form, value);
  }

  // A hand.

  #down(event) {
    this.#grip++;
    const form = controlOf(event.target);
    if (!form) return;
    if (event.target.matches("input[type=range]")) this.#hold(form, "drag");
    else if (event.target.matches("select")) this.#hold(form, "choose");
  }

  // A slider that was not moved posts nothing; the change of one that was comes after this. Where it was let go is said at once,
  // so that whoever lets go later is known to be the later one.
  #up() {
    const grip = this.#grip;
    for (const form of forms()) {
      const name = keyOf(form);
      const field = form.querySelector("input[type=range]");
      if (field && this.#held.get(name) === "drag" && (this.#trails.has(name) || this.#unsent.has(form))) {
        this.#unsent.delete(form);
        this.#say(form, rangeValue(field), true);
      }
    }
    setTimeout(() => {
      if (grip !== this.#grip) return;
      for (const [name, how] of this.#held) {
        if (how !== "drag") continue;
        // One that was moved and came back to where it was has not changed, but what it sent on the way may come after that.
        const form = this.#trails.has(name) && forms().find(one => keyOf(one) === name);
        if (form) this.#post(form);
        else this.#release(name);
      }
    }, LET_GO);
  }

  #input(event) {
    const field = event.target;
    mirror(field);
    const form = controlOf(field);
    if (!form) return;
    if (field.matches("input[type=range]")) {
      this.#settled(keyOf(form), -1);
      this.#unsent.set(form, rangeValue(field));
      if (this.#unsent.size === 1) this.#schedule(() => this.#sendUnsent());
      if (!this.#held.has(keyOf(form))) this.#hold(form, "keys");
      this.#follow(new Set([keyOf(form)]), () => rangeValue(field));
    } else if (field.matches("input[type=color]")) {
      // The browser's own dialogue tells every colour on the way, and a change when it is closed.
      this.#settled(keyOf(form), -1);
      this.#unsent.set(form, colorOf(form));
      if (this.#unsent.size === 1) this.#schedule(() => this.#sendUnsent());
      if (!this.#held.has(keyOf(form))) this.#hold(form, "pick");
    } else if (field.matches("input[type=number], input[type=text]")) {
      this.#hold(form, "type");
    }
  }

  #sendUnsent() {
    // Keys say nothing when they are let go: each of their values may be the last.
    for (const [form, value] of this.#unsent) this.#say(form, value, this.#held.get(keyOf(form)) === "keys");
    this.#unsent.clear();
  }

  // Tells the server a value. last: no other one follows but in the form.
  #say(form, value, last) {
    const name = keyOf(form);
    const trail = this.#trails.get(name) ?? [];
    this.#trails.set(name, [...trail.slice(1 - TRAIL), value]);
    this.#send(setMessage(form.dataset.source, form.dataset.control, value, this.#numbers.hand, this.#numbers.send(name, value, last)));
  }

  // Puts the number of what a form says onto its request.
  #number(ctx) {
    const n = this.#posted.get(ctx?.sourceElement);
    if (n === undefined) return;
    this.#posted.delete(ctx.sourceElement);
    ctx.request.headers[NUMBER] = `${this.#numbers.hand} ${n}`;
  }

  #change(event) {
    const field = event.target;
    const form = controlOf(field);
    if (!form) return;
    const name = keyOf(form);
    if (!field.matches("input[type=range]")) {
      // The change by Enter comes before the form that Enter sends by itself.
      if (field.matches("select, input[type=color]")) this.#post(form);
      else setTimeout(() => this.#held.get(name) === "type" && this.#post(form));
      return;
    }
    clearTimeout(this.#keys.get(name));
    if (this.#held.get(name) === "keys") this.#keys.set(name, setTimeout(() => this.#post(form), KEYS_REST));
    else this.#post(form);
  }

  #key(event) {
    const field = event.target;
    const form = controlOf(field);
    if (!form || !field.matches("input[type=number], input[type=text]")) return;
    if (event.key === "Escape" && this.#held.get(keyOf(form)) === "type") {
      event.preventDefault();
      this.#release(keyOf(form));
      this.#restore(form);
    }
  }

  // A change is told before the field is left, and posted after it.
  #left(field) {
    const form = controlOf(field);
    if (!form) return;
    const name = keyOf(form);
    setTimeout(() => {
      const how = this.#held.get(name);
      if (how === "type" || how === "choose" || how === "pick") this.#release(name);
    });
  }

  #post(form) {
    clearTimeout(this.#keys.get(keyOf(form)));
    if (form.isConnected) form.requestSubmit(form.querySelector(".control-set"));
  }

  // A form is on its way, by whatever means. It has not been read yet: nothing of it must change before it has.
  #submitted(form, submitter) {
    if (this.#refused.has(form)) setTimeout(() => this.#forgetReason(form));
    if (!form.matches?.("[data-control]")) return;
    const name = keyOf(form);
    const field = submitter?.name === form.dataset.control ? submitter : form.querySelector("input[type=number], input[type=text], select");
    const value = typed(form.dataset.type, field?.value);
    const dragged = this.#unsent.delete(form) || ["drag", "pick"].includes(this.#held.get(name));
    if (this.#held.has(name)) this.#held.set(name, "posted");
    // The last value goes both ways, whichever is the faster.
    if (dragged && value !== undefined && !this.#numbers.isSaid(name, value)) this.#say(form, value, true);
    if (value !== undefined) this.#posted.set(form, this.#numbers.post(name, value));
    clearTimeout(this.#keys.get(name));
    this.#settled(name, -1);
    // Where the process does not tell the value, the answer to the form shows it.
    const told = form.dataset.untold === undefined;
    if (value !== undefined && told) this.#await(name, new Posted(value, this.#trails.get(name)));
    this.#trails.delete(name);
    setTimeout(() => {
      // What became of the last command says nothing of this one.
      form.dataset.life = "";
      form.querySelector(".control-error")?.remove();
      this.#release(name);
      this.#applyNamed(name);
    });
  }

  // Waits for what the process makes of a post. One that is slow, or has much to do, is waited for as long as it has not
  // answered.
  #await(name, posted) {
    this.#settling.set(name, posted);
    posted.timer = setTimeout(() => {
      const pending = forms().some(form => keyOf(form) === name && isPending(form));
      if (pending) this.#await(name, posted);
      else this.#settled(name, 0);
    }, SETTLE);
  }

  #failed(form) {
    if (form?.dataset?.control) this.#settled(keyOf(form), 0);
  }

  #hold(form, how) {
    this.#held.set(keyOf(form), how);
    this.#trails.delete(keyOf(form));
    this.#numbers.begin(keyOf(form));
    this.#mark(form);
  }

  // HTML leaves alone what is held, and a reason that has still to be read.
  #mark(form) {
    const held = this.#held.has(keyOf(form));
    form.toggleAttribute("hx-morph-skip", held || this.#refused.has(form));
    form.toggleAttribute("data-live-held", held);
  }

  #keepReason(form) {
    if (this.#refused.has(form)) return;
    this.#refused.set(form, setTimeout(() => this.#forgetReason(form), REFUSED));
    this.#mark(form);
  }

  #forgetReason(form) {
    clearTimeout(this.#refused.get(form));
    this.#refused.delete(form);
    form.removeAttribute("data-refused");
    for (const error of form.querySelectorAll(".control-error")) error.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    this.#mark(form);
    this.#catchUp();
  }

  #release(name) {
    if (!this.#held.delete(name)) return;
    for (const form of forms()) {
      if (keyOf(form) !== name) continue;
      this.#mark(form);
      this.#apply(form);
    }
    this.#catchUp();
  }

  #catchUp() {
    if (!this.#missed || this.#held.size > 0 || this.#refused.size > 0) return;
    this.#missed = false;
    this.#refresh();
  }

  // Ends the wait for what the process makes of a post: after some ms, or now. Below 0 nothing is shown for it: something newer
  // is.
  #settled(name, ms) {
    const settling = this.#settling.get(name);
    if (!settling) return;
    if (ms > 0) {
      if (!settling.closing) setTimeout(() => this.#settling.get(name) === settling && this.#settled(name, 0), ms);
      settling.closing = true;
      return;
    }
    clearTimeout(settling.timer);
    this.#settling.delete(name);
    if (ms === 0) this.#applyNamed(name);
  }

  #applyNamed(name) {
    for (const form of forms()) {
      if (keyOf(form) === name) this.#apply(form);
    }
    this.#follow(new Set([name]), n => this.#free(n));
  }

  // Puts back what stood in a field that was typed into and left.
  #restore(form) {
    const value = this.#shown(keyOf(form));
    if (value !== undefined) show(form, value);
    else for (const field of form.querySelectorAll("input")) field.value = field.defaultValue;
  }

  // What is held must not be taken out of the page, nor lose what comes for it.
  #beforeSwap({tasks}) {
    const skipped = [...document.querySelectorAll("form[hx-morph-skip]")];
    if (skipped.length === 0) return;
    for (let i = tasks.length - 1; i >= 0; i--) {
      const {target, fragment} = tasks[i];
      if (!(target instanceof Element) || target.id === TAB) continue;
      const inside = skipped.filter(form => target.contains(form));
      if (inside.length === 0) continue;
      this.#missed = true;
      const held = inside.filter(form => this.#held.has(keyOf(form)));
      if (!held.every(form => fragment?.querySelector?.(`[id="${form.id}"]`))) tasks.splice(i, 1);
    }
  }

  // Lines of a picture that stand where a control does, such as the limits in a histogram: of the one process of their page.
  #follow(names, value) {
    const [topic] = this.#topics.keys();
    if (topic === undefined) return;
    for (const line of document.querySelectorAll("[data-follow]")) {
      const name = `${sourceOf(topic)}/${line.dataset.follow}`;
      if (names === null || names.has(name)) followWith(line, value(name));
    }
  }
}

/** What tells a control from all others of the page, which may be of several processes. */
function keyOf(form) {
  return `${form.dataset.source}/${form.dataset.control}`;
}

/** The source of a topic of values. */
function sourceOf(topic) {
  return topic.slice(0, topic.lastIndexOf("/"));
}

function forms() {
  return [...document.querySelectorAll("form[data-control]")];
}

// The control that a hand is at; null where it is at none, or at one that whoever looks may not use.
function controlOf(element) {
  return element instanceof Element ? element.closest("form[data-control]:not([data-locked])") : null;
}

/** Whether what became of a form that was posted has still to come. */
function isPending(form) {
  return form.classList.contains("htmx-request") || form.dataset.life === "queued" || form.dataset.life === "taken";
}

/** What a range element means. */
function rangeValue(range) {
  const position = range.valueAsNumber;
  const limits = range.dataset.log?.split(" ").map(Number);
  let value = limits ? valueAt(position, ...limits) : position;
  const step = Number(range.dataset.step);
  if (limits && step > 0) value = Math.min(limits[1], Math.max(limits[0], Math.round(value / step) * step));
  return isWhole(range) ? Math.round(value) : Number(fieldNumber(value));
}

function isWhole(field) {
  return field.closest("[data-type]")?.dataset.type === "int";
}

/** Of a slider and the field beside it, the other one follows. */
function mirror(field) {
  const row = field.closest?.(".control-row, .control-field");
  if (row?.closest("[data-type]")?.dataset.type === "color") return mirrorColor(field, row);
  const range = row?.querySelector("input[type=range]");
  const number = row?.querySelector("input[type=number]");
  if (!range || !number) return;
  if (field === range) {
    number.value = fieldNumber(rangeValue(range));
    describe(range, number.value);
  } else if (field === number && Number.isFinite(number.valueAsNumber)) {
    place(range, number.valueAsNumber);
  }
}

/** Of a colour's two fields, the other one follows; the opacity stays where the browser's own field knows none. */
function mirrorColor(field, row) {
  const picker = row.querySelector("input[type=color]");
  const text = row.querySelector("input[type=text]");
  if (field === picker) text.value = withOpacity(picker.value, text.value);
  else if (isColor(text.value)) picker.value = text.value.trim().slice(0, 7).toLowerCase();
}

function isColor(text) {
  return /^\s*#([0-9a-f]{6}|[0-9a-f]{8})\s*$/iu.test(text);
}

/** A colour "#rrggbb" with the opacity of another one that may have one. */
export function withOpacity(color, other) {
  return isColor(other) ? color + other.trim().slice(7).toLowerCase() : color;
}

function colorOf(form) {
  return form.querySelector("input[type=text]").value;
}

function place(range, value) {
  const limits = range.dataset.log?.split(" ").map(Number);
  const position = String(limits ? positionOf(value, ...limits) : value);
  if (range.value !== position) range.value = position;
  describe(range, fieldNumber(value));
}

function describe(range, text) {
  const words = text + (range.dataset.unit ?? "");
  if (range.getAttribute("aria-valuetext") !== words) range.setAttribute("aria-valuetext", words);
}

/** Shows a value in a control. */
export function show(form, value) {
  const type = form.dataset.type;
  if (type === "float" || type === "int") {
    const text = fieldNumber(Number(value));
    const number = form.querySelector("input[type=number]");
    const range = form.querySelector("input[type=range]");
    // A value that was typed with more digits than are shown stays as it was typed.
    if (number && number.value !== text && number.valueAsNumber !== Number(value)) number.value = text;
    if (range) place(range, Number(value));
  } else if (type === "bool") {
    const button = form.querySelector("button[aria-checked], button[aria-pressed]");
    if (!button) return;
    const state = button.hasAttribute("aria-checked") ? "aria-checked" : "aria-pressed";
    if (button.getAttribute(state) !== String(value)) button.setAttribute(state, String(value));
    button.value = String(!value);
  } else if (type === "choice") {
    const select = form.querySelector("select");
    if (select && select.value !== value) select.value = value;
    for (const button of form.querySelectorAll(".segmented > button")) button.setAttribute("aria-pressed", String(button.value === value));
  } else {
    const text = form.querySelector("input[type=text]");
    if (text && text.value !== value) text.value = value;
    const picker = form.querySelector("input[type=color]");
    if (picker && isColor(value)) picker.value = value.slice(0, 7);
  }
}

/** What a form sends, as the process says values; undefined for what it cannot be. */
function typed(type, text) {
  if (text === undefined) return undefined;
  if (type === "bool") return text === "true";
  if (type !== "float" && type !== "int") return text;
  const number = text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Puts a line of a picture where a control stands. */
function followWith(line, x) {
  if (typeof x !== "number") return;
  const low = Number(line.dataset.low);
  const high = Number(line.dataset.high);
  const at = high > low ? 256 * Math.min(1, Math.max(0, (x - low) / (high - low))) : 0;
  line.setAttribute("x1", at.toFixed(1));
  line.setAttribute("x2", at.toFixed(1));
}
