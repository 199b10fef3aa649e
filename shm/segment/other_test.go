//go:build !linux

package segment

import (
	"errors"
	"strings"
	"testing"

	"webmon/shm"
)

// Where there are no segments people read why.
func TestElsewhereThanLinux(t *testing.T) {
	info := shm.ArrayInfo{Name: "a", Shm: "webmon-1-a", Generation: "0123456789abcdef", Descr: "|u1", Shape: []int{1}}
	if _, err := Open(info, Options{}); !errors.Is(err, shm.ErrNoArray) || !strings.Contains(err.Error(), "Linux") {
		t.Errorf("open: %v", err)
	}
	if _, err := Create(Spec{Name: "a", DType: "|u1", Shape: []int{1}}); err == nil || !strings.Contains(err.Error(), "Linux") {
		t.Errorf("create: %v", err)
	}
}
