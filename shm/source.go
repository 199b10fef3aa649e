package shm

import (
	"context"
	"errors"
	"time"
)

// Protocol is the version of shm/PROTOCOL.md that webmon speaks. The package has the same
// in _version.py.
const Protocol = 1

// Kind says what sort of process a source is.
type Kind string

// The kinds of source.
const (
	KindNapari Kind = "napari" // napari's own monitor
	KindPython Kind = "python" // any Python process that declares itself
	KindDemo   Kind = "demo"   // the embedded made-up microscope
	KindModel  Kind = "model"  // a simulation that webmon hosts
	KindRemote Kind = "remote" // a simulation server elsewhere
	KindMap    Kind = "map"    // the image stacks of a map, on the disk
)

// IsModel reports whether the source is a simulation, which runs while somebody
// looks.
func (k Kind) IsModel() bool { return k == KindModel || k == KindRemote }

// IsVisited reports whether the source begins with a visit, and ends by itself when nobody
// has looked at it for a while.
func (k Kind) IsVisited() bool { return k.IsModel() || k == KindMap }

// Info is what is known of a watched process. An empty string or a zero means that
// the value is not known: napari's own monitor names no version, for example.
type Info struct {
	Name     string // what the process calls itself; the dashboard derives the source's id from it
	Kind     Kind
	Instance string // random, new with each start of the process
	PID      int    // of the watched process, not of its manager
	Python   string // version, such as "3.9.18"
	Napari   string // version, such as "0.4.11"
	Package  string // version of the webmon package inside the process
	Protocol int    // version of shm/PROTOCOL.md that the process speaks
	Address  string // host:port of its manager
	// Reader is the URL of another webmon that already takes the messages of this
	// process. They arrive there and not here. "" where there is no other webmon.
	Reader string
}

// Why a source ended. The error of [Source.Run] wraps one of these.
var (
	ErrEnded = errors.New("the process ended")                       // shutdown event or an orderly close
	ErrGone  = errors.New("the connection to the process broke off") // killed or crashed
	ErrOwner = errors.New("the process died and left its manager behind")
)

// Source is one watched process as an adapter offers it.
type Source interface {
	// Info returns what is known now. More may become known while the source runs.
	Info() Info

	// Actions lists what people may ask of the process, by name. Nothing is sent
	// to the process but commands with these names, and with the names of its
	// controls (the state topic TopicControls).
	Actions() []Action

	// Run reads until ctx is done or the process is gone, and hands everything to
	// sink. Run returns nil if ctx is done. Otherwise it returns an error that wraps
	// ErrEnded, ErrGone or ErrOwner. Run is called once.
	Run(ctx context.Context, sink Sink) error

	// Command sends cmd to the process and returns at once. report is called with
	// each step in the life of the command, in order; the last step is a final
	// Status. report is not called for a command without an ID, and may be nil.
	Command(cmd Command, report func(Status, string))
}

// Refresher is a Source that fetches what its process has. The sink of such a source
// may lag behind the process. A Source that is told everything at once does not
// implement Refresher.
type Refresher interface {
	// Refresh brings topics up to date; nil stands for all topics. It returns when
	// the sink has values that the process had after the call, or when ctx is done.
	// Everything that the process sent before the call has reached the sink too,
	// even if topics is empty.
	Refresh(ctx context.Context, topics []string)
}

