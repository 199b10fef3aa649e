/** What the viewer has told of the screen in its last animation frame. */

export class Screen {
  /**
   * Of the last animation frame: `{camera: {x, y, scale}, viewport: {width, height}, size: {width, height}, most, point}`, as
   * viewer/index.js says; null before the first.
   */
  last = null;

  /**
   * Takes what the viewer tells.
   *
   * @returns {string} "first" of all, "same" part of the picture as before, or "moved"
   */
  take(screen) {
    const before = this.last;
    this.last = {...screen, camera: {...screen.camera}, viewport: {...screen.viewport}, size: {...screen.size}};
    if (!before) return "first";
    const {camera, viewport} = screen;
    const same = before.camera.x === camera.x && before.camera.y === camera.y && before.camera.scale === camera.scale &&
      before.viewport.width === viewport.width && before.viewport.height === viewport.height;
    return same ? "same" : "moved";
  }
}

/** Whether a key that was pressed anywhere on the page is meant for its picture. */
export function isShortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  return !(event.target instanceof Element && event.target.closest("input, select, textarea, dialog, [contenteditable]"));
}

/** The address of a source in the server's API. */
export function apiOf(source) {
  return `${document.body.dataset.prefix ?? ""}/api/v1/sources/${encodeURIComponent(source)}`;
}
