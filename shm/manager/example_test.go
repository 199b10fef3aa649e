package manager_test

import (
	"context"
	"fmt"
	"net"

	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// A server and a client, both in Go; either could as well be Python's.
func Example() {
	key := []byte("napari")
	data, messages := manager.NewDict(), manager.NewQueue(1000)
	s, err := manager.NewServer(manager.ServerOptions{
		Authkey:   key,
		Resources: map[string]manager.Resource{"napari_data": data, "napari_messages": messages},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	served := make(chan error)
	go func() { served <- s.Serve(ctx, l) }()

	seen, _ := pickle.Int64Array([]int64{0, 0, 0, 1}, true, 2, 2) // two tiles: row and column
	data.Set("seen", seen)
	_ = messages.Put(map[string]any{"frame_time": map[string]any{"delta_ms": 16.7}})

	c, err := manager.Dial(ctx, l.Addr().String(), manager.Options{Authkey: key})
	if err != nil {
		fmt.Println(err)
		return
	}
	dict, _ := c.Create(ctx, "napari_data")
	queue, _ := c.Create(ctx, "napari_messages")
	conn, err := c.Open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := conn.Call(ctx, dict, "get", "seen")
	fmt.Println(v, err)
	n, err := conn.Drain(ctx, queue, 100, func(v pickle.Value, err error) error {
		fmt.Println(v)
		return err
	})
	fmt.Println(n, err)

	conn.Close()
	_ = c.Close(ctx)
	stop()
	fmt.Println(<-served)
	// Output:
	// array <i8 (2, 2) <nil>
	// {'frame_time': {'delta_ms': 16.7}}
	// 1 <nil>
	// <nil>
}
