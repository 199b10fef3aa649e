package shm

import (
	"context"
	"errors"
	"time"
)

// Kind says what sort of process a source is.
type Kind string

// The kinds of source.
const (
	KindNapari Kind = "napari" // napari's own monitor
	KindPython Kind = "python" // any Python process that declares itself
	KindDemo   Kind = "demo"   // the embedded synthetic napari
	KindModel  Kind = "model"  // a simulation that webmon hosts
	KindRemote Kind = "remote" // a simulation server elsewhere
)

// IsModel reports whether it is a simulation, which runs while somebody looks.
func (k Kind) IsModel() bool { return k == KindModel || k == KindRemote }

// Info is what is known of a watched process. Empty strings and zeros mean
// that it could not be found out: napari's own monitor names no version.
type Info struct {
	Name     string // as it calls itself; the dashboard derives the source's id from it
	Kind     Kind
	Instance string // random, new with each start of the process
	PID      int    // of the watched process, not of its manager
	Python   string // version, such as "3.9.18"
	Napari   string // version, such as "0.4.11"
	Package  string // version of the webmon package inside the process
	Address  string // host:port of its manager
	// Reader is the URL of another webmon that already drains this process.
	// Its messages then arrive there and not here.
	Reader string
}

// Why a source ended. Run wraps one of these, or another error that says more.
var (
	ErrEnded = errors.New("the process ended")                       // shutdown event or an orderly close
	ErrGone  = errors.New("the connection to the process broke off") // killed or crashed
	ErrOwner = errors.New("the process died and left its manager behind")
)

// Source is one watched process as an adapter offers it.
type Source interface {
	// Info returns what is known now; it may grow while the source runs.
	Info() Info

	// Actions lists what people may ask of the process, by name. Only these
	// names, and those of its controls (the state topic TopicControls), are
	// ever sent to it.
	Actions() []Action

	// Run reads until ctx is done or the process is gone and hands everything
	// to sink. It returns nil only after ctx is done, else an error that wraps
	// ErrEnded, ErrGone or ErrOwner. It is called once.
	Run(ctx context.Context, sink Sink) error

	// Command sends cmd to the process and returns at once. The steps of its
	// life are told to report, in order, ending with a final Status. Of a
	// command without an ID nothing is told; report may be nil.
	Command(cmd Command, report func(Status, string))
}

// Refresher is a Source that fetches what its process has, and so may know less than
// that. One that is told everything at once is none.
type Refresher interface {
	// Refresh returns when the sink has what the process had of the topics after it
	// was called, or when ctx is done; nil stands for all topics. What the process
	// sent before is there as well, also where no topic is named.
	Refresh(ctx context.Context, topics []string)
}

// Sink takes what a source reads. Its methods return at once, never block the
// reader, and are safe for concurrent use. Values handed over belong to the
// sink: the source must not write to them again.
type Sink interface {
	// State replaces the value of a state topic; nil says that the process has
	// taken the topic back.
	State(topic string, value Value)
	// Event appends to an event topic. Events of one topic come in order.
	Event(Event)
	// Frame says that everything the process sent for one frame of its own has
	// been handed over. stamp is the process's time of the frame (0: unknown, or
	// of no meaning because the source took its time while nobody watched).
	Frame(stamp float64)
	// Alive says that the process is well although it has nothing to draw: what
	// would have sent a frame is still at work.
	Alive()
	// Cost reports what reading costs the watched process.
	Cost(Cost)
	// Notice says something people should read, such as a message that could
	// not be decoded; key tells kinds of notice apart so that one that comes
	// often is counted instead of repeated.
	Notice(key, text string)

	// Demand returns how often a second somebody wants the topic, 0 for nobody.
	Demand(topic string) float64
	// DemandChanged is signalled (capacity one) when Demand may answer
	// differently.
	DemandChanged() <-chan struct{}
}

// Cost is what reading takes from the watched process, since the source began.
type Cost struct {
	Calls   uint64        // requests answered by its manager
	Bytes   uint64        // bytes received from it
	Waiting time.Duration // time its manager needed for them: an upper bound of its CPU
	Manager time.Duration // CPU time of the manager process; 0: unknown on this platform
}

// Event is one message of an event topic.
type Event struct {
	Topic string
	Stamp float64 // the process's own time, s since the epoch; 0: it gave none
	Value Value   // what it sent, such as {"time": s, "delta_ms": ms}
	// Past says that it was sent before webmon came: Stamp then is when. It is
	// history, and tells nothing of how fast the process is now.
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
	Title   string      `json:"title,omitempty"` // for people; "" where the name will do
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
)

// Command is one request to a process: the name of an action and its
// arguments, or of a control and its value under the same name. One without an
// ID is a value on the way to another, as while a slider is dragged: nobody
// waits for it, and a newer one takes its place.
type Command struct {
	ID   string
	Name string
	Args map[string]Value
}

// Status is a step in the life of a command.
type Status string

// The life of a command: queued, then perhaps taken, then applied or refused.
// For a plain napari it ends at taken, because napari tells nobody what it did
// with it. Gone ends the life of a command whose process ended before.
const (
	Queued  Status = "queued"  // in the process's queue
	Taken   Status = "taken"   // the process has fetched it
	Applied Status = "applied" // the process says that it was done
	Refused Status = "refused" // the process says why not
	Gone    Status = "gone"    // the process ended, or never answered
)
