package notes_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"webmon/dashboard/source"
	"webmon/dashboard/volumes/notes"
)

const drawn = `{
  "dimensions": {"x": [1e-6, "m"], "y": [1e-6, "m"], "z": [2e-6, "m"]},
  "layers": [
    {"type": "image", "name": "brain", "source": "python://volume/a.b"},
    {"type": "annotation", "name": "marks",
     "source": {"url": "local://annotations", "transform": {"outputDimensions": {"x": [5e-7, "m"], "y": [1, ""], "z": [2e-6, "m"]}}},
     "annotationProperties": [{"id": "score", "type": "float32", "default": 3}, {"id": "tint", "type": "rgb", "default": "#ff0000"}],
     "annotations": [
       {"type": "point", "id": "p1", "point": [10, 20.5, 30], "props": [1.5, "#00ff00"], "segments": [["7", "18446744073709551615"], []], "description": "=HYPERLINK(1)"},
       {"type": "line", "id": "l1", "pointA": [0, 0, 0], "pointB": [1, 2, 3]},
       {"type": "axis_aligned_bounding_box", "id": "b1", "pointA": [0, 0, 0], "pointB": [1, 2, 3], "props": [4]},
       {"type": "ellipsoid", "id": "e1", "center": [1, 1, 1], "radii": [2, 3, 4]},
       {"type": "polyline", "id": "q1", "points": [[0, 0, 0], [1, 0, 0], [1, 1, 0]]},
       {"type": "point", "id": "short", "point": [1, 2]},
       {"type": "star", "id": "unknown", "point": [1, 2, 3]},
       {"type": "point", "id": "words", "point": ["1", "2", "3"]},
       7
     ]},
    {"type": "annotation", "name": "=more", "source": "local://annotations", "annotations": [{"type": "point", "id": "p2", "point": [1, 2, 3], "segments": ["5"]}]}
  ]
}`

func TestWhatPeopleDraw(t *testing.T) {
	list := notes.Read([]byte(drawn))
	var got []string
	for _, n := range list {
		got = append(got, fmt.Sprint(n.Layer, " ", n.ID, " ", n.Parts, n.Points, n.Axes, n.Units, n.Segments))
	}
	want := []string{
		"marks p1 [point] [[5e-06 20.5 6e-05]] [x y z] [m  m] [[7 18446744073709551615] []]",
		"marks l1 [a b] [[0 0 0] [5e-07 2 6e-06]] [x y z] [m  m] []",
		"marks b1 [a b] [[0 0 0] [5e-07 2 6e-06]] [x y z] [m  m] []",
		"marks e1 [center radii] [[5e-07 1 2e-06] [1e-06 3 8e-06]] [x y z] [m  m] []",
		"marks q1 [0 1 2] [[0 0 0] [5e-07 0 0] [5e-07 1 0]] [x y z] [m  m] []",
		"=more p2 [point] [[1e-06 2e-06 6e-06]] [x y z] [m m m] [[5]]",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	b, err := json.Marshal(list[:3])
	if err != nil || !strings.Contains(string(b), `"properties":[{"name":"score","value":1.5},{"name":"tint","value":"#00ff00"}]`) ||
		!strings.Contains(string(b), `"properties":[{"name":"score","value":4},{"name":"tint","value":"#ff0000"}]`) {
		t.Errorf("%v %s", err, b)
	}
}

func TestATableOfWhatPeopleDraw(t *testing.T) {
	var b bytes.Buffer
	if err := notes.WriteCSV(&b, notes.Read([]byte(drawn)), func(v any) string { return source.Cell(v) }); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 12 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, want := range map[int]string{
		0:  "layer|id|type|part|x (m)|y|z (m)|y (m)|description|segments|score|tint",
		1:  "marks|p1|point|point|0.000005|20.5|0.00006||'=HYPERLINK(1)|7 18446744073709551615; |1.5|#00ff00",
		3:  "marks|l1|line|b|5e-07|2|0.000006||||3|#ff0000",
		7:  "marks|e1|ellipsoid|radii|0.000001|3|0.000008||||3|#ff0000",
		10: "marks|q1|polyline|2|5e-07|1|0||||3|#ff0000",
		11: "'=more|p2|point|point|0.000001||0.000006|0.000002||5||",
	} {
		if got := strings.Join(rows[i], "|"); got != want {
			t.Errorf("row %d is\n%s, want\n%s", i, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(drawn))
	f.Add([]byte(`{"layers":[{"annotations":[{"type":"polyline","points":[]}]}]}`))
	f.Add([]byte(`{"dimensions":{"x":[1e308,"m"]},"layers":[{"annotations":[{"type":"point","point":[1e308]}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list := notes.Read(text)
		if _, err := json.Marshal(list); err != nil {
			t.Error(err)
		}
		if err := notes.WriteCSV(&bytes.Buffer{}, list, func(v any) string { return source.Cell(v) }); err != nil {
			t.Error(err)
		}
	})
}
