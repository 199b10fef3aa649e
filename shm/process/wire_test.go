package process_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
	"webmon/shm/process"
	"webmon/shm/sourcetest"
)

func TestMain(m *testing.M) {
	// Tests that run in parallel wait more than they compute: for processes that
	// start, hang and end.
	flag.Parse()
	_ = flag.Set("test.parallel", "4")
	goleak.VerifyTestMain(m)
}

// offer is a watched process that says what a test tells it to say, on the
// real wire.
type offer struct {
	t                *testing.T
	addr             string
	data, clientData *manager.Dict
	messages         *countedQueue
	commands         *manager.Queue
	shutdown         *manager.Event
	server           *manager.Server
	stop             func() // ends the server; may be called again
}

func serve(t *testing.T) *offer {
	t.Helper()
	p := &offer{
		t:    t,
		data: manager.NewDict(), clientData: manager.NewDict(),
		messages: &countedQueue{Queue: manager.NewQueue(0), asked: map[string]int{}}, commands: manager.NewQueue(0),
		shutdown: manager.NewEvent(),
	}
	var err error
	p.server, err = manager.NewServer(manager.ServerOptions{
		Authkey: []byte("napari"),
		Resources: map[string]manager.Resource{
			"napari_data": p.data, "napari_messages": p.messages, "napari_shutdown": p.shutdown,
			"client_data": p.clientData, "client_messages": p.commands,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	p.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := p.server.Serve(ctx, l); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	p.stop = func() {
		cancel()
		done.Wait()
	}
	t.Cleanup(p.stop)
	return p
}

// countedQueue counts what is asked of it.
type countedQueue struct {
	*manager.Queue
	mu    sync.Mutex // guards asked
	asked map[string]int
}

func (q *countedQueue) Call(ctx context.Context, c manager.Call) (pickle.Value, error) {
	q.mu.Lock()
	q.asked[c.Method]++
	q.mu.Unlock()
	return q.Queue.Call(ctx, c)
}

func (q *countedQueue) count(method string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.asked[method]
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (p *offer) put(topic string, v pickle.Value) {
	p.t.Helper()
	if err := p.messages.Put(pickle.NewDict(topic, v)); err != nil {
		p.t.Fatal(err)
	}
}

// frame is one tick: a poll, a frame_time.
func (p *offer) frame(poll pickle.Value) {
	p.t.Helper()
	if poll != nil {
		p.data.Set("poll", poll)
	}
	p.put("frame_time", pickle.NewDict("time", now(), "delta_ms", 16.5))
}

func now() float64 { return float64(time.Now().UnixMicro()) / 1e6 }

// tiles is a poll of one layer in which the given number of tiles is seen.
func tiles(t testing.TB, n int) pickle.Value {
	t.Helper()
	rc := make([]int64, 2*n)
	for i := range n {
		rc[2*i], rc[2*i+1] = int64(i), int64(2*i)
	}
	seen, err := pickle.Int64Array(rc, true, n, 2)
	if err != nil {
		t.Fatal(err)
	}
	return pickle.NewDict("layers", pickle.NewDict(int64(1)<<46, pickle.NewDict("tile_state", pickle.NewDict("seen", seen))))
}

// running is a source and what it has said.
type running struct {
	*process.Source
	sink   *sourcetest.Sink
	cancel context.CancelFunc
	result chan error
}

func run(t *testing.T, src *process.Source) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{src, sourcetest.NewSink(), cancel, make(chan error, 1)}
	go func() { r.result <- src.Run(ctx, r.sink) }()
	t.Cleanup(func() { r.stop(t) })
	return r
}

// stop ends the source and returns what Run returned.
func (r *running) stop(t *testing.T) error {
	t.Helper()
	r.cancel()
	return r.wait(t)
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.result:
		r.result <- err
		return err
	case <-time.After(sourcetest.Timeout):
		t.Fatalf("Run has not returned after %v; %s", sourcetest.Timeout, r.sink)
		return nil
	}
}

func (r *running) frames() int { return r.sink.Frames() }

func (r *running) poll() *shm.TilePoll {
	v, _ := r.sink.Latest(shm.TopicPoll)
	p, _ := v.(*shm.TilePoll)
	return p
}

func (r *running) waitFrames(t *testing.T, n int) {
	t.Helper()
	r.sink.Wait(t, fmt.Sprintf("%d frames", n), func() bool { return r.frames() >= n })
}

// TestAttachErrors wants one sentence that says what to do.
func TestAttachErrors(t *testing.T) {
	closed := listen(t)
	closed.Close()
	other := listen(t)
	defer other.Close()
	go func() { // something else than a manager
		for {
			c, err := other.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			c.Close()
		}
	}()
	foreign := listen(t)
	server, err := manager.NewServer(manager.ServerOptions{
		Authkey: []byte("napari"), Resources: map[string]manager.Resource{"napari_data": manager.NewDict()},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(ctx, foreign) })
	defer done.Wait()
	defer cancel()
	p := serve(t)

	tests := []struct {
		name string
		opt  process.Options
		want error  // wrapped
		says string // in the sentence
	}{
		{"no address", process.Options{}, nil, "no address"},
		{"closed port", process.Options{Address: closed.Addr().String()}, nil, "nothing answers at"},
		{"no such host", process.Options{Address: "127.0.0.1:http-no"}, nil, "nothing answers at"},
		{"wrong key", process.Options{Address: p.addr, Authkey: []byte("guess")}, manager.ErrAuth, "key"},
		{"something else", process.Options{Address: other.Addr().String()}, manager.ErrNotManager, "is no Python manager"},
		{"another program's manager", process.Options{Address: foreign.Addr().String()}, manager.ErrNoResource, "napari_messages"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, err := process.Attach(context.Background(), tt.opt)
			if err == nil {
				src.Close()
				t.Fatal("attached")
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want it to wrap %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("err = %q, want one line with %q", err, tt.says)
			}
		})
	}
	if n := server.References("napari_data"); n != 1 && n != 0 {
		t.Errorf("%d references are left on the other program's object", n)
	}
}

func TestReferencesAreGivenBack(t *testing.T) {
	p := serve(t)
	names := []string{"napari_data", "napari_messages", "napari_shutdown", "client_data", "client_messages"}
	count := func() (n []int) {
		for _, name := range names {
			n = append(n, p.server.References(name))
		}
		return n
	}
	before := fmt.Sprint(count())
	r := run(t, attach(t, process.Options{Address: p.addr}))
	p.frame(nil)
	r.waitFrames(t, 1)
	if during := fmt.Sprint(count()); during == before {
		t.Errorf("references while attached: %v, as before", during)
	}
	if err := r.stop(t); err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprint(count()); after != before {
		t.Errorf("references: %v before, %v after", before, after)
	}
	src := attach(t, process.Options{Address: p.addr})
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprint(count()); after != before {
		t.Errorf("references: %v before, %v after Close", before, after)
	}
}

// TestNothingIsAskedThatNobodyWatches counts calls.
func TestNothingIsAskedThatNobodyWatches(t *testing.T) {
	p := serve(t)
	p.data.Set("poll", tiles(t, 10))
	r := run(t, attach(t, process.Options{Address: p.addr}))
	const frames = 200
	start := time.Now()
	for i := range frames {
		p.put("n", int64(i))
		p.frame(tiles(t, 10))
		time.Sleep(5 * time.Millisecond) // a rate; what follows depends on none
	}
	r.waitFrames(t, frames)
	inOrder(t, r.sink.Events("n"), frames)
	// Four times a second a wait and a look, twice as much at most where clocks
	// differ, and as much again to begin and to end with.
	rounds := int(time.Since(start)/(250*time.Millisecond)) + 2
	if calls := p.messages.count("get") + p.messages.count("qsize"); calls > 4*rounds {
		t.Errorf("%d frames in %d quarters of a second took %d calls", frames, rounds, calls)
	}
	if n := p.messages.count("get_nowait"); n > 2*frames {
		t.Errorf("%d messages were asked for %d times", 2*frames, n)
	}
	if _, n := r.sink.Latest(shm.TopicPoll); n != 0 {
		t.Errorf("the poll was fetched %d times", n)
	}
}

func inOrder(t *testing.T, events []shm.Event, n int) {
	t.Helper()
	if len(events) != n {
		t.Errorf("%d messages came, want %d", len(events), n)
	}
	for i, e := range events {
		if e.Value != int64(i) {
			t.Fatalf("message %d holds %v", i, e.Value)
		}
	}
}

// resting is a source that rests for ever, until somebody watches, and a
// hundred messages that wait for it. The first of n has come.
func resting(t *testing.T) (*offer, *running) {
	t.Helper()
	p := serve(t)
	src := attach(t, process.Options{Address: p.addr})
	src.SetLull(1000 * time.Hour)
	p.put("first", true)
	r := run(t, src)
	// After what had gathered before webmon came there is no rest.
	r.sink.Wait(t, "what lay there", func() bool { return r.sink.Count("first") == 1 && p.messages.count("get") > 1 })
	p.put("n", int64(0))
	r.sink.Wait(t, "a message", func() bool { return r.sink.Count("n") == 1 })
	// The message is handed over before the rest begins. Whoever watches before
	// the rest begins is not late.
	ctx, cancel := context.WithTimeout(t.Context(), sourcetest.Timeout)
	defer cancel()
	if err := r.AwaitRest(ctx); err != nil {
		t.Fatalf("no rest began: %v", err)
	}
	for i := range 99 {
		p.put("n", int64(i+1))
	}
	p.frame(nil)
	if n := p.messages.Len(); n != 100 {
		t.Errorf("%d messages wait, want 100", n)
	}
	return p, r
}

// TestSomebodyComes wants full speed from then on.
func TestSomebodyComes(t *testing.T) {
	p, r := resting(t)
	r.sink.Want("n", 1)
	r.waitFrames(t, 1)
	inOrder(t, r.sink.Events("n"), 100)
	for i := range 20 {
		p.frame(nil)
		r.waitFrames(t, i+2)
	}
	for i, stamp := range r.sink.Stamps() {
		if late := i == 0; late != (stamp == 0) {
			t.Errorf("frame %d has the stamp %v", i, stamp)
		}
	}
	if n := p.messages.count("get_nowait"); n < 100 {
		t.Errorf("%d messages were taken together, want 100", n)
	}
}

// TestTheLastWords of a process that ends while nobody is in a hurry are heard.
func TestTheLastWords(t *testing.T) {
	p, r := resting(t)
	p.shutdown.Set()
	if err := r.wait(t); !errors.Is(err, shm.ErrEnded) {
		t.Errorf("Run = %v, want ErrEnded", err)
	}
	inOrder(t, r.sink.Events("n"), 100)
	if n := r.frames(); n != 1 {
		t.Errorf("%d frames came, want 1", n)
	}
}

// TestWrongPolls keeps the last good poll and goes on.
func TestWrongPolls(t *testing.T) {
	p := serve(t)
	r := run(t, attach(t, process.Options{Address: p.addr}))
	r.sink.Want(shm.TopicPoll, 60)
	p.frame(tiles(t, 3))
	r.sink.Wait(t, "the poll", func() bool { return r.poll() != nil })
	loop := pickle.NewDict()
	_ = loop.Set("layers", loop)
	for _, v := range []pickle.Value{
		"text", int64(5), pickle.NewList(), pickle.NewDict("layers", "x"), pickle.NewDict("other", pickle.NewDict()),
		&pickle.Object{Class: &pickle.Global{Module: "os", Name: "system"}, Args: pickle.Tuple{"true"}},
	} {
		// Frames that follow each other faster than napari's may go without.
		before := r.sink.Noticed("poll")
		r.sink.Wait(t, "a notice of its own", func() bool {
			p.frame(v)
			return r.sink.Noticed("poll") != before
		})
	}
	if got := r.poll(); len(got.Layers) != 1 || len(got.Layers[0].State.Rows) != 3 {
		t.Errorf("poll = %+v, want the last good one", got)
	}
	r.sink.Wait(t, "the next good poll", func() bool {
		p.frame(tiles(t, 4))
		return len(r.poll().Layers[0].State.Rows) == 4
	})
}

// TestOtherState follows what webmon does not know, and only while wanted.
func TestOtherState(t *testing.T) {
	p := serve(t)
	p.data.Set("stage", pickle.NewDict("x", 1.5))
	r := run(t, attach(t, process.Options{Address: p.addr}))
	stage := func() string {
		v, _ := r.sink.Latest("stage")
		b, _ := shm.AppendJSON(nil, v)
		return string(b)
	}
	r.sink.Wait(t, "the state once", func() bool { return stage() == `{"x":1.5}` })
	p.data.Set("stage", pickle.NewDict("x", 2.5))
	for range 20 {
		p.frame(tiles(t, 1))
	}
	r.waitFrames(t, 20)
	if _, n := r.sink.Latest("stage"); n != 1 {
		t.Errorf("the state was read %d times although nobody wanted it", n)
	}
	r.sink.Want("stage", 20)
	r.sink.Wait(t, "the state wanted", func() bool { return stage() == `{"x":2.5}` })
	// Without frames the clock sets the pace.
	p.data.Set("stage", pickle.NewDict("x", 3.5))
	r.sink.Wait(t, "the state without frames", func() bool { return stage() == `{"x":3.5}` })
	// New topics are looked for while somebody looks at the messages.
	r.sink.Want("messages", 1)
	p.data.Set("lamp", true)
	r.sink.Wait(t, "a new topic", func() bool { _, n := r.sink.Latest("lamp"); return n == 1 })
	// What is too much is left out.
	p.data.Set("stage", pickle.NewList(make([]pickle.Value, 100_000)...))
	r.sink.Wait(t, "the notice", func() bool { return r.sink.Noticed("state.stage") != "" })
	if stage() != `{"x":3.5}` {
		t.Errorf("stage = %.100s, want the last good one", stage())
	}
}

// While messages keep coming and nobody watches, nothing waits in the process for the first of
// each lull.
func TestNothingWaitsForMessagesThatGather(t *testing.T) {
	p := serve(t)
	src := attach(t, process.Options{Address: p.addr})
	src.SetLull(100 * time.Millisecond)
	r := run(t, src)
	const lulls = 8
	for i := range lulls {
		p.put("n", int64(i))
		r.sink.Wait(t, "the message", func() bool { return r.sink.Count("n") == i+1 })
	}
	inOrder(t, r.sink.Events("n"), lulls)
	if waits := p.messages.count("get"); waits >= lulls/2 {
		t.Errorf("%d times something waited for one of %d messages, each of which came after another had been taken", waits, lulls)
	}
}

func TestMessages(t *testing.T) {
	p := serve(t)
	// What nobody read for long is of the past.
	for range 5000 {
		p.put("frame_time", pickle.NewDict("time", now()-60, "delta_ms", 16.0))
	}
	p.put("load_chunk", pickle.NewDict("time", now(), "num_bytes", int64(65536), "load_ms", 3.5))
	r := run(t, attach(t, process.Options{Address: p.addr}))
	r.sink.Wait(t, "the fresh message", func() bool { return r.sink.Count(shm.TopicLoadChunk) == 1 })
	r.sink.Wait(t, "word of the old ones", func() bool { return r.sink.Noticed("backlog") != "" })
	if n := r.sink.Count(shm.TopicFrameTime); n != 0 {
		t.Errorf("%d messages of an hour ago were handed over", n)
	}
	// A burst comes in order and whole.
	const burst = 20_000
	for i := range burst {
		p.put("n", int64(i))
	}
	r.sink.Wait(t, "the burst", func() bool { return r.sink.Count("n") == burst })
	inOrder(t, r.sink.Events("n"), burst)
	if p.messages.Len() != 0 {
		t.Errorf("%d messages are left in the queue", p.messages.Len())
	}
}

// TestHello takes the word of a process that is ours, and tells it what is
// wanted.
func TestHello(t *testing.T) {
	p := serve(t)
	p.data.Set("hello", pickle.NewDict("protocol", int64(1), "name", "scope", "kind", "python", "pid", int64(1<<30),
		"instance", "abc", "python", "3.12.1", "napari", nil, "package", "0.1"))
	p.data.Set("topics", pickle.NewDict("z", pickle.NewDict("kind", "event")))
	src := attach(t, process.Options{Address: p.addr, ID: "w", Version: "0.1.0+g0fe1e07abcde"})
	want := shm.Info{Name: "scope", Kind: shm.KindPython, Instance: "abc", PID: 1 << 30, Python: "3.12.1", Package: "0.1", Protocol: 1, Address: p.addr}
	if got := src.Info(); got != want {
		t.Errorf("Info = %+v, want %+v", got, want)
	}
	r := run(t, src)
	r.sink.Want("z", 30)
	wants := func() string {
		v, _ := p.clientData.Get("want:w")
		d, _ := v.(*pickle.Dict)
		b, _ := pickle.Plain(d.Dict("topics"), pickle.PlainOptions{})
		return fmt.Sprint(b)
	}
	r.sink.Wait(t, "the process to be told", func() bool { return wants() == "map[z:30]" })
	// And by whom: the package says if the two do not fit.
	v, _ := p.clientData.Get("want:w")
	for key, want := range map[string]pickle.Value{"version": "0.1.0+g0fe1e07abcde", "protocol": int64(shm.Protocol)} {
		if got, _ := v.(*pickle.Dict).Get(key); got != want {
			t.Errorf("the process is told the %s %v, want %v", key, got, want)
		}
	}
	r.sink.Want("z", 0)
	r.sink.Wait(t, "the process to be told", func() bool { return wants() == "map[]" })
	if err := r.stop(t); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"want:w", "reader"} {
		if v, ok := p.clientData.Get(key); ok {
			t.Errorf("%s is left behind: %v", key, v)
		}
	}
}

