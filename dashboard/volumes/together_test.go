package volumes_test

import (
	"bufio"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"webmon/dashboard/door"
	"webmon/dashboard/volumes/view"
	"webmon/dashboard/volumes/volumestest"
	"webmon/shm"
)

func numbers(x ...float64) []shm.Value {
	out := make([]shm.Value, len(x))
	for i := range x {
		out[i] = x[i]
	}
	return out
}

// napari is a process that says what a napari with one layer says: 8 x 40 x 50 voxels of 2, 0.5 and 0.25 um.
type napari struct {
	*volumestest.Process
}

func (n napari) look(z, y, x, zoom float64) {
	n.Say(shm.TopicDims, map[string]shm.Value{
		"axes": []shm.Value{"z", "y", "x"}, "units": []shm.Value{"micrometer", "micrometer", "micrometer"}, "shift": numbers(1, 0.25, 0.125),
		"point": numbers(z, 0, 0), "nsteps": numbers(8, 40, 50), "displayed": numbers(1, 2),
		"range": []shm.Value{numbers(0, 14, 2), numbers(0, 19.5, 0.5), numbers(0, 12.25, 0.25)},
	})
	n.Say(shm.TopicCamera, map[string]shm.Value{
		"center": numbers(0, y, x), "zoom": zoom, "canvas": numbers(600, 800), "right": numbers(0, 1), "down": numbers(1, 0),
	})
}

func newNapari() napari {
	n := napari{volumestest.New("viewer")}
	n.Add(shm.VolumeInfo{
		Name: "layer.1", Layer: "1", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{8, 40, 50}, Axes: []string{"z", "y", "x"}, Channels: -1,
		Scale: []float64{2, 0.5, 0.25}, Units: []string{"um", "um", "um"}, Corner: []float64{0, 0, 0},
	}, make([]byte, 8*40*50))
	least, most, last := 0.001, 1000.0, 7.0
	zero := 0.0
	n.Say(shm.TopicControls, shm.Controls{
		{Name: "camera.zoom", Type: shm.Float, Value: 1.0, Min: &least, Max: &most},
		{Name: "camera.center.0", Type: shm.Float, Value: 0.0}, {Name: "camera.center.1", Type: shm.Float, Value: 0.0},
		{Name: "dims.0", Type: shm.Int, Value: int64(0), Min: &zero, Max: &last},
	})
	n.look(6, 10, 5, 8)
	return n
}

// watch keeps a view open, as a browser does.
func (s *site) watch(token string) {
	s.t.Helper()
	answer, err := http.Get(s.server.URL + "/volumes/" + s.src.ID() + "/events/" + token + "?c=aa&gc=&gs=")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { answer.Body.Close() })
	if _, err := bufio.NewReader(answer.Body).ReadString('\n'); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) company(as string) (int, string) {
	return s.form("company="+as, s.token)
}

// opened opens the view of the one volume, and keeps it open.
func opened(t *testing.T, n napari) (*site, *view.View) {
	t.Helper()
	s := open(t, n.Process)
	at, err := s.volumes.View(t.Context(), s.src, "layer.1")
	if err != nil {
		t.Fatal(err)
	}
	s.token = at.Token
	s.watch(at.Token)
	return s, at
}

type looks struct {
	Position              []float64
	CrossSectionScale     float64
	Layers                json.RawMessage
	ProjectionOrientation []float64
}

