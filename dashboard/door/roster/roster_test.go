package roster

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"webmon/dashboard/door"
)

// file is a file of people in a folder that nobody else can write to.
func file(t *testing.T, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "people")
	if lines != nil {
		replace(t, path, lines...)
	}
	return path
}

// replace puts another file in its place, as webmon does.
func replace(t *testing.T, path string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// write changes the file in its place, as some editors do.
func write(t *testing.T, path string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func line(role, token, name string) string { return role + " never " + hashed(token) + " " + name }

// run opens the file and follows it until the test is over.
func run(t *testing.T, path string, log *bytes.Buffer) *Roster {
	t.Helper()
	r, err := Open(path, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-over
	})
	return r
}

func request(authorization string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", authorization)
	return r
}

// who is what the roster makes of a token, in words.
func who(r *Roster, token string) string {
	person, known, err := r.Know(request("Bearer " + token))
	switch {
	case err != nil:
		return "refused: " + err.Error()
	case !known:
		return "unknown"
	}
	return fmt.Sprint(person.Name, ", ", person.Role)
}

func session(t *testing.T, r *Roster, token string) <-chan struct{} {
	t.Helper()
	person, known, err := r.Know(request("Bearer " + token))
	if err != nil || !known || person.Gone == nil {
		t.Fatalf("%s: %+v, %v, %v", token, person, known, err)
	}
	return person.Gone
}

func over(gone <-chan struct{}) bool {
	select {
	case <-gone:
		return true
	default:
		return false
	}
}

func TestKnow(t *testing.T) {
	r := run(t, file(t, line("steer", "aaaa", "Ada Lovelace"), line("look", "bbbb", "bob")), &bytes.Buffer{})
	for token, want := range map[string]string{
		"aaaa": "Ada Lovelace, steer", "bbbb": "bob, look", "": "unknown", "cccc": "unknown", "aaa": "unknown",
		hashed("aaaa"): "unknown", strings.TrimPrefix(hashed("aaaa"), hashPrefix): "unknown", "bob": "unknown",
	} {
		if got := who(r, token); got != want {
			t.Errorf("%q: got %q, want %q", token, got, want)
		}
	}
	for authorization, want := range map[string]bool{
		"bearer aaaa": true, "aaaa": false, "Basic aaaa": false, "Bearer": false, "Bearer  aaaa": false, "": false,
	} {
		if _, known, err := r.Know(request(authorization)); known != want || err != nil {
			t.Errorf("%q: known is %v, %v; want %v", authorization, known, err, want)
		}
	}
	if _, known, _ := r.Know(httptest.NewRequest("GET", "/?token=aaaa", nil)); known {
		t.Error("the roster reads addresses, which is the door's business")
	}
}

func TestWhoIsTakenOutIsGone(t *testing.T) {
	path := file(t, line("steer", "aaaa", "ada"), line("look", "bbbb", "bob"), line("look", "cccc", "cyd"), line("look", "dddd", "dee"))
	synctest.Test(t, func(t *testing.T) {
		r := run(t, path, &bytes.Buffer{})
		ada, bob, cyd, dee := session(t, r, "aaaa"), session(t, r, "bbbb"), session(t, r, "cccc"), session(t, r, "dddd")
		// ada stays, bob may more, cyd has a new token, dee is taken out, eve is new.
		replace(t, path, "# people", line("steer", "aaaa", "ada"), line("steer", "bbbb", "bob"), line("look", "CCCC", "cyd"), line("manage", "eeee", "eve"))
		time.Sleep(2 * every)
		synctest.Wait()
		if over(ada) || !over(bob) || !over(cyd) || !over(dee) {
			t.Errorf("gone: ada %v, bob %v, cyd %v, dee %v; want all but ada", over(ada), over(bob), over(cyd), over(dee))
		}
		for token, want := range map[string]string{
			"aaaa": "ada, steer", "bbbb": "bob, steer", "cccc": "unknown", "CCCC": "cyd, look", "dddd": "unknown", "eeee": "eve, manage",
		} {
			if got := who(r, token); got != want {
				t.Errorf("%s: got %q, want %q", token, got, want)
			}
		}
		if over(session(t, r, "bbbb")) {
			t.Error("bob cannot come back")
		}
	})
}

// A token is looked up in the file as it is, not as it was at the last tick.
func TestAtOnce(t *testing.T) {
	path := file(t, line("look", "aaaa", "ada"))
	synctest.Test(t, func(t *testing.T) {
		r := run(t, path, &bytes.Buffer{})
		gone := session(t, r, "aaaa")
		replace(t, path, line("look", "bbbb", "bob"))
		if got := who(r, "bbbb"); got != "bob, look" {
			t.Errorf("who was added a moment ago is %s", got)
		}
		if got := who(r, "aaaa"); got != "unknown" || !over(gone) {
			t.Errorf("who was taken out a moment ago is %s, gone %v", got, over(gone))
		}
	})
}

// A file that is half written ends nobody's session.
func TestAFileThatIsBeingWritten(t *testing.T) {
	path := file(t, line("look", "aaaa", "ada"), line("look", "bbbb", "bob"))
	synctest.Test(t, func(t *testing.T) {
		r := run(t, path, &bytes.Buffer{})
		ada, bob := session(t, r, "aaaa"), session(t, r, "bbbb")
		write(t, path, "")
		if got := who(r, "aaaa"); got != "ada, look" {
			t.Errorf("while the file is empty ada is %s", got)
		}
		time.Sleep(every + every/2)
		write(t, path, "# and a line", line("look", "aaaa", "ada"))
		time.Sleep(3 * every)
		synctest.Wait()
		if over(ada) || !over(bob) {
			t.Errorf("gone: ada %v, bob %v; want bob alone", over(ada), over(bob))
		}
	})
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The clock of the test is another than that of the file system.
		soon := time.Now().Add(time.Minute).Format(time.RFC3339)
		later := time.Now().Add(time.Hour).Format(time.RFC3339)
		path := file(t, "look "+soon+" "+hashed("aaaa")+" ada", "look "+later+" "+hashed("bbbb")+" bob")
		r := run(t, path, &bytes.Buffer{})
		ada, bob := session(t, r, "aaaa"), session(t, r, "bbbb")
		time.Sleep(time.Minute + 2*every)
		synctest.Wait()
		if !over(ada) || over(bob) {
			t.Errorf("gone: ada %v, bob %v; want ada alone", over(ada), over(bob))
		}
		if got := who(r, "aaaa"); !strings.HasPrefix(got, "refused: The token of ada was good until") {
			t.Errorf("ada is %s", got)
		}
		// More time lets them in again.
		replace(t, path, "look "+later+" "+hashed("aaaa")+" ada", "look "+later+" "+hashed("bbbb")+" bob")
		if got := who(r, "aaaa"); got != "ada, look" || over(session(t, r, "aaaa")) {
			t.Errorf("with more time ada is %s", got)
		}
		if over(bob) {
			t.Error("bob had nothing to do with it")
		}
	})
}

