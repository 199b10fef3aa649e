// Package dashboard turns sources into pages. It has the server, its routes and their
// protection, and the pumps that make frames of what sources send. How a process is
// read is the business of the adapters in shm, which Options.Attach brings.
//
//	server, err := dashboard.New(dashboard.Options{Listener: l, Token: token, Attach: attach})
//	...
//	fmt.Println(server.URL())
//	err = server.Serve(ctx) // until ctx is done
package dashboard

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"webmon/components/ui"
	"webmon/dashboard/answer"
	"webmon/dashboard/api"
	"webmon/dashboard/board"
	"webmon/dashboard/budget"
	"webmon/dashboard/certs"
	"webmon/dashboard/door"
	"webmon/dashboard/frame"
	"webmon/dashboard/help"
	"webmon/dashboard/hub"
	"webmon/dashboard/instance"
	"webmon/dashboard/maps"
	"webmon/dashboard/maps/together"
	"webmon/dashboard/models"
	"webmon/dashboard/people"
	"webmon/dashboard/prefix"
	"webmon/dashboard/record"
	"webmon/dashboard/sections"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/dashboard/views"
	"webmon/dashboard/volumes"
	"webmon/fault"
	"webmon/public"
	"webmon/shm"
)

// Limits of requests.
const (
	maxBody        = 64 << 10
	maxHeader      = 16 << 10
	headerTimeout  = 5 * time.Second
	requestTimeout = 30 * time.Second
	stopTimeout    = 5 * time.Second
	maxBrowsers    = 10_000
	maxPages       = 64       // that are rendered at the same time
	browserBytes   = 32 << 10 // of memory that a connected browser takes before it is sent anything
)

// Options configure a Server.
type Options struct {
	Listener     net.Listener // owned by the server from New on
	Prefix       string       // path under which a proxy serves webmon, "" or like "/lab"; "": the first that is asked for later, see notebook.go
	Token        string       // that opens everything; "" lets everybody in
	AllowHosts   []string     // further names that requests may be addressed to
	AllowConnect []string     // origins that the client of volumes may load from, as CheckOrigin takes them
	// OwnHost leads browsers to a host name of webmon's own, so that no other port of
	// this machine gets their cookies; see [door.Options].
	OwnHost bool
	// Links keeps the links by which others may look or steer; nil: they end with the
	// server.
	Links door.Store
	// Keepers are further ways to know people; see [door.Keeper].
	Keepers []door.Keeper
	// Rotate is called when the user asks for a new token by a handover. It has the
	// token kept and calls [Server.Rotate]. nil: this is refused. Its error is one sentence.
	Rotate func() error
	// Moved is called when the server has taken a prefix, which [Server.Record] then has; nil: not called.
	Moved func() error
	// Certs make the server speak https; nil: http.
	Certs *certs.Certs
	// Notices are sentences about this run of webmon that every page shows.
	Notices []string
	// Attach makes the adapter for a target.
	Attach func(context.Context, source.Target, Self) (shm.Source, error)
	// Stop is called when a person asks webmon to stop. It must return at once.
	Stop func()
	// Models are the simulations that webmon can run or reach; nil: there is no
	// Models tab. For one of them Attach gets a target of shm.KindModel or
	// shm.KindRemote, whose name is the model's key.
	Models Models
	// ModelsFirst makes / lead to the Models tab while there is no other source.
	ModelsFirst bool
	// AddModel adds the models that another webmon was started with; nil: none can
	// be added. Its error is one sentence.
	AddModel func(json.RawMessage) error
	// Maps are the annotated stacks that webmon was given; nil: there is no Maps tab. Those with
	// images are sources too: for them Attach gets targets of which Target.Map tells the key.
	Maps maps.Library
	// AddMaps has a folder that another webmon was started with looked through for maps; nil: none can be
	// added. Its error is one sentence.
	AddMaps func(folder string) error
	// MapEdits edits them; nil: they are not edited.
	MapEdits maps.Editor
	// Docs has README.md and the other documents that the help is made of; nil: its pages are those that
	// need none.
	Docs fs.FS
	// Tabs are further tabs, after those of the table in tabs.go.
	Tabs []tab.Tab
	// Changes is the folder of the record of what people change. "": the record lasts
	// as long as the server.
	Changes string
	// Views is the folder of the views that people save by name. "": they last as long as
	// the server.
	Views string
	// Boards is the folder of the boards that people put together. "": they last as long as the
	// server.
	Boards string
	// Given are boards that are shown as they are.
	Given  []board.Given
	Budget *budget.Budget // of what is kept; nil: the default of this machine
	Logger *slog.Logger   // nil: slog.Default()
	// Faults takes what panics; nil: a new one that writes to Logger.
	Faults *fault.Ledger
}

