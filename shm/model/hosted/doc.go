// Package hosted runs people's own simulations: the classes of a Python file, each
// as a [shm.Source] in a process of its own.
//
//	file := hosted.New(hosted.Options{File: "waves.py"})
//	for _, info := range file.List(ctx) { ... }
//	src, err := file.Open(ctx, "wavetank")
//	...
//	err = src.Run(ctx, sink)
//
// The Python needs nothing but NumPy: what runs the models is handed to it by its
// standard input (boot.py, and the sources of package python), and what becomes
// of them it says by its standard output, one JSON object a line, after a random
// word that begins each. What the models themselves print is led to standard
// error, and kept for who has to find a fault. Parameters and arrays go the way of
// every Python process, by package process; the process is announced to nobody else.
//
// Whatever a model does, this package goes on: a model that raises, hangs, ends
// its process or crashes it is one that has failed, with a sentence that says so,
// and ActionRestart begins again in a new process. A process belongs to one run: it
// is ended with it, and with webmon, together with everything that it has started.
package hosted
