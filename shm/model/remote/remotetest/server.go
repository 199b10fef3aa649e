// Package remotetest is a server that speaks exactly the protocol of super_hydro, its
// hazards included, with some waves behind it: for tests, and to try webmon without
// super_hydro.
//
//	server, err := remotetest.Start(remotetest.Options{})
//	...
//	defer server.Close()
//	webmon --model server.URL()
//
// What kills the original kills it: two exchanges that mix, a client that leaves between
// the phases of one (and another that then says something else than JSON), a request
// that is no JSON where some is due, a request of two frames, to get an array, to do what
// it cannot, to set a list. What hangs the original hangs it: to get an unknown name, and to
// set the size of the grid. A get is answered with what the one before has found out. Between
// requests it sleeps for 1/FPS.
package remotetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"webmon/shm/model/remote/zmtp"
)

// Options say what the server is like.
type Options struct {
	Address string // to listen on: 127.0.0.1:0
	Nx, Ny  int    // points of the grid: 64, 32
	Steps   int    // time steps a picture: 4
	Tracers int    // particles: none
	// FPS is how often a second it looks for requests, and computes at most: 80, as the
	// original.
	FPS float64
	// PauseTimeout is how long it sleeps between looks at what to do while it is paused:
	// 0.1 s, as the original.
	PauseTimeout time.Duration
	// Layout is told in the place of its own.
	Layout string
	// Old has it end an exchange with nothing, as older ones do, not with "ok".
	Old bool
	// NoVpos has it not tell the place of its potential, so that no answer to a get
	// waits for the computation.
	NoVpos bool
	// Time has it declare its time and the length of a time step, as the original does not:
	// it answers with them all the same.
	Time bool
	// DType is that of the density: float64, or float32.
	DType string
}

// Server is such a server. Its methods are safe for concurrent use.
type Server struct {
	opts     Options
	listener net.Listener
	requests chan request
	closed   chan struct{}
	close    sync.Once
	done     sync.WaitGroup

	mu     sync.Mutex // guards all below
	conns  map[*zmtp.Conn]bool
	err    error
	counts map[string]int
	sets   []map[string]any
	freeze chan struct{} // not nil: the server does nothing until it is closed
	queue  []func()      // what the computation has to do, in order
	dead   bool          // the computation has ended of an error
	paused bool
	made   int // pictures
	sim    *wave
	found  []found        // values that a get has asked for
	cache  map[string]any // those that gets answer with
}

type request struct {
	conn   *zmtp.Conn
	frames [][]byte
}

// Start begins a server.
func Start(o Options) (*Server, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.Nx == 0 {
		o.Nx = 64
	}
	if o.Ny == 0 {
		o.Ny = 32
	}
	if o.Steps == 0 {
		o.Steps = 4
	}
	if o.FPS == 0 {
		o.FPS = 80
	}
	if o.PauseTimeout == 0 {
		o.PauseTimeout = 100 * time.Millisecond
	}
	l, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, err
	}
	s := &Server{
		opts: o, listener: l, requests: make(chan request), closed: make(chan struct{}),
		conns: map[*zmtp.Conn]bool{}, counts: map[string]int{}, cache: map[string]any{}, sim: newWave(&o),
	}
	s.done.Add(3)
	go s.accept()
	go s.compute()
	go s.serve()
	return s, nil
}

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is what to give to webmon --model.
func (s *Server) URL() string { return "tcp://" + s.Addr() }

// Close ends the server, as when its process is killed.
func (s *Server) Close() {
	s.stop()
	s.done.Wait()
}

func (s *Server) stop() {
	s.close.Do(func() {
		close(s.closed)
		_ = s.listener.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.conns {
			_ = c.Close()
		}
	})
}

// Err says what the server has died of; nil: it lives, or was closed.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Count returns how often a word was said, such as "density" or "get"; "knock" counts
// those that the server does not know, and "undeclared" names that it was asked for and
// has not declared: the original writes an error into its console for each.
func (s *Server) Count(word string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[word]
}

// Connections returns how many clients are connected.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Sets returns what was set, in order.
func (s *Server) Sets() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sets)
}

// Param returns the value of a parameter.
func (s *Server) Param(name string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sim.params[name]
}

// SetParam sets a parameter as another client does.
func (s *Server) SetParam(name string, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, func() { s.sim.params[name] = v })
}

// Paused reports whether the simulation stands still.
func (s *Server) Paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused
}

// Pictures returns how many pictures the simulation has computed.
func (s *Server) Pictures() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// SetPaused starts or pauses the simulation as another client does.
func (s *Server) SetPaused(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, func() { s.paused = on })
}

// Break makes the density NaN somewhere, until the next reset.
func (s *Server) Break() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, func() { s.sim.broken = true })
}

// Freeze has the server answer nothing until thaw is called.
func (s *Server) Freeze() (thaw func()) {
	c := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freeze = c
	return sync.OnceFunc(func() {
		s.mu.Lock()
		s.freeze = nil
		s.mu.Unlock()
		close(c)
	})
}

