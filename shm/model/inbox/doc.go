// Package inbox holds what people ask of a simulation until the simulation can be
// told: one that takes commands between two time steps, or between two requests to
// where it runs.
//
//	box := inbox.New("model", "The model has stopped.", actions) // with the source
//	...
//	box.Begin(sink) // with its Run
//	defer box.End()
//	box.Settle(controls) // what there is to be set, and its values
//	for ... {
//		<-box.Wake()
//		taken := box.Take(choose)
//		for _, c := range taken {
//			c.Done(simulation.Set(c.Name, c.Value))
//		}
//		box.Settle(simulation.Controls())
//	}
//
// The source hands the calls of [shm.Source]'s Actions and Command on to the box. The box
// checks a command as soon as the controls and actions are known. It refuses a command
// that cannot work. It tells everybody a value that its control allows at once, however
// long the simulation takes to get to the value. Of the values on the way to another
// one only the newest waits. A command that somebody waits for is never lost: the
// source applies or refuses it, [Box.Settle] or [Box.Fail] refuses it, or it is gone
// with [Box.End].
//
// A box does nothing by itself and has no goroutine. The source decides when to take how
// many commands, and what they do. A source that passes commands on to a process, which
// then checks them, needs no inbox. What people see of a simulation is in package
// outbox.
package inbox
