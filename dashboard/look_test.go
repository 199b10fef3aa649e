package dashboard_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"webmon/dashboard"
	"webmon/shm"
)

// visitor is somebody with a session of their own.
type visitor struct {
	*site
	cookie string
}

// visitors are one person of each role, who have come by links and by the token.
func visitors(s *site) (look, steer, manage visitor) {
	_, looks := s.newLink(`{"role": "look", "note": "the wall"}`)
	_, steers := s.newLink(`{"role": "steer", "note": "ada"}`)
	return visitor{s, s.signIn("link", looks)}, visitor{s, s.signIn("link", steers)}, visitor{s, s.signIn("token", token)}
}

func (v visitor) page(path string) string {
	v.t.Helper()
	status, page := v.as(v.cookie, "GET", path, "", "Accept", "text/html")
	if status != 200 {
		v.t.Fatalf("GET %s: %d %s", path, status, page)
	}
	return page
}

// watches opens a socket that watches topics.
func (v visitor) watches(topics ...string) *socket {
	v.t.Helper()
	page := &socket{t: v.t, conn: v.socketOf(v.cookie)}
	b, _ := json.Marshal(map[string]any{"type": "watch", "topics": topics})
	page.say("%s", b)
	return page
}

// usable counts the elements of a page that could change something for others, and
// those of them that are disabled.
func usable(page string) (all, disabled int) {
	for _, form := range regexp.MustCompile(`(?s)<form[^>]* method="post".*?</form>`).FindAllString(page, -1) {
		if strings.Contains(form, `/logout"`) {
			continue // one's own session
		}
		for _, tag := range regexp.MustCompile(`<(button|input|select)[^>]*>`).FindAllString(form, -1) {
			if strings.Contains(tag, `type="hidden"`) {
				continue
			}
			all++
			if strings.Contains(tag, " disabled") && strings.Contains(tag, "locked") {
				disabled++
			}
		}
	}
	return all, disabled
}

// On the pages of somebody who may only look everything is there and nothing can be
// used, and the page says why, once.
func TestPagesOfWhoMayOnlyLook(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	look, steer, manage := visitors(s)
	const note = "You may only look"
	for _, path := range []string{"/controls", "/viewer", "/controls?embed=1"} {
		page := look.page(path)
		all, disabled := usable(page)
		if all == 0 || all != disabled {
			t.Errorf("%s: of %d elements %d are disabled", path, all, disabled)
		}
		if n := strings.Count(page, `id="locked"`); n != 1 || !strings.Contains(page, note) {
			t.Errorf("%s has %d notes", path, n)
		}
		for who, v := range map[string]visitor{"steer": steer, "manage": manage} {
			if page := v.page(path); strings.Contains(page, `id="locked"`) || strings.Contains(page, note) || strings.Contains(page, "/locked/") {
				t.Errorf("%s of somebody who may %s is locked", path, who)
			}
		}
	}
	has(t, "the page of who looks", look.page("/controls"), `data-topic="napari/locked/html/controls"`, `data-topic="napari/locked/html/header"`, "look only", `data-topic="napari/values"`)
	has(t, "the page of who steers", steer.page("/controls"), `data-topic="napari/html/controls"`, `data-topic="napari/html/header"`, "!look only", "ada")
	// A page without a form needs no note.
	for _, path := range []string{"/messages", "/loader", "/arrays"} {
		has(t, path, look.page(path), `!id="locked"`, "look only")
	}
	// A tab alone, as htmx loads it, has the note as well.
	if _, tab := look.as(look.cookie, "GET", "/controls", "", "HX-Request", "true"); strings.Count(tab, `id="locked"`) != 1 {
		t.Error("a tab alone does not say why it is locked")
	}
}

