package dashboard_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"webmon/dashboard"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/shm"
)

// Whatever a program reads, and whatever it sends, goes by what the process has then,
// however recently somebody has read the same.
func TestReadsGoByWhatThereIs(t *testing.T) {
	var s *site
	var mu sync.Mutex
	ask := func([]string) {}
	s = openAsked(t, dashboard.Options{Token: token}, func(topics []string) {
		mu.Lock()
		defer mu.Unlock()
		ask(topics)
	})
	asks := func(f func(topics []string)) {
		mu.Lock()
		ask = f
		mu.Unlock()
	}
	const base = "/api/v1/sources/napari"
	camera := pixelstest.New(shm.ArrayInfo{Name: "camera", Descr: "|u1", Shape: []int{1, 1}}, 3)
	for i := range 3 {
		asks(func([]string) {
			s.sink.State("stage", int64(i))
			s.sink.Event(shm.Event{Topic: fmt.Sprint("moved", i), Value: map[string]shm.Value{"to": int64(i)}})
			s.sink.State(shm.TopicArrays, shm.Arrays{{Name: fmt.Sprint("array", i)}, *camera.Info()})
		})
		for path, want := range map[string]string{
			"/state": fmt.Sprintf(`"stage":%d`, i), fmt.Sprintf("/events/moved%d", i): fmt.Sprintf(`"to":%d`, i), "/arrays": fmt.Sprintf(`"array%d"`, i),
			fmt.Sprintf("/arrays/array%d.jpg", i): "An array comes as",
		} {
			if _, body := s.ask("GET", base+path, ""); !strings.Contains(body, want) {
				t.Errorf("%s at %d: %s", path, i, body)
			}
		}
		most := 10 * float64(i+1)
		asks(func(topics []string) {
			if strings.Join(topics, " ") == "controls actions" {
				s.sink.State(shm.TopicControls, shm.Controls{{Name: fmt.Sprint("gain", i), Type: shm.Float, Value: 1.0}, {Name: "gain", Type: shm.Float, Max: &most}})
			}
		})
		for _, body := range []string{fmt.Sprintf(`{"gain%d": 5}`, i), fmt.Sprintf(`{"gain": %g}`, most)} {
			name, _, _ := strings.Cut(strings.Trim(body, `{"`), `"`)
			if status, got := s.ask("POST", "/sources/napari/commands/"+name, body, "Content-Type", "application/json"); status != 202 {
				t.Fatalf("%s at %d: %d %s", body, i, status, got)
			}
			<-s.process.commands
		}
	}
	if status, _ := s.ask("POST", "/sources/napari/commands/gain", `{"gain": 31}`, "Content-Type", "application/json"); status != 422 {
		t.Errorf("beyond the limits there are: %d", status)
	}
	// Whoever reads an array follows the list as well.
	asks(func([]string) {})
	answer := make(chan string)
	go func() {
		_, body := s.ask("GET", base+"/arrays/camera/value?index=0,0", "")
		answer <- body
	}()
	eventually(t, "somebody reads it", func() bool { return s.sink.Demand("array/camera") > 0 })
	s.sink.State("array/camera", camera.Publish([]byte{7}))
	if body := <-answer; !strings.Contains(body, `"value":7`) {
		t.Error(body)
	}
	if s.sink.Demand(shm.TopicArrays) < 20 || s.sink.Demand("array/camera") < 20 {
		t.Errorf("after a read of an array the list is wanted %v times a second, its frames %v", s.sink.Demand(shm.TopicArrays), s.sink.Demand("array/camera"))
	}
}

// A frame of what had an array's name before is not one of the array.
func TestArraysThatAreSharedAgain(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	read := func(i int) string {
		_, body := s.ask("GET", fmt.Sprintf("/api/v1/sources/napari/arrays/camera/value?index=0,%d", i), "")
		return body
	}
	var last *pixelstest.Array
	share := func(i int) {
		last = pixelstest.New(shm.ArrayInfo{Name: "camera", Descr: "|u1", Shape: []int{1, i}, Generation: fmt.Sprintf("%016x", i)}, 3)
		s.sink.State(shm.TopicArrays, shm.Arrays{*last.Info()})
	}
	share(1)
	s.sink.State("array/camera", last.Publish([]byte{1}))
	for i := 2; i < 6; i++ {
		// Its first frame comes while it is waited for.
		share(i)
		answer := make(chan string)
		go func() { answer <- read(i - 1) }()
		s.sink.State("array/camera", last.Publish(make([]byte, i)))
		if got := <-answer; !strings.Contains(got, `"value":0`) {
			t.Errorf("shared again with %d columns: %s", i, got)
		}
	}
	share(9)
	if got := read(0); !strings.Contains(got, "No frame has been published") {
		t.Errorf("of one with no frame yet: %s", got)
	}
}
