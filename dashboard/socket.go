package dashboard

import (
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"webmon/dashboard/door"
	"webmon/dashboard/hub"
	"webmon/dashboard/record"
	"webmon/dashboard/sections"
	"webmon/dashboard/steer"
	"webmon/fault"
)

// upgrader opens sockets. Where a request comes from was checked before.
var upgrader = websocket.Upgrader{
	ReadBufferSize:  1024,
	WriteBufferSize: 4096,
	WriteBufferPool: &sync.Pool{},
	CheckOrigin:     func(*http.Request) bool { return true },
	Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
		http.Error(w, "The socket was refused: "+reason.Error()+".", status)
	},
}

// deflates reports whether a browser offers to take messages that are compressed as they are here (RFC 7692): each by itself, with all of
// deflate's window.
func deflates(r *http.Request) bool {
	for offer := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-Websocket-Extensions"), ","), ",") {
		name, parameters, _ := strings.Cut(offer, ";")
		if strings.EqualFold(strings.TrimSpace(name), "permessage-deflate") && !strings.Contains(strings.ToLower(parameters), "server_max_window_bits") {
			return true
		}
	}
	return false
}

// plainHosts are the hosts, as browsers name them, of which what comes compressed cannot be unpacked. Tornado, of which
// jupyter-server-proxy is made, misses in the answer to its offer that no message is to build on the one before it. The page
// connects again at once, and its messages then come as they are.
type plainHosts struct {
	mu    sync.Mutex
	hosts map[string]struct{}
}

// maxPlain is how many of them are known at a time.
const maxPlain = 64

func (p *plainHosts) add(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hosts == nil || len(p.hosts) >= maxPlain {
		p.hosts = map[string]struct{}{}
	}
	p.hosts[host] = struct{}{}
}

func (p *plainHosts) has(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.hosts[host]
	return ok
}

// socket serves one browser until it is gone.
func (s *Server) socket(c echo.Context) error {
	if s.hub.Stats().Browsers >= maxBrowsers {
		return echo.NewHTTPError(http.StatusServiceUnavailable, "Too many browsers are connected to this webmon.")
	}
	if !s.opts.Budget.Browsers.Take(browserBytes) {
		s.opts.Budget.Browsers.Refused()
		return echo.NewHTTPError(http.StatusServiceUnavailable, "There is no room for another browser: close pages that are not needed, or start webmon with more --memory.")
	}
	up := upgrader
	host := c.Request().Host
	up.EnableCompression = deflates(c.Request()) && !s.uncompressed.has(host)
	conn, err := up.Upgrade(c.Response(), c.Request(), nil)
	if err != nil {
		s.opts.Budget.Browsers.Give(browserBytes)
		return nil // the upgrader has answered
	}
	p := door.Of(c.Request().Context())
	release := s.door.Hold(p)
	ctx, cancel := context.WithCancelCause(record.With(door.With(s.ctx, p), author(c)))
	served := context.Context(ctx)
	if up.EnableCompression {
		served = hub.Deflating(ctx, !local(c.Request()))
	}
	// Not in the goroutine of the request: that one keeps the request, its buffers and the stack of all that has looked at it.
	fault.Go(nil, func() {
		defer s.opts.Budget.Browsers.Give(browserBytes)
		defer release()
		defer cancel(nil)
		defer s.endings.join(p.Gone, cancel, s.opts.Faults)()
		var corrupt flate.CorruptInputError
		if err := s.hub.Serve(served, conn); errors.As(err, &corrupt) {
			s.uncompressed.add(host)
			s.opts.Logger.Debug("messages of this host are not compressed any more, because what comes from there cannot be unpacked", "host", host)
		}
	}, s.opts.Faults.Noted("browser", ""))
	return nil
}

// endings end the sockets of sessions that end. One goroutine a session waits for that, and not one a socket.
type endings struct {
	mu sync.Mutex // guards all below
	of map[<-chan struct{}]*ending
}

// ending is the end of one session.
type ending struct {
	sockets map[*context.CancelCauseFunc]struct{}
	left    chan struct{} // closed when there is no socket any more
}

// join has cancel called when the session ends, which is when gone is closed, until leave is called.
func (e *endings) join(gone <-chan struct{}, cancel context.CancelCauseFunc, faults *fault.Ledger) (leave func()) {
	if gone == nil {
		return func() {}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	of := e.of[gone]
	if of == nil {
		if e.of == nil {
			e.of = map[<-chan struct{}]*ending{}
		}
		of = &ending{map[*context.CancelCauseFunc]struct{}{}, make(chan struct{})}
		e.of[gone] = of
		fault.Go(nil, func() {
			select {
			case <-gone:
				e.end(of)
			case <-of.left:
			}
		}, func(err error) {
			faults.Note("browser", "", err)
			e.end(of)
		})
	}
	of.sockets[&cancel] = struct{}{}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(of.sockets, &cancel)
		if len(of.sockets) == 0 {
			delete(e.of, gone)
			close(of.left)
		}
	}
}