func looksAt(t *testing.T, at *view.View) (l looks) {
	t.Helper()
	if err := json.Unmarshal(at.State().JSON, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func is(got []float64, want ...float64) bool {
	return slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
}

func TestNapariLeads(t *testing.T) {
	n := newNapari()
	s, at := opened(t, n)
	before := looksAt(t, at)
	if status, text := s.company("napari"); status != http.StatusNoContent {
		t.Fatalf("the choice is answered with %d %s", status, text)
	}
	eventually(t, "the view is where napari is", func() bool {
		l := looksAt(t, at)
		return is(l.Position, 20.5, 20.5, 3.5) && math.Abs(l.CrossSectionScale-0.5) < 1e-9
	})
	n.look(8, 10, 5, 8)
	eventually(t, "the view follows the slider", func() bool { return is(looksAt(t, at).Position, 20.5, 20.5, 4.5) })
	if l := looksAt(t, at); string(l.Layers) != string(before.Layers) {
		t.Errorf("the layers have become %s", l.Layers)
	}
	// What people do themselves stays until napari moves that.
	s.want(200, "", "POST", "/state/"+at.Token, strings.Replace(`{"s":STATE,"g":1,"pg":null,"c":"bb"}`, "STATE", moved(t, at, "crossSectionScale", 3.0), 1))
	n.look(10, 10, 5, 8)
	eventually(t, "the view follows again", func() bool { return is(looksAt(t, at).Position, 20.5, 20.5, 5.5) })
	l := looksAt(t, at)
	if l.CrossSectionScale != 3 {
		t.Errorf("napari has moved its slider, and the zoom of the view is %g", l.CrossSectionScale)
	}
	if got := n.Commands(); len(got) > 0 {
		t.Errorf("the view follows, and napari was sent %v", got)
	}
	s.company("apart")
	n.look(0, 10, 5, 8)
	n.Say("after", 1.0)
	eventually(t, "the state has come", func() bool { v, _, _ := s.src.State("after"); return v != nil })
	if l := looksAt(t, at); !is(l.Position, 20.5, 20.5, 5.5) {
		t.Errorf("the view is apart, and follows to %v", l.Position)
	}
}

// moved is the state of a view with another field.
func moved(t *testing.T, at *view.View, field string, value any) string {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(at.State().JSON, &m); err != nil {
		t.Fatal(err)
	}
	m[field] = value
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheViewLeads(t *testing.T) {
	n := newNapari()
	s, at := opened(t, n)
	sent := func() map[string]any {
		out := map[string]any{}
		for _, c := range n.Commands() {
			out[c.Name] = c.Args[c.Name]
		}
		return out
	}
	close := func(v any, want float64) bool { x, ok := shm.Number(v); return ok && math.Abs(x-want) < 1e-9 }
	s.want(200, "", "POST", "/state/"+at.Token, `{"s":`+moved(t, at, "position", []float64{20.5, 20.5, 3.5})+`,"g":1,"pg":null,"c":"bb"}`)
	s.want(200, "", "POST", "/state/"+at.Token, `{"s":`+moved(t, at, "crossSectionScale", 0.5)+`,"g":2,"pg":null,"c":"bb"}`)
	if got := n.Commands(); len(got) > 0 {
		t.Fatalf("the view is apart, and napari was sent %v", got)
	}
	s.company("view")
	eventually(t, "napari is sent to where the view is", func() bool {
		c := sent()
		return close(c["dims.0"], 3) && close(c["camera.center.0"], 10) && close(c["camera.center.1"], 5) && close(c["camera.zoom"], 8)
	})
	count := len(n.Commands())
	state := at.State()
	// Napari has gone there, and elsewhere: nothing of it comes back, and it is not called back.
	n.look(6, 10, 5, 8)
	n.look(2, 3, 4, 5)
	s.want(200, "", "POST", "/state/"+at.Token, `{"s":`+moved(t, at, "position", []float64{20.5, 20.5, 6.5})+`,"g":3,"pg":null,"c":"bb"}`)
	eventually(t, "napari's slider moves", func() bool { return close(sent()["dims.0"], 6) })
	if got := n.Commands()[count:]; len(got) != 1 {
		t.Errorf("one slider has moved, and napari was sent %v", got)
	}
	if now := at.State(); now.N != state.N+1 {
		t.Errorf("somebody has moved the view once, and it has changed %d times", now.N-state.N)
	}
}

func TestWhoMayChooseWhoLeads(t *testing.T) {
	n := newNapari()
	s, at := opened(t, n)
	s.as(door.Person{Role: door.Look, Session: "guest"})
	for _, as := range []string{"napari", "view"} {
		if status, text := s.company(as); status != http.StatusForbidden || at.Company() != view.Apart {
			t.Errorf("who may only look chooses %s for all: %d %s", as, status, text)
		}
	}
	status, own := s.ask("GET", "/v/"+at.Token+"/", "")
	parts := strings.Split(strings.Trim(own, "/"), "/")
	if status != http.StatusFound {
		t.Fatalf("a guest is led nowhere: %d %s", status, own)
	}
	token := parts[len(parts)-1]
	if status, text := s.form("company=view", token); status != http.StatusForbidden || !strings.Contains(text, "only look") {
		t.Errorf("a guest leads: %d %s", status, text)
	}
	if status, text := s.form("company=napari", token); status != http.StatusNoContent {
		t.Errorf("a guest's own view may follow: %d %s", status, text)
	}
	s.as(door.Person{Role: door.Steer})
	if status, text := s.company("somebody"); status != http.StatusBadRequest || !strings.Contains(text, `"apart"`) {
		t.Errorf("nonsense is answered with %d %s", status, text)
	}
	if len(n.Commands()) > 0 {
		t.Error("napari was sent something")
	}
}

func TestThereIsNoNapari(t *testing.T) {
	p := volumestest.New("scope")
	p.Add(shm.VolumeInfo{Name: "layer.1", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{2, 2, 2}, Axes: []string{"z", "y", "x"}, Channels: -1}, make([]byte, 8))
	s, _ := opened(t, napari{p})
	if status, text := s.company("napari"); status != http.StatusConflict || !strings.Contains(text, "webmon.attach") {
		t.Errorf("the choice is answered with %d %s", status, text)
	}
}
