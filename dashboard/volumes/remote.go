package volumes

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"webmon/dashboard/budget"
	"webmon/dashboard/volumes/mesh"
	"webmon/dashboard/volumes/points"
	"webmon/dashboard/volumes/view"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

// remote begins the sources that the client reads in its format precomputed, below the address of a process's
// volumes. That format wants whole addresses, which differ from browser to browser: the page puts its own in place
// of the name (public/js/events-early.js), and takes it out of what it sends.
const remote = "precomputed://webmon:/"

// Where the files of points and of labels are. The generation in the address is what makes the client read
// them again: it keeps what it has read of an address for ever.
func pointsAt(key string, generation uint64) string {
	return remote + "points/" + key + "/g" + strconv.FormatUint(generation, 10) + "/"
}

func segmentsAt(key string) string { return remote + "segments/" + key + "/" }

const (
	// pointsEvery is the least time between two times that a view is told of other points: all that it shows
	// of them is then read again.
	pointsEvery = time.Second
	// maxListed is how many labels are listed, and maxListScan how many voxels a volume may have for its labels to
	// be looked for without anybody asking for one.
	maxListed   = 100_000
	maxListScan = 1 << 28
	maxTags     = 1000
)

// pointsIn finds the points in a state.
var pointsIn = regexp.MustCompile(`(webmon:/points/([0-9A-Za-z_-]{1,64}\.[0-9A-Za-z_-]{1,64})/g)([0-9]{1,20})`)

// pointsSource is the source of the layer of a volume of points.
func (v *volume) pointsSource() string { return pointsAt(v.Key, 0) }

// pointsShader draws points in the colours that they have. The layers of a napari always have some.
func (v *volume) pointsShader() string {
	color := "defaultColor()"
	if v.Layer != "" {
		color = "prop_color()"
	}
	return "#uicontrol float pixels slider(min=1, max=24, default=6)\nvoid main() {\n  setColor(" + color + ");\n  setPointMarkerSize(pixels);\n  setPointMarkerBorderWidth(0.0);\n}\n"
}

// generations is a state with the generations that its points have now.
func (l *live) generations(state []byte) []byte {
	return pointsIn.ReplaceAllFunc(state, func(m []byte) []byte {
		parts := pointsIn.FindSubmatch(m)
		l.mu.Lock()
		defer l.mu.Unlock()
		if s := l.shown[string(parts[2])]; s != nil {
			return strconv.AppendUint(bytes.Clone(parts[1]), s.generation, 10)
		}
		return m
	})
}

// points tells a view of points that have changed, by their address.
func (l *live) points(w *view.View, now time.Time) {
	text := w.State().JSON
	if !bytes.Contains(text, []byte("webmon:/points/")) || bytes.Equal(text, l.generations(text)) {
		return
	}
	l.mu.Lock()
	due := now.Sub(l.pointed[w]) >= pointsEvery
	if due {
		if len(l.pointed) > 4*maxShown {
			clear(l.pointed)
		}
		if l.pointed == nil {
			l.pointed = map[*view.View]time.Time{}
		}
		l.pointed[w] = now
	}
	l.mu.Unlock()
	if !due {
		return
	}
	err := w.Edit(func(m map[string]rawJSON) (bool, error) {
		then := m["layers"]
		m["layers"] = l.generations(then)
		return !bytes.Equal(then, m["layers"]), nil
	})
	if err != nil {
		l.v.opts.Logger.Debug("a view is not told of its points", "view", w.Token, "error", err)
	}
}

// pointSet is the points of a volume, as they are now, for the client.
func (v *Volumes) pointSet(ctx context.Context, l *live, vol *volume, s *shown) (*points.Set, error) {
	return v.sets.get(ctx, l.epoch(s), func(ctx context.Context) (*points.Set, error) {
		g, err := l.geometry(ctx, vol, shm.PartWhole, 0)
		if err != nil {
			return nil, err
		}
		n := len(g.Positions) / g.Rank
		if vol.Layer != "" && !slices.ContainsFunc(g.Attributes, func(a shm.Attribute) bool { return a.Name == "color" && a.Components == 4 && a.Descr == "|u1" }) {
			g.Attributes = append(slices.DeleteFunc(slices.Clone(g.Attributes), func(a shm.Attribute) bool { return points.Identifier(a.Name) == "color" }),
				shm.Attribute{Name: "color", Descr: "|u1", Components: 4, Data: bytes.Repeat([]byte{255}, 4*n)})
		}
		set, err := points.New(g, vol.pointSpace())
		if err != nil {
			return nil, wrong("%s.", natural.Capital(err.Error()))
		}
		return set, nil
	})
}

