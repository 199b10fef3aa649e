/**
 * The page of a map: its plot and the images of its sessions, linked.
 *
 *     import {mount} from "./maps/index.js";
 *     const map = mount(document.querySelector("[data-map]"), {});
 *
 * The server writes the markup (components/maps.templ, MapView), which works without scripts. Within [data-map]: an element with
 * `data-map-config`, JSON of what the server knows of the map (dashboard/maps/page.go, mapConfig); forms with `data-map-form`
 * whose fields are the options; `data-map-plot`, where the plot goes; `data-map-panes`, where the images go, unless there are none.
 *
 * Options are live: they stand in the forms, in the address, and the browser remembers the last ones (options.js). What is
 * selected is a run and a session, the same for all of the page (selection.js); with a link to its page it is said in words below
 * the plot, and to screen readers. On the root: `map`, a property with `stats()` and `select(run, session)` for tests and for
 * what others add to the page; an event `mapselect` with `detail {run, session}` or null.
 */

import "../shared.js";
import {MapView} from "./view.js";

/**
 * Draws a map into server-rendered markup.
 *
 * @param {HTMLElement} root with data-map
 * @param {object} [page] what the page offers: `onFrame(topic, draw)`, `send(text)`, `who()`; without it nobody looks together
 * @returns {{destroy: function()}}
 */
export function mount(root, page = null) {
  const config = JSON.parse(root.querySelector("[data-map-config]").dataset.mapConfig);
  return new MapView(root, config, page);
}
