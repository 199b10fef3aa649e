// Package notes reads what people have drawn in a view of Neuroglancer's client: points, lines, boxes,
// ellipsoids and lines with several corners, with their properties and the labels that they belong to. It reads
// them out of the view's state, and writes them as a table.
//
//	all := notes.Read(state)
//	err := notes.WriteCSV(w, all, cell)
package notes

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Note is something that somebody has drawn.
type Note struct {
	Layer       string `json:"layer"`
	ID          string `json:"id"`
	Kind        string `json:"type"` // "point", "line", "axis_aligned_bounding_box", "ellipsoid" or "polyline"
	Description string `json:"description,omitempty"`
	// Axes are the names of the axes, and Units the units of all coordinates: "m", "s", "Hz", "rad/s" or "" for
	// voxels.
	Axes  []string `json:"axes"`
	Units []string `json:"units"`
	// Parts name the Points: "point"; "a" and "b"; "center" and "radii"; or the numbers of corners, from 0.
	Parts      []string    `json:"parts"`
	Points     [][]float64 `json:"points"`     // in the units, one number for each axis
	Properties []Property  `json:"properties"` // in the order of the layer
	// Segments are the labels that it belongs to, a list for each layer of labels that is linked.
	Segments [][]string `json:"segments,omitempty"`
}

// Property is a value that a note has.
type Property struct {
	Name  string `json:"name"`
	Value any    `json:"value"` // a number, or a text such as "#ff8000"
}

type state struct {
	Dimensions json.RawMessage   `json:"dimensions"`
	Layers     []json.RawMessage `json:"layers"`
}

type layer struct {
	Name        string            `json:"name"`
	Source      json.RawMessage   `json:"source"`
	Annotations []json.RawMessage `json:"annotations"`
	Properties  []struct {
		ID      string          `json:"id"`
		Default json.RawMessage `json:"default"`
	} `json:"annotationProperties"`
}

type drawn struct {
	ID          string            `json:"id"`
	Type        string            `json:"type"`
	Description string            `json:"description"`
	Point       []float64         `json:"point"`
	A           []float64         `json:"pointA"`
	B           []float64         `json:"pointB"`
	Center      []float64         `json:"center"`
	Radii       []float64         `json:"radii"`
	Points      [][]float64       `json:"points"`
	Props       []json.RawMessage `json:"props"`
	Segments    json.RawMessage   `json:"segments"`
}

// Read lists what people have drawn, in the order of the layers. Whoever uses the client, or a script, may have
// written anything into a state: what is no annotation is left out.
func Read(text []byte) []Note {
	out := []Note{}
	var s state
	if json.Unmarshal(text, &s) != nil {
		return out
	}
	for _, raw := range s.Layers {
		var l layer
		if json.Unmarshal(raw, &l) != nil || len(l.Annotations) == 0 {
			continue
		}
		axes := axesOf(l.Source)
		if axes == nil {
			axes = dimensions(s.Dimensions)
		}
		for _, raw := range l.Annotations {
			var d drawn
			if json.Unmarshal(raw, &d) != nil {
				continue
			}
			if n, ok := d.note(&l, axes); ok {
				out = append(out, n)
			}
		}
	}
	return out
}

// note is what was drawn as it goes out; false if it is not what its type says.
func (d *drawn) note(l *layer, axes []axis) (Note, bool) {
	n := Note{Layer: l.Name, ID: d.ID, Kind: d.Type, Description: d.Description, Properties: []Property{}}
	var points [][]float64
	switch d.Type {
	case "point":
		n.Parts, points = []string{"point"}, [][]float64{d.Point}
	case "line", "axis_aligned_bounding_box":
		n.Parts, points = []string{"a", "b"}, [][]float64{d.A, d.B}
	case "ellipsoid":
		n.Parts, points = []string{"center", "radii"}, [][]float64{d.Center, d.Radii}
	case "polyline":
		for i := range d.Points {
			n.Parts = append(n.Parts, strconv.Itoa(i))
		}
		points = d.Points
	}
	if len(points) == 0 {
		return n, false
	}
	for _, a := range axes {
		n.Axes, n.Units = append(n.Axes, a.name), append(n.Units, a.unit)
	}
	for _, p := range points {
		if len(p) != len(axes) || len(p) == 0 {
			return n, false
		}
		scaled := make([]float64, len(p))
		for i, x := range p {
			if scaled[i] = x * axes[i].scale; math.IsInf(scaled[i], 0) {
				return n, false
			}
			// Without what multiplying has added to the last digits.
			scaled[i], _ = strconv.ParseFloat(strconv.FormatFloat(scaled[i], 'g', 14, 64), 64)
		}
		n.Points = append(n.Points, scaled)
	}
	for i, p := range l.Properties {
		value := p.Default
		if i < len(d.Props) {
			value = d.Props[i]
		}
		n.Properties = append(n.Properties, Property{p.ID, scalar(value)})
	}
	n.Segments = segments(d.Segments)
	return n, true
}

