package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"webmon/components"
	"webmon/components/layout"
	"webmon/components/storybook"
	"webmon/components/ui"
	"webmon/dashboard/answer"
	"webmon/dashboard/chart"
	"webmon/dashboard/door"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm"
)

const (
	headerSlug = "header" // of the live region in the page's header
	csrfField  = ui.CSRFField
)

// home leads to the first tab, or to the models if webmon was started for them.
func (s *Server) home(c echo.Context) error {
	slug := s.tabs[0].Slug
	if s.models != nil && s.opts.ModelsFirst && c.QueryParam("source") == "" && !s.registry.HasProcess() {
		slug = modelsSlug
	}
	return c.Redirect(http.StatusFound, door.Inside(s.prefix.String(), "/"+slug+"?"+c.QueryString()))
}

// tabPage serves a tab: the whole page, or its content alone to htmx.
func (s *Server) tabPage(i int) echo.HandlerFunc {
	t := &s.tabs[i]
	return func(c echo.Context) error {
		if s.registry.Yielded(c.QueryParam("source")) { // a page of the demo, when there is something real
			return c.Redirect(http.StatusFound, door.Inside(s.prefix.String(), "/"+t.Slug))
		}
		src, err := s.chosen(c)
		if err != nil {
			return err
		}
		if t.Items != nil && t.Items.Of(src) != "" {
			src = s.beside() // the list belongs to none of the models in it
		}
		if wakes(src) && s.unasked(c) {
			return s.ask(c, t.Title)
		}
		lock(c, t)
		now := time.Now()
		page := s.page(c, src, now)
		page.Title = t.Title
		if name := c.QueryParam("array"); page.Embed && name != "" {
			page.Title = ui.Name(name)
		}
		if src.IsMap() && !ofMap(t.Slug) {
			return s.tabAnswer(c, i, page, s.notOfMap(src, t.Title))
		}
		return s.tabAnswer(c, i, page, s.tabContent(t, s.view(c, src, now)))
	}
}

// ofMap reports whether a tab has something to show of the images of a map.
func ofMap(slug string) bool { return slug == "arrays" || slug == "volumes" || slug == "status" }

// notOfMap says that a tab has nothing of a map.
func (s *Server) notOfMap(src *source.Source, title string) templ.Component {
	p := components.NotOfMap{Title: title, Arrays: s.prefix.String() + "/arrays?source=" + url.QueryEscape(src.ID())}
	p.Map, p.Name, _ = s.maps.Origin(src)
	return components.NotOfMapPage(p)
}

// itemPage serves the page of an item of a tab. It shows the item's source.
func (s *Server) itemPage(i int) echo.HandlerFunc {
	t := &s.tabs[i]
	return func(c echo.Context) error {
		name := c.Param("item")
		if t.Items.Starts != nil && t.Items.Starts(name) && s.unasked(c) {
			return s.ask(c, name)
		}
		item, err := t.Items.Open(c.Request().Context(), name)
		if no := tab.NoItem(""); errors.As(err, &no) {
			return echo.NewHTTPError(http.StatusNotFound, string(no))
		}
		if err != nil {
			return err
		}
		src := item.Source
		if src == nil {
			src = s.beside()
		}
		lock(c, t)
		// Nothing could tell the page later that there is a source.
		switch {
		case src == item.Source:
		case item.Opening:
			c.Response().Header().Set("Refresh", "2")
		case ui.Locked(c.Request().Context()) != "": // somebody else may start it
			c.Response().Header().Set("Refresh", "5")
		}
		now := time.Now()
		page := s.page(c, src, now)
		page.Title = item.Title
		content := t.Items.Page(s.view(c, src, now), name)
		return s.tabAnswer(c, i, page, content)
	}
}

// wakes reports whether a page of a source starts it again, by its socket.
func wakes(src *source.Source) bool { return src.IsModel() && !src.Running() }

// unasked reports whether a navigation has begun at a page of another site or port, so
// that whoever sits before the browser has perhaps not asked for what it starts. Who
// may only look starts nothing.
func (s *Server) unasked(c echo.Context) bool {
	r := c.Request()
	return door.Elsewhere(r) && door.Of(r.Context()).Role >= door.Steer
}

