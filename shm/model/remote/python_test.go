//go:build linux

package remote_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/model/remote"
	"webmon/shm/model/remote/remotetest"
	"webmon/shm/process/naparitest"
)

// startZMQ begins a server on the real libzmq, and returns its address.
func startZMQ(t testing.TB, nx, ny int, fps float64) string {
	t.Helper()
	cmd := exec.Command(naparitest.Python(t, "numpy2"), "testdata/server.py", fmt.Sprint(nx), fmt.Sprint(ny), fmt.Sprint(fps))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("the server ended with %v: %s", err, &stderr)
		}
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server says %q and nothing more: %v", port, err)
	}
	return "tcp://127.0.0.1:" + strings.TrimSpace(port)
}

func TestLibZMQ(t *testing.T) {
	t.Parallel()
	address := startZMQ(t, 256, 128, 400)
	c := client(address)
	for range 2 { // the second finds a server that has served before
		r := run(t, c)
		r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
		r.sink.Want(shm.ArrayTopic(shm.ArrayTracers), 60)
		r.phase(t, shm.ModelRunning)
		r.sink.Wait(t, "pictures", func() bool { return r.sink.Frames() > 10 })
		v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayDensity))
		if f := v.(*shm.ArrayFrame); f.Shape[0] != 256 || f.Shape[1] != 128 {
			t.Errorf("the shape is %v", f.Shape)
		}
		r.sink.Wait(t, "tracers", func() bool { v, _ := r.sink.Latest(shm.ArrayTopic(shm.ArrayTracers)); return v != nil })
		v, _ = r.sink.Latest(shm.ArrayTopic(shm.ArrayTracers))
		frame := v.(*shm.ArrayFrame)
		if px, err := frame.Reader.ReadPlane(frame, shm.Selection{Index: []int{0, 0}, Y: 0, X: 1, C: -1, Rows: 2, Cols: 3, Step: 1}, nil); err != nil || px.Rows != 2 || px.Cols != 3 {
			t.Errorf("tracers: %+v, %v", px, err)
		}
		r.set(t, "cooling", 2.0)
		r.sink.Wait(t, "the value from the server", func() bool { return r.value("cooling") == 2.0 })
		r.do(t, shm.ActionPause)
		r.phase(t, shm.ModelPaused)
		r.do(t, shm.ActionStart)
		r.phase(t, shm.ModelRunning)
		r.do(t, shm.ActionReset)
		r.sink.Wait(t, "the value after the reset", func() bool { return r.value("cooling") == 0.01 })
		r.stop()
	}
	if info := c.Info(); info.Problem != "" || !strings.HasPrefix(info.Title, "super_hydro at ") {
		t.Errorf("%+v", info)
	}
}

// BenchmarkDensity is how many densities a second come through, of a server that does not
// sleep for long: what the client and the wire allow.
func BenchmarkDensity(b *testing.B) {
	for _, n := range []int{64, 256} {
		for _, kind := range []string{"go", "libzmq"} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) {
				var address string
				if kind == "go" {
					address = start(b, remotetest.Options{Nx: n, Ny: n, FPS: 5000, Steps: 1}).URL()
				} else {
					address = startZMQ(b, n, n, 5000)
				}
				benchmarkDensity(b, address, n)
			})
		}
	}
}

func benchmarkDensity(b *testing.B, address string, n int) {
	began := time.Now()
	if err := remote.Densities(b.Context(), address, b.N, b.ResetTimer); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(8 * n * n))
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "densities/s")
}
