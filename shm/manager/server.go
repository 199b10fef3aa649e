package manager

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm/pickle"
)

// ServerOptions says what a server offers. The zero value of each field is its
// default.
type ServerOptions struct {
	// Authkey is the key that clients must have. Default: empty, which Python
	// allows. Under an empty or a public key offer nothing that needs protection.
	Authkey []byte
	// Style is the form of challenges: NewStyle (the default) as in Python 3.12, or
	// OldStyle as in Python 3.11. All clients understand both.
	Style Style
	// Protocol is the protocol of the pickles that the server sends: 2 to 5.
	// Default 4, as in Python 3.8 to 3.13. Python 3.14 sends 5.
	Protocol int
	// NumPy is the version of NumPy whose module names stand in the pickles of
	// arrays: 1 or 2. Default 1, which both versions understand.
	NumPy int
	// Resources are the objects that the server offers, by name.
	Resources map[string]Resource
	// Limits bounds requests: MaxBytes is the size of the largest frame, by default
	// 64 MiB. The other defaults are those of package pickle.
	Limits pickle.Limits
	// MaxConns bounds the open connections. Further ones are closed at once.
	// Default 256.
	MaxConns int
	// Timeout bounds authentication, the rest of a request once it has begun,
	// and sending a reply to a client that does not read. A connection may be
	// silent between requests for as long as it likes. Default 10 s.
	Timeout time.Duration
	// AllowShutdown lets a client that knows the key end the server, as
	// Python's does. Default false: such a request is refused.
	AllowShutdown bool
	// Logger gets refused connections, at level Debug. Default: none.
	Logger *slog.Logger
}

// Resource is an object that a server offers. Dict, Queue and Event are
// resources.
type Resource interface {
	// Exposed lists the methods that clients may call. It is called once.
	Exposed() []string
	// Call runs a method that Exposed lists, or one of Python's fallbacks
	// #GETVALUE, __repr__ and __str__. Many connections may call it at a time. An
	// error becomes an exception in Python: an [*Exception] the exception that it
	// names, any other error a RuntimeError.
	Call(ctx context.Context, c Call) (pickle.Value, error)
}

// Blocker is a Resource with methods that wait. While such a method runs, the server
// watches the connection and ends ctx when the client goes away.
type Blocker interface {
	Resource
	// Blocks reports whether a call may wait.
	Blocks(c Call) bool
}

// Call is one call of a method. Its arguments are plain values and arrays. They never
// hold classes or instances, because another client may load what one has stored.
type Call struct {
	Method string
	Args   pickle.Tuple
	Kwds   *pickle.Dict // nil or empty: none
	Size   int          // bytes of the request: what keeping its arguments costs
}

// Server is a manager.
type Server struct {
	opt    ServerOptions
	faults *fault.Ledger
	enc    pickle.Encoder
	idents map[string]string       // by name; constant
	names  map[string]string       // by ident; constant
	expose map[string]pickle.Tuple // methods by name; constant

	mu     sync.Mutex          // guards all below
	refs   map[string]int      // references that clients hold, by ident
	conns  map[net.Conn]string // open ones, with the client's address
	served bool
	stop   context.CancelFunc // ends Serve

	wg sync.WaitGroup // connections being served
}

