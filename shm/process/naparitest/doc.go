// Package naparitest runs the real napari in tests, and says what napari
// itself knows, so that a test can hold it against what webmon shows.
//
// It starts a pinned napari from .venv (made by .ci/venvs.sh) under a display
// of its own, with a huge multiscale image whose tiles really load, and with
// NAPARI_MON so that napari itself starts the client under test:
//
//	p := naparitest.Start(t, naparitest.Options{
//		Version: naparitest.Octree,
//		Client:  []string{binary, "--port", "0"},
//	})
//	p.MustDo("zoom", map[string]any{"zoom": 0.5}, nil)
//	state := p.State()
//	... compare state.Layers[0].TileState.Seen with the page ...
//	p.Kill()
//
// StartMonitor is the cheap relative: napari's monitor without napari, in any
// Python from 3.9 on, with any start method, for what depends on Python, NumPy
// and processes alone.
//
// StartScope runs a program that offers itself by the package in shm/python.
//
// Play needs no Python at all: it plays, inside the test, a process with the package that
// says hello, declares what it has, and answers commands, on the real wire.
//
// Whatever a test starts is ended with the test: napari, its manager, the
// clients it started even if they left its session, and the display. Where the
// environments are missing a test is skipped with the reason, and fails when
// CI is set. All but Play runs on Linux alone, so a test that uses it begins with
// //go:build linux. Nothing here pretends to be napari's octree.
package naparitest
