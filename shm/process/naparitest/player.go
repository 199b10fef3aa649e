package naparitest

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// PlayOptions says what a Player pretends to be.
type PlayOptions struct {
	Name string // default "player"
	Kind string // default "python"
	// PID is the process number that it gives. Default: a large one that no
	// process has.
	PID int
	// Runtime is webmon's runtime folder, where it announces itself. Default:
	// nowhere.
	Runtime string
	// Handle runs a command and returns why not, "" if it could. It runs in a
	// goroutine of the player's. Default: everything can be done.
	Handle func(Command) (refused string)
}

// Player is a process with the package, played in Go inside the test: it says hello,
// declares what the test wants it to, tells what changes, and answers commands,
// on the real wire. It needs no Python, and ends with the test.
type Player struct {
	Instance string
	Authkey  []byte

	t          testing.TB
	opt        PlayOptions
	address    string
	data       *countedDict
	clientData *manager.Dict
	messages   *manager.Queue
	commands   *manager.Queue
	shutdown   *manager.Event
	cancel     context.CancelFunc
	done       sync.WaitGroup
	lock       *flock.Flock // nil: not announced
	path       string

	mu      sync.Mutex // guards all below
	taken   []Command
	hands   []Hands
	holding chan struct{} // closed when commands may be taken; nil: always
}

// Command is one that a Player took.
type Command struct {
	ID   string // "": a value on the way
	Name string
	Args map[string]any
}

// Hands is a message of hands that a Player took: its number, and its events as plain values.
type Hands struct {
	N      int64
	Events []any
}

// countedDict counts what is asked for.
type countedDict struct {
	*manager.Dict
	mu   sync.Mutex // guards gets
	gets map[string]int
}

func (d *countedDict) Call(ctx context.Context, c manager.Call) (pickle.Value, error) {
	if len(c.Args) > 0 && c.Method == "get" {
		if key, ok := c.Args[0].(string); ok {
			d.mu.Lock()
			d.gets[key]++
			d.mu.Unlock()
		}
	}
	return d.Dict.Call(ctx, c)
}