// TestNonsenseInClientData: other programs write there too.
func TestNonsenseInClientData(t *testing.T) {
	for _, v := range []pickle.Value{"text", nil, pickle.NewDict("id", int64(5)), pickle.NewDict("id", "x", "t", now()-6), pickle.NewDict("id", "x", "t", now()+3600)} {
		p := serve(t)
		p.clientData.Set("reader", v)
		p.clientData.Set("webmon:instance", pickle.NewList())
		src := attach(t, process.Options{Address: p.addr})
		if src.Info().Instance == "" {
			t.Errorf("reader %v: no instance", v)
		}
		r := run(t, src)
		p.frame(nil)
		r.waitFrames(t, 1)
	}
}

func TestCommandsInOrder(t *testing.T) {
	p := serve(t)
	r := run(t, attach(t, process.Options{Address: p.addr}))
	var mu sync.Mutex
	var log []string
	send := func(name string, on bool) {
		r.Command(showGrid(on), func(s shm.Status, _ string) {
			mu.Lock()
			defer mu.Unlock()
			log = append(log, name+" "+string(s))
		})
	}
	said := func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(log, ", ")
	}
	take := func() string {
		v, err := p.commands.TryGet()
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(v)
	}
	send("a", true)
	send("b", false)
	send("c", true)
	r.sink.Wait(t, "three in the queue", func() bool { return said() == "a queued, b queued, c queued" })
	if got := take(); got != "{'show_grid': True}" {
		t.Errorf("first command = %s", got)
	}
	r.sink.Wait(t, "the first taken", func() bool { return strings.HasSuffix(said(), "c queued, a taken") })
	take()
	take()
	r.sink.Wait(t, "all taken", func() bool { return strings.HasSuffix(said(), "a taken, b taken, c taken") })
	send("d", true)
	r.sink.Wait(t, "the fourth", func() bool { return strings.HasSuffix(said(), "d queued") })
	for range 100 { // more than napari may leave waiting
		send("e", true)
	}
	r.sink.Wait(t, "refusals", func() bool { return strings.Contains(said(), "e refused") })
	p.stop()
	if err := r.wait(t); !errors.Is(err, shm.ErrGone) {
		t.Errorf("Run = %v, want ErrGone", err)
	}
	r.sink.Wait(t, "the end of all", func() bool { return strings.Count(said(), "gone") == 64 })
}

