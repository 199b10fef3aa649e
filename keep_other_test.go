//go:build !linux

package main

import (
	"os"
	"testing"
)

func fullDisk(t *testing.T) string {
	t.Helper()
	t.Skip("disks are mounted in another way here")
	return ""
}

func readOnly(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	return dir
}
