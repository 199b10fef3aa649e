package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/source"
	"webmon/e2e/specimen"
	"webmon/shm"
	"webmon/shm/segment"
)

// cameraSide is the camera's frame, pixels along a side.
const cameraSide = 2048

// cameraFrames is how many different frames it has.
const cameraFrames = 4

func init() { roles[roleArrays] = serveArrays }

// BenchmarkCamera is the way of a camera's picture into browsers: 2048 x 2048
// pixels of 16 bits, 60 times a second.
func BenchmarkCamera(b *testing.B) {
	var table strings.Builder
	table.WriteString("| Viewport | browsers | | frames a second | latency: median | 99th | server CPU, of a core | bytes a frame |\n|---|---|---|---|---|---|---|---|\n")
	file := filepath.Join(b.TempDir(), "frames")
	if err := os.WriteFile(file, bytes.Join(specimen.Frames(cameraSide, cameraFrames), nil), 0o600); err != nil {
		b.Fatal(err)
	}
	var targets []target
	for _, side := range []int{512, 1024, 2048} {
		for _, browsers := range []int{1, 10} {
			var rate, median [3]float64
			for i, server := range []string{"webmon", "JPEG", "PNG"} {
				var got cameraFigures
				ran := false
				b.Run(fmt.Sprintf("%d px/%d/%s", side, browsers, server), func(b *testing.B) {
					for range b.N {
						got = measureCamera(b, server, file, side, browsers)
						ran = true
					}
					b.ReportMetric(got.rate, "frames/s")
					b.ReportMetric(got.took.at(50), "p50-ms")
					b.ReportMetric(got.took.at(99), "p99-ms")
					b.ReportMetric(0, "ns/op")
				})
				if !ran {
					continue
				}
				rate[i], median[i] = got.rate, got.took.at(50)
				name := server
				if i > 0 {
					name = "base64 " + server
				}
				fmt.Fprintf(&table, "| %d px | %d | %s | %.1f | %.1f ms | %.1f ms | %.0f %% | %s |\n", side, browsers, name,
					got.rate, got.took.at(50), got.took.at(99), 100*got.cpu, sizeText(got.size))
			}
			if side == cameraSide && browsers == 10 && rate[0] > 0 && rate[1] > 0 {
				targets = append(targets,
					target{"Ten browsers at 2048 pixels: frames a second", fmt.Sprintf("more than JPEG’s %.1f", rate[1]), fmt.Sprintf("%.1f", rate[0]), rate[0] > rate[1]},
					target{"Ten browsers at 2048 pixels: median lag", fmt.Sprintf("half of JPEG’s %s", msText(median[1])), msText(median[0]), median[0] <= median[1]/2})
			}
			for i, name := range []string{"", "JPEG", "PNG"} {
				if i > 0 && rate[0] > 0 && rate[i] > 0 {
					fmt.Fprintf(&table, "| %d px | %d | webmon against %s | × %.1f | ÷ %.1f | | | |\n", side, browsers, name, rate[0]/rate[i], median[i]/median[0])
				}
			}
		}
	}
	publish(b, "camera", table.String(), targets...)
}

func sizeText(n float64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%.1f MB", n/(1<<20))
	}
	return fmt.Sprintf("%.0f KB", n/(1<<10))
}

type cameraFigures struct {
	rate float64   // frames a second and browser
	took quantiles // ms from the camera's frame to the browser having read it
	cpu  float64   // of a core, of the server
	size float64   // bytes a frame
}

func measureCamera(b *testing.B, server, file string, side, browsers int) cameraFigures {
	var s *contender
	if server == "webmon" {
		camera := startSpecimen(b, file, cameraSide)
		defer camera.stop()
		s = benchArrays(b, camera.info, side)
	} else {
		proc := startPython(b, "poc.py", strings.ToLower(server), strconv.Itoa(side), file)
		var ready struct{ Port int }
		proc.read(&ready)
		s = &contender{proc, ready.Port, socketIO()}
	}
	defer s.stop()
	return measurePictures(b, s, browsers)
}

