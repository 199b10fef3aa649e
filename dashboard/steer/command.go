package steer

import (
	"crypto/rand"
	"slices"
	"time"

	"webmon/dashboard/record"
	"webmon/shm"
)

// Bounds of the commands kept.
const (
	maxCommands  = 500
	keepCommands = 15 * time.Minute
)

// Command is one request to a source and what has become of it so far.
type Command struct {
	ID     string         `json:"id"`
	Source string         `json:"source"`
	Name   string         `json:"name"`
	Args   map[string]any `json:"args"`
	Status shm.Status     `json:"status"`
	Reason string         `json:"reason,omitempty"`
	Sent   time.Time      `json:"sent"`
	Steps  []Step         `json:"steps"`
}

// Step is a status of a command, and when it came.
type Step struct {
	Status shm.Status `json:"status"`
	Time   time.Time  `json:"time"`
}

// changed is when the command's status last did.
func (c Command) changed() time.Time {
	if len(c.Steps) == 0 {
		return c.Sent
	}
	return c.Steps[len(c.Steps)-1].Time
}

// send gives a command to a source and returns what is known of it then. number is
// the one that a page has given to the value that the command sets. If somebody has
// set another value since, nothing is sent, and sent is false. e is the command in the
// record.
func (d *Desk) send(e record.Entry, src steered, name string, args map[string]any, number Number) (cmd Command, sent bool) {
	sent = d.sets.post(src, name, number, func() {
		cmd = d.tell(src, name, args, d.changes.Add(e))
	})
	if !sent {
		e.Status = record.Overtaken
		d.changes.Add(e)
	}
	return cmd, sent
}

// tell sends a command that is not late.
func (d *Desk) tell(src steered, name string, args map[string]any, change *record.Change) Command {
	now := time.Now()
	cmd := &Command{
		ID: rand.Text(), Source: src.ID(), Name: name, Args: args,
		Status: shm.Queued, Sent: now, Steps: []Step{{shm.Queued, now}},
	}
	d.mu.Lock()
	for len(d.list) > 0 && (len(d.list) >= maxCommands || now.Sub(d.list[0].Sent) > keepCommands) {
		delete(d.byID, d.list[0].ID)
		d.list = slices.Delete(d.list, 0, 1)
	}
	d.byID[cmd.ID] = cmd
	d.list = append(d.list, cmd)
	d.mu.Unlock()

	src.Command(shm.Command{ID: cmd.ID, Name: name, Args: args}, func(s shm.Status, reason string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if s != cmd.Status {
			cmd.Steps = append(cmd.Steps, Step{s, time.Now()})
		}
		cmd.Status, cmd.Reason = s, reason
		change.Became(string(s), reason)
	})
	got, _ := d.Command(cmd.ID)
	return got
}

// Command returns the command with the id; ok is false if it is not kept any more.
func (d *Desk) Command(id string) (Command, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	cmd := d.byID[id]
	if cmd == nil {
		return Command{}, false
	}
	out := *cmd
	out.Steps = slices.Clone(cmd.Steps)
	return out, true
}

// last returns the latest command of a name to a source.
func (d *Desk) last(sourceID, name string) (Command, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, cmd := range slices.Backward(d.list) {
		if cmd.Source == sourceID && cmd.Name == name {
			return *cmd, true
		}
	}
	return Command{}, false
}

// latest returns the last commands to a source, newest first.
func (d *Desk) latest(sourceID string, n int) []Command {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Command
	for _, cmd := range slices.Backward(d.list) {
		if len(out) == n {
			break
		}
		if cmd.Source == sourceID {
			out = append(out, *cmd)
		}
	}
	return out
}
