//go:build linux

package e2e

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"webmon/shm/process/naparitest"
)

// TestE2EPython: Python programs that offer themselves come and go, and so does
// webmon.
func TestE2EPython(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	start := func(name string) *naparitest.Process {
		return naparitest.StartScope(t, naparitest.ScopeOptions{Name: name, Home: home})
	}
	cam, scope := start("cam"), start("scope")
	w := startProgram(t, home, "--port", "0")
	w.source("scope", "connected", connected)
	first := w.source("cam", "connected", connected)
	if all := w.sources(); len(all) != 2 || first.Kind != "python" {
		t.Errorf("the sources are %+v, want the two programs and no demo", all)
	}
	moves := func(w *webmon, id string) {
		t.Helper()
		at := func() float64 {
			var state struct{ Stage struct{ X float64 } }
			if _, err := w.try("GET", "/api/v1/sources/"+id+"/state", "", &state); err != nil {
				return 0
			}
			return state.Stage.X
		}
		before := at()
		until(t, "the stage of "+id+" moves", func() string {
			if now := at(); now <= before {
				return fmt.Sprintf("%v, was %v", now, before)
			}
			return ""
		})
	}
	moves(w, "cam")
	command := func(w *webmon, path, body, ends string) {
		t.Helper()
		var sent struct{ ID, Status string }
		if status, err := w.try("POST", path, body, &sent); status != 202 || err != nil {
			t.Fatalf("POST %s: %d, %v", path, status, err)
		}
		until(t, path+" is "+ends, func() string {
			w.get("/api/v1/commands/"+sent.ID, &sent)
			if sent.Status != ends {
				return sent.Status
			}
			return ""
		})
	}
	command(w, "/sources/cam/commands/shoot", `{"n": 5}`, "applied")
	command(w, "/sources/cam/commands/shoot", `{"n": 13}`, "refused")

	// Each party is killed in turn while everything is under way.
	cam.Kill()
	w.source("cam", "gone", gone)
	w.source("scope", "connected still", connected)
	cam = start("cam")
	again := w.source("cam", "connected again", connected)
	if all := w.sources(); len(all) != 2 || again.Instance == first.Instance {
		t.Errorf("the sources are %+v, want the same two names and a new instance", all)
	}
	moves(w, "cam")

	w.kill(t)
	second := startProgram(t, home, "--port", "0")
	for _, id := range []string{"cam", "scope"} {
		if got := second.source(id, "connected to the next webmon", connected); got.Name != id {
			t.Errorf("%s is called %q", id, got.Name)
		}
	}
	moves(second, "scope")
	command(second, "/sources/cam/commands/shoot", `{"n": 7}`, "applied")

	scope.Signal(syscall.SIGSTOP)
	second.source("scope", "not connected while it is stopped", gone)
	moves(second, "cam")
	scope.Signal(syscall.SIGCONT)
	second.source("scope", "connected once it goes on", connected)
	scope.Quit()
	second.source("scope", "gone", gone)
	cam.Quit()
	second.source("cam", "gone", gone)
	if left, err := filepath.Glob(filepath.Join(naparitest.Runtime(home), "sources", "*")); err != nil || len(left) != 0 {
		t.Errorf("announcements left: %v, %v", left, err)
	}
}
