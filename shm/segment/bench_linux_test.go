package segment_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/segment"
	"webmon/shm/sourcetest"
)

var (
	arraysTime = flag.Duration("arrays.time", 3*time.Second, "how long BenchmarkArrays measures each case")
	arraysDir  = flag.String("arrays.dir", "", "folder to write the table to, besides printing it")
)

const (
	side       = 2048
	frameBytes = 2 * side * side
)

// camera is the Python that is measured: a camera that ticks in a thread of its own,
// and notes how long each call took.
const camera = `
import threading, time
p = webmon.Process("bench", launch=False)
frame = np.random.default_rng(1).integers(0, 4096, (2048, 2048), "uint16")
camera = p.share("camera", frame.shape, frame.dtype, "yx")

def run(hz, seconds):
    """Publishes as fast as it can (hz 0), or ticks at hz, and returns what each part of a tick took, in microseconds."""
    publishes, ticks, copied, ended = [], [], camera.copied, time.perf_counter() + seconds
    began = time.perf_counter()
    n = 0
    while (start := time.perf_counter()) < ended:
        camera.publish(frame)
        published = time.perf_counter()
        if hz:
            p.set("stage", {"x": 0.5 * n, "y": 2.0})
            p.send("frame_time", {"delta_ms": 16.7})
        publishes.append(published - start)
        ticks.append(time.perf_counter() - start)
        n += 1
        if hz:
            time.sleep(max(0, began + n / hz - time.perf_counter()))
    def of(times):
        times.sort()
        return {"p50": times[len(times) // 2] * 1e6, "p99": times[len(times) * 99 // 100] * 1e6}
    return {"n": n, "copied": camera.copied - copied, "seconds": time.perf_counter() - began, "publish": of(publishes), "tick": of(ticks)}

result = None
def start(hz, seconds):
    global thread, result
    result = None
    def target():
        global result
        result = run(hz, seconds)
    thread = threading.Thread(target=target)
    thread.start()
`

// managed is napari's way: a manager in a process of its own, to which the frame goes
// as a pickle and from which it comes as one.
const managed = `
import multiprocessing, multiprocessing.managers
class Manager(multiprocessing.managers.BaseManager):
    pass
Manager.register("napari_data", callable=lambda d={}: d, proxytype=multiprocessing.managers.DictProxy)
m = Manager(("127.0.0.1", 0), b"napari", ctx=multiprocessing.get_context("fork"))
m.start()
data = m.napari_data()
data.update({"frame": frame})
def update(seconds):
    n, ended = 0, time.perf_counter() + seconds
    while time.perf_counter() < ended:
        data.update({"frame": frame})
        n += 1
    return n / seconds
updates = None
def start_updates(seconds):
    global thread
    def target():
        global updates
        updates = update(seconds)
    thread = threading.Thread(target=target)
    thread.start()
out = m.address[1]
`

// least is the least that either side must do, without any of webmon: a process that copies
// frames into shared memory whose pages are all there, and says so by two words; and a tick
// that looks into a dict, reads the clock and stores a number in each of three calls.
const least = `
import mmap, os, threading, time
path = f"/dev/shm/floor-{os.getpid()}"
frame = np.random.default_rng(1).integers(0, 4096, (2048, 2048), "uint16")
fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
os.posix_fallocate(fd, 0, 4096 + 3 * frame.nbytes)
memory = mmap.mmap(fd, 4096 + 3 * frame.nbytes)
words = memoryview(memory)[:4096].cast("Q")
slots = [np.ndarray(frame.shape, frame.dtype, buffer=memory, offset=4096 + i * frame.nbytes) for i in range(3)]
for slot in slots:
    slot[:] = 1

class Call:
    def __init__(self):
        self.wants, self.clock, self.began = {}, time.perf_counter_ns, 0
    def __call__(self, topic):
        if topic in self.wants:
            raise KeyError(topic)
        self.began = self.clock()
offer, state, event = Call(), Call(), Call()

def paced(hz, seconds, work):
    """Does the work at hz, and returns what a round took, in microseconds: median and 99th percentile."""
    took, began, n = [], time.perf_counter(), 0
    while (start := time.perf_counter()) < began + seconds:
        work(n)
        took.append((time.perf_counter() - start) * 1e6)
        n += 1
        time.sleep(max(0, began + n / hz - time.perf_counter()))
    took.sort()
    return {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100]}

def copying(n):
    now = time.time_ns()
    np.copyto(slots[(n + 1) % 3], frame)
    words[1] = now
    words[0] = n + 1

def ticking(n):
    offer("array/camera")
    state("stage")
    event("frame_time")

result = None
def start(hz, seconds, work):
    global thread, result
    words[0] = 0
    def target():
        global result
        result = paced(hz, seconds, work)
    thread = threading.Thread(target=target)
    thread.start()
out = path
`

