// Package manager speaks the protocol of Python's multiprocessing managers,
// as a client and as a server, without Python.
//
// A manager is a process that keeps objects (dicts, queues, events) on behalf
// of other processes, which call the objects' methods over a socket. napari's
// monitor is a manager. The protocol is that of CPython 3.9 to 3.14:
// length-prefixed frames, mutual authentication by HMAC, and pickled requests and
// replies. Authentication has an old form (up to Python 3.11: MD5) and a new form
// (from 3.12 on: named digests). Package pickle decodes the pickles, so neither side
// ever runs code that the other side sent.
//
// The package is not a way to share any Go object: the server offers [Dict],
// [Queue] and [Event], and other objects through the [Resource] interface.
// The package knows nothing of napari.
//
// A client makes one [Proxy] for each object and any number of connections. Each
// connection is for one stream of calls:
//
//	c, err := manager.Dial(ctx, "127.0.0.1:40123", manager.Options{Authkey: []byte("napari")})
//	defer c.Close(ctx)
//	data, err := c.Create(ctx, "napari_data")
//	conn, err := c.Open(ctx)
//	defer conn.Close()
//	poll, err := conn.Call(ctx, data, "get", "poll")
//
// A server offers objects by name. Go code uses the same objects directly:
//
//	data := manager.NewDict()
//	s, err := manager.NewServer(manager.ServerOptions{
//		Authkey:   []byte("napari"),
//		Resources: map[string]manager.Resource{"napari_data": data},
//	})
//	go s.Serve(ctx, listener)
//	data.Set("poll", poll)
//
// # The 40 ms stall
//
// CPython leaves Nagle's algorithm on and writes a reply above 16 KiB in two
// pieces. The second piece waits until the first is acknowledged, and a receiver
// delays the acknowledgement by 40 ms. On Linux this package asks for immediate
// acknowledgement before every read. Elsewhere it keeps to one outstanding request
// for each connection, so callers with much to do at once should open several
// connections there. This package itself writes each message in one piece with
// Nagle's algorithm off.
package manager