// Live HTML comes to those who look with its forms disabled, and to all others as it
// was.
func TestLiveFormsOfWhoMayOnlyLook(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, scope(12.5))
	look, steer, _ := visitors(s)
	locked, plain := look.watches("napari/locked/html/controls"), steer.watches("napari/html/controls")
	first, open := locked.until(`id="value-exposure"`), plain.until(`id="value-exposure"`)
	if all, disabled := usable(first); all == 0 || all != disabled {
		t.Errorf("of %d elements %d are disabled", all, disabled)
	}
	if _, disabled := usable(open); disabled > 0 {
		t.Errorf("%d elements of somebody who may steer are disabled", disabled)
	}
	controls := scope(12.5)
	controls[0].Help = "Another help."
	s.sink.State(shm.TopicControls, controls)
	if all, disabled := usable(locked.until("Another help.")); all == 0 || all != disabled {
		t.Errorf("of a part that has changed %d of %d elements are disabled", disabled, all)
	}
	if _, disabled := usable(plain.until("Another help.")); disabled > 0 {
		t.Errorf("of a part that has changed %d elements are disabled for somebody who may steer", disabled)
	}
}

// Status says who is here to those who may manage webmon, and to nobody else: neither on
// the page nor over the socket.
func TestWhoIsHere(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	look, steer, manage := visitors(s)
	const table, address = "Table of the sessions", "127.0.0.1"
	page := manage.page("/status")
	has(t, "the page of who manages", page, table, address, "Table of the links", "the wall", "ada", `data-topic="napari/html/status"`, `!id="locked"`)
	if all, disabled := usable(page); all < 8 || disabled > 0 { // three sessions, two links, the new link, stop
		t.Errorf("of %d elements %d are disabled", all, disabled)
	}
	for who, v := range map[string]visitor{"look": look, "steer": steer} {
		page := v.page("/status")
		has(t, "the page of who may "+who, page, "!"+table, "!"+address, "Only people who may manage webmon", `data-topic="napari/locked/html/status"`)
		if all, disabled := usable(page); all == 0 || all != disabled {
			t.Errorf("of %d elements of who may %s %d are disabled", all, who, disabled)
		}
		live := v.watches("napari/html/status", "napari/locked/html/status")
		for range 2 { // of the second topic, whatever comes of the first meanwhile
			if frame := live.until(`id="status-server"`); strings.Contains(frame, table) || strings.Contains(frame, address) {
				t.Fatalf("who may %s is sent who is here", who)
			}
		}
	}
	manage.watches("napari/html/status").until(table)
}

