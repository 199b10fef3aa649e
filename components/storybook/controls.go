package storybook

import (
	"math"
	"strconv"
	"strings"
	"time"

	"webmon/components"
	"webmon/components/ui"
)

func bound(x float64) *float64 { return &x }

// control is a control of a scope that is live.
func control(name, label string, kind ui.FieldType, value string) ui.ControlProps {
	return ui.ControlProps{
		Field:  ui.Field{ID: ui.ID("value", name), Name: name, Label: label, Type: kind, Value: value},
		Source: "scope", Action: "/sources/scope/commands/" + name + "?as=control", CSRF: csrf,
	}
}

func slider() ui.ControlProps {
	p := control("exposure", "Exposure", ui.FloatField, "12.5")
	p.Min, p.Max, p.Log, p.Unit, p.Default, p.Help = bound(0.1), bound(500), true, "ms", "10", "How long the camera sees."
	return p
}

func sliderWith(change func(*ui.ControlProps)) ui.ControlProps {
	p := slider()
	change(&p)
	return p
}

func linear() ui.ControlProps {
	p := control("frames", "Frames", ui.IntField, "10")
	p.Min, p.Max, p.Default = bound(1), bound(1000), "1"
	return p
}

func unlimited() ui.ControlProps {
	p := control("center", "Centre y", ui.FloatField, "-512.25")
	p.Unit = "µm"
	return p
}

// labelled is a choice of which people see other words than programs send.
func labelled() ui.ControlProps {
	p := choice("1", "2", "3")
	p.Name, p.Label, p.Labels = "layer", "Layer", []string{"nuclei", "<b>", strings.Repeat("a long name ", 16) + "(3)"}
	return p
}

func choice(choices ...string) ui.ControlProps {
	p := control("mode", "Mode", ui.ChoiceField, choices[len(choices)/2])
	p.Choices = choices
	return p
}

func toggle(on string) ui.ControlProps {
	p := control("shutter", "Shutter", ui.BoolField, on)
	p.Help = "Lets light through."
	return p
}

func eye(on string) ui.ControlProps {
	p := control("visible", "nuclei visible", ui.BoolField, on)
	p.On, p.Off, p.Quiet = "eye", "eye-off", true
	return p
}

func snap(life ui.CommandLife) ui.ActionProps {
	return ui.ActionProps{
		ID: ui.ID("action", "snap"), Label: "Snap", Help: "Takes frames, one after the other.", Action: "/sources/scope/commands/snap?as=form", CSRF: csrf,
		Fields: []ui.Field{
			{ID: "value-snap-ms", Name: "ms", Label: "Exposure", Type: ui.FloatField, Value: "5", Min: bound(0.1), Max: bound(500), Unit: "ms"},
			{ID: "value-snap-count", Name: "count", Label: "Frames", Type: ui.IntField, Value: "1", Min: bound(1)},
			{ID: "value-snap-into", Name: "into", Label: "Into", Type: ui.TextField, Value: "run-17"},
			{ID: "value-snap-mode", Name: "mode", Label: "Mode", Type: ui.ChoiceField, Value: "slow", Choices: []string{"fast", "slow"}},
			{ID: "value-snap-light", Name: "light", Label: "With light", Type: ui.BoolField, Value: "true"},
		},
		Life: life,
	}
}

func bareAction(name, label string, life ui.CommandLife) ui.ActionProps {
	return ui.ActionProps{ID: ui.ID("action", name), Label: label, Action: "/sources/scope/commands/" + name + "?as=form", CSRF: csrf, Life: life}
}

func controlsPage() components.Controls {
	dim := linear()
	dim.Name, dim.ID, dim.Label = "dims.t", ui.ID("value", "dims.t"), "t"
	return components.Controls{
		Source: "scope", Name: "scope", Link: ui.Live, LiveTopic: "scope/html/controls", ValuesTopic: "scope/values",
		Groups: []components.ControlGroup{
			{Title: "General", Controls: []ui.ControlProps{slider(), linear(), toggle("true")}, Actions: []ui.ActionProps{snap(ui.CommandLife{})}},
			{Name: "stage", Title: "Stage", Controls: []ui.ControlProps{unlimited(), choice("left", "right"), dim}, Actions: []ui.ActionProps{bareAction("home", "Home", ui.CommandLife{Status: ui.Applied})}},
		},
		Log: []components.CommandEntry{
			{ID: "C3", Time: noon, Name: "home", Status: ui.Applied},
			{ID: "C2", Time: noon.Add(-3 * time.Second), Name: "snap", Args: "ms 5 ms, count 1", Status: ui.Refused, Reason: "the shutter is closed"},
			{ID: "C1", Time: noon.Add(-8 * time.Second), Name: "exposure", Args: "12.5 ms", Status: ui.Queued},
		},
	}
}

