package arrays

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/frame"
	"webmon/dashboard/hub"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm"
)

const (
	// maxListed is how many records the page lists.
	maxListed = 200
	// maxCharted is how many points of a column are charted.
	maxCharted = 4096
	// maxCell is how many characters of a value a cell has at most.
	maxCell = 80
	// tableEvery is the least time between two tables.
	tableEvery = 250 * time.Millisecond
)

// records is the table of an array as the page shows it.
func records(src *source.Source, info *shm.ArrayInfo) components.ArrayRecords {
	r := components.ArrayRecords{Topic: src.ID() + "/records/" + info.Name}
	var t *pixels.Table
	_, err := pixels.Current(src, info.Name, func(frame *shm.ArrayFrame) (err error) {
		t, err = pixels.ReadTable(context.Background(), frame, maxListed)
		return err
	})
	if t == nil || err != nil {
		if columns, err := pixels.Columns(info, info.Shape); err == nil {
			r.Columns = uiColumns(columns)
		}
		if pixels.Newest(src, info.Name) == nil {
			r.More = pixels.WhyNone(src, info.Name)
		} else if !errors.Is(err, shm.ErrOvertaken) {
			r.More = natural.Sentence(err.Error())
		}
		return r
	}
	r.Columns, r.Total = uiColumns(t.Columns), t.Total
	for i, row := range t.Rows {
		texts := make([]string, 1, len(row)+1)
		texts[0] = strconv.Itoa(i)
		for _, v := range row {
			texts = append(texts, text(v, t.Columns[len(texts)-1].Short))
		}
		r.Rows = append(r.Rows, ui.Row{Key: texts[0], Cells: ui.Text(texts...)})
	}
	if left := t.Total - len(t.Rows); left > 0 {
		r.More = ui.Count(left) + " more " + ui.Plural(left, "is", "are") + " not listed."
	}
	return r
}

// uiColumns are the columns of a table, the records' numbers before them.
func uiColumns(columns []pixels.Column) []ui.Column {
	out := []ui.Column{{Title: "#", Numeric: true}}
	for _, c := range columns {
		out = append(out, ui.Column{Title: c.Name, Unit: c.Unit, Numeric: c.Number})
	}
	return out
}

// text is a value in a cell, of at most a line: numbers with as many digits as it
// takes to tell them apart, those that are short among floats of 32 bits.
func text(v shm.Value, short bool) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return natural.Short(v, maxCell)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		if abs := math.Abs(v); short && (abs >= 1e-6 && abs < 1e21 || abs == 0) {
			return strconv.FormatFloat(v, 'f', -1, 32)
		}
	}
	if text, ok := shm.NumberText(v); ok {
		return text
	}
	b, err := shm.AppendJSON(nil, v)
	if err != nil {
		return ""
	}
	return natural.Short(string(b), maxCell)
}

// tableName checks the detail of a topic of a table.
func tableName(detail string) (string, error) {
	if !pixels.IsName(detail) {
		return "", fmt.Errorf("%q is no name of an array", detail)
	}
	return detail, nil
}

// newRecords opens the feed that renders the records of a table.
func newRecords(at tab.Place) (tab.Feed, error) {
	src, detail := at.Source, at.Detail
	name, err := tableName(detail)
	if err != nil {
		return tab.Feed{}, err
	}
	var last components.ArrayRecords
	return tab.NewFragment([]string{shm.ArrayTopic(name)}, func(time.Time) templ.Component {
		info := pixels.Info(src, name)
		if info == nil || !pixels.IsTable(info) {
			return templ.NopComponent
		}
		next := records(src, info)
		if next.Rows == nil && next.More == "" && len(last.Rows) > 0 {
			next = last // overwritten while it was read: the last one stays
		}
		last = next
		return components.ArrayRecordsFrame(next)
	}), nil
}

// columns is the feed of the numbers in a table's columns, for charts with the index of
// the record as x. Its frames are JSON:
//
//	{"topic", "ts": ms since the epoch, "seq", "stamp": the process's ms or null,
//	 "total": records, "step": records a point stands for,
//	 "names": [...], "units": [...], "columns": {name: [number or null, ...]}}
//
// Of more records than a chart has points, each two neighbouring points are the
// least and the greatest of 2 * step records, in the order in which they came.
// It is made like a picture, since a table may have millions of records.
type columns struct {
	src         *source.Source
	topic, name string
	seq         uint64
	generation  string
	size        int // of the last message, bytes
}

func newColumns(at tab.Place) (tab.Pictures, error) {
	name, err := tableName(at.Detail)
	if err != nil {
		return tab.Pictures{}, err
	}
	f := &columns{src: at.Source, topic: at.Topic, name: name}
	return tab.Pictures{Wants: []string{shm.ArrayTopic(name)}, Every: tableEvery, Next: tab.AsIs(f.next)}, nil
}

// next is [tab.Pictures.Next].
func (f *columns) next(now time.Time) *hub.Message {
	var charted []pixels.Charted
	frame, err := pixels.Current(f.src, f.name, func(frame *shm.ArrayFrame) (err error) {
		if frame.Seq == f.seq && frame.Info.Generation == f.generation {
			return errSame
		}
		if !pixels.IsTable(frame.Info) {
			return errors.New("it is no table")
		}
		charted, err = pixels.ReadColumns(frame)
		return err
	})
	if err != nil {
		return nil
	}
	f.seq, f.generation = frame.Seq, frame.Info.Generation
	return hub.Text(f.encode(frame, charted, now))
}

func (f *columns) encode(fr *shm.ArrayFrame, list []pixels.Charted, now time.Time) []byte {
	total := fr.Shape[0]
	step := max(1, (total+maxCharted-1)/maxCharted)
	w := frame.Begin(make([]byte, 0, f.size+64), f.topic, now)
	w.Key("seq").Uint(fr.Seq)
	pixels.WriteStamp(w.Key("stamp"), fr)
	w.Key("total").Int(int64(total))
	w.Key("step").Int(int64(step))
	w.Key("names").Array()
	for _, c := range list {
		w.String(c.Name)
	}
	w.EndArray()
	w.Key("units").Array()
	for _, c := range list {
		w.String(c.Unit)
	}
	w.EndArray()
	w.Key("columns").Object()
	for _, c := range list {
		w.Key(c.Name).Array()
		for _, x := range thin(c.Values, step) {
			w.Float(x)
		}
		w.EndArray()
	}
	w.EndObject()
	b := w.End()
	f.size = len(b)
	return b
}

// thin returns the values for a chart, fewer of them if step is more than one. NaN
// stands for a value that is not a number.
func thin(values []float64, step int) []float64 {
	if step == 1 {
		return values
	}
	out := make([]float64, 0, len(values)/step+2)
	for part := range slices.Chunk(values, 2*step) {
		low, high := -1, -1
		for i, x := range part {
			if math.IsNaN(x) {
				continue
			}
			if low < 0 || x < part[low] {
				low = i
			}
			if high < 0 || x > part[high] {
				high = i
			}
		}
		if low < 0 {
			out = append(out, math.NaN(), math.NaN())
			continue
		}
		out = append(out, part[min(low, high)], part[max(low, high)])
	}
	return out
}
