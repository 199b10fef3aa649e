package manager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm/pickle"
)

// Options says how a client connects. The zero value of each field is its
// default.
type Options struct {
	// Authkey is the key that both sides must have. Default: empty, which
	// Python allows.
	Authkey []byte
	// DialTimeout bounds connecting and authenticating. Default 5 s.
	DialTimeout time.Duration
	// CallTimeout bounds the wait for each reply. CallWait adds to it. A
	// connection whose reply did not come in time is dead. Default 5 s.
	CallTimeout time.Duration
	// Limits bounds replies: MaxBytes is the size of the largest frame. The
	// defaults are those of package pickle.
	Limits pickle.Limits
	// ReuseBuffers lets a connection decode each reply into the memory of the
	// reply before. The arrays and byte strings of a result are then valid until
	// the next call on that connection, or, in a pipeline, until f returns.
	// Default false: results stay valid, and each reply that holds an array costs
	// one buffer.
	ReuseBuffers bool
	// Room says whether there is memory for large replies, over all connections that
	// share it. A reply for which there is none gives an error that wraps
	// pickle.ErrLimit, and its connection is dead. Default nil: there always is.
	Room Room
}

// Room counts the memory that large replies take while they are read and decoded. Its
// methods are safe for concurrent use.
type Room interface {
	// Limit is how many bytes there are in all.
	Limit() int64
	// Wait takes n bytes once they are there. It reports false if ctx is done before.
	Wait(ctx context.Context, n int64) bool
	// Give gives them back.
	Give(n int64)
}

// What a reply of so many bytes takes at most once it is decoded: a byte of a pickle can
// make a value, which with its place in a dict takes decodedValue bytes of memory.
const (
	largeReply   = 64 << 10 // bytes from which room is asked for
	decodedValue = 96
)

// bounded returns the limits of a reply that fit into a half of the room, so that another
// one can be read meanwhile.
func (o Options) bounded() pickle.Limits {
	l := o.Limits
	if o.Room == nil {
		return l
	}
	half := o.Room.Limit() / 2
	if l.MaxNodes <= 0 {
		l.MaxNodes = pickle.DefaultNodes
	}
	l.MaxBytes = int(min(int64(l.MaxBytes), half/2))
	l.MaxNodes = int(min(int64(l.MaxNodes), half/2/decodedValue))
	return l
}

// need is how many bytes a reply of so many bytes may take.
func need(n int, l pickle.Limits) int64 {
	return int64(n) + int64(min(n, l.MaxNodes))*decodedValue
}

func (o Options) withDefaults() Options {
	if o.DialTimeout <= 0 {
		o.DialTimeout = 5 * time.Second
	}
	if o.CallTimeout <= 0 {
		o.CallTimeout = 5 * time.Second
	}
	if o.Limits.MaxBytes <= 0 {
		o.Limits.MaxBytes = 64 << 20
	}
	o.Limits = o.bounded()
	return o
}

// Stats is what a client has asked of its manager so far.
type Stats struct {
	Calls   uint64        // replies received
	Bytes   uint64        // bytes received, frame headers included
	Waiting time.Duration // from sending requests until their replies were there; not of CallWait
}

// Client is a manager that answered and knows the key. It is safe for
// concurrent use.
type Client struct {
	addr string
	opt  Options

	calls, bytes atomic.Uint64
	waiting      atomic.Int64

	mu      sync.Mutex        // guards proxies and closed, and is held while creating one
	proxies map[string]*Proxy // by type id
	closed  bool
}

// Proxy stands for one object of the manager.
type Proxy struct {
	TypeID  string   // the name under which the manager offers it
	Exposed []string // the methods it may be asked for

	ident string
}

// Exposes reports whether the object may be asked for a method.
func (p *Proxy) Exposes(method string) bool { return slices.Contains(p.Exposed, method) }

// Dial connects to the manager at addr (host:port, or the path of a Unix socket).
// It makes sure that a manager answers there and that the manager has the same key.
// Errors wrap ErrAuth, ErrNotManager, or the network's error. Each says in a
// sentence what to do.
func Dial(ctx context.Context, addr string, o Options) (*Client, error) {
	c := &Client{addr: addr, opt: o.withDefaults(), proxies: map[string]*Proxy{}}
	if _, err := c.Do(ctx, "dummy"); err != nil {
		return nil, err
	}
	return c, nil
}