// pointSpace is where the points of a volume lie.
func (v *volume) pointSpace() points.Space {
	axes := v.space()
	var out points.Space
	for _, a := range axes {
		out.Axes = append(out.Axes, points.Axis{
			Name: strings.TrimRight(a.Name, "^'"), Scale: a.Scale, Unit: a.Unit, From: a.From, Steps: a.Unit == "s" || a.Name == "t",
		})
	}
	if out.Matrix = v.transform(axes); out.Matrix != nil {
		return out
	}
	at, _ := v.offset(axes)
	if slices.ContainsFunc(at, func(n int) bool { return n != 0 }) {
		for i := range axes {
			row := make([]float64, len(axes)+1)
			row[i], row[len(axes)] = 1, float64(at[i])
			out.Matrix = append(out.Matrix, row)
		}
	}
	return out
}

// getPoints sends a file of the points of a volume.
func (v *Volumes) getPoints(w http.ResponseWriter, r *http.Request) (err error) {
	l, vol, s, err := v.volume(r)
	if err != nil {
		return err
	}
	if vol.Kind != shm.VolumePoints {
		return &Failure{http.StatusNotFound, vol.title() + " has no points."}
	}
	ctx, cancel := context.WithTimeout(r.Context(), chunkTime)
	defer cancel()
	l.begin(s)
	sent := 0
	defer func() { l.end(s, "points", "", sent, err) }()
	set, err := v.pointSet(ctx, l, vol, s)
	if err != nil {
		if r.Context().Err() != nil {
			err = context.Canceled
			return nil
		}
		f := why(err)
		err = f
		return f
	}
	file := r.PathValue("*")
	data, ok := set.File(file)
	if !ok {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return nil
	}
	sent = v.sendFile(w, data, file == "info")
	return nil
}

// sendFile sends a file of the format precomputed, and returns how many bytes went out.
func (v *Volumes) sendFile(w http.ResponseWriter, data []byte, isJSON bool) int {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if isJSON {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Cache-Control", "no-store")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendWait))
	n, _ := w.Write(data)
	return n
}

// listed reports whether there is something to list of the labels of a volume.
func (v *volume) listed() bool { return v.Kind == shm.VolumeLabels && (v.Properties || v.scanned()) }

// scanned reports whether the labels of a volume are looked for without anybody asking for one: it is in memory, and
// not too large.
func (v *volume) scanned() bool {
	return len(v.Shape) == 3 && v.mapped() && product(v.Shape) <= maxListScan
}

// getSegments sends the list of the labels of a volume: their sizes, and what the process knows of them.
func (v *Volumes) getSegments(w http.ResponseWriter, r *http.Request) error {
	l, vol, s, err := v.volume(r)
	if err != nil {
		return err
	}
	if !vol.listed() || r.PathValue("*") != "info" {
		return &Failure{http.StatusNotFound, "There is no list of labels at this address."}
	}
	var scanned *volume
	if vol.scanned() {
		scanned = vol
	}
	return v.geometry(w, r, l, s, "labels", "", scanned, func(ctx context.Context, boxes *mesh.Boxes) ([]byte, error) {
		var table *shm.LabelTable
		if reads := l.src.VolumeSource(); vol.Properties && reads != nil {
			var err error // of its own: the request may be over
			if table, err = reads.ReadLabels(ctx, &vol.VolumeInfo); err != nil {
				return nil, err
			}
		}
		var found []mesh.Object
		if boxes != nil {
			found = boxes.All()
		}
		return segmentProperties(table, found)
	})
}

// segmentProperties writes a list of labels for the client. table may be nil.
func segmentProperties(table *shm.LabelTable, found []mesh.Object) ([]byte, error) {
	if table == nil {
		table = &shm.LabelTable{}
	}
	if err := checkLabels(table); err != nil {
		return nil, err
	}
	at := make(map[uint64]int, len(table.IDs))
	ids := make([]uint64, 0, len(table.IDs)+len(found))
	for i, id := range table.IDs {
		if _, twice := at[id]; !twice && len(ids) < maxListed {
			at[id] = i
			ids = append(ids, id)
		}
	}
	sizes := make(map[uint64]int64, len(found))
	for _, o := range found {
		if o.Label == 0 {
			continue // which is none
		}
		if _, known := at[o.Label]; !known {
			if len(ids) == maxListed {
				continue
			}
			ids = append(ids, o.Label)
		}
		sizes[o.Label] = o.Voxels
	}
	slices.Sort(ids)
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = strconv.FormatUint(id, 10)
	}
	properties := []object{}
	used := map[string]bool{}
	unique := func(name string) string {
		name = natural.Clip(name, 80)
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%s %d", strings.TrimSuffix(name, fmt.Sprintf(" %d", n-1)), n)
		}
		used[name] = true
		return name
	}
	once := map[string]bool{}
	for _, c := range table.Columns {
		o := object{{"id", unique(c.Name)}, {"type", c.Kind}}
		texts := func(i int) string {
			if row, ok := at[ids[i]]; ok {
				return c.Texts[row]
			}
			return ""
		}
		switch {
		case c.Kind == "number":
			values := make([]any, len(ids))
			for i, id := range ids {
				values[i] = "NaN"
				if row, ok := at[id]; ok && !math.IsNaN(c.Numbers[row]) && !math.IsInf(c.Numbers[row], 0) {
					values[i] = c.Numbers[row]
				}
			}
			o = append(o, field{"data_type", "float32"}, field{"values", values})
			if c.Unit != "" {
				o = append(o, field{"description", natural.Clip(c.Unit, 80)})
			}
		case c.Kind == "tags" && !once[c.Kind]:
			index := map[string]int{}
			list := []string{}
			values := make([][]int, len(ids))
			for i := range ids {
				values[i] = []int{}
				for _, tag := range strings.Fields(texts(i)) {
					n, ok := index[tag]
					if !ok && len(list) < maxTags {
						n = len(list)
						index[tag] = n
						list = append(list, tag)
						ok = true
					}
					if ok {
						values[i] = append(values[i], n)
					}
				}
				slices.Sort(values[i])
				values[i] = slices.Compact(values[i])
			}
			o = append(o, field{"tags", list}, field{"values", values})
		default:
			if once[c.Kind] || c.Kind == "tags" {
				o[1].value = "string" // the client takes one label, one description and one list of tags
			}
			values := make([]string, len(ids))
			for i := range ids {
				values[i] = texts(i)
			}
			o = append(o, field{"values", values})
		}
		once[c.Kind] = true
		properties = append(properties, o)
	}
	if len(sizes) > 0 {
		values, kind := make([]any, len(ids)), "uint32"
		for i, id := range ids {
			values[i] = sizes[id]
			if sizes[id] > math.MaxUint32 {
				kind = "float32"
			}
		}
		properties = append(properties, object{{"id", unique("voxels")}, {"type", "number"}, {"data_type", kind}, {"values", values}})
	}
	return json.Marshal(object{{"@type", "neuroglancer_segment_properties"}, {"inline", object{{"ids", names}, {"properties", properties}}}})
}

