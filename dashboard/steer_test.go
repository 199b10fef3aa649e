package dashboard_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"webmon/components"
	"webmon/dashboard"
	"webmon/shm"
)

func at(x float64) *float64 { return &x }

// scope are the controls of a process, with the exposure it has.
func scope(exposure float64) shm.Controls {
	return shm.Controls{
		{Name: "exposure", Title: "exposure", Type: shm.Float, Value: exposure, Default: 10.0, Min: at(0.1), Max: at(500), Unit: "ms", Scale: "log", Help: "How long the camera sees.", Group: "camera"},
		{Name: "frames", Type: shm.Int, Value: int64(10), Group: "camera"},
		{Name: "shutter", Type: shm.Bool, Value: false},
		{Name: "mode", Type: shm.Choice, Value: "slow", Choices: []string{"slow", "fast"}},
		{Name: "layer.1.opacity", Type: shm.Float, Value: 0.5, Min: at(0), Max: at(1), Group: "layer.1"},
	}
}

// A control is commanded by its own name, for every type and with its limits.
func TestControlsAreCommandedByTheirNames(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	form, js := "application/x-www-form-urlencoded", "application/json"
	for _, test := range []struct {
		name, kind, body string
		want             int
		says             string
	}{
		{"exposure", form, "exposure=33.5", 202, `"status":"queued"`},
		{"exposure", js, `{"exposure": 40}`, 202, "id"},
		{"exposure", form, "exposure=501", 422, `at most 500 ms`},
		{"exposure", form, "exposure=", 422, `"field":"exposure"`},
		{"exposure", js, `{"ms": 1}`, 422, "only exposure"},
		{"frames", form, "frames=7", 202, "id"},
		{"frames", form, "frames=7.5", 422, "whole number"},
		{"shutter", form, "shutter=true", 202, "id"},
		{"mode", form, "mode=fast", 202, "id"},
		{"mode", form, "mode=eval", 422, "one of slow, fast"},
		{"layer.1.opacity", js, `{"layer.1.opacity": 0.25}`, 202, "id"},
		{"layer.2.opacity", js, `{"layer.2.opacity": 0.25}`, 404, "no command"},
	} {
		status, body := s.ask("POST", "/sources/napari/commands/"+test.name, test.body, "Content-Type", test.kind)
		if status != test.want || !strings.Contains(body, test.says) {
			t.Errorf("%s %s: %d %s, want %d with %q", test.name, test.body, status, body, test.want, test.says)
		}
	}
	for _, want := range []string{"exposure 33.5", "exposure 40", "frames 7", "shutter true", "mode fast", "layer.1.opacity 0.25"} {
		c := <-s.process.commands
		if got := fmt.Sprint(c.Name, " ", c.Args[c.Name]); got != want || c.ID == "" || len(c.Args) != 1 {
			t.Errorf("the process got %q of %v with the id %q, want %q", got, c.Args, c.ID, want)
		}
	}
}

// What htmx asked for comes back rendered again, with what became of it.
func TestFormsAreAnsweredWithThemselves(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	post := func(path, body string) (int, string) {
		return s.ask("POST", path, body, "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true", "Accept", "text/html")
	}
	for _, test := range []struct {
		name, path, body string
		want             int
		says             []string
		not              string
	}{
		{"a control", "exposure?as=control", "exposure=33.5", 200, []string{`<form id="command-exposure"`, `data-life="queued"`, `value="12.5"`}, "data-refused"},
		{"too large", "exposure?as=control", "exposure=501", 422, []string{`<form id="command-exposure"`, "Exposure must be at most 500 ms.", `aria-invalid="true"`, `value="12.5"`, "data-refused"}, ""},
		{"a switch", "shutter?as=control", "shutter=true", 200, []string{`role="switch"`, `data-life="queued"`}, ""},
		{"shown elsewhere", "shutter?as=none", "shutter=true", 204, nil, "<form"},
		{"an action", "expose?as=form", "ms=5&frames=2", 200, []string{`<form id="action-expose"`, `data-life="queued"`}, "data-refused"},
		{"a field of an action", "expose?as=form", "ms=9000&frames=2", 422, []string{`<form id="action-expose"`, "Ms must be at most 500 ms.", "data-refused"}, ""},
		{"a field too few", "expose?as=form", "ms=5", 422, []string{"Frames is missing."}, ""},
		{"an action without fields", "expose?as=button", "ms=5&frames=3", 200, []string{`<input type="hidden" name="ms" value="5"`, `name="frames" value="3"`}, "number"},
		{"an action that is on or off", "show_grid?as=control", "show_grid=true", 200, []string{`role="switch"`, `aria-checked="true"`}, ""},
		{"a plain answer", "show_grid", "show_grid=false", 204, nil, "<form"},
	} {
		status, body := post("/sources/napari/commands/"+test.path, test.body)
		if status != test.want {
			t.Errorf("%s: %d %s, want %d", test.name, status, body, test.want)
		}
		for _, part := range test.says {
			if !strings.Contains(body, part) {
				t.Errorf("%s: the answer lacks %q: %s", test.name, part, body)
			}
		}
		if test.not != "" && strings.Contains(body, test.not) {
			t.Errorf("%s: the answer holds %q: %s", test.name, test.not, body)
		}
	}
	s.process.end <- shm.ErrGone
	eventually(t, "a control of a process that is gone says so", func() bool {
		status, body := post("/sources/napari/commands/exposure?as=control", "exposure=5")
		return status == 503 && strings.Contains(body, "<form") && strings.Contains(body, "is gone, so nothing was sent.") && strings.Contains(body, "disabled")
	})
}

