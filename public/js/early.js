/**
 * Runs before anything else of the page has come: the theme is there at the first paint, so that no page flashes in the wrong one,
 * and the socket is opened while the rest is still on its way. Its script has data-socket where the page has a socket.
 */

import {openEarly} from "./early-socket.js";
import {applyTheme, givenTheme, storedTheme} from "./theme.js";

applyTheme(document.documentElement, storedTheme(), givenTheme(document.documentElement));
openEarly(document.currentScript?.dataset.socket);
