package process

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// defaultAuthkey is the key of every napari's monitor. It is public.
const defaultAuthkey = "napari"

// Options say what to watch. Only Address is required.
type Options struct {
	// Address is host:port of the manager, or the path of a Unix socket.
	Address string
	// Authkey is the manager's key. Default "napari".
	Authkey []byte
	// PID is the process to watch, if it is known: a client that napari has started
	// knows that its parent is that process. Default 0: Attach finds it if it can.
	PID int
	// Kind is the kind of a process that does not tell its kind. Default napari.
	Kind shm.Kind
	// Name is the name of a process that does not tell its name. Default "napari".
	Name string
	// ID tells this webmon from others that want the same process. Default: random.
	ID string
	// URL is where people find this webmon. Another webmon that wants the same
	// process shows it. Default: none.
	URL string
	// Version is that of this webmon. A process with the package tells its log if the two
	// do not fit. Default: the process is told none.
	Version string
	// Watchers returns how many browsers look at the process through this webmon. The
	// process itself shows the number. Watchers must return at once. Default: the
	// process is told no number.
	Watchers func() int
	// Room says whether there is memory for large replies, over all processes that share
	// it. Default: there always is.
	Room manager.Room
	// Logger gets what helps to find faults. Default: none.
	Logger *slog.Logger
}

// resources are the five objects that napari's monitor offers.
type resources struct {
	data, messages, shutdown, clientData, clientMessages *manager.Proxy
}

// Source is a watched process. It implements [shm.Source].
type Source struct {
	opt     Options
	client  *manager.Client
	res     resources
	watch   watch
	out     outbox
	volumes volumes
	streams streams
	lull    time.Duration // constant

	ours atomic.Bool         // the process has said hello
	run  atomic.Pointer[run] // nil: Run is not under way

	mu       sync.Mutex // guards all below
	info     shm.Info
	controls shm.Controls // that a process with the package declares
	actions  shm.Actions
}

var _ shm.Source = (*Source)(nil)

// Attach connects to the manager of a running process and finds out what can
// be known of it. ctx bounds attaching alone. Either Run or Close has to follow.
//
// An error is one sentence that says what is wrong and what to do. It wraps
// manager.ErrAuth, ErrNotManager or ErrNoResource, or what the network said.
func Attach(ctx context.Context, opt Options) (*Source, error) {
	if opt.Address == "" {
		return nil, errors.New("there is no address to attach to: give the manager's host:port")
	}
	// Python's manager listens on IPv4 alone, and localhost may mean ::1 first.
	if host, port, err := net.SplitHostPort(opt.Address); err == nil && host == "localhost" {
		opt.Address = net.JoinHostPort("127.0.0.1", port)
	}
	if opt.Authkey == nil {
		opt.Authkey = []byte(defaultAuthkey)
	}
	opt.Kind = cmp.Or(opt.Kind, shm.KindNapari)
	opt.Name = cmp.Or(opt.Name, "napari")
	opt.ID = cmp.Or(opt.ID, rand.Text())
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	client, err := manager.Dial(ctx, opt.Address, manager.Options{
		Authkey:      opt.Authkey,
		ReuseBuffers: true, // everything is converted before the next call
		Room:         opt.Room,
	})
	if err != nil {
		return nil, err
	}
	s := &Source{opt: opt, client: client, lull: defaultLull}
	s.out.init()
	s.streams.init(client)
	if err := s.greet(ctx); err != nil {
		s.giveBack(ctx)
		return nil, err
	}
	return s, nil
}

