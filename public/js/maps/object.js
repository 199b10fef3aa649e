/**
 * The bar with the selected object of a map: what it is, and what can be done to it by buttons, fields and keys.
 *
 *     const bar = new MapObject(element, config, view, edits);
 *
 * The server writes its markup (components/mapedits.templ, MapObject). What is disabled there, for people who may only look, stays
 * disabled. Each edit names the object by session and row, and the edition that these are of, so that one which comes late
 * still means the same object.
 */

import {h, say} from "../dom.js";
import {announce, problemIn} from "../nav.js";
import {Hand, nearest} from "./hand.js";
import {short} from "./scale.js";

/** Ms that somebody has to stay at an object before the server is asked about it. */
const ASK_AFTER = 80;

/** Notes that were typed and not kept, of so many objects. */
const DRAFTS = 50;

/** What kinds of object can be added, and what people call them. */
const TYPES = {
  spineROI: "spine", otherROI: "other", nodeROI: "node", slabROI: "slab", pivotPnt: "landmark of the segment", globalPIvot: "landmark of the session",
};

/** What an object is called in a sentence. */
const nameOf = ({session, row}) => `row ${row} of session ${session}`;

/** The edit that makes one object the same as another, which is in the session before or after it; null if it is in neither. */
export function linking(one, other) {
  if (Math.abs(one.session - other.session) !== 1) return null;
  const [first, then] = one.session < other.session ? [one, other] : [other, one];
  return {do: "link", session: first.session, row: first.row, to: then.row};
}

/** What of an object a kind of edit has changed, in words. */
export function valueWords(did, value) {
  if (!value) return "It is not there any more.";
  switch (did) {
    case "bad": return value.bad ? "It is bad now." : "It is not bad now.";
    case "note": return value.note ? `Its note is now: ${value.note}` : "It has no note now.";
    case "userType": return value.userType === null ? "It has no user type now." : `Its user type is ${value.userType} now.`;
    case "move": case "pivot": return `It is at ${placeWords(value)} now.`;
    case "link": case "unlink": return value.next === null ? "It is joined with none of the next session now." : `It is joined with row ${value.next} of session ${value.session + 1} now.`;
    default: return "";
  }
}

function placeWords({x, y, z}) {
  return [["x", x], ["y", y], ["slice", z]].map(([name, v]) => `${name} ${v === null ? "–" : short(v)}`).join(", ");
}

/** The notes that were typed and not kept, each of an object, whatever its row is by now. */
export class Drafts {
  #all = [];

  static #is = (a, b) => a.session === b.session && a.row === b.row;

  get(object) {
    return this.#all.find(draft => Drafts.#is(draft, object))?.text ?? null;
  }

  /** Keeps a text, null to forget it. */
  set(object, text) {
    this.#all = this.#all.filter(draft => !Drafts.#is(draft, object));
    if (text !== null) this.#all.push({session: object.session, row: object.row, x: object.x, y: object.y, z: object.z, text});
    if (this.#all.length > DRAFTS) this.#all.shift();
  }

  /** The map has changed: each follows its object, as far as it is found by `find(draft)`. */
  follow(find) {
    for (const draft of this.#all) {
      const now = find(draft);
      if (now) Object.assign(draft, {row: now.row, x: now.x, y: now.y, z: now.z});
    }
  }
}

export class MapObject {
  #bar;
  #config;
  #view;
  #edits;
  #hand = null;
  #parts = new Map();
  #known = null; // what the server says of the selected object
  #asking = null;
  #timer = null;
  #last = []; // what was selected, the newest first, one a session
  #drafts = new Drafts();
  #judged = new Map(); // what was judged and has not come back yet
  #sent = null; // the note that is on its way
  #typing = false; // u was pressed: a digit follows
  #aborter = new AbortController();

