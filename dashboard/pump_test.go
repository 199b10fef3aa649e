package dashboard

import (
	"context"
	"testing"

	"webmon/dashboard/hub"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// A pump sleeps until somebody watches. A browser that watches nothing but a picture
// must wake it too: otherwise the picture follows once a second only.
func TestAnyFeedWakesThePump(t *testing.T) {
	registry, err := source.NewRegistry(source.Options{
		Attach: func(context.Context, source.Target) (shm.Source, error) { return nil, context.Canceled },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	for name, open := range map[string]func(*pump){
		"text":    func(p *pump) { p.open(&hub.Topic{}, tab.Feed{}, nil) },
		"picture": func(p *pump) { p.paint(&hub.Topic{}, tab.Pictures{}, nil) },
	} {
		p := newPump(t.Context(), registry.Get(source.Nobody))
		p.ended = true // nothing is drawn
		open(p)
		select {
		case <-p.kick:
		default:
			t.Errorf("a feed of the kind %s does not wake the pump", name)
		}
	}
}