// floor is the process of least, and what it has taken so far.
type floor struct {
	b      *testing.B
	p      *naparitest.Process
	memory []byte
	to     []byte // where the reader copies to

	copied, ticked []percentiles // in the Python thread, of each round
	latency        []float64     // from before the copy into shared memory to the end of that out of it, ms
}

// percentiles are of times in µs.
type percentiles struct{ P50, P99 float64 }

// middle returns the medians of several rounds.
func middle(rounds []percentiles) (p percentiles) {
	of := func(f func(percentiles) float64) float64 {
		var all []float64
		for _, r := range rounds {
			all = append(all, f(r))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return percentiles{of(func(p percentiles) float64 { return p.P50 }), of(func(p percentiles) float64 { return p.P99 })}
}

const (
	leastHead  = 4096
	leastSlots = 3
)

func newFloor(b *testing.B, to []byte) *floor {
	f := &floor{b: b, p: naparitest.StartPackage(b, "numpy2", ""), to: to}
	var path string
	f.p.Run(least, &path)
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if err := os.Remove(path); err != nil {
		b.Fatal(err)
	}
	f.memory, err = syscall.Mmap(int(file.Fd()), 0, leastHead+leastSlots*frameBytes, syscall.PROT_READ, syscall.MAP_SHARED|syscall.MAP_POPULATE)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = syscall.Munmap(f.memory) })
	return f
}

func (f *floor) word(i int) uint64 { return (*atomic.Uint64)(unsafe.Pointer(&f.memory[8*i])).Load() }

// copies has frames copied for so long. The reader sleeps until shortly before a frame is due,
// looks every 30 µs until it is there, and copies it. Looking without a pause would keep the
// writer from a core where both are wanted by others.
func (f *floor) copies(d time.Duration) {
	f.p.Run(fmt.Sprintf("start(60, %g, copying)", d.Seconds()), nil)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	last := uint64(0)
	due, soonest := time.Now(), time.Second // after that a frame was there soonest
	for end := due.Add(d + time.Second/2); ; {
		seq := f.word(0)
		now := time.Now()
		if seq == last {
			if now.After(end) {
				break
			}
			t := syscall.NsecToTimespec(int64(max(due.Sub(now), 30*time.Microsecond)))
			_ = syscall.Nanosleep(&t, nil)
			continue
		}
		began := time.Unix(0, int64(f.word(1)))
		soonest = min(soonest, now.Sub(began))
		due = began.Add(time.Second/60 + soonest - 100*time.Microsecond)
		copy(f.to, f.memory[leastHead+int(seq%leastSlots)*frameBytes:][:frameBytes])
		if last != 0 {
			f.latency = append(f.latency, 1e3*time.Since(began).Seconds())
		}
		last = seq
	}
	f.copied = append(f.copied, f.took())
}

// ticks has the process tick for so long.
func (f *floor) ticks(d time.Duration) {
	f.p.Run(fmt.Sprintf("start(60, %g, ticking)", d.Seconds()), nil)
	f.ticked = append(f.ticked, f.took())
}

func (f *floor) took() (p percentiles) {
	f.p.Run("thread.join(); out = result", &p)
	return p
}

type ticked struct {
	N, Copied     int
	Seconds       float64
	Publish, Tick percentiles
}

