//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"webmon/dashboard/door"
	"webmon/e2e/webmontest"
	"webmon/shm/process/naparitest"
)

// patience is how long what must happen may take on a busy machine: one with
// two cores that runs a napari, a browser, and the tests of other packages, all
// of them drawing in software. No test measures time by it.
const patience = 2 * time.Minute

// endToEnd skips a test that needs more than Go.
func endToEnd(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a real napari or a real browser; skipped with -short")
	}
}

// until waits for what must become true; problem says why it is not yet, or "".
func until(t testing.TB, what string, problem func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		why := problem()
		if why == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s: %s", what, why)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// webmonBinary is the program under test, with the race detector. The pictures are
// made without it: a model is to have its pace in its picture.
var webmonBinary = webmontest.RaceBinary

// userEnviron is the environment of a user whose home is the folder, with the
// same folders below it as naparitest gives the napari of that user.
func userEnviron(t testing.TB, home string) []string {
	t.Helper()
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "WEBMON_") || strings.HasPrefix(name, "NAPARI") ||
			strings.HasPrefix(name, "XDG_") || name == "HOME" || name == "TMPDIR" {
			continue
		}
		env = append(env, variable)
	}
	// Below TMPDIR too a webmon looks for others of its user, and there is only one such folder on the machine.
	for name, folder := range map[string]string{"XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp"} {
		path := filepath.Join(home, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+path)
	}
	return append(env, "HOME="+home, raceReports(t))
}

// quietPorts counts the ports that were tried, so that tests beside each other get different ones.
var quietPorts atomic.Int64

// quietPort is a port that is free, and that stays so while nobody serves there:
// the system gives the ports of this range to nobody who asks for any port.
func quietPort(t testing.TB) string {
	t.Helper()
	const first, n = 20000, 10000
	for range 100 {
		port := strconv.Itoa(first + (os.Getpid()*7+int(quietPorts.Add(1))*97)%n)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatalf("no port from %d to %d is free", first, first+n-1)
	return ""
}

// raceReports is the environment variable that makes the race detector of a
// webmon write to a file, which fails the test.
func raceReports(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "webmon-race") // TempDir's names have commas, which GORACE takes for its own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		files, _ := filepath.Glob(filepath.Join(folder, "*"))
		for _, file := range files {
			report, _ := os.ReadFile(file)
			t.Errorf("the race detector found something:\n%s", report)
		}
		os.RemoveAll(folder)
	})
	return "GORACE=exitcode=0 log_path=" + filepath.Join(folder, "report")
}

// webmon is a webmon that runs as a process of its own.
type webmon struct {
	address
	cmd    *exec.Cmd
	stdout *lineReader
	stderr *naparitest.Buffer
	exited chan struct{} // closed when it has ended
}

// startProgram runs the program as the user of that home, until the test ends,
// and waits for the address that it prints.
func startProgram(t testing.TB, home string, args ...string) *webmon {
	t.Helper()
	return startProgramIn(t, home, nil, args...)
}

// startProgramIn is startProgram with more in the environment.
func startProgramIn(t testing.TB, home string, env []string, args ...string) *webmon {
	t.Helper()
	return startBinary(t, webmonBinary(t), home, env, args...)
}

// startBinary is startProgramIn of a program that is built in another way.
func startBinary(t testing.TB, binary, home string, env []string, args ...string) *webmon {
	t.Helper()
	w := &webmon{
		cmd:    exec.Command(binary, args...),
		stdout: newLineReader(),
		stderr: new(naparitest.Buffer),
		exited: make(chan struct{}),
	}
	w.cmd.Env, w.cmd.Dir = append(userEnviron(t, home), env...), home
	w.cmd.Stdout, w.cmd.Stderr = w.stdout, w.stderr
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = w.cmd.Wait() // what it ended with is in ProcessState
		w.stdout.Close()
		close(w.exited)
	}()
	t.Cleanup(func() {
		w.stop(t)
		if t.Failed() {
			t.Logf("log of webmon %v:\n%s", args, w.stderr)
		}
	})
	select {
	case line := <-w.stdout.lines:
		if line == "" {
			<-w.exited
			t.Fatalf("webmon %v printed no address and ended with %v: %s", args, w.cmd.ProcessState, w.stderr)
		}
		w.address = readAddress(t, line, slices.Contains(args, "--no-token"))
	case <-time.After(patience):
		t.Fatalf("webmon %v printed no address: %s", args, w.stderr)
	}
	return w
}

// stop ends the process as Ctrl-C does, and waits for it.
func (w *webmon) stop(t testing.TB) {
	t.Helper()
	w.signal(t, os.Interrupt)
	select {
	case <-w.exited:
	case <-time.After(patience):
		t.Errorf("webmon did not end after an interrupt: %s", w.stderr)
		w.kill(t)
	}
}

// kill ends the process as nothing can prevent, and waits for it.
func (w *webmon) kill(t testing.TB) {
	t.Helper()
	w.signal(t, os.Kill)
	<-w.exited
}

// await waits until the process has ended by itself and returns its status.
func (w *webmon) await(t testing.TB) int {
	t.Helper()
	select {
	case <-w.exited:
	case <-time.After(patience):
		t.Fatalf("webmon did not end: %s", w.stderr)
	}
	return w.cmd.ProcessState.ExitCode()
}

