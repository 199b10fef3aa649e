package wire

import (
	"context"

	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// Put sends what a webmon would send.
func Put(p *Process, v pickle.Value) {
	_, _ = p.commands.Call(context.Background(), manager.Call{Method: "put", Args: pickle.Tuple{v}})
}

// Note changes client_data as a webmon does.
func Note(p *Process, method string, args ...pickle.Value) {
	_, _ = p.notes.Call(context.Background(), manager.Call{Method: method, Args: args})
}

// Take takes a message.
func Take(p *Process) (pickle.Value, error) { return p.messages.TryGet() }

// Waiting returns how many messages wait.
func Waiting(p *Process) int { return p.messages.Len() }

// Value returns a value of napari_data, nil if there is none.
func Value(p *Process, key string) pickle.Value {
	v, _ := p.data.Get(key)
	return v
}
