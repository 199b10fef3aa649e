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
// The source hands what it is asked, [shm.Source]'s Actions and Command, on to the
// box. A command is looked at as soon as it is known what there is: what nothing can
// come of is refused, and a value that its control lets through is told to everybody
// at once, however long the simulation takes to get to it. Of values on the way to
// others only the newest waits. A command that somebody waits for is never lost: it is
// applied or refused by the source, refused by [Box.Settle] or [Box.Fail], or gone with
// [Box.End].
//
// It does nothing by itself and has no goroutine: when to take how many commands, and
// what they do, is for the source to say. Sources that pass commands on to a process,
// which then looks at them, need no inbox. What there is to see of a simulation is in
// package outbox.
package inbox
