package instance_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"webmon/dashboard/instance"
	"webmon/lacking"
	"webmon/private"
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
func running(t *testing.T, answer func(instance.Source) error) (dir string, in *instance.Instance, server *httptest.Server) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "webmon")
	in, err := instance.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posted, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		reply, err := instance.Answer("secret", posted, answer)
		if err != nil {
			t.Error(err)
		}
		w.Write(reply)
	}))
	t.Cleanup(server.Close)
	return dir, in, server
}

func TestHandOver(t *testing.T) {
	var got instance.Source
	dir, in, server := running(t, func(src instance.Source) error {
		got = src
		return nil
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
	dir, in, server := running(t, func(instance.Source) error { return errors.New("the key was refused") })
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

// TestNothingSecretGoesToAStranger: a webmon was killed, and another user's program has taken
// its port. What is handed over says nothing to that program, and what it says back counts
// for nothing.
func TestNothingSecretGoesToAStranger(t *testing.T) {
	const secret, key = "the secret of the record", "the key of the process"
	src := instance.Source{Kind: "napari", Name: "napari", Address: "127.0.0.1:1", Authkey: []byte(key)}
	var mu sync.Mutex
	var heard []byte
	var requests int
	var enough func()
	var told http.HandlerFunc
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var all bytes.Buffer
		r.Header.Write(&all)
		all.WriteString(r.RequestURI)
		all.Write(body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		heard = append(heard, all.Bytes()...)
		requests++
		if requests == 3 {
			enough()
		}
		answer := told
		mu.Unlock()
		answer(w, r)
	}))
	defer stranger.Close()
	var before []byte // an answer that was a true one once
	for _, test := range []struct {
		name string
		told http.HandlerFunc
	}{
		{"says yes", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) }},
		{"says no", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(502)
			w.Write([]byte(`{"error": "open http://elsewhere"}`))
		}},
		{"sends back what it got", func(w http.ResponseWriter, r *http.Request) { b, _ := io.ReadAll(r.Body); w.Write(b) }},
		{"says nothing", func(http.ResponseWriter, *http.Request) {}},
		{"repeats an answer to somebody else", func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			w.Write(before)
		}},
		{"leads elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "webmon")
			in, err := instance.Acquire(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Release()
			posted, err := instance.Posted(secret, src)
			if err != nil {
				t.Fatal(err)
			}
			once, err := instance.Answer(secret, posted, func(instance.Source) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			mu.Lock()
			told, before, heard, requests, enough = test.told, once, nil, 0, cancel
			mu.Unlock()
			if err := in.Announce(instance.Record{URL: "http://here/", Handover: stranger.URL, Secret: secret}); err != nil {
				t.Fatal(err)
			}
			url, err := instance.HandOver(ctx, dir, src)
			var refused *instance.RefusedError
			if url != "" || err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "another program") {
				t.Errorf("it was believed: %q, %v", url, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(heard) == 0 {
				t.Error("it was not asked at all, which tests nothing")
			}
			for _, word := range []string{secret, key, base64.StdEncoding.EncodeToString([]byte(key)), "napari", "Bearer"} {
				if bytes.Contains(heard, []byte(word)) {
					t.Errorf("it heard %q", word)
				}
			}
		})
	}
}

func TestAnswerToWhoHasNotTheSecret(t *testing.T) {
	posted, err := instance.Posted("another secret", instance.Source{Kind: "napari"})
	if err != nil {
		t.Fatal(err)
	}
	for _, posted := range [][]byte{posted, nil, []byte("{}"), bytes.Repeat([]byte{0}, 100)} {
		answer, err := instance.Answer("secret", posted, func(instance.Source) error { t.Error("done"); return nil })
		if err == nil || answer != nil {
			t.Errorf("%q was answered with %q", posted, answer)
		}
	}
	if _, err := instance.Posted("", instance.Source{}); err == nil {
		t.Error("a record without a secret seals")
	}
}

// TestAnOldRecordGoesWithTheLock: nobody is sent to the address of a webmon that was killed
// while the next one starts.
func TestAnOldRecordGoesWithTheLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "webmon")
	if err := private.Write(filepath.Join(dir, "webmon.json"), []byte(`{"url": "http://127.0.0.1:1/?token=x", "secret": "x"}`)); err != nil {
		t.Fatal(err)
	}
	in, err := instance.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Release()
	if _, err := os.Stat(filepath.Join(dir, "webmon.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old record is still there (%v)", err)
	}
}

func TestARecordOfSomebodyElseIsNotBelieved(t *testing.T) {
	dir, in, server := running(t, func(instance.Source) error { t.Error("done"); return nil })
	defer in.Release()
	if err := in.Announce(instance.Record{URL: "http://here/", Handover: server.URL, Secret: "secret"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "webmon.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := instance.HandOver(ctx, dir, instance.Source{}); err == nil || !strings.Contains(err.Error(), "not believed") {
		t.Errorf("got %v", err)
	}
}

func TestToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "webmon", "token")
	first, _, err := instance.Token(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != 40 {
		t.Errorf("%q is no 40 hex digits", first)
	}
	if again, refused, err := instance.Token(path); err != nil || refused != nil || again != first {
		t.Errorf("a bookmark does not last: %q, then %q (%v, %v)", first, again, refused, err)
	}
	if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if other, refused, err := instance.Token(path); err != nil || refused != nil || len(other) != 40 {
		t.Errorf("from garbage: %q, %v, %v", other, refused, err)
	}
}

