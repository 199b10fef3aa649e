package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/dashboard/options"
	"webmon/shm/maps/made"
	"webmon/shm/pickle"
	"webmon/shm/process/naparitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// environment is one user's: folders of their own, and nothing else.
type environment map[string]string

func newEnvironment(t *testing.T) environment {
	t.Helper()
	// The folders are looked up in the real environment.
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	return environment{}
}

func (e environment) get(name string) string { return e[name] }

// program is a webmon that runs inside the test.
type program struct {
	t      *testing.T
	url    string // that it printed
	stop   context.CancelFunc
	status chan int
	stderr *bytes.Buffer
}

// launch runs webmon until the test ends, and waits for its address.
func launch(t *testing.T, env environment, args ...string) *program {
	t.Helper()
	return launchIn(t, env, filepath.Join(t.TempDir(), "log"), args...)
}

// launchIn is launch with the log in a file of that path.
func launchIn(t *testing.T, env environment, log string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{t: t, stop: cancel, status: make(chan int, 1), stderr: new(bytes.Buffer)}
	r, w := io.Pipe()
	go func() {
		p.status <- run(ctx, append(args, "--log-path", log), env.get, w, p.stderr)
		w.Close()
	}()
	t.Cleanup(func() {
		cancel()
		for range p.status {
			break
		}
		close(p.status)
	})
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		status := <-p.status
		p.status <- status
		t.Fatalf("webmon printed no address and ended with %d: %s", status, p.stderr)
	}
	go io.Copy(io.Discard, r)
	p.url = strings.TrimSpace(line)
	return p
}

