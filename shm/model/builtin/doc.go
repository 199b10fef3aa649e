// Package builtin runs the simulations that are part of webmon (package gpe) as
// sources, each in a goroutine of its own.
//
//	for _, m := range builtin.Models() { ... }
//	src, err := builtin.Open("becvortices", builtin.Options{})
//	...
//	err = src.Run(ctx, sink) // until ctx is done
//
// A run computes pictures one after the other and hands each to the sink as soon as
// it is there. Values that people set are told to the sink at once and take effect
// before the next time step; dragged values replace each other on the way. A model that
// fails says so in its state and can be started again: Run itself ends with its
// context only. model.go in package shm says what all simulations have in common.
//
// The package knows nothing of physics, and nothing of who watches.
package builtin
