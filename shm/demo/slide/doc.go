// Package slide is the napari of the demo: a camera flies over a made-up section of tissue, and
// people change its layers as those of a napari with the package.
//
// The specimen is 73 728 x 98 304 pixels in 17 planes and 10 levels, with structure from the island
// of tissue down to the grain of a nucleus. It is a function of the place: [Viewer] says which chunks
// of it a napari would load, and how long that would take, and the pixels are computed by tiles,
// in a goroutine of their own, once somebody wants to see them. That, the canvas, thumbnails and
// histograms cost nothing while nobody looks.
//
// Three layers of pixels show what webmon is for. The nuclei are drawn at the level that fits the
// screen, and keep their chunks. The level of the membranes is one too fine, and a quarter of their
// chunks in view is loaded again whenever the view moves on. The level of the segmented cells is one too coarse.
package slide
