package segment

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"sync"
)

// A store keeps segments. Every system has one kind of them: [Dir] says where it is.
// Tests take others that the system has too.
type store interface {
	// open opens a segment for reading. It makes none.
	open(name string) (held, error)
	// create makes a segment of n bytes, with memory for all of them.
	create(name string, n int) (held, error)
	// sweep removes what processes have left that were killed.
	sweep()
	// forget removes what a process has left that is gone.
	forget(pid int)
}

// held is a segment that is open.
type held interface {
	size() int64
	head(b []byte) error // fills b with its first bytes
	// memory maps the first n bytes: to be read, and to be written if the segment was
	// created. unmap takes them back.
	memory(n int) ([]byte, error)
	// still returns nil while who writes and who reads may have the same n bytes.
	still(n int) error
	remove() error // takes the name away
	Close() error
}

func noSegment(name string) error {
	return fmt.Errorf("there is no segment %s on this machine: the process has ended or runs elsewhere, or somebody has removed it", name)
}

// segmentName is the form of a segment's name: webmon-<pid>-<text>.
var segmentName = regexp.MustCompile(`^webmon-([0-9]+)-[A-Za-z0-9_.-]+$`)

// ValidName reports whether name is allowed as the name of a segment.
func ValidName(name string) bool { return len(name) <= 64 && segmentName.MatchString(name) }

// writerOf returns the process that made a segment, by its name; 0 if it says none.
func writerOf(name string) int {
	if !ValidName(name) {
		return 0
	}
	pid, err := strconv.Atoi(segmentName.FindStringSubmatch(name)[1])
	if err != nil || pid > math.MaxInt32 {
		return 0 // no system counts as far
	}
	return pid
}

// storeOf returns the store of this system, in a folder other than Dir if one is named.
func storeOf(s store, dir string) store {
	switch {
	case s != nil:
		return s
	case dir != "":
		return storeIn(dir)
	}
	return storeIn(Dir)
}

// sweepOnce removes what killed processes of this user have left, the first time that
// this one makes a segment.
var sweepOnce = sync.OnceFunc(func() { storeIn(Dir).sweep() })

// Forget removes the segments of a process that has ended, and could not do it itself.
// Whoever has one open keeps what is in it.
func Forget(pid int) {
	if pid > 0 && pid != os.Getpid() {
		storeIn(Dir).forget(pid)
	}
}
