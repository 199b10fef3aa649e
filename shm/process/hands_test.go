package process_test

import (
	"fmt"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

// canvasArray declares the canvas of a viewer that draws nothing just now.
func canvasArray() *pickle.Dict {
	return pickle.NewDict("canvas", pickle.NewDict(
		"shm", "", "generation", "0000000000000000", "dtype", "|u1", "shape", list(int64(4), int64(4), int64(4)), "axes", list("y", "x", "c"),
		"role", "rgb", "note", "Its window is hidden."))
}

// sharedArray is what the process declares of an array, nil for nothing.
func sharedArray(sink *sourcetest.Sink, name string) *shm.ArrayInfo {
	v, _ := sink.Latest(shm.TopicArrays)
	list, _ := v.(shm.Arrays)
	return list.Get(name)
}

// Every kind of event reaches the process with what it has, and nothing else.
func TestHandsReachTheProcess(t *testing.T) {
	t.Parallel()
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	r := watchPlayer(t, p, process.Options{})
	pan := shm.Hand{Do: shm.HandPan, DX: 0.5, DY: -0.25}
	if r.Hands(1, []shm.Hand{pan}) {
		t.Error("a process without a canvas takes hands")
	}
	p.Declare("arrays", canvasArray())
	r.sink.Wait(t, "the canvas", func() bool { return sharedArray(r.sink, "canvas") != nil })
	events := []shm.Hand{
		pan,
		{Do: shm.HandZoom, X: 0.25, Y: 0.75, By: 2},
		{Do: shm.HandRotate, DX: 1},
		{Do: shm.HandReset},
		{Do: shm.HandPoint, X: 0.5, Y: 1},
		{Do: shm.HandLeave},
		{Do: shm.HandPress, X: 0.5, Y: 0.5, Button: "left", Mods: 0b1010},
		{Do: shm.HandMove, X: 0.75, Y: 0.5, Button: "left"},
		{Do: shm.HandRelease, X: 0.75, Y: 0.5, Button: "left"},
		{Do: shm.HandMove, X: 0.25, Y: 0.5},
		{Do: shm.HandWheel, X: 0.5, Y: 0.5, DY: -1, Mods: 1},
		{Do: shm.HandKey, Key: "ArrowUp", Down: true},
		{Do: shm.HandKey, Key: "ArrowUp"},
	}
	want := []string{
		"map[do:pan dx:0.5 dy:-0.25]",
		"map[by:2 do:zoom x:0.25 y:0.75]",
		"map[do:rotate dx:1 dy:0]",
		"map[do:reset]",
		"map[do:point x:0.5 y:1]",
		"map[do:leave]",
		"map[button:left do:press mods:[Control Meta] x:0.5 y:0.5]",
		"map[button:left do:move mods:[] x:0.75 y:0.5]",
		"map[button:left do:release mods:[] x:0.75 y:0.5]",
		"map[do:move mods:[] x:0.25 y:0.5]",
		"map[do:wheel dx:0 dy:-1 mods:[Shift] x:0.5 y:0.5]",
		"map[do:key down:true key:ArrowUp mods:[]]",
		"map[do:key down:false key:ArrowUp mods:[]]",
	}
	if !r.Hands(1<<50, events) {
		t.Error("some are left out")
	}
	r.sink.Wait(t, "the hands", func() bool { return len(p.Hands()) > 0 })
	got := p.Hands()[0]
	if got.N != 1<<50 || len(got.Events) != len(want) {
		t.Fatalf("%d: %v", got.N, got.Events)
	}
	for i, e := range got.Events {
		if fmt.Sprint(e) != want[i] {
			t.Errorf("%v, want %s", e, want[i])
		}
	}
}

// A process that is busy finds few messages when it comes back, in which everything is that was
// done, and commands do not wait behind them.
func TestHandsWaitForABusyProcess(t *testing.T) {
	t.Parallel()
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	p.Declare("arrays", canvasArray())
	p.Declare("controls", pickle.NewDict("exposure", exposure(1)))
	r := watchPlayer(t, p, process.Options{})
	r.sink.Wait(t, "the canvas", func() bool { return sharedArray(r.sink, "canvas") != nil })
	release := p.Hold()
	const n = 1000
	for i := range uint64(n) {
		if !r.Hands(1000+i, []shm.Hand{{Do: shm.HandPan, DX: 0.03125}}) {
			t.Fatal("a movement is left out")
		}
	}
	r.Command(shm.Command{ID: "c", Name: "exposure", Args: map[string]shm.Value{"exposure": 2.0}}, func(shm.Status, string) {})
	r.sink.Wait(t, "all that is sent at once", func() bool { return p.Waiting() >= 2 })
	if n := p.Waiting(); n > 4 {
		t.Errorf("%d messages lie in the queue", n)
	}
	release()
	r.sink.Wait(t, "the last", func() bool { h := p.Hands(); return len(h) > 0 && h[len(h)-1].N == 1000+n-1 })
	sum, last, hands := 0.0, int64(0), p.Hands()
	for _, h := range hands {
		for _, e := range h.Events {
			fields, _ := e.(map[string]any)
			dx, _ := fields["dx"].(float64)
			sum += dx
		}
		if h.N < last {
			t.Errorf("%d comes after %d", h.N, last)
		}
		last = h.N
	}
	if sum != n*0.03125 {
		t.Errorf("the picture has moved by %v, want %v", sum, n*0.03125)
	}
	if len(hands) > n/2 {
		t.Errorf("%d messages", len(hands))
	}
	if taken := p.Taken(); len(taken) != 1 {
		t.Errorf("the commands %v", taken)
	}
}

// Of what is too much for one message the rest comes with the number, and not before.
func TestHandsOfSeveralMessages(t *testing.T) {
	t.Parallel()
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	p.Declare("arrays", canvasArray())
	r := watchPlayer(t, p, process.Options{})
	r.sink.Wait(t, "the canvas", func() bool { return sharedArray(r.sink, "canvas") != nil })
	var keys []shm.Hand
	for i := range 150 {
		keys = append(keys, shm.Hand{Do: shm.HandKey, Key: fmt.Sprint(i), Down: true})
	}
	r.Hands(500, keys)
	r.sink.Wait(t, "the last", func() bool { h := p.Hands(); return len(h) > 0 && h[len(h)-1].N == 500 })
	var got []string
	for i, h := range p.Hands() {
		if len(h.Events) > 64 || (h.N == 500) != (i == len(p.Hands())-1) {
			t.Errorf("message %d: number %d with %d events", i, h.N, len(h.Events))
		}
		for _, e := range h.Events {
			fields, _ := e.(map[string]any)
			got = append(got, fmt.Sprint(fields["key"]))
		}
	}
	if len(got) != 150 || !strings.HasPrefix(strings.Join(got, " "), "0 1 2 3 ") || got[149] != "149" {
		t.Errorf("the keys %v", got)
	}
}

// The process is told how large its frames need to be, as long as that is known.
func TestSizesAreTold(t *testing.T) {
	t.Parallel()
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	p.Declare("arrays", canvasArray())
	r := watchPlayer(t, p, process.Options{ID: "me"})
	r.sink.Wait(t, "the canvas", func() bool { return sharedArray(r.sink, "canvas") != nil })
	topic := shm.ArrayTopic("canvas")
	sizes := func() string {
		d, _ := p.Note("want:me").(*pickle.Dict)
		if p.Wants()[topic] == 0 {
			return "nobody"
		}
		if sizes := d.Dict("sizes"); sizes != nil {
			plain, _ := pickle.Plain(sizes, pickle.PlainOptions{})
			return fmt.Sprint(plain)
		}
		return "all"
	}
	r.sink.Resize(topic, 768, 1024)
	r.sink.Resize("poll", 1, 1) // no array
	r.sink.Want(topic, 30)
	r.sink.Wait(t, "the size", func() bool { return sizes() == "map[array/canvas:[768 1024]]" })
	r.sink.Resize(topic, 0, 0)
	r.sink.Wait(t, "all", func() bool { return sizes() == "all" })
	r.sink.Resize(topic, 64, 64)
	r.sink.Wait(t, "another size", func() bool { return sizes() == "map[array/canvas:[64 64]]" })
	r.sink.Want(topic, 0)
	r.sink.Wait(t, "nobody", func() bool { return sizes() == "nobody" })
}
