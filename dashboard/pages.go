package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"webmon/components/layout"
	"webmon/components/storybook"
	"webmon/components/ui"
	"webmon/dashboard/loader"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

const (
	headerSlug = "header" // of the live region in the page's head
	csrfField  = ui.CSRFField
)

// home leads to the first tab.
func (s *Server) home(c echo.Context) error {
	to := s.opts.Prefix + "/" + s.tabs[0].Slug
	if q := c.QueryString(); q != "" {
		to += "?" + q
	}
	return c.Redirect(http.StatusFound, to)
}

// tabPage serves a tab: the whole page, or its content alone to htmx.
func (s *Server) tabPage(i int) echo.HandlerFunc {
	t := &s.tabs[i]
	return func(c echo.Context) error {
		src, err := s.chosen(c)
		if err != nil {
			return err
		}
		now := time.Now()
		page := s.page(c, src, now)
		page.Title = t.Title
		for j := range page.Tabs {
			page.Tabs[j].Current = i == j
		}
		h := c.Response().Header()
		h.Add(echo.HeaderVary, "HX-Request, HX-Target, HX-History-Restore-Request")
		r := c.Request()
		content := s.tabContent(t, s.view(c, src, now))
		if r.Header.Get("HX-Request") != "" && r.Header.Get("HX-History-Restore-Request") == "" {
			return s.render(c, http.StatusOK, within(layout.Tab(page), content))
		}
		return s.render(c, http.StatusOK, within(layout.Shell(page), content))
	}
}

func (s *Server) view(c echo.Context, src *source.Source, now time.Time) tab.View {
	token, _ := c.Get(middleware.DefaultCSRFConfig.ContextKey).(string)
	return tab.View{
		Moment:  tab.Moment{Source: src, Now: now, Prefix: s.opts.Prefix},
		Request: c.Request(), CSRF: token,
	}
}

// chosen returns the source that the page's address names, else the default.
func (s *Server) chosen(c echo.Context) (*source.Source, error) {
	id := c.QueryParam("source")
	if id == "" {
		return s.registry.Default(), nil
	}
	if src := s.registry.Get(id); src != nil {
		return src, nil
	}
	return nil, echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf(
		"There is no source %q. It may have ended more than ten minutes ago.", id))
}

// page is the shell for a source.
func (s *Server) page(c echo.Context, src *source.Source, now time.Time) layout.Page {
	query := ""
	if id := c.QueryParam("source"); id != "" {
		query = "?source=" + url.QueryEscape(id)
	}
	p := layout.Page{
		Prefix: s.opts.Prefix, Asset: s.assets.URL, Version: s.assets.Version(),
		Socket: s.opts.Prefix + "/ws", CSRF: s.view(c, src, now).CSRF,
		Embed:  c.QueryParam("embed") != "",
		Header: s.header(src, now), Sources: s.sourceLinks(src, c.Path(), now),
	}
	for i := range s.tabs {
		t := &s.tabs[i]
		p.Tabs = append(p.Tabs, layout.TabLink{
			Title: t.Title, Help: t.Help, Href: s.opts.Prefix + "/" + t.Slug + query,
		})
	}
	return p
}

// sourceLinks lists the sources for the picker. Each leads to the same tab.
func (s *Server) sourceLinks(current *source.Source, path string, now time.Time) []layout.SourceLink {
	var out []layout.SourceLink
	for _, src := range s.registry.List() {
		st := src.Status(now)
		link := layout.SourceLink{
			Name: st.ID, State: stateOf(src, st), Current: src == current,
			Href: s.opts.Prefix + path + "?source=" + url.QueryEscape(st.ID),
		}
		if !st.Running && !st.Ended.IsZero() {
			link.Note = "ended " + st.Ended.Format("15:04")
		}
		out = append(out, link)
	}
	return out
}

// stateOf puts a source's state in a word.
func stateOf(src *source.Source, st source.Status) ui.State {
	switch {
	case src.ID() == source.Nobody:
		return ui.Absent
	case !st.Running:
		return ui.Gone
	case st.Stale:
		return ui.Stale
	case st.Silent:
		return ui.Waiting
	}
	return ui.Live
}

func (s *Server) header(src *source.Source, now time.Time) layout.Header {
	st := src.Status(now)
	h := layout.Header{
		Topic: src.ID() + "/html/" + headerSlug,
		State: stateOf(src, st), Heard: st.Heard, Age: st.Age, Rate: st.FrameRate,
		Notices: s.notices(src, st, now),
	}
	if !st.Framed && st.Frames == 0 {
		h.Rate = -1 // it draws nothing
	}
	return h
}

func (s *Server) headerFrame(src *source.Source, now time.Time) templ.Component {
	return layout.HeaderFrame(s.header(src, now))
}

// howToAttach is what to do to see a process of one's own.
const howToAttach = `# napari 0.5 or newer, with napari-webmon:
#   Plugins > webmon
# any Python program, with the same:
import webmon
webmon.serve(name="scope")
# napari 0.4.11, without it:
echo '{"clients": [["webmon"]]}' > monitor.json
NAPARI_MON=monitor.json napari`

