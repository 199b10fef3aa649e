package hub_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"webmon/dashboard/hub"
)

// crowd are so many browsers of a/text that they are written to by rounds.
func crowd(p *pipes) []*silent {
	out := make([]*silent, 130)
	for i := range out {
		out[i] = p.page(`"topics":["a/text"]`)
	}
	return out
}

// What comes while others are written to reaches a crowd too, all of it and in order.
func TestACrowdGetsEveryFrame(t *testing.T) {
	for _, keep := range []int{1, 32} {
		var topic *hub.Topic
		options := hub.Options{Open: func(t *hub.Topic) error {
			topic = t
			t.Keep(keep)
			return nil
		}, Refresh: func(t *hub.Topic) { t.Snapshot(hub.Text([]byte("snapshot"))) }}
		inPipes(t, options, func(p *pipes) {
			pages := crowd(p)
			topic.Publish(text("0"))
			for _, page := range pages {
				page.take()
			}
			n := 0
			for round := range 5 {
				var want []string
				for range 4 {
					n++
					want = append(want, fmt.Sprint(n))
					topic.Publish(text(fmt.Sprint(n)))
				}
				for i, page := range pages {
					if got := page.texts(); !slices.Equal(got, want) {
						t.Fatalf("round %d, browser %d of a topic that keeps %d: %v came, want %v", round, i, keep, got, want)
					}
					page.ack()
				}
				time.Sleep(50 * time.Millisecond)
			}
			if s := p.hub.Stats(); s.Skipped != 0 {
				t.Errorf("%d frames were skipped", s.Skipped)
			}
		})
	}
}

// Of a crowd, too, whoever is behind gets what is young and nothing that is old.
func TestACrowdGetsNothingOld(t *testing.T) {
	var topic *hub.Topic
	options := hub.Options{Open: func(t *hub.Topic) error { topic = t; return nil }}
	inPipes(t, options, func(p *pipes) {
		pages := crowd(p)
		topic.Publish(text("0"))
		for _, page := range pages {
			page.take()
			page.ack()
		}
		behind := pages[7]
		for i := 1; i <= 100; i++ {
			topic.Publish(text(fmt.Sprint(i)))
			synctest.Wait()
			time.Sleep(20 * time.Millisecond)
			for _, page := range pages {
				if page != behind {
					page.ack()
				}
			}
		}
		came := behind.texts()
		if n := len(came); n == 0 || n > 25 {
			t.Fatalf("a page that acknowledges nothing got %d of 100 frames", n)
		}
		behind.ack()
		after := behind.texts()
		if len(after) == 0 || len(after) > 6 || after[len(after)-1] != "100" {
			t.Errorf("after its acknowledgement it got %v, want the newest and little before it", after)
		}
		if got := pages[8].texts(); len(got) != 100 {
			t.Errorf("another got %d of 100 frames", len(got))
		}
	})
}