// ask answers with a page with one button, which leads to the page that was asked for.
func (s *Server) ask(c echo.Context, title string) error {
	u := c.Request().URL
	return s.render(c, http.StatusOK, layout.AskPage(layout.Message{
		Page: s.plain(), Title: "Start " + title + "?",
		Text: "A page of another site, or of another program on this machine, has led here. The page starts a simulation, which everybody sees who looks at this webmon.",
	}, "Open the page", door.Inside(s.prefix.String(), u.EscapedPath()+"?"+u.RawQuery)))
}

// tabAnswer answers with the ith tab: the whole page, or its content alone to
// htmx.
func (s *Server) tabAnswer(c echo.Context, i int, page layout.Page, content templ.Component) error {
	for j := range page.Tabs {
		page.Tabs[j].Current = i == j
	}
	page.HelpHere = s.book.ForTab(s.prefix.String(), s.tabs[i].Slug)
	h := c.Response().Header()
	h.Add(echo.HeaderVary, "HX-Request, HX-Target, HX-History-Restore-Request")
	r := c.Request()
	if r.Header.Get("HX-Request") != "" && r.Header.Get("HX-History-Restore-Request") == "" {
		return s.render(c, http.StatusOK, within(layout.Tab(page), content))
	}
	return s.render(c, http.StatusOK, within(layout.Shell(page), content))
}

func (s *Server) view(c echo.Context, src *source.Source, now time.Time) tab.View {
	token, _ := c.Get(middleware.DefaultCSRFConfig.ContextKey).(string)
	return tab.View{
		Moment: tab.Moment{
			Source: src, Now: now, Prefix: s.prefix.String(), Locked: ui.Locked(c.Request().Context()) != "",
		},
		Request: c.Request(), CSRF: token,
	}
}

// chosen returns the source that the page's URL names, otherwise the default.
func (s *Server) chosen(c echo.Context) (*source.Source, error) {
	id := c.QueryParam("source")
	if id == "" {
		return s.registry.Default(), nil
	}
	if src := s.wake(c.Request().Context(), id); src != nil {
		return src, nil
	}
	return nil, echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf(
		"There is no source %q. It may have ended more than ten minutes ago.", id))
}

// page is the shell for a source.
func (s *Server) page(c echo.Context, src *source.Source, now time.Time) layout.Page {
	p := layout.Page{
		Prefix: s.prefix.String(), Asset: s.assets.URL, Version: s.assets.Version(),
		Socket: s.prefix.String() + "/ws", CSRF: s.view(c, src, now).CSRF,
		Person: s.who(c, s.view(c, src, now).CSRF),
		Help:   s.prefix.String() + helpPath,
		Header: s.header(tab.Moment{Source: src, Now: now, Prefix: s.prefix.String(), Locked: person(c).Role < door.Steer}), Sources: s.sourceLinks(src, c.Path(), c.QueryParam("view"), now),
	}
	s.embed(c.Request(), &p)
	// The links of a page of a model lead to pages of the same model.
	id, shown := c.QueryParam("source"), s.defaultOr(src)
	if s.modelOf(src) != "" {
		id = src.ID()
	}
	query := ""
	if id != "" {
		query = "?source=" + url.QueryEscape(id)
		shown = s.registry.Get(id)
	}
	keys := tabKeys(s.tabs)
	for i := range s.tabs {
		t := &s.tabs[i]
		if src.IsMap() && !ofMap(t.Slug) {
			// The other pages are of processes.
			p.Tabs = append(p.Tabs, layout.TabLink{Title: t.Title, Help: t.Help, More: s.book.ForTab(s.prefix.String(), t.Slug), Key: keys[i], Href: s.prefix.String() + "/" + t.Slug, Elsewhere: true})
			continue
		}
		link := layout.TabLink{Title: t.Title, Help: t.Help, More: s.book.ForTab(s.prefix.String(), t.Slug), Key: keys[i], Href: s.prefix.String() + "/" + t.Slug + query, Elsewhere: shown != src}
		if t.Items != nil && shown != nil && t.Items.Of(shown) != "" {
			// The list belongs to no model, and must not show one as its source.
			link.Href, link.Elsewhere = s.prefix.String()+"/"+t.Slug, src.ID() != source.Nobody
		}
		p.Tabs = append(p.Tabs, link)
	}
	return p
}

