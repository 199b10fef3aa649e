/**
 * The theme: dark or light, chosen with a button or the t key, or that of the system. The choice is kept in localStorage; the
 * style sheet reads it from data-theme on <html>, which is absent while the system decides. Who draws with the theme's
 * colours reads them again on `themechange` of the document.
 */

const KEY = "webmon-theme";

/** The choices, in the order the button walks through them. */
const THEMES = ["system", "dark", "light"];

/** The stored choice, "system" where there is none. */
export function storedTheme(storage = safeStorage()) {
  const stored = storage?.getItem(KEY);
  return THEMES.includes(stored) ? stored : "system";
}

/** The choice that follows another. */
export function nextTheme(theme) {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
}

/** Puts the choice on <html>. */
export function applyTheme(root, theme) {
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
  applyTheme(document.documentElement, theme);
  document.dispatchEvent(new CustomEvent("themechange", {detail: {theme}}));
}

/** Wires the theme button, and says when the system or another window of webmon changes the theme. */
export function startTheme() {
  label(storedTheme());
  document.addEventListener("themechange", event => label(event.detail.theme));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent("themechange", {detail: {theme: storedTheme()}}));
  });
  addEventListener("storage", event => {
    if (event.key === KEY) setTheme(storedTheme());
  });
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
