package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"webmon/shm"
)

// Whatever a process answers, what comes of it is consistent and bounded by what was sent.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"bytes": 48, "rank": 3, "vertices": 3, "edges": 0, "faces": 1, "attributes": []}`), make([]byte, 48))
	f.Add([]byte(`{"rank": 2, "vertices": 1, "edges": 1, "faces": 0, "attributes": [{"name": "a", "dtype": "|u1", "components": 4}]}`), make([]byte, 20))
	f.Add([]byte(`{"labels": 2, "columns": [{"name": "a", "kind": "number", "bytes": 16}, {"name": "b", "kind": "string", "bytes": 9}]}`),
		append(make([]byte, 32), `["x", ""]`...))
	f.Add([]byte(`{"rank": 9223372036854775807, "vertices": 9223372036854775807}`), []byte{})
	f.Add([]byte(`{"error": "no", "why": "label", "bytes": 99}`), []byte{})
	f.Fuzz(func(t *testing.T, head, body []byte) {
		h, err := parseHead(head, maxGeometry)
		if err != nil {
			return
		}
		if h.Bytes < 0 || h.Bytes > maxGeometry || h.failure() != nil && h.Bytes != 0 {
			t.Errorf("%+v", h)
		}
		for rank := 1; rank <= maxArrayDims; rank++ {
			g, err := geometryOf(h, body, rank)
			if err != nil {
				continue
			}
			n := len(g.Positions) / rank
			if len(g.Positions) != n*rank || len(g.Edges)%2 != 0 || len(g.Faces)%3 != 0 {
				t.Errorf("%+v", g)
			}
			for _, i := range append(append([]uint32{}, g.Edges...), g.Faces...) {
				if int(i) >= n {
					t.Errorf("vertex %d of %d", i, n)
				}
			}
			for _, a := range g.Attributes {
				if len(a.Data) != n*a.Components*int(attributeSizes[a.Descr]) {
					t.Errorf("%+v", a)
				}
			}
		}
		table, err := labelsOf(h, body)
		if err != nil {
			return
		}
		for _, c := range table.Columns {
			if len(c.Texts)+len(c.Numbers) != len(table.IDs) {
				t.Errorf("%+v", c)
			}
		}
	})
}

func TestHeads(t *testing.T) {
	for why, want := range map[string]error{"gone": shm.ErrNoVolume, "label": shm.ErrNoLabel, "box": shm.ErrBox} {
		h, err := parseHead(fmt.Appendf(nil, `{"error": "so it is", "why": %q, "bytes": 7}`, why), 0)
		if err != nil || !errors.Is(h.failure(), want) || !strings.HasSuffix(h.failure().Error(), ": so it is") || h.Bytes != 0 {
			t.Errorf("%s: %+v, %v", why, h, err)
		}
	}
	if h, err := parseHead([]byte(`{"error": "ValueError: no"}`), 0); err != nil || h.failure().Error() != "ValueError: no" {
		t.Errorf("%+v, %v", h, err)
	}
	for _, bad := range []string{``, `[]`, `{"bytes": 8}`, `{"bytes": -1}`, `{"bytes": "x"}`} {
		if h, err := parseHead([]byte(bad), 7); err == nil {
			t.Errorf("%s: %+v", bad, h)
		}
	}
	// What does not fit is refused before anything is made of it.
	for _, bad := range []string{
		`{"rank": 2, "vertices": 1}`,
		`{"rank": 3, "vertices": 1}`,
		`{"rank": 3, "vertices": 300000000}`,
		`{"rank": 3, "vertices": 1, "edges": -1}`,
		`{"rank": 3, "vertices": 1, "faces": 1}`,
		`{"rank": 3, "vertices": 0, "attributes": [{"name": "a", "dtype": "<f8", "components": 1}]}`,
		`{"rank": 3, "vertices": 0, "attributes": [{"name": "a", "dtype": "<f4", "components": 0}]}`,
	} {
		var h boxHead
		if err := json.Unmarshal([]byte(bad), &h); err != nil {
			t.Fatal(err)
		}
		if g, err := geometryOf(&h, make([]byte, 8), 3); err == nil {
			t.Errorf("%s: %+v", bad, g)
		}
	}
	var nan boxHead
	_ = json.Unmarshal([]byte(`{"rank": 1, "vertices": 1}`), &nan)
	if g, err := geometryOf(&nan, []byte{0, 0, 0xc0, 0x7f}, 1); err == nil {
		t.Errorf("a vertex at NaN: %+v", g)
	}
}
