package dashboard_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"webmon/dashboard"
	"webmon/shm/maps/edit"
	"webmon/shm/maps/library"
	"webmon/shm/maps/made"
)

// openMaps opens a dashboard with a library of one folder.
func openMaps(t *testing.T, files map[string]string) (*site, *library.Library) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l := library.New(library.Options{Dirs: []string{dir}})
	l.Look()
	return open(t, dashboard.Options{Token: token, Prefix: "/lab", Maps: l}), l
}

// form makes the form that uploads a zip.
func form(t *testing.T, name, data string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("zip", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write([]byte(data))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestAMapIsUploadedAndShown(t *testing.T) {
	s, l := openMaps(t, nil)
	cookie := s.signIn("token", token)
	browser := []string{"Authorization", "", "Cookie", cookie, "Accept", "text/html"}
	status, list := s.ask("GET", "/maps", "", browser...)
	if status != 200 || !strings.Contains(list, "There are no maps yet.") {
		t.Fatalf("the empty list: %d %.200s", status, list)
	}
	action := regexp.MustCompile(`action="/lab(/maps/upload\?csrf=[^"]*)"`).FindStringSubmatch(list)
	if action == nil {
		t.Fatal("there is no form for a zip")
	}
	// The cookie of the forms' token comes with the page, and is the token.
	jar, csrf := s.formCookie(cookie, "/maps")
	address := "/maps/upload?csrf=" + url.QueryEscape(csrf)
	post := func(address, name, data string) (int, string) {
		body, kind := form(t, name, data)
		return s.ask("POST", address, body, "Authorization", "", "Cookie", cookie+"; "+jar, "Accept", "text/html", "Content-Type", kind, "Origin", "http://"+strings.Split(s.base, "/")[2])
	}
	if status, _ := post("/maps/upload?csrf=wrong", "rr30a.zip", "x"); status != 403 {
		t.Errorf("with a wrong token of the form: %d", status)
	}
	if status, text := post(address, "evil.zip", "no zip at all"); status != 200 || !strings.Contains(text, "no zip") || !strings.Contains(text, `id="maps-told"`) {
		t.Errorf("what is no zip: %d %.300s", status, text)
	}
	if status, _ := post(address, "rr30a.zip", string(made.RR30aZip)); status != 303 {
		t.Errorf("a map: %d", status)
	}
	l.Look()
	for path, has := range map[string]string{
		"/maps": "rr30a", "/maps/rr30a": "1227 spines in 313 runs", "/maps/rr30a/run/3": "Run 3", "/maps/rr30a/reports/survival": "still there", "/maps/rr30a/find": "Too close together", "/pools/all": "1 map of 1 condition",
	} {
		if status, text := s.ask("GET", path, "", browser...); status != 200 || !strings.Contains(text, has) {
			t.Errorf("%s: %d, without %q", path, status, has)
		}
	}
	if status, text := s.ask("GET", "/maps/nosuch", "", browser...); status != 404 || !strings.Contains(text, "There is no map") {
		t.Errorf("a map that is not there: %d %.200s", status, text)
	}
	if status, text := s.ask("GET", "/api/v1/maps/rr30a/values?stat=nosuch", ""); status != 422 || !strings.Contains(text, `"field":"stat"`) {
		t.Errorf("a statistic that is not there: %d %s", status, text)
	}
	if status, text := s.ask("PUT", "/api/v1/maps/rr30a.zip", string(made.RR30aZip)); status != 409 {
		t.Errorf("the same map again: %d %s", status, text)
	}
}

// formCookie opens a page and returns the cookie that its forms need, and their token.
func (s *site) formCookie(session, path string) (cookie, token string) {
	s.t.Helper()
	req, err := http.NewRequest("GET", s.base+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Cookie", session)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	for _, c := range resp.Cookies() {
		if strings.HasPrefix(c.Name, "webmon_csrf") {
			return c.Name + "=" + c.Value, c.Value
		}
	}
	s.t.Fatalf("%s brings no cookie for its forms", path)
	return "", ""
}

func TestWhichColumnIsWhatIsAskedOnce(t *testing.T) {
	s, l := openMaps(t, map[string]string{"cells.csv": "cell,frame,px,py,size\n1,0,10,20,5\n1,1,11,21,6\n2,0,30,40,7\n"})
	cookie := s.signIn("token", token)
	key := l.List()[0].Key
	_, page := s.ask("GET", "/maps/"+key, "", "Authorization", "", "Cookie", cookie, "Accept", "text/html")
	if !strings.Contains(page, "Which column is what?") || !strings.Contains(page, `<option value="px"`) {
		t.Fatalf("it does not ask: %.300s", page)
	}
	answer := func(v url.Values) (int, string) {
		return s.ask("POST", "/maps/"+key+"/columns", v.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	}
	if status, text := answer(url.Values{"x": {"px"}, "y": {"nosuch"}}); status != 200 || !strings.Contains(text, `id="columns-why"`) {
		t.Errorf("a column that is not there: %d %.300s", status, text)
	}
	if status, text := answer(url.Values{"x": {"px"}, "y": {"py"}, "session": {"frame"}, "id": {"cell"}, "pixels": {"0", "1"}, "dx": {"0.5"}, "dy": {"0.5"}}); status != 303 {
		t.Errorf("the answer: %d %.300s", status, text)
	}
	l.Look()
	if status, text := s.ask("GET", "/api/v1/maps/"+key+"/runs", ""); status != 200 || !strings.Contains(text, `"runs":[[0,0],[1,null]]`) {
		t.Errorf("the runs: %d %s", status, text)
	}
}

func TestWhoMayOnlyLookChangesNoMap(t *testing.T) {
	s, _ := openMaps(t, nil)
	_, link := s.newLink(`{"role":"look","note":"the wall","seconds":600}`)
	cookie := s.signIn("link", link)
	look := []string{"Authorization", "", "Cookie", cookie, "Sec-Fetch-Site", "same-origin"}
	if status, _ := s.ask("GET", "/maps", "", look...); status != 200 {
		t.Errorf("the list: %d", status)
	}
	for _, r := range [][2]string{{"POST", "/maps/upload"}, {"PUT", "/api/v1/maps/x.zip"}, {"POST", "/maps/x/columns"}} {
		if status, _ := s.ask(r[0], r[1], "x", look...); status != 403 {
			t.Errorf("%s %s: %d", r[0], r[1], status)
		}
	}
}

// People who look at a map together hear what one of them selects and where each points, whatever
// process their pages are beside. Who may only look hears it, and is not heard.
func TestAMapIsLookedAtTogether(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "cells.csv")
	write := func() {
		t.Helper()
		if err := os.WriteFile(table, []byte("x,y\n1,2\n3,4\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write()
	l := library.New(library.Options{Dirs: []string{dir}})
	l.Look()
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab", Maps: l})
	key := l.List()[0].Key
	topic := "-/map-together/" + key
	ada := s.looker("ada-ada-ada", "napari/html/header", topic)
	ada.until(`{"id":"ada-ada-ada","colour":0,"hand":null}`) // colours are given in the order in which people come
	bob := s.looker("bob-bob-bob", "-/html/header", topic)
	ada.until(`{"id":"bob-bob-bob","colour":1,"hand":null}]}`)
	s.looker("eve-eve-eve", topic+"x", "-/map-together/", "napari/map-together/"+key, "-/locked/map-together/"+key).say(`{"type":"map-select","map":%q,"what":{"key":1,"run":9,"session":0}}`, key)
	ada.say(`{"type":"map-select","map":%q,"what":{"key":1,"run":7}}`, key) // without a session: refused
	ada.say(`{"type":"map-select","map":%q,"what":{"key":2,"run":1,"session":0,"edition":"e","x":3,"y":4,"z":0}}`, key)
	if frame := bob.until(`"said":`); !strings.Contains(frame, `"by":"ada-ada-ada","what":{"key":2,"run":1,"session":0,"edition":"e","x":3,"y":4,"z":0}}`) || strings.Contains(frame, "eve") {
		t.Errorf("the other hears %s", frame)
	}
	bob.say(`{"type":"map-hand","map":%q,"hand":{"session":0,"x":1.5,"y":2,"z":0}}`, key)
	ada.until(`{"id":"bob-bob-bob","colour":1,"hand":{"session":0,"x":1.5,"y":2,"z":0}}]`)

	look, _, _ := visitors(s)
	wall := look.watches(topic)
	wall.until(`"run":1`) // who comes late
	wall.say(`{"type":"map-select","map":%q,"what":{"key":3,"run":0,"session":0,"edition":"e"}}`, key)
	wall.say(`{"type":"map-hand","map":%q,"hand":{"session":0,"x":9,"y":9,"z":0}}`, key)
	bob.say(`{"type":"map-hand","map":%q,"hand":null}`, key)
	bob.say(`{"type":"map-select","map":%q,"what":{"key":4}}`, key)
	if frame := ada.until(`"what":{"key":4}}`); strings.Contains(frame, `"x":9`) {
		t.Errorf("who may only look is heard: %s", frame)
	}

	if err := os.Remove(table); err != nil {
		t.Fatal(err)
	}
	l.Look()
	if frame := ada.until(`"gone":true`); strings.Contains(frame, "bob") {
		t.Errorf("of a map that is gone the frame says %s", frame)
	}
	write()
	l.Look()
	ada.until(`{"id":"bob-bob-bob","colour":1,"hand":null}`)
}

// Whoever may only look at a map is refused every edit, and the page has no button for one that
// can be pressed.
func TestWhoMayOnlyLookEditsNoMap(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "rr30a"), made.RR30a()); err != nil {
		t.Fatal(err)
	}
	desk := edit.NewDesk(edit.Options{})
	l := library.New(library.Options{Dirs: []string{dir}, Loaded: desk.Loaded})
	desk.Use(l)
	t.Cleanup(desk.Close)
	l.Look()
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab", Maps: l, MapEdits: desk})
	_, link := s.newLink(`{"role":"look","note":"the wall","seconds":600}`)
	look := []string{"Authorization", "", "Cookie", s.signIn("link", link), "Sec-Fetch-Site", "same-origin"}
	owner := []string{"Authorization", "", "Cookie", s.signIn("token", token), "Sec-Fetch-Site", "same-origin", "Accept", "text/html"}
	key := l.List()[0].Key
	acts := regexp.MustCompile(`<(?:button|select|input)[^>]*data-(?:map-do|object-do|object|pair-do)="([^"]*)"[^>]*>`)
	for _, page := range []struct {
		path string
		want int
	}{{"/maps/" + key, 12}, {"/maps/" + key + "/find?what=pairs&session=4", 14}} {
		for _, who := range []struct {
			name   string
			header []string
			off    bool
		}{{"look", append(slices.Clone(look), "Accept", "text/html"), true}, {"owner", owner, false}} {
			status, text := s.ask("GET", page.path, "", who.header...)
			if status != 200 {
				t.Fatalf("%s for %s: %d %.300s", page.path, who.name, status, text)
			}
			n := 0
			for _, m := range acts.FindAllStringSubmatch(text, -1) {
				if m[1] == "info" {
					continue // it shows more
				}
				n++
				if off := strings.Contains(m[0], " disabled"); off != who.off {
					t.Errorf("%s for %s: %s is off: %v", page.path, who.name, m[0], off)
				}
				if who.off && (strings.Count(m[0], " title=") != 1 || !strings.Contains(m[0], ` title="You may only look`)) {
					t.Errorf("%s does not say why it is off", m[0])
				}
			}
			if n < page.want {
				t.Errorf("%s for %s has %d buttons and fields, want %d at least", page.path, who.name, n, page.want)
			}
		}
	}
	_, about := s.ask("GET", "/api/v1/maps/"+key, "", look...)
	edition := regexp.MustCompile(`"edition":"([^"]*)"`).FindStringSubmatch(about)
	if edition == nil {
		t.Fatalf("no edition in %.200s", about)
	}
	bad := `{"edition":"` + edition[1] + `","do":"bad","session":0,"row":280,"bad":true}`
	for _, what := range []string{"edits", "undo", "redo", "save", "reload"} {
		if status, _ := s.ask("POST", "/api/v1/maps/"+key+"/"+what, bad, look...); status != 403 {
			t.Errorf("who may only look posts %s: %d", what, status)
		}
	}
	for _, what := range []string{"edits", "object?session=0&row=280"} {
		if status, text := s.ask("GET", "/api/v1/maps/"+key+"/"+what, "", look...); status != 200 || strings.Contains(text, `"bad":true`) {
			t.Errorf("who may only look gets %s: %d %.200s", what, status, text)
		}
	}
	if status, text := s.ask("POST", "/api/v1/maps/"+key+"/edits", bad); status != 200 || !strings.Contains(text, `"bad":true`) {
		t.Errorf("who may steer: %d %.200s", status, text)
	}
}
