//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/budget"
	"webmon/e2e/webmontest"
	"webmon/shm/process/naparitest"
)

// trial is a webmon with a budget, and one process that wants more than that.
type trial struct {
	*webmon
	t      *testing.T
	memory int64
	done   chan struct{} // closed when webmon has taken all that the process had to send
}

// startTrial starts webmon with so many bytes of --memory, and a process of budgets.py.
func startTrial(t *testing.T, memory int64, kind string, args ...string) *trial {
	t.Helper()
	home := t.TempDir()
	x := &trial{t: t, memory: memory, done: make(chan struct{})}
	// The race detector takes several times the memory.
	x.webmon = startBinary(t, webmontest.Binary(t), home, nil, append([]string{"--port", "0", "--memory", fmt.Sprint(memory)}, args...)...)
	if kind == "" {
		x.source("demo", "connected", connected)
		return x
	}
	cmd := exec.Command(naparitest.Python(t, "numpy2"), filepath.Join(webmontest.Root(), ".ci/bench/budgets.py"), kind, "trial")
	cmd.Env = append(userEnviron(t, home), "PYTHONPATH="+filepath.Join(webmontest.Root(), "shm/python/src"), "PYTHONDONTWRITEBYTECODE=1", "WEBMON_LAUNCHED=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	lines, errs := newLineReader(), new(naparitest.Buffer)
	cmd.Stdout, cmd.Stderr = lines, errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		lines.Close()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be dead
		<-ended
		if t.Failed() {
			t.Logf("the process: %s", errs)
		}
	})
	go func() {
		for line := range lines.lines {
			if line == "done" {
				close(x.done)
				return
			}
		}
	}()
	x.source("trial", "connected", connected)
	return x
}

// sent waits until webmon has taken all that the process had to send.
func (x *trial) sent() {
	x.t.Helper()
	select {
	case <-x.done:
	case <-time.After(patience):
		x.t.Fatal("the process has never sent it all")
	}
}

// arrays waits until webmon knows all arrays that the process shares.
func (x *trial) arrays() {
	x.t.Helper()
	until(x.t, "all arrays are there", func() string {
		var all map[string]any
		if _, err := x.try("GET", "/api/v1/sources/trial/arrays", "", &all); err != nil || len(all) != 19 {
			return fmt.Sprintf("%d, %v", len(all), err)
		}
		return ""
	})
}

// metric is a figure of /metrics, with its labels if it has some.
func (x *trial) metric(name string) float64 {
	x.t.Helper()
	text, err := x.text("/metrics")
	if err != nil {
		x.t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		x.t.Fatal(err)
	}
	return value
}

// bounded fails the test if webmon has ever taken more than its budget and the base.
func (x *trial) bounded() {
	x.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", x.cmd.Process.Pid))
	if err != nil {
		x.t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(text)
	if m == nil {
		x.t.Fatalf("the kernel does not tell how much memory there was at most: %s", text)
	}
	most, _ := strconv.ParseInt(string(m[1]), 10, 64) // as matched
	most <<= 10
	x.t.Logf("at most %d MiB of memory, with a budget of %d MiB and a base of %d", most>>20, x.memory>>20, budget.Base>>20)
	if most > x.memory+budget.Base {
		x.t.Errorf("webmon has taken %d bytes of memory, %d more than it may", most, most-x.memory-budget.Base)
	}
	if used := x.metric(`webmon_kept_bytes_most{what="whole"}`); used > float64(x.memory)*1.1 {
		x.t.Errorf("it has kept %.0f bytes", used)
	}
}

// said waits until Status says something.
func (x *trial) said(what string) {
	x.t.Helper()
	until(x.t, "Status says "+what, func() string {
		text, err := x.text("/status?source=trial")
		if err != nil || !strings.Contains(text, what) {
			return fmt.Sprintf("%d bytes of the page, %v", len(text), err)
		}
		return ""
	})
}

// unread asks for something and reads nothing of it.
func (x *trial) unread(path string) net.Conn {
	x.t.Helper()
	c, err := net.DialTimeout("tcp", x.host(), patience)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { c.Close() })
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		x.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, x.host(), x.token); err != nil {
		x.t.Fatal(err)
	}
	return c
}

// page opens a socket.
func (x *trial) page() *websocket.Conn {
	x.t.Helper()
	conn, resp, err := websocket.DefaultDialer.Dial("ws://"+x.host()+"/ws", http.Header{"Authorization": {"Bearer " + x.token}})
	if err != nil {
		x.t.Fatalf("%v, %v", err, resp)
	}
	x.t.Cleanup(func() { conn.Close() })
	return conn
}