// embed makes a page one that stands in another, if its address has embed=1, and in the theme that it
// has, theme=dark or theme=light.
func (s *Server) embed(r *http.Request, p *layout.Page) {
	query := r.URL.Query()
	if theme := query.Get("theme"); theme == "dark" || theme == "light" {
		p.Theme = theme
	}
	if query.Get("embed") == "" {
		return
	}
	query.Del("embed")
	query.Del("theme")
	p.Embed, p.Full = true, door.Inside(s.prefix.String(), r.URL.EscapedPath()+"?"+query.Encode())
}

// embedded is a page without a source, as the address of a request asks for it.
func (s *Server) embedded(r *http.Request) layout.Page {
	p := s.plain()
	s.embed(r, &p)
	return p
}

// runAgain is what a page in the cell of a notebook says besides, where what it was to show cannot be shown.
const runAgain = " Run the cell of the notebook again."

// defaultOr is the source of a page whose URL names none, if src is the source of
// this page.
func (s *Server) defaultOr(src *source.Source) *source.Source {
	if src.ID() == source.Nobody {
		return s.registry.Default()
	}
	return src
}

// beside is the source of the list of models, which belongs to none of them.
func (s *Server) beside() *source.Source {
	if src := s.registry.Default(); !src.IsModel() {
		return src
	}
	return s.registry.Get(source.Nobody)
}

// modelOf is the key of the model that a source belongs to, "" for none.
func (s *Server) modelOf(src *source.Source) string {
	if s.models == nil {
		return ""
	}
	return s.models.KeyOf(src)
}

// sourceLinks lists the sources for the picker. Each link leads to the same tab, in the
// same view of it, except on the page of a model, which shows that model only.
func (s *Server) sourceLinks(current *source.Source, path, view string, now time.Time) []layout.SourceLink {
	ofModels := path == "/"+modelsSlug || strings.HasPrefix(path, "/"+modelsSlug+"/")
	path, _, _ = strings.Cut(path, "/:") // the page of an item leads to the list
	if ofModels || path == helpPath {
		path = "/" + s.tabs[0].Slug
	}
	var out []layout.SourceLink
	for _, src := range s.registry.List() {
		if src.IsMap() && src != current {
			continue // the tab Maps lists them
		}
		st := src.Status(now)
		link := layout.SourceLink{
			Name: st.ID, State: tab.StateOf(src, st), Current: src == current,
			Href: s.prefix.String() + path + "?source=" + url.QueryEscape(st.ID),
		}
		if view != "" && !ofModels {
			link.Href += "&view=" + url.QueryEscape(view)
		}
		if key := s.modelOf(src); key != "" && ofModels {
			link.Href = s.models.Href(key)
		}
		if !st.Running && !st.Ended.IsZero() {
			link.Note = "ended " + st.Ended.Format("15:04")
		}
		out = append(out, link)
	}
	return out
}

func (s *Server) header(m tab.Moment) layout.Header {
	src := m.Source
	st := src.Status(m.Now)
	h := layout.Header{
		Topic: m.LiveTopic(headerSlug),
		State: tab.StateOf(src, st), Heard: st.Heard, Age: st.Age, Rate: st.FrameRate,
		Notices: s.notices(m, st),
	}
	if !st.Framed && st.Frames == 0 {
		h.Rate = -1 // it sends no frames
	}
	return h
}

