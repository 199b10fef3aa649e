package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var ada, bob = Author{Who: "ada", Address: "10.0.0.1"}, Author{Who: "bob", Address: "10.0.0.2"}

func gain(by Author, from, to, status string) Entry {
	return Entry{Author: by, Source: "scope", Name: "gain", From: from, To: to, Status: status}
}

// words are the changes in short, oldest first.
func words(list []*Entry) (out []string) {
	for _, e := range list {
		out = append(out, fmt.Sprintf("%s %s %s>%s x%d %s", e.Who, e.Name, e.From, e.To, e.Count, strings.TrimSpace(e.Status+" "+e.Reason)))
	}
	return out
}

func same(t *testing.T, what string, l *Log, want ...string) {
	t.Helper()
	if got := words(l.List(Query{})); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: the record is %q, want %q", what, got, want)
	}
}

// A slider that is dragged at 60 Hz is one change.
func TestADragIsOneChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Open(Options{})
		defer l.Close()
		var last *Change
		for i := range 120 {
			last = l.Add(gain(ada, fmt.Sprint(i), fmt.Sprint(i+1), Sent))
			l.Add(gain(bob, "5", "6", Sent)) // somebody else does the same beside it
			time.Sleep(time.Second / 60)
		}
		posted := l.Add(gain(ada, "119", "120", Queued))
		last.Became("taken", "") // of what came before
		posted.Became(Applied, "")
		same(t, "at the end", l, "ada gain 0>120 x121 applied", "bob gain 5>6 x120 sent")
		e := l.List(Query{})[0]
		if d := e.Until.Sub(e.Time).Round(time.Second); d != 2*time.Second {
			t.Errorf("it went on for %v", d)
		}

		time.Sleep(together + time.Second)
		l.Add(gain(ada, "120", "1", Queued))
		l.Add(Entry{Author: ada, Source: "other", Name: "gain", To: "1", Status: Queued})
		l.Add(Entry{Author: ada, Source: "scope", Name: "offset", To: "1", Status: Queued})
		if n := len(l.List(Query{})); n != 5 {
			t.Errorf("after a pause, and of other things, there are %d changes, want 5", n)
		}
	})
}

// Whoever never stops is told again each minute.
func TestAnEndlessDragIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Open(Options{})
		defer l.Close()
		for range 60 * 10 { // five minutes
			l.Add(gain(ada, "0", "1", Sent))
			time.Sleep(time.Second / 2)
		}
		if n := len(l.List(Query{})); n < 4 || n > 6 {
			t.Errorf("%d changes in five minutes, want about one a minute", n)
		}
	})
}

// What was refused is not lost among what was applied.
func TestARefusalIsAChangeOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Open(Options{})
		defer l.Close()
		one := l.Add(gain(ada, "1", "2", Queued))
		refused := gain(ada, "", "99", Refused)
		refused.Reason = "gain must be at most 16."
		l.Add(refused)
		l.Add(refused)
		two := l.Add(gain(ada, "2", "3", Queued))
		one.Became(Refused, "the shutter is closed") // later than what came after it
		two.Became(Applied, "")
		same(t, "at the end", l, "ada gain 1>3 x2 applied", "ada gain >99 x2 refused gain must be at most 16.", "ada gain >2 x1 refused the shutter is closed")
	})
}

func TestQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Open(Options{})
		defer l.Close()
		for i := range 5 {
			l.Add(Entry{Author: ada, Source: fmt.Sprint("s", i%2), Name: fmt.Sprint("n", i), Status: Applied})
			time.Sleep(time.Hour)
		}
		names := func(q Query) (out string) {
			for _, e := range l.List(q) {
				out += e.Name + " "
			}
			return out
		}
		for want, q := range map[string]Query{
			"n0 n1 n2 n3 n4 ": {}, "n1 n3 ": {Source: "s1"}, "n3 n4 ": {Limit: 2}, "n2 n4 ": {Source: "s0", Limit: 2},
			"n3 n4": {From: time.Now().Add(-150 * time.Minute)}, "": {Source: "s2"},
		} {
			if got := names(q); strings.TrimSpace(got) != strings.TrimSpace(want) {
				t.Errorf("%+v: %q, want %q", q, got, want)
			}
		}
		time.Sleep(Keep - 90*time.Minute)
		if got := names(Query{}); got != "n4 " {
			t.Errorf("after a week there are %q, want n4", got)
		}
	})
}

