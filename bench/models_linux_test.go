package bench

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// densitySide is the grid of the simulation that is shown, points along a side.
const densitySide = 256

// BenchmarkDensity is the way of a simulation's density into browsers: a field
// of 256 x 256, computed and shown as often as it can be, 60 times a second at
// most.
func BenchmarkDensity(b *testing.B) {
	var table strings.Builder
	table.WriteString("| Time steps a picture | browsers | | pictures a second | latency: median | 99th | CPU, of a core | bytes a picture |\n|---|---|---|---|---|---|---|---|\n")
	var goals []target
	for _, steps := range []int{1, 2, 20} {
		for _, browsers := range []int{1, 10} {
			var rate, median [2]float64
			for i, server := range []string{"webmon", "before"} {
				var got cameraFigures
				ran := false
				b.Run(fmt.Sprintf("%d steps/%d/%s", steps, browsers, server), func(b *testing.B) {
					for range b.N {
						got = measureDensity(b, server, steps, browsers)
						ran = true
					}
					b.ReportMetric(got.rate, "pictures/s")
					b.ReportMetric(got.took.at(50), "p50-ms")
					b.ReportMetric(got.took.at(99), "p99-ms")
					b.ReportMetric(0, "ns/op")
				})
				if !ran {
					continue
				}
				rate[i], median[i] = got.rate, got.took.at(50)
				name := []string{"webmon", "NumPy, RGBA by Socket.IO"}[i]
				fmt.Fprintf(&table, "| %d | %d | %s | %.1f | %.1f ms | %.1f ms | %.0f %% | %s |\n", steps, browsers, name,
					got.rate, got.took.at(50), got.took.at(99), 100*got.cpu, sizeText(got.size))
				if i == 0 && steps == 1 {
					goals = append(goals, target{
						what: fmt.Sprintf("Densities of %d × %d a second, %d browser(s)", densitySide, densitySide, browsers),
						want: "60", got: fmt.Sprintf("%.1f", got.rate), met: got.rate >= 59,
					})
				}
			}
			if rate[0] > 0 && rate[1] > 0 {
				fmt.Fprintf(&table, "| %d | %d | webmon against that | × %.1f | ÷ %.1f | | | |\n", steps, browsers, rate[0]/rate[1], median[1]/median[0])
			}
		}
	}
	publish(b, "density", table.String(), goals...)
}

func measureDensity(b *testing.B, server string, steps, browsers int) cameraFigures {
	var s *contender
	if server == "webmon" {
		s = benchModel(b, steps)
	} else {
		proc := startPython(b, "poc.py", "density", strconv.Itoa(densitySide), strconv.Itoa(steps))
		var ready struct{ Port int }
		proc.read(&ready)
		s = &contender{proc, ready.Port, socketIO()}
	}
	defer s.stop()
	return measurePictures(b, s, browsers)
}

// benchModel runs this very program with one of its own simulations.
func benchModel(b *testing.B, steps int) *contender {
	b.Helper()
	side := strconv.Itoa(densitySide)
	proc := startChild(b, webmon(b, "--port", "0", "--token", benchToken, "--log-level", "warn",
		"--Nx", side, "--Ny", side, "--steps", strconv.Itoa(steps)))
	line := proc.line()
	port, err := portOf(line)
	if err != nil {
		b.Fatalf("webmon printed %q: %v", line, err)
	}
	const key = "becvortices"
	// A visit has it begin.
	req, err := http.NewRequest("GET", fmt.Sprintf("http://127.0.0.1:%d/models/%s", port, key), nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+benchToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b.Fatalf("the page of the model %s answers %s", key, resp.Status)
	}
	topic := fmt.Sprintf("%s/array/density/x,y/0,0,%s,%s/1", key, side, side)
	return &contender{proc, port, pageOf(benchToken, topic, key+"/model", key+"/people")}
}
