//go:build linux

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/shm/process/naparitest"
)

// TestE2ELife: naparis and webmons come and go, and one bookmarked address
// goes on showing what there is.
func TestE2ELife(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	display := naparitest.StartDisplay(t)
	port := quietPort(t)
	start := func() *naparitest.Process {
		return naparitest.Start(t, naparitest.Options{
			Version: naparitest.Octree,
			Client:  []string{webmonBinary(t), "--port", port},
			Home:    home,
			Display: display,
			Env:     []string{raceReports(t)},
		})
	}
	n := start()
	w := launchedBy(t, n)
	p := b.open(t, wide)
	p.visit(w.url) // once: this is the bookmark
	p.live()
	loaded := ask[float64](p, "performance.timeOrigin")
	n.Wake()
	sameTiles(t, n, w, p, 0)
	instances := map[string]bool{w.source("napari", "connected", connected).Instance: true}

	for i, end := range []struct {
		how  string
		end  func()
		says string
	}{
		{"quits", func() { n.Quit() }, "napari ended."},
		{"is killed with a command under way", func() {
			n.Signal(syscall.SIGSTOP) // it fetches no command any more
			p.click("#command-show_grid button[role=switch]")
			p.says("#command-show_grid .control-life", "Queued")
			n.Kill()
			p.says("#command-show_grid .control-life", "Gone")
		}, "it crashed, or was killed"},
		{"is told to end", func() { n.Signal(syscall.SIGTERM) }, "it crashed, or was killed"},
		{"is interrupted with all that it started", func() { n.SignalGroup(syscall.SIGINT) }, "napari"},
		{"loses its terminal with all that it started", func() { n.SignalGroup(syscall.SIGHUP) }, "napari"},
	} {
		t.Run("napari "+end.how+" and starts again", func(t *testing.T) {
			p.t, w.t = t, t
			frames := w.count("napari", "frame_time", 900)
			end.end()
			w.source("napari", "gone", gone)
			p.says("#live-notices", end.says)
			p.says("#live-notices", "The page shows what it sent last")
			p.says("#live-viewer-stage", "This is what it drew last")
			p.wait("the switch cannot be used", `document.querySelector("#command-show_grid button[role=switch]").disabled`)
			p.wait("the switch says why", `document.querySelector("#command-show_grid").title === "napari is gone."`)
			p.shot(fmt.Sprintf("life-%d-gone", i))
			select {
			case <-n.Done():
			case <-time.After(patience):
				t.Fatal("napari did not end")
			}

			n = start()
			if again := launchedBy(t, n); again.url != w.url {
				t.Errorf("webmon printed %s, want the first one's %s", again.url, w.url)
			}
			s := w.source("napari", "connected again", connected)
			if instances[s.Instance] {
				t.Errorf("the instance %s was there before", s.Instance)
			}
			instances[s.Instance] = true
			if all := w.sources(); len(all) != 1 {
				t.Errorf("the sources are %+v, want one", all)
			}
			asksToMove(t, n, p) // of the new one nothing is known
			n.Wake()
			n.Zoom([]float64{0.05, 0.2, 0.02, 0.1, 0.04}[i])
			sameTiles(t, n, w, p, 0)
			p.wait("the switch can be used again", `!document.querySelector("#command-show_grid button[role=switch]").disabled`)
			if got := ask[float64](p, "performance.timeOrigin"); got != loaded {
				t.Error("the page was loaded again")
			}
			// The history of the last one stays beside that of the new one.
			if now := w.count("napari", "frame_time", 900); now < frames {
				t.Errorf("%d frame times are left of %d", now, frames)
			}
			if webmons := running(t, home); len(webmons) != 1 {
				t.Errorf("webmons %v run, want one", webmons)
			}
		})
	}

	t.Run("what happened meanwhile", func(t *testing.T) {
		p.t = t
		p.tab("status")
		p.says("#live-status", "started again (process "+fmt.Sprint(n.PID)+")")
		p.says("#live-status", "it crashed, or was killed")
		p.says("#live-status", "napari ended.")
		p.shot("life-status")
		p.key("2")
		draws(t, p, "frame_time")
		p.shot("life-loader")
		p.key("1")
	})
	enough := filepath.Join(home, "enough") // ends the hang
	for _, hang := range []struct {
		how        string
		begin, go_ func()
	}{
		{"is stopped", func() { n.Signal(syscall.SIGSTOP) }, func() { n.Signal(syscall.SIGCONT) }},
		{"hangs in its main thread",
			func() { n.MustDo("hang", map[string]any{"seconds": 600, "until": enough}, nil) },
			func() {
				if err := os.WriteFile(enough, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}},
	} {
		t.Run("napari "+hang.how, func(t *testing.T) {
			p.t, w.t = t, t
			w.source("napari", "connected", connected)
			hang.begin()
			w.source("napari", "not connected", gone)
			p.says("#live-notices", "has stopped sending frames")
			p.says("#live-header", "stale")
			p.says("#live-viewer-stage", "gone quiet")
			p.wait("the age of the data grows", `(age => parseFloat(age) >= 5 || age.includes("min"))(document.querySelector("#live-header [data-age]").textContent)`)
			p.shot("life-" + hang.how)
			hang.go_()
			w.source("napari", "connected again", connected)
			p.says("#live-header", "live")
			p.wait("the notice is gone", `!document.querySelector("#live-notices").innerText.includes("stopped sending")`)
		})
	}
	t.Run("a browser that stops reading", func(t *testing.T) {
		p.t, w.t = t, t
		for range 3 {
			deaf := dialSocket(t, w)
			watch(t, deaf, "napari/tiles/first", "napari/chart/frame_time/60", "napari/html/status")
		}
		good := dialSocket(t, w)
		watch(t, good, "napari/tiles/first")
		// The view moves to and fro until both have seen it move.
		seen := make(chan struct{})
		panned := make(chan error, 1)
		go func() {
			for by := 1.0; ; by = -by {
				err := n.Do(context.Background(), "pan", map[string]any{"by": []float64{300 * by, 200 * by}, "steps": 50, "interval_ms": 20}, nil)
				select {
				case <-seen:
				default:
					if err == nil {
						continue
					}
				}
				panned <- err
				return
			}
		}()
		still := sync.OnceValue(func() error {
			close(seen)
			return <-panned
		})
		defer still() // after which nobody but this test speaks to napari
		before := paintings(p)
		frames := 0
		if err := good.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		for messages := 1; frames < 50; messages++ {
			_, b, err := good.ReadMessage()
			if err != nil {
				t.Fatalf("after %d frames: %v", frames, err)
			}
			if strings.HasPrefix(string(b), `{"topic":"napari/tiles/first"`) {
				frames++
			}
			if err := good.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"ack","n":%d}`, messages)); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "the page paints the moving view", func() string {
			if painted := paintings(p) - before; painted < 10 {
				return fmt.Sprintf("%d pictures", painted)
			}
			return ""
		})
		if err := still(); err != nil {
			t.Fatal(err)
		}
		sameTiles(t, n, w, p, 0)
	})
	t.Run("webmon is killed", func(t *testing.T) {
		p.t, w.t = t, t
		webmons := running(t, home)
		if len(webmons) != 1 {
			t.Fatalf("webmons %v run, want one", webmons)
		}
		if err := syscall.Kill(webmons[0], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		p.says("#socket-state", "reconnecting")
		p.shot("life-webmon-killed")
		before := n.State().Ticks
		n.Zoom(0.03)
		n.Center(20000, 30000)
		until(t, "napari goes on drawing", func() string {
			if now := n.State().Ticks; now < before+20 {
				return fmt.Sprintf("%d frames, %d before", now, before)
			}
			return ""
		})
		// Another one at the same port: the page says that its session has ended, and the
		// bookmark opens the same page.
		_, port, _ := net.SplitHostPort(w.host())
		second := startProgram(t, home, "--port", port, "--connect", n.Address())
		if second.url != w.url {
			t.Errorf("the address is %s, was %s", second.url, w.url)
		}
		p.says("#socket-state", "signed out, sign in")
		p.visit(second.url)
		p.live()
		second.source("napari", "connected", connected)
		sameTiles(t, n, w, p, 0)
		// The claim of the one that was killed runs out, and messages come again.
		until(t, "frame times come to the new one", func() string {
			if second.count("napari", "frame_time", 900) < 20 {
				return "none or few"
			}
			return ""
		})
		p.wait("no word of another reader", `!document.querySelector("#live-notices").innerText.includes("nother webmon")`)

		// One more of the same user gives its source to that one, and ends.
		m := naparitest.StartMonitor(t, naparitest.MonitorOptions{Home: home})
		stdout, status := runProgram(t, home, "--connect", m.Address())
		if status != 0 || strings.TrimSpace(stdout) != w.url {
			t.Errorf("the last one ended with %d and printed %q, want 0 and %s", status, stdout, w.url)
		}
		second.source("napari-2", "connected", connected)
		m.Quit()
		second.source("napari-2", "gone", gone)
		second.stop(t)
		if status := second.cmd.ProcessState.ExitCode(); status != 0 {
			t.Errorf("an interrupted webmon ended with %d: %s", status, second.stderr)
		}
		if got := n.State().Ticks; got == 0 {
			t.Error("napari has stopped")
		}
	})
	p.t = t
	p.calm("WebSocket connection to", "htmx:ws:error", "Failed to load resource")
	p.stayedHome(w.hosts()...)
}

// running returns the webmons of the user with that home.
func running(t *testing.T, home string) []int {
	t.Helper()
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, entry := range entries {
		exe, err := os.Readlink(filepath.Join(entry, "exe"))
		// Another run of the tests may have built it again meanwhile.
		if err != nil || strings.TrimSuffix(exe, " (deleted)") != webmonBinary(t) {
			continue
		}
		env, err := os.ReadFile(filepath.Join(entry, "environ"))
		if err != nil || !slices.Contains(strings.Split(string(env), "\x00"), "HOME="+home) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(entry)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// dialSocket opens the pages' socket without a page.
func dialSocket(t *testing.T, a address) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{
		HandshakeTimeout: patience,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetReadBuffer(4096) // so that it is full soon
			}
			return conn, err
		},
	}
	conn, resp, err := dialer.Dial("ws"+strings.TrimPrefix(a.base, "http")+"/ws", http.Header{
		"Authorization": {"Bearer " + a.token},
		"Origin":        {"http://" + a.host()},
	})
	if err != nil {
		t.Fatalf("opening the socket: %v (%v)", err, resp)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// watch asks for topics.
func watch(t *testing.T, conn *websocket.Conn, topics ...string) {
	t.Helper()
	if err := conn.WriteJSON(map[string]any{"type": "watch", "topics": topics}); err != nil {
		t.Fatal(err)
	}
}
