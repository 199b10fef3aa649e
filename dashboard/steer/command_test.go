package steer

import (
	"fmt"
	"strings"
	"testing"

	"webmon/dashboard/record"
	"webmon/shm"
)

// busyProcess takes commands, and says what becomes of those with the names.
type busyProcess struct {
	id      string
	answers map[string]bool
}

func (p busyProcess) ID() string { return p.id }

func (p busyProcess) Command(c shm.Command, report func(shm.Status, string)) {
	if p.answers[c.Name] {
		report(shm.Applied, "")
	}
}

// Whoever asks what has become of a command is told, however many others there were since.
func TestAFloodOfCommandsTakesNoRoomFromOthers(t *testing.T) {
	d := New(nil, nil)
	scope, other := busyProcess{"scope", map[string]bool{"gain": true, "flood": true}}, busyProcess{"other", map[string]bool{"gain": true}}
	send := func(p busyProcess, name, value string) Command {
		cmd, _ := d.send(record.Entry{}, p, name, map[string]shm.Value{name: value}, Number{})
		return cmd
	}
	slow := send(scope, "flood", "the first, which is on its way")
	d.mu.Lock()
	d.byID[slow.ID].Status = shm.Taken
	d.mu.Unlock()
	kept := []Command{slow, send(scope, "gain", "1"), send(scope, "slow", "2"), send(other, "gain", "3")}
	for i := range 5000 {
		value := fmt.Sprint(i)
		if i%100 == 0 {
			value = strings.Repeat("x", 60_000)
		}
		kept = append(kept[:4], send(scope, "flood", value)) // the last of them counts as well
		if d.bytes > maxCommandBytes {
			t.Fatalf("%d bytes are kept", d.bytes)
		}
	}
	for i, cmd := range kept {
		if got, ok := d.Command(cmd.ID); !ok || got.Name != cmd.Name {
			t.Errorf("command %d, %s to %s, is forgotten", i, cmd.Name, cmd.Source)
		}
	}
	// What is counted is what is there.
	sum := 0
	for _, cmd := range d.list {
		sum += cmd.bytes
	}
	if sum != d.bytes || len(d.list) != len(d.byID) || len(d.ofName) != 4 || len(d.ofSource) != 2 {
		t.Errorf("%d commands of %d bytes are counted as %d, %v, %v", len(d.list), sum, d.bytes, d.ofName, d.ofSource)
	}
	// Many names of one source, and nothing else there: the oldest go.
	for i := range 5000 {
		send(other, fmt.Sprint("name", i), "")
	}
	if _, ok := d.Command(kept[1].ID); !ok {
		t.Error("many names of one source take the room of another one")
	}
	if d.bytes > maxCommandBytes {
		t.Errorf("%d bytes are kept", d.bytes)
	}
}
