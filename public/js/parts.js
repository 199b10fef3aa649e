/**
 * The behaviour of the parts in components/ui, found by delegation, so that parts may come and go:
 *
 * - data-dialog="id" opens a dialog; a click beside it closes it;
 * - data-copy="id" copies a text;
 * - details with data-menu or of class help close on a click elsewhere and on Escape;
 * - data-filter="id id" hides the data-filter-item elements inside that do not contain what is typed; one with
 *   data-filter-text stands for that text instead of its own; search= in the page's address is what is typed at first;
 * - img with data-picture is hidden if it cannot be had.
 */

/** How long a button says that it has copied, ms. */
const COPIED = 1500;

/** Listens for all of them. Called once a page. */
export function startParts() {
  document.addEventListener("click", event => {
    const target = event.target;
    if (!(target instanceof Element)) return;
    closeMenus(target);
    const opener = target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal?.();
    if (target instanceof HTMLDialogElement && target.open) target.close(); // the backdrop
    const copier = target.closest("[data-copy]");
    if (copier) copy(copier);
  });
  document.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    const open = document.activeElement?.closest("details[data-menu][open], details.help[open]");
    closeMenus(null);
    open?.querySelector("summary")?.focus();
  });
  // A picture that cannot be had gives way to what stands for it; the page's next frame says why.
  document.addEventListener("error", ({target}) => {
    if (target.matches?.("img[data-picture]")) target.hidden = true;
  }, true);
  document.addEventListener("input", event => {
    if (event.target.matches?.("[data-filter]")) applyFilter(event.target);
  });
  const input = document.querySelector("[data-filter]");
  if (input) input.value ||= new URLSearchParams(location.search).get("search") ?? "";
  applyFilters();
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open], details.help[open]")) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const word = button.querySelector("[data-copy-word]");
  if (!source || !word) return;
  try {
    await navigator.clipboard.writeText(source.textContent);
    word.textContent = "Copied";
  } catch {
    // Without a secure context there is no clipboard: select the text, so that one keystroke copies it.
    getSelection()?.selectAllChildren(source);
    word.textContent = "Selected";
  }
  setTimeout(() => (word.textContent = "Copy"), COPIED);
}

/** Applies all filters again, after their content has changed. */
export function applyFilters() {
  for (const input of document.querySelectorAll("[data-filter]")) {
    if (input.value !== "" || input.dataset.liveFiltered) applyFilter(input);
  }
}

function applyFilter(input) {
  const roots = input.dataset.filter.split(" ").map(id => document.getElementById(id)).filter(root => root !== null);
  const wanted = input.value.trim().toLowerCase();
  input.dataset.liveFiltered = wanted === "" ? "" : "true";
  let shown = 0;
  // An element stays when its own text contains the words, or when one above it is a hit by its name.
  const visit = (element, hit) => {
    let any = false;
    for (const item of itemsIn(element)) {
      const isHit = hit || ownText(item).toLowerCase().includes(wanted);
      const inside = visit(item, isHit);
      const keep = wanted === "" || isHit || inside;
      if (item.hidden === keep) item.hidden = !keep;
      if (keep) any = true;
      if (keep && itemsIn(item).length === 0) shown++;
    }
    return any;
  };
  let any = false;
  for (const root of roots) {
    if (visit(root, wanted === "")) any = true;
  }
  for (const root of roots) {
    for (const none of root.querySelectorAll("[data-filter-none]")) none.hidden = any || wanted === "";
  }
  const count = document.getElementById(`${input.id}-count`);
  const text = wanted === "" ? "" : `${shown} found`;
  if (count && count.textContent !== text) count.textContent = text;
}

// The filter items directly inside an element: not those inside another one.
function itemsIn(element) {
  return [...element.querySelectorAll("[data-filter-item]")].filter(item => item.parentElement.closest("[data-filter-item]") === owner(element));
}

function owner(element) {
  return element.matches("[data-filter-item]") ? element : element.closest("[data-filter-item]");
}

// The text of an item without that of the items inside it.
function ownText(item) {
  if (item.dataset.filterText !== undefined) return item.dataset.filterText;
  let text = "";
  const walk = node => {
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) text += `${child.data} `;
      else if (child.nodeType === Node.ELEMENT_NODE && !child.matches("[data-filter-item]")) walk(child);
    }
  };
  walk(item);
  return text;
}
