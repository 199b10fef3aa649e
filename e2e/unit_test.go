//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"webmon/e2e/webmontest"
	"webmon/lacking"
)

// TestE2EUnit: systemd understands every line of the unit, and says so of one that it does not understand.
func TestE2EUnit(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		lacking.Skip(t, "systemd-analyze is not installed: .ci/system.sh says what to install")
	}
	unit, err := os.ReadFile(filepath.Join(webmontest.Root(), "packaging", "webmon.service"))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	bin := filepath.Join(home, ".local", "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "webmon"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		string(unit): "",
		strings.Replace(string(unit), "UMask=", "UMark=", 1):                   "UMark",
		strings.Replace(string(unit), "/webmon\n", "/webman\n", 1):             "webman",
		strings.Replace(string(unit), "@system-service", "@system-servant", 1): "@system-servant",
	} {
		path := filepath.Join(t.TempDir(), "webmon.service")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(analyze, "verify", "--user", "--man=no", path)
		cmd.Env = append(userEnviron(t, home), "SYSTEMD_LOG_COLOR=0")
		out, err := cmd.CombinedOutput()
		if said := strings.TrimSpace(string(out)); want == "" && (err != nil || said != "") || !strings.Contains(said, want) {
			t.Errorf("systemd says %q (%v), want %q", said, err, want)
		}
	}
}
