package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // for image.Decode, as the next
	_ "image/png"
	"maps"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/gorilla/websocket"

	"webmon/e2e/fakepage"
	"webmon/e2e/netline"
	"webmon/e2e/specimen"
	"webmon/e2e/webmontest"
	"webmon/shm"
	"webmon/shm/segment"
)

// The camera of BenchmarkNetwork: pixels along a side, and pictures after which it begins again.
const networkSide, networkFrames = 1024, 24

// networkQuality is the fixed quality of the JPEGs beside webmon: Pillow's own.
const networkQuality = 75

const roleSpecimen = "specimen"

func init() { roles[roleSpecimen] = specimenCamera }

// BenchmarkNetwork is how a camera's pictures reach one browser over slow lines: 1024 x 1024 pixels of 16 bits, 60 times a
// second, with structure and noise, while somebody moves a control four times a second.
func BenchmarkNetwork(b *testing.B) {
	file := filepath.Join(b.TempDir(), "frames")
	frames := specimen.Frames(networkSide, networkFrames)
	if err := os.WriteFile(file, bytes.Join(frames, nil), 0o600); err != nil {
		b.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| Line, round trip | server | frames a second | lag: median | 95th | sharpness | exact after | control’s echo: median | 95th | MB/s | came as |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	var targets []target
	how, tcp := "", ""
	for _, line := range append(slices.Clone(netline.Lines), changing) {
		for _, server := range []string{"webmon", "webmon in Chromium", "base64 JPEG", "jupyter_rfb"} {
			if server == "webmon in Chromium" && !slices.Contains([]string{netline.Office.Name, netline.Home.Name, netline.Slow.Name}, line.Name) {
				continue
			}
			var f networkFigures
			ran := false
			b.Run(strings.ReplaceAll(line.Name, "bit/s", "bit")+"/"+strings.ReplaceAll(server, " ", "-"), func(b *testing.B) {
				for range b.N {
					wire := netline.Lay(b, line)
					how, tcp = wire.How, wire.Near.Congestion()
					if server == "webmon in Chromium" {
						f = measureChromium(b, wire, file)
					} else {
						f = measureNetwork(b, wire, server, file, frames)
					}
					ran = true
				}
				b.ReportMetric(f.rate, "frames/s")
				b.ReportMetric(f.lag.at(95), "p95-ms")
				b.ReportMetric(f.sharp.at(50), "dB")
				b.ReportMetric(f.echo.at(95), "echo-ms")
				b.ReportMetric(0, "ns/op")
			})
			if !ran {
				continue
			}
			carried := "–"
			if f.bytes > 0 {
				carried = fmt.Sprintf("%.2f", f.bytes/1e6)
			}
			fmt.Fprintf(&table, "| %s | %s | %.1f | %s | %s | %s | %s | %s | %s | %s | %s |\n", line.Name, server, f.rate,
				msText(f.lag.at(50)), msText(f.lag.at(95)), decibels(f.sharp.at(50)), f.exactText(),
				msText(f.echo.at(50)), msText(f.echo.at(95)), carried, f.cameText())
			if server == "webmon" {
				targets = append(targets, f.targets(line)...)
			}
		}
	}
	fmt.Fprintf(&table, "\nThe line is %s’s, TCP’s congestion control is %s.\n", map[string]string{"netem": "netem", "TUN": "the relay"}[how], tcp)
	publish(b, "network", table.String(), targets...)
}

// changing is a line that becomes another of them every ten seconds.
var changing = netline.Line{Name: "changes every 10 s", Rate: netline.Gigabit.Rate, Delay: netline.Gigabit.Delay, MTU: netline.Gigabit.MTU}

var changes = []netline.Line{netline.Slow, netline.Office, netline.Lossy, netline.Gigabit, netline.Home}

// networkFigures are of one browser.
type networkFigures struct {
	rate  float64        // frames a second
	lag   quantiles      // ms from publish until the whole picture was there
	sharp quantiles      // dB within the contrast limits, of pictures while they move
	exact quantiles      // s from the last frame of a camera that stands still until it was there exactly; +Inf: it never was
	echo  quantiles      // ms from a value that was set until it came back
	bytes float64        // a second
	came  map[string]int // pictures, by how they are written
}

// targets are what is to be reached over a line.
func (f *networkFigures) targets(line netline.Line) (all []target) {
	add := func(what, want, got string, met bool) {
		all = append(all, target{"Pictures over " + line.Name + ": " + what, want, got, met})
	}
	rate := func(want float64) {
		add("frames a second", fmt.Sprintf("%.0f", want), fmt.Sprintf("%.1f", f.rate), f.rate >= want)
	}
	lag := func(want float64) {
		add("lag, 95th percentile", msText(want), msText(f.lag.at(95)), f.lag.at(95) <= want)
	}
	switch line.Name {
	case netline.Home.Name:
		rate(20)
		lag(150)
		add("exact after standing still, longest", "1 s", f.exactText(), len(f.exact) > 0 && f.exact[len(f.exact)-1] <= 1)
		add("sharpness", "35 dB", decibels(f.sharp.at(50)), f.sharp.at(50) >= 35)
	case netline.Slow.Name:
		rate(10)
		lag(300)
	case netline.Office.Name:
		rate(45)
	}
	if line.Name != changing.Name {
		want := float64(line.RoundTrip().Microseconds())/1e3 + 50
		add("control’s echo, 95th percentile", msText(want), msText(f.echo.at(95)), f.echo.at(95) <= want)
	}
	return all
}

func msText(ms float64) string {
	switch {
	case math.IsNaN(ms):
		return "–"
	case ms >= 10000:
		return fmt.Sprintf("%.0f s", ms/1e3)
	case ms >= 10:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f ms", ms)
}

func decibels(db float64) string {
	switch {
	case math.IsNaN(db):
		return "–"
	case math.IsInf(db, 1):
		return "exact"
	}
	return fmt.Sprintf("%.1f dB", db)
}

// exactText is the longest time until a picture was exact.
func (f *networkFigures) exactText() string {
	switch {
	case len(f.exact) == 0:
		return "–"
	case math.IsInf(f.exact[len(f.exact)-1], 1):
		return "never"
	}
	return fmt.Sprintf("%.2f s", f.exact[len(f.exact)-1])
}

// cameText is how most of the pictures were written.
func (f *networkFigures) cameText() string {
	all := 0
	for _, n := range f.came {
		all += n
	}
	var words []string
	for _, name := range slices.SortedFunc(maps.Keys(f.came), func(a, b string) int { return f.came[b] - f.came[a] }) {
		switch part := 100 * f.came[name] / max(all, 1); {
		case part == 100:
			words = append(words, name)
		case part >= 5 && len(words) < 4:
			words = append(words, fmt.Sprintf("%s (%d %%)", name, part))
		}
	}
	return strings.Join(words, ", ")
}

// arrival is a picture that a browser has got.
type arrival struct {
	seq    uint64 // of the camera, from 1
	stamp  float64
	at     time.Time
	how    string
	exact  func() ([]byte, error) // its values; nil where they are lost
	values func() ([]float32, error)
}

// looker is a browser before a server: its pictures come in a channel.
type looker interface {
	pictures() <-chan arrival
	set(value float64) error
	received() int64 // bytes
	close() error
}

func measureNetwork(b *testing.B, wire *netline.Wire, server, file string, frames [][]byte) (f networkFigures) {
	e := newEchoes()
	line := wire.Line() // at the beginning
	var look looker
	still := func(bool) float64 { return 0 }
	if server == "webmon" {
		cam := startSpecimen(b, file, networkSide)
		defer cam.stop()
		proc := startChild(b, wire.Near.Enter(self(b, roleArrays, cam.info, wire.Near.Address)))
		defer proc.stop()
		var ready struct{ Port int }
		proc.read(&ready)
		page, err := fakepage.Open(fakepage.Options{
			Address: net.JoinHostPort(wire.Near.Address, strconv.Itoa(ready.Port)), Token: benchToken, Dial: wire.Far.Dial,
			Topics: []string{fmt.Sprintf("scope/array/camera/y,x/0,0,%d,%d/1", networkSide, networkSide), "scope/values"},
			Takes:  fakepage.All, Look: &[2]float64{specimen.Low, specimen.High},
			Text: func(at time.Time, topic string, text []byte) {
				var m struct{ Values struct{ Gain float64 } }
				if topic == "scope/values" && json.Unmarshal(text, &m) == nil {
					e.came(at, m.Values.Gain)
				}
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		look = newPageLooker(page)
		still = func(on bool) float64 {
			stamps := cam.still(on)
			return stamps[len(stamps)-1]
		}
	} else if server == "jupyter_rfb" {
		proc := startChild(b, wire.Near.Enter(pythonOf(b, "rfb.py", strconv.Itoa(networkSide), file, wire.Near.Address)))
		defer proc.stop()
		var ready notebookReady
		proc.read(&ready)
		look = openNotebook(b, wire, ready, e)
	} else {
		cmd := wire.Near.Enter(pythonOf(b, "poc.py", "specimen", strconv.Itoa(networkSide), file, strconv.Itoa(networkQuality), wire.Near.Address))
		proc := startChild(b, cmd)
		defer proc.stop()
		var ready struct{ Port int }
		proc.read(&ready)
		look = openSocketIO(b, wire, ready.Port, e)
	}
	defer func() {
		if err := look.close(); err != nil {
			b.Error(err)
		}
	}()

	ctx, cancel := context.WithCancel(b.Context())
	var setting sync.WaitGroup
	defer setting.Wait()
	defer cancel()
	setting.Go(func() {
		everyTick(ctx, 4, func(n int) {
			value := float64(n) + 1
			e.sent(time.Now(), value)
			if err := look.set(value); err != nil && ctx.Err() == nil {
				b.Errorf("setting a control: %v", err)
				cancel()
			}
		})
	})
	d := max(*benchTime, time.Second)
	watch(b, look, max(d/2, time.Second), nil) // until it has found its rate
	if line.Name == changing.Name {
		setting.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-ctx.Done():
					return
				case <-time.After(10 * time.Second):
				}
				if err := wire.Set(changes[i%len(changes)]); err != nil {
					b.Error(err)
				}
			}
		})
		d = time.Duration(1+len(changes)) * 10 * time.Second
	}
	f.came = map[string]int{}
	before, start, sharp := look.received(), time.Now(), time.Time{}
	e.reset()
	n := 0
	watch(b, look, d, func(a arrival) bool {
		n++
		f.came[a.how]++
		f.lag = append(f.lag, float64(a.at.UnixMicro())/1e3-a.stamp)
		if time.Since(sharp) > 300*time.Millisecond && a.values != nil {
			sharp = time.Now()
			values, err := a.values()
			if err != nil {
				b.Fatal(err)
			}
			f.sharp = append(f.sharp, specimen.PSNR(frames[(a.seq-1)%networkFrames], values, specimen.Low, specimen.High))
		}
		return false
	})
	took := time.Since(start).Seconds()
	f.rate, f.bytes = float64(n)/took, float64(look.received()-before)/took
	f.echo = e.all()
	f.lag.sort()
	f.sharp.sort()
	f.echo.sort()
	if server == "webmon" && line.Name != changing.Name {
		for range 3 {
			last := still(true)
			came := math.Inf(1)
			watch(b, look, 10*time.Second, func(a arrival) bool {
				if a.stamp < last || a.exact == nil {
					return false
				}
				values, err := a.exact()
				if err != nil {
					b.Fatal(err)
				}
				if !bytes.Equal(values, frames[(a.seq-1)%networkFrames]) {
					b.Errorf("picture %d, which came as %s, is not the one that was published", a.seq, a.how)
				}
				came = float64(a.at.UnixMicro())/1e6 - last/1e3
				return true
			})
			f.exact = append(f.exact, came)
			still(false)
			watch(b, look, 2*time.Second, nil)
		}
		f.exact.sort()
	}
	return f
}

// watch takes what comes for so long, or until f returns true.
func watch(b *testing.B, look looker, d time.Duration, f func(arrival) bool) {
	b.Helper()
	for end := time.After(d); ; {
		select {
		case <-end:
			return
		case a, ok := <-look.pictures():
			if !ok {
				b.Fatalf("the connection ended: %v", look.close())
			}
			if f != nil && f(a) {
				return
			}
		}
	}
}

// echoes are values that were set and are to come back.
type echoes struct {
	mu    sync.Mutex // guards all
	under map[float64]time.Time
	took  quantiles // ms
}

func newEchoes() *echoes { return &echoes{under: map[float64]time.Time{}} }

func (e *echoes) sent(at time.Time, value float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.under[value] = at
}

// came takes a value that came back, and with it those before it.
func (e *echoes) came(at time.Time, value float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for v, sent := range e.under {
		if v <= value {
			e.took = append(e.took, float64(at.Sub(sent).Microseconds())/1e3)
			delete(e.under, v)
		}
	}
}

func (e *echoes) reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.took = nil
}