func controlsHuge() components.Controls {
	c := controlsPage()
	for i := range 40 {
		p := slider()
		p.Name = strings.Repeat("a_long_name_", 1+i%6) + ui.Count(i)
		p.ID, p.Label = ui.ID("value", p.Name), strings.Repeat("a long name ", 1+i%6)+ui.Count(i)
		p.Value, p.Unit, p.Help = "123456.7", "photons/µm²/s", lorem
		p.Life = ui.CommandLife{Status: ui.Refused, Reason: strings.TrimSpace(lorem)}
		c.Groups[0].Controls = append(c.Groups[0].Controls, p)
	}
	c.Groups[1].Title = "</h2><script>"
	c.Groups[1].Controls[1].Choices = []string{strings.Repeat("a long choice ", 12), `"><script>`}
	c.Log[0].Args = strings.Repeat("x 1.234567, ", 40)
	return c
}

func layersPage() components.Layers {
	of := func(id, name, label string, kind ui.FieldType, value string) ui.ControlProps {
		p := control("layer."+id+"."+name, label, kind, value)
		p.Source = "napari"
		return p
	}
	row := func(id, name, kind, on string, up, down string) components.LayerRow {
		visible := of(id, "visible", name+" visible", ui.BoolField, on)
		visible.On, visible.Off, visible.Quiet = "eye", "eye-off", true
		return components.LayerRow{
			ID: id, Name: name, Kind: kind, Href: "?layer=" + id, Eye: &visible,
			Order: &components.LayerOrder{Action: "/sources/napari/commands/layer." + id + ".index?as=none", CSRF: csrf, Name: "layer." + id + ".index", Up: up, Down: down},
		}
	}
	opacity := of("2", "opacity", "Opacity", ui.FloatField, "0.7")
	opacity.Min, opacity.Max, opacity.Step, opacity.Default = bound(0), bound(1), 0.01, "1"
	colormap := of("2", "colormap", "Colormap", ui.ChoiceField, "green")
	colormap.Choices = []string{"gray", "green", "magenta", "viridis", "turbo"}
	low, high := of("2", "contrast_low", "Contrast from", ui.FloatField, "120"), of("2", "contrast_high", "Contrast to", ui.FloatField, "2400")
	low.Min, low.Max, high.Min, high.Max = bound(0), bound(4095), bound(0), bound(4095)
	low.Soft, high.Soft = true, true
	level := of("2", "level", "Level", ui.ChoiceField, "auto")
	level.Choices = []string{"auto", "0", "1", "2"}
	rendering := of("2", "rendering", "Rendering", ui.ChoiceField, "mip")
	rendering.Choices, rendering.Section = []string{"mip", "iso", "attenuated_mip"}, "3-D"
	boxColor := of("2", "bounding_box.line_color", "Line colour", ui.ColorField, "#ff000080")
	boxColor.Section = "Bounding box"
	duplicate := bareAction("duplicate_layer", "Duplicate", ui.CommandLife{})
	duplicate.Hidden = []ui.Pair{{Name: "layer", Value: "2"}}
	auto := bareAction("auto_contrast", "Auto contrast", ui.CommandLife{})
	auto.Hidden = []ui.Pair{{Name: "layer", Value: "2"}}
	histogram := &components.Histogram{Low: 0, High: 4095, ContrastLow: 120, ContrastHigh: 2400, LowName: low.Name, HighName: high.Name}
	for i := range 256 {
		x := float64(i-40) / 30
		histogram.Counts = append(histogram.Counts, int64(200000*math.Exp(-x*x)))
	}
	axis := of("", "", "t", ui.IntField, "3")
	axis.Name, axis.ID, axis.Min, axis.Max = "dims.t", ui.ID("value", "dims.t"), bound(0), bound(99)
	play := of("", "", "Play t", ui.BoolField, "false")
	play.Name, play.ID, play.On, play.Off, play.Quiet = "dims.t.play", ui.ID("value", "dims.t.play"), "pause", "play", true
	zoom := of("", "", "Zoom", ui.FloatField, "1.5")
	zoom.Name, zoom.ID, zoom.Min, zoom.Max, zoom.Log = "camera.zoom", ui.ID("value", "camera.zoom"), bound(0.1), bound(1000), true
	rows := []components.LayerRow{
		row("4", "spots", "points", "true", "", "2"), row("3", "cells", "labels", "false", "3", "1"), row("2", "nuclei", "image", "true", "2", "0"),
		row("1", "something of tomorrow", "hologram", "true", "1", ""),
	}
	rows[2].Open, rows[2].Selected = true, true
	for i := range rows[:3] {
		pick := of(rows[i].ID, "selected", rows[i].Name+" selected in napari", ui.BoolField, strconv.FormatBool(rows[i].Selected))
		pick.On, pick.Off, pick.Quiet = "picked", "unpicked", true
		rows[i].Pick, rows[i].Thumb = &pick, thumb
	}
	rows[1].Linked, rows[2].Linked = "nuclei", "cells"
	rows[0].Life = ui.CommandLife{Status: ui.Refused, Reason: "the layer is being loaded"}
	return components.Layers{
		Source: "napari", Name: "napari", Link: ui.Live, State: components.LayersLive,
		LiveTopic: "napari/layers/selected", ValuesTopic: "napari/values", HowTo: components.PlugIn, Rows: rows,
		Open: &components.LayerDetail{
			ID: "2", Name: "nuclei", Kind: "image", Controls: []ui.ControlProps{opacity, colormap, level, rendering, boxColor}, Contrast: []ui.ControlProps{low, high},
			Histogram: histogram, Auto: &auto, Do: []ui.ActionProps{duplicate},
			Remove: &ui.ConfirmProps{
				ID: "remove-2", Label: "Remove", Title: "Remove the layer “nuclei”?", Text: "It goes out of napari for everybody.",
				Action: "/sources/napari/commands/remove_layer", CSRF: csrf, Hidden: []ui.Pair{{Name: "layer", Value: "2"}},
			},
			Facts: []ui.Pair{
				{Name: "shape", Value: "20 × 20 000 × 30 000", Note: "z, y, x", Key: "shape"}, {Name: "type", Value: "uint16", Key: "dtype"},
				{Name: "level", Value: "2", Note: "of 3; level 1 would fit the screen, so the picture is coarser than it could be", Key: "level"},
				{Name: "reloads", Value: "7", Note: "of what it had just had", Key: "reloads"}, {Name: "path", Value: "/data/embryo.zarr", Key: "path"},
			},
			Levels: []components.LayerLevel{{N: 0, Shape: "20 × 20 000 × 30 000"}, {N: 1, Shape: "20 × 10 000 × 15 000", Ideal: true}, {N: 2, Shape: "20 × 5000 × 7500", Used: true}},
		},
		Do: []ui.ActionProps{bareAction("add_points_layer", "Add points", ui.CommandLife{}), bareAction("link_layers", "Link the selected", ui.CommandLife{})},
		Views: &components.SavedViews{
			Save: "/sources/napari/views", Go: "/sources/napari/views/go", Delete: "/sources/napari/views/delete", CSRF: csrf,
			Said: "“the nucleus” is shown as far as it can be: there is no layer 'spots' any more.",
			List: []components.SavedView{
				{Name: "all of it", About: "3-D, 4 of 4 layers", By: "Anna", Time: noon, Link: "?source=napari&view=all+of+it"},
				{Name: "the nucleus", About: "2-D, 3 of 4 layers", By: "Anna", Time: noon, Link: "?source=napari&view=the+nucleus"},
			},
		},
		Cards: []components.LayersCard{
			{ID: "card-dims", Title: "Dims", Help: "The slice that napari shows.", Controls: []ui.ControlProps{axis, play}},
			{ID: "card-camera", Title: "Camera", Controls: []ui.ControlProps{zoom}, Actions: []ui.ActionProps{bareAction("reset_view", "Reset view", ui.CommandLife{})}},
			{ID: "card-canvas", Title: "Canvas", Actions: []ui.ActionProps{bareAction("screenshot", "Screenshot", ui.CommandLife{Status: ui.Queued})}, Shots: true},
		},
	}
}