// What differs and has no value before is listed one by one, unless it is a flood. A
// flood does not push out what others have changed.
func TestAFloodIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Open(Options{})
		defer l.Close()
		l.Add(Entry{Author: bob, Name: "make a link", To: "one", Status: Applied})
		l.Add(Entry{Author: bob, Name: "make a link", To: "two", Status: Applied})
		l.Add(Entry{Author: bob, Name: "step", Status: Applied})
		l.Add(Entry{Author: bob, Name: "step", Status: Applied})
		for i := range 10_000 {
			l.Add(Entry{Author: ada, Source: "scope", Name: "go", To: fmt.Sprint("x ", i), Status: Queued}).Became(Applied, "")
		}
		list := l.List(Query{})
		if len(list) != 3+perMinute+1 {
			t.Fatalf("%d changes are listed", len(list))
		}
		if e := list[len(list)-1]; e.Who != "ada" || e.Name != more || e.Count != 10_000-perMinute {
			t.Errorf("the last is %+v", e)
		}
		if got := words(list[:3]); got[1] != "bob make a link >two x1 applied" || got[2] != "bob step > x2 applied" {
			t.Errorf("those of bob are %q", got)
		}
		time.Sleep(time.Minute)
		l.Add(Entry{Author: ada, Source: "scope", Name: "go", To: "later", Status: Queued})
		if list := l.List(Query{}); list[len(list)-1].To != "later" {
			t.Error("after a minute nothing more is listed")
		}
	})
}

// A nil Log is one that keeps nothing.
func TestNone(t *testing.T) {
	var l *Log
	l.Add(gain(ada, "1", "2", Queued)).Became(Applied, "")
	l.Close()
	if l.List(Query{}) != nil || l.Problem() != "" {
		t.Error("a record that does not exist has something to say")
	}
}

// The record outlives webmon, and what has become of a change since comes with it.
func TestTheRecordIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "changes")
	synctest.Test(t, func(t *testing.T) {
		l := Open(Options{Dir: dir})
		early := l.Add(gain(ada, "1", "2", Queued))
		time.Sleep(2 * writeEvery) // written as it is
		if b := written(t, dir); strings.Count(b, "\n") != 1 {
			t.Errorf("after two seconds the file has %q", b)
		}
		early.Became(Applied, "")
		l.Add(gain(bob, "2", "3", Queued)).Became("gone", "the process is not running")
		l.Close()
		info, err := os.Stat(filepath.Join(dir, files(t, dir)[0]))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode != 0o600 {
			t.Errorf("the file has the mode %o", mode)
		}

		l = Open(Options{Dir: dir})
		same(t, "after a restart", l, "ada gain 1>2 x1 applied", "bob gain 2>3 x1 gone the process is not running")
		l.Add(gain(ada, "3", "4", Applied))
		l.Close()
		if n := len(files(t, dir)); n != 1 {
			t.Errorf("one day has %d files, want 1", n)
		}

		time.Sleep(Keep + 25*time.Hour)
		l = Open(Options{Dir: dir})
		defer l.Close()
		same(t, "after eight days", l)
		l.Add(gain(ada, "4", "5", Applied))
		time.Sleep(2 * writeEvery)
		if got := files(t, dir); len(got) != 1 || !strings.Contains(got[0], day(time.Now())) {
			t.Errorf("after eight days the files are %q, want that of today", got)
		}
	})
}