// all are those that came, and those that have not come yet at what they took by now.
func (e *echoes) all() quantiles {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := slices.Clone(e.took)
	for _, sent := range e.under {
		if took := float64(time.Since(sent).Microseconds()) / 1e3; len(e.took) == 0 || took > e.took[len(e.took)-1] {
			all = append(all, took)
		}
	}
	return all
}

// pageLooker is a page before webmon.
type pageLooker struct {
	page *fakepage.Page
	n    uint64
	out  chan arrival
}

func newPageLooker(page *fakepage.Page) *pageLooker {
	l := &pageLooker{page: page, out: make(chan arrival)}
	go func() {
		defer close(l.out)
		for p := range page.Pictures() {
			a := arrival{seq: p.Seq, stamp: p.Stamp, at: p.Received, how: p.How(), values: func() ([]float32, error) {
				values, cols, err := p.Gray()
				if err == nil && (cols != networkSide || len(values) != networkSide*networkSide) {
					err = fmt.Errorf("%d values in %d columns", len(values), cols)
				}
				return values, err
			}}
			if !p.Lossy() && p.Step == 1 {
				a.exact = p.Exact
			}
			l.out <- a
		}
	}()
	return l
}

func (l *pageLooker) pictures() <-chan arrival { return l.out }
func (l *pageLooker) received() int64          { return l.page.Counts().Bytes }
func (l *pageLooker) set(value float64) error {
	l.n++
	return l.page.Set("scope", "gain", value, l.n)
}

