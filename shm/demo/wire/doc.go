// Package wire is the process side of shm/PROTOCOL.md in Go: what the Python package does for a
// Python program, it does for a program in Go. package process attaches to it as to any process.
//
// A [Process] says hello, declares topics, controls, actions and arrays, tells what changes, takes
// commands and answers them. It belongs to one goroutine, its owner: all methods but Wake, Address,
// Authkey and Close are called by the owner alone, so that neither the declarations nor what stands
// behind them need a lock. The owner's loop is
//
//	p := wire.New(wire.Options{Name: "scope"})
//	p.Control(shm.Control{Name: "exposure", Type: shm.Float, Value: 20.0}, func(v shm.Value) error { ... })
//	camera := p.Array(shm.ArrayInfo{Name: "camera", Descr: "<u2", Shape: []int{512, 512}, Axes: []string{"y", "x"}})
//	err := p.Start(ctx)
//	defer p.Release()
//	for ctx.Err() == nil {
//		select {
//		case <-p.Wake(): // a command has come, or something else is wanted
//		case <-frame.C:
//		}
//		p.Round(func() {
//			if camera.Due() { camera.Publish(pixels, segment.Frame{}) }
//			if p.Wanted("stage") > 0 { p.State("stage", where()) }
//		})
//	}
//
// Handlers of commands run at the beginning of [Process.Round], the function of the owner after
// them, and then everything that has changed is told at once. Nothing is copied for an array that
// nobody wants, and the owner computes nothing for a topic that [Process.Wanted] calls unwanted.
//
// The package knows neither napari's layers nor volumes: a napari's states, controls and arrays are
// declared like any other. It answers no requests for boxes of volumes.
package wire