func (s *Server) accept() {
	defer s.done.Done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.done.Add(1)
		go s.read(ctx, c)
	}
}

// read takes requests of one client.
func (s *Server) read(ctx context.Context, c net.Conn) {
	defer s.done.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := zmtp.Accept(ctx, c, zmtp.Options{Message: 256 << 20})
	if err != nil {
		return
	}
	defer conn.Close()
	s.mu.Lock()
	s.conns[conn] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	select {
	case <-s.closed: // while it shook hands
		return
	default:
	}
	for {
		frames, err := conn.Recv(ctx, zmtp.Wait{For: time.Hour}, nil)
		if err != nil {
			return
		}
		select {
		case s.requests <- request{conn, frames}:
		case <-s.closed:
			return
		}
	}
}

// errDied ends the server.
var errDied = errors.New("died")

func died(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDied, fmt.Sprintf(format, args...))
}

// errQuit is an orderly end.
var errQuit = errors.New("quit")

func (s *Server) serve() {
	defer s.done.Done()
	for {
		err := s.one()
		if err == nil {
			continue
		}
		if errors.Is(err, errDied) {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
		}
		go s.stop()
		return
	}
}

// poll is how long it sleeps when there is no request.
func (s *Server) poll() time.Duration {
	return min(100*time.Millisecond, time.Duration(float64(time.Second)/s.opts.FPS))
}

// one looks twice for a request, with a sleep between, and answers it.
func (s *Server) one() error {
	var r request
	select {
	case r = <-s.requests:
	case <-s.closed:
		return errQuit
	default:
		select {
		case <-time.After(s.poll()):
		case <-s.closed:
			return errQuit
		}
		select {
		case r = <-s.requests:
		default:
			return nil
		}
	}
	s.mu.Lock()
	freeze := s.freeze
	s.mu.Unlock()
	if freeze != nil {
		select {
		case <-freeze:
		case <-s.closed:
			return errQuit
		}
	}
	if len(r.frames) != 1 {
		return died("a request of %d frames", len(r.frames))
	}
	word := string(r.frames[0])
	switch word {
	case "get", "set", "do":
	case "density", "tracers":
		s.count(word)
		return s.array(r.conn, word)
	default:
		s.count("knock")
		reply(r.conn, []byte("Unknown Message"))
		return nil
	}
	s.count(word)
	reply(r.conn, []byte("ok"))
	// Whoever speaks next is taken for the one who has said the word.
	var next request
	select {
	case next = <-s.requests:
	case <-s.closed:
		return errQuit
	}
	var v any
	if len(next.frames) != 1 || json.Unmarshal(next.frames[0], &v) != nil {
		return died("%q is no JSON, after %s", next.frames, word)
	}
	switch word {
	case "get":
		values, err := s.get(v)
		if err != nil {
			return err
		}
		body, err := json.Marshal(values)
		if err != nil {
			return died("%v", err)
		}
		reply(next.conn, body)
		return nil
	case "set":
		s.end(next.conn)
		return s.set(v)
	}
	s.end(next.conn)
	return s.do(v)
}

func (s *Server) count(word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[word]++
}

// reply sends an answer; to a client that has gone it is dropped.
func reply(c *zmtp.Conn, frames ...[]byte) { _ = c.Send(frames...) }

func (s *Server) end(c *zmtp.Conn) {
	if s.opts.Old {
		reply(c, nil)
	} else {
		reply(c, []byte("ok"))
	}
}

// await has the computation do something, and waits until it has: for ever, if that has
// ended.
func (s *Server) await(f func()) error {
	done := make(chan struct{})
	s.mu.Lock()
	s.queue = append(s.queue, func() { f(); close(done) })
	s.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-s.closed:
		return errQuit
	}
}

// compute steps the simulation, and does what is in the queue.
func (s *Server) compute() {
	defer s.done.Done()
	for {
		began := time.Now()
		s.mu.Lock()
		paused := s.paused
		if !paused {
			s.sim.step(s.opts.Steps)
			s.made++
		}
		s.mu.Unlock()
		if paused && !s.sleep(s.opts.PauseTimeout) {
			return
		}
		for {
			s.mu.Lock()
			if s.dead || len(s.queue) == 0 {
				s.mu.Unlock()
				break
			}
			f := s.queue[0]
			s.queue = s.queue[1:]
			f()
			s.mu.Unlock()
		}
		s.mu.Lock()
		dead := s.dead
		s.mu.Unlock()
		if dead || !s.sleep(time.Duration(float64(time.Second)/s.opts.FPS)-time.Since(began)) {
			return
		}
	}
}

// sleep reports whether the server goes on.
func (s *Server) sleep(d time.Duration) bool {
	if d <= 0 {
		select {
		case <-s.closed:
			return false
		default:
			return true
		}
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.closed:
		return false
	}
}
