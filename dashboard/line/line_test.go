package line

import (
	"testing"
	"time"
)

// Whatever a page acknowledges, and whenever, nothing is counted twice, and something may be sent at last.
func FuzzLine(f *testing.F) {
	f.Add([]byte{1, 200, 3, 0, 9, 255, 17, 4, 4, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		now := time.Unix(1e9, 0)
		l := New(now)
		n := uint64(0)
		for i := 0; i+1 < len(b); i += 2 {
			v := int(b[i+1])
			switch b[i] % 6 {
			case 0:
				n++
				l.Sent(now, v<<8, b[i]&8 != 0)
			case 1:
				l.Received(now, n-min(n, uint64(v)))
			case 2:
				now = now.Add(time.Duration(v) * time.Millisecond)
			case 3:
				l.RoundTrip(now, time.Duration(v-10)*time.Millisecond)
			case 4:
				l.Limit(float64(v-10) * 1000)
			case 5:
				l.Received(now, n+uint64(v))
			}
			if s := l.State(now); s.Flight < 0 || s.Rate < 0 || s.Queue < 0 || s.Rate != s.Rate {
				t.Fatalf("state %+v", s)
			}
			if p := l.Part(); p < 1 {
				t.Fatalf("parts of %d bytes", p)
			}
		}
		l.Received(now, n)
		now = now.Add(time.Hour) // of a rate that is bounded by hand nothing may be left at once
		if s := l.State(now); s.Flight != 0 || l.Room(now) <= 0 || !l.TextRoom(now) {
			t.Fatalf("all is acknowledged: %+v", s)
		}
	})
}

// A page that acknowledges nothing is sent nothing more, and what is remembered of it is bounded.
func TestAPageThatAcknowledgesNothing(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := New(now)
	texts := 0
	for range 10 * mostRecords {
		now = now.Add(16 * time.Millisecond)
		if l.TextRoom(now) {
			texts++
			l.Sent(now, 2048, false)
		}
	}
	if texts > 30 {
		t.Errorf("%d texts", texts)
	}
	for range 10 * mostRecords {
		l.Sent(now, 100, true)
	}
	if len(l.records) > mostRecords {
		t.Errorf("%d messages are remembered", len(l.records))
	}
	if l.Room(now) > 0 {
		t.Errorf("room for %d bytes", l.Room(now))
	}
}

// Text is bounded by its age: one that is acknowledged each 100 ms goes on at 60 Hz.
func TestTextIsBoundedByItsAge(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := New(now)
	sent := uint64(0)
	for i := range 600 {
		now = now.Add(16 * time.Millisecond)
		if i%7 == 0 {
			l.Received(now, sent)
		}
		if !l.TextRoom(now) {
			t.Fatalf("no room for text %d", i)
		}
		sent++
		l.Sent(now, 2048, false)
	}
}

// However the acknowledgements come together, a line that was drained has room again.
func TestADrainedLineHasRoomAgain(t *testing.T) {
	for _, text := range []bool{false, true} {
		now := time.Unix(1e9, 0)
		l := New(now)
		l.RoundTrip(now, 20*time.Millisecond)
		n := uint64(0)
		crowded := false
		for range 200 {
			for range 4 {
				n++
				l.Sent(now, 30<<10, true)
			}
			if text {
				n++
				l.Sent(now, 300, false)
			}
			now = now.Add(400 * time.Millisecond)
			for d := uint64(4); d > 0; d-- {
				l.Received(now, n-d+1)
				crowded = crowded || l.cutAt > 0
			}
			if l.Room(now) <= 0 {
				t.Fatalf("no room, and nothing is under way: %+v", l.State(now))
			}
		}
		if !crowded {
			t.Fatal("the line was never drained")
		}
	}
}

// BenchmarkText is what a line costs a text that is sent, and a seventh of its acknowledgement.
func BenchmarkText(b *testing.B) {
	now := time.Unix(1e9, 0)
	l := New(now)
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(16 * time.Millisecond)
		if l.TextRoom(now) {
			n++
			l.Sent(now, 2048, false)
		}
		if n%7 == 0 {
			l.Received(now, n)
		}
	}
}