// Models are the simulations that webmon can run or reach. Its methods return
// at once and are safe for concurrent use.
type Models interface {
	// List returns them in the order in which people see them. It is called about
	// once a second while somebody looks. The result is not changed.
	List() []shm.ModelInfo
}

// Self is how this webmon introduces itself to the processes it watches.
type Self struct {
	ID  string // random, new with each start
	URL string // without the token
	// Watchers returns how many browsers look at the process in this webmon; nil if
	// nobody counts them.
	Watchers func() int
}

// Server serves the dashboard.
type Server struct {
	opts         Options
	echo         *echo.Echo
	hub          *hub.Hub
	endings      endings
	uncompressed plainHosts
	registry     *source.Registry
	views        *views.Store

	boardStore *board.Store  // people's own
	boards     *board.Boards // all
	desk       *steer.Desk   // what people ask of the processes
	changes    *record.Log   // what people have changed
	people     *people.People
	steering   steering
	door       *door.Door
	prefix     *prefix.Prefix
	names      hostNames            // that requests may be addressed to
	roles      map[string]door.Role // that each route needs
	api        *api.API
	models     *models.Models // nil: there are none
	volumes    *volumes.Volumes
	sections   *sections.Sections
	maps       *maps.Maps      // nil: there are none
	pages      *answer.Answers // the HTML of requests
	book       *help.Book
	assets     *public.Assets
	tabs       []tab.Tab
	self       Self
	secret     string // of the handover
	began      time.Time
	usage      usage
	lines      lines
	busy       atomic.Int64 // when a browser was last connected, ns since the epoch

	ctx   context.Context // ends when the server stops: the life of sockets and pumps
	stop  context.CancelFunc
	pumpd sync.WaitGroup

	mu    sync.Mutex // guards all below
	token string     // "" for none
	pumps map[*source.Source]*pumping
}

// pumping is a pump that runs.
type pumping struct {
	*pump
	stop context.CancelFunc
}

