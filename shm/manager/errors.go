package manager

import (
	"errors"
	"fmt"
	"strings"

	"webmon/natural"
	"webmon/shm/pickle"
)

// Errors that callers tell apart. Errors of this package wrap one of these, a
// [*RemoteError], or an error of package pickle.
var (
	// ErrEmpty is Python's queue.Empty: nothing to get.
	ErrEmpty = errors.New("the queue is empty")
	// ErrFull is Python's queue.Full: no room to put.
	ErrFull = errors.New("the queue is full")
	// ErrAuth says that the two sides do not have the same key.
	ErrAuth = errors.New("the key was refused")
	// ErrNotManager says that whatever listens at the address is no manager.
	ErrNotManager = errors.New("no Python manager answers")
	// ErrNoResource says that the manager has no object of that name.
	ErrNoResource = errors.New("the manager has no such object")
	// ErrGone says that the connection is closed or broke off: the manager
	// ended, was killed, or did not answer in time. Calls need a new connection.
	ErrGone = errors.New("the manager is gone")
	// ErrTimeout is wrapped together with ErrGone if no answer came in time.
	ErrTimeout = errors.New("no answer in time")
)

// RemoteError is an exception that Python raised while answering. The connection
// over which the exception came remains usable.
type RemoteError struct {
	// Type is the exception's class, such as "builtins.KeyError" or "KeyError". If
	// only a traceback came, Type is the class that its last line names.
	Type string
	// Message is the exception's text.
	Message string
	// Traceback is Python's traceback, "" if Python sent none.
	Traceback string
	// Unserializable says that the call succeeded but that its result could
	// not be pickled.
	Unserializable bool
	// Value is the exception itself, inert. It is nil if only a traceback came.
	Value *pickle.Object
}

// Error says in one line what Python raised.
func (e *RemoteError) Error() string {
	s := "Python raised " + strings.TrimPrefix(e.Type, "builtins.")
	if e.Unserializable {
		s = "Python could not send the result: " + strings.TrimPrefix(e.Type, "builtins.")
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Is makes errors.Is(err, ErrEmpty) and ErrFull true for Python's exceptions
// of that name.
func (e *RemoteError) Is(target error) bool {
	switch target {
	case ErrEmpty:
		return isClass(e.Type, "Empty")
	case ErrFull:
		return isClass(e.Type, "Full")
	}
	return false
}

// isClass knows queue's exceptions under both of their modules: the one of the C
// implementation (_queue) and the one of the Python implementation (queue).
func isClass(dotted, name string) bool {
	return dotted == "_queue."+name || dotted == "queue."+name
}

const maxMessage = 500 // bytes of an exception's text in an error message

func remoteTraceback(text string, unserializable bool) *RemoteError {
	e := &RemoteError{Traceback: text, Unserializable: unserializable, Type: "an exception"}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	// The exception's own text may have several lines. Its first line is the one
	// that starts at the left edge after the last line of the stack.
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], " ") || strings.HasPrefix(lines[i], "Traceback ") {
			break
		}
		if typ, msg, _ := strings.Cut(lines[i], ": "); isDotted(typ) {
			e.Type, e.Message = typ, natural.Clip(strings.TrimSpace(strings.Join(append([]string{msg}, lines[i+1:]...), " ")), maxMessage)
		}
	}
	return e
}

func isDotted(s string) bool {
	for _, r := range s {
		if r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != ""
}

func remoteException(v pickle.Value) error {
	o, ok := v.(*pickle.Object)
	if !ok {
		return &RemoteError{Type: "an exception", Message: natural.Clip(fmt.Sprint(v), maxMessage)}
	}
	e := &RemoteError{Type: o.Class.String(), Value: o}
	switch {
	case isClass(e.Type, "Empty"):
		return ErrEmpty // comes with every drain: no allocation
	case isClass(e.Type, "Full"):
		return ErrFull
	case len(o.Args) == 1:
		e.Message = natural.Clip(fmt.Sprint(o.Args[0]), maxMessage)
	case len(o.Args) > 1:
		e.Message = natural.Clip(fmt.Sprint(o.Args), maxMessage)
	}
	return e
}