func (l *pageLooker) close() error {
	err := l.page.Close()
	for range l.out {
	}
	return err
}

// socketLooker is what pages before other servers have in common.
type socketLooker struct {
	conn *websocket.Conn
	out  chan arrival

	mu    sync.Mutex // guards what follows, and is held while something is sent
	bytes int64
}

// dialPage opens a socket at a path of a server that may still be starting, at the far end of a line.
func dialPage(b *testing.B, wire *netline.Wire, port int, path string, protocols ...string) *socketLooker {
	b.Helper()
	address := net.JoinHostPort(wire.Near.Address, strconv.Itoa(port))
	dialer := websocket.Dialer{
		NetDial:          func(network, _ string) (net.Conn, error) { return wire.Far.Dial("tcp4", address) },
		HandshakeTimeout: 20 * time.Second, Subprotocols: protocols,
	}
	var conn *websocket.Conn
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if conn, _, err = dialer.Dial("ws://"+address+path, http.Header{}); err == nil {
			break
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	return &socketLooker{conn: conn, out: make(chan arrival, 16)}
}

// next is the next message, and when it was there.
func (l *socketLooker) next() (message []byte, at time.Time, err error) {
	_, message, err = l.conn.ReadMessage()
	at = time.Now()
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.bytes += int64(len(message)) + 4
	}
	return message, at, err
}

