// Package shm is the contract between the processes webmon watches and the
// pages that show them: what a source is, what it says, and what it hears.
//
// It holds types and a few pure functions on them. It opens no connection,
// knows no HTTP and no HTML; adapters in the folders below (napari, demo, ...)
// implement [Source], and the dashboard implements [Sink].
//
//	src, err := process.Attach(ctx, process.Options{Address: "127.0.0.1:40123"})
//	...
//	err = src.Run(ctx, sink) // calls sink.State, sink.Event, ... until the process is gone
//
// Times written Stamp are seconds since the Unix epoch by the clock of the
// watched process, as a float64; times written time.Time are by webmon's own
// clock. The two are compared only where both run on the same machine.
package shm
