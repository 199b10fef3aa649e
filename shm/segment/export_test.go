//go:build linux

package segment

// Samples is what a picture's samples are as numbers.
var Samples = samplesOf

// OnDisk is where segments are that lie in a folder on a disk.
func OnDisk(dir string) Options { return Options{store: files{dir: dir, disk: true}} }

// At has a ring made where o says.
func (s Spec) At(o Options) Spec {
	s.store = o.store
	return s
}
