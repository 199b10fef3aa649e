// Package process watches a running napari, or any Python process that offers
// the same five resources on a multiprocessing manager, as a [shm.Source].
//
// It reads napari's monitor: the poll (which tiles each multiscale layer
// draws), the messages (a time for every frame, one for every chunk loaded, and
// whatever else is put there), and it sends napari's own commands, out of a
// fixed list, or those that the process declares. It follows napari's frames
// instead of polling: one connection waits in the message queue and wakes with
// the frame, another fetches the poll only while somebody watches, a third
// carries commands and once a second looks after everything slow. The queue is
// emptied also while nobody watches, because napari never empties it, but then
// only four times a second: messages have their own stamps, and whoever comes
// to watch gets what lies there and full speed at once.
//
// It is not a general client of managers (that is package manager) and it
// keeps no history (that is the dashboard).
//
//	src, err := process.Attach(ctx, process.Options{
//		Address: "127.0.0.1:40123", ID: "webmon-1", URL: "http://127.0.0.1:5050/",
//	})
//	...
//	err = src.Run(ctx, sink)
//
// What comes in is foreign: a part that has another shape than expected is left
// out with a notice that says so, a poll that makes no sense leaves the last
// one standing, and nothing of it can end the loop.
//
// # Processes of ours
//
// A process that says hello speaks shm/PROTOCOL.md. It declares topics, controls,
// actions and arrays; it tells what has changed, so that nothing of it is asked
// for by the clock; and it answers commands, which are checked against what it
// declares before they are sent. It is its own manager: there is no other process
// to outlive it.
//
// # What is written into the process
//
// Keys of the dict client_data, which a plain napari never reads:
//
//	reader           {"id", "pid", "url", "t"}: who drains the messages. One
//	                 process only can; another webmon finds the address here.
//	                 Refreshed each second, free to take after 5 s without.
//	webmon:instance  a random name for this run of the process
//	want:<id>        {"topics": {name: hz}, "t"}: what somebody watches; only
//	                 where the process has said hello
//	webmon:watchers:<id>
//	                 how many browsers look at it; likewise
//
// All but the instance are removed at a clean end.
package process
