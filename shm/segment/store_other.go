//go:build !(linux || darwin || windows) || (linux && (mips || mips64 || ppc64 || s390x))

package segment

import (
	"errors"
	"runtime"
	"time"
)

// Dir is where segments are kept; this system has no place for them.
const Dir = ""

var errSystem = errors.New("shared arrays need Linux, macOS or Windows on a little-endian processor, and this webmon runs on " + runtime.GOOS + "/" + runtime.GOARCH)

type nowhere struct{}

func storeIn(string) store { return nowhere{} }

func (nowhere) open(string) (held, error)        { return nil, errSystem }
func (nowhere) create(string, int) (held, error) { return nil, errSystem }
func (nowhere) sweep()                           {}
func (nowhere) forget(int)                       {}

func unmap([]byte) {}

func nap(d time.Duration) { time.Sleep(d) }
