//go:build !linux || mips || mips64 || ppc64 || s390x

package segment

import (
	"errors"
	"os"
	"runtime"
	"time"
)

// Dir is where POSIX shared memory is kept; this system has no such folder.
const Dir = ""

var errSystem = errors.New("shared arrays need Linux for now, and this webmon runs on " + runtime.GOOS + "/" + runtime.GOARCH)

func openSegment(dir, name string) (*os.File, int64, error)         { return nil, 0, errSystem }
func stillThere(f *os.File, total int) error                        { return errSystem }
func mapFile(f *os.File, n int, write bool) ([]byte, error)         { return nil, errSystem }
func unmapFile(b []byte)                                            {}
func createSegment(dir, name string, n int) (f *os.File, err error) { return nil, errSystem }

func nap(d time.Duration) { time.Sleep(d) }