// NewServer returns a server that does not listen yet.
func NewServer(o ServerOptions) (*Server, error) {
	if o.Limits.MaxBytes <= 0 {
		o.Limits.MaxBytes = 64 << 20
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 256
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Style != NewStyle && o.Style != OldStyle {
		return nil, fmt.Errorf("manager server: style %d: %w", o.Style, errors.ErrUnsupported)
	}
	s := &Server{
		opt:    o,
		faults: fault.NewLedger(o.Logger),
		enc:    pickle.Encoder{Protocol: o.Protocol, NumPy: o.NumPy},
		idents: make(map[string]string),
		names:  make(map[string]string),
		expose: make(map[string]pickle.Tuple),
		refs:   make(map[string]int),
		conns:  make(map[net.Conn]string),
	}
	if _, err := s.enc.Append(nil, nil); err != nil {
		return nil, fmt.Errorf("manager server: %w", err)
	}
	for name, r := range o.Resources {
		if r == nil {
			return nil, fmt.Errorf("manager server: resource %s is nil: %w", name, errors.ErrUnsupported)
		}
		// Random, so that an ident of an earlier server at this address means
		// nothing to this one. Python uses addresses in memory.
		id := make([]byte, 6)
		if _, err := rand.Read(id); err != nil {
			return nil, fmt.Errorf("manager server: %w", err)
		}
		ident := "7" + hex.EncodeToString(id)[:11]
		s.idents[name], s.names[ident] = ident, name
		for _, m := range r.Exposed() {
			s.expose[name] = append(s.expose[name], m)
		}
	}
	return s, nil
}

// Serve accepts connections on l until ctx ends or, with AllowShutdown, a client
// asks for the end. It then closes l and all connections, waits for them, and
// returns nil. Serve may be called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	if s.served {
		s.mu.Unlock()
		return errors.New("manager server: Serve called twice")
	}
	s.served, s.stop = true, cancel
	s.mu.Unlock()

	unwatch := context.AfterFunc(ctx, fault.Func(func() {
		l.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for nc := range s.conns {
			nc.Close()
		}
	}, s.panicked))
	defer s.wg.Wait()
	defer func() {
		cancel()
		unwatch()
	}()
	for {
		nc, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				nc.Close()
			}
			return nil
		}
		if err != nil {
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() || isTemporary(err) {
				time.Sleep(10 * time.Millisecond) // out of file descriptors, say
				continue
			}
			return fmt.Errorf("manager server: accept: %w", err)
		}
		s.mu.Lock()
		// Registered under mu. Either whoever closes all connections sees this
		// one, or ctx has ended before, which is seen here.
		if ctx.Err() != nil || len(s.conns) >= s.opt.MaxConns {
			s.mu.Unlock()
			nc.Close()
			s.opt.Logger.Debug("manager_connection_refused", "conns", s.opt.MaxConns)
			continue
		}
		s.conns[nc] = nc.RemoteAddr().String()
		fault.Go(&s.wg, func() {
			defer func() {
				s.mu.Lock()
				delete(s.conns, nc)
				s.mu.Unlock()
				nc.Close()
			}()
			p := &peer{s: s, framer: newFramer(nc), dec: pickle.NewDecoder(s.opt.Limits)}
			if err := p.serve(ctx); err != nil && ctx.Err() == nil {
				s.opt.Logger.Debug("manager_connection_ended", "peer", nc.RemoteAddr().String(), "error", err)
			}
		}, s.panicked)
		s.mu.Unlock()
	}
}

// panicked notes what has ended a connection.
func (s *Server) panicked(err error) { s.faults.Note("manager", "connection", err) }