// scalar is a number, a text or nothing.
func scalar(raw json.RawMessage) any {
	var number json.Number
	var text string
	switch {
	case len(raw) == 0:
	case json.Unmarshal(raw, &text) == nil:
		return text
	case json.Unmarshal(raw, &number) == nil:
		return number
	}
	return nil
}

// segments reads the labels of a note: a list for each linked layer, or one list alone.
func segments(raw json.RawMessage) [][]string {
	var many [][]string
	if len(raw) > 0 && json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one []string
	if len(raw) > 0 && json.Unmarshal(raw, &one) == nil && len(one) > 0 {
		return [][]string{one}
	}
	return nil
}

type axis struct {
	name  string
	scale float64
	unit  string
}

// axesOf are those of a layer's own source, nil if it says none.
func axesOf(source json.RawMessage) []axis {
	var list []json.RawMessage
	if json.Unmarshal(source, &list) != nil {
		list = []json.RawMessage{source}
	}
	for _, raw := range list {
		var s struct {
			Transform struct {
				Output json.RawMessage `json:"outputDimensions"`
			} `json:"transform"`
		}
		if json.Unmarshal(raw, &s) == nil && len(s.Transform.Output) > 0 {
			return dimensions(s.Transform.Output)
		}
	}
	return nil
}

const maxAxes = 32

// dimensions reads the axes of a space in their order.
func dimensions(raw json.RawMessage) (out []axis) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() && len(out) < maxAxes {
		t, err := d.Token()
		name, ok := t.(string)
		var value []any
		if err != nil || !ok || d.Decode(&value) != nil {
			return out
		}
		a := axis{name: name, scale: 1}
		if len(value) >= 2 {
			if x, ok := value[0].(float64); ok {
				a.scale = x
			}
			a.unit, _ = value[1].(string)
		}
		out = append(out, a)
	}
	return out
}

// WriteCSV writes notes as a table with a line for each of their points: layer, id, type and part, a column for
// each axis with its unit, description and segments, then the properties. cell writes a text or a number so that
// no spreadsheet takes it for a formula.
func WriteCSV(w io.Writer, list []Note, cell func(any) string) error {
	var axes, properties []string
	for i := range list {
		n := &list[i]
		for k := range n.Axes {
			if c := n.column(k); !slices.Contains(axes, c) {
				axes = append(axes, c)
			}
		}
		for _, p := range n.Properties {
			if !slices.Contains(properties, p.Name) {
				properties = append(properties, p.Name)
			}
		}
	}
	out := csv.NewWriter(w)
	write := func(row []any) error {
		cells := make([]string, len(row))
		for i, v := range row {
			if v != nil {
				cells[i] = cell(v)
			}
		}
		return out.Write(cells)
	}
	head := []any{"layer", "id", "type", "part"}
	for _, name := range axes {
		head = append(head, name)
	}
	head = append(head, "description", "segments")
	for _, name := range properties {
		head = append(head, name)
	}
	if err := write(head); err != nil {
		return err
	}
	for i := range list {
		n := &list[i]
		for k, p := range n.Points {
			row := make([]any, len(head))
			row[0], row[1], row[2], row[3] = n.Layer, n.ID, n.Kind, n.Parts[k]
			for a, x := range p {
				row[4+slices.Index(axes, n.column(a))] = x
			}
			row[4+len(axes)] = n.Description
			var ids []string
			for _, of := range n.Segments {
				ids = append(ids, strings.Join(of, " "))
			}
			row[5+len(axes)] = strings.Join(ids, "; ")
			for _, q := range n.Properties {
				value := q.Value
				if number, ok := value.(json.Number); ok {
					value = any(string(number))
					if x, err := number.Float64(); err == nil {
						value = x
					}
				}
				row[6+len(axes)+slices.Index(properties, q.Name)] = value
			}
			if err := write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// column is the name of the column of an axis.
func (n *Note) column(i int) string {
	if n.Units[i] == "" {
		return n.Axes[i]
	}
	return fmt.Sprintf("%s (%s)", n.Axes[i], n.Units[i])
}
