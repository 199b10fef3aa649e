package process_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"webmon/shm"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

// volumesOf is a source with volumes that runs until the test ends.
type volumesOf struct {
	*process.Source
	sink *sourcetest.Sink
}

func attachVolumes(t *testing.T, p *naparitest.Process, code string) volumesOf {
	t.Helper()
	var at struct{ Address, Authkey string }
	p.Run("import webmon\np = webmon.Process('scope', launch=False)\n"+code+"\nout = offered()", &at)
	src, err := process.Attach(t.Context(), process.Options{Address: at.Address, Authkey: []byte(at.Authkey)})
	if err != nil {
		t.Fatal(err)
	}
	v := volumesOf{src, sourcetest.NewSink()}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		_ = src.Run(ctx, v.sink)
	}()
	t.Cleanup(func() { cancel(); <-ran })
	return v
}

// get returns what is declared of a volume, nil if nothing is.
func (v volumesOf) get(name string) *shm.VolumeInfo {
	state, _ := v.sink.Latest(shm.TopicVolumes)
	list, _ := state.(shm.Volumes)
	return list.Get(name)
}

func (v volumesOf) wait(t *testing.T, name string, is func(*shm.VolumeInfo) bool) *shm.VolumeInfo {
	t.Helper()
	v.sink.Wait(t, "the volume "+name, func() bool { info := v.get(name); return info != nil && (is == nil || is(info)) })
	return v.get(name)
}

func (v volumesOf) version(name string) *shm.VolumeVersion {
	state, _ := v.sink.Latest(shm.VolumeTopic(name))
	version, _ := state.(*shm.VolumeVersion)
	return version
}

// A volume of a real Python that is written in place.
func TestVolumeInPlace(t *testing.T) {
	t.Parallel()
	for _, python := range []string{"numpy1", "numpy2"} {
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			p := naparitest.StartPackage(t, python, "")
			v := attachVolumes(t, p, `
brain = p.volume("brain", (4, 5, 6), "uint16", "zyx", scale=(2, 0.5, 0.5), units="um", corner=(1, 0, -3), limits=(0, 100),
    colormap="viridis", blending="additive", opacity=0.5, title="A brain")
brain.data[:] = np.arange(120).reshape(4, 5, 6)
cells = p.volume("cells", (4, 5, 6), ">u4", kind="labels", hidden=True)
`)
			info := v.wait(t, "brain", nil)
			if info.Kind != shm.VolumeImage || info.Descr != "<u2" || fmt.Sprint(info.Shape, info.Axes, info.Units, info.Scale, info.Corner, *info.Limits) !=
				"[4 5 6] [z y x] [um um um] [2 0.5 0.5] [1 0 -3] [0 100]" || info.Colormap != "viridis" || info.Blending != "additive" ||
				*info.Opacity != 0.5 || info.Title != "A brain" || info.Channels != -1 || info.Shm == "" || info.Problem != "" {
				t.Errorf("%+v", info)
			}
			if cells := v.get("cells"); cells.Kind != shm.VolumeLabels || cells.Descr != ">u4" || !cells.Hidden {
				t.Errorf("%+v", cells)
			}
			box, err := v.ReadBox(t.Context(), info, shm.Box{From: []int{1, 2, 3}, To: []int{2, 3, 5}}, nil)
			if err != nil || !slices.Equal(box, []byte{45, 0, 46, 0}) {
				t.Errorf("%v, %v", box, err)
			}
			for _, bad := range []shm.Box{{From: []int{0, 0, 0}, To: []int{4, 5, 7}}, {Level: 1, From: []int{0, 0, 0}, To: []int{1, 1, 1}}, {Level: -1}} {
				if _, err := v.ReadBox(t.Context(), info, bad, nil); !errors.Is(err, shm.ErrBox) {
					t.Errorf("%+v: %v", bad, err)
				}
			}

			// Nobody is told of changes that nobody wants to hear of.
			p.Run("brain.changed()", nil)
			v.sink.Want(shm.VolumeTopic("brain"), 20)
			v.sink.Wait(t, "the version", func() bool { now := v.version("brain"); return now != nil && now.Version == 1 })
			for i := range 5 {
				p.Run(fmt.Sprintf("brain.data[1, 2, 3] = %d; brain.changed(np.s_[1, 2, 3:4])", i), nil)
			}
			v.sink.Wait(t, "the last version", func() bool { return v.version("brain").Version == 6 })
			if now := v.version("brain"); fmt.Sprint(now.From, now.To) != "[1 2 3] [2 3 4]" || now.Generation != info.Generation {
				t.Errorf("%+v", now)
			}
			if box, err = v.ReadBox(t.Context(), info, shm.Box{From: []int{1, 2, 3}, To: []int{2, 3, 4}}, box); err != nil || box[0] != 4 {
				t.Errorf("%v, %v", box, err)
			}

			// Another shape is another volume.
			p.Run(`brain = p.volume("brain", (2, 2, 2), "uint8"); brain.data[:] = 7`, nil)
			again := v.wait(t, "brain", func(now *shm.VolumeInfo) bool { return now.Generation != info.Generation })
			if _, err := v.ReadBox(t.Context(), info, shm.Box{From: []int{0, 0, 0}, To: []int{1, 1, 1}}, nil); !errors.Is(err, shm.ErrNoVolume) {
				t.Errorf("of the volume before: %v", err)
			}
			if box, err := v.ReadBox(t.Context(), again, shm.Box{From: []int{0, 0, 0}, To: []int{2, 2, 2}}, nil); err != nil || len(box) != 8 || box[7] != 7 {
				t.Errorf("%v, %v", box, err)
			}
			p.Run("brain.close()", nil)
			v.sink.Wait(t, "the end of the volume", func() bool { return v.get("brain") == nil })
			if _, err := v.ReadBox(t.Context(), again, shm.Box{From: []int{0, 0, 0}, To: []int{2, 2, 2}}, nil); !errors.Is(err, shm.ErrNoVolume) {
				t.Errorf("of a volume that was closed: %v", err)
			}
			v.sink.Wait(t, "the end of its versions", func() bool { state, _ := v.sink.Latest(shm.VolumeTopic("brain")); return state == nil })
		})
	}
}
