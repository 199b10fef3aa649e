package volumes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/volumes"
	"webmon/dashboard/volumes/volumestest"
	"webmon/shm"
)

// What is asked for is counted by kind, with what was sent and what was refused.
func TestWhatIsAskedForIsCounted(t *testing.T) {
	p := volumestest.New("scope")
	axes := []string{"z", "y", "x"}
	p.Add(shm.VolumeInfo{Name: "cells", Kind: shm.VolumeLabels, Descr: "|u1", Shape: []int{2, 3, 4}, Axes: axes, Channels: -1, Shm: "x"}, make([]byte, 24))
	p.Add(shm.VolumeInfo{Name: "spots", Kind: shm.VolumePoints, Shape: []int{9, 9, 9}, Axes: axes, Channels: -1})
	p.Geometry = func(*shm.VolumeInfo, shm.Part, uint64) (*shm.Geometry, error) {
		return &shm.Geometry{Rank: 3, Positions: []float32{1, 2, 3}}, nil
	}
	s := open(t, p)
	_, rest, _ := strings.Cut(s.stateOf("cells"), "python://volume/")
	cells, _, _ := strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(s.stateOf("spots"), "precomputed://webmon:")
	spots, _, _ := strings.Cut(rest, `"`)
	s.want(200, "", "GET", "/neuroglancer/raw/"+cells+"/1,1,1/0,0,0/4,3,2", "")
	s.want(400, "", "GET", "/neuroglancer/raw/"+cells+"/1,1,1/0,0,0/5,3,2", "")
	s.want(404, "", "GET", "/neuroglancer/mesh/"+cells+"/7", "")
	info := s.want(200, "", "GET", spots+"info", "")
	o, err := s.volumes.Offer(s.src, "cells", time.Hour, "Ada")
	if err != nil {
		t.Fatal(err)
	}
	_, group := s.zarr(o.Path(0, false) + "zarr.json")
	s.zarr(o.Path(0, false) + ".zmetadata") // which programs look for, and which need not be there
	s.zarr("zarr/none/newest/zarr.json")
	got := s.volumes.Stats()
	want := []volumes.Traffic{
		{Name: "chunks", Requests: 2, Bytes: 24, Refused: 1}, {Name: "meshes", Requests: 1, Refused: 1},
		{Name: "points", Requests: 1, Bytes: uint64(len(info))}, {Name: "other programs", Requests: 3, Bytes: uint64(len(group)), Refused: 1},
	}
	if fmt.Sprint(got.Traffic) != fmt.Sprint(want) || got.Exports != 1 {
		t.Errorf("%v with %d exports, want %v with one", got.Traffic, got.Exports, want)
	}
}
