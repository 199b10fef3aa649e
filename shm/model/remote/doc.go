// Package remote is the client of a super_hydro server (github.com/forbes-group/super_hydro),
// a simulation that runs elsewhere and is steered over ZeroMQ.
//
//	server := remote.New(remote.Options{Address: "tcp://127.0.0.1:9000"})
//	info := server.Info()          // what it has told of itself so far
//	src, err := server.Open(ctx)   // a run, which connects with its Run
//
// A super_hydro server is easily killed: by two clients whose exchanges of two phases
// (get, set, do) mix, by one that vanishes between the phases, by names and words that
// it does not know. So there is one connection and one exchange at a time, and an
// exchange that has begun is finished, within a grace time even when the run ends; only
// names are sent that the server has declared; nothing is sent while another program of
// this machine, or any to a server on it, is connected to the server; and every new connection begins with a
// word that frees a server which somebody has left half way. It is never told to quit,
// and the size of its grid is never set.
//
// The server sleeps between requests, so that few of them fit into a second. They
// are shared out: every second one at least is for the density, however many sliders
// are being dragged, and whatever else is due takes turns. There is never more than one
// under way, so a server far away is not flooded.
//
// It has no phase (the server does not send it), knows no time and number of time steps that
// the server does not declare, cannot make it compute one picture alone, and does not start
// servers.
package remote
