package remote

import (
	"crypto/rand"
	"math"
	"slices"
	"time"

	"webmon/shm"
	"webmon/shm/model/inbox"
)

// source is a run of a simulation on a server. It implements [shm.Source].
type source struct {
	server *Server
	info   shm.Info
	inbox  *inbox.Box
}

var _ shm.Source = (*source)(nil)

// These are the things that starting again can mean. What is wrong decides.
var (
	restart = shm.Action{Name: shm.ActionRestart, Title: "Connect again", Help: "Connect to the server again. The simulation on it goes on."}
	// The density is nonsense.
	restartReset = shm.Action{Name: shm.ActionRestart, Title: "Reset", Help: "Go back to the beginning, with the parameters that the server began with."}
	// Another program is connected, or has vanished and the server has not noticed.
	restartTaken = shm.Action{Name: shm.ActionRestart, Title: "Connect all the same",
		Help: "Only if the other program does not run any more: a server to which two speak stops, and what it has computed is lost."}
)

const gone = "Nobody was looking any more: webmon has left the server."

func newSource(s *Server) *source {
	return &source{
		server: s,
		info:   shm.Info{Name: s.Info().Title, Kind: shm.KindRemote, Instance: rand.Text(), Address: s.addr},
		inbox:  inbox.New("server", gone, []shm.Action{restart}),
	}
}

// Info implements [shm.Source].
func (s *source) Info() shm.Info { return s.info }

// Actions implements [shm.Source].
func (s *source) Actions() []shm.Action { return s.inbox.Actions() }

// Command implements [shm.Source]. The sink hears of an accepted value before Command
// returns, however far away the server is.
func (s *source) Command(cmd shm.Command, report func(shm.Status, string)) {
	s.inbox.Command(cmd, report)
}

// pair is how long the second number of a place may come after the first.
const pair = time.Millisecond

// batch takes the next commands out of the inbox: one action, or all values that come before
// one. If nobody waits for any of the values, they wait until when, the time for the next
// drag values. later is when to ask again; zero: the inbox is empty.
func (s *source) batch(now, when time.Time) (out []inbox.Command, later time.Time) {
	out = s.inbox.Take(func(waiting []inbox.Command) int {
		if len(waiting) == 0 {
			return 0
		}
		later = now
		switch n := slices.IndexFunc(waiting, func(c inbox.Command) bool { return c.Action }); {
		case n >= 0:
			return max(n, 1)
		case slices.ContainsFunc(waiting, func(c inbox.Command) bool { return c.Awaited() }):
			return len(waiting)
		}
		if whole := inbox.Half(waiting).Add(pair); whole.After(when) {
			when = whole
		}
		if when.After(now) {
			later = when
			return 0
		}
		return len(waiting)
	})
	return out, later
}

// reconnects reports whether people want a new connection. It refuses every earlier command,
// and gives why as the reason.
func (s *source) reconnects(why error) bool {
	taken := s.inbox.Take(func(waiting []inbox.Command) int { return inbox.Index(waiting, shm.ActionRestart) + 1 })
	if len(taken) == 0 {
		return false
	}
	last := len(taken) - 1
	for _, c := range taken[:last] {
		c.Done(why)
	}
	taken[last].Done(nil)
	return true
}

// place returns where people point, NaN if there is no finger.
func (s *source) place() (x, y float64) {
	controls := s.inbox.Told()
	number := func(name string) float64 {
		c, _ := controls.Get(name)
		if x, ok := shm.Number(c.Value); ok {
			return x
		}
		return math.NaN()
	}
	return number(shm.ControlFingerX), number(shm.ControlFingerY)
}