// api asks a running webmon for JSON.
func (p *program) api(path string, out any) {
	p.t.Helper()
	base, token, _ := strings.Cut(p.url, "?token=")
	req, err := http.NewRequest("GET", strings.TrimSuffix(base, "/")+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
}

type apiSource struct {
	ID, Kind  string
	Connected bool
	Topics    []string
}

func (p *program) sources() (out []apiSource) {
	p.t.Helper()
	p.api("/api/v1/sources", &out)
	return out
}

// eventually waits for what must become true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestBadArguments(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	takenPort := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	empty := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		env  environment
		says string
	}{
		{args: []string{"--port", "x"}, says: "port"},
		{args: []string{"--port", "70000"}, says: "1 to 65535"},
		{args: []string{"--port", "6000"}, says: "browsers refuse"},
		{args: []string{"--port", "5061", "--open"}, says: "browsers refuse"},
		{env: environment{"WEBMON_PORT": "10080"}, says: "--port 10080 is one of those that browsers refuse"},
		{args: []string{"--port", takenPort}, says: "taken by another program"},
		{args: []string{"--host", "192.0.2.1"}, says: "cannot listen"},
		{args: []string{"--prefix", "lab"}, says: "begins with /"},
		{args: []string{"--prefix", "/a//b"}, says: "not a path"},
		{args: []string{"--allow-connect", "data.lab.org"}, says: "no origin"},
		{args: []string{"--allow-connect", "https://data.lab.org; script-src *"}, says: "no origin"},
		{args: []string{"--no-token", "--token", strings.Repeat("a", 20)}, says: "contradict"},
		{args: []string{"--no-token", "--host", "0.0.0.0"}, says: "loopback"},
		{args: []string{"--token", "short"}, says: "16 characters"},
		{args: []string{"--connect", "nonsense"}, says: "host:port"},
		{args: []string{"--connect", "127.0.0.1:0"}, says: "host:port"},
		{args: []string{"--authkey-file", "/no/such/file"}, says: "authkey-file"},
		{args: []string{"--authkey-file", empty}, says: "is empty"},
		{args: []string{"--log-level", "loud"}, says: "log-level"},
		{args: []string{"--log-path", "/no/such/folder/log"}, says: "log"},
		{args: []string{"--linger", "-1s"}, says: "no time to wait"},
		{args: []string{"--linger", "soon"}, says: "linger"},
		{args: []string{"--memory", "lots"}, says: "no amount of memory"},
		{args: []string{"--memory", "1MiB"}, says: "too little"},
		{args: []string{"--model", "no-such-file.py"}, says: "there is no file no-such-file.py"},
		{args: []string{"--model", "tcp://127.0.0.1"}, says: "tcp://host:port"},
		{args: []string{"--model", "."}, says: "not a Python file"},
		{args: []string{"--Nx", "-1"}, says: "--Nx must not be negative"},
		{args: []string{"--dt-t-scale", "inf"}, says: "--dt-t-scale"},
		{args: []string{"--tracers", "-2"}, says: "--tracers"},
		{args: []string{"--grace", "-1s"}, says: "--grace"},
		{args: []string{"--nonsense"}, says: "webmon --help"},
		{args: []string{"serve"}, says: "not an option"},
		{env: environment{"WEBMON_PORT": "x"}, says: "WEBMON_PORT"},
		{env: environment{"NAPARI_MON_CLIENT": "%%%"}, says: "NAPARI_MON_CLIENT"},
		{env: environment{"NAPARI_MON_CLIENT": base64.StdEncoding.EncodeToString([]byte(`{"server_port": "x"}`))}, says: "NAPARI_MON_CLIENT"},
		{env: environment{"NAPARI_MON_CLIENT": base64.StdEncoding.EncodeToString([]byte(`{}`))}, says: "server_port"},
	} {
		t.Run(fmt.Sprint(test.args, test.env), func(t *testing.T) {
			newEnvironment(t)
			var stdout, stderr bytes.Buffer
			if status := run(t.Context(), test.args, test.env.get, &stdout, &stderr); status != 2 {
				t.Errorf("status %d, want 2", status)
			}
			got := stderr.String()
			if !strings.Contains(got, test.says) || strings.Count(strings.TrimSpace(got), "\n") > 0 {
				t.Errorf("says %q, want one line with %q", got, test.says)
			}
			if stdout.Len() > 0 {
				t.Errorf("prints %q", stdout.String())
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, arg := range []string{"--help", "--version"} {
		var stderr bytes.Buffer
		if status := run(t.Context(), []string{arg}, environment{}.get, io.Discard, &stderr); status != 0 || stderr.Len() == 0 {
			t.Errorf("%s: status %d, %q", arg, status, stderr.String())
		}
	}
	for _, arg := range []string{"--help", "-h", "-help"} {
		var stderr bytes.Buffer
		if status := run(t.Context(), []string{arg}, environment{"WEBMON_HELP": "no", "WEBMON_VERSION": "1.2"}.get, io.Discard, &stderr); status != 0 {
			t.Errorf("%s: status %d", arg, status)
		}
		for _, o := range options.Webmon {
			if !strings.Contains(stderr.String(), "\n  "+o.Usage()) {
				t.Errorf("%s does not tell of --%s", arg, o.Name)
			}
		}
	}
}

// What a newcomer sees: with nothing to attach to, the demo, over the real wire.
func TestDemo(t *testing.T) {
	env := newEnvironment(t)
	p := launch(t, env, "--port", "0")
	if _, token, ok := strings.Cut(p.url, "/?token="); !ok || len(token) != 40 {
		t.Errorf("printed %q, want an address with a token of 40 hex digits", p.url)
	}
	eventually(t, "the demo sends tiles, frames and chunks", func() bool {
		for _, s := range p.sources() {
			if s.ID == "demo" && s.Kind == "demo" && s.Connected {
				topics := strings.Join(s.Topics, " ")
				return strings.Contains(topics, "frame_time") && strings.Contains(topics, "load_chunk")
			}
		}
		return false
	})
	var state struct {
		Poll struct {
			Layers map[string]struct {
				State  struct{ Seen [][2]int64 } `json:"tile_state"`
				Config struct {
					Grid [2]int64 `json:"shape_in_tiles"`
				} `json:"tile_config"`
			}
		}
	}
	// The first read fetches the state and waits for it, but not for ever: on a
	// busy machine another one gets it.
	eventually(t, "the state holds layers", func() bool {
		p.api("/api/v1/sources/demo/state", &state)
		return len(state.Poll.Layers) > 0
	})
	for id, l := range state.Poll.Layers {
		for _, tile := range l.State.Seen {
			if tile[0] < 0 || tile[1] < 0 || tile[0] >= l.Config.Grid[0] || tile[1] >= l.Config.Grid[1] {
				t.Errorf("layer %s draws tile %v of a grid of %v", id, tile, l.Config.Grid)
			}
		}
	}
}

func TestASecondWebmonHandsOver(t *testing.T) {
	env := newEnvironment(t)
	first := launch(t, env, "--port", "0", "--demo")
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"--port", "0"}, env.get, &stdout, &stderr)
	if status != 0 || strings.TrimSpace(stdout.String()) != first.url {
		t.Errorf("the second ended with %d and printed %q (%s), want 0 and %q", status, stdout.String(), stderr.String(), first.url)
	}
	// A manager that is not there: the second one says so, in one sentence.
	stdout.Reset()
	stderr.Reset()
	client := base64.StdEncoding.EncodeToString([]byte(`{"server_port": 1}`))
	status = run(t.Context(), []string{"--log-path", filepath.Join(t.TempDir(), "log")},
		environment{"NAPARI_MON_CLIENT": client}.get, &stdout, &stderr)
	if status != 1 || strings.Count(strings.TrimSpace(stderr.String()), "\n") > 0 || stderr.Len() == 0 {
		t.Errorf("handing over nothing: %d, %q", status, stderr.String())
	}
	if len(first.sources()) == 0 {
		t.Error("the first has lost its sources")
	}
}

func TestModelsAreHandedOver(t *testing.T) {
	env := newEnvironment(t)
	first := launch(t, env, "--port", "0", "--demo")
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"--model", "tcp://127.0.0.1:1"}, env.get, &stdout, &stderr)
	if want := strings.Replace(first.url, "/?", "/models?", 1); status != 0 || strings.TrimSpace(stdout.String()) != want {
		t.Errorf("the second ended with %d and printed %q (%s), want 0 and %q", status, stdout.String(), stderr.String(), want)
	}
	var models []struct{ Key, Kind, Origin string }
	first.api("/api/v1/models", &models)
	if len(models) < 8 || models[0].Kind != "remote" || models[0].Origin != "tcp://127.0.0.1:1" || models[1].Kind != "model" {
		t.Errorf("the first has the models %+v, want the server before those that are part of webmon", models)
	}
	if all := first.sources(); len(all) != 1 {
		t.Errorf("the first has the sources %+v, want the demo alone: nobody has looked at a model", all)
	}
}

