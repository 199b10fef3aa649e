package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"webmon/e2e/webmontest"
)

// The test binary can play other programs, in processes of their own, so that
// what these take can be measured.
const (
	roleEnv    = "WEBMONTEST_ROLE"
	roleNaive  = "naive"
	roleArrays = "arrays"
)

// roles are those of one platform, added where they are defined.
var roles = map[string]func(){}

// play is what TestMain calls in such a process.
func play(role string) {
	switch role {
	case roleNaive:
		naive()
	default:
		if play := roles[role]; play != nil {
			play()
		}
	}
	fmt.Fprintf(os.Stderr, "there is no role %q\n", role)
	os.Exit(2)
}

// self is a command that runs this binary in a role.
func self(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := alone(t, binary, args...)
	cmd.Env = append(cmd.Env, roleEnv+"="+role)
	return cmd
}

// webmon is a command that runs the program.
func webmon(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return alone(t, webmontest.Binary(t), args...)
}

// alone is a command that runs a program as a user of its own.
func alone(t testing.TB, path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasPrefix(name, "WEBMON_") && !strings.HasPrefix(name, "NAPARI") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+t.TempDir(), "XDG_STATE_HOME="+t.TempDir())
	return cmd
}

// TestMain plays another program where this binary is started in a role.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		play(role)
	}
	goleak.VerifyTestMain(m)
}

// twoKB is as many lone tiles as make a picture of 2 KB.
const twoKB = 192

// naive is how one broadcasts in Go without thinking about it: the picture is
// encoded for each browser and written to one after the other.
func naive() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex // guards conns
	conns := map[*websocket.Conn]bool{}
	upgrader := websocket.Upgrader{}
	go everyTick(context.Background(), 60, func(n int) {
		stamp := float64(time.Now().UnixMicro()) / 1e6
		var tiles []int
		for i := range twoKB {
			tiles = append(tiles, 2*(i/12), 2*(i%12), 1, 1)
		}
		mu.Lock()
		defer mu.Unlock()
		for conn := range conns {
			text, _ := json.Marshal(map[string]any{
				"topic": "napari/tiles/first", "layer": "140234866358208", "level": 0, "tile_size": 256,
				"corners": [][2]float64{{float64(n), stamp}, {0, 0}}, "tiles": tiles, "count": twoKB,
			})
			if conn.WriteMessage(websocket.TextMessage, text) != nil {
				conn.Close()
				delete(conns, conn)
			}
		}
	})
	fmt.Printf("{\"port\": %d}\n", l.Addr().(*net.TCPAddr).Port)
	err = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		mu.Lock()
		conns[conn] = true
		mu.Unlock()
		for { // acknowledgements, which it has no use for
			if _, _, err := conn.NextReader(); err != nil {
				return
			}
		}
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// everyTick calls f so often a second until ctx is done; what is late waits
// for the next tick.
func everyTick(ctx context.Context, hz int, f func(n int)) {
	ticker := time.NewTicker(time.Second / time.Duration(hz))
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f(n)
		}
	}
}
