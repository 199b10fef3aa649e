/**
 * The modules that several of the page's parts have, so that they become one file. esbuild makes a file of what the same parts
 * have, for each set of parts that there is: twenty files of a few hundred bytes. Over a long line each takes as long as one
 * of a megabyte, because a browser asks for six at a time. Every module that is loaded when it is needed begins by importing this one,
 * and so does app.js. What is large (the viewer, ECharts, Temml) does not belong here.
 */

import "./address.js";
import "./board/pin.js";
import "./choice.js";
import "./controls.js";
import "./dom.js";
import "./format.js";
import "./nav.js";
import "./pace.js";
import "./paint.js";
import "./people.js";
import "./who.js";
import "./arrays/contrast.js";
import "./arrays/histogram.js";
import "./arrays/profile.js";
import "./models/full.js";
import "./picture/config.js";
import "./picture/exactly.js";
import "./picture/feeds.js";
import "./picture/losses.js";
import "./picture/pixels.js";
import "./picture/quality.js";
import "./picture/says.js";
import "./picture/screen.js";
import "./picture/timers.js";
import "./viewer/camera.js";
import "./viewer/input.js";
import "./viewer/numbers.js";
