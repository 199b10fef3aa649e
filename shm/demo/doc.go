// Package demo is a synthetic napari. Somebody seems to look through two huge
// multiscale images: chunks load, and frames come at 60 Hz. The demo says all of it on
// a real manager, so webmon attaches to it in the same way as to a napari.
//
// The demo draws no picture and reads no file. It says what a napari with octree would
// say on its monitor, and what the control script of a microscope might add (topics
// "stage", "exposure" and "microscope"). napari names every tile in view at once. The
// demo names a tile when its chunk has loaded, so that people can watch loading.
//
//	d, err := demo.Start(ctx, demo.Options{Seed: 1})
//	defer d.Close()
//	src, err := process.Attach(ctx, process.Options{Address: d.Address(), Authkey: d.Authkey(), Kind: shm.KindDemo})
package demo
