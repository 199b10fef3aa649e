package process

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

const (
	// streamName is what a connection is opened as over which volumes are asked for.
	streamName = "volumes"

	maxStreams = 4                // requests that are under way at a time
	streamIdle = 30 * time.Second // a connection that nobody needs is closed after it
	// maxAnswer is how long the process may take for one answer. It may compute for long, and
	// whoever waits gives up by a context.
	maxAnswer = 10 * time.Minute

	maxGeometry   = 256 << 20 // bytes of a geometry, or of what is known of labels
	maxAttributes = 32
	maxComponents = 16
	maxColumns    = 256
	maxSaid       = 1000 // bytes of what an exception says
)

// boxAsk is a request, as shm/PROTOCOL.md has it.
type boxAsk struct {
	Op         string `json:"op"`
	Volume     string `json:"volume"`
	Generation string `json:"generation"`
	Level      int    `json:"level"`
	From       []int  `json:"from,omitempty"`
	To         []int  `json:"to,omitempty"`
	ID         uint64 `json:"id"`
}

// boxHead is the head of an answer.
type boxHead struct {
	Error string `json:"error"`
	Why   string `json:"why"`
	Bytes int64  `json:"bytes"`

	// Of a geometry.
	Rank       int64 `json:"rank"`
	Vertices   int64 `json:"vertices"`
	Edges      int64 `json:"edges"`
	Faces      int64 `json:"faces"`
	Attributes []struct {
		Name       string `json:"name"`
		DType      string `json:"dtype"`
		Components int64  `json:"components"`
	} `json:"attributes"`

	// Of what is known of labels.
	Labels  int64 `json:"labels"`
	Columns []struct {
		Name  string `json:"name"`
		Kind  string `json:"kind"`
		Unit  string `json:"unit"`
		Bytes int64  `json:"bytes"`
	} `json:"columns"`
}

// parseHead decodes the head of an answer. What it says that follows is at most most bytes. An
// answer that is an error has no bytes.
func parseHead(b []byte, most int64) (*boxHead, error) {
	var h boxHead
	if err := json.Unmarshal(b, &h); err != nil {
		return nil, fmt.Errorf("the process has answered something that is not understood: %w", err)
	}
	if h.Error != "" || h.Why != "" {
		h.Bytes = 0
		return &h, nil
	}
	if h.Bytes < 0 || h.Bytes > most {
		return nil, fmt.Errorf("the process has answered %d bytes, and %d are the most", h.Bytes, most)
	}
	return &h, nil
}

// failure returns the error that an answer is, nil if it is none.
func (h *boxHead) failure() error {
	text := natural.Clip(h.Error, maxSaid)
	switch h.Why {
	case "gone":
		return fmt.Errorf("%w: %s", shm.ErrNoVolume, text)
	case "label":
		return fmt.Errorf("%w: %s", shm.ErrNoLabel, text)
	case "box":
		return fmt.Errorf("%w: %s", shm.ErrBox, text)
	}
	if h.Error == "" {
		return nil
	}
	return errors.New(text)
}

// attributeSizes are the dtypes that attributes may have, and their sizes in bytes.
var attributeSizes = map[string]int64{"|u1": 1, "|i1": 1, "<u2": 2, "<i2": 2, "<u4": 4, "<i4": 4, "<f4": 4}

// geometryOf decodes a geometry. body belongs to it from now on.
func geometryOf(h *boxHead, body []byte, rank int) (*shm.Geometry, error) {
	const most = maxGeometry
	bad := errors.New("the process has answered a geometry that makes no sense")
	if h.Rank != int64(rank) || h.Vertices < 0 || h.Edges < 0 || h.Faces < 0 ||
		h.Vertices > most || h.Edges > most || h.Faces > most || len(h.Attributes) > maxAttributes {
		return nil, bad
	}
	need := 4*h.Rank*h.Vertices + 8*h.Edges + 12*h.Faces
	for _, a := range h.Attributes {
		size := attributeSizes[a.DType]
		if size == 0 || a.Components < 1 || a.Components > maxComponents {
			return nil, bad
		}
		need += size * a.Components * h.Vertices
	}
	if need != int64(len(body)) {
		return nil, fmt.Errorf("%w: it has %d bytes, and %d are claimed", bad, len(body), need)
	}
	take := func(n int64) []byte {
		part := body[:n:n]
		body = body[n:]
		return part
	}
	g := &shm.Geometry{Rank: rank, Positions: make([]float32, h.Rank*h.Vertices)}
	for i, b := 0, take(4*h.Rank*h.Vertices); i < len(g.Positions); i++ {
		x := math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if x-x != 0 {
			return nil, fmt.Errorf("%w: vertex %d lies at %v", bad, i/rank, x)
		}
		g.Positions[i] = x
	}
	indices := func(n int64) ([]uint32, error) {
		out, b := make([]uint32, n), take(4*n)
		for i := range out {
			if out[i] = binary.LittleEndian.Uint32(b[4*i:]); int64(out[i]) >= h.Vertices {
				return nil, fmt.Errorf("%w: it names vertex %d of %d", bad, out[i], h.Vertices)
			}
		}
		return out, nil
	}
	var err error
	if g.Edges, err = indices(2 * h.Edges); err != nil {
		return nil, err
	}
	if g.Faces, err = indices(3 * h.Faces); err != nil {
		return nil, err
	}
	for _, a := range h.Attributes {
		g.Attributes = append(g.Attributes, shm.Attribute{
			Name: natural.Clip(a.Name, maxTitle), Descr: a.DType, Components: int(a.Components),
			Data: slices.Clone(take(attributeSizes[a.DType] * a.Components * h.Vertices)),
		})
	}
	return g, nil
}