// Play starts a Player.
func Play(t testing.TB, o PlayOptions) *Player {
	t.Helper()
	o.Name, o.Kind, o.PID = cmp.Or(o.Name, "player"), cmp.Or(o.Kind, "python"), cmp.Or(o.PID, 1<<30)
	if o.Handle == nil {
		o.Handle = func(Command) string { return "" }
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails
	p := &Player{
		Instance: rand.Text(), Authkey: []byte(hex.EncodeToString(key)),
		t: t, opt: o,
		data:       &countedDict{Dict: manager.NewDict(), gets: map[string]int{}},
		clientData: manager.NewDict(),
		messages:   manager.NewQueue(0), commands: manager.NewQueue(0), shutdown: manager.NewEvent(),
	}
	server, err := manager.NewServer(manager.ServerOptions{
		Authkey: p.Authkey,
		Resources: map[string]manager.Resource{
			"napari_data": p.data, "napari_messages": p.messages, "napari_shutdown": p.shutdown,
			"client_data": p.clientData, "client_messages": p.commands,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.data.Set("hello", pickle.NewDict(
		"protocol", int64(1), "name", o.Name, "kind", o.Kind, "pid", int64(o.PID), "instance", p.Instance,
		"python", "3.12.1", "napari", nil, "package", "0.1",
	))
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.done.Go(func() {
		if err := server.Serve(ctx, l); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	p.done.Go(func() { p.take(ctx) })
	t.Cleanup(p.Kill)
	if o.Runtime != "" {
		p.announce()
	}
	return p
}

// announce leaves the file by which webmon finds the player.
func (p *Player) announce() {
	p.t.Helper()
	folder := filepath.Join(p.opt.Runtime, "sources")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		p.t.Fatal(err)
	}
	content, err := json.Marshal(map[string]any{
		"protocol": 1, "name": p.opt.Name, "kind": p.opt.Kind, "pid": p.opt.PID, "instance": p.Instance,
		"address": p.address, "authkey": string(p.Authkey), "started": float64(time.Now().UnixMicro()) / 1e6,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	name := fmt.Sprintf("%d-%s", p.opt.PID, p.Instance)
	hidden := filepath.Join(folder, "."+name+".tmp")
	if err := os.WriteFile(hidden, content, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.lock = flock.New(hidden)
	if ok, err := p.lock.TryLock(); !ok || err != nil {
		p.t.Fatalf("lock %s: %v, %v", hidden, ok, err)
	}
	p.path = filepath.Join(folder, name+".json")
	if err := os.Rename(hidden, p.path); err != nil {
		p.t.Fatal(err)
	}
}

// Address returns host:port of the player's manager.
func (p *Player) Address() string { return p.address }

// Declare sets "controls", "actions", "topics" or "arrays".
func (p *Player) Declare(key string, v pickle.Value) {
	p.data.Set(key, v)
	p.Say(pickle.NewDict("webmon", pickle.NewDict("changed", pickle.NewList(key))))
}

// Set sets a state, and tells that it has changed where somebody wants it.
func (p *Player) Set(name string, v pickle.Value) {
	p.data.Set(name, v)
	if p.Wants()[name] > 0 {
		p.Say(pickle.NewDict("webmon", pickle.NewDict("changed", pickle.NewList(name))))
	}
}

// Forget takes a state back, and tells that it has changed where somebody wants it.
func (p *Player) Forget(name string) {
	p.data.Delete(name)
	if p.Wants()[name] > 0 {
		p.Say(pickle.NewDict("webmon", pickle.NewDict("changed", pickle.NewList(name))))
	}
}

// SetQuietly sets a state and says nothing of it.
func (p *Player) SetQuietly(name string, v pickle.Value) { p.data.Set(name, v) }

// Change sets a state and says so, wanted or not.
func (p *Player) Change(name string, v pickle.Value) { p.Declare(name, v) }

// Send sends an event.
func (p *Player) Send(topic string, v pickle.Value) { p.Say(pickle.NewDict(topic, v)) }

// Frame sends a frame time.
func (p *Player) Frame() {
	p.Send("frame_time", pickle.NewDict("time", float64(time.Now().UnixMicro())/1e6, "delta_ms", 16.5))
}

// Alive says that the player is well although it draws nothing.
func (p *Player) Alive() {
	p.Send("webmon", pickle.NewDict("alive", float64(time.Now().UnixMicro())/1e6))
}

// Say puts a message as it is.
func (p *Player) Say(message pickle.Value) {
	if err := p.messages.Put(message); err != nil {
		p.t.Errorf("put: %v", err)
	}
}

// Wants returns what somebody wants of the player, and how often a second.
func (p *Player) Wants() map[string]float64 {
	out := map[string]float64{}
	for _, key := range p.clientData.Keys() {
		v, _ := p.clientData.Get(key)
		d, ok := v.(*pickle.Dict)
		if len(key) < 5 || key[:5] != "want:" || !ok {
			continue
		}
		if topics := d.Dict("topics"); topics != nil {
			for _, e := range topics.Entries {
				name, _ := e.Key.(string)
				hz, _ := e.Value.(float64)
				out[name] = max(out[name], hz)
			}
		}
	}
	return out
}

// Note returns a value of client_data, nil if there is none.
func (p *Player) Note(key string) pickle.Value {
	v, _ := p.clientData.Get(key)
	return v
}

// Gets returns how often each key of napari_data was asked for so far.
func (p *Player) Gets() map[string]int {
	p.data.mu.Lock()
	defer p.data.mu.Unlock()
	return maps.Clone(p.data.gets)
}

// Hold leaves commands in the queue until the returned function is called.
func (p *Player) Hold() (release func()) {
	held := make(chan struct{})
	p.mu.Lock()
	p.holding = held
	p.mu.Unlock()
	return sync.OnceFunc(func() { close(held) })
}

// Waiting returns how many commands are in the queue.
func (p *Player) Waiting() int { return p.commands.Len() }

// Taken returns the commands that the player took so far.
func (p *Player) Taken() []Command {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Command(nil), p.taken...)
}

// Hands returns the messages of hands that the player took so far.
func (p *Player) Hands() []Hands {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Hands(nil), p.hands...)
}

// moved takes a message of hands.
func (p *Player) moved(d *pickle.Dict) {
	plain, err := pickle.Plain(d, pickle.PlainOptions{})
	if err != nil {
		p.t.Errorf("hands: %v", err)
	}
	var h Hands
	fields, _ := plain.(map[string]any)
	h.N, _ = fields["n"].(int64)
	h.Events, _ = fields["events"].([]any)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hands = append(p.hands, h)
}

// take takes commands and answers them.
func (p *Player) take(ctx context.Context) {
	for {
		p.mu.Lock()
		held := p.holding
		p.mu.Unlock()
		if held != nil {
			select {
			case <-held:
			case <-ctx.Done():
				return
			}
		}
		if p.commands.Len() == 0 { // so that a hold finds what comes after it
			select {
			case <-time.After(time.Millisecond):
				continue
			case <-ctx.Done():
				return
			}
		}
		p.mu.Lock()
		again := p.holding != held
		p.mu.Unlock()
		if again {
			continue
		}
		v, err := p.commands.TryGet()
		if err != nil {
			continue
		}
		d, _ := v.(*pickle.Dict)
		inner := d.Dict("webmon")
		if inner == nil {
			p.t.Errorf("a command that is none: %v", v)
			continue
		}
		if hands := inner.Dict("hands"); hands != nil {
			p.moved(hands)
			continue
		}
		var c Command
		id, _ := inner.Get("id")
		name, _ := inner.Get("name")
		c.ID, _ = id.(string)
		c.Name, _ = name.(string)
		args, err := pickle.Plain(inner.Dict("args"), pickle.PlainOptions{})
		if err != nil {
			p.t.Errorf("arguments of %s: %v", c.Name, err)
		}
		c.Args, _ = args.(map[string]any)
		p.mu.Lock()
		p.taken = append(p.taken, c)
		p.mu.Unlock()
		refused := p.opt.Handle(c)
		if c.ID == "" {
			continue
		}
		status, reason := "applied", pickle.Value(nil)
		if refused != "" {
			status, reason = "refused", refused
		}
		p.Send("command", pickle.NewDict("id", c.ID, "status", status, "reason", reason, "time", float64(time.Now().UnixMicro())/1e6))
	}
}

// Quit ends the player as a program ends that is well.
func (p *Player) Quit() {
	if p.path != "" {
		if err := os.Remove(p.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			p.t.Errorf("take the announcement back: %v", err)
		}
	}
	p.shutdown.Set()
	p.unlock()
}

// Kill ends the player as a SIGKILL does: connections break, and its
// announcement stays without its lock.
func (p *Player) Kill() {
	p.cancel()
	p.done.Wait()
	p.unlock()
}

func (p *Player) unlock() {
	if p.lock != nil {
		_ = p.lock.Close()
	}
}
