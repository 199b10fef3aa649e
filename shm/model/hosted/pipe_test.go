package hosted

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"webmon/fault"
	"webmon/shm"
	"webmon/shm/sourcetest"
)

// piped is a session whose process says the lines, each as one of webmon's own.
func piped(t testing.TB, lines []byte) (*session, *sourcetest.Sink) {
	t.Helper()
	sink := sourcetest.NewSink()
	logger := slog.New(slog.DiscardHandler)
	f := New(Options{File: "model.py", Logger: logger})
	s := newSource(f, known{ModelInfo: shm.ModelInfo{Title: "Model"}})
	s.sink = sink
	s.controls = shm.Controls{{Name: "gain", Type: shm.Float, Value: 1.0}, {Name: "n", Type: shm.Int, Value: int64(1)}, {Name: "on", Type: shm.Bool, Value: true}}
	c := &child{
		messages: make(chan message), exited: make(chan struct{}), quit: make(chan struct{}), gone: make(chan struct{}),
		printed: newTail(logger, "Model"), faults: fault.NewLedger(logger),
	}
	l := &session{source: s, sink: sink, child: c, heard: time.Now()}
	var said bytes.Buffer
	for line := range bytes.Lines(lines) {
		said.WriteString("token ")
		said.Write(line)
	}
	go c.read(&said, "token")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for m := range c.messages {
		if m.trouble() != "" || m.Failed != nil {
			_ = c.detail(m.trouble())
			continue
		}
		if m.Ready != nil {
			m.Ready.Address = "" // nobody is to be connected to
		}
		l.take(ctx, m)
		l.lookForSlow(time.Now())
		if l.attached != nil {
			<-l.attached
			l.attached = nil
		}
	}
	return l, sink
}

// checkPiped looks at what has become of it: what pages and programs read can be written,
// and is no more than was said.
func checkPiped(t testing.TB, lines []byte, sink *sourcetest.Sink) {
	t.Helper()
	for _, topic := range []string{shm.TopicModel, shm.TopicControls} {
		value, n := sink.Latest(topic)
		if n == 0 {
			continue
		}
		b, err := shm.AppendJSON(nil, value)
		if err != nil || !json.Valid(b) {
			t.Errorf("%s cannot be written: %v", topic, err)
		}
		if len(b) > 64<<10+20*len(lines) {
			t.Errorf("%s has %d bytes, of %d that were said", topic, len(b), len(lines))
		}
	}
	value, _ := sink.Latest(shm.TopicModel)
	st, _ := value.(*shm.ModelState)
	if st != nil && (len(st.Observables) > maxObservables || len(st.Remarks) > maxRemarks) {
		t.Errorf("%d numbers, %d remarks", len(st.Observables), len(st.Remarks))
	}
	for _, e := range sink.Events(shm.TopicPhysics) {
		if _, err := shm.AppendJSON(nil, e.Value); err != nil {
			t.Errorf("an event cannot be written: %v", err)
		}
	}
}

// pipeLines are what a model's process says.
var pipeLines = []string{
	`{"python": "3.13.1", "executable": "/usr/bin/python3"}`,
	`{"ready": {"address": "127.0.0.1:1", "key": "k", "title": "T", "pid": 1, "time_unit": "s", "observables": [{"name": "e", "title": "E", "unit": "J", "help": "h"}]}}`,
	`{"state": {"phase": "running", "frame": 3, "steps": 12, "t": 0.5, "step_ms": 2.5, "took": 0.01, "rate": 60, "stamp": 1.7e9, "finger": [0.5, 0.5, null, 0.1], "values": {"gain": 2.5, "n": 3, "on": false}}}`,
	`{"physics": {"e": 1.5, "drift": null}, "time": 1.7e9}`,
	`{"slow": {"what": "step has not returned", "seconds": 12, "detail": "in step"}}`,
	`{"goes_on": "running"}`, `{"alive": true}`, `{"notice": {"key": "a", "text": "b"}}`,
	`{"failed": {"problem": "p", "detail": "d"}}`, `{"models": [{"class": "A"}], "left": [{"class": "B", "why": "w"}], "files": ["a.py"]}`, "not ours",
}

// What a model's process says of itself may be beyond all measure.
func TestPipeOfStrangeNumbers(t *testing.T) {
	for _, lines := range []string{
		strings.Join(pipeLines, "\n"),
		`{"state": {"phase": "running", "frame": 1, "took": 1e308, "t": -1e308, "rate": 1e308, "stamp": -1e308, "step_ms": 5e-324, "finger": [1e308, -1e308, 0, 0]}}`,
		`{"state": {"phase": "running", "frame": 18446744073709551615, "took": -1e300, "values": {"gain": 1e308, "n": 1e308, "on": 3}}}` + "\n" + `{"state": {"phase": "running", "frame": 2, "took": 1e300}}`,
		`{"state": {"phase": "running"}}` + "\n" + `{"slow": {"what": "x", "seconds": 1e300}}` + "\n" + `{"slow": {"what": "y", "seconds": -1e300}}`,
		`{"ready": {"observables": [` + strings.TrimSuffix(strings.Repeat(`{"name": "e"},`, 10000), ",") + `]}}`,
		`{"state": null, "physics": null, "ready": null}` + "\n" + `{"state": {"finger": [null, null, null, null], "phase": "\u0000"}}`,
	} {
		l, sink := piped(t, []byte(lines))
		checkPiped(t, []byte(lines), sink)
		if l.took < 0 || l.took > 24*time.Hour || l.busy.what != "" && time.Since(l.busy.since) > 25*time.Hour {
			t.Errorf("%.100s: it has taken %v, since %v", lines, l.took, l.busy.since)
		}
	}
}

// Whatever a model's process writes into its pipe, its state is one that can be shown.
func FuzzPipe(f *testing.F) {
	f.Add([]byte(strings.Join(pipeLines, "\n")))
	for _, line := range pipeLines {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, lines []byte) {
		_, sink := piped(t, lines)
		checkPiped(t, lines, sink)
	})
}
