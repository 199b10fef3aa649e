// Package segment reads and writes arrays that a process shares in memory. A segment is
// a ring of a few slots, each of which holds one frame. shm/PROTOCOL.md has the layout.
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
// A [Reader] maps the segment read-only. It never writes, never unlinks, and takes
// no lock: the process does not notice whether anybody reads. The content of the
// segment is hostile until it is checked, and may change, shrink or vanish at any
// moment. A read then gives an error that wraps [shm.ErrOvertaken] or
// [shm.ErrNoArray]. The memory stays mapped for as long as a Reader or a frame refers
// to it. The last frame of a process can therefore be read long after the process is
// gone.
//
// Arrays that webmon computes or fetches itself are not in a segment. They are in a
// [Local], a ring in webmon's own memory, on every system. Their frames are read in
// the same way.
//
// The package gives no general access to shared memory and keeps no history. It knows
// nothing of how processes declare their arrays: that is in package process.
//
// On Linux segments are POSIX shared memory, which is files below /dev/shm. On macOS they
// are files too, in a folder that is the user's alone, because shared memory cannot be
// listed there. On Windows they are named memory that lets in nobody but the user. [Dir]
// says where. On other systems Open and Create return an error that says so.
package segment