// A webmon that was killed, or a full disk, may leave half a line.
func TestATornLineIsLeftOut(t *testing.T) {
	whole := `{"id":"a","time":"%[1]s","until":"%[1]s","who":"ada","name":"gain","to":"1","count":1,"status":"applied"}`
	for name, tt := range map[string]struct {
		text string
		want int
	}{
		"nothing":          {"", 0},
		"torn":             {whole + "\n" + `{"id":"b","time":"2026`, 1},
		"torn and gone on": {`{"id":"b","time":"2026` + "\n" + whole + "\n", 1},
		"zeros":            {whole + "\n" + strings.Repeat("\x00", 4096), 1},
		"no end":           {whole, 1},
		"twice":            {whole + "\n" + whole + "\n", 1},
		"no entry":         {"{}\n[]\nnull\n7\n\"text\"\n" + whole + "\n", 1},
		"too long":         {`{"id":"` + strings.Repeat("x", 3*maxLine) + "\n" + whole + "\n", 1},
		"nested":           {strings.Repeat("[", maxLine-10) + "\n" + whole + "\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			now := time.Now().UTC()
			text := strings.ReplaceAll(tt.text, "%[1]s", now.Format(time.RFC3339Nano))
			path := filepath.Join(dir, "changes-"+day(now)+"-000001.jsonl")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			l := Open(Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
			if n := len(l.List(Query{})); n != tt.want {
				t.Errorf("%d changes were read, want %d", n, tt.want)
			}
			l.Add(gain(bob, "1", "2", Applied))
			l.Close()
			l = Open(Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
			defer l.Close()
			if n := len(l.List(Query{})); n != tt.want+1 {
				t.Errorf("after one more there are %d, want %d: it must not join the torn line", n, tt.want+1)
			}
		})
	}
}

// Where nothing can be written the record goes on in memory, says so once, and is
// written as soon as it can be.
func TestTheRecordGoesOnWithoutADisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "changes")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := Open(Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 5 {
			l.Add(gain(ada, "1", "2", Applied))
			time.Sleep(2 * retryEvery)
		}
		synctest.Wait()
		if n := strings.Count(log.String(), "kept in memory only"); n != 1 {
			t.Errorf("it was said %d times: %s", n, &log)
		}
		if p := l.Problem(); !strings.Contains(p, "cannot be written") || strings.Contains(p, dir) {
			t.Errorf("the problem is %q", p)
		}
		if n := len(l.List(Query{})); n != 5 {
			t.Errorf("%d changes are in memory, want 5", n)
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * retryEvery)
		synctest.Wait()
		if p := l.Problem(); p != "" {
			t.Errorf("the problem is still %q", p)
		}
		l.Close()
		l = Open(Options{Dir: dir})
		defer l.Close()
		if n := len(l.List(Query{})); n != 5 {
			t.Errorf("%d changes were kept, want 5", n)
		}
	})
}

// A folder that is full takes what it can. The rest is not torn.
func TestAHalfWrittenPartIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	f := file{dir: dir}
	now := time.Now()
	e := gain(ada, "1", "2", Applied)
	e.ID, e.Time, e.Until, e.Count = "a", now, now, 1
	if err := f.choose(now); err != nil {
		t.Fatal(err)
	}
	// What a write that broke off leaves.
	if err := f.append([]byte(`{"id":"a","ti`)); err != nil {
		t.Fatal(err)
	}
	f.torn = true
	if n, err := f.write([]*Entry{&e}, now); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	l := Open(Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	defer l.Close()
	same(t, "read again", l, "ada gain 1>2 x1 applied")
}