func TestFoldersOfMapsAreHandedOver(t *testing.T) {
	env := newEnvironment(t)
	first := launch(t, env, "--port", "0", "--demo")
	dir, other := t.TempDir(), t.TempDir()
	for i, at := range []string{dir, other} {
		if err := made.Make(made.Plan{Name: fmt.Sprintf("handed%d", i), Sessions: 1}).Write(at); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"--maps", dir}, environment{"WEBMON_MAPS": other}.get, &stdout, &stderr)
	if want := strings.Replace(first.url, "/?", "/maps?", 1); status != 0 || strings.TrimSpace(stdout.String()) != want {
		t.Fatalf("the second ended with %d and printed %q (%s), want 0 and %q", status, stdout.String(), stderr.String(), want)
	}
	found := func(name string) bool {
		var all []struct{ Map string }
		first.api("/api/v1/maps", &all)
		return slices.ContainsFunc(all, func(m struct{ Map string }) bool { return m.Map == name })
	}
	eventually(t, "the map is in the first", func() bool { return found("handed0") })
	// A flag counts more than the environment, as everywhere.
	if status := run(t.Context(), nil, environment{"WEBMON_MAPS": other}.get, &stdout, &stderr); status != 0 {
		t.Fatalf("by the environment: %d (%s)", status, stderr.String())
	}
	eventually(t, "the map of WEBMON_MAPS is in the first", func() bool { return found("handed1") })
	// What is no folder is said at once.
	stderr.Reset()
	if status := run(t.Context(), []string{"--maps", filepath.Join(dir, "none")}, env.get, &stdout, &stderr); status != 2 || !strings.Contains(stderr.String(), "none") {
		t.Errorf("a folder that is not there: %d, %q", status, stderr.String())
	}
}

func TestAskingForTheAddressBringsNoDemo(t *testing.T) {
	env := newEnvironment(t)
	first := launch(t, env, "--port", "0", "--connect", "127.0.0.1:1")
	eventually(t, "the first waits for its process", func() bool { return len(first.sources()) == 1 })
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), nil, env.get, &stdout, &stderr); status != 0 || strings.TrimSpace(stdout.String()) != first.url {
		t.Errorf("the second ended with %d and printed %q (%s), want 0 and %q", status, stdout.String(), stderr.String(), first.url)
	}
	if all := first.sources(); len(all) != 1 {
		t.Errorf("the first now has %+v, want what it had", all)
	}
}

func TestPortsThatWereNotAskedFor(t *testing.T) {
	// The default port, or the one after it if something else has it.
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(defaultPort))
	if err == nil {
		defer l.Close()
	}
	env := newEnvironment(t)
	p := launch(t, env)
	if strings.Contains(p.url, ":"+strconv.Itoa(defaultPort)+"/") {
		t.Errorf("serves at %s, which is taken", p.url)
	}
}