// New returns a server that listens but does not serve yet.
func New(opts Options) (*Server, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Stop == nil {
		opts.Stop = func() {}
	}
	if opts.Faults == nil {
		opts.Faults = fault.NewLedger(opts.Logger)
	}
	if opts.Budget == nil {
		opts.Budget = budget.New(budget.Default())
	}
	s := &Server{
		opts:   opts,
		prefix: prefix.Of(opts.Prefix),
		people: people.New(),
		secret: rand.Text(),
		began:  time.Now(),
		token:  opts.Token,
		pages:  answer.New(opts.Budget.Answers, maxPages),
		pumps:  map[*source.Source]*pumping{},
	}
	s.people.Faults = opts.Faults
	s.people.Rooms = []string{together.Rooms}
	s.people.Feeds = []string{steer.FeedDrawing}
	s.people.Name = func(browser any) string { return door.Of(hub.Context(browser)).Name }
	s.busy.Store(s.began.UnixNano())
	s.names.add(certs.MachineNames())
	s.names.add(opts.AllowHosts)
	if opts.Certs != nil {
		s.names.add(opts.Certs.Names())
	}
	var err error
	if s.assets, err = public.New(s.prefix); err != nil {
		return nil, err
	}
	if s.book, err = help.New(opts.Docs); err != nil {
		return nil, err
	}
	s.door, err = door.New(door.Options{
		Token: opts.Token, Port: s.port(), Prefix: s.prefix, OwnHost: opts.OwnHost && opts.Prefix == "",
		Links: opts.Links, Keepers: opts.Keepers, Began: s.sessionBegan, Fail: s.notIn, Logger: opts.Logger, Faults: opts.Faults,
	})
	if err != nil {
		return nil, err
	}
	s.changes = record.Open(record.Options{Dir: opts.Changes, Logger: opts.Logger, Faults: opts.Faults})
	s.desk = steer.New(s.prefix, s.changes)
	s.views = views.New(opts.Views)
	s.boardStore = board.NewStore(opts.Boards)
	s.desk.Faults = opts.Faults
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.self = Self{ID: rand.Text(), URL: s.address(s.publicHost())}
	s.hub = hub.New(hub.Options{
		Open: s.openTopic, Close: s.closeTopic, Refresh: s.refreshTopic, Ready: s.readyTopic,
		Greeting: s.greeting, May: s.mayWatch, Kinds: s.kinds(), Watching: s.watching,
		Budget: opts.Budget, Logger: opts.Logger, Faults: opts.Faults,
	})
	s.registry, err = source.NewRegistry(source.Options{
		Attach: func(ctx context.Context, t source.Target) (shm.Source, error) {
			var adapter shm.Source
			self := s.self
			self.Watchers = func() int { return s.watchers(adapter) }
			var err error
			adapter, err = opts.Attach(ctx, t, self)
			if err == nil && s.models != nil {
				s.models.Opened(t, adapter)
			}
			if err == nil && s.maps != nil {
				s.maps.Opened(t, adapter)
			}
			return adapter, err
		},
		Added: s.startPump, Removed: s.stopPump, Budget: opts.Budget, Logger: opts.Logger, Faults: opts.Faults,
	})
	if err != nil {
		s.changes.Close()
		return nil, err
	}
	s.volumes = s.newVolumes()
	s.sections = sections.New(sections.Options{Desk: s.desk, Budget: s.opts.Budget.Volumes})
	if opts.Maps != nil {
		s.maps = s.newMaps()
	}
	if opts.Models != nil {
		s.models = s.newModels()
	}
	s.api = api.New(api.Options{
		Registry: s.registry, Desk: s.desk, Models: s.models, Changes: s.changes, Budget: opts.Budget,
		Logger: opts.Logger, Faults: opts.Faults, Wake: s.wake,
		About: api.About{Version: Version(), Protocol: shm.Protocol, Fits: Fits()},
	})
	s.boards = s.newBoards()
	s.tabs = append(s.tabTable(), opts.Tabs...)
	if err := checkTabs(s.tabs); err != nil {
		s.release()
		return nil, err
	}
	for i := range s.tabs {
		s.tabs[i].Needs = cmp.Or(s.tabs[i].Needs, door.Steer)
	}
	s.routes()
	return s, nil
}

