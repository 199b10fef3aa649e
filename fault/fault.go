// Package fault keeps a panic to what it came up in. A goroutine that panics ends the
// whole program, and with it every source and every page. So all goroutines that webmon
// starts are started here: a panic becomes an error of what the goroutine was for.
//
//	var all sync.WaitGroup
//	fault.Go(&all, func() { reading <- read(conn) }, func(err error) { reading <- err })
//
// What is done with something foreign, or what others do not depend on, is done with
// Catch, so that the rest of the goroutine goes on:
//
//	err := fault.Catch(func() error { return feed.next(now) })
//
// A Ledger writes each fault to the log, and counts it.
package fault

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// Error is a panic that was caught.
type Error struct {
	Value any    // what panic was called with
	Stack []byte // of the goroutine, as runtime/debug writes it
	place string
}

// Error says what went wrong, in the words of the panic, cut to a line.
func (e *Error) Error() string {
	text, _, _ := strings.Cut(fmt.Sprint(e.Value), "\n")
	return "a fault in webmon: " + text
}

// Unwrap returns what panic was called with if that is an error, such as a
// runtime.Error.
func (e *Error) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Place is the function of webmon's in which the panic came up, with its line.
func (e *Error) Place() string { return e.place }

// Catch returns the error of f, an *Error if f panics. Locks that f holds stay held
// unless it has deferred their release.
func Catch(f func() error) (err error) {
	defer Into(&err)
	return f()
}

// Do is Catch for a function without an error.
func Do(f func()) (err error) {
	defer Into(&err)
	f()
	return nil
}

// Into is for a deferred call: it makes a panic of the function the error that err
// points to.
func Into(err *error) {
	if p := recover(); p != nil {
		*err = Of(p)
	}
}

// Of is the fault of a panic that a deferred function has recovered from. It must be
// called in that function.
func Of(p any) *Error {
	if e, ok := p.(*Error); ok {
		return e // it was caught in another goroutine, whose stack tells more
	}
	return &Error{Value: p, Stack: debug.Stack(), place: place()}
}

// place is the first function of this program below the panic.
func place() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	panicked, first := false, ""
	for {
		f, more := frames.Next()
		at := fmt.Sprintf("%s:%d", f.Function, f.Line)
		switch {
		case f.Function == "runtime.gopanic" || f.Function == "runtime.sigpanic":
			panicked = true
		case !panicked || strings.HasPrefix(f.Function, "runtime."):
		case strings.HasPrefix(f.Function, "webmon"):
			return at
		case first == "":
			first = at // of a library that was called with something bad
		}
		if !more {
			return first
		}
	}
}

// Go runs f in a goroutine that wg waits for. If f panics, failed is called with the
// *Error in the same goroutine. wg may be nil where f itself tells when it is over.
func Go(wg *sync.WaitGroup, f func(), failed func(error)) {
	if wg == nil {
		go Func(f, failed)()
		return
	}
	wg.Go(Func(f, failed))
}

// Func returns f for whoever calls functions in goroutines of their own, such as
// time.AfterFunc. If f panics, failed is called with the *Error.
func Func(f func(), failed func(error)) func() {
	return func() {
		if err := Do(f); err != nil {
			failed(err)
		}
	}
}

// Pause is how long to wait before something that has panicked is tried again: a second
// the first time, and twice as long each time after that, up to a minute.
func Pause(times int) time.Duration {
	return min(time.Second<<min(max(times-1, 0), 6), time.Minute)
}