// greet finds the five objects and reads what the process says about itself.
func (s *Source) greet(ctx context.Context) error {
	for _, r := range []struct {
		name string
		into **manager.Proxy
	}{
		{"napari_data", &s.res.data},
		{"napari_messages", &s.res.messages},
		{"napari_shutdown", &s.res.shutdown},
		{"client_data", &s.res.clientData},
		{"client_messages", &s.res.clientMessages},
	} {
		p, err := s.client.Create(ctx, r.name)
		if err != nil {
			return err
		}
		*r.into = p
	}
	conn, err := s.client.Open(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	instance, err := s.instance(ctx, conn)
	if err != nil {
		return err
	}
	hello, err := conn.Call(ctx, s.res.data, "get", topicHello)
	if err != nil && errors.Is(err, manager.ErrGone) {
		return err
	}
	if s.opt.Kind != shm.KindDemo { // the demo is a thread of webmon, and lives as long as webmon
		_, ours := hello.(*pickle.Dict)
		s.watch = newWatch(s.opt.Address, cmp.Or(helloPID(hello), s.opt.PID), !ours)
	}
	s.info = shm.Info{
		Name: s.opt.Name, Kind: s.opt.Kind, Instance: instance,
		PID: s.watch.owner.pid, Address: s.opt.Address,
	}
	s.info.Python, s.info.Napari = s.watch.versions()
	if !s.setHello(hello) {
		return nil
	}
	// Controls and actions are known before the first command comes.
	return conn.Pipeline(ctx, []manager.Request{
		{Proxy: s.res.data, Method: "get", Args: []any{shm.TopicControls}},
		{Proxy: s.res.data, Method: "get", Args: []any{shm.TopicActions}},
	}, func(i int, v pickle.Value, err error) error {
		switch {
		case err != nil: // the next fetch of it says so
		case i == 0:
			s.setControls(v)
		default:
			s.setActions(v)
		}
		return nil
	})
}

// helloPID returns the number that a process says it has, 0 if it says none.
func helloPID(hello pickle.Value) int {
	d, _ := hello.(*pickle.Dict)
	if n, ok := entry(d, "pid").(int64); ok && n > 0 && n < 1<<31 {
		return int(n)
	}
	return 0
}

// setControls takes the declaration of what people may change.
func (s *Source) setControls(v pickle.Value) (shm.Controls, []note) {
	list, notes := decodeControls(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.controls = list
	return list, notes
}

// setActions takes the declaration of what people may call.
func (s *Source) setActions(v pickle.Value) (shm.Actions, []note) {
	list, notes := decodeActions(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.actions = list
	return list, notes
}

// keyInstance is the key of client_data that holds the random name of this run of the
// process. So every webmon calls the run the same.
const keyInstance = "webmon:instance"

func (s *Source) instance(ctx context.Context, conn *manager.Conn) (string, error) {
	random := rand.Text()
	v, err := conn.Call(ctx, s.res.clientData, "setdefault", keyInstance, random)
	if err != nil {
		return "", err
	}
	if name, ok := v.(string); ok && name != "" && len(name) <= 64 {
		return natural.Clip(name, 64), nil
	}
	return random, nil
}

// setHello takes what a process with the package says about itself. It reports whether
// the process says anything.
func (s *Source) setHello(v pickle.Value) bool {
	d, ok := v.(*pickle.Dict)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ours.Store(true)
	text := func(key string, into *string) {
		if t, ok := text(entry(d, key)); ok && t != "" {
			*into = natural.Clip(t, 80)
		}
	}
	text("name", &s.info.Name)
	text("instance", &s.info.Instance)
	text("python", &s.info.Python)
	s.info.Napari = "" // its last viewer may be gone
	text("napari", &s.info.Napari)
	text("package", &s.info.Package)
	s.info.Protocol = 0
	if n, ok := entry(d, "protocol").(int64); ok && n > 0 && n < 1<<31 {
		s.info.Protocol = int(n)
	}
	kind := ""
	text("kind", &kind)
	switch k := shm.Kind(kind); {
	case s.opt.Kind == shm.KindDemo: // which webmon itself has started, and says of it what it is
	case k == shm.KindNapari, k == shm.KindModel:
		s.info.Kind = k
	default:
		// The other kinds belong to what webmon itself starts or reaches. Pages would
		// describe the process wrongly.
		s.info.Kind = shm.KindPython
	}
	s.info.PID = cmp.Or(s.info.PID, helloPID(v))
	return true
}

// Info implements [shm.Source].
func (s *Source) Info() shm.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

func (s *Source) saidHello() bool { return s.ours.Load() }

// setReader notes the address of another webmon that takes the messages, "" for none.
// It reports whether no other was known before.
func (s *Source) setReader(url string) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first = s.info.Reader == ""
	s.info.Reader = url
	return first
}

// Close gives back what Attach took, for a Source whose Run is never called.
func (s *Source) Close() error {
	s.out.close("webmon does not watch this process any more")
	s.streams.close()
	return s.giveBack(context.Background())
}

// giveBack gives each reference back once, because the manager counts them. One too many
// would destroy an object that napari still uses.
func (s *Source) giveBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if err := s.client.Close(ctx); err != nil {
		return fmt.Errorf("leave the manager at %s: %w", s.opt.Address, err)
	}
	return nil
}

// leaveTimeout bounds the good-bye. Nobody should wait long for a process that hangs. A
// process on a busy machine should not count as one that hangs.
const leaveTimeout = 5 * time.Second
