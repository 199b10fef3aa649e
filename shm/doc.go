// Package shm is the contract between the processes that webmon watches and the
// pages that show them: what a source is, what it says, and what it hears.
//
// The package holds types and a few pure functions on them. It opens no
// connection and knows neither HTTP nor HTML. Adapters in the folders below
// (process, demo, model) implement [Source]. The dashboard implements [Sink].
//
//	src, err := process.Attach(ctx, process.Options{Address: "127.0.0.1:40123"})
//	...
//	err = src.Run(ctx, sink) // calls sink.State, sink.Event, ... until the process is gone
//
// A time called Stamp is a float64: seconds since the Unix epoch by the clock of
// the watched process. A time of type time.Time is by webmon's own clock. The two
// are compared only where the process and webmon run on the same machine.
package shm
