package budget

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatIsTakenIsCountedAllTheWayUp(t *testing.T) {
	b := New(64 << 20)
	sum := b.Sources.Limit() + b.Browsers.Limit() + b.Answers.Limit() + b.Work.Limit() + b.Volumes.Limit()
	if sum != b.Whole.Limit() {
		t.Errorf("the shares are %d of %d", sum, b.Whole.Limit())
	}
	one, two := b.Source("one"), b.Source("two")
	if !one.Take(10<<20) || one.Take(10<<20) {
		t.Error("a source may take a quarter of the whole, and no more")
	}
	if two.Add(8 << 20); two.Over() > 0 || b.Sources.Used() != 18<<20 || b.Whole.Used() != 18<<20 {
		t.Errorf("%+v, %+v, %+v", two.Use(), b.Sources.Use(), b.Whole.Use())
	}
	three := b.Source("three")
	if three.Add(10 << 20); three.OverOwn() > 0 || three.Over() != 4<<20 {
		t.Errorf("a third source is over by %d, with the others by %d, want 4 MiB", three.OverOwn(), three.Over())
	}
	if three.Take(1) {
		t.Error("a source has taken what all together have not")
	}
	if three.Used() != 10<<20 || b.Whole.Used() != 28<<20 {
		t.Error("what was refused was counted")
	}
	three.Close()
	two.Give(8 << 20)
	two.Dropped(3, 100)
	if use := b.Whole.Use(); use.Used != 10<<20 || use.Most != 28<<20 || use.Dropped != 3 || use.DroppedBytes != 100 {
		t.Errorf("%+v", use)
	}
}

func TestWhoWaitsForRoomGetsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := New(32 << 20).Answers // 4 MiB
		if all.Wait(t.Context(), all.Limit()+1) || all.Use().Refused != 1 {
			t.Error("what can never fit was waited for, or not counted")
		}
		if !all.Take(all.Limit()) {
			t.Fatal("all of it")
		}
		var got sync.WaitGroup
		for range 4 {
			got.Go(func() {
				if !all.Wait(t.Context(), 1<<20) {
					t.Error("no room")
				}
			})
		}
		synctest.Wait()
		if !all.Wanted() {
			t.Error("nobody waits")
		}
		all.Give(all.Limit())
		got.Wait()
		if all.Used() != 4<<20 || all.Wanted() {
			t.Errorf("%d used", all.Used())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if all.Wait(ctx, 1) || all.Use().Refused != 2 {
			t.Error("room that is not there was given")
		}
	})
}

func TestCountingFromManyGoroutines(t *testing.T) {
	b := New(32 << 20)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			mine := b.Source("x")
			for i := range int64(1000) {
				mine.Add(i)
				if mine.Take(1000) {
					mine.Give(1000)
				}
			}
			mine.Close()
		})
	}
	all.Wait()
	if b.Whole.Used() != 0 || b.Sources.Used() != 0 {
		t.Errorf("%d and %d are left", b.Whole.Used(), b.Sources.Used())
	}
}

func TestSizesAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]int64{
		"512MiB": 512 << 20, "512 mib": 512 << 20, "2GiB": 2 << 30, "2g": 2 << 30, "1.5G": 3 << 29, "1TiB": 1 << 40,
		"500MB": 500e6, "0.5gb": 500e6, "67108864": 64 << 20, "67108864b": 64 << 20, "65536k": 64 << 20, "65536KiB": 64 << 20,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "lots", "-1GiB", "0", "NaN", "inf", "1e99GiB", "31MiB", "5 apples", "0%", "101%", "%", "GiB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
	if machine := Machine(); machine > 0 {
		if got, err := ParseSize("50%"); err != nil || got != machine/2 {
			t.Errorf("50%% is %d, %v", got, err)
		}
		if got := Default(); got != machine/4 {
			t.Errorf("the default is %d of %d", got, machine)
		}
	}
}