// MaxReply is how many bytes a reply may have.
func (c *Client) MaxReply() int { return c.opt.Limits.MaxBytes }

// Addr returns the address that was dialled.
func (c *Client) Addr() string { return c.addr }

// Stats returns what was asked so far over all connections.
func (c *Client) Stats() Stats {
	return Stats{Calls: c.calls.Load(), Bytes: c.bytes.Load(), Waiting: time.Duration(c.waiting.Load())}
}

// Do calls a function of the manager itself, over a connection for this call:
// dummy, number_of_objects, debug_info, get_methods or shutdown.
func (c *Client) Do(ctx context.Context, name string, args ...any) (pickle.Value, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	v, err := conn.call(ctx, c.opt.CallTimeout, nil, name, args)
	if err != nil {
		return nil, fmt.Errorf("manager at %s: %s: %w", c.addr, name, err)
	}
	return v, nil
}

// Create returns the proxy of the object that the manager offers as typeID. A
// second call with the same typeID returns the same proxy. The manager counts one
// reference for each proxy, which Close gives back. Errors wrap ErrNoResource if the
// manager offers nothing by that name.
func (c *Client) Create(ctx context.Context, typeID string) (*Proxy, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.proxies[typeID]; p != nil {
		return p, nil
	}
	if c.closed {
		return nil, fmt.Errorf("manager at %s: create %s: %w", c.addr, typeID, net.ErrClosed)
	}
	v, err := c.Do(ctx, "create", typeID)
	if err != nil {
		var remote *RemoteError
		if errors.As(err, &remote) && remote.Type == "KeyError" && strings.Trim(remote.Message, `'"`) == typeID {
			return nil, fmt.Errorf("the manager at %s does not offer %s; is it another program's? %w", c.addr, typeID, ErrNoResource)
		}
		return nil, err
	}
	bad := fmt.Errorf("manager at %s: create %s: unexpected reply: %w", c.addr, typeID, pickle.ErrInvalid)
	t, ok := v.(pickle.Tuple)
	if !ok || len(t) != 2 {
		return nil, bad
	}
	p := &Proxy{TypeID: typeID}
	if p.ident, ok = t[0].(string); !ok {
		return nil, bad
	}
	exposed, ok := t[1].(pickle.Tuple)
	if !ok {
		return nil, bad
	}
	for _, m := range exposed {
		name, ok := m.(string)
		if !ok {
			return nil, bad
		}
		p.Exposed = append(p.Exposed, name)
	}
	c.proxies[typeID] = p
	return p, nil
}

// Close gives back the references of all proxies, once. All connections must have
// been closed before. If the manager is gone, there is nothing to give back, and
// Close returns nil.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	var errs []error
	for _, p := range c.proxies {
		// Exactly one decref for each create: a second one would raise in the
		// manager and, worse, destroy an object that its owner still uses.
		if _, err := c.Do(ctx, "decref", p.ident); err != nil {
			var remote *RemoteError
			if !errors.As(err, &remote) {
				break // nobody is left to tell
			}
			errs = append(errs, err)
		}
	}
	clear(c.proxies)
	return errors.Join(errs...)
}

// Open makes a connection for calls.
func (c *Client) Open(ctx context.Context) (*Conn, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	// The name becomes that of the thread that serves the connection.
	if _, err := conn.call(ctx, c.opt.CallTimeout, nil, "accept_connection", []any{"webmon"}); err != nil {
		conn.Close()
		return nil, fmt.Errorf("manager at %s: open a connection: %w", c.addr, err)
	}
	return conn, nil
}