// Sink takes what a source reads. Its methods return at once, never block the
// reader, and are safe for concurrent use. A value that is handed over belongs to
// the sink: the source must not write to it again.
type Sink interface {
	// State replaces the value of a state topic. The value nil says that the process
	// has taken the topic back.
	State(topic string, value Value)
	// Event appends to an event topic. The events of one topic come in order.
	Event(Event)
	// Frame says that everything that the process sent for one of its frames has
	// been handed over. stamp is the process's time of the frame. It is 0 if the time
	// is not known, or means nothing because the source read late while nobody
	// watched.
	Frame(stamp float64)
	// Alive says that the process is well although it draws no frame: whatever would
	// draw the next frame still runs.
	Alive()
	// Cost reports what reading costs the watched process.
	Cost(Cost)
	// Notice says something that people should read, for example that a message
	// could not be decoded. Notices with the same key are counted instead of
	// repeated.
	Notice(key, text string)
	// Fault says that something of the source has panicked and was left out, while the
	// rest of it goes on. what is the beginning of a sentence for people, such as
	// "The value of stage". err wraps a *fault.Error.
	Fault(what string, err error)

	// Demand returns how often a second somebody wants the topic: 0 if nobody does.
	Demand(topic string) float64
	// DemandChanged returns a channel of capacity one. The channel gets a signal when
	// Demand may have a new answer.
	DemandChanged() <-chan struct{}
}

// Cost is what reading has cost the watched process since the source began.
type Cost struct {
	Calls   uint64        // requests answered by its manager
	Bytes   uint64        // bytes received from it
	Waiting time.Duration // time its manager took to answer: an upper bound of the CPU time
	Manager time.Duration // CPU time of the manager process; 0: not known on this platform
}

// Event is one message of an event topic.
type Event struct {
	Topic string
	Stamp float64 // the process's own time, s since the epoch; 0: the process gave none
	Value Value   // what the process sent, such as {"time": s, "delta_ms": ms}
	// Past says that the event was sent before webmon came, at the time Stamp. Such
	// an event is history: it tells nothing about how fast the process is now.
	Past bool `json:",omitempty"`
}

// Action is something people may ask of a process.
type Action struct {
	Name  string    `json:"-"`
	Title string    `json:"title,omitempty"`
	Args  []Control `json:"args"`
	Help  string    `json:"help,omitempty"`
	Group string    `json:"group,omitempty"`
}

// Control is a value that people may change, or one argument of an Action.
type Control struct {
	Name    string      `json:"name"`
	Title   string      `json:"title,omitempty"` // for people; "": the name is shown
	Type    ControlType `json:"type"`
	Value   Value       `json:"value,omitempty"`
	Default Value       `json:"default,omitempty"`
	Min     *float64    `json:"min,omitempty"` // for int and float
	Max     *float64    `json:"max,omitempty"`
	// Soft says that Min and Max are only how far a slider goes: any finite number
	// is taken.
	Soft    bool     `json:"soft,omitempty"`
	Step    float64  `json:"step,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	Scale   string   `json:"scale,omitempty"`   // "linear" (default) or "log"
	Choices []string `json:"choices,omitempty"` // the values that a choice may have
	// Labels are what people see instead of each of the choices; nil where they see
	// the choices themselves.
	Labels []string `json:"labels,omitempty"`
	Help   string   `json:"help,omitempty"`
	Group  string   `json:"group,omitempty"`
	// Section is a heading within the group; pages fold what lies below it.
	Section string `json:"section,omitempty"`
}

// ControlType is the type of a control's value.
type ControlType string

// The types of a control.
const (
	Float  ControlType = "float"
	Int    ControlType = "int"
	Bool   ControlType = "bool"
	Choice ControlType = "choice"
	Text   ControlType = "text"
	Color  ControlType = "color" // a text as [ParseColor] returns it
)

// Command is one request to a process. It has the name of an action and the
// action's arguments, or the name of a control and the control's value under the
// same name. A command without an ID is a value on the way to another one, as while
// a slider is dragged: nobody waits for its answer, and a newer value takes its
// place.
type Command struct {
	ID   string
	Name string
	Args map[string]Value
}

// Status is a step in the life of a command.
type Status string

// The life of a command: queued, then perhaps taken, then applied or refused.
// In a plain napari the life of a command ends at taken, because napari tells
// nobody what became of it. Gone is the end if the process ended before.
const (
	Queued  Status = "queued"  // in the process's queue
	Taken   Status = "taken"   // the process has fetched it
	Applied Status = "applied" // the process says that it was done
	Refused Status = "refused" // the process says why not
	Gone    Status = "gone"    // the process ended, or never answered
)