// What became of a command stands beside its control on the pages of all, and
// in the list of the last commands.
func TestWhatBecomesOfACommandIsShownToAll(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	page := s.socket("napari/html/controls")
	page.until(`id="live-controls-log"`)
	s.ask("POST", "/sources/napari/commands/exposure", "exposure=33.5", "Content-Type", "application/x-www-form-urlencoded")
	frame := page.until("33.5 ms")
	if strings.Contains(frame, `hx-target="#live-controls"`) {
		frame = page.until("33.5 ms") // the first was what a newcomer is told
	}
	if strings.Contains(frame, `hx-target="#live-controls"`) {
		t.Errorf("for one command the whole page is sent: %d bytes", len(frame))
	}
	c := <-s.process.commands
	c.report(shm.Taken, "")
	c.report(shm.Refused, "the shutter is closed")
	page.until("Refused: the shutter is closed.")
	if _, body := s.ask("GET", "/controls", "", "Accept", "text/html"); !strings.Contains(body, "the shutter is closed") {
		t.Error("a page opened later does not say what became of the command")
	}
}

// A process may refuse a command while it is sent. Whoever sends it need not ask why.
func TestACommandThatIsRefusedAtOnceSaysWhy(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.process.full.Store(true)
	status, body := s.ask("POST", "/sources/napari/commands/show_grid", `{"show_grid": true}`, "Content-Type", "application/json")
	if status != 202 || !strings.Contains(body, `"status":"refused"`) || !strings.Contains(body, `"reason":"the queue is full"`) {
		t.Errorf("the answer is %d %s", status, body)
	}
}

// While a hand drags, values go to the process without an answer: the newest of
// a control, never one that it does not allow.
func TestDraggedValues(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	page := s.socket()
	say := func(format string, args ...any) {
		t.Helper()
		if err := page.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
			t.Fatal(err)
		}
	}
	say(`{"type":"set","source":"nobody","name":"exposure","value":1}`)
	say(`{"type":"set","source":"napari","name":"eval","value":1}`)
	say(`{"type":"set","source":"napari","name":"show_grid","value":true}`) // an action is no control
	say(`{"type":"set","source":"napari","name":"exposure","value":501}`)
	say(`{"type":"set","source":"napari","name":"exposure","value":{"a":[1]}}`)
	const last = 400
	for i := range last {
		say(`{"type":"set","source":"napari","name":"exposure","value":%d}`, i+1)
	}
	say(`{"type":"set","source":"napari","name":"mode","value":"fast"}`)
	seen, before := 0, 0.0
	for mode := false; before < last || !mode; {
		c := <-s.process.commands
		if c.ID != "" {
			t.Fatalf("%v has the id %q: a value on the way has none", c.Args, c.ID)
		}
		if c.Name == "mode" {
			mode = true
			continue
		}
		value, ok := c.Args["exposure"].(float64)
		if c.Name != "exposure" || !ok || value <= before {
			t.Fatalf("%s %v came after %g", c.Name, c.Args, before)
		}
		before = value
		seen++
		c.report(shm.Applied, "") // nobody listens, and nothing breaks
	}
	if seen == last {
		t.Errorf("all %d values were passed on, want those that came too fast left out", seen)
	}
	// The connection is none the worse for it, and neither is the log.
	if _, body := s.ask("GET", "/controls", "", "Accept", "text/html"); !strings.Contains(body, "Nobody has sent a command yet.") {
		t.Error("values on the way stand in the list of commands")
	}
}