// connect dials and authenticates.
func (c *Client) connect(ctx context.Context) (*Conn, error) {
	network := "tcp"
	if strings.HasPrefix(c.addr, "/") {
		network = "unix"
	}
	deadline := time.Now().Add(c.opt.DialTimeout)
	d := net.Dialer{Deadline: deadline, KeepAlive: 15 * time.Second}
	nc, err := d.DialContext(ctx, network, c.addr)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("manager at %s: connect: %w", c.addr, ctx.Err())
		}
		return nil, fmt.Errorf("nothing answers at %s; is the process running and the port right? %w", c.addr, err)
	}
	conn := newConn(c, nc)
	if err := conn.handshake(ctx, deadline); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c *Conn) handshake(ctx context.Context, deadline time.Time) error {
	addr := c.client.addr
	if err := c.watch(ctx, deadline); err != nil {
		return fmt.Errorf("manager at %s: authenticate: %w", addr, err)
	}
	notManager := func(what string, err error) error {
		if err == nil {
			err = ErrNotManager
		} else {
			if ctx.Err() != nil {
				return fmt.Errorf("manager at %s: authenticate: %w", addr, ctx.Err())
			}
			err = fmt.Errorf("%w: %w", ErrNotManager, err)
		}
		return fmt.Errorf("what listens at %s %s: check the port, or whether the process hangs: %w", addr, what, err)
	}
	refused := func(who string) error {
		return fmt.Errorf("manager at %s: %s; give the key the process was started with (napari's is \"napari\"): %w", addr, who, ErrAuth)
	}
	msg, err := c.readFrame(maxHandshake)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return notManager("says nothing", err)
	case err != nil:
		return notManager("is no Python manager", err)
	case !bytes.HasPrefix(msg, challenge):
		return notManager("is no Python manager", nil)
	}
	style, answer, err := respond(c.client.opt.Authkey, msg[len(challenge):])
	if err != nil {
		return notManager("is no Python manager", err)
	}
	if err := c.writeFrame(answer); err != nil {
		return notManager("broke off", err)
	}
	msg, err = c.readFrame(maxHandshake)
	switch {
	case err != nil && (ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded)):
		return notManager("says nothing more", err)
	case err != nil:
		// CPython closes at once after FAILURE; it may be lost in a reset.
		return refused("it closed the connection when it saw the key")
	case bytes.Equal(msg, failure):
		return refused("it refused the key")
	case !bytes.Equal(msg, welcome):
		return notManager("is no Python manager", nil)
	}
	mine, err := newChallenge(style)
	if err != nil {
		return fmt.Errorf("manager at %s: random challenge: %w", addr, err)
	}
	if err := c.writeFrame(append(slices.Clone(challenge), mine...)); err != nil {
		return notManager("broke off", err)
	}
	msg, err = c.readFrame(maxHandshake)
	if err != nil {
		return notManager("broke off", err)
	}
	if !verify(c.client.opt.Authkey, mine, msg) {
		_ = c.writeFrame(failure) // as CPython does; the connection ends anyway
		return refused("it does not know the key")
	}
	c.appendFrame(welcome) // travels with the first request
	return nil
}

// Conn is one connection. One thread of the manager serves it, so calls are answered
// in order. A Conn is safe for concurrent use, but calls wait for each other. After
// an error that wraps ErrGone the connection is dead for good.
type Conn struct {
	client *Client

	mu      sync.Mutex // guards all below; held for a call, or a whole pipeline
	framer             // its nc may also be closed without mu
	dead    error      // why the connection cannot be used, nil while it can
	dec     *pickle.Decoder
	taken   int64 // bytes of the room, for the last reply
	burst   int   // how many requests may be outstanding
	watched context.Context
	unwatch func() bool
	fired   chan struct{} // closed after the watched context's end was acted on
}

func newConn(c *Client, nc net.Conn) *Conn {
	conn := &Conn{client: c, framer: newFramer(nc), dec: pickle.NewDecoder(c.opt.Limits), burst: 1}
	if canPipeline {
		conn.burst = maxBurst
	}
	return conn
}

// Close closes the connection at once. A call under way fails.
func (c *Conn) Close() error {
	err := c.nc.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead == nil {
		c.dead = net.ErrClosed
	}
	c.settle()
	c.forget()
	if errors.Is(err, net.ErrClosed) {
		return nil // closed before, by the caller or because it was dead
	}
	return err
}

// Call calls a method of p's object and returns the result. The error wraps
// ErrEmpty, ErrFull or ErrGone, or is a [*RemoteError].
func (c *Conn) Call(ctx context.Context, p *Proxy, method string, args ...any) (pickle.Value, error) {
	start := time.Now()
	v, err := c.call(ctx, c.client.opt.CallTimeout, p, method, args)
	c.client.waiting.Add(int64(time.Since(start)))
	return v, err
}

// CallWait does what Call does, for a method that may itself wait as long as wait,
// such as queue.get(True, seconds) and event.wait(seconds).
func (c *Conn) CallWait(ctx context.Context, wait time.Duration, p *Proxy, method string, args ...any) (pickle.Value, error) {
	return c.call(ctx, c.client.opt.CallTimeout+max(wait, 0), p, method, args)
}