// Serve answers requests until ctx is done. Then it detaches from the sources, closes
// the sockets of the browsers and returns.
func (s *Server) Serve(ctx context.Context) error {
	server := s.echo.Server
	server.Handler = squeezing(s.echo)
	server.ReadHeaderTimeout = headerTimeout
	server.ReadTimeout = requestTimeout
	server.WriteTimeout = requestTimeout
	server.IdleTimeout = 2 * time.Minute
	server.MaxHeaderBytes = maxHeader
	server.ErrorLog = slog.NewLogLogger(s.opts.Logger.Handler(), slog.LevelDebug)

	served := make(chan error, 1)
	failed := func(err error) {
		s.opts.Faults.Note("server", "", err)
		served <- err
	}
	fault.Go(nil, func() { served <- server.Serve(s.listener()) }, failed)
	var compressing sync.WaitGroup
	defer compressing.Wait()
	compress, stop := context.WithCancel(ctx)
	defer stop()
	fault.Go(&compressing, func() { s.assets.Compress(compress) }, s.opts.Faults.Noted("assets", ""))
	if s.opts.Certs != nil {
		fault.Go(nil, func() { s.opts.Certs.Obtain(ctx) }, s.opts.Faults.Noted("certificates", "")) // not waited for: an authority may take minutes to answer
	}
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	s.release()
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err = server.Shutdown(ctx); err != nil {
			server.Close()
		}
		err = errors.Join(err, <-served)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// release detaches from the sources, and ends pumps and sockets, for which Shutdown
// does not wait.
func (s *Server) release() {
	if s.models != nil {
		s.models.Close()
	}
	s.registry.Close()
	s.volumes.Close()
	s.stop()
	s.pumpd.Wait()
	s.door.Close()
	s.changes.Close()
}

// Attach begins to watch a process; see [source.Registry.Attach].
func (s *Server) Attach(ctx context.Context, t source.Target) (*source.Source, error) {
	return s.registry.Attach(ctx, t)
}

// Follow watches a process until ctx is done; see [source.Registry.Follow].
func (s *Server) Follow(ctx context.Context, t source.Target, begun func()) {
	s.registry.Follow(ctx, t, begun)
}

// watchers returns how many browsers look at the process that adapter reads.
func (s *Server) watchers(adapter shm.Source) int {
	if src := s.registry.Of(adapter); src != nil {
		return s.hub.Watchers(src.ID() + "/")
	}
	return 0
}

// Idle returns since when there has been neither a process nor a browser; zero
// while there is one.
func (s *Server) Idle() time.Time {
	since := s.registry.Idle()
	if s.hub.Stats().Browsers > 0 {
		s.busy.Store(time.Now().UnixNano())
		return time.Time{}
	}
	if since.IsZero() {
		return since
	}
	if busy := time.Unix(0, s.busy.Load()); busy.After(since) {
		return busy
	}
	return since
}

// URL is the address to open in a browser, token included.
func (s *Server) URL() string {
	u := s.address(s.publicHost())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" {
		u += "?token=" + url.QueryEscape(s.token)
	}
	return u
}

func (s *Server) setToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// handoverURL is where another webmon of this user hands over its source.
func (s *Server) handoverURL() string {
	host, _, _ := net.SplitHostPort(s.opts.Listener.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return s.address(host) + strings.TrimPrefix(handoverPath, "/")
}

// Record is what the next webmon of this user must know of this one.
func (s *Server) Record() instance.Record {
	r := instance.Record{URL: s.URL(), Handover: s.handoverURL(), Secret: s.secret, PID: os.Getpid()}
	if s.opts.Certs != nil {
		r.Certificate, r.ServerName = s.opts.Certs.Handover(), certs.HandoverName
	}
	return r
}

// publicHost is the host name or IP address that browsers use.
func (s *Server) publicHost() string {
	host, _, _ := net.SplitHostPort(s.opts.Listener.Addr().String())
	ip := net.ParseIP(host)
	if ip != nil && ip.IsUnspecified() {
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	if s.opts.Certs != nil && (ip == nil || !ip.IsLoopback()) {
		// Browsers warn at names that the certificate is not for.
		if names := s.opts.Certs.Names(); len(names) > 0 && !slices.Contains(names, strings.ToLower(host)) {
			return names[0]
		}
	}
	return host
}

func (s *Server) port() int {
	_, port, _ := net.SplitHostPort(s.opts.Listener.Addr().String())
	n, _ := strconv.Atoi(port)
	return n
}

func (s *Server) address(host string) string {
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(s.port())), Path: s.prefix.String() + "/"}
	if s.opts.Certs != nil {
		u.Scheme = "https"
		if s.port() == 443 { // which browsers leave out
			u.Host = strings.TrimSuffix(u.Host, ":443")
		}
	}
	return u.String()
}

const handoverPath = "/api/v1/handover"

