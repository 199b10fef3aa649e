package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"

	"webmon/shm"
)

const scheme = "tcp://"

// Options say which server.
type Options struct {
	Address string  // tcp://host:port
	Rate    float64 // pictures a second at most; default and greatest: 60
	Logger  *slog.Logger
}

// Server is what is known about a super_hydro server. Its methods are safe for concurrent
// use.
type Server struct {
	opts   Options
	addr   string // host:port
	timing timing
	retry  time.Duration // the first pause between attempts
	idle   float64       // densities a second while nobody looks at them
	turn   chan struct{} // capacity one: the run that may speak to the server

	mu      sync.Mutex // guards all below
	half    half       // of the last run
	title   string     // "" before it was reached
	about   string
	problem string
	detail  string
	starts  map[string]shm.Value // the first live value of each control, by name
}

const maxRate = 60

// New returns a server of which only the address is known.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if !(o.Rate > 0 && o.Rate < maxRate) {
		o.Rate = maxRate
	}
	return &Server{
		opts: o, addr: strings.TrimPrefix(o.Address, scheme),
		timing: usual, retry: time.Second, idle: 5, turn: make(chan struct{}, 1),
	}
}

// Info says what is known about the server. Its Problem says why the last attempt to reach
// the server failed. A visit tries again.
func (s *Server) Info() shm.ModelInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := shm.ModelInfo{
		Key: key(s.addr), Title: s.title, About: s.about, Origin: scheme + s.addr, Kind: shm.KindRemote,
		Problem: s.problem, Detail: s.detail,
	}
	if info.Title == "" {
		info.Title = "super_hydro at " + s.addr
	}
	if info.About == "" {
		info.About = "A simulation on a super_hydro server at " + scheme + s.addr + ". What it computes is known once it was visited."
	}
	return info
}

// key turns an address into a text that can stand in the path of a URL.
func key(addr string) string {
	return "hydro-" + strings.Trim(strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, addr), "-")
}

// Open returns a run. Its Run connects to the server. The second of two runs waits for the
// end of the first.
func (s *Server) Open(context.Context) (shm.Source, error) {
	if _, _, err := net.SplitHostPort(s.addr); err != nil || !strings.HasPrefix(s.opts.Address, scheme) {
		return nil, fmt.Errorf("%q is not tcp://host:port, such as tcp://127.0.0.1:9000", s.opts.Address)
	}
	return newSource(s), nil
}

func (s *Server) reached(title, about string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.title, s.about, s.problem, s.detail = title, about, "", ""
}

// start makes the first value that the server was seen to have the default of a control.
// The layout says where a widget would stand, which is not what the model begins with.
func (s *Server) start(c *shm.Control, live shm.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starts == nil {
		s.starts = map[string]shm.Value{}
	}
	first, ok := s.starts[c.Name]
	if !ok || reflect.TypeOf(first) != reflect.TypeOf(live) { // the server has another model by now
		first = live
		s.starts[c.Name] = first
	}
	c.Default = first
}

func (s *Server) lost(problem, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem, s.detail = problem, detail
}

// trouble says in a sentence what is wrong with the server.
func (s *Server) trouble(err error) string {
	what := fmt.Sprintf("The server at %s%s does not answer: %s.", scheme, s.addr, reason(err, s.timing))
	switch {
	case errors.Is(err, errTaken):
		what = fmt.Sprintf("Another program, such as somebody else's webmon, is connected to the server at %s%s. The server serves one program, "+
			"and may stop if two speak to it, so nothing was sent to it. Look at the simulation there, or end that program.", scheme, s.addr)
	case errors.Is(err, errStrange):
		what = fmt.Sprintf("The server at %s%s %v.", scheme, s.addr, err)
	case isProtocol(err):
		what = fmt.Sprintf("What listens at %s%s is no super_hydro server: %v.", scheme, s.addr, err)
	}
	return what
}