func (c *Conn) call(ctx context.Context, timeout time.Duration, p *Proxy, method string, args []any) (pickle.Value, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return nil, c.gone(method, c.dead)
	}
	if err := c.watch(ctx, time.Now().Add(timeout)); err != nil {
		return nil, callError(p, method, err)
	}
	if err := c.appendRequest(p, method, args); err != nil {
		return nil, callError(p, method, err)
	}
	if err := c.flush(); err != nil {
		return nil, c.fail(ctx, p, method, err)
	}
	return c.reply(ctx, p, method)
}

// Request is one call of a pipeline.
type Request struct {
	Proxy  *Proxy
	Method string
	Args   []any
}

// Pipeline sends all requests before it reads the first reply. It calls f for each
// reply, in order; v and err are what Call would have returned. An error that kills
// the connection ends the pipeline and is returned. An error of f does not end it,
// because the replies have to be read anyway; the first such error is returned at
// the end. On platforms without TCP_QUICKACK the requests are sent one at a time.
//
// A request must not block: the requests behind it would wait as well.
func (c *Conn) Pipeline(ctx context.Context, reqs []Request, f func(i int, v pickle.Value, err error) error) error {
	return c.pipeline(ctx, len(reqs), func(i int) Request { return reqs[i] }, f)
}

// Bounds of the requests that are outstanding. Nobody reads the replies while the
// requests are written, so both must fit into the sockets' buffers.
const (
	maxBurst      = 64
	maxBurstBytes = 32 << 10
)

func (c *Conn) pipeline(ctx context.Context, n int, req func(int) Request, f func(int, pickle.Value, error) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return c.gone("pipeline", c.dead)
	}
	var first error
	for done := 0; done < n; {
		start := time.Now()
		if err := c.watch(ctx, start.Add(c.client.opt.CallTimeout)); err != nil {
			return callError(nil, "pipeline", err)
		}
		m := 0
		for m < min(c.burst, n-done) && (m == 0 || len(c.out) < maxBurstBytes) {
			r := req(done + m)
			if err := c.appendRequest(r.Proxy, r.Method, r.Args); err != nil {
				c.out = c.out[:0]
				return callError(r.Proxy, r.Method, err)
			}
			m++
		}
		r := req(done)
		if err := c.flush(); err != nil {
			return c.fail(ctx, r.Proxy, r.Method, err)
		}
		for i := range m {
			if len(c.in[c.r:c.w]) == 0 && i > 0 { // each reply has its own deadline
				if err := c.watch(ctx, time.Now().Add(c.client.opt.CallTimeout)); err != nil {
					return c.fail(ctx, r.Proxy, r.Method, err)
				}
			}
			r := req(done + i)
			v, err := c.reply(ctx, r.Proxy, r.Method)
			if c.dead != nil {
				return err
			}
			if err := f(done+i, v, err); err != nil && first == nil {
				first = err
			}
			c.settle()
		}
		c.client.waiting.Add(int64(time.Since(start)))
		done += m
	}
	return first
}

// Drain takes up to max messages from a queue without waiting, calls f for each in
// order, and returns how many it took. It asks for the number of messages first, so
// an empty queue costs one call. A message that cannot be decoded is lost: f gets
// the error. The first error that f returns is returned at the end, after all
// messages on the way have been read.
func (c *Conn) Drain(ctx context.Context, queue *Proxy, max int, f func(v pickle.Value, err error) error) (int, error) {
	v, err := c.Call(ctx, queue, "qsize")
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok || n <= 0 || max <= 0 {
		return 0, nil
	}
	taken := 0
	get := Request{Proxy: queue, Method: "get_nowait"}
	err = c.pipeline(ctx, int(min(n, int64(max))), func(int) Request { return get }, func(_ int, v pickle.Value, err error) error {
		if errors.Is(err, ErrEmpty) {
			return nil // somebody else was faster
		}
		taken++
		return f(v, err)
	})
	return taken, err
}

// watch sets the deadline of all that follows and makes it end with ctx.
func (c *Conn) watch(ctx context.Context, deadline time.Time) error {
	// Registering with a context costs more than a call. The registration is
	// therefore kept from call to call as long as the context is the same. The
	// context is remembered for that comparison only.
	if c.watched != ctx {
		c.forget()
		if ctx.Done() != nil {
			fired, nc := make(chan struct{}), c.nc
			c.fired = fired
			c.unwatch = context.AfterFunc(ctx, fault.Func(func() {
				defer close(fired)
				_ = nc.SetDeadline(time.Unix(1, 0))
			}, func(error) {}))
		}
		c.watched = ctx
	}
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := c.nc.SetDeadline(deadline); err != nil {
		return err
	}
	return ctx.Err() // after SetDeadline: had ctx ended before, it may have been undone
}

