// Package demo is a made-up microscope and a made-up napari in one process: what somebody sees who
// has nothing to watch yet. It says all of it on a real manager, so webmon attaches to it in the
// same way as to any process.
//
// The parts are packages of their own: [webmon/shm/demo/slide] is the napari, with its specimen, its
// layers and its canvas; [webmon/shm/demo/scope] the microscope; [webmon/shm/demo/wire] what both
// speak. No file is read: all pictures are computed when somebody looks, and are the same each time.
//
//	d, err := demo.Start(ctx, demo.Options{Seed: 1})
//	defer d.Close()
//	src, err := process.Attach(ctx, process.Options{Address: d.Address(), Authkey: d.Authkey(), Kind: shm.KindDemo})
package demo
