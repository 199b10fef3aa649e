package wire

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"webmon/fault"
	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// Options say what a process is. Only Name is required.
type Options struct {
	Name    string // what it calls itself
	Kind    shm.Kind
	Napari  string // version of its viewer, "" for none
	Package string // version of what speaks for it
	// Authkey is the key of its manager. Default: 64 random hex digits.
	Authkey []byte
	// Hands takes what people do on the array "canvas" (see shm/PROTOCOL.md): the number of the
	// message, and its events, which webmon has checked. Default: they are passed over.
	Hands func(n int64, events []any)
	// Logger gets what goes wrong. Default: none.
	Logger *slog.Logger
}

// Bounds of what waits. Whoever is slow to take it loses the oldest events, which are counted.
const (
	maxMessages = 8192 // that nobody has taken
	maxEvents   = 8192 // of one round
	maxCommands = 1000
)

// sayGoodbye is how long the shutdown event may take to arrive.
const sayGoodbye = 20 * time.Millisecond

// Process is a process on the wire. See the package comment for who may call what.
type Process struct {
	opt      Options
	instance string
	address  string
	key      []byte
	wake     chan struct{} // capacity one
	faults   *fault.Ledger
	cancel   context.CancelFunc // nil: it is served by nobody
	done     sync.WaitGroup

	data     *manager.Dict
	notes    *notes
	messages *manager.Queue
	commands inbox
	shutdown *manager.Event

	// All below is the owner's.
	demand   *demand
	now      time.Time // of the round
	topics   list[topic]
	controls list[control]
	actions  list[action]
	arrays   list[*Array]
	boards   list[string]
	states   map[string]*state
	dirty    map[string]bool // declarations that have changed
	events   events
	lost     map[string]uint64 // events that nobody took, by topic
	total    uint64            // of them
	untold   bool              // lost has changed since
	lostTold time.Time         // it was told
}

// New returns a process that nobody can reach yet. It declares what it has, and is started then.
func New(o Options) *Process {
	o.Kind = cmp.Or(o.Kind, shm.KindPython)
	p := &Process{
		opt: o, instance: rand.Text(), key: o.Authkey, wake: make(chan struct{}, 1),
		faults: fault.NewLedger(o.Logger),
		data:   manager.NewDict(), messages: manager.NewQueue(maxMessages), shutdown: manager.NewEvent(),
		demand: &demand{}, states: map[string]*state{}, dirty: map[string]bool{}, lost: map[string]uint64{},
		now: time.Now(),
	}
	if p.key == nil {
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails
		p.key = []byte(hex.EncodeToString(random))
	}
	p.notes = newNotes(func() { shm.Signal(p.wake) })
	p.commands = inbox{manager.NewQueue(maxCommands), func() { shm.Signal(p.wake) }}
	p.hello()
	for _, key := range []string{"topics", shm.TopicControls, shm.TopicActions, shm.TopicArrays, shm.TopicBoards} {
		p.data.Set(key, pickle.NewDict())
	}
	return p
}

// Resources returns the five objects that the process offers, by their names. Start serves them.
func (p *Process) Resources() map[string]manager.Resource {
	return map[string]manager.Resource{
		"napari_data": p.data, "napari_messages": p.messages, "napari_shutdown": p.shutdown,
		"client_data": p.notes, "client_messages": p.commands,
	}
}

// Start serves the process, with all that it has declared so far, on a free port of 127.0.0.1
// until ctx ends or Close is called.
func (p *Process) Start(ctx context.Context) error {
	server, err := manager.NewServer(manager.ServerOptions{
		Authkey:   p.key,
		Resources: p.Resources(),
		Logger:    p.opt.Logger,
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", p.opt.Name, err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start %s: %w", p.opt.Name, err)
	}
	p.Round(func() {}) // commands are checked against what is declared by then
	p.address = listener.Addr().String()
	ctx, p.cancel = context.WithCancel(ctx)
	fault.Go(&p.done, func() {
		if err := server.Serve(ctx, listener); err != nil && p.opt.Logger != nil {
			p.opt.Logger.Error("the server of a process ended", "process", p.opt.Name, "error", err)
		}
	}, func(err error) {
		p.faults.Note(p.opt.Name, p.address, err)
		p.cancel() // it ends as any process does
	})
	return nil
}

