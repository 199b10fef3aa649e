/** What a model's page asks for. Pure, no DOM. */

import {regionFor, regionTopic} from "../viewer/region.js";

/**
 * The topics of the pictures that a view shows; "" for those that it does not.
 *
 * @param {object} of
 * @param {object} of.config what the server says of the model
 * @param {object} of.view as in state.js
 * @param {number[]} of.shape [nx, ny] of the grid
 * @param {object} of.screen what the viewer has told last (picture/screen.js)
 * @param {?object} of.present the region that is asked for now
 * @param {boolean} of.visible whether somebody can see the page
 * @returns {{region: ?object, density: string, phase: string, tracers: string}}
 */
export function topicsOf({config, view, shape: [nx, ny], screen: {camera, viewport, size, most}, present, visible}) {
  // Rows go up: the region is that of the picture upside down.
  const region = regionFor({camera: {...camera, y: ny - camera.y}, viewport, ratio: size.width / viewport.width, place: {x: 0, y: 0, width: 1, height: 1},
    shape: [ny, nx], most, present}) ?? present;
  const array = name => `${config.source}/array/${name}`;
  const picture = (name, nearest) => visible && region ? regionTopic(array(name), ["x", "y"], region, nearest) : "";
  const count = view.tracers && visible ? config.tracers : 0;
  return {
    region,
    density: picture("density", false),
    // Angles have no mean: of many pixels one stands for all, also where a slow line has the server send fewer.
    phase: showsPhase(config, view) ? picture("phase", true) : "",
    tracers: count > 0 ? `${array("tracers")}/y,x/0,0,2,${count}/1/n` : "",
  };
}

/** Whether a view shows the phase. */
export function showsPhase(config, view) {
  return config.phase && (view.show === "phase" || view.lines > 0);
}

/** Whether a view shows the tracers. */
export function showsTracers(config, view) {
  return view.tracers && config.tracers > 0;
}
