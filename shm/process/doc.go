// Package process watches a running napari, or any Python process that offers
// the same five resources on a multiprocessing manager, as a [shm.Source].
//
// The package reads napari's monitor: the poll (which tiles each multiscale layer
// draws) and the messages (one for every frame, one for every chunk loaded, and
// whatever else is put there). It sends the commands that the process declares, or to
// a plain napari the commands of a fixed list.
//
// The package follows napari's frames instead of polling. One connection waits in the
// message queue and wakes with the frame. Another fetches the poll, only while somebody
// watches. A third carries commands, and once a second looks after everything slow. The
// queue is emptied also while nobody watches, because napari never empties it, but then
// only four times a second. Nothing is lost by that: messages have their own stamps, and
// whoever comes to watch gets what lies in the queue, and full speed, at once.
//
// The package is not a general client of managers (that is package manager), and it
// keeps no history (that is the dashboard).
//
//	src, err := process.Attach(ctx, process.Options{
//		Address: "127.0.0.1:40123", ID: "webmon-1", URL: "http://127.0.0.1:5050/",
//	})
//	...
//	err = src.Run(ctx, sink)
//
// Nothing that comes in is trusted. A part with an unexpected shape is left out, with
// a notice that says so. After a poll that makes no sense the last good poll stays.
// Nothing that comes in can end the loop.
//
// # Processes with the package
//
// A process with the package says hello and speaks shm/PROTOCOL.md. It declares topics,
// controls, actions and arrays. It tells what has changed, so nothing is asked for by
// the clock. It answers commands, which are checked against what it declares before
// they are sent. It is its own manager, so no manager outlives it.
//
// # What is written into the process
//
// Keys of the dict client_data, which a plain napari never reads:
//
//	reader           {"id", "pid", "url", "t"}: who takes the messages.
//	                 Only one webmon can; another one finds the address here.
//	                 Refreshed each second, free to take after 5 s without.
//	webmon:instance  a random name for this run of the process
//	want:<id>        {"topics": {name: hz}, "t", "version", "protocol"}: what somebody
//	                 watches; only where the process has said hello
//	webmon:watchers:<id>
//	                 how many browsers look at it; likewise
//
// All but the instance are removed at a clean end.
package process