var columnKinds = []string{"label", "description", "string", "tags", "number"}

// labelsOf decodes what is known of labels.
func labelsOf(h *boxHead, body []byte) (*shm.LabelTable, error) {
	bad := errors.New("the process has answered a table of labels that makes no sense")
	if h.Labels < 0 || h.Labels > maxGeometry/8 || len(h.Columns) > maxColumns || int64(len(body)) < 8*h.Labels {
		return nil, bad
	}
	t := &shm.LabelTable{IDs: make([]uint64, h.Labels)}
	for i := range t.IDs {
		t.IDs[i] = binary.LittleEndian.Uint64(body[8*i:])
	}
	body = body[8*h.Labels:]
	for _, c := range h.Columns {
		if c.Bytes < 0 || c.Bytes > int64(len(body)) || !slices.Contains(columnKinds, c.Kind) {
			return nil, bad
		}
		part := body[:c.Bytes]
		body = body[c.Bytes:]
		column := shm.LabelColumn{Name: natural.Clip(c.Name, maxTitle), Kind: c.Kind, Unit: natural.Clip(c.Unit, maxWord)}
		if c.Kind == "number" {
			if c.Bytes != 8*h.Labels {
				return nil, bad
			}
			column.Numbers = make([]float64, h.Labels)
			for i := range column.Numbers {
				column.Numbers[i] = math.Float64frombits(binary.LittleEndian.Uint64(part[8*i:]))
			}
		} else {
			if err := json.Unmarshal(part, &column.Texts); err != nil || int64(len(column.Texts)) != h.Labels {
				return nil, fmt.Errorf("%w: the column %q is not a text for each label", bad, column.Name)
			}
			for i, text := range column.Texts {
				column.Texts[i] = natural.Clip(text, maxValue)
			}
		}
		t.Columns = append(t.Columns, column)
	}
	return t, nil
}

// streams are the connections over which a process is asked for parts of its volumes. They
// are opened when they are needed.
type streams struct {
	client *manager.Client
	turns  chan struct{} // of capacity maxStreams: one for each request that is under way

	mu     sync.Mutex  // guards all below
	free   []idle      // the one that was used last is at the end
	sweeps *time.Timer // runs while something is free; nil before
	closed bool
}

// idle is a connection that nobody uses.
type idle struct {
	*manager.Stream
	since time.Time
}

func (s *streams) init(client *manager.Client) {
	s.client = client
	s.turns = make(chan struct{}, maxStreams)
}

// take returns a connection: one that is idle, or else a new one.
func (s *streams) take(ctx context.Context) (*manager.Stream, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, fmt.Errorf("the process is not watched any more: %w", shm.ErrNoVolume)
	}
	if n := len(s.free); n > 0 {
		stream := s.free[n-1].Stream
		s.free = s.free[:n-1]
		s.mu.Unlock()
		return stream, nil
	}
	s.mu.Unlock()
	return s.client.OpenStream(ctx, streamName)
}

// give takes back a connection that can be used again.
func (s *streams) give(stream *manager.Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		stream.Close()
		return
	}
	s.free = append(s.free, idle{stream, time.Now()})
	if s.sweeps == nil {
		s.sweeps = time.AfterFunc(streamIdle, fault.Func(s.sweep, func(error) {}))
	}
}

// sweep closes the connections that nobody has used for long, and comes again for the others.
func (s *streams) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweeps = nil
	s.free = slices.DeleteFunc(s.free, func(i idle) bool {
		old := time.Since(i.since) >= streamIdle
		if old {
			i.Close()
		}
		return old
	})
	if len(s.free) > 0 {
		s.sweeps = time.AfterFunc(streamIdle-time.Since(s.free[0].since), fault.Func(s.sweep, func(error) {}))
	}
}

func (s *streams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, i := range s.free {
		i.Close()
	}
	s.free = nil
}

