package logs

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// buffer is written to from any goroutine.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.b.String()
	b.b.Reset()
	return s
}

func open(level slog.Level) (*slog.Logger, *Handler, *buffer) {
	b := &buffer{}
	h := New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: level, ReplaceAttr: Clip}))
	return slog.New(h), h, b
}

func TestLinesOfOneKindAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, h, out := open(slog.LevelInfo)
		defer h.Close()
		child := logger.With("source", "scope").WithGroup("g")
		for i := range 100_000 {
			if i%2 == 0 {
				logger.Warn("browser watches too many topics", "limit", i)
			} else {
				child.Warn("browser watches too many topics", "limit", i)
			}
		}
		logger.Warn("another kind")
		logger.Info("browser watches too many topics") // another level
		got := out.take()
		if n := strings.Count(got, "level=WARN msg=\"browser watches"); n != burst || len(got) > 4000 {
			t.Errorf("%d lines were written, %d bytes", n, len(got))
		}
		if !strings.Contains(got, "another kind") || !strings.Contains(got, "level=INFO") {
			t.Errorf("other kinds are missing: %s", got)
		}
		time.Sleep(sayAfter)
		synctest.Wait()
		if got = out.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, fmt.Sprint("more_like_it=", 100_000-burst)) || !strings.Contains(got, "browser watches") {
			t.Errorf("afterwards it says %s", got)
		}
		// What comes now and then is written.
		for range 30 {
			time.Sleep(2 * every)
			logger.Warn("browser watches too many topics")
		}
		if got = out.take(); strings.Count(got, "\n") != 30 {
			t.Errorf("of 30 that came slowly %d were written", strings.Count(got, "\n"))
		}
	})
}

// Whatever messages a process makes up, there is a bound.
func TestMessagesThatAreAllDifferent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, h, out := open(slog.LevelInfo)
		for i := range 10_000 {
			logger.Error(fmt.Sprint(strings.Repeat("x", 600), i))
			logger.Error(fmt.Sprint("notice ", i))
		}
		if n := len(h.kinds); n > maxKinds+1 {
			t.Errorf("%d kinds are kept", n)
		}
		h.Close()
		got := out.take()
		if n := strings.Count(got, "\n"); n > burstAll+maxKinds+1 || n < maxKinds {
			t.Errorf("%d lines were written, %d bytes", n, len(got))
		}
		if !strings.Contains(got, more) {
			t.Error("what was left out is not said")
		}
	})
}

func TestWhatIsLeftOutIsSaidAtTheEnd(t *testing.T) {
	logger, h, out := open(slog.LevelDebug)
	for range debugs + 70 {
		logger.Debug("message from a page ignored")
	}
	out.take()
	h.Close()
	h.Close()
	if got := out.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, more+"=70") && !strings.Contains(got, more+"=6") {
		t.Errorf("at the end it says %s", got)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	logger, h, out := open(slog.LevelInfo)
	defer h.Close()
	long := strings.Repeat("y", 1<<20)
	logger.Error(long, "text", long, "error", errors.New(long), "stack", long, "bytes", []byte(long), "n", 7)
	got := out.take()
	if len(got) > maxMessage+3*maxText+maxStack+300 || !strings.Contains(got, "n=7") || strings.Count(got, "…") != 5 {
		t.Errorf("%d bytes, %d texts were cut", len(got), strings.Count(got, "…"))
	}
}
