package netline

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// netem is a line between two veth devices that the kernel makes slow.
type netem struct{ sides [2]Side }

func layNetem(w *Wire, line Line) (_ carrier, err error) {
	n := &netem{[2]Side{w.Near, w.Far}}
	if err := w.Near.ip("link", "add", device, "type", "veth", "peer", "name", device, "netns", w.Far.Path()); err != nil {
		return nil, err
	}
	for _, s := range n.sides {
		// Packets are as large as they would be on a line, not joined into large ones for the sake of speed.
		if err = s.ip("link", "set", device, "gso_max_segs", "1"); err != nil {
			break
		}
	}
	if err == nil {
		err = n.set(line)
	}
	if err != nil {
		_ = w.Near.ip("link", "delete", device) // and the other end with it
		return nil, err
	}
	return n, nil
}

func (n *netem) set(line Line) error {
	for _, s := range n.sides {
		if err := s.tool("tc", netemArgs(line)...); err != nil {
			return err
		}
	}
	return nil
}

// netemArgs are tc's for a line. Its queue counts those that are under way as well, so these get their room beside.
func netemArgs(line Line) []string {
	flying := int(line.Rate*line.Delay.Seconds())/line.mtu() + 1
	return []string{
		"qdisc", "replace", "dev", device, "root", "netem",
		"rate", strconv.FormatFloat(line.Rate*8, 'f', 0, 64) + "bit",
		"delay", strconv.FormatInt(line.Delay.Microseconds(), 10) + "us",
		"loss", "random", strconv.FormatFloat(100*line.Loss, 'f', -1, 64) + "%",
		"limit", strconv.Itoa(line.queue() + flying),
	}
}

func (n *netem) counts() (there, back Counts, err error) {
	for i, to := range []*Counts{&there, &back} {
		out, err := n.sides[i].output("tc", "-s", "-j", "qdisc", "show", "dev", device)
		if err != nil {
			return there, back, err
		}
		if *to, err = readNetem(out); err != nil {
			return there, back, err
		}
	}
	return there, back, nil
}

// readNetem reads what tc -s -j says of a device.
func readNetem(out []byte) (c Counts, err error) {
	var said []struct {
		Kind                  string
		Bytes, Packets, Drops int64
	}
	if err := json.Unmarshal(out, &said); err != nil {
		return c, fmt.Errorf("tc: %w: %.200q", err, out)
	}
	for _, q := range said {
		if q.Kind == "netem" {
			return Counts{Came: q.Packets + q.Drops, Passed: q.Packets, Bytes: q.Bytes, Dropped: q.Drops}, nil
		}
	}
	return c, fmt.Errorf("tc: the device has no netem: %.200q", out)
}

func (n *netem) close() error { return n.sides[0].ip("link", "delete", device) }