// end ends the sockets of a session.
func (e *endings) end(of *ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for cancel := range of.sockets {
		(*cancel)(signedOut)
	}
}

// signedOut ends the socket of a session that has ended. The page then loads itself
// again, and so shows why.
var signedOut = &hub.Last{Message: hub.Text([]byte(`{"topic":"signed-out"}`)), Code: websocket.ClosePolicyViolation}

// kinds are the messages of a page that are the dashboard's business and not the
// hub's.
func (s *Server) kinds() map[string]func(browser any, message []byte) error {
	kinds := map[string]func(any, []byte) error{
		"set": s.set, "hand": s.hand, "canvas-hand": s.canvasHand, "canvas-draw": s.canvasDraw, "map-hand": s.mapHand, "map-select": s.mapSelect,
		"section-hand": s.sectionHand,
	}
	for kind, take := range kinds {
		role := need(roles, "socket "+kind)
		kinds[kind] = func(browser any, message []byte) error {
			if err := may(door.Of(hub.Context(browser)), role); err != nil {
				return err
			}
			return take(browser, message)
		}
	}
	return kinds
}

// setMessage is a value that somebody gives a control on a page while dragging it.
type setMessage struct {
	Source string `json:"source"` // its id
	Name   string `json:"name"`   // of the control
	Value  any    `json:"value"`
	Hand   string `json:"hand"` // random name of the page; see steer.Number
	N      uint64 `json:"n"`
}

// number is the number of the value, the zero value if the name of the page is not
// one that a page may have.
func (m *setMessage) number() steer.Number {
	if !hub.IsWho(m.Hand) {
		return steer.Number{N: m.N}
	}
	return steer.Number{Hand: m.Hand, N: m.N}
}

// set takes a value of a control that somebody is dragging.
func (s *Server) set(browser any, message []byte) error {
	var m setMessage
	if err := json.Unmarshal(message, &m); err != nil {
		return err
	}
	if src := s.registry.Get(m.Source); src != nil {
		s.desk.Drag(record.By(hub.Context(browser)), browser, src, m.Name, m.Value, m.number())
	}
	return nil
}

// handMessage is a position at which somebody presses on a picture, or with Down false
// the position where they let go.
type handMessage struct {
	Source string   `json:"source"` // its id
	X      *float64 `json:"x"`      // 0 (left) to 1 (right) of the picture; nil if missing
	Y      *float64 `json:"y"`      // 0 (bottom) to 1 (top)
	Down   bool     `json:"down"`
}

// readHand reads a handMessage. The position that it returns lies on the picture.
func readHand(message []byte) (m handMessage, x, y float64, err error) {
	if err := json.Unmarshal(message, &m); err != nil {
		return m, 0, 0, err
	}
	if m.X == nil || m.Y == nil {
		return m, 0, 0, errors.New("a message of the kind hand has no x or no y")
	}
	return m, max(0, min(1, *m.X)), max(0, min(1, *m.Y)), nil
}

// hand takes a position at which somebody presses. Everybody who looks at the source
// sees it, and the finger of a simulation moves there.
func (s *Server) hand(browser any, message []byte) error {
	m, x, y, err := readHand(message)
	if err != nil || !s.people.Hand(browser, m.Source, x, y, m.Down) {
		return err
	}
	if src := s.registry.Get(m.Source); src != nil {
		s.desk.Point(record.By(hub.Context(browser)), browser, src, x, y)
	}
	return nil
}

// canvasHand takes what hands do at the canvas of a viewer.
func (s *Server) canvasHand(browser any, message []byte) error {
	m, err := steer.ReadHands(message)
	if err != nil {
		return err
	}
	src := s.registry.Get(m.Source)
	if src == nil {
		return fmt.Errorf("there is no source %.80q", m.Source)
	}
	if !s.desk.Hands(record.By(hub.Context(browser)), browser, src, m) {
		return errors.New("somebody draws who has not asked for it, or while another one does")
	}
	return nil
}

// canvasDraw takes that somebody wants to draw at the canvas of a viewer, or does not any more.
func (s *Server) canvasDraw(browser any, message []byte) error {
	id, page, on, err := steer.ReadDraw(message)
	if err != nil {
		return err
	}
	src := s.registry.Get(id)
	if src == nil {
		return fmt.Errorf("there is no source %.80q", id)
	}
	who := steer.Drawer{Name: door.Of(hub.Context(browser)).Name, Page: page}
	if is, ok := s.people.Who(browser, src.ID()); ok {
		who.Person, who.Name, who.Colour = is.ID, is.Name, is.Colour
	}
	s.desk.Draw(browser, src, who, on)
	return nil
}

// sectionHand takes a place that somebody points at in a cross section, or in the picture beside it: napari's sliders and
// the crosshair move there.
func (s *Server) sectionHand(browser any, message []byte) error {
	m, err := sections.ReadHand(message)
	if err != nil {
		return err
	}
	if src := s.registry.Get(m.Source); src != nil {
		s.sections.Hand(record.By(hub.Context(browser)), browser, src, m)
	}
	return nil
}