  /**
   * @param {HTMLElement} bar
   * @param {object} config of the page
   * @param {object} view `selection`, `objectAt`, `objectOfRow`, `wordsOf`, `panes`, `step`, `change`, `options`, `edition`
   * @param {import("./edits.js").Edits} edits
   */
  constructor(bar, config, view, edits) {
    this.#bar = bar;
    this.#config = config;
    this.#view = view;
    this.#edits = edits;
    for (const part of bar.querySelectorAll("[data-object]")) this.#parts.set(part.dataset.object, part);
    const {signal} = this.#aborter;
    const on = (part, name, listener) => this.#parts.get(part).addEventListener(name, listener, {signal});
    bar.addEventListener("click", event => {
      const button = event.target.closest("[data-object-do]");
      if (button && !button.disabled) this.#do(button.dataset.objectDo);
    }, {signal});
    document.addEventListener("keydown", event => this.#key(event), {signal, capture: true});
    on("note", "input", () => this.#now() && this.#drafts.set(this.#now(), this.#parts.get("note").value));
    on("note", "change", () => this.#note());
    on("note", "keydown", event => this.#noteKey(event));
    on("userType", "change", event => this.#userType(Number(event.target.value)));
    on("place", "submit", event => {
      event.preventDefault();
      this.#moveBy(new FormData(event.target));
    });
    if (view.panes) {
      view.panes.hand = this.#hand = new Hand(view.panes, {
        selected: () => this.#now(), allowed: () => this.#allowed, voxel: session => config.sessions[session],
        begin: (kind, place) => this.#seek(kind, place), sought: mode => this.#sought(mode), keep: mode => this.#keep(mode),
      });
    }
    this.#show();
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#aborter.abort();
  }

  get #allowed() {
    return !this.#config.locked && this.#edits.allowed;
  }

  // The selected object, null if there is none, or if its run is absent in the session that somebody looks at.
  #now() {
    const {now} = this.#view.selection;
    return now && this.#view.objectAt(now.run, now.session);
  }

  /** The objects of the page are known. */
  ready() {
    this.selected("ready");
  }

  /** Another object is selected, or the same is another now. */
  selected(by) {
    const now = this.#now();
    if (now) this.#last = [now, ...this.#last.filter(one => one.session !== now.session)];
    if (by !== "renewal" || !now || !this.#known || this.#known.row !== now.row || this.#known.session !== now.session) this.#known = null;
    if (by !== "renewal") {
      this.#hand?.giveUp();
      this.#say("");
    }
    this.#ask();
    this.#show();
  }

  /** The page shows another edition; gone is why the selected object is not there any more, null if it is. */
  renewed(gone) {
    const find = one => this.#view.objectNear(one);
    this.#drafts.follow(find);
    this.#last = this.#last.map(find).filter(Boolean);
    this.#judged.clear();
    if (gone && !this.#edits.own) this.#say(gone);
    this.#show();
  }

  #ask() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const now = this.#now();
    if (!now) return;
    this.#timer = setTimeout(() => this.#load(now), ASK_AFTER);
  }

  async #load({session, row, edition}) {
    const asking = this.#asking = new AbortController();
    try {
      const query = new URLSearchParams({session, row, edition});
      const response = await fetch(`${this.#config.api}/object?${query}`, {signal: asking.signal, headers: {Accept: "application/json"}});
      if (!response.ok) throw new Error(problemIn(await response.text()));
      const answer = await response.json();
      if (answer.row === null || answer.edition !== this.#view.edition) return; // the page is about to show another edition
      this.#known = answer;
      this.#show();
    } catch (error) {
      if (!asking.signal.aborted) this.#say(error.message);
    }
  }

  // Fills the bar.
  #show() {
    const {now: selected} = this.#view.selection;
    const now = this.#now();
    const known = this.#known;
    const value = known?.value;
    say(this.#parts.get("words"), !selected ? "Nothing is selected." : [this.#view.wordsOf(selected), value?.note && `note: ${value.note}`].filter(Boolean).join(", "));
    const note = this.#parts.get("note");
    const draft = now && this.#drafts.get(now);
    if (note !== document.activeElement || draft === null) {
      const text = draft ?? value?.note ?? "";
      if (note.value !== text) note.value = text;
    }
    const bad = now && this.#bad(now);
    this.#bar.querySelector("[data-object-do=bad]").setAttribute("aria-pressed", String(Boolean(bad)));
    this.#parts.get("userType").value = now && now.userType >= 0 ? String(now.userType) : "-1";
    const partner = this.#partner();
    if (this.#hand) {
      this.#hand.partner = partner;
      this.#view.panes.draw();
    }
    const join = this.#bar.querySelector("[data-object-do=link]");
    say(join, partner ? `Join with row ${partner.row} of session ${partner.session}` : "Join");
    this.#able(now, partner);
    this.#facts(now, known);
    if (!this.#placing()) {
      const place = this.#parts.get("place");
      for (const axis of ["x", "y", "z"]) {
        const field = place.elements[axis];
        if (field !== document.activeElement) field.value = now && Number.isFinite(now[axis]) ? String(Number(now[axis].toPrecision(7))) : "";
      }
    }
  }

  // Whether somebody types coordinates.
  #placing() {
    return this.#parts.get("place").contains(document.activeElement) && document.activeElement.matches("input");
  }

  // Turns what cannot be done off, and says why.
  #able(now, partner) {
    const {cannot = {}, pivot} = this.#known ?? {};
    const whole = cannot.edit ?? null;
    const none = now ? null : this.#view.selection.now ? "It is absent in this session." : "Select an object first.";
    const why = {
      bad: none ?? cannot.bad, note: none ?? cannot.note, userType: none ?? cannot.userType, move: none ?? cannot.move, delete: none ?? cannot.delete,
      measure: none ?? cannot.measure ?? (this.#view.panes ? null : "There are no images to measure in."),
      link: none ?? (partner ? null : "Select the object of the session before or after that it is the same as, then this one again."),
      added: none ?? (this.#beside(now, -1) ? null : "It is joined with none of the session before."),
      subtracted: none ?? (this.#beside(now, 1) ? null : "It is joined with none of the next session."),
      pivot: none ?? (this.#known && !pivot && now.segment < 0 ? "There is no landmark in this session." : null),
      add: this.#view.panes ? null : "There are no images in which a place could be chosen.",
    };
    for (const button of this.#bar.querySelectorAll("[data-object-do]")) {
      if (button.dataset.objectDo !== "info") this.#off(button, whole ?? why[button.dataset.objectDo]);
    }
    this.#off(this.#parts.get("note"), whole ?? why.note);
    this.#off(this.#parts.get("userType"), whole ?? why.userType);
    for (const field of this.#parts.get("place").elements) this.#off(field, whole ?? why.move);
    const said = this.#allowed ? [...new Set([whole, ...["bad", "note", "userType", "move", "measure", "delete"].map(kind => now && cannot[kind])].filter(Boolean))] : [];
    say(this.#parts.get("why"), said.join(" "));
  }

  #off(element, why) {
    if (!this.#allowed) return; // as the server has written it
    const off = Boolean(why);
    // Who works with it keeps the focus: what is off for a moment is said, and does nothing.
    if (off && element === document.activeElement) element.setAttribute("aria-disabled", "true");
    else {
      element.disabled = off;
      element.removeAttribute("aria-disabled");
    }
    const title = why ?? element.dataset.title ?? "";
    if (title) element.title = title;
  }

  #facts(now, known) {
    const value = known?.value;
    const facts = [];
    const add = (name, text) => facts.push(h("div", {}, h("dt", {}, name), h("dd", {}, text)));
    if (now && value) {
      const beside = (row, by) => row === null ? "none" : h("button", {type: "button", class: "link", onclick: () => this.#view.step("stepSession", by)}, `row ${row} of session ${now.session + by}`);
      add("Type", value.type);
      add("Segment", value.segment === null ? "none" : `${value.segment} of this session`);
      if (value.pDist !== null) add("From the pivot", `${short(value.pDist)} µm`);
      add("Session before", beside(value.prev, -1));
      add("Next session", beside(value.next, 1));
      if (known.proposed) add("Proposed", `row ${known.proposed.row} of session ${now.session + 1}, ${short(known.proposed.distance)} µm away along the segment`);
      if (known.pivot) add("Landmark", `row ${known.pivot.row}, ${placeWords(known.pivot)}`);
      add("Intensities", known.stale.length === 0 ? "as measured" : `out of date in channel ${known.stale.join(", ")}: measured before it was changed`);
      if (value.unmeasured) add("Measuring said", value.unmeasured);
      if (value.modified) add("Changed", `${value.modified}${value.by ? ` by ${value.by}` : ""}`);
    }
    const list = this.#parts.get("facts");
    if (!list.contains(document.activeElement)) list.replaceChildren(...facts);
  }

  #beside(now, by) {
    return now && this.#view.objectAt(now.run, now.session + by);
  }

  // The object that the selected one would be joined with: what was selected before it in a session beside, else what the server
  // proposes, else what was selected there last.
  #partner() {
    const now = this.#now();
    if (!now) return null;
    const free = one => {
      const by = one.session - now.session;
      return Math.abs(by) === 1 && one.run !== now.run && !this.#beside(now, by) && !this.#view.objectAt(one.run, now.session);
    };
    const others = this.#last.filter(one => one.session !== now.session);
    if (others.length > 0 && free(others[0])) return others[0];
    const {proposed} = this.#known ?? {};
    const object = proposed && this.#view.objectOfRow(now.session + 1, proposed.row);
    return object && free(object) ? object : others.find(free) ?? null;
  }

  #bad(object) {
    return this.#judged.get(`${object.session} ${object.row}`) ?? object.bad;
  }

  #say(text, ...more) {
    const told = this.#parts.get("told");
    told.replaceChildren(text, ...more.flatMap(part => [" ", part]));
    told.hidden = text === "";
  }

  #do(what) {
    if (what === "info") return this.#info();
    if (!this.#allowed) return;
    const now = this.#now();
    if (what === "add") return this.#seekNew();
    if (!now) return this.#say(this.#view.selection.now ? "It is absent in this session." : "Select an object first.");
    switch (what) {
      case "bad": {
        const bad = !this.#bad(now);
        this.#judged.set(`${now.session} ${now.row}`, bad);
        this.#show();
        return this.#make(now, {do: "bad", bad}, bad ? "Bad." : "Not bad.");
      }
      case "link": return this.#join(now);
      case "added": return this.#cut(this.#beside(now, -1), "It is joined with none of the session before.");
      case "subtracted": return this.#beside(now, 1) ? this.#cut(now) : this.#say("It is joined with none of the next session.");
      case "delete": return this.#make(now, {do: "delete"}, "Deleted. Ctrl+Z takes it back.");
      case "measure": return this.#make(now, {do: "measure"}, "It is measured again.");
      case "move": return this.#seek("move", now);
      case "pivot": return this.#seekPivot(now);
    }
  }

  #join(now) {
    const partner = this.#partner();
    const edit = partner && linking(now, partner);
    if (!edit) return this.#say("Select the object of the session before or after that it is the same as, then this one again, and press p.");
    this.#make(now, edit, `Joined with ${nameOf(partner)}.`, {again: () => this.#again([now, partner], ([one, other]) => this.#make(one, linking(one, other), `Joined with ${nameOf(other)}.`))});
  }

  // Does something to objects of an older edition as they are now, if they are there.
  #again(objects, what) {
    const now = objects.map(one => this.#view.objectNear(one));
    if (now.every(Boolean)) return what(now);
    this.#say("It is not where it was any more: select it again.");
  }

  #cut(first, otherwise = "") {
    if (!first) return this.#say(otherwise);
    this.#make(first, {do: "unlink"}, `Cut between session ${first.session} and ${first.session + 1}.`, {again: () => this.#again([first], ([one]) => this.#cut(one))});
  }

  #userType(userType) {
    const now = this.#now();
    if (now && this.#allowed) this.#make(now, {do: "userType", userType}, userType < 0 ? "No user type." : `User type ${userType}.`);
  }

  // Keeps the note that is in its field.
  async #note() {
    const now = this.#now();
    const text = this.#parts.get("note").value;
    if (!now || !this.#allowed || this.#drafts.get(now) === null || text === this.#known?.value?.note) return now && this.#drafts.set(now, null);
    // Enter keeps it, and so does whoever leaves the field.
    const sent = `${now.session} ${now.row} ${text}`;
    if (this.#sent === sent) return;
    this.#sent = sent;
    const kept = await this.#make(now, {do: "note", note: text}, text ? "The note is kept." : "The note is gone.");
    if (this.#sent === sent) this.#sent = null;
    // Somebody may have typed on.
    const there = this.#view.objectOfRow(now.session, now.row);
    if (kept && there && this.#drafts.get(there) === text) this.#drafts.set(there, null);
    this.#show();
  }

  #noteKey(event) {
    const now = this.#now();
    if (event.key === "Enter") {
      event.preventDefault();
      this.#note();
      this.#leave();
    } else if (event.key === "Escape" && now) {
      event.preventDefault();
      this.#drafts.set(now, null);
      event.target.value = this.#known?.value?.note ?? "";
      this.#leave();
    }
  }

  #from = null; // what had the focus before a field took it

  // Gives the focus back to where it came from.
  #leave() {
    const to = this.#from;
    this.#from = null;
    if (to?.isConnected) to.focus();
    else document.activeElement?.blur();
  }

  #moveBy(form) {
    const now = this.#now();
    if (!now || !this.#allowed) return;
    const place = {};
    for (const axis of ["x", "y", "z"]) {
      const text = form.get(axis);
      if (text === null || text === "") return this.#say(`Say where it is to be: ${axis} is missing.`);
      place[axis] = Number(text);
    }
    this.#make(now, {do: "move", ...place}, `Moved to ${placeWords(place)}.`);
  }

  #info() {
    const info = this.#parts.get("info");
    info.hidden = !info.hidden;
    this.#bar.querySelector("[data-object-do=info]").setAttribute("aria-expanded", String(!info.hidden));
  }

  /**
   * Makes an edit.
   *
   * @param {{session: number, row: number, edition: string}} object
   * @param {object} edit
   * @param {string} done what is said once it is made
   * @param {{target: function(object): ?object, again: ?function()}} more what of the answer is selected then; what makes it all the same after somebody else
   *   was faster, if that is more than the same edit
   * @returns {Promise<boolean>} whether it was made
   */
  async #make(object, edit, done, {target = () => null, again = null} = {}) {
    try {
      const {status, answer} = await this.#edits.post("edits", {session: object.session, row: object.row, edition: object.edition, ...edit}, target);
      if (status === 200) {
        this.#say("");
        this.#edits.tell("");
        announce(done);
        return true;
      }
      if (status === 409) this.#conflict(object, edit, done, answer, again);
      else this.#failed(edit, answer);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      this.#judged.clear();
      this.#show();
    }
    return false;
  }

