package steer

import (
	"crypto/rand"
	"slices"
	"time"

	"webmon/dashboard/record"
	"webmon/shm"
)

// Bounds of the commands kept. The bytes are those of their arguments, and something for
// each command besides.
const (
	maxCommandBytes = 1 << 20
	commandBytes    = 1 << 10
	keepCommands    = 15 * time.Minute
)

// what says which commands are alike: a flood of one kind takes no room from others.
type what struct{ source, name string }

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

	bytes int // what it counts as
}

// over reports whether nothing more will become of the command.
func (c *Command) over() bool {
	return c.Status != shm.Queued && c.Status != shm.Taken
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
		bytes: commandBytes + int(shm.SizeOf(args)),
	}
	d.mu.Lock()
	d.keep(cmd)
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

// keep notes a command, and forgets others so that all have room; mu is held.
func (d *Desk) keep(cmd *Command) {
	for len(d.list) > 0 && cmd.Sent.Sub(d.list[0].Sent) > keepCommands {
		d.forget(0)
	}
	for len(d.list) > 0 && d.bytes+cmd.bytes > maxCommandBytes {
		d.forget(d.dispensable())
	}
	d.byID[cmd.ID] = cmd
	d.list = append(d.list, cmd)
	d.count(cmd, 1)
}

// dispensable is the place of the command to forget next; mu is held. It is one of the name
// that takes most of the source that takes most: the oldest of which nothing more will
// become, if there is one, since somebody may wait for the others.
func (d *Desk) dispensable() int {
	var source string
	for id, n := range d.ofSource {
		if n > d.ofSource[source] {
			source = id
		}
	}
	var of what
	for w, n := range d.ofName {
		if w.source == source && n > d.ofName[of] {
			of = w
		}
	}
	oldest := -1
	for i, cmd := range d.list {
		if cmd.Source != of.source || cmd.Name != of.name {
			continue
		}
		if cmd.over() {
			return i
		}
		if oldest < 0 {
			oldest = i
		}
	}
	return max(oldest, 0)
}

// forget drops the command at a place of the list; mu is held.
func (d *Desk) forget(i int) {
	cmd := d.list[i]
	delete(d.byID, cmd.ID)
	d.list = slices.Delete(d.list, i, i+1)
	d.count(cmd, -1)
}

// count adds what a command takes, or takes it away; mu is held.
func (d *Desk) count(cmd *Command, sign int) {
	n := sign * cmd.bytes
	d.bytes += n
	add(d.ofSource, cmd.Source, n)
	add(d.ofName, what{cmd.Source, cmd.Name}, n)
}

// add adds to a count, of which none is kept that is 0.
func add[K comparable](to map[K]int, key K, n int) {
	if to[key] += n; to[key] == 0 {
		delete(to, key)
	}
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

// last returns the latest command of one of the names to a source.
func (d *Desk) last(sourceID string, names ...string) (Command, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, cmd := range slices.Backward(d.list) {
		if cmd.Source == sourceID && slices.Contains(names, cmd.Name) {
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
