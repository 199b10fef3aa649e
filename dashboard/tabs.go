package dashboard

import (
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/layout"
	"webmon/components/ui"
	"webmon/dashboard/arrays"
	"webmon/dashboard/controls"
	"webmon/dashboard/layers"
	"webmon/dashboard/loader"
	"webmon/dashboard/messages"
	"webmon/dashboard/people"
	"webmon/dashboard/source"
	"webmon/dashboard/status"
	"webmon/dashboard/tab"
	"webmon/dashboard/viewer"
	"webmon/shm"
)

// tabTable is every page of the dashboard, in the order of the navigation. A
// plain tab of your own is one line here and one component in components/:
//
//	{Slug: "stage", Title: "Stage", Topics: []string{"stage"}, Live: components.Stage},
func (s *Server) tabTable() []tab.Tab {
	table := []tab.Tab{
		viewer.Tab(viewer.Options{Prefix: s.opts.Prefix, Grid: s.gridSwitch, Link: stateOf, AttachCode: howToAttach}),
		loader.Tab(),
		layers.Tab(layers.Options{
			Control: s.control, Action: s.action, Button: s.actionButton, Link: stateOf, HowTo: components.PlugIn,
			Path: func(src *source.Source, name string) string { return s.commandPath(src, name, asNone) },
		}),
		controls.Tab(controls.Options{
			Control: s.control, Switch: s.switchOf, Action: s.action, Log: s.commandLog, Values: newValuesFeed, Link: stateOf,
		}),
		arrays.Tab(arrays.Options{Prefix: s.opts.Prefix, Link: stateOf}),
	}
	if s.models != nil {
		table = append(table, s.models.Tab())
	}
	return append(table,
		messages.Tab(messages.Options{Prefix: s.opts.Prefix, Link: stateOf}),
		status.Tab(status.Options{Sources: s.registry.List, Server: s.aboutServer, Link: stateOf, AttachCode: howToAttach}),
	)
}

var slugs = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// taken are the routes that no tab can have.
var taken = []string{"individual", "storybook", "ws", "assets", "health", "metrics", "api", "sources", "stop"}

// checkTabs finds mistakes in the table of tabs when webmon starts.
func checkTabs(tabs []tab.Tab) error {
	seen := map[string]bool{}
	for _, name := range taken {
		seen[name] = true
	}
	feeds := map[string]bool{"html": true, "command": true, "control": true, people.Topic: true}
	for i := range tabs {
		t := &tabs[i]
		switch {
		case !slugs.MatchString(t.Slug):
			return fmt.Errorf("the tab %q needs a slug of small letters, digits and hyphens", t.Title)
		case seen[t.Slug]:
			return fmt.Errorf("the route /%s of the tab %q is taken", t.Slug, t.Title)
		case t.Title == "":
			return fmt.Errorf("the tab %q needs a title", t.Slug)
		case (t.Live == nil) == (t.Page == nil):
			return fmt.Errorf("the tab %q needs either Live or Page", t.Slug)
		case t.Items != nil && (t.Items.Open == nil || t.Items.Of == nil || t.Items.Page == nil || t.Items.List == nil):
			return fmt.Errorf("the items of the tab %q need Open, Of, Page and List", t.Slug)
		}
		seen[t.Slug] = true
		for name := range t.Feeds {
			if feeds[name] {
				return fmt.Errorf("two feeds are called %q", name)
			}
			feeds[name] = true
		}
	}
	return nil
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
	if h.PaintMedian == 0 {
		out.PaintMedian, out.PaintP99 = -1, -1 // no page has painted anything yet
	}
	return out
}

// gridCommand is napari's command that shows the grid of tiles.
const gridCommand = "show_grid"

// gridSwitch is the switch that shows napari's own grid.
func (s *Server) gridSwitch(src *source.Source, csrf string) ui.SwitchProps {
	action, ok := findAction(src, gridCommand)
	if !ok {
		return ui.SwitchProps{}
	}
	return s.commandSwitch(src, action, csrf)
}

// commandSwitch is an action with one bool argument as a switch, with what has
// become of the last command.
func (s *Server) commandSwitch(src *source.Source, action shm.Action, csrf string) ui.SwitchProps {
	path := s.opts.Prefix + "/sources/" + src.ID() + "/commands/" + action.Name
	p := ui.SwitchProps{
		ID: ui.CommandID(action.Name), Label: action.Title, Help: action.Help,
		Action: path, Name: action.Args[0].Name, CSRF: csrf, On: true,
		Topic: src.ID() + "/control/" + action.Name,
	}
	if action.Name == gridCommand {
		p.Key = "g"
	}
	if on, ok := action.Args[0].Default.(bool); ok {
		p.On = on
	}
	st := src.Status(time.Now())
	if !st.Running {
		p.Disabled = st.Name + " is gone."
	}
	// A process that starts again knows nothing of what the last was told.
	if last, ok := s.commands.last(src.ID(), action.Name); ok && (!st.Running || !last.Sent.Before(st.Began)) {
		if on, ok := last.Args[p.Name].(bool); ok && last.Status != shm.Refused && last.Status != shm.Gone {
			p.On = on
		}
		p.Life = life(last)
	}
	return p
}

// controlFeed keeps the switch of a command true on pages that are open: the
// process may go and come back, and others may send the command.
func (s *Server) controlFeed(src *source.Source, name string) (tab.Feed, error) {
	if action, ok := findAction(src, name); !ok || !isSwitch(action) {
		return nil, fmt.Errorf("%s has no switch %q", src.ID(), name)
	}
	return tab.NewFragment(nil, func(time.Time) templ.Component {
		action, ok := findAction(src, name)
		if !ok || !isSwitch(action) {
			return templ.NopComponent
		}
		return layout.SwitchFrame(name, s.commandSwitch(src, action, ""))
	}), nil
}

// life puts what has become of a command in the words of the page. The topic
// stays with it while there is more to come.
func life(cmd command) ui.CommandLife {
	l := ui.CommandLife{Status: ui.CommandStatus(cmd.Status), Reason: cmd.Reason}
	if cmd.Status == shm.Queued || cmd.Status == shm.Taken {
		l.Topic = cmd.Source + "/command/" + cmd.ID
	}
	return l
}

// commandFeed tells whoever sent a command what becomes of it.
func (s *Server) commandFeed(id string) (tab.Feed, error) {
	if _, ok := s.commands.get(id); !ok {
		return nil, fmt.Errorf("there is no command %q", id)
	}
	return tab.NewFragment(nil, func(time.Time) templ.Component {
		cmd, ok := s.commands.get(id)
		if !ok {
			return templ.NopComponent
		}
		return layout.LifeFrame(cmd.Name, life(cmd))
	}), nil
}