// isTemporary reports whether an error of Accept is one that passes.
func isTemporary(err error) bool {
	for _, text := range []string{"too many open files", "connection aborted", "no buffer space"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// Clients returns how many connections are open.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// References returns how many references clients hold to a resource.
func (s *Server) References(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refs[s.idents[name]]
}

// peer is one connection, served by one goroutine.
type peer struct {
	s *Server
	framer
	dec     *pickle.Decoder
	scratch []byte
	calls   bool // accept_connection was asked for: requests for objects follow
}

func (p *peer) serve(ctx context.Context) error {
	if err := p.deadline(); err != nil {
		return err
	}
	if err := p.authenticate(); err != nil {
		return err
	}
	for first := true; first || p.calls; first = false {
		if err := p.next(first); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read a request: %w", err)
		}
		kind, v, err := p.request(ctx)
		if err != nil {
			return err
		}
		if err := p.reply(kind, v); err != nil {
			return fmt.Errorf("write a reply: %w", err)
		}
		if kind == stopServing {
			p.s.stop()
			return nil
		}
	}
	return nil
}

func (p *peer) deadline() error { return p.nc.SetDeadline(time.Now().Add(p.s.opt.Timeout)) }

// next waits for the next request. Once a request has begun, the rest must follow in
// time.
func (p *peer) next(first bool) error {
	if !first {
		if p.w == p.r {
			if err := p.nc.SetDeadline(time.Time{}); err != nil {
				return err
			}
		}
		if err := p.fill(1); err != nil {
			return err
		}
	}
	return p.deadline()
}

// authenticate is deliver_challenge, then answer_challenge.
func (p *peer) authenticate() error {
	key := p.s.opt.Authkey
	mine, err := newChallenge(p.s.opt.Style)
	if err != nil {
		return err
	}
	if err := p.writeFrame(slices.Concat(challenge, mine)); err != nil {
		return err
	}
	answer, err := p.readFrame(maxHandshake)
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if !verify(key, mine, answer) {
		_ = p.writeFrame(failure)
		return fmt.Errorf("handshake: %w", ErrAuth)
	}
	if err := p.writeFrame(welcome); err != nil {
		return err
	}
	msg, err := p.readFrame(maxHandshake)
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if !bytes.HasPrefix(msg, challenge) {
		return fmt.Errorf("handshake: no challenge: %w", pickle.ErrInvalid)
	}
	_, response, err := respond(key, msg[len(challenge):])
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if err := p.writeFrame(response); err != nil {
		return err
	}
	if msg, err = p.readFrame(maxHandshake); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if !bytes.Equal(msg, welcome) {
		return fmt.Errorf("handshake: the client does not welcome us: %w", ErrAuth)
	}
	return nil
}

// stopServing is the kind of reply after which the server ends; on the wire it
// is a return.
const stopServing = "#SHUTDOWN"

// request reads and runs one request. An error means that the connection
// cannot go on.
func (p *peer) request(ctx context.Context) (kind string, v pickle.Value, err error) {
	frame, err := p.readFrame(p.s.opt.Limits.MaxBytes)
	if err != nil {
		return "", nil, fmt.Errorf("read a request: %w", err)
	}
	req, err := p.dec.Decode(frame)
	if err != nil {
		return kindTraceback, traceback("_pickle.UnpicklingError: " + err.Error()), nil
	}
	if p.dec.Aliased() {
		p.kept = true // arguments may be stored
	}
	t, ok := req.(pickle.Tuple)
	if !ok || len(t) != 4 {
		return kindTraceback, traceback("ValueError: a request has four parts"), nil
	}
	method, ok1 := t[1].(string)
	args, ok2 := t[2].(pickle.Tuple)
	if list, ok := t[2].(*pickle.List); ok {
		args, ok2 = list.Items, true
	}
	kwds, ok3 := t[3].(*pickle.Dict)
	if !ok1 || !ok2 || !ok3 {
		return kindTraceback, traceback("TypeError: a request is (ident, method, arguments, keywords)"), nil
	}
	c := Call{Method: method, Args: args, Kwds: kwds, Size: len(frame)}
	if !p.calls {
		// Python looks at no ident here.
		kind, v = p.s.manage(p, c)
		return kind, v, nil
	}
	ident, ok := t[0].(string)
	if !ok {
		return kindTraceback, traceback("KeyError: " + pickle.Repr(t[0])), nil
	}
	return p.call(ctx, ident, c)
}

// manage runs a function of the manager itself.
func (s *Server) manage(p *peer, c Call) (string, pickle.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := func() string {
		if len(c.Args) > 0 {
			name, _ := c.Args[0].(string)
			return name
		}
		return ""
	}
	switch c.Method {
	case "dummy":
		return kindReturn, nil
	case "accept_connection":
		p.calls = true
		return kindReturn, nil
	case "create":
		name := first()
		ident, ok := s.idents[name]
		if !ok {
			return kindTraceback, traceback("KeyError: " + pickle.Repr(name))
		}
		if len(c.Args) > 1 || c.Kwds.Len() > 0 {
			return kindTraceback, traceback("TypeError: " + name + "() takes no arguments")
		}
		s.refs[ident]++
		return kindReturn, pickle.Tuple{ident, s.expose[name]}
	case "incref", "decref":
		ident := first()
		n := s.refs[ident]
		if n == 0 {
			return kindTraceback, traceback("KeyError: " + pickle.Repr(ident))
		}
		if c.Method == "incref" {
			n++
		} else {
			n--
		}
		if s.refs[ident] = n; n == 0 {
			delete(s.refs, ident)
		}
		return kindReturn, nil
	case "get_methods":
		ident := first()
		if len(c.Args) == 1 {
			// A Token: its state is (type id, address, ident).
			if o, ok := c.Args[0].(*pickle.Object); ok {
				if state, ok := o.State.(pickle.Tuple); ok && len(state) == 3 {
					ident, _ = state[2].(string)
				}
			}
		}
		if s.refs[ident] == 0 {
			return kindTraceback, traceback("KeyError: " + pickle.Repr(ident))
		}
		return kindReturn, s.expose[s.names[ident]]
	case "number_of_objects":
		return kindReturn, int64(len(s.refs))
	case "debug_info":
		var lines []string
		for ident, n := range s.refs {
			lines = append(lines, fmt.Sprintf("  %s:       refcount=%d\n    %s", ident, n, s.names[ident]))
		}
		slices.Sort(lines)
		return kindReturn, strings.Join(lines, "\n")
	case "shutdown":
		if !s.opt.AllowShutdown {
			return kindTraceback, traceback("PermissionError: this manager is not to be shut down by its clients")
		}
		return stopServing, nil
	}
	return kindTraceback, traceback("AssertionError: " + pickle.Repr(c.Method) + " unrecognized")
}

// call runs a method of an object.
func (p *peer) call(ctx context.Context, ident string, c Call) (string, pickle.Value, error) {
	p.s.mu.Lock()
	known := p.s.refs[ident] > 0
	p.s.mu.Unlock()
	if !known {
		return kindTraceback, traceback("KeyError: " + pickle.Repr(ident)), nil
	}
	name := p.s.names[ident]
	r, exposed := p.s.opt.Resources[name], p.s.expose[name]
	if !exposes(exposed, c.Method) {
		return kindTraceback, traceback(fmt.Sprintf("AttributeError: method %s of %s object is not in exposed=%s", pickle.Repr(c.Method), name, exposed)), nil
	}
	// Classes and instances are inert here. They would come to life in the next
	// client that reads them.
	var err error
	trial := pickle.Encoder{PlainOnly: true, MaxBytes: p.s.opt.Limits.MaxBytes}
	if p.scratch, err = trial.AppendRequest(p.scratch[:0], "", "", []pickle.Value{c.Args, c.Kwds}); err != nil {
		return kindError, exception(typeError("only plain values and arrays can be stored: %v", err)), nil
	}
	if cap(p.scratch) > keepBuffer {
		p.scratch = nil
	}
	var v pickle.Value
	if b, ok := r.(Blocker); ok && b.Blocks(c) {
		v, err = p.watched(ctx, r, c)
	} else {
		v, err = r.Call(ctx, c)
	}
	if err != nil {
		if ctx.Err() != nil {
			return "", nil, ctx.Err()
		}
		if errors.Is(err, errClientGone) {
			return "", nil, err
		}
		return kindError, exception(err), nil
	}
	return kindReturn, v, nil
}

func exposes(exposed pickle.Tuple, method string) bool {
	switch method {
	case "#GETVALUE", "__repr__", "__str__":
		return true
	}
	for _, m := range exposed {
		if m == method {
			return true
		}
	}
	return false
}

var errClientGone = errors.New("the client is gone")

// watched runs a call that may wait, and ends the call when the client goes away.
// Otherwise a message could be taken from a queue for nobody, and be lost.
func (p *peer) watched(ctx context.Context, r Resource, c Call) (pickle.Value, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := p.flush(); err != nil { // replies held back for this one
		return nil, errClientGone
	}
	if err := p.nc.SetReadDeadline(time.Time{}); err != nil {
		return nil, errClientGone
	}
	// What is read meanwhile are the next requests: they stay in the buffer.
	done := make(chan struct{})
	fault.Go(nil, func() {
		defer close(done)
		for p.w-p.r < readBuffer {
			if err := p.fill(p.w - p.r + 1); err != nil {
				if !isTimeout(err) {
					cancel(errClientGone)
				}
				return
			}
		}
	}, func(err error) {
		p.s.panicked(err)
		cancel(errClientGone)
	})
	v, err := r.Call(ctx, c)
	_ = p.nc.SetReadDeadline(time.Unix(1, 0)) // ends the watch
	<-done
	if context.Cause(ctx) == errClientGone {
		err = errClientGone
	}
	if derr := p.deadline(); derr != nil && err == nil {
		err = errClientGone
	}
	return v, err
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// exception is what Python is to raise.
func exception(err error) *pickle.Object {
	var e *Exception
	switch {
	case errors.As(err, &e):
	case errors.Is(err, ErrEmpty):
		return exception(empty())
	case errors.Is(err, ErrFull):
		return exception(full())
	default:
		e = builtin("RuntimeError", err.Error())
	}
	return &pickle.Object{Class: &e.Class, Args: e.Args}
}

// traceback is what Python prints below "Remote".
func traceback(last string) string {
	return "Traceback (most recent call last):\n  in webmon's manager\n" + natural.Clip(last, maxMessage) + "\n"
}

func (p *peer) reply(kind string, v pickle.Value) error {
	if kind == stopServing {
		kind = kindReturn
	}
	at := len(p.out)
	p.out = append(p.out, 0, 0, 0, 0)
	out, err := p.s.enc.AppendReply(p.out, kind, v)
	if err != nil {
		out, err = p.s.enc.AppendReply(p.out, kindUnserializable, traceback("TypeError: "+err.Error()))
		if err != nil {
			return err
		}
	}
	p.out = out
	if err := finishFrame(p.out, at); err != nil {
		return err
	}
	// Replies of pipelined requests leave together.
	if p.calls && p.buffered() && len(p.out) < readBuffer {
		return nil
	}
	return p.flush()
}

// buffered reports whether the whole next request has been received.
func (p *peer) buffered() bool {
	unread := p.in[p.r:p.w]
	if len(unread) < 4 {
		return false
	}
	n, head, err := frameLength(unread)
	return err == nil && len(unread) >= head && uint64(len(unread)-head) >= n
}
