package dashboard_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/source"
	"webmon/shm"
	"webmon/shm/model/inbox"
	"webmon/shm/sourcetest"
)

// metronome is a whole adapter, as CONTRIBUTING describes one: its process is a
// ticker in webmon itself. It sends a number with each tick, tells its count to
// whoever wants it, and lets people change its loudness.
//
// inbox.Box keeps the rules of commands: it refuses what no control lets through, tells
// what has become of each, and ends those that come too late.
type metronome struct{ *inbox.Box }

func newMetronome() metronome {
	return metronome{inbox.New("metronome", "The metronome has stopped.", nil)}
}

func (m metronome) Info() shm.Info {
	return shm.Info{Name: "metronome", Kind: shm.KindPython, Instance: "m1"}
}

func (m metronome) Run(ctx context.Context, sink shm.Sink) error {
	m.Begin(sink)
	defer m.End()
	loudness := shm.Control{Name: "loudness", Type: shm.Float, Value: 0.5, Min: at(0), Max: at(1)}
	m.Settle(shm.Controls{loudness})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for count := int64(1); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-m.Wake():
			for _, c := range m.Take(func(waiting []inbox.Command) int { return len(waiting) }) {
				loudness.Value = c.Value
				m.Settle(shm.Controls{loudness})
				c.Done(nil)
			}
		case now := <-tick.C:
			stamp := float64(now.UnixMicro()) / 1e6
			sink.Event(shm.Event{Topic: "beat", Stamp: stamp, Value: map[string]shm.Value{"count": count}})
			if sink.Demand("count") > 0 {
				sink.State("count", count)
			}
			sink.Cost(shm.Cost{}) // watching costs it nothing
			sink.Frame(stamp)
			count++
		}
	}
}

// An adapter passes the suite that all adapters pass.
func TestAddingAnAdapter(t *testing.T) {
	sourcetest.Run(t, func(*testing.T) sourcetest.Process {
		return sourcetest.Process{
			Source: newMetronome(), State: "count", Free: true, Answers: true,
			Command: shm.Command{Name: "loudness", ID: "1", Args: map[string]shm.Value{"loudness": 0.25}},
		}
	})
}

// A control that an adapter declares is a form on the page, and its value follows
// the process.
func TestAddingAControl(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := dashboard.New(dashboard.Options{
		Listener: l, Token: token, Logger: slog.New(slog.DiscardHandler),
		Attach: func(context.Context, source.Target, dashboard.Self) (shm.Source, error) { return newMetronome(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-served
		http.DefaultClient.CloseIdleConnections()
	})
	if _, err := server.Attach(ctx, source.Target{Name: "metronome", Address: "here"}); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, server: server, base: fmt.Sprintf("http://%s", l.Addr())}
	s.until("GET", "/controls?source=metronome", "", `data-control="loudness"`)
	if status, body := s.ask("POST", "/sources/metronome/commands/loudness", "loudness=2", "Content-Type", "application/x-www-form-urlencoded"); status != 422 {
		t.Errorf("a loudness of 2 is answered with %d %s, want a refusal", status, body)
	}
	if status, body := s.ask("POST", "/sources/metronome/commands/loudness", "loudness=0.75", "Content-Type", "application/x-www-form-urlencoded"); status != 202 {
		t.Errorf("setting the loudness is answered with %d %s", status, body)
	}
	s.until("GET", "/controls?source=metronome", "", `value="0.75"`)
	s.until("GET", "/messages?source=metronome", "", "beat.count")
}

// until asks again until the answer holds the text.
func (s *site) until(method, path, body, text string) {
	s.t.Helper()
	eventually(s.t, path+" holds "+text, func() bool {
		_, answer := s.ask(method, path, body, "Accept", "text/html")
		return strings.Contains(answer, text)
	})
}