func (l *socketLooker) pictures() <-chan arrival { return l.out }

func (l *socketLooker) received() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

func (l *socketLooker) close() error {
	l.conn.Close()
	for range l.out {
	}
	return nil
}

// socketIOLooker is a page before Socket.IO.
type socketIOLooker struct{ *socketLooker }

func openSocketIO(b *testing.B, wire *netline.Wire, port int, e *echoes) looker {
	b.Helper()
	l := socketIOLooker{dialPage(b, wire, port, socketIO().path)}
	go l.read(e)
	return l
}

func (l socketIOLooker) read(e *echoes) {
	defer close(l.out)
	for {
		text, at, err := l.next()
		if err != nil {
			return
		}
		switch {
		case len(text) == 0:
		case text[0] == '0':
			_ = l.send("40")
		case text[0] == '2':
			_ = l.send("3")
		case bytes.HasPrefix(text, []byte(`42["values",`)):
			var m []json.RawMessage
			var said struct{ Gain float64 }
			if json.Unmarshal(text[2:], &m) == nil && len(m) == 2 && json.Unmarshal(m[1], &said) == nil {
				e.came(at, said.Gain)
			}
		case bytes.HasPrefix(text, []byte(`42["frame",`)):
			// Decoded where it is needed alone: a browser has a core of its own for it.
			corners := bytes.Index(text, []byte(`"corners":[[`)) // without blanks or with
			if corners < 0 {
				corners = bytes.Index(text, []byte(`"corners": [[`)) + 1
			}
			n, after := number(text[corners+len(`"corners":[[`):])
			stamp, _ := number(after)
			l.out <- arrival{
				seq: uint64(n) + 1, stamp: 1e3 * stamp, at: at, how: fmt.Sprintf("jpeg %d", networkQuality),
				values: func() ([]float32, error) {
					var m []json.RawMessage
					var said struct{ Image []byte }
					if err := json.Unmarshal(text[2:], &m); err != nil {
						return nil, err
					}
					if err := json.Unmarshal(bytes.Replace(m[1], []byte("data:image/jpeg;base64,"), nil, 1), &said); err != nil {
						return nil, err
					}
					return grayOf(said.Image)
				},
			}
		}
	}
}

