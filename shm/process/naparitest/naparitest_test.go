//go:build linux

package naparitest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// clientEnv turns the test binary into the client that napari starts: it says
// on stdout what it was given, as JSON, and stays until it is ended.
const clientEnv = "NAPARITEST_TEST_CLIENT"

type clientReport struct {
	Config string
	PID    int
	Parent int
	Group  int
	Dir    string
}

func TestMain(m *testing.M) {
	if os.Getenv(clientEnv) != "" {
		dir, _ := os.Getwd()
		b, _ := json.Marshal(clientReport{
			Config: os.Getenv("NAPARI_MON_CLIENT"),
			PID:    os.Getpid(),
			Parent: os.Getppid(),
			Group:  syscall.Getpgrp(),
			Dir:    dir,
		})
		fmt.Printf("client %s\n", b)
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// self is the command line of the test binary as a client.
func self(t *testing.T) []string {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{binary}
}

// waitClient returns what the client said of itself.
func waitClient(t *testing.T, p *Process) clientReport {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	line, err := p.WaitStdout(ctx, func(out string) (string, bool) {
		_, rest, ok := strings.Cut(out, "client ")
		line, _, whole := strings.Cut(rest, "\n")
		return line, ok && whole
	})
	if err != nil {
		t.Fatal(err)
	}
	var report clientReport
	if err := json.Unmarshal([]byte(line), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// What napari tells the client it starts, in both generations.
func TestNapariStartsItsClient(t *testing.T) {
	for _, version := range []string{Octree, Latest} {
		t.Run(version, func(t *testing.T) {
			p := Start(t, Options{Version: version, Client: self(t), Env: []string{clientEnv + "=1"}})
			got := waitClient(t, p)

			config, err := base64.StdEncoding.DecodeString(got.Config)
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf(`{"server_port": %d}`, p.ManagerPort); string(config) != want {
				t.Errorf("NAPARI_MON_CLIENT = %s, want %s", config, want)
			}
			if got.Parent != p.PID || got.Group != p.PID || got.Dir != p.Home {
				t.Errorf("client = %+v, want parent and group %d in %s", got, p.PID, p.Home)
			}

			p.Quit()
			// Its helpers need a moment to notice.
			for end := time.Now().Add(time.Minute); len(p.Children()) > 1 && time.Now().Before(end); {
				time.Sleep(20 * time.Millisecond)
			}
			if children := p.Children(); !slices.Equal(children, []int{got.PID}) {
				t.Errorf("after napari's end %v run, want the client %d alone", children, got.PID)
			}
		})
	}
}

// The octree's own state follows the camera, and loads tiles for it.
func TestOctreeFollowsTheCamera(t *testing.T) {
	p := Start(t, Options{Version: Octree})
	// On a busy machine the window gets its size late, which moves the camera.
	if s := p.State(); s.Ticks == 0 && s.Layers[0].TileState != nil {
		t.Errorf("before the camera moved: tile state %v, want none", s.Layers[0].TileState)
	}
	p.Wake()
	p.Zoom(1)
	p.Center(10000, 50000)
	if camera := p.State().Camera; camera.Zoom != 1 || camera.Center != [2]float64{10000, 50000} {
		t.Errorf("camera = %+v, want zoom 1 at 10000, 50000", camera)
	}
	s := waitState(t, p, func(s State) bool {
		layer := s.Layers[0]
		return layer.TileConfig != nil && layer.TileConfig.LevelIndex == 0 &&
			contains(layer.TileState.Corners, 10000, 50000) && layer.Loads > 0
	})
	layer := s.Layers[0]
	if want := [2]int{256, 256}; layer.TileConfig.ShapeInTiles != want {
		t.Errorf("shape in tiles = %v, want %v", layer.TileConfig.ShapeInTiles, want)
	}
	if middle := [2]int{10000 / 256, 50000 / 256}; !slices.Contains(layer.TileState.Seen, middle) {
		t.Errorf("seen = %v, want the tile in the middle, %v, among them", layer.TileState.Seen, middle)
	}
	if layer.Bytes != int64(layer.Loads)*256*256 {
		t.Errorf("%d bytes in %d tiles, want 65536 each", layer.Bytes, layer.Loads)
	}

	path := filepath.Join(t.TempDir(), "canvas.png")
	p.Screenshot(path)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.Bounds().Size(); got.Y != s.Canvas[0] || got.X != s.Canvas[1] {
		t.Errorf("screenshot is %v, want the canvas of %v (height, width)", got, s.Canvas)
	}
}

func contains(corners [2][2]float64, y, x float64) bool {
	return corners[0][0] < y && y < corners[1][0] && corners[0][1] < x && x < corners[1][1]
}

// waitState asks until the state is as wanted: tiles load in their own time.
func waitState(t *testing.T, p *Process, ok func(State) bool) State {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		s := p.State()
		if ok(s) {
			return s
		}
		if time.Now().After(deadline) {
			b, _ := json.Marshal(s)
			t.Fatalf("napari did not get there; last state %s", b)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestLatestHasNoTiles(t *testing.T) {
	p := Start(t, Options{Version: Latest})
	p.Wake()
	p.Zoom(0.5)
	p.Center(30000, 40000)
	s := p.State()
	if s.Camera.Zoom != 0.5 || s.Camera.Center != [2]float64{30000, 40000} {
		t.Errorf("camera = %+v, want zoom 0.5 at 30000, 40000", s.Camera)
	}
	if s.Ticks == 0 {
		t.Error("no ticks after the camera moved")
	}
	if len(s.Layers) != 1 || s.Layers[0].TileState != nil || len(s.Layers[0].CornerPixels) != 2 {
		t.Errorf("layers = %+v, want one with corner pixels and no tiles", s.Layers)
	}
}

// A command that the driver refuses is an error, and the next one works.
func TestDriverRefuses(t *testing.T) {
	p := StartMonitor(t, MonitorOptions{})
	err := p.Do(context.Background(), "fly", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "no command 'fly'") {
		t.Errorf("error = %v, want the driver's words", err)
	}
	p.MustDo("message", map[string]any{"message": map[string]any{"a": 1}}, nil)
	p.Kill()
	if err := p.Do(context.Background(), "client", nil, nil); !errors.Is(err, ErrExited) {
		t.Errorf("after the end: %v, want ErrExited", err)
	}
}

// What is killed leaves its manager behind, and the test's end removes it.
func TestMonitorScript(t *testing.T) {
	for _, python := range append(Pythons(), "numpy1", "numpy2") {
		for _, method := range []string{"fork", "spawn", "forkserver"} {
			t.Run(python+"/"+method, func(t *testing.T) {
				t.Parallel()
				var marker string
				t.Run("run", func(t *testing.T) {
					p := StartMonitor(t, MonitorOptions{
						Python: python, Method: method, Protocol: 5,
						Client: self(t), Env: []string{clientEnv + "=1"},
					})
					marker = p.marker
					if p.Method != method {
						t.Errorf("method = %s, want %s", p.Method, method)
					}
					if wantNumPy := strings.HasPrefix(python, "numpy"); (p.NumPy != "") != wantNumPy {
						t.Errorf("NumPy = %q in %s", p.NumPy, python)
					}
					client := waitClient(t, p)
					var answer struct{ Hex string }
					p.MustDo("poll", map[string]any{"layers": map[string]any{
						"140282337806560": map[string]any{"level": 3, "rows": []int{2, 4}, "cols": []int{1, 3}},
					}}, nil)
					p.MustDo("reply", map[string]any{"of": "poll"}, &answer)
					if !strings.HasPrefix(answer.Hex, "8005") {
						t.Errorf("reply starts with %.4s, want a pickle of protocol 5", answer.Hex)
					}
					p.Kill()
					for _, pid := range []int{p.ManagerPID, client.PID} {
						if !slices.Contains(p.Children(), pid) {
							t.Errorf("%d is gone with its parent, want it to live on", pid)
						}
					}
				})
				if marker == "" {
					t.SkipNow() // the run was
				}
				if left := marked(marker); len(left) > 0 {
					t.Errorf("%v still run after the test", left)
				}
			})
		}
	}
}

// The environments say plainly what to do where they are missing.
func TestVenvsScriptNamesWhatIsMissing(t *testing.T) {
	short(t)
	out, err := exec.Command(filepath.Join(Root(t), ".ci/venvs.sh"), "no-such").CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "There is no environment called no-such") {
		t.Errorf("venvs.sh no-such = %v: %s", err, out)
	}
}
