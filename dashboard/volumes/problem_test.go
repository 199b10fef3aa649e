package volumes

import (
	"fmt"
	"testing"
	"time"

	"webmon/shm"
)

// What a layer lacks is said for as long as it lacks it: the mesh of a label while the label is selected and
// the content is the same, anything else for a while.
func TestProblemsOfALayer(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		what       string
		layer      layerState
		label      string
		later      time.Duration
		generation uint64 // of the volume then; it was 5
		want       bool
	}{
		{"a chunk", layerState{Type: "image"}, "", time.Minute, 6, true},
		{"a chunk, long ago", layerState{Type: "image"}, "", 3 * time.Minute, 5, false},
		{"a label", layerState{Type: "segmentation", Segments: []string{"6", "7"}}, "7", time.Minute, 5, true},
		{"a label, long ago", layerState{Type: "segmentation", Segments: []string{"7"}}, "7", time.Hour, 5, true},
		{"a label, of other content long ago", layerState{Type: "segmentation", Segments: []string{"7"}}, "7", time.Hour, 6, false},
		{"a label, of other content just now", layerState{Type: "segmentation", Segments: []string{"7"}}, "7", time.Second, 6, true},
		{"a label that is not selected any more", layerState{Type: "segmentation", Segments: []string{"70"}}, "7", time.Second, 5, false},
		{"a label that is hidden", layerState{Type: "segmentation", Segments: []string{"!7"}}, "7", time.Second, 5, false},
	} {
		s := &shown{generation: 5}
		l := &live{shown: map[string]*shown{"scope.cells": s}}
		s.fail("mesh", test.label, fmt.Errorf("%w: there is none", shm.ErrNoLabel), now)
		s.generation = test.generation
		test.layer.Source = rawJSON(`"python://volume/scope.cells"`)
		got := l.problems(&test.layer, now.Add(test.later))
		if (len(got) == 1) != test.want || test.want && (got[0].Label != test.label || got[0].What != "mesh" || got[0].Text != "There is no such label: there is none.") {
			t.Errorf("%s: %+v, want one: %t", test.what, got, test.want)
		}
	}
}
