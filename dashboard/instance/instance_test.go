package instance_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/instance"
)

func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "webmon")
	first, err := instance.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Acquire(dir); !errors.Is(err, instance.ErrTaken) {
		t.Errorf("a second one got %v, want ErrTaken", err)
	}
	if err := first.Release(); err != nil {
		t.Error(err)
	}
	next, err := instance.Acquire(dir)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	next.Release()
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, want 0700", info.Mode())
	}
}

func TestAFolderThatOthersCanWriteToIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Acquire(dir); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("got %v, want advice", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Acquire(link); err == nil {
		t.Error("a link elsewhere was followed")
	}
}

// running is another webmon that holds the lock and answers handovers.
func running(t *testing.T, answer func(instance.Source) (int, any)) (dir string, in *instance.Instance, server *httptest.Server) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "webmon")
	in, err := instance.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("came without the secret: %q", r.Header.Get("Authorization"))
		}
		var src instance.Source
		if err := json.NewDecoder(r.Body).Decode(&src); err != nil {
			t.Error(err)
		}
		status, body := answer(src)
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}))
	t.Cleanup(server.Close)
	return dir, in, server
}

func TestHandOver(t *testing.T) {
	var got instance.Source
	dir, in, server := running(t, func(src instance.Source) (int, any) {
		got = src
		return 200, map[string]string{}
	})
	defer in.Release()
	// It announces itself only a while after it has taken the lock.
	time.AfterFunc(150*time.Millisecond, func() {
		in.Announce(instance.Record{URL: "http://here/?token=x", Handover: server.URL, Secret: "secret"})
	})
	want := instance.Source{Kind: "napari", Name: "napari", Address: "127.0.0.1:1", Authkey: []byte("k\x00y"), PID: 7, Again: true}
	url, err := instance.HandOver(t.Context(), dir, want)
	if err != nil || url != "http://here/?token=x" {
		t.Errorf("got %q, %v", url, err)
	}
	if got.Address != want.Address || string(got.Authkey) != string(want.Authkey) || got.PID != 7 || !got.Again {
		t.Errorf("handed over %+v, arrived %+v", want, got)
	}
	info, err := os.Stat(filepath.Join(dir, "webmon.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the record has mode %v, want 0600", info.Mode())
	}
}

func TestHandOverRefused(t *testing.T) {
	dir, in, server := running(t, func(instance.Source) (int, any) {
		return 502, map[string]string{"error": "the key was refused"}
	})
	defer in.Release()
	in.Announce(instance.Record{URL: "http://here/", Handover: server.URL, Secret: "secret"})
	_, err := instance.HandOver(t.Context(), dir, instance.Source{})
	var refused *instance.RefusedError
	if !errors.As(err, &refused) || refused.Reason != "the key was refused" || refused.URL != "http://here/" {
		t.Errorf("got %v", err)
	}
}

func TestHandOverToOneThatEnds(t *testing.T) {
	dir, in, server := running(t, nil)
	in.Announce(instance.Record{URL: "http://here/", Handover: server.URL, Secret: "secret"})
	server.Close() // it is going down and does not answer any more
	time.AfterFunc(100*time.Millisecond, func() { in.Release() })
	if _, err := instance.HandOver(t.Context(), dir, instance.Source{}); !errors.Is(err, instance.ErrEnded) {
		t.Errorf("got %v, want ErrEnded", err)
	}
	// And to one that hangs: the patience of the caller decides.
	silent, err := instance.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Release()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := instance.HandOver(ctx, dir, instance.Source{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

func TestToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "webmon", "token")
	first, err := instance.Token(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != 40 {
		t.Errorf("%q is no 40 hex digits", first)
	}
	if again, err := instance.Token(path); err != nil || again != first {
		t.Errorf("a bookmark does not last: %q, then %q (%v)", first, again, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	instance.Token(path)
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if other, err := instance.Token(path); err != nil || len(other) != 40 {
		t.Errorf("from garbage: %q, %v", other, err)
	}
}

func TestFolders(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/me")
	t.Setenv("XDG_STATE_HOME", "/state")
	if got := instance.RuntimeDir(); got != filepath.FromSlash("/run/me/webmon") {
		t.Errorf("runtime folder %s", got)
	}
	if got, err := instance.StateDir(); err != nil || got != filepath.FromSlash("/state/webmon") {
		t.Errorf("state folder %s, %v", got, err)
	}
	t.Setenv("XDG_RUNTIME_DIR", "not/absolute")
	if got := instance.RuntimeDir(); strings.Contains(got, "not/absolute") {
		t.Errorf("a relative folder was taken: %s", got)
	}
}