// relay stands between a source and its process, and breaks connections.
type relay struct {
	l      net.Listener
	target string

	mu    sync.Mutex // guards all below
	conns map[net.Conn]bool
	limit int // bytes of one connection before it is cut off; 0: none
}

func newRelay(t *testing.T, target string) *relay {
	r := &relay{l: listen(t), target: target, conns: map[net.Conn]bool{}}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := r.l.Accept()
			if err != nil {
				return
			}
			done.Go(func() { r.serve(c) })
		}
	})
	t.Cleanup(func() {
		r.l.Close()
		r.cut()
		done.Wait()
	})
	return r
}

func (r *relay) serve(c net.Conn) {
	defer c.Close()
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	up, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer up.Close()
	r.mu.Lock()
	r.conns[c], r.conns[up] = true, true
	limit := r.limit
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(up, c)
		up.Close()
	})
	both.Go(func() {
		if limit > 0 {
			_, _ = io.CopyN(c, up, int64(limit))
		} else {
			_, _ = io.Copy(c, up)
		}
		c.Close()
	})
	both.Wait()
}

// cut resets every connection.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
	}
	clear(r.conns)
}

// TestAResetIsNoEnd breaks every connection to a process that lives.
func TestAResetIsNoEnd(t *testing.T) {
	p := serve(t)
	way := newRelay(t, p.addr)
	r := run(t, attach(t, process.Options{Address: way.l.Addr().String()}))
	r.sink.Want(shm.TopicPoll, 60)
	p.frame(tiles(t, 1))
	r.waitFrames(t, 1)
	for i := range 2 {
		way.cut()
		before := r.frames()
		// What the manager took off the queue for a broken connection is lost.
		r.sink.Wait(t, "a frame after the reset", func() bool {
			p.frame(tiles(t, 2+i))
			return r.frames() > before
		})
		r.sink.Wait(t, "the poll after the reset", func() bool { return len(r.poll().Layers[0].State.Rows) == 2+i })
	}
	// Now nobody is there any more.
	way.l.Close()
	way.cut()
	if err := r.wait(t); !errors.Is(err, shm.ErrGone) {
		t.Errorf("Run = %v, want ErrGone", err)
	}
}