// A form that repeats what somebody has changed since is late: nothing is sent, and
// whoever sent it is told. What has no number is never late.
func TestLateForms(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	ada, bob := s.socket(), s.socket()
	drag := func(page *socket, hand string, n, value int) {
		t.Helper()
		text := fmt.Appendf(nil, `{"type":"set","source":"napari","name":"exposure","value":%d,"hand":%q,"n":%d}`, value, hand, n)
		if err := page.conn.WriteMessage(websocket.TextMessage, text); err != nil {
			t.Fatal(err)
		}
		if c := <-s.process.commands; c.Args["exposure"] != float64(value) {
			t.Fatalf("told was %v, want %d", c.Args, value)
		}
	}
	post := func(number, value string, header ...string) (int, string) {
		t.Helper()
		header = append(header, "Content-Type", "application/x-www-form-urlencoded", "Webmon-Number", number)
		return s.ask("POST", "/sources/napari/commands/exposure?as=control", "exposure="+value, header...)
	}
	drag(ada, "ada-ada-ada", 3, 30)
	drag(bob, "bob-bob-bob", 1, 10)
	status, body := post("ada-ada-ada 3", "30", "HX-Request", "true")
	has(t, "the answer to a form that is late", body, `data-life="overtaken"`, "Overtaken: somebody else has changed it since.", `data-control="exposure"`)
	if status != 200 || len(s.process.commands) > 0 {
		t.Errorf("it is answered with %d, and %d commands were sent", status, len(s.process.commands))
	}
	for _, in := range []struct {
		number string
		header []string
	}{
		{"bob-bob-bob 1", []string{"HX-Request", "true"}}, // nobody has changed it since
		{"ada-ada-ada 4", []string{"HX-Request", "true"}},
		{"ada-ada-ada 3", nil}, // a program
		{"", []string{"HX-Request", "true"}},
		{"ada-ada-ada", []string{"HX-Request", "true"}},
		{"ada-ada-ada -1", []string{"HX-Request", "true"}},
		{"<b> 1", []string{"HX-Request", "true"}},
	} {
		_, body := post(in.number, "20", in.header...)
		select {
		case c := <-s.process.commands:
			if c.ID == "" {
				t.Errorf("%q: the command has no id", in.number)
			}
		default:
			t.Errorf("the form with the number %q was not sent: %s", in.number, body)
		}
	}
}