// ask asks the process, and reads what follows the head into dst. check says what is wrong with
// a head that is no error. It waits for its turn.
func (s *streams) ask(ctx context.Context, ask boxAsk, most int64, check func(*boxHead) error, dst []byte) (*boxHead, []byte, error) {
	request, err := json.Marshal(ask)
	if err != nil {
		return nil, nil, err
	}
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	for {
		stream, err := s.take(ctx)
		if err != nil {
			return nil, nil, s.broken(ctx, err)
		}
		var h *boxHead
		used := stream.Used()
		body, err := stream.Ask(ctx, maxAnswer, request, func(b []byte) (int, error) {
			var err error
			if h, err = parseHead(b, most); err != nil || h.failure() != nil {
				return 0, err
			}
			return int(h.Bytes), check(h)
		}, dst)
		switch {
		case err == nil:
			s.give(stream)
			return h, body, h.failure()
		case used && h == nil && ctx.Err() == nil && errors.Is(err, manager.ErrGone) && !errors.Is(err, manager.ErrTimeout):
			stream.Close() // it was closed while nobody used it
		default:
			stream.Close()
			return nil, nil, s.broken(ctx, err)
		}
	}
}

// broken says why there is no answer.
func (s *streams) broken(ctx context.Context, err error) error {
	var remote *manager.RemoteError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &remote):
		return fmt.Errorf("the webmon package in the process is too old to be asked for volumes: %w", err)
	case errors.Is(err, manager.ErrTimeout):
		return fmt.Errorf("the process has not answered for %v: %w", maxAnswer, err)
	case errors.Is(err, manager.ErrGone):
		return fmt.Errorf("%w: the connection to the process broke off: %w", shm.ErrNoVolume, err)
	}
	return err
}

// askBox asks the process for a box.
func (s *Source) askBox(ctx context.Context, v *shm.VolumeInfo, box shm.Box, voxels int, dst []byte) ([]byte, error) {
	t, err := pickle.ParseDType(v.Descr)
	if err != nil {
		return nil, err
	}
	if voxels > math.MaxInt64/max(t.Size, 1) || voxels*t.Size > maxBox {
		return nil, fmt.Errorf("a box of more than %d MB is more than is read at once: take smaller ones", maxBox>>20)
	}
	want := int64(voxels * t.Size)
	_, body, err := s.streams.ask(ctx, boxAsk{Op: "box", Volume: v.Name, Generation: v.Generation, Level: box.Level, From: box.From, To: box.To},
		want, func(h *boxHead) error {
			if h.Bytes != want {
				return fmt.Errorf("the process has answered %d bytes for a box of %d", h.Bytes, want)
			}
			return nil
		}, dst)
	return body, err
}

// askLarge asks the process for something of which only the process knows how large it is, if there
// is memory for it. done is called once nobody needs the bytes any more.
func (s *Source) askLarge(ctx context.Context, ask boxAsk) (h *boxHead, body []byte, done func(), err error) {
	room, most, taken := s.opt.Room, int64(maxGeometry), int64(0)
	if room != nil {
		most = min(most, room.Limit()/2/decoded)
	}
	done = func() {
		if taken > 0 {
			room.Give(taken)
		}
	}
	h, body, err = s.streams.ask(ctx, ask, most, func(h *boxHead) error {
		if room == nil || h.Bytes == 0 {
			return nil
		}
		if !room.Wait(ctx, decoded*h.Bytes) {
			return ctx.Err()
		}
		taken = decoded * h.Bytes
		return nil
	}, nil)
	return h, body, done, err
}

// decoded is how many times the bytes of an answer are in memory while it is decoded.
const decoded = 2

// maxBox is the most bytes of a box.
const maxBox = 1 << 30

// ReadGeometry implements [shm.VolumeSource].
func (s *Source) ReadGeometry(ctx context.Context, v *shm.VolumeInfo, part shm.Part, label uint64) (*shm.Geometry, error) {
	info, err := s.readable(ctx, v)
	if err != nil {
		return nil, err
	}
	ask := boxAsk{Op: "geometry", Volume: v.Name, Generation: v.Generation, ID: label}
	switch {
	case part == shm.PartMesh && info.Meshes, part == shm.PartSkeleton && info.Skeletons:
		ask.Op = string(part)
	case part == shm.PartMesh, part == shm.PartSkeleton:
		return nil, fmt.Errorf("%w: the process has no %s of its own for %q", shm.ErrNoLabel, part, v.Name)
	case part != shm.PartWhole:
		return nil, fmt.Errorf("volumes have no part %q", natural.Clip(string(part), maxWord))
	case info.Kind.IsVoxels():
		return nil, fmt.Errorf("%q is made of voxels, and is no geometry", v.Name)
	}
	h, body, done, err := s.askLarge(ctx, ask)
	defer done()
	if err != nil {
		return nil, err
	}
	return geometryOf(h, body, len(info.Shape))
}

// ReadLabels implements [shm.VolumeSource].
func (s *Source) ReadLabels(ctx context.Context, v *shm.VolumeInfo) (*shm.LabelTable, error) {
	info, err := s.readable(ctx, v)
	if err != nil {
		return nil, err
	}
	if !info.Properties {
		return &shm.LabelTable{}, nil
	}
	h, body, done, err := s.askLarge(ctx, boxAsk{Op: "labels", Volume: v.Name, Generation: v.Generation})
	defer done()
	if err != nil {
		return nil, err
	}
	return labelsOf(h, body)
}