// TestKilledMidReply ends the connections in the middle of a large poll.
func TestKilledMidReply(t *testing.T) {
	p := serve(t)
	way := newRelay(t, p.addr)
	src := attach(t, process.Options{Address: way.l.Addr().String()})
	way.mu.Lock()
	way.limit = 20_000 // enough for the handshake, half a poll
	way.mu.Unlock()
	r := run(t, src)
	r.sink.Want(shm.TopicPoll, 60)
	p.frame(tiles(t, 3000))
	r.sink.Wait(t, "it to come around", func() bool {
		way.mu.Lock()
		way.limit = 0
		way.mu.Unlock()
		p.frame(tiles(t, 3000))
		return r.poll() != nil
	})
	if n := len(r.poll().Layers[0].State.Rows); n != 3000 {
		t.Errorf("%d tiles, want 3000", n)
	}
}

// TestAnotherManagerAtTheAddress: the port of a process that went may be taken
// by the next.
func TestAnotherManagerAtTheAddress(t *testing.T) {
	a, b := serve(t), serve(t)
	way := newRelay(t, a.addr)
	r := run(t, attach(t, process.Options{Address: way.l.Addr().String()}))
	a.frame(nil)
	r.waitFrames(t, 1)
	way.mu.Lock()
	way.target = b.addr
	way.mu.Unlock()
	way.cut()
	if err := r.wait(t); !errors.Is(err, shm.ErrGone) || !strings.Contains(err.Error(), "another manager") {
		t.Errorf("Run = %v, want ErrGone and why", err)
	}
}

// TestLargePolls: a giant one is taken, and not more often than it is fetched.
func TestLargePolls(t *testing.T) {
	t.Parallel()
	p := serve(t)
	r := run(t, attach(t, process.Options{Address: p.addr}))
	r.sink.Want(shm.TopicPoll, 60)
	p.frame(tiles(t, 300_000))
	r.sink.Wait(t, "the large poll", func() bool { return r.poll() != nil })
	if n := len(r.poll().Layers[0].State.Rows); n != 300_000 {
		t.Errorf("%d tiles, want 300000", n)
	}
	if testing.Short() {
		return
	}
	// Beyond every limit: said once, and the rest goes on.
	frames := r.frames()
	p.frame(tiles(t, 4_500_000))
	r.sink.Wait(t, "the notice", func() bool { return r.sink.Noticed("large.poll") != "" })
	p.frame(nil)
	r.waitFrames(t, frames+2)
	if n := len(r.poll().Layers[0].State.Rows); n != 300_000 {
		t.Errorf("%d tiles, want the last good ones", n)
	}
}
