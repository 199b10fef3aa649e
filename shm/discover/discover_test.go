//go:build linux || darwin

package discover_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/shm"
	"webmon/shm/discover"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// content is an announcement as the package writes it.
func content(name string, pid int) string {
	return fmt.Sprintf(`{"protocol": 1, "name": %q, "kind": "python", "pid": %d, "instance": "%s-%d",
		"address": "127.0.0.1:40123", "authkey": %q, "started": 1700000000.5}`,
		name, pid, name, pid, strings.Repeat("0f", 32))
}

// folder is one of announcements.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), discover.Folder)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// announce leaves a file and holds its lock, until the returned function is
// called, as a process does until it dies.
func announce(t *testing.T, dir, name, content string) (die func()) {
	t.Helper()
	hidden := filepath.Join(dir, "."+name+".tmp")
	if err := os.WriteFile(hidden, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(hidden)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(hidden, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	die = sync.OnceFunc(func() { f.Close() })
	t.Cleanup(die)
	return die
}

func names(list []discover.Announcement) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Name)
	}
	return strings.Join(out, " ")
}

func TestScan(t *testing.T) {
	dir := folder(t)
	if got := discover.Scan(filepath.Join(dir, "none"), nil); got != nil {
		t.Errorf("a folder that is not there holds %v", got)
	}
	die := announce(t, dir, "100-abc.json", content("scope", 100))
	announce(t, dir, "200-abc.json", strings.Replace(content("first", 200), "1700000000.5", "1600000000", 1))
	got := discover.Scan(dir, nil)
	if names(got) != "first scope" {
		t.Fatalf("found %q, want the oldest first", names(got))
	}
	want := discover.Announcement{
		Name: "scope", Kind: shm.KindPython, PID: 100, Instance: "scope-100", Address: "127.0.0.1:40123",
		Authkey: []byte(strings.Repeat("0f", 32)), Started: 1700000000.5, Path: filepath.Join(dir, "100-abc.json"),
	}
	if fmt.Sprintf("%+v", got[1]) != fmt.Sprintf("%+v", want) {
		t.Errorf("found %+v\nwant  %+v", got[1], want)
	}
	// The file of a dead process goes, that of a living one stays.
	die()
	if got := discover.Scan(dir, nil); names(got) != "first" {
		t.Errorf("found %q after a death", names(got))
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "200-abc.json" {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// TestHostile: what is in the folder may have been put there by anything.
func TestHostile(t *testing.T) {
	dir := folder(t)
	announce(t, dir, "1-good.json", content("good", 1))
	announce(t, dir, "2-other.json", content("of another process", 3))
	announce(t, dir, "4-json.json", "{")
	announce(t, dir, "5-huge.json", content("huge", 5)+strings.Repeat(" ", 1<<20))
	announce(t, dir, "6-open.json", content("open to all", 6))
	if err := os.Chmod(filepath.Join(dir, "6-open.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	announce(t, dir, "no-number.json", content("no number", 7))
	announce(t, dir, "8-name.txt", content("no announcement", 8))
	elsewhere := filepath.Join(t.TempDir(), "9-elsewhere.json")
	if err := os.WriteFile(elsewhere, []byte(content("elsewhere", 9)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, "9-link.json")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "10-pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "11-folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := discover.Scan(dir, nil); names(got) != "good" {
		t.Errorf("found %q, want the good one alone", names(got))
	}
	if _, err := os.Stat(elsewhere); err != nil {
		t.Errorf("a file outside the folder was touched: %v", err)
	}
	// Whoever can write into the folder could make webmon connect anywhere.
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if got := discover.Scan(dir, nil); got != nil {
		t.Errorf("found %q in a folder that others can write to", names(got))
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := discover.Scan(elsewhere, nil); got != nil {
		t.Errorf("found %q in a file", names(got))
	}
}

func TestManyAtOnce(t *testing.T) {
	dir := folder(t)
	for i := range 300 {
		announce(t, dir, fmt.Sprintf("%d-x.json", i+1), content(fmt.Sprint("p", i), i+1))
	}
	if got := len(discover.Scan(dir, nil)); got != 256 {
		t.Errorf("found %d of 300 processes, want as many as are allowed", got)
	}
}

// events records what Watch says.
type events struct {
	mu  sync.Mutex
	log []string
}

func (e *events) add(what string) func(discover.Announcement) {
	return func(a discover.Announcement) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.log = append(e.log, what+" "+a.Instance)
	}
}

func (e *events) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.log)
}

func (e *events) wait(t *testing.T, want ...string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !slices.Equal(e.all(), want) {
		if time.Now().After(deadline) || len(e.all()) > len(want) {
			t.Fatalf("said %q, want %q", e.all(), want)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWatch(t *testing.T) {
	dir := folder(t)
	announce(t, dir, "1-a.json", content("cam", 1))
	var said events
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		discover.Watch(ctx, discover.Options{Dir: dir, Every: time.Millisecond, Found: said.add("found"), Lost: said.add("lost")})
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	said.wait(t, "found cam-1")
	die := announce(t, dir, "2-a.json", content("scope", 2))
	said.wait(t, "found cam-1", "found scope-2")
	die()
	said.wait(t, "found cam-1", "found scope-2", "lost scope-2")
	// A process that takes its announcement back is lost as well.
	if err := os.Remove(filepath.Join(dir, "1-a.json")); err != nil {
		t.Fatal(err)
	}
	said.wait(t, "found cam-1", "found scope-2", "lost scope-2", "lost cam-1")
}

// Processes that announce themselves by the hundreds, under names that come first, take no
// place from one that is known; and one that ends makes place for one of them.
func TestWhoIsKnownKeepsItsPlace(t *testing.T) {
	dir := folder(t)
	var die func()
	for i := range 256 {
		end := announce(t, dir, fmt.Sprintf("%d-k.json", 5000+i), content(fmt.Sprint("known", i), 5000+i))
		if i == 255 {
			die = end
		}
	}
	var said events
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		discover.Watch(ctx, discover.Options{Dir: dir, Every: time.Millisecond, Found: said.add("found"), Lost: said.add("lost")})
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	count := func(n int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); len(said.all()) < n; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d things were said, want %d", len(said.all()), n)
			}
		}
	}
	count(256)
	for i := range 100 {
		announce(t, dir, fmt.Sprintf("%d-a.json", 1000+i), content(fmt.Sprint("new", i), 1000+i))
	}
	die()
	count(258)
	if got := said.all()[256:]; len(got) != 2 || got[0] != "lost known255-5255" || got[1] != "found new0-1000" {
		t.Errorf("afterwards it said %q", got)
	}
}

// TestAReusedNumber: another process of the same number at the same path is
// another process.
func TestAReusedNumber(t *testing.T) {
	dir := folder(t)
	var said events
	// The first look finds one, the next the other.
	announce(t, dir, "1-a.json", content("cam", 1))
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	found := func(a discover.Announcement) {
		said.add("found")(a)
		if len(said.all()) > 1 {
			return
		}
		if err := os.Remove(a.Path); err != nil {
			t.Error(err)
		}
	}
	done.Go(func() {
		discover.Watch(ctx, discover.Options{Dir: dir, Every: time.Millisecond, Found: found, Lost: said.add("lost")})
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	said.wait(t, "found cam-1", "lost cam-1")
	announce(t, dir, "1-a.json", strings.Replace(content("cam", 1), "cam-1", "again-1", 1))
	said.wait(t, "found cam-1", "lost cam-1", "found again-1")
}

func TestParse(t *testing.T) {
	good := content("scope", 5)
	if _, err := discover.Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ old, new, says string }{
		{`"protocol": 1`, `"protocol": 2`, "protocol 2"},
		{`"scope"`, `" \n"`, "no name"},
		{`"scope"`, `7`, "no announcement"},
		{`"kind": "python"`, `"kind": "demo"`, "kind"},
		{`"pid": 5`, `"pid": 0`, "pid"},
		{`"pid": 5`, `"pid": 99999999999`, "pid"},
		{`"scope-5"`, `""`, "instance"},
		{`127.0.0.1:40123`, `10.0.0.1:40123`, "not on this machine"},
		{`127.0.0.1:40123`, `localhost:40123`, "address"},
		{`127.0.0.1:40123`, `127.0.0.1:0`, "address"},
		{`127.0.0.1:40123`, `/tmp/socket`, "address"},
		{`0f0f`, `0f`, "authkey"},
		{`0f0f`, `xx0f`, "authkey"},
		{`1700000000.5`, `-1`, "started"},
		{`, "started": 1700000000.5`, ``, "started"},
		{`1700000000.5}`, `1700000000.5} {}`, "follows"},
	} {
		text := strings.Replace(good, test.old, test.new, 1)
		if text == good {
			t.Fatalf("%q is not in the announcement", test.old)
		}
		if a, err := discover.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s in place of %s: %+v, %v; want word of %q", test.new, test.old, a, err, test.says)
		}
	}
	long, err := discover.Parse([]byte(strings.Replace(good, `"scope"`, `"`+strings.Repeat("é", 200)+`"`, 1)))
	if err != nil || len(long.Name) > 80 || !strings.HasPrefix(long.Name, "éé") {
		t.Errorf("a long name became %q, %v", long.Name, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(content("scope", 5)))
	f.Add([]byte(`{"protocol": 1e999, "started": null}`))
	f.Add([]byte(`[[[[{"name": "\ud800"}]]]]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := discover.Parse(b)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		if a.Name == "" || len(a.Name) > 80 || a.PID < 1 || len(a.Authkey) != 64 || !strings.Contains(a.Address, ":") || a.Instance == "" {
			t.Errorf("accepted %+v", a)
		}
	})
}
