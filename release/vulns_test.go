package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"webmon/lacking"
)

// The check of known vulnerabilities fails for what it finds, and for nothing else: the
// programs that ask the databases use one status for both. Their output here is what
// they print.
func TestVulnerabilitiesAreToldFromAMissingDatabase(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the check is a script for bash")
	}
	for _, program := range []string{"bash", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			lacking.Skip(t, "%v", err)
		}
	}
	database := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer database.Close()
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()

	const (
		numpy      = `{"dependencies": [{"name": "numpy", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}]}`
		wellNumpy  = `{"dependencies": [{"name": "numpy", "version": "2.0", "vulns": []}]}`
		noIndex    = `{"dependencies": [{"name": "numpy", "skip_reason": "Dependency not found on PyPI"}]}`
		npmFound   = `{"vulnerabilities": {"left": {"name": "left", "severity": "high", "range": "<2"}}, "metadata": {"vulnerabilities": {"total": 1}}}`
		npmNone    = `{"vulnerabilities": {}, "metadata": {"vulnerabilities": {"total": 0}}}`
		npmRefused = `{"message": "405 Method Not Allowed", "error": {"summary": "", "detail": ""}}`
	)
	for _, test := range []struct {
		name, what, database, output string
		status                       int    // of the program
		fails                        bool   // the check
		says                         string // somewhere
	}{
		{"go, none", "go", database.URL, "No vulnerabilities found.", 0, false, "no known vulnerability is called"},
		{"go, one", "go", database.URL, "Vulnerability #1: GO-2026-1", 3, true, "GO-2026-1"},
		{"go, by go run", "go", database.URL, "Vulnerability #1: GO-2026-1\nexit status 3", 1, true, "GO-2026-1"},
		{"go, the network ends meanwhile", "go", database.URL, "govulncheck: fetching vulnerabilities: no such host\nexit status 1", 1, false, "NOT CHECKED"},
		{"go, no database", "go", nobody.URL, "", 1, false, "NOT CHECKED"},
		{"python, none", "python", "", wellNumpy, 0, false, "no known vulnerability"},
		{"python, one", "python", "", numpy, 1, true, "numpy 1.0: PYSEC-1, mended in 1.1"},
		{"python, an index without them", "python", "", noIndex, 0, false, "NOT CHECKED"},
		{"python, no network", "python", "", "", 1, false, "NOT CHECKED"},
		{"npm, none", "npm", "", npmNone, 0, false, "no known vulnerability"},
		{"npm, one", "npm", "", npmFound, 1, true, "left <2: high"},
		{"npm, refused", "npm", "", npmRefused, 1, false, "NOT CHECKED"},
		{"npm, no network", "npm", "", "", 1, false, "NOT CHECKED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bin := t.TempDir()
			fake := func(name, script string) string {
				path := filepath.Join(bin, name)
				if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
					t.Fatal(err)
				}
				return path
			}
			if err := os.WriteFile(filepath.Join(bin, "output"), []byte(test.output+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			answer := "cat " + filepath.Join(bin, "output") + "\nexit $STATUS\n"
			fake("npm", answer)
			script, err := filepath.Abs(filepath.Join(root, ".ci/vulns.sh"))
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("bash", script, test.what)
			cmd.Env = environment(
				"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "STATUS="+string(rune('0'+test.status)),
				"GO="+fake("gofake", "if [ \"$1\" = env ]; then echo "+test.database+"; exit; fi\n"+answer), "PIP_AUDIT="+fake("pip-audit", answer))
			out, err := cmd.CombinedOutput()
			if failed := err != nil; failed != test.fails {
				t.Errorf("it fails: %v, want %v:\n%s", failed, test.fails, out)
			}
			if !strings.Contains(string(out), test.says) {
				t.Errorf("it does not say %q:\n%s", test.says, out)
			}
		})
	}
}
