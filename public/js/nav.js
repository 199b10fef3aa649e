/**
 * Tabs and history: which link is the current one, what happens to answers that are no tab, where the focus goes.
 */

const TAB = "tab";

/** Whether a link leads to the page of an address, or to the list that the page is an item of, whatever the query. */
export function isCurrent(href, location) {
  const path = new URL(href, location.href).pathname.replace(/\/$/, "");
  const here = location.pathname.replace(/\/$/, "");
  return here === path || here.startsWith(`${path}/`);
}

/** Whether an answer is a whole page instead of a tab's content. */
export function isWholePage(html) {
  return /^\s*<!doctype/i.test(html);
}

let shown = null; // the tab that was scrolled to

/** Marks the tab that is open. Where the tabs do not fit, it is among those that are seen. */
export function markCurrent() {
  const links = [...document.querySelectorAll("#tabs a")];
  if (!links.some(link => isCurrent(link.href, location))) return; // a page beside the tabs
  for (const link of links) {
    const current = isCurrent(link.href, location);
    if (current && link !== shown) bringIn(link, document.getElementById("tabs"));
    if (current) shown = link;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

// Only the row of tabs moves: the page may have been loaded again where somebody had scrolled to.
function bringIn(link, row) {
  const [is, sees] = [link.getBoundingClientRect(), row.getBoundingClientRect()];
  const next = is.width / 2; // of its neighbour, to show that there is one
  row.scrollLeft += Math.min(0, is.left - next - sees.left) + Math.max(0, is.right + next - sees.right);
}

/** The address of another source on the same page, in the view that is shown here: links are written when the page is loaded. */
export function inView(href, location) {
  const url = new URL(href, location.href);
  if (url.pathname !== location.pathname) return href;
  const view = new URLSearchParams(location.search).get("view");
  if (view) url.searchParams.set("view", view);
  else url.searchParams.delete("view");
  return url.href;
}

/** Opens the nth tab of those that have digits, from 1, or the one with a letter. */
export function openTab(n) {
  document.querySelector(`#tabs a[aria-keyshortcuts="${n === 10 ? 0 : n}"]`)?.click();
}

/** Says something to screen readers. */
export function announce(text) {
  const live = document.getElementById("announce");
  if (live) live.textContent = text;
}

/** The sentence in the server's answer to a request that failed: JSON with "error", or anything else. */
export function problemIn(text) {
  try {
    const {error} = JSON.parse(text);
    if (typeof error === "string" && error !== "") return error;
  } catch {
    // No JSON.
  }
  return "webmon could not do that.";
}

/** Whether an answer is a form rendered again, with the reason in it why its values were not taken. */
function isForm(html) {
  return /^\s*<form\b/i.test(html);
}

// Says why what was asked for did not happen: in a control, or to screen readers alone where there is none.
function showProblem(target, text) {
  const life = target?.querySelector?.("[data-life]");
  if (!life) return announce(text);
  life.className = "life life-refused";
  life.dataset.life = "refused";
  life.textContent = text;
}

/**
 * Watches the swaps of the tab.
 *
 * @param {function()} settled called when the tab has new content
 */
export function startNav(settled) {
  document.addEventListener("htmx:before:swap", event => {
    const {ctx, tasks} = event.detail;
    const failed = ctx.response?.status >= 400 && !isForm(ctx.text ?? "");
    if (ctx.select || !(failed || isWholePage(ctx.text ?? ""))) return;
    event.preventDefault();
    // Nothing that belongs into the page. In place of a tab it needs the window to itself; in place of a part of the page its
    // sentence is what counts.
    if (tasks.some(task => task.target?.id === TAB)) location.assign(ctx.response?.raw?.url || ctx.request.action);
    else if (ctx.response?.status === 401) location.reload();
    else showProblem(ctx.target, problemIn(ctx.text));
  });
  document.addEventListener("htmx:after:swap", event => {
    const {ctx} = event.detail;
    const tab = document.getElementById(TAB);
    if (ctx.target !== tab && ctx.target?.id !== TAB) return;
    markCurrent();
    announce(document.title);
    scrollTo(0, 0);
    settled();
  });
  document.addEventListener("click", event => {
    const link = event.target instanceof Element && event.target.closest(".picker:not(.person) a[href]");
    if (link) link.href = inView(link.href, location);
  }, {capture: true});
  document.addEventListener("htmx:error", event => {
    if (event.detail.ctx?.request) announce("webmon did not answer.");
  });
}
