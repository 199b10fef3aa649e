// Package remote is the client of a super_hydro server (github.com/forbes-group/super_hydro),
// a simulation that runs elsewhere and is steered over ZeroMQ.
//
//	server := remote.New(remote.Options{Address: "tcp://127.0.0.1:9000"})
//	info := server.Info()          // what it has told of itself so far
//	src, err := server.Open(ctx)   // a run, which connects with its Run
//
// A super_hydro server is easily killed. Its exchanges (get, set, do) have two phases.
// The server dies if the exchanges of two clients mix, if a client vanishes between the
// phases, or if a client sends a name or a word that the server does not know. This
// package therefore keeps to these rules:
//
//   - There is one connection, and one exchange at a time. An exchange that has begun is
//     finished, within a grace time even when the run ends.
//   - Only names that the server has declared are sent.
//   - Nothing is sent while another program of this machine is connected to the server,
//     or, if the server is on this machine, any other program.
//   - Every new connection begins with a word that frees a server that somebody has left
//     between two phases.
//   - The server is never told to quit, and the size of its grid is never set.
//
// The server sleeps between requests, so few requests fit into a second. At least every
// second request is for the density, however many sliders are being dragged. Whatever
// else is due takes turns. There is never more than one request under way, so a server
// far away is not flooded.
//
// A remote simulation has no phase, because the server does not send it. Its time and
// number of time steps are known only if the server declares them. The package cannot
// make the server compute one picture alone, and does not start servers.
package remote
