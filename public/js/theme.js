/**
 * The theme: dark or light, chosen with a button or the t key, or that of the system. The choice is kept in localStorage; the
 * style sheet reads it from data-theme on <html>, which is absent while the system decides. Who draws with the theme's
 * colours reads them again on `themechange` of the document.
 */

const KEY = "webmon-theme";

/** What a frame is called whose first page was given a theme: pages that follow in it have it too. */
const GIVEN = /^webmon-theme-(dark|light)$/;

/** The choices, in the order the button walks through them. */
const THEMES = ["system", "dark", "light"];

/** The stored choice, "system" where there is none. */
export function storedTheme(storage = safeStorage()) {
  const stored = storage?.getItem(KEY);
  return THEMES.includes(stored) ? stored : "system";
}

/**
 * The theme that is not the person's to choose here, null where it is: that of the page's address, or of the frame that it is in,
 * or of the JupyterLab around it.
 */
export function givenTheme(root, around = globalThis) {
  if (root.dataset.themeGiven) return root.dataset.themeGiven;
  if (!around.parent || around === around.parent) return null;
  return GIVEN.exec(around.name)?.[1] ?? labTheme(around);
}

// JupyterLab says on its body which theme it has. A page of another origin cannot be asked.
function labTheme(around) {
  const light = labBody(around)?.dataset.jpThemeLight;
  return light === undefined ? null : light === "true" ? "light" : "dark";
}

function labBody(around) {
  try {
    return around.parent.document.body;
  } catch {
    return null;
  }
}

/** The choice that follows another. */
export function nextTheme(theme) {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
}

/** Puts the choice on <html>, where there is one. */
export function applyTheme(root, chosen, given = null) {
  const theme = given ?? chosen;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
}

/** Stores and applies a choice. */
export function setTheme(theme, storage = safeStorage()) {
  try {
    storage?.setItem(KEY, theme);
  } catch {
    // A full or forbidden storage: the choice lasts as long as the page.
  }
  applyTheme(document.documentElement, theme, givenTheme(document.documentElement));
  document.dispatchEvent(new CustomEvent("themechange", {detail: {theme}}));
}

/** Wires the theme button, and says when the system or another window of webmon changes the theme. */
export function startTheme() {
  label(storedTheme());
  document.addEventListener("themechange", event => label(event.detail.theme));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent("themechange", {detail: {theme: storedTheme()}}));
  });
  followLab();
  addEventListener("storage", event => {
    if (event.key === KEY) setTheme(storedTheme());
  });
}

// Whoever changes the theme of JupyterLab sees the frames in it change too.
function followLab() {
  if (self === self.parent) return;
  const {themeGiven} = document.documentElement.dataset;
  if (themeGiven) self.name = `webmon-theme-${themeGiven}`;
  const body = GIVEN.test(self.name) ? null : labBody(self);
  if (body?.dataset.jpThemeLight === undefined) return;
  new MutationObserver(() => {
    applyTheme(document.documentElement, storedTheme(), givenTheme(document.documentElement));
    document.dispatchEvent(new CustomEvent("themechange", {detail: {theme: storedTheme()}}));
  }).observe(body, {attributeFilter: ["data-jp-theme-light"]});
}

function label(theme) {
  for (const button of document.querySelectorAll("[data-action=theme]")) button.setAttribute("aria-label", `Theme: ${theme}`);
}

// Reading localStorage throws where a browser forbids it, as in some iframes.
function safeStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