// notices are the lines below the page's head.
func (s *Server) notices(src *source.Source, st source.Status, now time.Time) []layout.Notice {
	var out []layout.Notice
	switch {
	case src.ID() == source.Nobody:
		out = append(out, layout.Notice{
			Key: "nobody", Severity: ui.Info, Text: "Nothing is attached. A napari with the plugin webmon, and any Python program that calls webmon.serve, appears here by itself.",
			Code: howToAttach,
		})
	case st.Kind == shm.KindDemo && st.Running:
		out = append(out, layout.Notice{
			Key: "demo", Severity: ui.Info, Text: "This is a demo: a synthetic napari that moves about a made-up image. Your own napari, or any Python program, takes one of these steps and appears here:",
			Code: howToAttach,
		})
	case !st.Running:
		n := layout.Notice{Key: "gone", Severity: ui.Warning, Text: st.Problem}
		if st.Starts > 0 {
			n.Text += fmt.Sprintf(" That was at %s; what it sent last stays here.", st.Ended.Format("15:04:05"))
		}
		out = append(out, n)
	case st.Stale && !st.Framed:
		out = append(out, layout.Notice{
			Key: "stale", Severity: ui.Warning,
			Text: st.Name + " does not answer: it is stopped, is being debugged, or computes without letting other threads run. It is still there, and this page goes on when it does.",
		})
	case st.Stale:
		out = append(out, layout.Notice{
			Key: "stale", Severity: ui.Warning,
			Text: st.Name + " has stopped sending frames: it hangs, is being debugged, or is stopped. It is still there, and this page goes on when it does.",
		})
	case st.Reader != "":
		out = append(out, layout.Notice{
			Key: "reader", Severity: ui.Warning, Text: "Another webmon reads this process already, and its messages can go to one reader only.",
			Href: st.Reader, Link: "Open that webmon",
		})
	}
	if newer := s.registry.Default(); newer != src && newer.ID() != source.Nobody && !st.Running && src.ID() != source.Nobody && newer.Status(now).Running {
		out = append(out, layout.Notice{
			Key: "newer", Severity: ui.Info, Text: newer.ID() + " is running.",
			Href: s.opts.Prefix + "/?source=" + url.QueryEscape(newer.ID()), Link: "Show " + newer.ID(),
		})
	}
	for _, n := range st.Notices {
		// Of another reader, and of one that does not answer, is told above, for
		// as long as it is so.
		if n.Key != "reader" && !(n.Key == "hang" && !st.Framed) && now.Sub(n.Last) < time.Minute {
			out = append(out, layout.Notice{Key: n.Key, Severity: ui.Warning, Text: n.Text})
		}
	}
	return out
}

// individual shows one chart alone.
func (s *Server) individual(c echo.Context) error {
	src, err := s.chosen(c)
	if err != nil {
		return err
	}
	now := time.Now()
	name := c.Param("chart")
	title, content, err := loader.Alone(s.view(c, src, now), name)
	if err != nil {
		return echo.NewHTTPError(http.StatusNotFound, source.Sentence(err))
	}
	page := s.page(c, src, now)
	page.Title, page.Embed = title, true
	return s.render(c, http.StatusOK, within(layout.Shell(page), content))
}

// storybook shows every component in every state, or one story alone.
func (s *Server) storybook(c echo.Context) error {
	name := c.Param("*")
	page, ok := storybook.Page(s.plain(), name)
	if !ok {
		return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("There is no story %q.", name))
	}
	return s.render(c, http.StatusOK, page)
}

// stopped is the last page.
func (s *Server) stopped(c echo.Context) error {
	return s.render(c, http.StatusOK, layout.MessagePage(layout.Message{
		Page: s.plain(), Title: "webmon has stopped",
		Text: "napari goes on undisturbed. Start webmon again to come back to this address.",
	}))
}

// plain is a page without a source.
func (s *Server) plain() layout.Page {
	return layout.Page{Prefix: s.opts.Prefix, Asset: s.assets.URL}
}

func (s *Server) render(c echo.Context, status int, component templ.Component) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().WriteHeader(status)
	return component.Render(c.Request().Context(), c.Response())
}

// failed answers every request that came to nothing: a page for people, JSON
// for programs, each with one plain sentence.
func (s *Server) failed(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, text := http.StatusInternalServerError, "Something went wrong inside webmon; its log says what."
	var he *echo.HTTPError
	if errors.As(err, &he) {
		status = he.Code
		switch m, ok := he.Message.(string); {
		case ok && !slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge}, status),
			ok && m != http.StatusText(status):
			text = m
		case status == http.StatusNotFound:
			text = "There is nothing at this address."
		case status == http.StatusMethodNotAllowed:
			text = "This address does not take " + c.Request().Method + "."
		case status == http.StatusRequestEntityTooLarge:
			text = errTooLarge.Message.(string)
		}
	} else {
		s.opts.Logger.Error("request failed", "path", c.Request().URL.Path, "error", err)
	}
	var sendErr error
	switch r := c.Request(); {
	case r.Method == http.MethodHead:
		sendErr = c.NoContent(status)
	case status == http.StatusUnauthorized && wantsPage(r):
		q := r.URL.Query()
		wrong := q.Has("token")
		q.Del("token")
		next := url.URL{Path: s.opts.Prefix + r.URL.Path, RawQuery: q.Encode()}
		sendErr = s.render(c, status, layout.LoginPage(s.plain(), next.String(), wrong))
	case wantsPage(r):
		sendErr = s.render(c, status, layout.MessagePage(layout.Message{
			Page: s.plain(), Title: http.StatusText(status), Text: text, Back: status != http.StatusForbidden,
		}))
	default:
		body := map[string]string{"error": text}
		var field fieldError
		if errors.As(err, &field) {
			body["field"] = field.field
		}
		sendErr = c.JSON(status, body)
	}
	if sendErr != nil {
		s.opts.Logger.Debug("answer not sent", "error", sendErr)
	}
}
