// Package hosted runs people's own simulations: the classes of a Python file, each
// as a [shm.Source] in a process of its own.
//
//	file := hosted.New(hosted.Options{File: "waves.py"})
//	for _, info := range file.List(ctx) { ... }
//	src, err := file.Open(ctx, "wavetank")
//	...
//	err = src.Run(ctx, sink)
//
// The Python needs nothing but NumPy. What runs the models is handed to it through its
// standard input (boot.py, and the sources of package python). It says what becomes of
// them on its standard output: each line is a random word and a JSON object. What the
// models themselves print goes to standard error, and is kept for whoever looks for a
// fault. Parameters and arrays go through package process, as for every Python
// process. The process is not announced to anybody else.
//
// Whatever a model does, this package goes on. A model that raises, hangs, ends its
// process or crashes it has failed, and a sentence says so. ActionRestart begins again
// in a new process. Each process belongs to one run. It ends with the run, and with
// webmon, together with everything that it has started.
package hosted
