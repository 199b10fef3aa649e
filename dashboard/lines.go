package dashboard

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/components"
	"webmon/dashboard/door"
	"webmon/dashboard/hub"
	"webmon/dashboard/record"
	"webmon/dashboard/sections"
	"webmon/dashboard/steer"
)

// lines is what is known of the browsers, looked up once a second however many ask.
type lines struct {
	mu  sync.Mutex // guards all below
	at  time.Time
	all []browserEntry
}

// linesFor is how long that holds.
const linesFor = time.Second

// browserEntry is a page that is connected, as the API tells of it.
type browserEntry struct {
	Since    time.Time      `json:"since"`
	Name     string         `json:"name"`              // of the person
	Role     string         `json:"role"`              // of the person
	Session  string         `json:"session,omitempty"` // as in /api/v1/sessions
	From     string         `json:"from"`              // IP address
	Agent    string         `json:"agent,omitempty"`   // such as "Firefox on Linux", of a session
	Sent     float64        `json:"bytes_per_second"`  // sent of late
	Rate     float64        `json:"line_bytes_per_second"`
	RTT      float64        `json:"round_trip_ms"`
	Mode     string         `json:"pictures_wanted"`        // "auto" or "exact"
	Limit    float64        `json:"limit_bytes_per_second"` // that somebody allows there; 0: as the line carries
	Pictures []pictureEntry `json:"pictures"`
}

// pictureEntry is how a page is sent one picture.
type pictureEntry struct {
	Topic   string  `json:"topic"`
	Title   string  `json:"title"` // in words
	Rung    int     `json:"rung"`  // 0 is exact, and each further one coarser
	As      string  `json:"encoding"`
	Quality int     `json:"quality,omitempty"` // of a JPEG
	Scale   int     `json:"scale"`             // pixels of the exact picture along a side of one that is sent
	Lossy   bool    `json:"lossy"`
	Ratio   float64 `json:"ratio"` // bytes of the exact picture for one that was sent
	FPS     float64 `json:"frames_per_second"`
	Lag     float64 `json:"lag_ms"` // from sending to the paint; 0: not known
	Why     string  `json:"why"`
}

// browsers tells of all browsers that are connected, those first that have been there longest. The result is not changed.
func (s *Server) browsers(now time.Time) []browserEntry {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	if since := now.Sub(s.lines.at); s.lines.all != nil && since >= 0 && since < linesFor {
		return s.lines.all
	}
	agents := map[string]string{}
	for _, i := range s.door.Sessions() {
		agents[i.ID] = i.Agent
	}
	all := []browserEntry{} // an empty list, not null
	for _, l := range s.hub.Lines(now) {
		ctx := hub.Context(l.Browser)
		p := door.Of(ctx)
		b := browserEntry{
			Since: l.Since, Name: p.Title(), Role: p.Role.String(), Session: p.Session, From: record.By(ctx).Address, Agent: agents[p.Session],
			Sent: math.Round(l.Bytes), Rate: math.Round(l.Rate), RTT: inMillis(l.RTT), Mode: "auto", Limit: l.Limit, Pictures: []pictureEntry{},
		}
		if l.Exact {
			b.Mode = "exact"
		}
		for _, at := range l.Pictures {
			b.Pictures = append(b.Pictures, pictureEntry{
				Topic: at.Topic, Title: pictureTitle(at.Topic), Rung: int(at.Rung), As: at.Step.Kind.String(), Quality: at.Step.Quality, Scale: at.Step.Scale,
				Lossy: at.Step.Lossy(), Ratio: math.Round(at.Ratio*100) / 100, FPS: math.Round(at.FPS*10) / 10, Lag: inMillis(at.Lag), Why: at.Why.String(),
			})
		}
		all = append(all, b)
	}
	s.lines.at, s.lines.all = now, all
	return all
}

func inMillis(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// getBrowsers answers GET /api/v1/browsers.
func (s *Server) getBrowsers(c echo.Context) error {
	return c.JSON(http.StatusOK, s.browsers(time.Now()))
}

// shownBrowsers are the browsers as Status shows them.
func shownBrowsers(all []browserEntry) []components.Browser {
	out := make([]components.Browser, len(all))
	for i, b := range all {
		out[i] = components.Browser{
			Key: strconv.FormatInt(b.Since.UnixNano(), 36) + "-" + strconv.Itoa(i), Who: b.Name, Agent: b.Agent, Address: b.From, Since: b.Since, Sent: b.Sent, Rate: b.Rate,
			RTT: ofMillis(b.RTT), Exact: b.Mode == "exact", Limit: b.Limit,
		}
		for _, p := range b.Pictures {
			out[i].Pictures = append(out[i].Pictures, components.BrowserPicture{
				Topic: p.Topic, Title: p.Title, As: components.WrittenAs(p.As, p.Quality, p.Scale), Ratio: p.Ratio, FPS: p.FPS, Lag: ofMillis(p.Lag), Why: p.Why,
			})
		}
	}
	return out
}

func ofMillis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// pictureTitle says in words what the pictures of a topic show: "camera of scope".
func pictureTitle(topic string) string {
	source, rest, _ := strings.Cut(topic, "/")
	feed, detail, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(detail, "/")
	switch feed {
	case "array", "columns":
		return fmt.Sprintf("%s of %s", name, source)
	case steer.FeedCanvas:
		return "canvas of " + source
	case sections.Feed:
		return "cross section of " + source
	}
	return feed + " of " + source
}
