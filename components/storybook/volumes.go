package storybook

import (
	"strings"
	"time"

	"webmon/components"
	"webmon/components/ui"
)

func volumes(link ui.State) components.Volumes {
	return components.Volumes{
		Source: "scope", Name: "scope", Link: link, LiveTopic: "scope/html/volumes", State: components.VolumesLive,
		List: []components.VolumeCard{
			{Name: "brain", Title: "Brain", Href: "/volumes/scope/brain", Kind: "image", Shape: "64 × 512 × 512", Axes: "z, y, x", DType: "uint16", Voxel: "1 × 0.25 × 0.25 µm", Bytes: 32 << 20, Looking: 2},
			{Name: "cells", Title: "cells", Href: "/volumes/scope/cells", Kind: "labels", Shape: "64 × 512 × 512", Axes: "z, y, x", DType: "uint32", Bytes: 64 << 20, From: "a layer", Note: "352 cells."},
			{Name: "em", Title: "em", Href: "/volumes/scope/em", Kind: "image", Shape: "8192 × 16\u202f384 × 16\u202f384", Axes: "z, y, x", DType: "uint8", From: "read on demand", Problem: "The volume has 3 axes and names for 2."},
			{Name: "paths", Title: "paths", Href: "/volumes/scope/paths", Kind: "tracks", Shape: "64 × 512 × 512", Axes: "z, y, x", From: "a layer"},
		},
	}
}

func volumesViews() components.Volumes {
	v := volumes(ui.Live)
	v.Views = []components.VolumeView{{Key: "a", Title: "annotate", Href: "/volumes/scope/view/a", Looking: 1}, {Key: "b", Title: strings.Repeat("0123456789", 4), Href: "/volumes/scope/view/b", Ended: true}}
	return v
}

func volumesHuge() components.Volumes {
	v := volumes(ui.Live)
	for i := range 60 {
		c := v.List[i%4]
		c.Name += ui.Count(i)
		c.Title = strings.Repeat("A_long_title_without_a_space", 1+i%3)
		c.Note, c.Looking = strings.Repeat(lorem, 3), 123456
		v.List = append(v.List, c)
	}
	return v
}

func volume(change func(*components.Volume)) components.Volume {
	opacity, alpha, on := 0.75, 0.5, false
	v := components.Volume{
		Title: "Brain", List: "/volumes?source=scope", Client: "about:blank", Other: "/volumes/scope/brain?own=1",
		Panel: components.VolumePanel{
			Company: components.VolumeCompany{Action: "/volumes/scope/company/0123", Ways: []components.VolumeWay{
				{Value: "apart", Label: "Apart"}, {Value: "napari", Label: "napari leads", Current: true}, {Value: "view", Label: "This view leads"},
			}},
			LiveTopic: "scope/volume/0123", Action: "/volumes/scope/layer/0123", CSRF: csrf, Looking: 2, Reopen: "/volumes/scope/v/0123/#!{}",
			Position: []ui.Pair{{Name: "x", Value: "255", Note: "63.88 µm"}, {Name: "y", Value: "255", Note: "63.88 µm"}, {Name: "z", Value: "31", Note: "31.5 µm"}},
			Layers: []components.VolumeLayer{
				{Key: "0", Name: "Brain", Kind: "image", Visible: true, Opacity: &opacity, Range: &[2]float64{0, 4095}, Colormap: "magma", Colors: []string{"gray", "magma", "viridis"}, Render: &on,
					Facts: []ui.Pair{{Name: "shape", Value: "64 × 512 × 512", Note: "z, y, x"}, {Name: "dtype", Value: "uint16"}, {Name: "generation", Value: "17"}},
					Live:  true, Changed: 400 * time.Millisecond, Loading: 12, Note: "float64 is shown as float32, with about seven digits."},
				{Key: "1", Name: "cells", Kind: "segmentation", Opacity: &alpha, Segments: []components.VolumeSegment{{ID: "7", Size: "12\u202f480 voxels"}, {ID: "9223372036854775813"}}, More: 40},
			},
		},
	}
	v.Elsewhere = &components.Elsewhere{Action: "/volumes/scope/offers", CSRF: csrf, Volume: "brain"}
	if change != nil {
		change(&v)
	}
	return v
}

// volumeOffered is a volume that other programs read.
func volumeOffered(v *components.Volume) {
	const address = "http://127.0.0.1:8000/zarr/4KXO2MZLQEJ6AJXPHJOZNGJ6W4/newest/"
	v.Elsewhere.Offers = []components.ElsewhereOffer{
		{ID: "0123456789ab", Address: address, By: "Ada", Until: noon.Add(24 * time.Hour), Used: "4 s", Bytes: 48 << 20, Revoke: "/volumes/scope/offers/0123456789ab/revoke",
			Public: "https://neuroglancer-demo.appspot.com/#!{}", Exact: strings.Replace(address, "newest", "g17", 1),
			Snippets: []components.ElsewhereSnippet{{Key: "zarr", Title: "zarr", Code: "import zarr\n\nbrain = zarr.open_array(\"" + address + "0\", mode=\"r\")"}}},
		{ID: "ba9876543210", Address: strings.Replace(address, "4KXO", "AAAA", 1), By: strings.Repeat("Somebody with a long name ", 3), Until: noon.Add(time.Hour), Revoke: "/volumes/scope/offers/ba9876543210/revoke", Exact: address},
	}
}

func volumeWrong(v *components.Volume) {
	v.Elsewhere.Closed = "Only people who may steer can offer the volume to other programs."
	v.Own, v.Other = true, "/volumes/scope/brain"
	v.Panel.State = "The process has ended. What is loaded stays; what is not cannot be loaded any more."
	v.Panel.Script = "The script that made this view has ended. This is how it left it, and it can be looked at as before. Started again, the script takes it up."
	v.Panel.Problems = []components.VolumeProblem{
		{Layer: "Brain", What: "chunks", Text: "The volume is not there any more: the process has ended.", Times: 12, Age: 3 * time.Second},
		{Layer: "cells", What: "mesh", Label: "70112", Text: "There is no such label.", Times: 1, Age: time.Minute},
	}
	v.Panel.Company.Problem = "The process has ended, and its napari with it."
	v.Panel.Company.Ways[2].Why = "You may only look at the process, so your view cannot lead it."
	v.Panel.Reopen = ""
}

func volumeLong(v *components.Volume) {
	v.Title = strings.Repeat("A_long_title_without_a_space", 4)
	for i := range 30 {
		l := v.Panel.Layers[i%2]
		l.Key, l.Name = ui.Count(i+2), strings.Repeat("a_long_name_of_a_layer", 1+i%3)
		v.Panel.Layers = append(v.Panel.Layers, l)
	}
}