// measurePictures has browsers look at a server's pictures.
func measurePictures(b *testing.B, s *contender, browsers int) (f cameraFigures) {
	b.Helper()
	c := crowdOf(b, s, browsers)
	defer c.close()
	d := max(*benchTime/2, time.Second)
	readFor(b, c, d/2)
	cpu, start := s.cpu(), time.Now()
	samples := recordFor(b, c, d)
	took := time.Since(start).Seconds()
	f.cpu = (s.cpu() - cpu).Seconds() / took
	f.rate = float64(len(samples)) / took / float64(browsers)
	for _, s := range samples {
		f.took = append(f.took, 1e3*float64(s.fromTick))
	}
	f.took.sort()
	if len(samples) > 0 {
		f.size = float64(c.bytes) / float64(len(samples))
	}
	if c.lost > 0 {
		b.Errorf("%d of %d browsers were dropped", c.lost, browsers)
	}
	return f
}

// benchArrays runs the real server with the camera's array.
func benchArrays(b *testing.B, info string, side int) *contender {
	b.Helper()
	proc := startChild(b, self(b, roleArrays, info))
	var ready struct{ Port int }
	proc.read(&ready)
	topic := fmt.Sprintf("scope/array/camera/y,x/0,0,%d,%d/%d", cameraSide, cameraSide, cameraSide/side)
	return &contender{proc, ready.Port, lookingAt(benchToken, topic, specimen.Low, specimen.High)}
}

// serveArrays serves the dashboard of the array whose declaration is its first
// argument, at the address that is its second one, if there is one. It prints its port.
func serveArrays() {
	var info shm.ArrayInfo
	host := "127.0.0.1"
	if len(os.Args) > 2 {
		host = os.Args[2]
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err == nil {
		err = json.Unmarshal([]byte(os.Args[1]), &info)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	info.Name = "camera"
	server, err := dashboard.New(dashboard.Options{
		Listener: l, Token: benchToken, Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Attach: func(context.Context, source.Target, dashboard.Self) (shm.Source, error) {
			return &sharing{info: info}, nil
		},
	})
	if err == nil {
		_, err = server.Attach(context.Background(), source.Target{Name: "scope", Address: "here"})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("{\"port\": %d}\n", l.Addr().(*net.TCPAddr).Port)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := server.Serve(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// sharing is a process that has one array and one control.
type sharing struct {
	info shm.ArrayInfo
	gain gained
}

func (s *sharing) Info() shm.Info {
	return shm.Info{Name: "scope", Kind: shm.KindPython, Instance: s.info.Generation}
}
func (s *sharing) Actions() []shm.Action { return nil }
func (s *sharing) Command(cmd shm.Command, report func(shm.Status, string)) {
	s.gain.command(cmd, report)
}
func (s *sharing) Run(ctx context.Context, sink shm.Sink) error {
	r, err := segment.Open(s.info, segment.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	sink.State(shm.TopicArrays, shm.Arrays{s.info})
	s.gain.runs(sink)
	topic := shm.ArrayTopic(s.info.Name)
	f := segment.NewFollower(r)
	counted, since := r.Published(), time.Now()
	for {
		frame, err := f.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, shm.ErrNoArray):
			return fmt.Errorf("%w: %w", shm.ErrEnded, err)
		case err != nil:
			return err
		}
		// What is known of the rate decides at which rung browsers stand.
		if now := time.Now(); now.Sub(since) >= time.Second {
			info := s.info
			info.Stats.Published = r.Published()
			info.Stats.Rate = float64(info.Stats.Published-counted) / now.Sub(since).Seconds()
			counted, since = info.Stats.Published, now
			sink.State(shm.TopicArrays, shm.Arrays{info})
		}
		if sink.Demand(topic) > 0 {
			sink.State(topic, frame)
		}
	}
}