// TestBudgets does to webmon what once made it take gigabytes, or shut others out. Each
// time its memory stays below --memory and the base that the README states, by
// the kernel's count of the most that it ever had; what is too much is let go, counted and
// said; and the others go on.
func TestBudgets(t *testing.T) {
	endToEnd(t)
	t.Parallel()

	t.Run("456 MB in four topics", func(t *testing.T) {
		x := startTrial(t, 64<<20, "history")
		x.sent()
		until(t, "the last message is there", func() string {
			if n := x.count("trial", "end", 900); n != 1 {
				return fmt.Sprintf("%d are", n)
			}
			return ""
		})
		for i := range 4 {
			var kept []struct{ N int }
			x.get(fmt.Sprintf("/api/v1/sources/trial/events/topic%d", i), &kept)
			if len(kept) == 0 || kept[len(kept)-1].N != 4556+i {
				t.Errorf("of topic %d %d messages are kept, not the newest", i, len(kept))
			}
			for j, m := range kept {
				if m.N != 4556+i-4*(len(kept)-1-j) {
					t.Fatalf("of topic %d it is not the oldest that have gone: %+v", i, kept)
				}
			}
		}
		if n := x.metric(`webmon_source_dropped_total{source="trial"}`); n < 4000 {
			t.Errorf("%.0f messages are counted as let go", n)
		}
		x.said("the oldest is let go")
		x.bounded()
	})

	t.Run("false acknowledgements", func(t *testing.T) {
		x := startTrial(t, 64<<20, "arrays")
		x.arrays()
		topics := make([]string, 16)
		for i := range topics {
			topics[i] = fmt.Sprintf("trial/array/picture%d/y,x/0,0,512,512/1", i)
		}
		watch := map[string]any{"type": "watch", "topics": topics}
		// One that reads nothing and says nothing is there all the time.
		if err := x.page().WriteJSON(watch); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			conn := x.page()
			if err := conn.WriteJSON(watch); err != nil {
				t.Fatal(err)
			}
			if err := conn.WriteJSON(map[string]any{"type": "ack", "n": 1 << 50}); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			for {
				_, _, err := conn.ReadMessage()
				if err == nil {
					continue // what was on its way
				}
				if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != websocket.ClosePolicyViolation {
					t.Fatalf("who acknowledges what was not sent is not sent away: %v", err)
				}
				break
			}
			conn.Close()
		}
		if n := x.metric(`webmon_refused_total{what="browsers"}`); n < 30 {
			t.Errorf("%.0f browsers are counted as refused", n)
		}
		// A page that does what it should is still sent pictures.
		honest := x.page()
		if err := honest.WriteJSON(map[string]any{"type": "watch", "topics": topics[:1]}); err != nil {
			t.Fatal(err)
		}
		_ = honest.SetReadDeadline(time.Now().Add(patience))
		for n := 0; n < 10; {
			kind, _, err := honest.ReadMessage()
			if err != nil {
				t.Fatalf("after %d pictures: %v", n, err)
			}
			if kind == websocket.BinaryMessage {
				n++
				if err := honest.WriteJSON(map[string]any{"type": "ack", "n": n}); err != nil {
					t.Fatal(err)
				}
			}
		}
		x.bounded()
	})

	t.Run("228 KB of pickle with one shared list of choices", func(t *testing.T) {
		x := startTrial(t, 256<<20, "choices") // with less it is not even decoded
		x.sent()
		until(t, "its other states are there", func() string {
			var state struct{ Stage struct{ X float64 } }
			if _, err := x.try("GET", "/api/v1/sources/trial/state", "", &state); err != nil || state.Stage.X != 1.5 {
				return fmt.Sprintf("%+v, %v", state, err)
			}
			return ""
		})
		x.said("written out")
		if _, err := x.text("/controls?source=trial"); err != nil {
			t.Error(err)
		}
		x.bounded()
	})

	t.Run("a hundred unread states of 34 MB", func(t *testing.T) {
		x := startTrial(t, 384<<20, "states")
		size := func() int {
			text, err := x.text("/api/v1/sources/trial/state")
			if err != nil {
				t.Fatal(err)
			}
			return len(text)
		}
		until(t, "all 34 MB are there", func() string {
			if n := size(); n < 34_000_000 {
				return fmt.Sprintf("%d bytes are", n)
			}
			return ""
		})
		var conns []net.Conn
		for range 100 {
			conns = append(conns, x.unread("/api/v1/sources/trial/state"))
		}
		// Each but the few for which there is room is told so.
		var refused sync.WaitGroup
		busy := make(chan bool, len(conns))
		for _, c := range conns {
			refused.Go(func() {
				head := make([]byte, 12)
				_ = c.SetReadDeadline(time.Now().Add(patience))
				_, err := io.ReadFull(c, head)
				busy <- err == nil && string(head[9:]) == "503"
			})
		}
		refused.Wait()
		n := 0
		for range conns {
			if <-busy {
				n++
			}
		}
		if n < len(conns)/2 {
			t.Errorf("only %d of %d that read nothing were told that there is no room", n, len(conns))
		}
		if counted := x.metric(`webmon_refused_total{what="answers"}`); counted < float64(n) {
			t.Errorf("%.0f answers are counted as refused, %d were", counted, n)
		}
		for _, c := range conns {
			c.Close()
		}
		until(t, "the next one gets it all", func() string {
			if n := size(); n < 34_000_000 {
				return fmt.Sprintf("%d bytes", n)
			}
			return ""
		})
		x.said("What webmon keeps")
		x.bounded()
	})

	t.Run("two slow downloads", func(t *testing.T) {
		x := startTrial(t, 256<<20, "arrays")
		x.arrays()
		for range 2 {
			c := x.unread("/api/v1/sources/trial/arrays/large.npy")
			// It is on its way: the slot was its, and none of what follows is read.
			_ = c.SetReadDeadline(time.Now().Add(patience))
			if head := make([]byte, 12); !readFull(c, head) || string(head[9:]) != "200" {
				t.Fatalf("the download begins with %q", head)
			}
		}
		for range 5 {
			for _, path := range []string{"small.png", "small.npy", "table.csv"} {
				if status, err := x.try("GET", "/api/v1/sources/trial/arrays/"+path, "", nil); err != nil || status != 200 {
					t.Errorf("beside two that are slow, %s is answered with %d, %v", path, status, err)
				}
			}
		}
		x.bounded()
	})

	// With the smaller budget the message is too large to be decoded; with the larger one it is.
	for _, memory := range []int64{256 << 20, 8 << 30} {
		t.Run(fmt.Sprintf("a message of a million keys and %d MiB", memory>>20), func(t *testing.T) {
			x := startTrial(t, memory, "keys")
			x.sent()
			until(t, "the topic that was there before goes on", func() string {
				if n := x.count("trial", "before", 900); n != 2 {
					return fmt.Sprintf("%d messages", n)
				}
				return ""
			})
			if found := x.source("trial", "there", connected); len(found.Topics) > 300 {
				t.Errorf("%d topics are kept", len(found.Topics))
			}
			if n := x.metric(`webmon_source_notices_total{kind="topics",source="trial"}`); n == 0 {
				t.Error("what is not kept is not counted")
			}
			x.said("event topics")
			x.bounded()
		})
	}

	t.Run("a page that fills the log", func(t *testing.T) {
		log := filepath.Join(t.TempDir(), "log")
		x := startTrial(t, 64<<20, "", "--log-path", log)
		conn := x.page()
		const tries = 2000
		topics := make([]string, 100)
		for i := range topics {
			topics[i] = fmt.Sprintf("demo/chart/number%d/10", i)
		}
		for range tries { // each was a line
			if err := conn.WriteJSON(map[string]any{"type": "watch", "topics": topics}); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.WriteJSON(map[string]any{"type": "watch", "topics": topics[:7]}); err != nil {
			t.Fatal(err)
		}
		until(t, "all of it is taken", func() string {
			if n := x.metric("webmon_watched_topics"); n != 7 {
				return fmt.Sprintf("%.0f topics are watched", n)
			}
			return ""
		})
		x.bounded()
		x.signal(t, syscall.SIGTERM)
		if status := x.await(t); status != 0 {
			t.Errorf("webmon ended with status %d", status)
		}
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d bytes of log", len(text))
		if len(text) > 64<<10 {
			t.Errorf("%d bytes of log were written: %.500s", len(text), text)
		}
		if !strings.Contains(string(text), "more_like_it") {
			t.Errorf("what was left out is not said: %.2000s", text)
		}
	})
}

func readFull(r io.Reader, b []byte) bool {
	_, err := io.ReadFull(r, b)
	return err == nil
}