// thumb is a picture of two pixels.
const thumb = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAD0lEQVR4nGNg+M9QDwIADoMDfz8DCWQAAAAASUVORK5CYII="

func layersAsked() components.Layers {
	l := layersPage()
	l.Asked = &l.Views.List[1]
	return l
}

func layersShot() components.Layers {
	l := layersPage()
	l.Cards[2].Shot = &components.Screenshot{URL: "/lab/assets/icon.svg", Time: noon, Rows: 559, Cols: 699}
	l.Open.Histogram = nil
	return l
}

func layersHuge() components.Layers {
	l := layersPage()
	for i := range 96 {
		r := l.Rows[i%4]
		r.ID, r.Name, r.Open = "9"+ui.Count(i), strings.Repeat("a long name ", 1+i%8)+ui.Count(i), false
		r.Eye, r.Pick, r.Order = nil, nil, nil
		l.Rows = append(l.Rows, r)
	}
	l.Open.Name = strings.Repeat("a_long_name_", 20)
	l.Open.Facts[4].Value = "/data/" + strings.Repeat("a-long-folder/", 20)
	return l
}

func layersEmpty(state components.LayersState, link ui.State) components.Layers {
	l := components.Layers{Source: "napari", Name: "napari", Link: link, State: state, LiveTopic: "napari/layers/selected", HowTo: components.PlugIn}
	if state == components.LayersNone {
		l.Source, l.Name = "", ""
	}
	if state == components.LayersEmpty {
		l.Cards = layersPage().Cards
	}
	return l
}

func notAColor() ui.ControlProps {
	p := control("face", "Face colour", ui.ColorField, "#ff8000")
	p.Error = "face must be a colour: # and the six hexadecimal digits of red, green and blue, or eight with the opacity."
	return p
}

// folded are controls of which some belong to a section.
func folded() []ui.ControlProps {
	color, linear := control("face", "Face colour", ui.ColorField, "#ff8000"), linear()
	color.Section, linear.Section = "Points", "Points"
	return []ui.ControlProps{choice("pan_zoom", "add", "select"), color, linear}
}
