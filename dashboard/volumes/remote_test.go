package volumes_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"webmon/dashboard/volumes/volumestest"
	"webmon/shm"
)

// stateOf is the state of the view of a volume.
func (s *site) stateOf(name string) string {
	s.t.Helper()
	at, err := s.volumes.View(s.t.Context(), s.src, name)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(at.State().JSON)
}

func TestPointsAreLoadedBitByBit(t *testing.T) {
	p := volumestest.New("scope")
	p.Add(shm.VolumeInfo{
		Name: "spots", Kind: shm.VolumePoints, Shape: []int{10, 20, 30}, Axes: []string{"z", "y", "x"}, Channels: -1, Layer: "1",
		Units: []string{"um", "um", "um"}, Scale: []float64{2, 1, 1}, Corner: []float64{4, 0, 0},
	})
	moved := float32(0)
	p.Geometry = func(_ *shm.VolumeInfo, part shm.Part, _ uint64) (*shm.Geometry, error) {
		if part != shm.PartWhole {
			return nil, shm.ErrNoLabel
		}
		return &shm.Geometry{Rank: 3, Positions: []float32{1 + moved, 2, 3, 4, 5, 6}, Attributes: []shm.Attribute{{Name: "size", Descr: "<u2", Components: 1, Data: []byte{7, 0, 8, 0}}}}, nil
	}
	s := open(t, p)
	source := regexp.MustCompile(`"type":"annotation","name":"spots","source":"precomputed://webmon:(/points/webmon\.[0-9a-f]+/g([1-9][0-9]*)/)"`)
	found := source.FindStringSubmatch(s.stateOf("spots"))
	if found == nil {
		t.Fatalf("the state is %s", s.stateOf("spots"))
	}
	at := found[1]
	var info struct {
		Dimensions map[string][2]any
		Properties []struct{ ID, Type string }
		Spatial    []struct{ Key string }
	}
	if err := json.Unmarshal([]byte(s.want(200, "neuroglancer_annotations_v1", "GET", at+"info", "")), &info); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(info.Dimensions["z"]) != "[2e-06 m]" || fmt.Sprint(info.Properties) != "[{size uint16} {color rgba}]" || len(info.Spatial) != 1 {
		t.Errorf("the info is %+v", info)
	}
	// x, y and z of the first point, two voxels further down, and white: of the layers of a napari all have a colour.
	one := s.want(200, "", "GET", at+"id/0", "")
	want := binary.LittleEndian.AppendUint32(nil, math.Float32bits(3))
	want = binary.LittleEndian.AppendUint32(want, math.Float32bits(2))
	want = binary.LittleEndian.AppendUint32(want, math.Float32bits(3))
	want = append(want, 7, 0, 255, 255, 255, 255, 0, 0)
	if one != string(want) {
		t.Errorf("a point is % x, want % x", one, want)
	}
	if cell := s.want(200, "", "GET", at+"s0/0_0_0", ""); len(cell) != 8+2*(20+8) || cell[0] != 2 {
		t.Errorf("all of them are % x", cell)
	}
	s.want(404, "no such file", "GET", at+"s1/0_0_0", "")
	s.want(404, "no such file", "GET", at+"id/2", "")
	s.want(404, "no such volume", "GET", "/points/webmon.0123/g1/info", "")

	// A view that somebody looks at gets another address when they have changed.
	view, err := s.volumes.View(t.Context(), s.src, "spots")
	if err != nil {
		t.Fatal(err)
	}
	next, stop := s.stream("/events/" + view.Token + "?c=a&gc=&gs=")
	defer stop()
	next()
	moved = 1
	p.Change("spots", nil)
	eventually(t, "the view has another address", func() bool {
		now := source.FindStringSubmatch(s.stateOf("spots"))
		return now != nil && now[1] != at
	})
	now := source.FindStringSubmatch(s.stateOf("spots"))[1]
	if one := s.want(200, "", "GET", now+"id/0", ""); math.Float32frombits(binary.LittleEndian.Uint32([]byte(one)[8:])) != 4 {
		t.Errorf("the point has not moved: % x", one)
	}
}

