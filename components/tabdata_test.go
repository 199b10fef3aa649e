package components

import (
	"testing"
	"time"
)

func TestTabData(t *testing.T) {
	d := TabData{
		States: map[string]any{"stage": map[string]any{"x": 1.5, "n": int64(3), "on": true, "name": "XY", "inner": map[string]any{"y": 2.0}}},
		Events: map[string][]TabEvent{"tick": {{Time: time.Now(), Value: map[string]any{"v": int64(1)}}, {Time: time.Now(), Value: map[string]any{"v": int64(2)}}}},
	}
	texts := []struct {
		topic string
		path  []string
		want  string
	}{
		{"stage", []string{"x"}, "1.5"},
		{"stage", []string{"n"}, "3"},
		{"stage", []string{"on"}, "true"},
		{"stage", []string{"name"}, "XY"},
		{"stage", []string{"inner", "y"}, "2"},
		{"stage", []string{"inner"}, "–"},
		{"stage", []string{"x", "deeper"}, "–"},
		{"tick", []string{"v"}, "2"}, // the last event
		{"nothing", []string{"x"}, "–"},
	}
	for _, test := range texts {
		if got := d.Text(test.topic, test.path...); got != test.want {
			t.Errorf("Text(%q, %q) = %q, want %q", test.topic, test.path, got, test.want)
		}
	}
	if !d.Has("stage") || !d.Has("tick") || d.Has("nothing") {
		t.Error("Has does not tell what has been sent")
	}
	if n, ok := d.Number("stage", "n"); !ok || n != 3 {
		t.Errorf("Number of an int is %v, %v, want 3", n, ok)
	}
	if _, ok := d.Number("stage", "on"); ok {
		t.Error("a bool is no number")
	}
}

func TestViewerTable(t *testing.T) {
	v := Viewer{State: ViewerLive, Tiles: &ViewerTiles{Seen: 1000}}
	for i := range int64(1000) {
		v.Tiles.Rows, v.Tiles.Cols = append(v.Tiles.Rows, i), append(v.Tiles.Cols, i)
	}
	table := v.table()
	if got := len(table.Rows); got != MaxTileRows {
		t.Errorf("%d rows, want %d", got, MaxTileRows)
	}
	if want := "800 more are not listed."; table.More != want {
		t.Errorf("below the table: %q, want %q", table.More, want)
	}
	v.Tiles.Cols = v.Tiles.Cols[:3] // of unequal length: what is there in both counts
	if got := len(v.table().Rows); got != 3 {
		t.Errorf("%d rows, want 3", got)
	}
}
