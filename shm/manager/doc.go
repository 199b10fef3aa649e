// Package manager speaks the protocol of Python's multiprocessing managers,
// as a client and as a server, without Python.
//
// A manager is a process that keeps objects (dicts, queues, events) on behalf
// of others, who call their methods over a socket. napari's monitor is one.
// The protocol is that of CPython 3.9 to 3.14: length-prefixed frames, mutual
// authentication by HMAC in its old (up to 3.11, MD5) and new (from 3.12,
// named digests) form, pickled requests and replies. Pickles are decoded by
// package pickle, so neither side ever runs code that the other sent.
//
// It is not a way to share Go objects at large: the server offers [Dict],
// [Queue] and [Event], and other objects through the [Resource] interface.
// It knows nothing of napari.
//
// A client makes one [Proxy] for each object, once, and any number of
// connections, each for one stream of calls:
//
//	c, err := manager.Dial(ctx, "127.0.0.1:40123", manager.Options{Authkey: []byte("napari")})
//	defer c.Close(ctx)
//	data, err := c.Create(ctx, "napari_data")
//	conn, err := c.Open(ctx)
//	defer conn.Close()
//	poll, err := conn.Call(ctx, data, "get", "poll")
//
// A server offers objects by name; Go code uses the same objects directly:
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
// pieces, so the second waits until the first was acknowledged, which a
// receiver puts off for 40 ms. On Linux this package asks for immediate
// acknowledgement before every read; elsewhere it keeps to one outstanding
// request a connection, which is why callers with much to do at once should
// there open several. Its own side writes each message in one piece with
// Nagle's algorithm off.
package manager