// The values of controls have a feed of their own: all for a newcomer, then
// those that change.
func TestValuesOfControls(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	page := s.socket("napari/values")
	type frame struct {
		Topic  string
		TS     float64
		Values map[string]any
	}
	read := func(text string) (f frame) {
		t.Helper()
		if err := json.Unmarshal([]byte(page.until(text)), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	all := read(`"topic":"napari/values"`)
	if len(all.Values) != 5 || all.Values["exposure"] != 12.5 || all.Values["shutter"] != false || all.Values["mode"] != "slow" || all.TS == 0 {
		t.Errorf("a newcomer is told %+v, want every value", all)
	}
	// The first change after a newcomer came may be told with all that it knows already.
	for exposure := 99.5; ; exposure++ {
		s.sink.State(shm.TopicControls, scope(exposure))
		if some := read(fmt.Sprint(exposure)); len(some.Values) == 1 {
			break
		} else if exposure > 101 {
			t.Fatalf("of one value that has changed %+v is told, again and again", some)
		}
	}
	s.sink.State(shm.TopicControls, shm.Controls{{Name: "odd", Type: shm.Text, Value: []shm.Value{1}}, {Name: "new", Type: shm.Text, Value: `"</script>`}})
	if some := read("script"); len(some.Values) != 1 || some.Values["new"] != `"</script>` {
		t.Errorf("of controls that come %+v is told", some)
	}
}

// layers is the state of a napari with n of them.
func layers(n int) ([]shm.Value, shm.Controls) {
	var list []shm.Value
	var controls shm.Controls
	for i := range n {
		id := fmt.Sprint(i + 1)
		list = append(list, map[string]shm.Value{
			"id": id, "kind": "image", "name": "channel " + id, "visible": true, "selected": i == 1,
			"shape": []shm.Value{int64(4096), int64(4096)}, "dtype": "<u2", "axes": []shm.Value{"-2", "-1"}, "scale": []shm.Value{1.0, 0.5}, "units": []shm.Value{"µm", "µm"},
			"multiscale": true, "levels": []shm.Value{[]shm.Value{int64(4096), int64(4096)}, []shm.Value{int64(1024), int64(1024)}},
			"level": int64(1), "ideal_level": int64(0), "nbytes": int64(33554432), "loads": int64(12), "reloads": int64(3),
		})
		group := "layer." + id
		controls = append(controls,
			shm.Control{Name: group + ".visible", Type: shm.Bool, Value: true, Group: group},
			shm.Control{Name: group + ".index", Type: shm.Int, Value: int64(i), Group: group},
			shm.Control{Name: group + ".opacity", Title: "Opacity", Type: shm.Float, Value: 1.0, Min: at(0), Max: at(1), Group: group},
			shm.Control{Name: group + ".contrast_low", Type: shm.Float, Value: 100.0, Min: at(0), Max: at(65535), Group: group},
			shm.Control{Name: group + ".contrast_high", Type: shm.Float, Value: 900.0, Min: at(0), Max: at(65535), Group: group},
		)
	}
	controls = append(controls,
		shm.Control{Name: "camera.zoom", Title: "Zoom", Type: shm.Float, Value: 1.5, Group: "camera"},
		shm.Control{Name: "dims.t", Title: "t", Type: shm.Int, Value: int64(1), Min: at(0), Max: at(9), Group: "dims"},
		shm.Control{Name: "dims.t.play", Title: "Play t", Type: shm.Bool, Value: false, Group: "dims"},
	)
	return list, controls
}

func TestLayers(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab"})
	page := func(query string) string {
		t.Helper()
		status, body := s.ask("GET", "/layers"+query, "", "Accept", "text/html")
		if status != 200 {
			t.Fatalf("/layers%s: %d", query, status)
		}
		return body
	}
	if body := page(""); !strings.Contains(body, "shares no layers") || !strings.Contains(body, components.InstallPlugin) {
		t.Error("a plain napari is not told how to get the plugin")
	}
	list, controls := layers(50)
	s.sink.State(shm.TopicControls, controls)
	s.sink.State("layers", shm.LayersOf(list))
	s.sink.State("histograms", shm.HistogramsOf(map[string]shm.Value{"2": map[string]shm.Value{
		"low": 0.0, "high": 1000.0, "counts": []shm.Value{int64(5), int64(90), int64(5), int64(0)}}}))
	body := page("")
	rows := regexp.MustCompile(`data-layer="(\d+)"`).FindAllStringSubmatch(body, -1)
	if len(rows) != 50 || rows[0][1] != "50" || rows[49][1] != "1" {
		t.Errorf("%d rows from %v on, want 50, the top layer first", len(rows), rows[0])
	}
	for _, part := range []string{
		`id="command-layer-2e-2-2e-opacity"`, // the one selected in napari is open
		`uint16`, "4096 × 4096", "1 × 0.5 µm", "coarser than it could be", "would fit the screen", `data-value="nbytes"`,
		"Values from 0 to", `data-follow="layer.2.contrast_high"`, `action="/lab/sources/napari/commands/layer.2.opacity?as=control"`,
		`href="/lab/layers?source=napari&amp;layer=7"`, `data-control="dims.t.play"`, `data-topic="napari/values"`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(body, "layer.3.opacity") {
		t.Error("controls of a layer that is not open are on the page")
	}
	if body := page("?layer=3"); !strings.Contains(body, "layer.3.opacity") || strings.Contains(body, "layer.2.opacity") {
		t.Error("the layer that is asked for is not the one that is open")
	}
	if body := page("?layer=" + url.QueryEscape(`1"><script>`)); strings.Contains(body, `1"><script>`) {
		t.Error("the address gets into the page as it is")
	}

	socket := s.socket("napari/layers/selected", "napari/layers/9", "napari/layers/eval")
	socket.until(`hx-target="#live-layers"`)
	// One that is changed is one row, and what is open goes with the selection.
	list, _ = layers(50)
	list[4].(map[string]shm.Value)["name"] = "renamed"
	s.sink.State("layers", shm.LayersOf(list))
	frame := socket.until("renamed")
	if strings.Contains(frame, `hx-target="#live-layers"`) {
		frame = socket.until("renamed") // the first was what a newcomer is told
	}
	if strings.Contains(frame, `hx-target="#live-layers"`) || strings.Count(frame, "<hx-partial") != 1 {
		t.Errorf("for one layer %d bytes are sent: %.300s", len(frame), frame)
	}
	s.sink.State("layers", shm.LayersOf([]shm.Value{}))
	socket.until("When one is opened there, it appears here.")
	s.sink.State("layers", shm.LayersOf([]shm.Value{nil, "x", map[string]shm.Value{"id": int64(4), "levels": "no", "units": "µm", "scale": []shm.Value{"x"}}}))
	socket.until(`data-layer="4"`)
}

func TestControlsPage(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	_, body := s.ask("GET", "/controls", "", "Accept", "text/html")
	for _, part := range []string{
		`id="group-camera"`, `data-log="0.1 500"`, "0.1 to 500 ms", "How long the camera sees.", `aria-label="Reset Exposure to 10 ms"`,
		`id="action-expose"`, `data-control="show_grid"`, `data-control="mode"`, "Nobody has sent a command yet.",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(body, "layer.1.opacity") {
		t.Error("controls of layers stand on the page of the others")
	}
	inline := regexp.MustCompile(`<script>|\son[a-z]+="|<style|\sstyle="`)
	for _, path := range []string{"/controls", "/layers"} {
		_, body := s.ask("GET", path, "", "Accept", "text/html")
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s holds %q", path, found)
		}
	}
}