// BenchmarkArrays takes frames of 2048 x 2048 uint16 from a Python process into Go,
// through the ring and through a pickled manager, beside a plain copy in Go:
//
//	go test -run none -bench Arrays -benchtime 1x ./shm/segment
func BenchmarkArrays(b *testing.B) {
	p := naparitest.StartPackage(b, "numpy2", "")
	var at struct{ Address, Authkey string }
	p.Run(camera+"out = offered()", &at)
	src, err := process.Attach(b.Context(), process.Options{Address: at.Address, Authkey: []byte(at.Authkey)})
	if err != nil {
		b.Fatal(err)
	}
	sink := &watch{Sink: sourcetest.NewSink(), frames: make(chan *shm.ArrayFrame, 1)}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = src.Run(ctx, sink) })
	defer running.Wait()
	defer cancel()
	sink.Wait(b, "the camera", func() bool {
		v, _ := sink.Latest(shm.TopicArrays)
		list, _ := v.(shm.Arrays)
		return list.Get("camera") != nil
	})
	want := func(hz float64) {
		sink.Want(shm.ArrayTopic("camera"), hz)
		sink.Wait(b, "the demand to arrive", func() bool {
			var arrived bool
			p.Run(fmt.Sprintf("out = abs(p.wanted('array/camera') - %g) < 1e-9", hz), &arrived)
			return arrived
		})
	}
	seconds := arraysTime.Seconds()
	start := func(hz float64) { p.Run(fmt.Sprintf("start(%g, %g)", hz, seconds), nil) }
	done := func() (t ticked) { p.Run("thread.join(); out = result", &t); return t }

	// A copy in Go, and reading of a frame that lies in the ring, in turns.
	want(60)
	p.Run("import time; time.sleep(0.1); camera.publish(frame)", nil)
	frame := <-sink.frames
	from, to := make([]byte, frameBytes), make([]byte, frameBytes)
	for i := range from {
		from[i] = byte(i)
	}
	var plain, read time.Duration
	copies := 0
	whole := shm.Selection{Y: 0, X: 1, C: -1, Rows: side, Cols: side, Step: 1}
	for end := time.Now().Add(*arraysTime); time.Now().Before(end); copies++ {
		t := time.Now()
		copy(to, from)
		between := time.Now()
		if _, err := frame.Reader.ReadPlane(frame, whole, to); err != nil {
			b.Fatal(err)
		}
		plain, read = plain+between.Sub(t), read+time.Since(between)
	}
	ratio := plain.Seconds() / read.Seconds()

	// As fast as both can.
	want(1e6)
	// The follower hands out what a screen can show. Here the ring is read by hand.
	r := frame.Reader.(*segment.Reader)
	start(0)
	got, overtaken, torn, last := 0, 0, r.Torn(), uint64(0)
	began := time.Now()
	for end := began.Add(*arraysTime - 200*time.Millisecond); time.Now().Before(end); {
		f, err := r.Frame()
		if err != nil || f == nil || f.Seq == last {
			runtime.Gosched()
			continue
		}
		last = f.Seq
		switch _, err := r.ReadPlane(f, whole, to); {
		case err == nil:
			got++
		case errors.Is(err, shm.ErrOvertaken):
			overtaken++
		default:
			b.Fatal(err)
		}
	}
	flat := float64(got) / time.Since(began).Seconds()
	torn = r.Torn() - torn
	flatOut := done()

	// At 60 Hz, through the whole of the adapter, in turns with what nobody can do without.
	const rounds = 4
	var arrival, latency []float64
	var watched, unwatched struct {
		ticked
		publish, tick []percentiles
	}
	lost, missed, tornAt60 := 0, uint64(0), uint64(0)
	bare := newFloor(b, to)
	for range rounds {
		seconds = arraysTime.Seconds() / rounds
		want(0)
		bare.ticks(*arraysTime / rounds)
		start(60)
		t := done()
		unwatched.N, unwatched.Copied = unwatched.N+t.N, unwatched.Copied+t.Copied
		unwatched.publish, unwatched.tick = append(unwatched.publish, t.Publish), append(unwatched.tick, t.Tick)
		bare.copies(*arraysTime / rounds)
		want(60)
		time.Sleep(50 * time.Millisecond)
		for len(sink.frames) > 0 {
			<-sink.frames
		}
		before := r.Torn()
		start(60)
		last = 0
		for quiet := false; !quiet; {
			select {
			case f := <-sink.frames:
				arrived := time.Now()
				if _, err := f.Reader.ReadPlane(f, whole, to); err != nil {
					lost++
					break
				}
				now := time.Now()
				if last != 0 {
					missed += f.Seq - last - 1
					arrival = append(arrival, 1e3*since(f.Stamp, arrived))
					latency = append(latency, 1e3*since(f.Stamp, now))
				}
				last = f.Seq
			case <-time.After(*arraysTime/rounds + time.Second/2):
				quiet = true
			}
		}
		t = done()
		watched.N, watched.Copied = watched.N+t.N, watched.Copied+t.Copied
		watched.publish, watched.tick = append(watched.publish, t.Publish), append(watched.tick, t.Tick)
		tornAt60 += r.Torn() - before
	}
	watched.Publish, watched.Tick = middle(watched.publish), middle(watched.tick)
	unwatched.Publish, unwatched.Tick = middle(unwatched.publish), middle(unwatched.tick)
	leastCopy, leastTick := middle(bare.copied), middle(bare.ticked)
	seconds = arraysTime.Seconds()

	// With nobody watching, and without a pause.
	want(0)
	p.Run("start(0, 1)", nil)
	warm := done()

	// Through a manager, as napari does.
	var port int
	p.Run(managed, &port)
	client, err := manager.Dial(b.Context(), fmt.Sprintf("127.0.0.1:%d", port), manager.Options{Authkey: []byte("napari"), ReuseBuffers: true})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close(b.Context())
	data, err := client.Create(b.Context(), "napari_data")
	if err != nil {
		b.Fatal(err)
	}
	conn, err := client.Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	get := func() (n float64) {
		began := time.Now()
		for end := began.Add(*arraysTime - 200*time.Millisecond); time.Now().Before(end); n++ {
			v, err := conn.Call(b.Context(), data, "get", "frame")
			if err != nil {
				b.Fatal(err)
			}
			a, ok := v.(*pickle.Array)
			if !ok || len(a.Data) != frameBytes {
				b.Fatalf("the manager sent %v", v)
			}
			copy(to, a.Data)
		}
		return n / time.Since(began).Seconds()
	}
	gets := get()
	p.Run(fmt.Sprintf("start_updates(%g)", seconds), nil)
	getsWhile := get()
	var updates float64
	p.Run("thread.join(); out = updates", &updates)
	p.Run("m.shutdown()", nil)

	slices.Sort(arrival)
	slices.Sort(latency)
	slices.Sort(bare.latency)
	at99 := func(s []float64) float64 {
		if len(s) == 0 {
			return -1
		}
		return s[len(s)*99/100]
	}
	at50 := func(s []float64) float64 {
		if len(s) == 0 {
			return -1
		}
		return s[len(s)/2]
	}
	b.ReportMetric(flat, "frames/s")
	b.ReportMetric(at99(latency), "p99-ms")
	b.ReportMetric(0, "ns/op")

	gb := func(rate float64) string { return fmt.Sprintf("%.1f GB/s", rate*frameBytes/1e9) }
	var table strings.Builder
	fmt.Fprintf(&table, "Python %s, NumPy %s\n\n", p.Python, p.NumPy)
	table.WriteString("| 2048 x 2048 uint16 (8.4 MB) | frames a second | | beside a plain copy |\n|---|---|---|---|\n")
	row := func(name string, rate, part float64) {
		fmt.Fprintf(&table, "| %s | %.0f | %s | %.0f %% |\n", name, rate, gb(rate), 100*part)
	}
	copyRate := float64(copies) / plain.Seconds()
	row("copied in Go, from one buffer to another", copyRate, 1)
	row("read out of the ring, Python at rest", float64(copies)/read.Seconds(), ratio)
	row(fmt.Sprintf("read while Python publishes as fast as it can (%.0f/s)", float64(flatOut.N)/flatOut.Seconds), flat, flat/copyRate)
	row("got from a manager, Python at rest", gets, gets/copyRate)
	row(fmt.Sprintf("got while Python updates it as fast as it can (%.0f/s)", updates), getsWhile, getsWhile/copyRate)
	fmt.Fprintf(&table, "\nOf %d frames read flat out %d were overtaken on the way, and left out; none of those taken was torn.\n", got+overtaken, torn)
	table.WriteString("\n| At 60 Hz, through the adapter | frames | not seen | torn | from publish to known, p50 / p99 | to read, p50 / p99 |\n|---|---|---|---|---|---|\n")
	fmt.Fprintf(&table, "| one watcher | %d | %d | %d | %.2f / %.2f ms | %.2f / %.2f ms |\n", watched.N, missed, tornAt60,
		at50(arrival), at99(arrival), at50(latency), at99(latency))
	fmt.Fprintf(&table, "| the floor: a bare copy in, a bare copy out | %d | | | | %.2f / %.2f ms |\n", len(bare.latency), at50(bare.latency), at99(bare.latency))
	fmt.Fprintf(&table, "| webmon beside the floor | | | | | × %.2f / × %.2f |\n", at50(latency)/at50(bare.latency), at99(latency)/at99(bare.latency))
	table.WriteString("\n| In the Python thread | frames copied | publish, p50 / p99 | with a state and an event, p50 / p99 |\n|---|---|---|---|\n")
	for _, r := range []struct {
		name string
		t    ticked
	}{{"at 60 Hz, nobody watching", unwatched.ticked}, {"at 60 Hz, one watcher", watched.ticked}} {
		fmt.Fprintf(&table, "| %s | %d of %d | %.1f / %.1f µs | %.1f / %.1f µs |\n", r.name, r.t.Copied, r.t.N, r.t.Publish.P50, r.t.Publish.P99, r.t.Tick.P50, r.t.Tick.P99)
	}
	fmt.Fprintf(&table, "| at 60 Hz, the floor of a tick: three lookups, clocks and stores | | | %.1f / %.1f µs |\n", leastTick.P50, leastTick.P99)
	fmt.Fprintf(&table, "| at 60 Hz, the floor of a copy | | %.1f / %.1f µs | |\n", leastCopy.P50, leastCopy.P99)
	fmt.Fprintf(&table, "| without a pause between, nobody watching | %d of %d | %.1f / %.1f µs | |\n", warm.Copied, warm.N, warm.Publish.P50, warm.Publish.P99)
	fmt.Println("\n" + table.String())

	var targets strings.Builder
	target := func(what, want, got string, met bool) {
		verdict := "**missed**"
		if met {
			verdict = "met"
		}
		fmt.Fprintf(&targets, "| %s | %s | %s | %s |\n", what, want, got, verdict)
	}
	target("Arrays of 2048 x 2048 uint16 from Python, flat out", "1,500 a second", fmt.Sprintf("%.0f", flat), flat >= 1500)
	target("Reading one, beside a plain copy", "80 %", fmt.Sprintf("%.0f %%", 100*ratio), ratio >= 0.8)
	target("At 60 Hz, torn or not seen", "0", fmt.Sprint(missed+tornAt60), missed+tornAt60 == 0 && lost == 0)
	beside := at50(latency) / at50(bare.latency)
	target("At 60 Hz, from publish to read, beside a bare copy in and out", "× 1.2", fmt.Sprintf("× %.2f: %.2f and %.2f ms", beside, at50(latency), at50(bare.latency)), beside > 0 && beside <= 1.2)
	tick := unwatched.Tick.P50 / leastTick.P50
	target("A tick in the Python thread, nobody watching, beside three lookups, clocks and stores", "× 3", fmt.Sprintf("× %.1f: %.1f and %.1f µs", tick, unwatched.Tick.P50, leastTick.P50), tick <= 3 && unwatched.Copied == 0)
	target("At 60 Hz, from publish to read, median", "2 ms", fmt.Sprintf("%.2f ms, 99th percentile %.2f ms", at50(latency), at99(latency)), len(latency) > 0 && at50(latency) <= 2)
	target("A tick in the Python thread, nobody watching", "20 µs", fmt.Sprintf("%.1f µs", unwatched.Tick.P50), unwatched.Tick.P50 <= 20 && unwatched.Copied == 0)
	fmt.Print(targets.String())
	if *arraysDir != "" {
		for name, text := range map[string]string{"arrays.md": table.String(), "arrays.targets": targets.String()} {
			if err := os.WriteFile(filepath.Join(*arraysDir, name), []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func since(stamp float64, t time.Time) float64 {
	return float64(t.UnixNano())/1e9 - stamp
}

// watch is a sink that hands frames on.
type watch struct {
	*sourcetest.Sink
	frames chan *shm.ArrayFrame
}

func (w *watch) State(topic string, v shm.Value) {
	if f, ok := v.(*shm.ArrayFrame); ok {
		select {
		case w.frames <- f:
		default:
		}
		return
	}
	w.Sink.State(topic, v)
}
