package fault_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errOwn = errors.New("its own")

// bin is where the tests panic.
func bin(counts []int, at float64) int { return counts[int(at)] }

func TestCatch(t *testing.T) {
	var nothing map[string]int
	for _, test := range []struct {
		name  string
		f     func() error
		text  string // "": no fault
		is    func(error) bool
		place string
	}{
		{"well", func() error { return nil }, "", func(err error) bool { return err == nil }, ""},
		{"an error", func() error { return errOwn }, "", func(err error) bool { return err == errOwn }, ""},
		{"an index", func() error { bin(make([]int, 4), math.NaN()); return nil }, "a fault in webmon: runtime error: index out of range", isRuntime, "fault_test.bin:"},
		{"a nil map", func() error { nothing["a"] = 1; return nil }, "assignment to entry in nil map", isRuntime, "TestCatch"},
		{"words", func() error { panic("out of order\nand more") }, "a fault in webmon: out of order", func(error) bool { return true }, "TestCatch"},
		{"an error that panics", func() error { panic(fmt.Errorf("reading: %w", errOwn)) }, "reading: its own", func(err error) bool { return errors.Is(err, errOwn) }, "TestCatch"},
	} {
		err := fault.Catch(test.f)
		var f *fault.Error
		if is := errors.As(err, &f); is != (test.text != "") || !test.is(err) {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if f == nil {
			continue
		}
		if !strings.Contains(f.Error(), test.text) || strings.Contains(f.Error(), "\n") {
			t.Errorf("%s: %q, want %q on one line", test.name, f, test.text)
		}
		if !strings.Contains(f.Place(), test.place) || !bytes.Contains(f.Stack, []byte("TestCatch")) {
			t.Errorf("%s: came up in %q, want %q; its stack: %s", test.name, f.Place(), test.place, f.Stack)
		}
	}
}

func isRuntime(err error) bool {
	var e runtime.Error
	return errors.As(err, &e)
}

// What was caught in one goroutine and is the caller's has the stack of where it came up.
func TestFaultsPassOn(t *testing.T) {
	first := fault.Do(func() { bin(nil, 3) })
	if again := fault.Do(func() { panic(first) }); again != first {
		t.Errorf("%v became %v", first, again)
	}
}

func TestGo(t *testing.T) {
	var all sync.WaitGroup
	failed := make(chan error, 2)
	fault.Go(&all, func() { bin(nil, 1) }, func(err error) { failed <- err })
	fault.Go(&all, func() {}, func(err error) { t.Errorf("nothing panicked: %v", err) })
	all.Wait()
	fault.Go(nil, func() { panic("alone") }, func(err error) { failed <- err })
	for _, want := range []string{"index out of range", "alone"} {
		if err := <-failed; !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	time.AfterFunc(0, fault.Func(func() { panic("late") }, func(err error) { failed <- err }))
	if err := <-failed; !strings.Contains(err.Error(), "late") {
		t.Error(err)
	}
}

func TestLedger(t *testing.T) {
	var log bytes.Buffer
	l := fault.NewLedger(slog.New(slog.NewTextHandler(&log, nil)))
	if l.Note("feed", "napari/layers", nil) || l.Note("feed", "napari/layers", errOwn) || log.Len() > 0 || len(l.Counts()) > 0 {
		t.Errorf("what is no fault is noted: %s", &log)
	}
	for i := range 25 {
		topic := fmt.Sprintf("napari/layers/%d", i)
		if !l.Note("feed", topic, fmt.Errorf("drawing: %w", fault.Do(func() { bin(make([]int, i), 99) }))) {
			t.Fatal("a fault is none")
		}
	}
	if !l.Note("adapter", "napari", fault.Do(func() { panic("other") })) {
		t.Fatal("a fault is none")
	}
	text := log.String()
	if n := strings.Count(text, "stack="); n != 2 {
		t.Errorf("%d stacks, want one for each of the two faults: %s", n, text)
	}
	if n := strings.Count(text, "panicked again"); n != 1 || !strings.Contains(text, "times=10") {
		t.Errorf("%d lines for what came up again, want one when it had ten times: %s", n, text)
	}
	if got := fmt.Sprint(l.Counts()); got != "[{adapter 1} {feed 25}]" {
		t.Errorf("counts %s", got)
	}
	// Without a ledger it is in the log all the same.
	var none *fault.Ledger
	old := slog.Default()
	defer slog.SetDefault(old)
	log.Reset()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	if !none.Note("feed", "a", fault.Do(func() { panic("x") })) || none.Counts() != nil || !strings.Contains(log.String(), "stack=") {
		t.Errorf("without a ledger: %s", &log)
	}
}

func TestPause(t *testing.T) {
	for times, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 7: time.Minute, 1000: time.Minute} {
		if got := fault.Pause(times); got != want {
			t.Errorf("after %d times %v, want %v", times, got, want)
		}
	}
}
