/**
 * Forms that stand in live regions are rendered once for all browsers, so they cannot hold the token that proves a form to be
 * this page's own. It stands on the body instead and is put into each form as it is sent.
 */

/** The name of the field with the token. */
const FIELD = "csrf";

/** Signs every form of the page as it is sent. Called once a page. */
export function startForms() {
  document.addEventListener("submit", event => sign(event.target, document.body.dataset.csrf), {capture: true});
}

/** Puts the token into a form, whatever the form held in its place. */
export function sign(form, token) {
  if (!token || form.method !== "post") return;
  let field = form.elements.namedItem(FIELD);
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    field.name = FIELD;
    form.append(field);
  }
  field.value = token;
}
