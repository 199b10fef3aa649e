//go:build linux

package naparitest

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the captured replies in testdata again")

// captured compares got with a file of testdata that decoders are tested and
// fuzzed with, or writes it with -update.
func captured(t *testing.T, name string, got []byte, same func(file []byte) error) {
	t.Helper()
	path := filepath.Join(Root(t), "shm/process/testdata", name+".pickle")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := same(file); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// reply asks for the bytes of an answer of the manager, and of which types
// they are made.
func reply(t *testing.T, p *Process, args map[string]any) (pickled []byte, skeleton string) {
	t.Helper()
	var answer struct{ Hex, Skeleton string }
	p.MustDo("reply", args, &answer)
	pickled, err := hex.DecodeString(answer.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return pickled, answer.Skeleton
}

// The captured replies of real naparis are made of the same types as what the
// same naparis send today. Their numbers differ from run to run.
func TestCapturedFromNapari(t *testing.T) {
	for _, tt := range []struct{ version, prefix string }{
		{Octree, "0.4.11"},
		{Latest, "0.9.2"},
	} {
		t.Run(tt.version, func(t *testing.T) {
			p := Start(t, Options{Version: tt.version, Layers: 2})
			if p.Napari != tt.prefix {
				t.Fatalf("napari %s is running, want %s", p.Napari, tt.prefix)
			}
			same := func(name string, got []byte, skeleton string) {
				captured(t, tt.prefix+"-"+name, got, func(file []byte) error {
					var answer struct{ Skeleton string }
					p.MustDo("skeleton", map[string]any{"hex": hex.EncodeToString(file)}, &answer)
					if answer.Skeleton != skeleton {
						return fmt.Errorf("the file has %s, napari sends %s", answer.Skeleton, skeleton)
					}
					return nil
				})
			}
			check := func(name string, args map[string]any) {
				got, skeleton := reply(t, p, args)
				same(name, got, skeleton)
			}
			for _, name := range []string{"napari_data", "napari_messages", "napari_shutdown"} {
				check("create-"+name, map[string]any{"of": "create", "name": name})
			}
			// The poll before there is one. A napari whose window gets its size
			// late has moved its camera and ticked already, so ask for another
			// key that is not there.
			check("poll-none", map[string]any{"of": "no-such-key"})
			check("get-empty", map[string]any{"of": "empty"})

			// Messages come in an order of their own, so wait for one of each
			// kind. The very first frame time has an int for its delta.
			kinds := map[string]bool{"frame_time-first": true, "frame_time": true}
			if tt.version == Octree {
				kinds["load_chunk"] = true
			}
			p.Wake()
			p.Zoom(0.05)
			waitState(t, p, func(s State) bool { return s.Ticks > 30 })
			for end := time.Now().Add(time.Minute); len(kinds) > 0 && time.Now().Before(end); {
				got, skeleton := reply(t, p, map[string]any{"of": "message"})
				for kind := range kinds {
					if messageKind(got, skeleton) == kind {
						same(kind, got, skeleton)
						delete(kinds, kind)
					}
				}
			}
			if len(kinds) > 0 {
				t.Errorf("no message of the kinds %v came", kinds)
			}
			check("poll", map[string]any{"of": "poll"})
			check("data-copy", map[string]any{"of": "data"})
		})
	}
}

func messageKind(pickled []byte, skeleton string) string {
	switch {
	case bytes.Contains(pickled, []byte("load_chunk")):
		return "load_chunk"
	case bytes.Contains([]byte(skeleton), []byte(`"delta_ms": "int"`)):
		return "frame_time-first"
	case bytes.Contains(pickled, []byte("frame_time")):
		return "frame_time"
	}
	return ""
}

// The captured replies of both NumPys in three pickle protocols are, byte for
// byte, what Python sends today.
func TestCapturedFromPython(t *testing.T) {
	arrays := []struct {
		name  string
		dtype any
		shape []int
		order string
	}{
		{"f8", "<f8", []int{2, 3}, "C"},
		{"f8-fortran", "<f8", []int{2, 3}, "F"},
		{"be-u2", ">u2", []int{4}, "C"},
		{"bool", "?", []int{3}, "C"},
		{"empty", "<f4", []int{0, 2}, "C"},
		{"scalar0d", "<i4", []int{}, "C"},
		{"complex", "<c16", []int{2}, "C"},
		{"record", [][]string{{"x", "<f4"}, {"n", "<i4"}}, []int{2}, "C"},
		{"bytes", "S3", []int{2}, "C"},
		{"text", "<U4", []int{2}, "C"},
		{"time", "<M8[ns]", []int{2}, "C"},
	}
	for _, python := range []string{"numpy1", "numpy2"} {
		for _, protocol := range []int{2, 4, 5} {
			prefix := fmt.Sprintf("%s-protocol%d-", python, protocol)
			t.Run(prefix[:len(prefix)-1], func(t *testing.T) {
				p := StartMonitor(t, MonitorOptions{Python: python, Method: "spawn", Protocol: protocol})
				check := func(name, of string) {
					t.Helper()
					got, _ := reply(t, p, map[string]any{"of": of})
					captured(t, prefix+name, got, func(file []byte) error {
						if !bytes.Equal(file, got) {
							return fmt.Errorf("the file has %d bytes, Python sends %d, the same up to %d", len(file), len(got), commonPrefix(file, got))
						}
						return nil
					})
				}
				p.MustDo("poll", map[string]any{"layers": map[string]any{
					"140282337806560": map[string]any{"level": 3, "rows": []int{2, 5}, "cols": []int{1, 3}},
					"140282221676096": nil,
				}}, nil)
				check("poll", "poll")
				for _, a := range arrays {
					p.MustDo("array", map[string]any{"key": a.name, "dtype": a.dtype, "shape": a.shape, "order": a.order}, nil)
					check(a.name, a.name)
				}
			})
		}
	}
}

func commonPrefix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
