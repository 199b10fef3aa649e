package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the README says of options is what the program knows.
func TestReadmeIsFilled(t *testing.T) {
	name := filepath.Join("..", "..", "..", "README.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	filled, err := fill(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(filled, text) {
		t.Error("the tables of the README are not those of the program: run .ci/generate.sh")
	}
}

func TestFill(t *testing.T) {
	text := "before\n<!-- begin options: written by dashboard/help/fill -->\nSTALE\n<!-- end options -->\nafter\n<!-- begin api: written by dashboard/help/fill -->\n<!-- end api -->\nend\n"
	name := filepath.Join(t.TempDir(), "a.md")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := fillFile(name); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s := string(got)
		if !strings.HasPrefix(s, "before\n") || !strings.HasSuffix(s, "\nend\n") || !strings.Contains(s, "\nafter\n") || strings.Contains(s, "STALE") || strings.Count(s, "`--port PORT`") != 1 {
			t.Errorf("filled: %s", s)
		}
	}
	for _, bad := range []string{strings.Replace(text, "end options", "fin options", 1), strings.Replace(text, "begin options", "start options", 1)} {
		if _, err := fill([]byte(bad)); err == nil || !strings.Contains(err.Error(), `"options"`) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