// TestRefusedPorts sees that nobody is sent to a port that browsers do not open.
func TestRefusedPorts(t *testing.T) {
	if !slices.IsSorted(refusedPorts) {
		t.Error("the ports are not in order, and not found")
	}
	for port, want := range map[int]bool{1: true, 6000: true, 6697: true, 10080: true, 0: false, 80: false, defaultPort: false, 6001: false} {
		if refused(port) != want {
			t.Errorf("port %d: refused is %v, want %v", port, !want, want)
		}
	}
	t.Run("the next free one", func(t *testing.T) {
		l, err := (&config{host: "127.0.0.1", port: 6665}).listen()
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; port < 6670 || refused(port) {
			t.Errorf("serves at %d", port)
		}
	})
	t.Run("any free one", func(t *testing.T) {
		given := []int{6000, 5060, 10080, 40123}
		var left []*portListener
		l, err := openAny(func() (net.Listener, error) {
			for _, l := range left {
				if l.closed {
					t.Errorf("%d was given back before there was another", l.port)
				}
			}
			left = append(left, &portListener{port: given[len(left)]})
			return left[len(left)-1], nil
		})
		if err != nil || l != left[3] || left[3].closed {
			t.Fatalf("serves at %v, %v", l, err)
		}
		for _, l := range left[:3] {
			if !l.closed {
				t.Errorf("%d is still open", l.port)
			}
		}
	})
	t.Run("behind a proxy", func(t *testing.T) {
		cfg, err := parse([]string{"--port", "6000", "--prefix", "/lab"}, environment{}.get, io.Discard)
		if err != nil || cfg.port != 6000 {
			t.Errorf("port %d, %v: a browser opens the proxy's", cfg.port, err)
		}
	})
}

type portListener struct {
	net.Listener
	port   int
	closed bool
}

func (l *portListener) Addr() net.Addr { return &net.TCPAddr{Port: l.port} }
func (l *portListener) Close() error   { l.closed = true; return nil }

// TestUnusableArgumentsAreLogged sees that the reason is where the process that
// started webmon says it is.
func TestUnusableArgumentsAreLogged(t *testing.T) {
	newEnvironment(t)
	log := filepath.Join(t.TempDir(), "log")
	env := environment{"WEBMON_LAUNCHED": "1", "WEBMON_PORT": "6000", "WEBMON_LOG_PATH": log}
	if status := run(t.Context(), nil, env.get, io.Discard, io.Discard); status != 2 {
		t.Errorf("status %d, want 2", status)
	}
	if b, err := os.ReadFile(log); err != nil || !strings.Contains(string(b), "browsers refuse") {
		t.Errorf("the log has %q, %v", b, err)
	}
}

func TestConnectWaitsForAProcess(t *testing.T) {
	// Nobody listens at that port, and nobody is given it who asks for any.
	p := launch(t, newEnvironment(t), "--port", "0", "--connect", "127.0.0.1:1")
	eventually(t, "the source stands there, not connected", func() bool {
		s := p.sources()
		return len(s) == 1 && s[0].ID == "napari" && !s[0].Connected
	})
	p.stop()
	status := <-p.status
	p.status <- status
	if status != 0 {
		t.Errorf("ended with %d, want 0: %s", status, p.stderr)
	}
}

// runtimeDir is webmon's in the environment of the test.
func runtimeDir() string { return filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "webmon") }

// announce plays a process of ours that announces itself.
func announce(t *testing.T, name string) *naparitest.Player {
	t.Helper()
	return announceIn(t, name, runtimeDir())
}

// announceIn is announce in another folder.
func announceIn(t *testing.T, name, dir string) *naparitest.Player {
	t.Helper()
	p := naparitest.Play(t, naparitest.PlayOptions{Name: name, Runtime: dir})
	p.Set("stage", pickle.NewDict("x", 1.5))
	return p
}