func TestLabelsAreListed(t *testing.T) {
	p := volumestest.New("scope")
	data := make([]byte, 4*5*6)
	data[3], data[4], data[50] = 7, 7, 9
	p.Add(shm.VolumeInfo{
		Name: "cells", Kind: shm.VolumeLabels, Descr: "|u1", Shape: []int{4, 5, 6}, Axes: []string{"z", "y", "x"}, Channels: -1, Shm: "x", Properties: true,
	}, data)
	table := &shm.LabelTable{IDs: []uint64{9, 1<<64 - 1}, Columns: []shm.LabelColumn{
		{Name: "cell", Kind: "label", Texts: []string{"Purkinje", "glia"}}, {Name: "kind", Kind: "label", Texts: []string{"a", "b"}},
		{Name: "tags", Kind: "tags", Texts: []string{"big round", "round"}}, {Name: "volume", Kind: "number", Unit: "um^3", Numbers: []float64{1.5, math.NaN()}},
		{Name: "voxels", Kind: "number", Numbers: []float64{1, 2}},
	}}
	p.Labels = func(*shm.VolumeInfo) (*shm.LabelTable, error) { return table, nil }
	s := open(t, p)
	found := regexp.MustCompile(`"source":\["python://volume/webmon\.[0-9a-f]+","precomputed://webmon:(/segments/webmon\.[0-9a-f]+/)"\]`).FindStringSubmatch(s.stateOf("cells"))
	if found == nil {
		t.Fatalf("the state is %s", s.stateOf("cells"))
	}
	got := s.want(200, "", "GET", found[1]+"info", "")
	want := `{"@type":"neuroglancer_segment_properties","inline":{"ids":["7","9","18446744073709551615"],"properties":[` +
		`{"id":"cell","type":"label","values":["","Purkinje","glia"]},{"id":"kind","type":"string","values":["","a","b"]},` +
		`{"id":"tags","type":"tags","tags":["big","round"],"values":[[],[0,1],[1]]},` +
		`{"id":"volume","type":"number","data_type":"float32","values":["NaN",1.5,"NaN"],"description":"um^3"},` +
		`{"id":"voxels","type":"number","data_type":"float32","values":["NaN",1,2]},{"id":"voxels 2","type":"number","data_type":"uint32","values":[2,1,0]}]}}`
	if got != want {
		t.Errorf("the list is\n%s, want\n%s", got, want)
	}
	s.want(404, "no list", "GET", found[1]+"other", "")
}

func TestATableOfLabelsThatIsNone(t *testing.T) {
	for want, table := range map[string]*shm.LabelTable{
		`of the kind \"cake\"`:      {IDs: []uint64{1}, Columns: []shm.LabelColumn{{Name: "a", Kind: "cake"}}},
		"has 1 values for 2 labels": {IDs: []uint64{1, 2}, Columns: []shm.LabelColumn{{Name: "a", Kind: "number", Numbers: []float64{1}}}},
	} {
		p := volumestest.New("scope")
		p.Add(shm.VolumeInfo{Name: "cells", Kind: shm.VolumeLabels, Descr: "|u1", Shape: []int{1, 1, 1}, Axes: []string{"z", "y", "x"}, Channels: -1, Properties: true}, []byte{1})
		p.Labels = func(*shm.VolumeInfo) (*shm.LabelTable, error) { return table, nil }
		s := open(t, p)
		at := regexp.MustCompile(`/segments/webmon\.[0-9a-f]+/`).FindString(s.stateOf("cells"))
		s.want(http.StatusBadGateway, strings.ReplaceAll(want, `\"`, `"`), "GET", at+"info", "")
	}
}

func TestASurfaceIsTheMeshOfALabel(t *testing.T) {
	p := volumestest.New("scope")
	p.Add(shm.VolumeInfo{Name: "hull", Kind: shm.VolumeSurface, Shape: []int{0, 0, 0}, Axes: []string{"z", "y", "x"}, Channels: -1})
	p.Geometry = func(*shm.VolumeInfo, shm.Part, uint64) (*shm.Geometry, error) {
		return &shm.Geometry{Rank: 3, Positions: []float32{0, 0, 0, 0, 1, 0, 0, 0, 1}, Faces: []uint32{0, 1, 2}}, nil
	}
	s := open(t, p)
	state := s.stateOf("hull")
	key := regexp.MustCompile(`"source":\{"url":"python://volume/(webmon\.[0-9a-f]+)","subsources":\{"meshes":true\},"enableDefaultSubsources":false\},"segments":\["1"\]`).FindStringSubmatch(state)
	if key == nil {
		t.Fatalf("the state is %s", state)
	}
	s.want(200, `"dataType":"uint32"`, "GET", "/neuroglancer/info/"+key[1], "")
	s.want(200, `"volumeType":"segmentation"`, "GET", "/neuroglancer/info/"+key[1], "")
	if mesh := s.want(200, "", "GET", "/neuroglancer/mesh/"+key[1]+"/1", ""); len(mesh) != 4+36+12 {
		t.Errorf("the mesh has %d bytes", len(mesh))
	}
}

func TestWhatPeopleDrawIsATable(t *testing.T) {
	p, _ := brain()
	s := open(t, p)
	state := `{"dimensions":{"x":[1,""]},"layers":[{"type":"annotation","name":"=marks","source":"local://annotations","annotations":[{"type":"point","id":"a","point":[3]}]}]}`
	s.want(201, "", "PUT", "/views/mine", `{"state":`+state+`}`)
	s.want(200, "layer,id,type,part,x,description,segments\n'=marks,a,point,point,3,,\n", "GET", "/annotations/mine.csv", "")
	s.want(200, `[{"layer":"=marks","id":"a","type":"point","axes":["x"],"units":[""],"parts":["point"],"points":[[3]],"properties":[]}]`, "GET", "/annotations/mine.json", "")
	s.want(404, "as .csv or .json", "GET", "/annotations/mine.txt", "")
	s.want(404, "no such view", "GET", "/annotations/yours.csv", "")
}
