// Package segment reads and writes arrays that a process shares in POSIX shared
// memory: a ring of a few slots, each of which takes a frame, as
// shm/PROTOCOL.md lays it out.
//
//	r, err := segment.Open(info, segment.Options{}) // info as the process declares it
//	...
//	f := segment.NewFollower(r)
//	for {
//		frame, err := f.Next(ctx) // the newest, once there is a newer one
//		...
//		pixels, err := r.ReadPlane(frame, selection, buffer)
//	}
//
// A [Reader] maps the segment read-only, never writes, never unlinks, and takes
// no lock: the process does not notice whether anybody reads. What it finds there
// is hostile until checked, and may change, shrink or vanish at any moment; a read
// then gives an error that wraps [shm.ErrOvertaken] or [shm.ErrNoArray]. The
// memory stays mapped for as long as a Reader or a frame refers to it, so that
// the last frame of a process can be read when that is long gone.
//
// Arrays that webmon computes or fetches itself are in a ring in its own memory
// instead, a [Local], on every system; their frames are read in the same way.
//
// It is no general access to shared memory, keeps no history, and knows nothing of
// how processes declare their arrays (that is package process).
//
// Segments are files below /dev/shm, which only Linux has; elsewhere Open and
// Create return an error that says so. On macOS shm_open would have to be called
// without C, which has not been tried.
package segment
