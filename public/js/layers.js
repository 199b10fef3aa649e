/** The list of layers: arrows go from one to the next, as in napari's own list. */

/** Listens for arrow keys. Called once a page. */
export function startLayers() {
  document.addEventListener("keydown", event => {
    const step = {ArrowUp: -1, ArrowDown: 1}[event.key];
    const link = event.target.closest?.(".layer-rows .layer-name");
    if (!step || !link || event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...document.querySelectorAll(".layer-rows > li:not([hidden]) .layer-name")];
    const next = links[links.indexOf(link) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}