func (w *webmon) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := w.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// runProgram runs the program to its end and returns what it printed.
func runProgram(t testing.TB, home string, args ...string) (stdout string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, webmonBinary(t), args...)
	cmd.Env, cmd.Dir = userEnviron(t, home), home
	out, err := cmd.Output()
	if ctx.Err() != nil {
		t.Fatalf("webmon %v did not end", args)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// address is where a webmon serves, as another program sees it.
type address struct {
	t     testing.TB
	url   string // as printed, token included
	base  string // without query and without a slash at the end
	home  string // as base, for a browser that has opened url: the host name of its own to which it is led
	token string
}

// readAddress reads what a webmon has printed. open says that it asks for no token.
func readAddress(t testing.TB, printed string, open bool) address {
	t.Helper()
	u, err := url.Parse(strings.TrimSpace(printed))
	if err != nil || u.Host == "" || u.Query().Get("token") == "" && !open {
		t.Fatalf("webmon printed %q, which is no address with a token (%v)", printed, err)
	}
	a := address{t: t, url: u.String(), token: u.Query().Get("token")}
	u.RawQuery = ""
	a.base = strings.TrimSuffix(u.String(), "/")
	if a.home = a.base; u.Path == "/" && u.Scheme == "http" && !open {
		a.home = "http://" + net.JoinHostPort(door.HostName(a.token), u.Port())
	}
	return a
}

// hosts are the host:port of base and of home.
func (a address) hosts() []string {
	u, _ := url.Parse(a.home) // was made of parts
	return []string{a.host(), u.Host}
}

// host is its host:port.
func (a address) host() string {
	u, _ := url.Parse(a.base) // was parsed before
	return u.Host
}

// try asks for JSON.
func (a address) try(method, path, body string, out any) (status int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err
	}
	if out == nil {
		return resp.StatusCode, nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return resp.StatusCode, fmt.Errorf("%s: %w: %.200q", path, err, b)
	}
	return resp.StatusCode, nil
}

// text asks for what is not JSON.
func (a address) text(path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", a.base+path, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// get asks for JSON that must be there.
func (a address) get(path string, out any) {
	a.t.Helper()
	status, err := a.try("GET", path, "", out)
	if err != nil || status != http.StatusOK {
		a.t.Fatalf("GET %s: status %d: %v", path, status, err)
	}
}

// watched is a source as the API lists it.
type watched struct {
	ID, Name, Kind, Instance string
	Connected                bool
	AgeMS                    float64 `json:"age_ms"`
	Topics                   []string
}

func (a address) sources() (out []watched) {
	a.t.Helper()
	a.get("/api/v1/sources", &out)
	return out
}

// source waits until the source is as ok wants it.
func (a address) source(id, what string, ok func(watched) bool) watched {
	a.t.Helper()
	var found watched
	until(a.t, "the source "+id+" is "+what, func() string {
		var all []watched
		if _, err := a.try("GET", "/api/v1/sources", "", &all); err != nil {
			return err.Error()
		}
		for _, found = range all {
			if found.ID == id && ok(found) {
				return ""
			}
		}
		return fmt.Sprintf("%+v", all)
	})
	return found
}

func connected(w watched) bool { return w.Connected }
func gone(w watched) bool      { return !w.Connected }

// shared is one layer as the API's state has it: napari's own words.
type shared struct {
	State struct {
		Seen    [][2]int
		Corners [2][2]float64
	} `json:"tile_state"`
	Config struct {
		BaseShape    [2]int `json:"base_shape"`
		ImageShape   [2]int `json:"image_shape"`
		ShapeInTiles [2]int `json:"shape_in_tiles"`
		TileSize     int    `json:"tile_size"`
		LevelIndex   int    `json:"level_index"`
	} `json:"tile_config"`
}

// layers reads the layers of a source, by napari's ids.
func (a address) layers(id string) (map[string]shared, error) {
	var state struct {
		Poll struct{ Layers map[string]shared }
	}
	_, err := a.try("GET", "/api/v1/sources/"+id+"/state", "", &state)
	return state.Poll.Layers, err
}

// count returns how many events of a topic the source has sent in the last
// seconds.
func (a address) count(id, topic string, seconds int) int {
	a.t.Helper()
	var events []map[string]any
	a.get(fmt.Sprintf("/api/v1/sources/%s/events/%s?seconds=%d", id, topic, seconds), &events)
	return len(events)
}

// allFrames waits until webmon has every frame time that the napari has sent,
// and fails if it has more. Count says how many webmon has.
func allFrames(t *testing.T, n *naparitest.Process, count func() int) {
	t.Helper()
	sent := n.State().Ticks
	if sent == 0 {
		t.Error("napari has drawn no frame")
	}
	// What napari has counted is still on its way.
	got := 0
	until(t, fmt.Sprintf("the %d frame times of napari are there", sent), func() string {
		if got = count(); got < sent {
			return fmt.Sprintf("%d are", got)
		}
		return ""
	})
	// It counts a tick after it has told it.
	until(t, fmt.Sprintf("napari has sent %d frame times", got), func() string {
		if now := n.State().Ticks; got > now {
			return fmt.Sprintf("it has sent %d", now)
		}
		return ""
	})
}

// lineReader takes what a process writes line by line. The channel is closed
// at its end.
type lineReader struct {
	lines chan string
	rest  []byte
}

func newLineReader() *lineReader { return &lineReader{lines: make(chan string, 100)} }

func (r *lineReader) Write(p []byte) (int, error) {
	r.rest = append(r.rest, p...)
	for {
		line, rest, ok := bytes.Cut(r.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		select {
		case r.lines <- string(line):
		default: // nobody wants more than the first
		}
		r.rest = rest
	}
}

func (r *lineReader) Close() { close(r.lines) }