// notices are the lines below the page's header.
func (s *Server) notices(m tab.Moment, st source.Status) []layout.Notice {
	src, now := m.Source, m.Now
	var out []layout.Notice
	for i, text := range s.opts.Notices {
		out = append(out, layout.Notice{Key: "webmon" + strconv.Itoa(i), Severity: ui.Warning, Text: text})
	}
	switch {
	case src.ID() == source.Nobody && s.models != nil && s.opts.ModelsFirst:
		// webmon was started for the models, so nothing is missing.
	case src.ID() == source.Nobody:
		out = append(out, layout.Notice{
			Key: "nobody", Severity: ui.Info, Text: "No process is attached. napari with the plugin webmon, or any Python program that calls webmon.serve, appears here by itself.",
			Code: components.HowToAttach,
		})
	case st.Kind == shm.KindDemo && st.Running:
		out = append(out, layout.Notice{
			Key: "demo", Severity: ui.Info, Text: "This is a demo: a made-up microscope. Everything in it works, and nothing of it is real. It goes when something of yours is attached:",
			Code: components.HowToAttach,
		})
	case !st.Running && st.Rests:
		n := layout.Notice{Key: "stopped", Severity: ui.Info, Text: st.Problem}
		if key := s.modelOf(src); key != "" {
			n.Href, n.Link = s.models.Href(key), "Start it again"
			if m.Locked {
				n.Link = "Show it"
			}
		}
		out = append(out, n)
	case !st.Running && src.IsMap():
		out = append(out, layout.Notice{Key: "gone", Severity: ui.Info, Text: st.Problem, Href: s.prefix.String() + "/arrays?source=" + url.QueryEscape(st.ID), Link: "Open it again"})
	case !st.Running:
		n := layout.Notice{Key: "gone", Severity: ui.Warning, Text: st.Problem}
		if st.Starts > 0 {
			n.Text += fmt.Sprintf(" That was at %s. The page shows what it sent last.", st.Ended.Format("15:04:05"))
		}
		out = append(out, n)
	case st.Stale && src.IsModel():
		out = append(out, layout.Notice{
			Key: "stale", Severity: ui.Warning,
			Text: st.Name + " does not answer: it is computing something long, or hangs. This page continues when it answers. Restart starts the simulation again.",
		})
	case st.Stale && !st.Framed:
		out = append(out, layout.Notice{
			Key: "stale", Severity: ui.Warning,
			Text: st.Name + " does not answer: it is stopped, is being debugged, or computes without letting other threads run. The process is still there. This page continues when it answers.",
		})
	case st.Stale:
		out = append(out, layout.Notice{
			Key: "stale", Severity: ui.Warning,
			Text: st.Name + " has stopped sending frames: it hangs, is being debugged, or is stopped. The process is still there. This page continues when it sends frames.",
		})
	case st.Reader != "":
		out = append(out, layout.Notice{
			Key: "reader", Severity: ui.Warning, Text: "Another webmon reads this process already. Only one webmon can receive its messages.",
			Href: st.Reader, Link: "Open that webmon",
		})
	}
	if newer := s.registry.Default(); newer != src && newer.ID() != source.Nobody && !st.Running && src.ID() != source.Nobody && newer.Running() {
		out = append(out, layout.Notice{
			Key: "newer", Severity: ui.Info, Text: newer.ID() + " is running.",
			Href: s.prefix.String() + "/?source=" + url.QueryEscape(newer.ID()), Link: "Show " + newer.ID(),
		})
	}
	if n := misfit(st.Info, Version()); n != nil && st.Running {
		out = append(out, *n)
	}
	for _, n := range st.Notices {
		// The notices above already say that there is another reader, or that the
		// process does not answer, for as long as that is so.
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
	if wakes(src) && s.unasked(c) {
		return s.ask(c, name)
	}
	title, content, err := chart.Alone(s.view(c, src, now), name)
	if err != nil {
		return echo.NewHTTPError(http.StatusNotFound, natural.Sentence(err.Error()))
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

// stopped is the page that is shown after webmon was stopped.
func (s *Server) stopped(c echo.Context) error {
	return s.render(c, http.StatusOK, layout.MessagePage(layout.Message{
		Page: s.plain(), Title: "webmon has stopped",
		Text: "The processes that it watched keep running. Start webmon again to come back to this address.",
	}))
}

// plain is a page without a source.
func (s *Server) plain() layout.Page {
	return layout.Page{Prefix: s.prefix.String(), Asset: s.assets.URL}
}

// render answers with a page, or a part of one. It is made before any of it is sent, so
// that a browser that reads slowly holds nothing of what the page shows.
func (s *Server) render(c echo.Context, status int, component templ.Component) error {
	ctx := c.Request().Context()
	h := c.Response().Header()
	body, err := s.pages.Make(ctx, 0, func(b *answer.Body) error {
		if c.Request().Header.Get("HX-Request") != "" { // a part of a page, which has the modules
			return component.Render(ctx, b)
		}
		p := &preloader{w: b}
		if err := component.Render(ctx, p); err != nil {
			return err
		}
		h.Set("Link", p.link(s.assets))
		return nil
	})
	if err != nil {
		return err
	}
	h.Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	h.Set(echo.HeaderContentLength, strconv.Itoa(body.Len()))
	c.Response().WriteHeader(status)
	return body.Send(c.Response())
}

// login is what the page says that asks for the token. why is why the request is
// nobody's.
func (s *Server) login(r *http.Request, why string) layout.Login {
	next := r.URL.EscapedPath() + "?" + r.URL.RawQuery
	l := layout.Login{Next: door.Inside(s.prefix.String(), next), Wrong: door.HasSecret(r), Why: why}
	if why == unauthorized.Message {
		l.Why = ""
	}
	// A browser sends no cookie with a navigation that began on another site.
	if door.Elsewhere(r) {
		l.Again = l.Next
	}
	for _, way := range s.door.Ways() {
		l.Ways = append(l.Ways, layout.LoginWay{
			Text: way.Title, Href: s.prefix.String() + way.Path + "?next=" + url.QueryEscape(door.Within(s.prefix.String(), l.Next)),
		})
	}
	return l
}

// statusOf is the HTTP status of a refusal.
func statusOf(no *refusal.Error) int {
	if no.Gone {
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}

// failed answers every request that has failed: with a page for people and with JSON
// for programs. Both have one plain sentence.
func (s *Server) failed(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		return // nobody waits for the answer, which is nobody's fault
	}
	status, text := http.StatusInternalServerError, "Something went wrong inside webmon; its log says what."
	var no *refusal.Error
	var busy *answer.Busy
	var he *echo.HTTPError
	if errors.As(err, &no) {
		status, text = statusOf(no), no.Text
	} else if errors.As(err, &busy) {
		_ = c.String(http.StatusServiceUnavailable, busy.Error()+"\n") // there is no room for a page
		return
	} else if errors.As(err, &he) {
		status = he.Code
		switch m, ok := he.Message.(string); {
		case ok && !slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge}, status),
			ok && m != http.StatusText(status):
			text = m
		case status == http.StatusNotFound:
			text = "There is nothing at this address."
		case status == http.StatusMethodNotAllowed:
			text = "This address does not accept " + c.Request().Method + "."
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
	case status == http.StatusUnauthorized && door.WantsPage(r):
		if page := s.embedded(r); page.Embed {
			// Who opens a notebook of before has no use for a form in each of its frames.
			sendErr = s.render(c, status, layout.MessagePage(layout.Message{
				Page: page, Title: "Not shown", Text: "webmon does not know this browser: it was started again since, or the notebook is older." + runAgain,
			}))
			break
		}
		sendErr = s.render(c, status, layout.LoginPage(s.plain(), s.login(r, text)))
	case door.WantsPage(r):
		page := s.embedded(r)
		if page.Embed && status == http.StatusNotFound {
			text += runAgain
		}
		sendErr = s.render(c, status, layout.MessagePage(layout.Message{
			Page: page, Title: http.StatusText(status), Text: text, Back: status != http.StatusForbidden,
		}))
	default:
		body := map[string]string{"error": text}
		if no != nil && no.Field != "" {
			body["field"] = no.Field
		}
		if text == string(door.Unknown) {
			body["session"] = "unknown" // an open page keeps what it shows (socket.js)
		}
		sendErr = c.JSON(status, body)
	}
	if sendErr != nil {
		s.opts.Logger.Debug("answer not sent", "error", sendErr)
	}
}
