package views_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/views"
)

func view(name string, parts ...string) views.View {
	v := views.View{Name: name, Saved: time.Unix(1e9, 0).UTC(), By: "Anna"}
	for _, part := range parts {
		v.Parts = append(v.Parts, json.RawMessage(part))
	}
	return v
}

func names(t *testing.T, s *views.Store, source string) string {
	t.Helper()
	list, err := s.List(source)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range list {
		out = append(out, v.Name)
	}
	return strings.Join(out, ",")
}

func TestViewsOutliveTheStore(t *testing.T) {
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "views")} {
		s := views.New(dir)
		for _, name := range []string{"b", "a", "b"} {
			if err := s.Save("napari", view(name, `{"zoom":2}`)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Save("../other", view("c")); err != nil {
			t.Fatal(err)
		}
		if dir != "" {
			s = views.New(dir)
			files, err := os.ReadDir(dir)
			if err != nil || len(files) != 2 {
				t.Fatal(files, err)
			}
			for _, f := range files {
				if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
					t.Error(info.Mode(), err)
				}
			}
		}
		if got := names(t, s, "napari"); got != "a,b" {
			t.Errorf("%q: %s", dir, got)
		}
		if v, ok := s.Get("napari", "a"); !ok || string(v.Parts[0]) != `{"zoom":2}` || v.By != "Anna" {
			t.Error(v, ok)
		}
		if _, ok := s.Get("napari", "c"); ok {
			t.Error("a view of another source")
		}
		if ok, err := s.Delete("napari", "a"); !ok || err != nil {
			t.Error(ok, err)
		}
		if ok, err := s.Delete("napari", "a"); ok || err != nil {
			t.Error(ok, err)
		}
		if got := names(t, s, "napari"); got != "b" {
			t.Error(got)
		}
	}
}

func TestViewsAreBounded(t *testing.T) {
	s := views.New(t.TempDir())
	for i := range views.MaxViews {
		if err := s.Save("napari", view(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Save("napari", view("one more")); err == nil || !strings.Contains(err.Error(), "delete one first") {
		t.Error(err)
	}
	if err := s.Save("napari", view("3", `{}`)); err != nil { // in the place of another
		t.Error(err)
	}
	big := `"` + strings.Repeat("x", views.MaxPart-2) + `"`
	many := make([]string, views.MaxBytes/len(big)+1)
	for i := range many {
		many[i] = big
	}
	for _, v := range []views.View{
		view(""), view(" \n"), view("a\x00b"), view("a\u202eb"), view(strings.Repeat("x", 81)), view("\xff"),
		view("a", `"`+strings.Repeat("x", views.MaxPart)+`"`), view("0", many...), {Name: "0", Parts: make([]json.RawMessage, views.MaxParts+1)},
	} {
		if err := s.Save("napari", v); err == nil {
			t.Errorf("%.20q with %d parts was kept", v.Name, len(v.Parts))
		}
	}
}

func TestAFileThatMakesNoSenseStaysAsItIs(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := views.New(dir).Save("napari", view("a")); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(dir + "/*.json")
	for _, content := range []string{"{", `{"source":"other","views":[]}`, `{"source":"napari","views":[{"name":""}]}`,
		`{"source":"napari","views":[{"name":"a"},{"name":"a"}]}`} {
		if err := os.WriteFile(files[0], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		s := views.New(dir)
		if _, err := s.List("napari"); err == nil {
			t.Errorf("%s was read", content)
		}
		if err := s.Save("napari", view("b")); err == nil {
			t.Error("it was overwritten")
		}
		if b, err := os.ReadFile(files[0]); err != nil || string(b) != content {
			t.Errorf("%s, %v", b, err)
		}
	}
}

func FuzzViews(f *testing.F) {
	f.Add([]byte(`{"source":"napari","views":[{"name":"a","saved":"2026-01-01T00:00:00Z","parts":[{"zoom":2}]}]}`))
	f.Add([]byte(`{"source":"napari","views":[{"name":"a"},{"name":"b"},{"name":"a"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := views.New(dir).Save("napari", view("a")); err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(dir + "/*.json")
		if err := os.WriteFile(files[0], b, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := views.New(dir).List("napari")
		if err != nil {
			return
		}
		for i, v := range list {
			if _, err := views.Name(v.Name); err != nil || i > 0 && list[i-1].Name >= v.Name {
				t.Errorf("%q after %q", v.Name, list[max(0, i-1)].Name)
			}
		}
	})
}
