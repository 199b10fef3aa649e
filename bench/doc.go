// Package bench holds the benchmarks of the whole program and its soak test. Each
// starts real processes (a Python that ticks as napari does, a webmon, what webmon
// is compared with) and measures for a while. `make bench` runs them and puts
// their tables into BENCHMARKS.md.
package bench
