//go:build unix

package private_test

import (
	"os"
	"syscall"
	"testing"

	"webmon/private"
)

// chown gives a file to another user.
func chown(path string) error { return os.Chown(path, 65534, 65534) }

func TestAPipeKeepsNobodyWaiting(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := dir + "/secret"
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := private.Read(path, 100); !private.Refused(err) {
		t.Errorf("got %v", err)
	}
}
