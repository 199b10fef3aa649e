package dashboard

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"webmon/components"
	"webmon/dashboard/arrays"
	"webmon/dashboard/budget"
	"webmon/dashboard/controls"
	"webmon/dashboard/layers"
	"webmon/dashboard/loader"
	"webmon/dashboard/messages"
	"webmon/dashboard/people"
	"webmon/dashboard/source"
	"webmon/dashboard/status"
	"webmon/dashboard/tab"
	"webmon/dashboard/viewer"
)

// tabTable lists every tab of the dashboard, in the order of the navigation. To add a
// plain tab, write one line here and one component in components/:
//
//	{Slug: "stage", Title: "Stage", Topics: []string{"stage"}, Live: components.Stage},
func (s *Server) tabTable() []tab.Tab {
	table := []tab.Tab{
		pictured(viewer.Tab(s.desk), s.sections.Feeds()),
		loader.Tab(),
		layers.Tab(s.desk, s.views),
		controls.Tab(s.desk),
		s.boards.Tab(),
		arrays.Tab(s.origin),
		s.volumes.Tab(),
	}
	if s.models != nil {
		table = append(table, s.models.Tab())
	}
	if s.maps != nil {
		table = append(table, s.maps.Tab())
	}
	return append(table,
		messages.Tab(),
		status.Tab(status.Options{Sources: s.processes, Server: s.aboutServer, Changes: s.changes, Access: s.access}),
	)
}

// pictured adds feeds of pictures to a tab, which shows what is no tab of its own.
func pictured(t tab.Tab, feeds map[string]tab.NewPictures) tab.Tab {
	all := maps.Clone(feeds)
	maps.Copy(all, t.Pictures)
	t.Pictures = all
	return t
}

// processes are the sources but for maps, of which the page Status tells in figures.
func (s *Server) processes() []*source.Source {
	return slices.DeleteFunc(s.registry.List(), (*source.Source).IsMap)
}

// letters are the keys that a tab can have: those that pages have no other use for.
var letters = regexp.MustCompile(`^[abehijmnpqwxyz]$`)

var slugs = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// taken are the routes that no tab can use.
var taken = []string{"individual", "storybook", "ws", "assets", "favicon.ico", "health", "metrics", "api", "sources", "stop", "logout", "links", "sessions", "pools", "help"}

// checkTabs finds mistakes in the table of tabs when webmon starts.
func checkTabs(tabs []tab.Tab) error {
	seen := map[string]bool{}
	for _, name := range taken {
		seen[name] = true
	}
	feeds := map[string]bool{"html": true, "locked": true, people.Topic: true}
	for i := range tabs {
		t := &tabs[i]
		switch {
		case !slugs.MatchString(t.Slug):
			return fmt.Errorf("the tab %q needs a slug of small letters, digits and hyphens", t.Title)
		case seen[t.Slug]:
			return fmt.Errorf("the route /%s of the tab %q is taken", t.Slug, t.Title)
		case t.Key != "" && (!letters.MatchString(t.Key) || seen[t.Key]):
			return fmt.Errorf("the tab %q needs a key of one small letter that no other tab has, and none that the page has a use for", t.Title)
		case t.Title == "":
			return fmt.Errorf("the tab %q needs a title", t.Slug)
		case (t.Live == nil) == (t.Page == nil):
			return fmt.Errorf("the tab %q needs either Live or Page", t.Slug)
		case t.Items != nil && (t.Items.Open == nil || t.Items.Of == nil || t.Items.Page == nil || t.Items.List == nil):
			return fmt.Errorf("the items of the tab %q need Open, Of, Page and List", t.Slug)
		}
		seen[t.Slug] = true
		if t.Key != "" {
			seen[t.Key] = true
		}
		for _, name := range slices.Concat(slices.Collect(maps.Keys(t.Feeds)), slices.Collect(maps.Keys(t.Pictures))) {
			if feeds[name] {
				return fmt.Errorf("two feeds are called %q", name)
			}
			feeds[name] = true
		}
	}
	return nil
}

// tabKeys are the keys that open the tabs: a letter of their own, or the digits 1 to 9 and 0 in
// their order, as far as these go.
func tabKeys(tabs []tab.Tab) []string {
	keys, digits := make([]string, len(tabs)), 0
	for i := range tabs {
		if keys[i] = tabs[i].Key; keys[i] == "" && digits < 10 {
			digits++
			keys[i] = strconv.Itoa(digits % 10)
		}
	}
	return keys
}

// aboutServer describes webmon itself.
func (s *Server) aboutServer(now time.Time) components.StatusServer {
	h := s.hub.Stats()
	own := s.usage.read(now, h)
	out := components.StatusServer{
		Version: Version(), PID: os.Getpid(), Uptime: now.Sub(s.began),
		Browsers: h.Browsers, Topics: h.Topics, Dropped: h.Skipped,
		Sent: own.Sent, SentRate: own.SentBytes,
		PaintMedian: h.PaintMedian, PaintP99: h.PaintP99,
		MemoryBytes: uint64(own.MemoryBytes), CPU: own.CPU,
	}
	if s.opts.Certs != nil && s.opts.Certs.Own() {
		out.Trust = s.prefix.String() + trustPath
	}
	b := s.opts.Budget
	out.Budget = uint64(b.Whole.Limit())
	for _, part := range []struct {
		title   string
		account *budget.Account
	}{
		{"states and histories", b.Sources}, {"frames", b.Browsers}, {"answers", b.Answers}, {"replies", b.Work}, {"volumes", b.Volumes},
	} {
		out.Kept = append(out.Kept, status.Kept(part.title, part.account.Use()))
	}
	v := s.volumes.Stats()
	for _, use := range v.Uses {
		out.Kept = append(out.Kept, status.Kept("volumes: "+use.Name, use))
	}
	for _, use := range s.sections.Uses() {
		out.Kept = append(out.Kept, status.Kept("volumes: "+use.Name, use))
	}
	if s.maps != nil {
		for _, use := range s.maps.Uses() {
			out.Kept = append(out.Kept, status.Kept(use.Name, use))
		}
		m := s.maps.Stats()
		out.Maps = components.StatusMaps{Maps: m.Maps, Problems: m.Problems, Loaded: m.Loaded, Edited: m.Edited, Unsaved: m.Unsaved, Stacks: m.Stacks, Sources: m.Sources}
		for i, to := range []*uint64{&out.Maps.Bytes, &out.Maps.Pictures} {
			if uses := s.maps.Uses(); i < len(uses) {
				*to = uint64(max(uses[i].Used, 0))
			}
		}
	}
	out.Volumes.Exports = v.Exports
	for _, t := range v.Traffic {
		out.Volumes.Traffic = append(out.Volumes.Traffic, components.StatusTraffic{Title: t.Name, Requests: t.Requests, Bytes: t.Bytes, Refused: t.Refused})
	}
	if h.PaintMedian == 0 {
		out.PaintMedian, out.PaintP99 = -1, -1 // not known: no page has painted anything yet
	}
	return out
}