// TestClosed: what cannot be believed lets nobody in, at the start and later.
func TestClosed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such rights")
	}
	good := []string{line("look", "aaaa", "ada")}
	for _, test := range []struct {
		name  string
		spoil func(path string) error
		want  string
	}{
		{"gone", os.Remove, "no such file"},
		{"readable by others", func(path string) error { return os.Chmod(path, 0o640) }, "others"},
		{"writable by others", func(path string) error { return os.Chmod(path, 0o602) }, "others"},
		{"in a folder that others may write to", func(path string) error { return os.Chmod(filepath.Dir(path), 0o777) }, "folder"},
		{"a link", func(path string) error {
			if err := os.Rename(path, path+".real"); err != nil {
				return err
			}
			return os.Symlink(path+".real", path)
		}, "link"},
		{"a folder", func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		}, "folder"},
		{"too large", func(path string) error { return os.WriteFile(path+".new", make([]byte, maxFile+1), 0o600) }, "larger"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := file(t, good...)
			spoil := func() {
				t.Helper()
				if err := test.spoil(path); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(path + ".new"); err == nil {
					if err := os.Rename(path+".new", path); err != nil {
						t.Fatal(err)
					}
				}
			}
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				r := run(t, path, &log)
				gone := session(t, r, "aaaa")
				spoil()
				time.Sleep(4 * every)
				synctest.Wait()
				if got := who(r, "aaaa"); got != "unknown" || !over(gone) {
					t.Errorf("ada is %s, gone %v", got, over(gone))
				}
				if n := strings.Count(log.String(), "level=ERROR"); n != 1 || !strings.Contains(log.String(), test.want) {
					t.Errorf("it is said %d times: %s", n, &log)
				}
				if _, err := Open(path, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("a start: %v, want %q", err, test.want)
				}
				// And when it is mended they are in again.
				if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				os.RemoveAll(path)
				replace(t, path, good...)
				time.Sleep(2 * every)
				if got := who(r, "aaaa"); got != "ada, look" {
					t.Errorf("once it is mended ada is %s", got)
				}
			})
		})
	}
}

