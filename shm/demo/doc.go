// Package demo is a synthetic napari: somebody looks through two huge
// multiscale images, chunks load, frames come at 60 Hz, and all of it is said
// on a real manager, so that whatever attaches to it takes the same way as to
// a napari.
//
// It draws no picture and reads no file; it knows only what a napari with
// octree would say on its monitor, plus what a microscope's control script
// might add (topics "stage", "exposure" and "microscope"). Unlike napari, which
// names every tile in view at once, it names a tile when its chunk has loaded,
// so that loading can be watched.
//
//	d, err := demo.Start(ctx, demo.Options{Seed: 1})
//	defer d.Close()
//	src, err := process.Attach(ctx, process.Options{Address: d.Address(), Authkey: d.Authkey(), Kind: shm.KindDemo})
package demo