// Address returns host:port of the process's manager.
func (p *Process) Address() string { return p.address }

// Authkey returns the key of the process's manager.
func (p *Process) Authkey() []byte { return p.key }

// Wake returns a channel of capacity one. It gets a signal when a command has come, or something
// else is wanted than before, so that a Round should begin soon.
func (p *Process) Wake() <-chan struct{} { return p.wake }

// Close ends the process as a program ends that is well: the process says that it ends first.
// Close waits until nobody is served any more. It may be called more than once, and by anybody.
// The owner still has to call [Process.Release], after its loop has ended.
func (p *Process) Close() {
	p.shutdown.Set()
	if p.cancel == nil {
		return
	}
	time.Sleep(sayGoodbye)
	p.cancel()
	p.done.Wait()
}

// Stop ends the process as one ends that is killed: connections break, and nobody is told why. It
// does not wait.
func (p *Process) Stop() {
	if p.cancel != nil {
		p.cancel()
	}
}

// Release removes what the process has in shared memory. The owner calls it last.
func (p *Process) Release() {
	for _, a := range p.arrays {
		a.v.release()
	}
}

func (p *Process) hello() {
	var napari pickle.Value
	if p.opt.Napari != "" {
		napari = p.opt.Napari
	}
	p.data.Set("hello", pickle.NewDict(
		"protocol", int64(1), "name", p.opt.Name, "kind", string(p.opt.Kind), "pid", int64(os.Getpid()),
		"instance", p.instance, "python", nil, "napari", napari, "package", p.opt.Package, "asks", true,
	))
}

// Round is one turn of the owner's loop. It takes the commands that have come and has them
// done, calls f, and tells whoever watches what has changed. Who has asked for what the process has
// now is answered after that, so f brings everything up to date that is wanted.
func (p *Process) Round(f func()) {
	p.now = time.Now()
	p.demand = p.notes.read(p.now)
	p.obey()
	f()
	p.tell()
}

// Now returns when the round began.
func (p *Process) Now() time.Time { return p.now }

// Wanted returns how often a second somebody wants a topic, such as "stage" or "array/camera": 0
// if nobody does. The answer is the same throughout a round.
func (p *Process) Wanted(topic string) float64 { return p.demand.topics[topic] }

// Enough returns how many rows and columns of the frames of a topic are enough for all who want
// it. ok is false if somebody wants all of them.
func (p *Process) Enough(topic string) (rows, cols int, ok bool) {
	s, ok := p.demand.sizes[topic]
	return s[0], s[1], ok
}

// Watchers returns how many browsers look at the process.
func (p *Process) Watchers() int { return p.demand.watchers }

// Watched reports whether somebody wants anything of the process, or waits for an answer.
func (p *Process) Watched() bool { return len(p.demand.topics) > 0 || p.demand.watchers > 0 }

// list keeps what is declared in the order in which people see it.
type list[T any] []entry[T]

type entry[T any] struct {
	name string
	v    T
}

func (l list[T]) find(name string) int {
	return slices.IndexFunc(l, func(e entry[T]) bool { return e.name == name })
}

// set puts a value into its old place, or at the end.
func (l *list[T]) set(name string, v T) {
	if i := l.find(name); i >= 0 {
		(*l)[i].v = v
		return
	}
	*l = append(*l, entry[T]{name, v})
}

func (l *list[T]) remove(name string) bool {
	i := l.find(name)
	if i >= 0 {
		*l = slices.Delete(*l, i, i+1)
	}
	return i >= 0
}
