/**
 * The parameters of a link that was opened. The server writes them into a form, form[data-model-parameters]; where nobody else is
 * there nobody is disturbed by them, and they are sent at once.
 */

import {keepInAddress} from "../address.js";
import {h, say} from "../dom.js";
import {without} from "./link.js";

const FORM = "form[data-model-parameters]";

/** Phases of a model that has said what it takes. */
const KNOWN = ["running", "paused", "slow"];

export class Offer {
  #scope;
  #post;
  #done = false; // what the form asks for was dealt with

  /**
   * @param {Element|Document} scope holds the form
   * @param {AbortSignal} signal ends it
   * @param {function(string, URLSearchParams): Promise} post sends a form; rejects with the reason why it is refused
   */
  constructor(scope, signal, post) {
    this.#scope = scope;
    this.#post = post;
    // Before htmx hears of it, which would load the page again.
    scope.addEventListener("submit", event => {
      if (!(event.target instanceof Element) || !event.target.matches(FORM)) return;
      event.preventDefault();
      event.stopPropagation();
      this.#send(event.target);
    }, {signal, capture: true});
  }

  /**
   * Looks what can be done about the form, once.
   *
   * @param {string|undefined} phase of the model
   * @param {object[]} people who is here (people.js)
   * @param {string} me the id of who looks
   */
  look(phase, people, me) {
    const form = this.#scope.querySelector(FORM);
    if (!form || this.#done) return;
    const refused = form.querySelector("[data-refused]") !== null;
    const button = form.querySelector("[type=submit]");
    if (!button) {
      if (!refused && KNOWN.includes(phase)) this.#askAgain();
      return;
    }
    if (button.disabled) return; // whoever looks may not apply them
    if (!people.some(({id}) => id === me)) return;
    this.#done = true;
    if (people.length === 1 && !refused) form.requestSubmit();
  }

  // The server could not check the parameters before the model had said what it takes. Now it has.
  #askAgain() {
    this.#done = true;
    const key = `webmon-parameters ${location.href}`;
    try {
      if (sessionStorage.getItem(key)) return; // once is enough
      sessionStorage.setItem(key, "yes");
    } catch {
      return;
    }
    location.reload();
  }

  // Sends the parameters of the link. The page stays as it is, and its view with it.
  async #send(form) {
    const button = form.querySelector("[type=submit]");
    if (button) button.disabled = true;
    try {
      await this.#post(form.action, new URLSearchParams(new FormData(form)));
      form.remove();
      keepInAddress(without);
    } catch (error) {
      if (button) button.disabled = false;
      const told = form.querySelector("[data-model-told]") ?? form.appendChild(h("p", {class: "models-told text-error-text", role: "alert", "data-model-told": true}));
      say(told, error.message);
    }
  }
}