// forget ends the watch of a context. If the context has ended, forget waits until
// that has been acted on, because it must not hit the next call.
func (c *Conn) forget() {
	if c.unwatch != nil && !c.unwatch() {
		<-c.fired
	}
	c.unwatch, c.fired, c.watched = nil, nil, nil
}

func (c *Conn) gone(what string, err error) error {
	return fmt.Errorf("manager at %s: %s: %w: %w", c.client.addr, what, ErrGone, err)
}

// fail marks the connection dead: nothing that still comes over it belongs to a
// call.
func (c *Conn) fail(ctx context.Context, p *Proxy, method string, err error) error {
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = ErrTimeout
	}
	c.dead = err
	c.settle()
	c.nc.Close()
	return c.gone(callName(p, method), err)
}

func callName(p *Proxy, method string) string {
	if p == nil {
		return method
	}
	return p.TypeID + "." + method
}

func callError(p *Proxy, method string, err error) error {
	return fmt.Errorf("%s: %w", callName(p, method), err)
}

func (c *Conn) appendRequest(p *Proxy, method string, args []any) error {
	at := len(c.out)
	c.out = append(c.out, 0, 0, 0, 0)
	ident := ""
	if p != nil {
		ident = p.ident
	}
	out, err := pickle.Encoder{}.AppendRequest(c.out, ident, method, args)
	if err == nil {
		c.out = out
		err = finishFrame(c.out, at)
	}
	if err != nil {
		c.out = c.out[:at]
	}
	return err
}

// settle gives back the room of the last reply, of which nobody needs anything any more.
func (c *Conn) settle() {
	if c.taken > 0 {
		c.client.opt.Room.Give(c.taken)
		c.taken = 0
	}
}

// makeRoom takes room for a reply of n bytes, if it is a large one.
func (c *Conn) makeRoom(ctx context.Context) func(n int) error {
	return func(n int) error {
		room := c.client.opt.Room
		if room == nil || n < largeReply {
			return nil
		}
		want := need(n, c.client.opt.Limits)
		ctx, cancel := context.WithTimeout(ctx, c.client.opt.CallTimeout)
		defer cancel()
		if !room.Wait(ctx, want) {
			return fmt.Errorf("no room for a reply of %d bytes: %w", n, pickle.ErrLimit)
		}
		c.taken = want
		// The wait was not the manager's.
		return c.nc.SetDeadline(time.Now().Add(c.client.opt.CallTimeout))
	}
}

// reply reads and decodes one reply. What it has taken of the room is given back with the
// next reply, or by settle.
func (c *Conn) reply(ctx context.Context, p *Proxy, method string) (pickle.Value, error) {
	c.settle()
	before := c.received
	c.roomy = c.makeRoom(ctx)
	frame, err := c.readFrame(c.client.opt.Limits.MaxBytes)
	c.client.bytes.Add(c.received - before)
	if err != nil {
		return nil, c.fail(ctx, p, method, err)
	}
	c.client.calls.Add(1)
	v, err := c.dec.Decode(frame)
	if err != nil {
		return nil, callError(p, method, fmt.Errorf("decode the reply: %w", err))
	}
	if c.dec.Aliased() && !c.client.opt.ReuseBuffers {
		c.kept = true
	}
	t, ok := v.(pickle.Tuple)
	if !ok || len(t) != 2 {
		return nil, callError(p, method, fmt.Errorf("the reply is no pair of kind and value: %w", pickle.ErrInvalid))
	}
	kind, _ := t[0].(string)
	switch kind {
	case kindReturn:
		return t[1], nil
	case kindError:
		err := remoteException(t[1])
		if err == ErrEmpty || err == ErrFull {
			return nil, err
		}
		return nil, callError(p, method, err)
	case kindTraceback, kindUnserializable:
		text, _ := t[1].(string)
		return nil, callError(p, method, remoteTraceback(text, kind == kindUnserializable))
	case kindProxy:
		return nil, callError(p, method, fmt.Errorf("the result is another object of the manager, not a value: %w", pickle.ErrRefused))
	}
	return nil, callError(p, method, fmt.Errorf("a reply of unknown kind %q: %w", natural.Clip(kind, maxMessage), pickle.ErrInvalid))
}
