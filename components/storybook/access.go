package storybook

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
)

// locked is a page as somebody sees it who may not use its forms.
func locked(why string, page templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return templ.Join(ui.LockNote(), page).Render(ui.Lock(ctx, why), w)
	})
}

const (
	mayLook = "You may only look: what would change something for others is disabled."
	mayNot  = "Only people who may manage webmon can use what is disabled here."
)

// access is a webmon that its owner and two guests have open.
func inside() *components.Access {
	return &components.Access{
		NewLink: "/links", CSRF: csrf,
		Sessions: []components.AccessSession{
			{ID: "a2b3c4", Who: "the owner", Role: "manage", Browser: "Firefox on Linux", Address: "127.0.0.1", Since: noon.Add(-50 * time.Minute), Seen: noon, Pages: 3, End: "/sessions/a2b3c4/end"},
			{ID: "d5e6f7", Who: "Lab meeting", Role: "look", Browser: "Chrome on Android", Address: "10.20.30.40", Since: noon.Add(-26 * time.Hour), Seen: noon.Add(-time.Minute), Pages: 1, End: "/sessions/d5e6f7/end"},
			{ID: "g2h3i4", Who: "ada", Role: "steer", Browser: "Safari on macOS", Address: "2001:db8::1", Since: noon.Add(-3 * time.Hour), Seen: noon.Add(-2 * time.Hour), End: "/sessions/g2h3i4/end"},
		},
		Browsers: browsers(),
		Links: []components.AccessLink{
			{ID: "k5l6m7", Note: "Lab meeting", Role: "look", By: "the owner", Made: noon.Add(-26 * time.Hour), Until: noon.Add(6 * 24 * time.Hour), Used: noon.Add(-time.Minute), Sessions: 1, End: "/links/k5l6m7/revoke"},
			{ID: "n2o3p4", Note: "a guest", Role: "steer", By: "the owner", Made: noon.Add(-time.Minute), Until: noon.Add(59 * time.Minute), End: "/links/n2o3p4/revoke"},
		},
		Ways: []components.AccessWay{
			{Name: "Token", Text: "Whoever has the token of webmon may manage it."},
			{Name: "Links", Text: "Whoever has a link may do what the link says, until it expires."},
		},
	}
}

// browsers are one on this machine, one in the lab and one on the way home.
func browsers() []components.Browser {
	picture := func(title, as string, ratio, fps float64, lag time.Duration, why string) components.BrowserPicture {
		return components.BrowserPicture{Topic: title, Title: title, As: as, Ratio: ratio, FPS: fps, Lag: lag, Why: why}
	}
	exact, less := components.WrittenAs("exact", 0, 1), components.WrittenAs("jpeg", 60, 2)
	return []components.Browser{
		{Key: "1", Who: "the owner", Agent: "Firefox on Linux", Address: "127.0.0.1", Since: noon.Add(-50 * time.Minute), Sent: 126e6, Rate: 1.9e9, RTT: 200 * time.Microsecond,
			Pictures: []components.BrowserPicture{picture("camera of scope", exact, 1, 60, 9*time.Millisecond, "The line carries it as it is")}},
		{Key: "2", Who: "ada", Agent: "Safari on macOS", Address: "2001:db8::1", Since: noon.Add(-3 * time.Hour), Sent: 4e5, Rate: 6.25e5, RTT: 104 * time.Millisecond, Limit: 5e5,
			Pictures: []components.BrowserPicture{
				picture("camera of scope", less, 61.4, 12.5, 212*time.Millisecond, "The rate was bounded by hand"),
				picture("napari of scope", components.WrittenAs("packed", 0, 1), 2.14, 0, 480*time.Millisecond, "The picture stands still"),
			}},
		{Key: "3", Who: "Lab meeting", Agent: "Chrome on Android", Address: "10.20.30.40", Since: noon.Add(-time.Minute), Exact: true},
	}
}

func changes() components.Changes {
	entry := func(ago time.Duration, who, source, name, from, to, status string) components.ChangeEntry {
		return components.ChangeEntry{
			ID: who + name, Time: noon.Add(-ago), Who: who, Address: "10.20.30.40", Source: source, Name: name, From: from, To: to, Count: 1, Status: status,
		}
	}
	c := components.Changes{CSV: "/api/v1/changes?format=csv", Addresses: true, Now: noon, List: []components.ChangeEntry{
		entry(4*time.Second, "ada", "scope", "exposure", "10 ms", "12.5 ms", "applied"),
		entry(9*time.Second, "ada", "scope", "gain", "1", "99", "refused"),
		entry(20*time.Second, "the owner", "becvortices", "finger", "0.5, 0.5", "0.21, 0.8", "sent"),
		entry(26*time.Hour, "the owner", "", "link", "", "Lab meeting may look until Sun 7 Jun 10:00", "applied"),
	}}
	c.List[0].Count, c.List[1].Reason = 132, "gain must be at most 16."
	return c
}

func changesHuge() components.Changes {
	c := changes()
	for i := range 46 {
		e := c.List[i%4]
		e.ID += ui.Count(i)
		e.Who, e.To, e.Reason, e.Count = strings.Repeat("a long name ", 8), strings.Repeat("0123456789", 24), lorem, 123456
		c.List = append(c.List, e)
	}
	c.Problem = "The record of changes cannot be written to disk: no space left on device."
	return c
}

func accessHuge() *components.Access {
	a := inside()
	for i := range 60 {
		s := a.Sessions[i%3]
		s.ID, s.Who, s.Browser = s.ID+ui.Count(i), strings.Repeat("a long name ", 1+i%7), strings.Repeat("Browser/1.0 ", 1+i%3)
		a.Sessions = append(a.Sessions, s)
		l := a.Links[i%2]
		l.ID, l.Note = l.ID+ui.Count(i), strings.Repeat("note", 20)
		a.Links = append(a.Links, l)
	}
	for i := range 240 {
		b := a.Browsers[i%3]
		b.Key, b.Who, b.Agent = "more"+strconv.Itoa(i), strings.Repeat("a long name ", 1+i%7), strings.Repeat("Browser/1.0 ", 1+i%3)
		b.Pictures = slices.Clone(b.Pictures)
		for j := range b.Pictures {
			b.Pictures[j].Title = strings.Repeat("cameraOfThatVeryLargeMicroscope", 1+i%4) + " of scope"
		}
		a.Browsers = append(a.Browsers, b)
	}
	return a
}

// lookedAt is the page of the status of somebody who may not manage webmon.
func lookedAt() components.Status {
	s := status()
	s.Access, s.Changes.Addresses, s.LiveTopic = nil, false, "napari/locked/html/status"
	return s
}

// closed is the page of a model that has never run, for somebody who may not start it.
func closed() components.Model {
	return components.Model{
		Key: "waves", Title: "Waves", Origin: "/home/ada/waves.py", Href: "/models/waves", List: "/models", Phase: components.ModelStopped,
		Lead: "<p>Waves on a string.</p>",
	}
}