// The record is bounded in bytes, in memory and on disk. The oldest goes first.
func TestTheRecordIsBounded(t *testing.T) {
	dir := t.TempDir()
	l := Open(Options{Dir: dir})
	long := strings.Repeat("0123456789", 30)
	const n = 20_000
	for i := range n {
		by := Author{Who: fmt.Sprint("person", i/perMinute)}
		l.Add(Entry{Author: by, Source: "scope", Name: fmt.Sprint("control", i), From: long, To: long, Status: Refused, Reason: long})
	}
	l.Close()
	list := l.List(Query{})
	if got := list[len(list)-1].Name; got != fmt.Sprint("control", n-1) {
		t.Errorf("the last is %s", got)
	}
	if len(list) >= n || l.bytes > maxBytes || l.bytes < maxBytes/2 {
		t.Errorf("%d changes with %d bytes, at most %d are kept", len(list), l.bytes, maxBytes)
	}
	if got := len(list[0].To); got > maxText {
		t.Errorf("a value has %d bytes, want at most %d", got, maxText)
	}
	total := 0
	for _, name := range files(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		total += int(info.Size())
		if info.Size() > maxPart+maxLine {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
	if total > maxBytes+maxPart || total < maxBytes/4 {
		t.Errorf("the files have %d bytes, want at most %d", total, maxBytes)
	}
	l = Open(Options{Dir: dir})
	defer l.Close()
	list = l.List(Query{})
	if len(list) == 0 || list[len(list)-1].Name != fmt.Sprint("control", n-1) {
		t.Errorf("%d changes were kept", len(list))
	}
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := parts(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, p := range list {
		names = append(names, p.name)
	}
	return names
}

func written(t *testing.T, dir string) (text string) {
	t.Helper()
	for _, name := range files(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	return text
}

// FuzzRead reads files that anybody may have written: every entry is bounded and can be
// written again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"id":"a","time":"2026-11-28T10:00:00Z","until":"2026-11-28T10:00:02Z","who":"ada","address":"10.0.0.1","source":"scope","name":"gain","from":"1","to":"2","count":3,"status":"applied","reason":""}` + "\n"))
	f.Add([]byte("{\"id\":\"a\",\"time\":\"2026-11-28T10:00:00Z\",\"name\":\"\xff\xfe\",\"count\":-1}\n{\"id\""))
	f.Add(bytes.Repeat([]byte("x"), 2*maxLine))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := 0
		_, err := read(bytes.NewReader(text), func(e Entry) {
			n++
			if e.size() > overhead+6*maxName+3*maxText || e.Count < 1 || e.Until.Before(e.Time) || e.ID == "" {
				t.Errorf("%+v", e)
			}
			b, err := json.Marshal(e)
			if err != nil || len(b) >= maxLine {
				t.Fatalf("%d bytes, %v", len(b), err)
			}
			again, ok := decode(b)
			if !ok || again != e {
				t.Errorf("%+v becomes %+v", e, again)
			}
		})
		if err != nil || n > 1+bytes.Count(text, []byte("\n")) {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

// A file that others can write, or that is somebody else's by a link, counts for
// nothing.
func TestForeignFilesAreNotBelieved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders of a user are closed to others by themselves")
	}
	now := time.Now().UTC()
	line := fmt.Appendf(nil, `{"id":"a","time":%q,"who":"ada","name":"gain"}`+"\n", now.Format(time.RFC3339Nano))
	for name, spoil := range map[string]func(path string) error{
		"others may write it": func(path string) error { return os.Chmod(path, 0o666) },
		"a link": func(path string) error {
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
		},
		"others may write the folder": func(path string) error { return os.Chmod(filepath.Dir(path), 0o777) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "changes-"+day(now)+"-000001.jsonl")
			if err := os.WriteFile(path, line, 0o600); err != nil {
				t.Fatal(err)
			}
			read := func() int {
				l := Open(Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
				defer l.Close()
				return len(l.List(Query{}))
			}
			if n := read(); n != 1 {
				t.Fatalf("%d changes are read of a file of the user's own", n)
			}
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			if n := read(); n != 0 {
				t.Errorf("%d changes are read", n)
			}
		})
	}
}