// TestTokensThatOthersMayKnow are replaced by new ones.
func TestTokensThatOthersMayKnow(t *testing.T) {
	known := strings.Repeat("0123456789", 4)
	for _, test := range []struct {
		name  string
		spoil func(path string) error
		says  string
	}{
		{"readable by all", func(p string) error { return os.Chmod(p, 0o644) }, "others have access"},
		{"readable by the group", func(p string) error { return os.Chmod(p, 0o640) }, "others have access"},
		{"a link", func(p string) error { return errors.Join(os.Rename(p, p+"2"), os.Symlink(p+"2", p)) }, "a link"},
		{"of another user", func(p string) error { return os.Chown(p, 65534, 65534) }, "another user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "webmon", "token")
			if err := instance.KeepToken(path, known); err != nil {
				t.Fatal(err)
			}
			if err := test.spoil(path); errors.Is(err, fs.ErrPermission) {
				lacking.Skip(t, "only root gives files away: %v", err)
			} else if err != nil {
				t.Fatal(err)
			}
			token, refused, err := instance.Token(path)
			if err != nil || token == known || len(token) != 40 || refused == nil || !strings.Contains(refused.Error(), test.says) {
				t.Errorf("got %q, %v, %v", token, refused, err)
			}
			if again, refused, err := instance.Token(path); again != token || refused != nil || err != nil {
				t.Errorf("the new one does not last: %q, then %q (%v, %v)", token, again, refused, err)
			}
		})
	}
	t.Run("in a folder that all may write to", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "webmon", "token")
		if err := instance.KeepToken(path, known); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if token, _, err := instance.Token(path); err == nil || token == known {
			t.Errorf("got %q, %v", token, err)
		}
		if b, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(b)) != known {
			t.Errorf("something was written there: %q, %v", b, err)
		}
	})
}

func TestFolders(t *testing.T) {
	run, state := t.TempDir(), t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	t.Setenv("XDG_STATE_HOME", state)
	if got := instance.RuntimeDir(); got != filepath.Join(run, "webmon") {
		t.Errorf("runtime folder %s", got)
	}
	if got, err := instance.StateDir(); err != nil || got != filepath.Join(state, "webmon") {
		t.Errorf("state folder %s, %v", got, err)
	}
	t.Setenv("XDG_RUNTIME_DIR", "not/absolute")
	if got := instance.RuntimeDir(); strings.Contains(got, "not/absolute") {
		t.Errorf("a relative folder was taken: %s", got)
	}
}

// withoutSystemDir has the test run as if the system gave nobody a folder.
func withoutSystemDir(t *testing.T) {
	before := instance.SystemDir
	instance.SystemDir = t.TempDir()
	t.Cleanup(func() { instance.SystemDir = before })
}

// TestAnotherUserHasTheFolder: without a folder of the system's, any user may have made the
// one in the folder of temporary files.
func TestAnotherUserHasTheFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the system gives every user a folder")
	}
	withoutSystemDir(t)
	t.Setenv("XDG_RUNTIME_DIR", "")
	host, _ := os.Hostname()
	for _, test := range []struct {
		name    string
		squat   func(path string) error
		refused bool
	}{
		{"nobody has", func(string) error { return nil }, false},
		{"a folder that others may write to", func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.Chmod(p, 0o777)) }, true},
		{"a file", func(p string) error { return os.WriteFile(p, nil, 0o600) }, true},
		{"a link to a folder of ours", func(p string) error { return errors.Join(os.Mkdir(p+"2", 0o700), os.Symlink(p+"2", p)) }, true},
		{"another user's folder", func(p string) error { return errors.Join(os.Mkdir(p, 0o755), os.Chown(p, 65534, 65534)) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			tmp, state := t.TempDir(), t.TempDir()
			t.Setenv("TMPDIR", tmp)
			t.Setenv("XDG_STATE_HOME", state)
			own := filepath.Join(tmp, fmt.Sprintf("webmon-%d", os.Getuid()))
			if err := test.squat(own); errors.Is(err, fs.ErrPermission) {
				lacking.Skip(t, "only root gives files away: %v", err)
			} else if err != nil {
				t.Fatal(err)
			}
			want := own
			if test.refused {
				want = filepath.Join(state, "webmon", "run-"+host)
			}
			dirs, refused := instance.RuntimeDirs()
			if len(dirs) == 0 || dirs[0] != want || (len(refused) > 0) != test.refused {
				t.Fatalf("folders %q, refused %v, want %s first", dirs, refused, want)
			}
			in, err := instance.Acquire(dirs[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := in.Announce(instance.Record{PID: 7}); err != nil {
				t.Fatal(err)
			}
			if r := instance.Running(dirs[0]); r == nil || r.PID != 7 || instance.RuntimeDir() != want {
				t.Errorf("the webmon there is %+v", r)
			}
			in.Release()
			if r := instance.Running(dirs[0]); r != nil {
				t.Errorf("somebody seems to hold the lock: %+v", r)
			}
		})
	}
	t.Run("there is none at all", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", file)
		t.Setenv("XDG_STATE_HOME", file)
		if dirs, refused := instance.RuntimeDirs(); dirs != nil || len(refused) != 2 || instance.RuntimeDir() != "" {
			t.Errorf("folders %q, refused %v", dirs, refused)
		}
		in, err := instance.Acquire("")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(in.Announce(instance.Record{}), in.Release()); err != nil {
			t.Error(err)
		}
	})
}