// routes builds the table of all routes.
func (s *Server) routes() {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = s.failed
	s.echo = e

	e.Pre(s.stripPrefix)
	e.Use(
		s.recovered,
		unescaped,
		s.secureHeaders,
		s.hostCheck,
		s.admit,
		middleware.BodyLimitWithConfig(middleware.BodyLimitConfig{Skipper: func(c echo.Context) bool { return ofVolumes(c) || ofMaps(c) }, Limit: strconv.Itoa(maxBody)}), // before anything reads a form
		formToken,
		s.csrf(fmt.Sprintf("webmon_csrf_%d", s.port())),
	)

	e.GET("/", s.home)
	for i := range s.tabs {
		e.GET("/"+s.tabs[i].Slug, s.tabPage(i))
		if s.tabs[i].Items != nil {
			e.GET("/"+s.tabs[i].Slug+"/:item", s.itemPage(i))
		}
	}
	if s.models != nil {
		e.GET("/models/:model/picture.png", s.modelPicture)
		e.POST("/models/:model/parameters", s.postParameters)
	}
	e.GET("/individual/:chart", s.individual)
	e.GET(helpPath, s.helpPage)
	e.GET(helpPath+"/:page", s.helpPage)
	e.GET("/storybook", s.storybook)
	e.GET("/storybook/*", s.storybook)
	e.GET("/ws", s.socket)
	e.GET("/assets/*", echo.WrapHandler(s.assets.Handler()))
	// What browsers ask for beside what names no icon: an answer of the API, a file, a page that was left while it came.
	e.GET("/favicon.ico", func(c echo.Context) error { return c.Redirect(http.StatusFound, s.assets.URL("icon.svg")) })
	e.GET("/health", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	if s.opts.Certs != nil && s.opts.Certs.Authority() != nil {
		e.GET(trustPath, s.trust)
		e.GET(authorityPath, s.authority)
	}
	e.GET("/metrics", echo.WrapHandler(s.metrics()))
	s.volumeRoutes(e)
	s.mapRoutes(e)

	s.api.Routes(e)
	e.GET("/api/openapi.json", s.getOpenAPI)
	e.POST("/sources/:source/commands/:name", s.postCommand)
	e.POST("/sources/:source/dismiss", s.postDismiss)
	s.viewRoutes(e)
	s.boardRoutes(e)
	e.POST("/stop", s.postStop)
	e.POST("/links", s.newLink)
	e.POST("/links/:id/revoke", s.revokeLink)
	e.POST("/sessions/:id/end", s.endSession)
	e.POST("/logout", s.postLogout)
	e.GET("/api/v1/links", s.getLinks)
	e.POST("/api/v1/links", s.postLink)
	e.DELETE("/api/v1/links/:id", s.deleteLink)
	e.GET("/api/v1/sessions", s.getSessions)
	e.DELETE("/api/v1/sessions/:id", s.deleteSession)
	e.GET("/api/v1/browsers", s.getBrowsers)
	e.POST("/api/v1/prefix", s.postPrefix)
	e.POST("/api/v1/tickets", s.postTicket)
	e.POST(handoverPath, s.postHandover)
	s.keeperRoutes(e)
	s.roles = s.rolesOf(e)
}

// stripPrefix accepts requests with the prefix, and without it from proxies that
// remove it.
func (s *Server) stripPrefix(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u, prefix := c.Request().URL, s.prefix.String()
		path, raw := u.Path, u.EscapedPath()
		if rest, ok := strings.CutPrefix(path, prefix); ok && prefix != "" && (rest == "" || rest[0] == '/') {
			path, raw = rest, strings.TrimPrefix(raw, prefix)
		}
		// No path begins with two slashes: in an address that is made of it they
		// would name another host.
		u.Path, u.RawPath = "/"+strings.TrimLeft(path, "/"), "/"+strings.TrimLeft(raw, "/")
		if set := (&url.URL{Path: u.Path}).EscapedPath(); set == u.RawPath || u.EscapedPath() != u.RawPath {
			u.RawPath = "" // needed for what is escaped without need alone
		}
		return next(c)
	}
}

// unescaped makes what a path names what it stands for. Echo leaves the parts of a path as
// they are written if one of them has a slash in it, as that of the chart "stage.m/s".
func unescaped(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().URL.RawPath == "" {
			return next(c)
		}
		values := slices.Clone(c.ParamValues())
		for i, v := range values {
			text, err := url.PathUnescape(v)
			if err != nil {
				return echo.NewHTTPError(http.StatusBadRequest, "The address is not written as addresses are.")
			}
			values[i] = text
		}
		c.SetParamValues(values...)
		return next(c)
	}
}