// checkLabels refuses a table that is not one.
func checkLabels(table *shm.LabelTable) error {
	for _, c := range table.Columns {
		n := len(c.Texts)
		switch c.Kind {
		case "number":
			n = len(c.Numbers)
		case "label", "description", "string", "tags":
		default:
			return wrong("The process has sent a column of labels of the kind %q.", natural.Clip(c.Kind, 40))
		}
		if n != len(table.IDs) {
			return wrong("The column %q has %d values for %d labels.", natural.Clip(c.Name, 40), n, len(table.IDs))
		}
	}
	return nil
}

// sets keeps sorted points, the least recently used of which go first. One set is made at a time.
type sets struct {
	account *budget.Account
	turn    chan struct{} // held by whoever makes one

	mu    sync.Mutex // guards all below
	at    map[string]*list.Element
	order list.List // of *keptSet, the least recently used first
}

type keptSet struct {
	name  string
	set   *points.Set
	bytes int64
}

func newSets(account *budget.Account) *sets {
	return &sets{account: account, turn: make(chan struct{}, 1), at: map[string]*list.Element{}}
}

func (c *sets) kept(name string) *points.Set {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.at[name]
	if e == nil {
		return nil
	}
	c.order.MoveToBack(e)
	return e.Value.(*keptSet).set
}

// get returns the points of a name, made by the function if they are not kept.
func (c *sets) get(ctx context.Context, name string, make func(context.Context) (*points.Set, error)) (set *points.Set, err error) {
	if set := c.kept(name); set != nil {
		return set, nil
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if set := c.kept(name); set != nil {
		return set, nil
	}
	err = fault.Catch(func() error {
		set, err = make(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	size := set.Bytes()
	for !c.account.Take(size) {
		oldest := c.order.Front()
		if oldest == nil {
			c.account.Refused()
			return nil, &Failure{http.StatusServiceUnavailable, fmt.Sprintf("There is no room for these %d points: start webmon with more --memory.", set.Count)}
		}
		k := c.order.Remove(oldest).(*keptSet)
		delete(c.at, k.name)
		c.account.Give(k.bytes)
		c.account.Dropped(1, k.bytes)
	}
	c.at[name] = c.order.PushBack(&keptSet{name, set, size})
	return set, nil
}