// A link is made, and revoked, by plain forms.
func TestLinksByForms(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab"})
	status, page := s.ask("POST", "/links", url.Values{"role": {"look"}, "note": {"Lab <meeting>"}, "for": {"1w"}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	if status != 200 {
		t.Fatalf("making a link: %d %s", status, page)
	}
	has(t, "the page of a new link", page, "Lab &lt;meeting&gt;", "/lab/?link=", `data-copy="new-link-address"`, "may look")
	secret := regexp.MustCompile(`\?link=([0-9a-f]{40})`).FindStringSubmatch(page)[1]
	guest := visitor{s, s.signIn("link", secret)}
	guest.page("/viewer")
	_, list := s.ask("GET", "/status", "", "Accept", "text/html")
	has(t, "the status", list, "Lab &lt;meeting&gt;", "!"+secret)
	revoke := regexp.MustCompile(`action="/lab(/links/[a-z0-9]+/revoke)"`).FindStringSubmatch(list)[1]
	end := regexp.MustCompile(`action="/lab(/sessions/[a-z0-9]+/end)"`).FindStringSubmatch(list)[1]
	if status, _ := guest.as(guest.cookie, "POST", revoke, "", "Authorization", "Bearer "+secret); status != 403 {
		t.Errorf("a guest revokes a link: %d", status)
	}
	for _, path := range []string{end, revoke} {
		if status, _ := s.ask("POST", path, ""); status != 303 {
			t.Errorf("POST %s: %d, want back to the page", path, status)
		}
		if status, _ := s.ask("POST", path, ""); status != 404 {
			t.Errorf("POST %s again: %d", path, status)
		}
	}
	if status, _ := guest.as(guest.cookie, "GET", "/viewer", ""); status != 401 {
		t.Errorf("the guest of a link that was revoked gets %d", status)
	}
	for _, fields := range []string{"role=manage&for=1d", "role=look&for=1y", "role=&for=1d", "role=look&for=1d&note=" + strings.Repeat("x", 81)} {
		if status, body := s.ask("POST", "/links", fields, "Content-Type", "application/x-www-form-urlencoded"); status != 422 {
			t.Errorf("a link with %.40s: %d %s", fields, status, body)
		}
	}
}

// A model runs for those who may start it. Who may only look sees it while it runs.
func TestWhoMayOnlyLookStartsNoModel(t *testing.T) {
	s, c := openModels(t, dashboard.Options{})
	look, steer, _ := visitors(s)
	waves := c.sims["waves"]
	has(t, "a model that has never run", look.page("/models/waves"), "It does not run. It starts when somebody opens it who may steer.", `data-phase="stopped"`, "!data-model ")
	if n := waves.count(); n > 0 {
		t.Fatalf("who may only look has started %d runs", n)
	}
	has(t, "the model of who steers", steer.page("/models/waves"), `data-phase="running"`, "!data-locked")
	page := look.page("/models/waves")
	has(t, "the same of who looks", page, `data-phase="running"`, "data-locked", `data-topic="waves/locked/html/models"`)
	if all, disabled := usable(page); all == 0 || all != disabled {
		t.Errorf("of %d elements %d are disabled", all, disabled)
	}
	has(t, "a link with parameters", look.page("/models/waves?p.wind=0.5"), `data-model-parameters`, "Apply")

	// It has ended. Looking at it, live as well, does not begin it again.
	waves.run(t, 1).end <- nil
	eventually(t, "the run has ended", func() bool { return !strings.Contains(look.page("/models/waves"), `data-phase="running"`) })
	live := look.watches("waves/locked/html/models", "waves/model", "waves/locked/html/header")
	live.until(`"phase":"stopped"`)
	for range 3 { // a second each, in which it is asked for again
		live.until(`"topic":"stats"`)
	}
	if n := waves.count(); n != 1 {
		t.Fatalf("there are %d runs, want that which has ended", n)
	}
	steer.watches("waves/model").until(`"phase":"running"`)
	if n := waves.count(); n != 2 {
		t.Errorf("there are %d runs, want a second one for somebody who may steer", n)
	}
	live.until(`"phase":"running"`)
}

// change is a change as the API tells of it.
type change struct {
	Who, Address, Source, Name, From, To, Status, Reason string
	Count                                                int
}

func (c change) String() string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s: %s %s %s>%s x%d %s %s", c.Who, c.Source, c.Name, c.From, c.To, c.Count, c.Status, c.Reason)), " ")
}

func (v visitor) changes(query string) (out []change) {
	v.t.Helper()
	status, body := v.as(v.cookie, "GET", "/api/v1/changes"+query, "")
	if err := json.Unmarshal([]byte(body), &out); status != 200 || err != nil {
		v.t.Fatalf("the changes: %d %v %s", status, err, body)
	}
	return out
}

// Whatever somebody changes is in the record: by whom, from what to what, and what has
// become of it. It outlives webmon.
func TestTheRecordOfChanges(t *testing.T) {
	dir := t.TempDir()
	want := []string{
		"the owner: make a link >the wall, who may look until", "the owner: make a link >ada, who may steer until",
		"the owner: napari exposure 12.5 ms>40 ms x2 applied", "the owner: napari exposure >exposure 501 x1 refused exposure must be at most 500 ms.",
		"the owner: napari mode slow>fast x1 refused =SUM(A1)", "ada: napari frames 10>49 x50 sent",
		"the owner: napari forget > x1 refused Napari is still running.",
		"the wall: napari exposure > x3 refused They may look, and this needs somebody who may steer.",
		"ada: POST /stop > x1 refused They may steer, and this needs somebody who may manage.",
		"the wall: log in >may look, with", "ada: log in >may steer, with", "the owner: log in >may manage, with",
	}
	check := func(t *testing.T, got []change) {
		t.Helper()
		for _, w := range want {
			if !slices.ContainsFunc(got, func(c change) bool { return strings.HasPrefix(c.String(), w) }) {
				t.Errorf("there is no %q in %q", w, got)
			}
		}
	}
	t.Run("one webmon", func(t *testing.T) {
		s := open(t, dashboard.Options{Token: token, Changes: dir})
		s.sink.State(shm.TopicControls, scope(12.5))
		look, steer, manage := visitors(s)
		form := []string{"Content-Type", "application/x-www-form-urlencoded"}
		for _, body := range []string{"exposure=33.5", "exposure=501", "exposure=40"} {
			s.ask("POST", "/sources/napari/commands/exposure", body, form...)
		}
		(<-s.process.commands).report(shm.Taken, "")
		(<-s.process.commands).report(shm.Applied, "")
		s.ask("POST", "/sources/napari/commands/mode", "mode=fast", form...)
		(<-s.process.commands).report(shm.Refused, "=SUM(A1)")
		page := steer.watches("napari/values")
		page.until(`"exposure"`)
		for i := range 50 {
			page.say(`{"type":"set","source":"napari","name":"frames","value":%d,"hand":"abcdefgh","n":%d}`, i, i+1)
		}
		for c := range s.process.commands {
			if fmt.Sprint(c.Args["frames"]) == "49" {
				break
			}
		}
		s.ask("POST", "/sources/napari/dismiss", "")
		for range 3 {
			look.as(look.cookie, "POST", "/sources/napari/commands/exposure", "exposure=1")
		}
		steer.as(steer.cookie, "POST", "/stop", "")
		check(t, manage.changes(""))
		if all := manage.changes("?source=napari&seconds=60"); len(all) != 6 || all[0].Address != "127.0.0.1" {
			t.Errorf("of napari there are %d changes: %+v", len(all), all)
		}
		for who, v := range map[string]visitor{"look": look, "steer": steer} {
			check(t, v.changes(""))
			for _, c := range v.changes("") {
				if c.Address != "" {
					t.Errorf("who may %s sees the address of %v", who, c)
				}
			}
		}
		for _, query := range []string{"?seconds=0", "?seconds=x", "?seconds=1e9", "?format=xml"} {
			if status, _ := look.as(look.cookie, "GET", "/api/v1/changes"+query, ""); status != 400 {
				t.Errorf("%s: %d, want 400", query, status)
			}
		}
		for _, v := range []visitor{look, manage} {
			_, text := v.as(v.cookie, "GET", "/api/v1/changes?format=csv&source=napari", "")
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if err != nil || len(rows) != 7 || slices.Contains(rows[0], "address") != (v == manage) || !strings.Contains(text, ",'=SUM(A1)") {
				t.Errorf("the CSV: %v %q", err, text)
			}
			has(t, "the status", v.page("/status"), "Table of the changes", "12.5 ms", "40 ms", "× 50", "=SUM(A1)")
		}
	})
	t.Run("the next one", func(t *testing.T) {
		_, _, manage := visitors(open(t, dashboard.Options{Token: token, Changes: dir}))
		check(t, manage.changes(""))
	})
}

// A start of a model, and what is handed over, are changes too.
func TestStartsAreInTheRecord(t *testing.T) {
	s, _ := openModels(t, dashboard.Options{})
	_, steer, manage := visitors(s)
	steer.page("/models/waves")
	steer.page("/models/broken")
	var got []string
	for _, c := range manage.changes("") {
		got = append(got, c.String())
	}
	for _, want := range []string{"ada: waves start > x1 applied", "ada: broken start > x1 refused There is no module <numpi>."} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no %q in %q", want, got)
		}
	}
}