// state names the sources that a webmon has and whether they are connected.
func (p *program) state() string {
	var words []string
	for _, s := range p.sources() {
		word := s.ID
		if !s.Connected {
			word += " gone"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func (p *program) becomes(state string) {
	p.t.Helper()
	now := ""
	defer func() {
		if p.t.Failed() {
			p.t.Logf("the sources are %s", now)
		}
	}()
	eventually(p.t, state, func() bool { now = p.state(); return now == state })
}

// TestAnnounced: processes come and go while webmon runs.
func TestAnnounced(t *testing.T) {
	env := newEnvironment(t)
	cam := announce(t, "cam")
	p := launch(t, env, "--port", "0")
	if got := p.state(); got != "cam" {
		t.Errorf("the page begins with %q, want the process that is there and no demo", got)
	}
	scope := announce(t, "scope")
	p.becomes("cam, scope")
	second := announce(t, "cam")
	p.becomes("cam, scope, cam-2")
	cam.Kill()
	p.becomes("cam gone, scope, cam-2")
	scope.Quit()
	p.becomes("cam gone, scope gone, cam-2")
	eventually(t, "nothing is left of those that are gone", func() bool {
		left, err := os.ReadDir(filepath.Join(runtimeDir(), "sources"))
		return err == nil && len(left) == 1
	})
	// What starts again takes its old place.
	announce(t, "scope")
	p.becomes("cam gone, scope, cam-2")
	announce(t, "cam")
	p.becomes("cam, scope, cam-2")
	second.Kill()
	third := announce(t, "cam")
	p.becomes("cam, scope, cam-2")
	eventually(t, "it is the third", func() bool {
		var sources []struct{ ID, Instance string }
		p.api("/api/v1/sources", &sources)
		return len(sources) == 3 && sources[2].Instance == third.Instance
	})
}

// TestSecondWebmon finds the first, which finds the processes.
func TestSecondWebmon(t *testing.T) {
	env := newEnvironment(t)
	announce(t, "cam")
	first := launch(t, env, "--port", "0")
	first.becomes("cam")
	env["WEBMON_LAUNCHED"] = "1"
	for _, env := range []environment{{}, env} {
		again := launch(t, env, "--port", "0")
		if again.url != first.url {
			t.Errorf("the second printed %s, want %s", again.url, first.url)
		}
		status := <-again.status
		again.status <- status
		if status != 0 {
			t.Errorf("it ended with %d: %s", status, again.stderr)
		}
	}
	first.becomes("cam")
}

// TestLaunchedByAProcess shows no demo, and ends when nothing is left to watch.
func TestLaunchedByAProcess(t *testing.T) {
	env := newEnvironment(t)
	env["WEBMON_LINGER"] = "1s"
	env["WEBMON_LAUNCHED"] = "1"
	cam := announce(t, "cam")
	p := launch(t, env, "--port", "0")
	p.becomes("cam")
	cam.Quit()
	status := <-p.status
	p.status <- status
	if status != 0 {
		t.Errorf("ended with %d: %s", status, p.stderr)
	}
}

// TestLinger: a person's webmon stays, one that a process has started does not.
func TestLinger(t *testing.T) {
	client := "eyJzZXJ2ZXJfcG9ydCI6IDF9" // {"server_port": 1}
	for _, test := range []struct {
		env  environment
		args []string
		want string
	}{
		{env: environment{}, want: "0s"},
		{env: environment{}, args: []string{"--linger", "3m"}, want: "3m0s"},
		{env: environment{"WEBMON_LINGER": "5m"}, want: "5m0s"},
		{env: environment{"WEBMON_LAUNCHED": "1"}, want: "10m0s"},
		{env: environment{"WEBMON_LAUNCHED": "1", "WEBMON_LINGER": "2m"}, want: "2m0s"},
		{env: environment{"NAPARI_MON_CLIENT": client}, want: "10m0s"},
		{env: environment{"NAPARI_MON_CLIENT": client}, args: []string{"--linger", "0"}, want: "0s"},
	} {
		cfg, err := parse(test.args, test.env.get, os.Stderr)
		if err != nil || cfg.linger.String() != test.want {
			t.Errorf("%v %v: lingers %v, %v; want %s", test.env, test.args, cfg.linger, err, test.want)
		}
	}
}

func TestTheEnvironmentThatWebmonIsInstalledIn(t *testing.T) {
	dir := t.TempDir()
	for _, made := range []string{"venv/bin/", "venv/pyvenv.cfg", "conda/bin/", "conda/conda-meta/history", "usr/bin/"} {
		path := filepath.Join(dir, made)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(made, "/") {
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for program, want := range map[string]string{
		"venv/bin/webmon": "venv", "conda/bin/webmon": "conda", "usr/bin/webmon": "",
	} {
		if want != "" {
			want = filepath.Join(dir, want)
		}
		if got := environmentOf(filepath.Join(dir, program)); got != want {
			t.Errorf("%s: %q, want %q", program, got, want)
		}
	}
	if got := environmentOf(""); got != "" {
		t.Errorf("a program that is not known is in %q", got)
	}
}
