// Package netline lays lines for tests and benchmarks: two network namespaces, and between them
// a line of a given rate, delay, loss and queue, as a slow office network or a phone has it.
//
//	wire := netline.Lay(t, netline.Slow)
//	server.Start(wire.Near.Enter(exec.Command("webmon", "--host", wire.Near.Address)))
//	conn, err := wire.Far.Dial("tcp", net.JoinHostPort(wire.Near.Address, port))
//	wire.Set(netline.Fast)
//
// Where the kernel has the queue discipline netem, the two are a pair of veth devices and netem is the
// line. Many kernels of small virtual machines lack it. There the two are TUN devices, and a process of
// their own carries the packets between them and treats them as netem would. In both cases what is at
// the ends is the kernel's own TCP.
//
// It needs Linux, the rights of root, ip and tc of iproute2, nsenter of util-linux and, without netem,
// /dev/net/tun. Nothing of it stays: namespaces and devices have no names outside, and end with the
// process that made them, even if that is killed.
package netline