// recovered ends a request that panics, and nothing else.
func (s *Server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := fault.Catch(func() error { return next(c) })
		if errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler) // which is how a handler says that it gives up
		}
		if !s.opts.Faults.Note("request", c.Path(), err) {
			return err
		}
		return echo.NewHTTPError(http.StatusInternalServerError, "Something went wrong inside webmon; its log says what.")
	}
}

// startPump runs the pump of a new source.
func (s *Server) startPump(src *source.Source) {
	ctx, cancel := context.WithCancel(s.ctx)
	p := &pumping{newPump(ctx, src), cancel}
	if src.ID() == source.Nobody {
		// Pages that wait for a process show it as soon as there is one.
		p.outdated = func() bool { return s.registry.HasProcess() }
	}
	s.mu.Lock()
	s.pumps[src] = p
	s.mu.Unlock()
	fault.Go(&s.pumpd, p.run, s.opts.Faults.Noted("pump", src.ID()))
}

// stopPump ends the pump of a source that is forgotten.
func (s *Server) stopPump(src *source.Source) {
	s.volumes.Forget(src)
	s.sections.Forget(src)
	s.mu.Lock()
	p := s.pumps[src]
	delete(s.pumps, src)
	s.mu.Unlock()
	if p != nil {
		p.forgotten.Store(true)
		p.stop()
	}
}

func (s *Server) pump(src *source.Source) *pumping {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pumps[src]
}

// openTopic finds the feed behind "<source>/<feed>[/<detail>]", or the one of the same
// HTML with its forms disabled, "<source>/locked/<feed>[/<detail>]".
func (s *Server) openTopic(t *hub.Topic) error {
	id, rest, _ := strings.Cut(t.Name(), "/")
	rest, locked := strings.CutPrefix(rest, tab.LockedFeeds)
	name, detail, _ := strings.Cut(rest, "/")
	src := s.registry.Get(id)
	if src == nil {
		return fmt.Errorf("there is no source %q", id)
	}
	p := s.pump(src)
	if p == nil {
		return fmt.Errorf("the source %q has just been forgotten", id)
	}
	t.Owner = p.pump
	at := tab.Place{Source: src, Prefix: s.prefix, Topic: t.Name(), Hub: t, Detail: detail, Locked: locked}
	return s.open(p.pump, t, name, at)
}

func (s *Server) closeTopic(t *hub.Topic) {
	if p, ok := t.Owner.(*pump); ok { // otherwise opening it has not come that far
		p.close(t)
	}
}

func (s *Server) refreshTopic(t *hub.Topic) { t.Owner.(*pump).refresh(t) }

func (s *Server) readyTopic(t *hub.Topic) { t.Owner.(*pump).ready(t) }

// open opens the feed of a hub topic by its name.
func (s *Server) open(p *pump, t *hub.Topic, name string, at tab.Place) error {
	var open tab.NewFeed
	switch name {
	case "html":
		open = s.htmlFeed
	case people.Topic:
		open = s.people.Feed
	}
	for i := range s.tabs {
		if pictures := s.tabs[i].Pictures[name]; pictures != nil && !at.Locked {
			open := func() (tab.Pictures, error) { return pictures(at) }
			feed, err := open()
			if err == nil {
				p.paint(t, feed, open)
			}
			return err
		}
		if feed := s.tabs[i].Feeds[name]; feed != nil {
			open = feed
		}
	}
	if open == nil {
		return fmt.Errorf("there is no feed %q", name)
	}
	again := func() (tab.Feed, error) {
		feed, err := open(at)
		if err == nil && at.Locked && !feed.Under(ui.Lock(context.Background(), whyLocked(s.needed(name, at.Detail)))) {
			return feed, fmt.Errorf("the feed %q has no forms that could be disabled", name)
		}
		return feed, err
	}
	feed, err := again()
	if err != nil {
		return err
	}
	p.open(t, feed, again)
	return nil
}

// greeting tells a page the version of the server. A page that another version has
// made loads itself again.
func (s *Server) greeting() []byte {
	w := frame.Begin(nil, "hello", time.Now())
	w.Key("version").String(s.assets.Version())
	w.Key("epoch").String(s.self.ID)
	return w.End()
}