func TestBadLinesAreSaid(t *testing.T) {
	var log bytes.Buffer
	r := run(t, file(t, "steer ada", line("look", "aaaa", "ada"), line("Look", "bbbb", "bob")), &log)
	if got := who(r, "aaaa"); got != "ada, look" {
		t.Errorf("ada is %s", got)
	}
	if got := who(r, "bbbb"); got != "unknown" {
		t.Errorf("bob is %s", got)
	}
	if s := log.String(); strings.Count(s, "level=WARN") != 2 || !strings.Contains(s, "line=1") || !strings.Contains(s, "line=3") {
		t.Errorf("the log has %s", s)
	}
}

func TestAddAndRemove(t *testing.T) {
	now := time.Now()
	path := filepath.Join(file(t), "..", "deeper", "people")
	add := func(name string, role door.Role, until string) string {
		t.Helper()
		token, err := Add(path, name, role, until, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(token) != 40 {
			t.Errorf("%s got the token %q", name, token)
		}
		return token
	}
	ada := add("Ada Lovelace", door.Steer, "never")
	r := run(t, path, &bytes.Buffer{})
	bob := add("bob", door.Look, now.AddDate(0, 0, 1).Format(time.DateOnly))
	if a, b := who(r, ada), who(r, bob); a != "Ada Lovelace, steer" || b != "bob, look" {
		t.Errorf("they are %q and %q", a, b)
	}
	b, err := os.ReadFile(path)
	if err != nil || bytes.Contains(b, []byte(ada)) || bytes.Contains(b, []byte(bob)) {
		t.Errorf("the file holds a token (%v): %s", err, b)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	for _, bad := range []struct {
		name, until string
		role        door.Role
	}{
		{"ada lovelace", "never", door.Look}, {"", "never", door.Look}, {"c#", "never", door.Look},
		{"cyd", "yesterday", door.Look}, {"cyd", "2020-01-01", door.Look}, {"the owner", "never", door.Look},
	} {
		if _, err := Add(path, bad.name, bad.role, bad.until, now); err == nil {
			t.Errorf("%+v was added", bad)
		}
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, b) {
		t.Errorf("what was refused has changed the file: %s", again)
	}
	// Comments and lines that cannot be read are left alone.
	own := "# my own comment\nnonsense\n"
	if err := os.WriteFile(path, append([]byte(own), b...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Remove(path, "BOB"); err != nil {
		t.Error(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(after), own) || strings.Contains(string(after), "bob") || !strings.Contains(string(after), "Ada Lovelace") {
		t.Errorf("without bob the file is %s", after)
	}
	if got := who(r, bob); got != "unknown" {
		t.Errorf("bob is %s", got)
	}
	if err := Remove(path, "bob"); err == nil || !strings.Contains(err.Error(), "webmon people list") {
		t.Errorf("bob was removed twice: %v", err)
	}
	if err := Remove(filepath.Join(filepath.Dir(path), "none"), "bob"); err == nil {
		t.Error("somebody was removed from no file")
	}
	people, bad, err := Read(path)
	if err != nil || len(people) != 1 || len(bad) != 1 || bad[0].Line != 2 {
		t.Errorf("the file has %+v, %+v, %v", people, bad, err)
	}
}

// Two edits at the same time lose nobody.
func TestEditsAtTheSameTime(t *testing.T) {
	path := file(t)
	errs := make(chan error)
	const n = 20
	for i := range n {
		go func() {
			_, err := Add(path, fmt.Sprint("person ", i), door.Look, "never", time.Now())
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if people, bad, err := Read(path); len(people) != n || len(bad) != 0 || err != nil {
		t.Errorf("%d people, %v, %v; want %d", len(people), bad, err, n)
	}
}
