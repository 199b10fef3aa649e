package dashboard

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"webmon/shm"
)

// Bounds of the commands kept.
const (
	maxCommands  = 500
	keepCommands = 15 * time.Minute
)

// command is one request to a source and its life so far.
type command struct {
	ID     string         `json:"id"`
	Source string         `json:"source"`
	Name   string         `json:"name"`
	Args   map[string]any `json:"args"`
	Status shm.Status     `json:"status"`
	Reason string         `json:"reason,omitempty"`
	Sent   time.Time      `json:"sent"`
	Steps  []commandStep  `json:"steps"`
}

type commandStep struct {
	Status shm.Status `json:"status"`
	Time   time.Time  `json:"time"`
}

// commands remembers what was asked of the sources.
type commands struct {
	mu   sync.Mutex // guards all below
	byID map[string]*command
	list []*command // oldest first

	sets *sets // who has the last word
}

func newCommands() *commands {
	return &commands{byID: map[string]*command{}, sets: newSets()}
}

// changed is when the command's status last did.
func (c command) changed() time.Time {
	if len(c.Steps) == 0 {
		return c.Sent
	}
	return c.Steps[len(c.Steps)-1].Time
}

// send gives a command to a source and returns what is known of it then. by is the
// number of the value that it sets, where a page has given it one; sent is false, and
// nothing was told, if somebody has set another one since.
func (c *commands) send(src steered, name string, args map[string]any, by number) (cmd command, sent bool) {
	sent = c.sets.post(src, name, by, func() { cmd = c.tell(src, name, args) })
	return cmd, sent
}

// tell is send of what is in time.
func (c *commands) tell(src steered, name string, args map[string]any) command {
	now := time.Now()
	cmd := &command{
		ID: rand.Text(), Source: src.ID(), Name: name, Args: args,
		Status: shm.Queued, Sent: now, Steps: []commandStep{{shm.Queued, now}},
	}
	c.mu.Lock()
	for len(c.list) > 0 && (len(c.list) >= maxCommands || now.Sub(c.list[0].Sent) > keepCommands) {
		delete(c.byID, c.list[0].ID)
		c.list = slices.Delete(c.list, 0, 1)
	}
	c.byID[cmd.ID] = cmd
	c.list = append(c.list, cmd)
	c.mu.Unlock()

	src.Command(shm.Command{ID: cmd.ID, Name: name, Args: args}, func(s shm.Status, reason string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if s != cmd.Status {
			cmd.Steps = append(cmd.Steps, commandStep{s, time.Now()})
		}
		cmd.Status, cmd.Reason = s, reason
	})
	got, _ := c.get(cmd.ID)
	return got
}

// get returns a command's life so far.
func (c *commands) get(id string) (command, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd := c.byID[id]
	if cmd == nil {
		return command{}, false
	}
	out := *cmd
	out.Steps = slices.Clone(cmd.Steps)
	return out, true
}

// last returns the latest command of a name to a source.
func (c *commands) last(sourceID, name string) (command, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cmd := range slices.Backward(c.list) {
		if cmd.Source == sourceID && cmd.Name == name {
			return *cmd, true
		}
	}
	return command{}, false
}

// recent returns the latest commands to a source, newest first.
func (c *commands) recent(sourceID string, n int) []command {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []command
	for _, cmd := range slices.Backward(c.list) {
		if len(out) == n {
			break
		}
		if cmd.Source == sourceID {
			out = append(out, *cmd)
		}
	}
	return out
}