// grayOf are the values of an encoded picture that was stretched between the limits of the specimen, in counts.
func grayOf(encoded []byte) ([]float32, error) {
	img, _, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	gray, ok := img.(*image.Gray)
	if !ok || gray.Rect.Dx() != networkSide || gray.Rect.Dy() != networkSide {
		return nil, fmt.Errorf("a picture of %v", img.Bounds())
	}
	values := make([]float32, networkSide*networkSide)
	for i := range values {
		v := gray.Pix[i/networkSide*gray.Stride+i%networkSide]
		values[i] = specimen.Low + float32(v)/255*(specimen.High-specimen.Low)
	}
	return values, nil
}

func (l socketIOLooker) send(text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn.WriteMessage(websocket.TextMessage, []byte(text))
}

func (l socketIOLooker) set(value float64) error {
	return l.send(fmt.Sprintf(`42["set",{"gain":%g}]`, value))
}

// measureChromium is measureNetwork of a real browser: of its page the rate, and the lag to the frame of the screen in which a
// picture is drawn.
func measureChromium(b *testing.B, wire *netline.Wire, file string) (f networkFigures) {
	options, ok := webmontest.Chromium(b.TempDir())
	if !ok {
		b.Skip("Chromium is not installed")
	}
	cam := startSpecimen(b, file, networkSide)
	defer cam.stop()
	proc := startChild(b, wire.Near.Enter(self(b, roleArrays, cam.info, wire.Near.Address)))
	defer proc.stop()
	var ready struct{ Port int }
	proc.read(&ready)
	options = append(options, chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { wire.Far.Enter(cmd) }))
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancelAllocator()
	ctx, cancel := chromedp.NewContext(allocator)
	defer cancel()
	ctx, cancelLate := context.WithTimeout(ctx, 5*time.Minute)
	defer cancelLate()
	p := &canvasPage{b: b, ctx: ctx}
	base := "http://" + net.JoinHostPort(wire.Near.Address, strconv.Itoa(ready.Port))
	p.must(chromedp.EmulateViewport(1500, 1200))
	for tried := 1; ; tried++ { // the page that takes the token goes to another one by itself
		err := chromedp.Do(ctx, chromedp.Navigate(base+"/?token="+benchToken), chromedp.Sleep(time.Second),
			chromedp.Navigate(base+"/arrays?source=scope&array=camera"),
			chromedp.Poll[chromedp.Void](`document.querySelector("[data-array]")?.dataset.pictures > 0`))
		if err == nil {
			break
		}
		if tried == 5 {
			b.Fatal(err)
		}
	}
	p.must(
		chromedp.Evaluate[chromedp.Void](`window.drawn = []; (() => {
  const root = document.querySelector("[data-array]");
  let last;
  const look = () => {
    const channel = root.array?.stats().channels[0];
    if (channel && channel.seq !== last) drawn.push([last = channel.seq, Date.now()]);
    requestAnimationFrame(look);
  };
  look();
})(); 0`))
	d := max(*benchTime, time.Second)
	time.Sleep(d / 2) // until it has found its rate
	ask[int](p, `drawn.length = 0`)
	time.Sleep(d)
	drawn := ask[[][2]float64](p, `drawn`)
	stamps := cam.still(false)
	for _, at := range drawn {
		f.lag = append(f.lag, at[1]-stamps[int(at[0])-1])
	}
	f.rate = float64(len(drawn)) / d.Seconds()
	f.lag.sort()
	f.came = map[string]int{ask[string](p, `(c => c.rows + " x " + c.cols + " pixels")(document.querySelector("[data-array]").array.stats().channels[0])`): 1}
	return f
}