  #failed(edit, {error}) {
    this.#say(edit.do === "note" ? `${error} The note was not kept: it is still in its field, where Enter tries again.` : error);
  }

  // Somebody else was faster: what he made of it, and whose counts.
  #conflict(object, edit, done, {error, did, value}, again) {
    const words = `${error} ${valueWords(did, value)}`.trim();
    if (!value) return this.#say(words, h("button", {type: "button", class: "btn btn-small", onclick: () => this.#say("")}, "Leave it"));
    const mine = {note: () => `Write mine: ${edit.note || "no note"}`, bad: () => edit.bad ? "Make it bad" : "Make it not bad", userType: () => `Make it type ${edit.userType < 0 ? "none" : edit.userType}`, delete: () => "Delete it all the same"}[edit.do]?.() ?? "Make mine";
    this.#say(words,
      h("button", {type: "button", class: "btn btn-small", "data-object-theirs": true, onclick: () => {
        if (edit.do === "note") this.#drafts.set(object, null);
        this.#say("");
        this.#show();
      }}, "Leave theirs"),
      h("button", {type: "button", class: "btn btn-small btn-primary", "data-object-mine": true, onclick: async () => {
        this.#say("");
        if (again) return again();
        const made = await this.#make({session: value.session, row: value.row, edition: this.#view.edition}, edit, done);
        if (made && edit.do === "note") this.#drafts.set(value, null);
        this.#show();
      }}, mine));
  }

  // Places in the images.

  #seekNew() {
    const panes = this.#view.panes;
    const {now} = this.#view.selection;
    const focused = document.activeElement?.closest?.("[data-map-pane]");
    const shown = this.#view.options.show.filter(session => panes?.pane(session)?.view);
    const session = focused ? Number(focused.dataset.session) : now && shown.includes(now.session) ? now.session : shown[0];
    const pane = panes?.pane(session);
    if (!pane?.view) return this.#say("Show the images of a session first: a new object needs a place in one.");
    this.#seek("add", {session, ...pane.middle});
  }

  async #seek(kind, place, more = {}) {
    const {panes, options} = this.#view;
    if (!panes || this.#config.sessions[place.session].channels.length === 0) {
      if (this.#parts.get("info").hidden) this.#info();
      return this.#parts.get("place").elements.x.focus();
    }
    if (!panes.pane(place.session)) this.#view.change({show: [...options.show, place.session].sort((a, b) => a - b)});
    const pane = panes.pane(place.session);
    this.#from = document.activeElement;
    const z = Number.isFinite(place.z) ? place.z : pane?.slice ?? 0;
    this.#hand.seek(kind, {session: place.session, x: place.x, y: place.y, z}, kind === "add" ? null : {x: place.x, y: place.y});
    Object.assign(this.#hand.mode, more, kind === "move" ? {object: this.#now()} : {});
    if (kind === "move" && pane?.slice !== null && pane?.slice !== Math.round(z)) pane?.setSlice(z);
    pane?.stage.scrollIntoView({block: "nearest"});
    if (kind === "add") this.#parts.get("ask").querySelector("[data-object-keep]")?.focus();
    else pane?.stage.focus();
    const words = {move: "Moving it", add: "A new object", pivot: "Moving the landmark"}[kind];
    announce(`${words}: arrow keys move it, comma and point change the slice, Enter keeps it, Escape gives up.`);
  }

  #seekPivot(now) {
    if (!this.#known) return;
    const {pivot} = this.#known;
    if (pivot && pivot.x !== null && pivot.y !== null) this.#seek("pivot", {session: now.session, x: pivot.x, y: pivot.y, z: pivot.z ?? now.z}, {row: pivot.row, edition: this.#known.edition});
    else this.#seek("add", now, {type: "pivotPnt"});
  }

  // Shows what is looked for, and asks what else has to be known.
  #sought(mode) {
    const ask = this.#parts.get("ask");
    if (!mode) {
      const had = ask.contains(document.activeElement);
      ask.hidden = true;
      ask.replaceChildren();
      if (had) this.#leave();
      return;
    }
    const words = {move: "Move it to", add: "New object at", pivot: "Move the landmark to"}[mode.kind];
    const text = `${words} ${placeWords(mode)} of session ${mode.session}.`;
    const said = ask.querySelector("[data-object-at]");
    if (!ask.hidden && ask.dataset.kind === mode.kind && said) {
      say(said, text);
      this.#offer(mode);
      return;
    }
    ask.dataset.kind = mode.kind;
    ask.hidden = false;
    const button = (label, keep, what) => h("button", {type: "button", class: `btn btn-small${keep ? " btn-primary" : ""}`, "data-object-keep": keep, "data-object-drop": !keep, onclick: what}, label);
    ask.replaceChildren(h("span", {"data-object-at": true}, text),
      ...(mode.kind === "add" ? this.#choices(mode) : []),
      button(mode.kind === "add" ? "Add (Enter)" : "Keep (Enter)", true, () => this.#hand.keep()), button("Give up (esc)", false, () => this.#hand.giveUp()));
    this.#offer(mode);
  }

  #choices(mode) {
    const {type, sessions} = this.#config;
    const types = Object.keys(TYPES).sort((a, b) => (b === type) - (a === type));
    const option = (value, label) => h("option", {value}, label);
    const count = sessions[mode.session].segments;
    return [
      h("label", {}, "Type ", h("select", {"data-object-new": "type"}, ...types.map(name => option(name, TYPES[name])))),
      h("label", {}, "Segment ", h("select", {"data-object-new": "segment"}, option("", "the nearest"), ...Array.from({length: count}, (_, i) => option(String(i), String(i))), option("-1", "none"))),
    ];
  }

  // Says which segment is the nearest.
  #offer(mode) {
    if (mode.kind !== "add") return;
    const list = this.#parts.get("ask").querySelector('[data-object-new="segment"]');
    const tracing = this.#view.panes.pane(mode.session)?.tracing;
    const k = nearest(tracing, mode.x, mode.y);
    if (list) list.options[0].text = k < 0 ? "the nearest" : `the nearest: ${tracing.segment[k]}`;
    const kinds = this.#parts.get("ask").querySelector('[data-object-new="type"]');
    if (kinds && mode.type) {
      kinds.value = mode.type;
      delete mode.type; // offered once
    }
  }

  #keep(mode) {
    const ask = this.#parts.get("ask");
    const fine = v => Number(v.toPrecision(9)); // without what the steps of a key add up to
    const place = {x: fine(mode.x), y: fine(mode.y), z: Math.round(mode.z)};
    const chosen = name => ask.querySelector(`[data-object-new="${name}"]`)?.value ?? "";
    const [type, segment] = [chosen("type"), chosen("segment")];
    const had = ask.contains(document.activeElement);
    ask.hidden = true;
    ask.replaceChildren();
    if (had) this.#leave();
    switch (mode.kind) {
      case "move": return this.#make(mode.object, {do: "move", ...place}, `Moved to ${placeWords(place)}.`);
      case "pivot": return this.#make({session: mode.session, row: mode.row, edition: mode.edition}, {do: "pivot", ...place}, `The landmark is at ${placeWords(place)}.`);
      default: return this.#add(mode, place, type, segment);
    }
  }

  async #add(mode, place, type, segment) {
    const edit = {do: "add", ...place, type, ...(segment === "" ? {} : {segment: Number(segment)})};
    const own = type === this.#config.type;
    const made = await this.#make({session: mode.session, row: 0, edition: this.#view.edition}, edit, "Added. Ctrl+Z takes it back.",
      {target: ({session, row, edition}) => own && Number.isInteger(row) ? {session, row, edition} : null});
    if (made && !own) this.#say(`The ${TYPES[type]} was added. This page shows those of the type ${this.#config.type} only.`);
  }

  // Keys of the bar, the images and the plot. Those of a pane and of the plot stay theirs.
  #key(event) {
    const {target} = event;
    if (target !== document.body && !this.#view.root.contains(target) || document.querySelector("dialog[open]")) return;
    if (target.matches?.("input, select, textarea, [contenteditable]")) {
      if (this.#hand?.mode && this.#parts.get("ask").contains(target) && (event.key === "Enter" || event.key === "Escape") && this.#hand.key(event)) event.preventDefault();
      return;
    }
    const took = this.#took(event, target);
    if (!took) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #took(event, target) {
    if (this.#typing) {
      this.#typing = event.key === "Shift";
      if (/^[0-9]$/.test(event.key)) this.#userType(Number(event.key));
      else if (["-", "Backspace", "Delete"].includes(event.key)) this.#userType(-1);
      else if (event.key !== "Escape") return this.#typing;
      this.#say("");
      return true;
    }
    const onButton = target.matches?.("button, a, summary");
    if (!(onButton && event.key === "Enter") && this.#hand?.key(event)) return true;
    if (event.key === "Escape" && !this.#parts.get("told").hidden) {
      this.#say("");
      return true;
    }
    if (event.metaKey || event.altKey) return false;
    const inPicture = target.closest?.(".map-pane-stage, .map-plot-box");
    if ((event.ctrlKey || event.shiftKey) && (event.key === "ArrowLeft" || event.key === "ArrowRight") && !inPicture) {
      this.#view.step(event.ctrlKey ? "stepAlong" : "stepSession", event.key === "ArrowRight" ? 1 : -1);
      return true;
    }
    if (event.ctrlKey || event.shiftKey) return false;
    const what = {a: "added", s: "subtracted", p: "link", b: "bad", m: "move", v: "pivot", e: "add", i: "info", Delete: "delete"}[event.key];
    if (what) {
      if (what !== "info" && !this.#allowed) this.#say(this.#bar.querySelector("[data-object-do=bad]").title);
      else this.#do(what);
    } else if (event.key === "n") {
      const note = this.#parts.get("note");
      if (note.disabled) this.#say(note.title);
      else {
        this.#from = document.activeElement;
        note.focus();
        note.select();
      }
    } else if (event.key === "u" && this.#now() && this.#allowed) {
      this.#typing = true;
      this.#say("User type: press 0 to 9, − for none, esc for as it is.");
    } else return false;
    return true;
  }
}