// specimenChild is the camera's process.
type specimenChild struct {
	*child
	info string // what it declares
}

// startSpecimen shares the frames of a file, of so many pixels along a side, 60 times a second.
func startSpecimen(b *testing.B, file string, side int) *specimenChild {
	b.Helper()
	c := &specimenChild{child: startChild(b, self(b, roleSpecimen, file, strconv.Itoa(side), "60"))}
	c.info = c.line()
	return c
}

// still makes the camera stand still or go on, and returns when it has taken each picture, ms since the epoch.
func (c *specimenChild) still(on bool) []float64 {
	c.b.Helper()
	c.say(map[string]bool{"still": on})
	var said struct{ Stamps []float64 }
	c.read(&said)
	return said.Stamps
}

// specimenCamera shares the frames of a file, which has so many pixels along a side, so often a second, in a process of
// its own. It prints what it declares of them. {"still": true} on its input makes it stand still, false go on; it
// answers with {"stamps": [ms of each frame]}.
func specimenCamera() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	all, err := os.ReadFile(os.Args[1])
	fail(err)
	side, err := strconv.Atoi(os.Args[2])
	fail(err)
	hz, err := strconv.Atoi(os.Args[3])
	fail(err)
	w, err := segment.Create(segment.Spec{
		Name: "camera", DType: "<u2", Shape: []int{side, side}, Axes: []string{"y", "x"}, Units: []string{"um", "um"},
	})
	fail(err)
	frames := slices.Collect(slices.Chunk(all, 2*side*side))
	text, _ := json.Marshal(w.Info())
	fmt.Println(string(text))
	var mu sync.Mutex // guards what follows
	still, stamps := false, []float64{}
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			var m struct{ Still bool }
			fail(json.Unmarshal(in.Bytes(), &m))
			mu.Lock()
			still = m.Still
			text, _ := json.Marshal(map[string]any{"stamps": stamps})
			mu.Unlock()
			fmt.Println(string(text))
		}
	}()
	everyTick(ctx, hz, func(int) {
		mu.Lock()
		defer mu.Unlock()
		if !still {
			now := time.Now()
			fail(w.Publish(frames[len(stamps)%len(frames)], segment.Frame{Stamp: now}))
			stamps = append(stamps, float64(now.UnixMicro())/1e3)
		}
	})
	w.Close()
	os.Exit(0)
}

// gained is the control of a process that has one array.
type gained struct {
	mu    sync.Mutex // guards what follows
	value float64
	sink  shm.Sink // nil while it does not run
}

func (g *gained) controls() shm.Controls {
	low, high := 0.0, 1e9
	return shm.Controls{{Name: "gain", Type: shm.Float, Value: g.value, Default: 0.0, Min: &low, Max: &high}}
}

// runs gives the control to a sink.
func (g *gained) runs(sink shm.Sink) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sink = sink
	sink.State(shm.TopicControls, g.controls())
}

// command sets the value at once.
func (g *gained) command(cmd shm.Command, report func(shm.Status, string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, v := range cmd.Args {
		if x, ok := shm.Number(v); ok && g.sink != nil {
			g.value = x
			g.sink.State(shm.TopicControls, g.controls())
		}
	}
	if report != nil && cmd.ID != "" {
		report(shm.Applied, "")
	}
}
