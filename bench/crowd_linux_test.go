package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// crowd is many fake browsers in one goroutine. It shares the machine with
// the server under test, so it is as cheap as it gets: it waits for all sockets
// at once, reads into one buffer, and looks at no more of a frame than it
// must. It is no WebSocket library: it speaks what the servers measured here
// speak, and fails at everything else.
//
// A picture is a frame that holds "corners":[[n,t], which producer.py puts into
// every tick: its number and its time; or the binary frame of an array, whose
// header has both.
type crowd struct {
	dialect  dialect
	epoll    int
	members  map[int32]*member
	buf      []byte
	events   []syscall.EpollEvent
	recorded bool // pictures are counted and timed
	samples  []sample
	bytes    int64 // received while recorded
	lost     int   // connections that ended
	due      []due // acknowledgements, the soonest first
}

// due is when a browser acknowledges what it has by then.
type due struct {
	at time.Time
	m  *member
}

// ackEvery is how long a page may go without an acknowledgement of small messages.
const ackEvery = 100 * time.Millisecond

// dialect is what a server expects of its browsers.
type dialect struct {
	path   string // of the socket
	header string // lines of the request, each with CRLF
	hello  string // sent after the upgrade; "" for none
	look   string // sent after that; "" for none
	acks   bool   // acknowledge as webmon's page does: by time, and large messages at once
	socket bool   // Socket.IO: answer its pings, and join when it has opened
}

// sample is one picture that arrived.
type sample struct {
	tick     int32
	fromTick float32 // s since the time in the corners
	fromTS   float32 // s since the server's own stamp of the frame, where it has one
}

type member struct {
	fd      int
	rest    []byte // of a frame not yet complete
	large   []byte // the beginning of a large frame of which nothing more is needed
	first   byte   // of that frame
	size    int    // of that frame
	left    int    // bytes of that frame that have not come
	whole   []byte // the beginning of a picture that comes in parts
	handled uint64
	acked   uint64
	told    time.Time     // when it last acknowledged something
	waits   bool          // an acknowledgement is due
	every   time.Duration // within which the server wants one
	gone    bool
}

func newCrowd(d dialect) (*crowd, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("crowd: epoll: %w", err)
	}
	return &crowd{
		dialect: d, epoll: fd, members: map[int32]*member{},
		buf: make([]byte, 256<<10), events: make([]syscall.EpollEvent, 256),
	}, nil
}

// grow connects browsers until there are n, and serves those that are there
// meanwhile.
func (c *crowd) grow(n int, port int) error {
	for len(c.members) < n {
		m, err := c.connect(port)
		if err != nil {
			return fmt.Errorf("crowd: browser %d: %w", len(c.members)+1, err)
		}
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(m.fd)}
		if err := syscall.EpollCtl(c.epoll, syscall.EPOLL_CTL_ADD, m.fd, &event); err != nil {
			syscall.Close(m.fd)
			return fmt.Errorf("crowd: epoll: %w", err)
		}
		c.members[int32(m.fd)] = m
		for _, say := range []string{c.dialect.hello, c.dialect.look} {
			if say == "" {
				continue
			}
			if err := m.send(say); err != nil {
				return fmt.Errorf("crowd: browser %d: %w", len(c.members), err)
			}
		}
		if len(c.members)%16 == 0 {
			if err := c.step(0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *crowd) connect(port int) (_ *member, err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	defer func() {
		if err != nil {
			syscall.Close(fd)
		}
	}()
	limit := syscall.Timeval{Sec: 60}
	if err := errors.Join(
		syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit),
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1),
		syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}),
	); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	request := "GET " + c.dialect.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + strconv.Itoa(port) +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + c.dialect.header + "\r\n"
	if _, err := syscall.Write(fd, []byte(request)); err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	var answer []byte
	part := make([]byte, 4096)
	for {
		n, err := syscall.Read(fd, part)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err == nil && n == 0 {
			err = io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("answer: %w", err)
		}
		answer = append(answer, part[:n]...)
		head, rest, ok := bytes.Cut(answer, []byte("\r\n\r\n"))
		if !ok {
			continue
		}
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
			return nil, fmt.Errorf("answer: %.200q", answer)
		}
		if err := syscall.SetNonblock(fd, true); err != nil {
			return nil, err
		}
		return &member{fd: fd, rest: bytes.Clone(rest)}, nil
	}
}

// serve reads for so long.
func (c *crowd) serve(d time.Duration) error {
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		if err := c.step(left); err != nil {
			return err
		}
	}
}

// record is serve, counting and timing what arrives. It returns the samples.
func (c *crowd) record(d time.Duration) ([]sample, error) {
	c.samples, c.bytes, c.recorded = nil, 0, true
	err := c.serve(d)
	c.recorded = false
	return c.samples, err
}

// step waits for something to arrive, at most so long, and reads it.
func (c *crowd) step(wait time.Duration) error {
	if len(c.due) > 0 {
		wait = min(wait, max(time.Until(c.due[0].at), 0)+time.Millisecond)
	}
	n, err := syscall.EpollWait(c.epoll, c.events, int(wait.Milliseconds()))
	if err != nil && !errors.Is(err, syscall.EINTR) {
		return fmt.Errorf("crowd: wait: %w", err)
	}
	for i := range max(n, 0) {
		m := c.members[c.events[i].Fd]
		if err := c.read(m); err != nil {
			c.lost++
			c.drop(m)
		}
	}
	c.acknowledge(time.Now())
	if c.lost > 0 && len(c.members) == 0 {
		return errors.New("crowd: the server has closed every connection")
	}
	return nil
}

// acknowledge has those browsers acknowledge for which it is time.
func (c *crowd) acknowledge(now time.Time) {
	i := 0
	for ; i < len(c.due) && !c.due[i].at.After(now); i++ {
		m := c.due[i].m
		m.waits = false
		if m.gone || m.acked == m.handled {
			continue
		}
		if err := m.ack(now); err != nil {
			c.lost++
			c.drop(m)
		}
	}
	c.due = append(c.due[:0], c.due[i:]...)
}

func (m *member) ack(now time.Time) error {
	m.acked, m.told = m.handled, now
	return m.send(`{"type":"ack","n":` + strconv.FormatUint(m.acked, 10) + "}")
}

func (c *crowd) drop(m *member) {
	m.gone = true
	delete(c.members, int32(m.fd))
	syscall.Close(m.fd) // which takes it out of epoll
}

func (c *crowd) close() {
	for _, m := range c.members {
		c.drop(m)
	}
	syscall.Close(c.epoll)
}

func (c *crowd) read(m *member) error {
	n, err := syscall.Read(m.fd, c.buf)
	switch {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return nil
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	if c.recorded {
		c.bytes += int64(n)
	}
	came := c.buf[:n]
	if m.left > 0 {
		skipped := min(m.left, n)
		if m.left, came = m.left-skipped, came[skipped:]; m.left > 0 {
			return nil
		}
		if err := c.frame(m, m.first, m.large, m.size); err != nil {
			return err
		}
	}
	if len(m.rest) == 0 {
		rest, err := c.frames(m, came)
		m.rest = append(m.rest[:0], rest...)
		return err
	}
	m.rest = append(m.rest, c.buf[:n]...)
	if whole, ok := frameSize(m.rest); ok && len(m.rest) < whole {
		if cap(m.rest) < whole {
			m.rest = append(make([]byte, 0, whole+len(c.buf)), m.rest...)
		}
		return nil
	}
	rest, err := c.frames(m, m.rest)
	if len(rest) == 0 {
		m.rest = m.rest[:0]
	} else {
		m.rest = append(m.rest[:0], rest...)
	}
	return err
}

// frameSize is the size of the frame that b begins with, head included; false
// if b is too short to tell.
func frameSize(b []byte) (int, bool) {
	head, n, ok := frameHead(b)
	return head + n, ok
}

func frameHead(b []byte) (head, n int, ok bool) {
	if len(b) < 2 {
		return 0, 0, false
	}
	switch n := int(b[1]); n {
	case 126:
		if len(b) < 4 {
			return 0, 0, false
		}
		return 4, int(binary.BigEndian.Uint16(b[2:])), true
	case 127:
		if len(b) < 10 {
			return 0, 0, false
		}
		return 10, int(binary.BigEndian.Uint64(b[2:])), true
	default: // servers do not mask
		return 2, n, true
	}
}

// frames handles the frames that are complete and returns what is left.
func (c *crowd) frames(m *member, b []byte) ([]byte, error) {
	for {
		head, n, ok := frameHead(b)
		if !ok || len(b) < head+n {
			// Of a large picture the beginning says all: the rest is read over.
			if ok && n >= largeFrame && len(b) >= head+pictureHead && tells(b[head:head+pictureHead]) {
				m.large = append(m.large[:0], b[head:head+pictureHead]...)
				m.first, m.size, m.left = b[0], n, head+n-len(b)
				return nil, nil
			}
			return b, nil
		}
		if err := c.frame(m, b[0], b[head:head+n], n); err != nil {
			return nil, err
		}
		b = b[head+n:]
	}
}

// largeFrame is the size from which a page acknowledges a frame at once, and
// pictureHead how much of one picture looks at.
const largeFrame, pictureHead = 16 << 10, 1024

// tells reports whether picture finds in the beginning of a frame what it needs.
func tells(head []byte) bool {
	return bytes.HasPrefix(head, []byte("WMB1")) || bytes.HasPrefix(head, []byte(partMagic)) || bytes.Contains(head[:len(head)/2], []byte(`"corners":[[`))
}

// partMagic begins a part of a picture, after which come three numbers of 32 bits: which it is, where the part begins, and
// the size of the whole.
const partMagic, partHead = "WMP1", 16

// frame handles a frame of so many bytes, of which payload are at least the first pictureHead.
func (c *crowd) frame(m *member, first byte, payload []byte, n int) error {
	const fin, text, bytes, shut, ping = 0x80, 1, 2, 8, 9
	switch first {
	case fin | ping:
		return m.write(0xa, payload)
	case fin | shut:
		return io.EOF
	case fin | text, fin | bytes:
	default:
		return fmt.Errorf("crowd: a frame that begins with %#x", first)
	}
	m.handled++
	if c.dialect.socket && len(payload) > 0 && len(payload) < 4096 {
		switch payload[0] {
		case '0': // open: join the default namespace
			return m.send("40")
		case '2': // ping
			return m.send("3")
		}
	}
	large := n >= largeFrame
	if len(payload) > partHead && string(payload[:len(partMagic)]) == partMagic {
		large = true
		offset, size := int(binary.LittleEndian.Uint32(payload[8:])), int(binary.LittleEndian.Uint32(payload[12:]))
		if payload = payload[partHead:]; offset == 0 {
			m.whole = append(m.whole[:0], payload[:min(len(payload), pictureHead)]...)
		} else if len(m.whole) < pictureHead { // the first part was a short one
			m.whole = append(m.whole, payload[:min(len(payload), pictureHead-len(m.whole))]...)
		}
		if payload = m.whole; offset+n-partHead < size {
			return m.ack(time.Now())
		}
	}
	if c.recorded {
		c.picture(payload)
	}
	if !c.dialect.acks {
		return nil
	}
	m.within(payload)
	now := time.Now()
	every := max(m.every, ackEvery)
	if large || now.Sub(m.told) >= every {
		return m.ack(now)
	}
	if !m.waits {
		m.waits = true
		c.due = append(c.due, due{now.Add(every), m})
	}
	return nil
}

// within takes from the statistics within what time the server wants an acknowledgement.
func (m *member) within(payload []byte) {
	if len(payload) > 256 || !bytes.HasPrefix(payload, []byte(`{"topic":"stats"`)) {
		return
	}
	m.every = 0
	if _, after, ok := bytes.Cut(payload, []byte(`"ack_ms":`)); ok {
		ms, _ := number(after)
		m.every = time.Duration(ms) * time.Millisecond
	}
}

// picture notes when a picture arrived.
func (c *crowd) picture(payload []byte) {
	now := time.Now()
	head := payload[:min(len(payload), pictureHead)]
	if bytes.HasPrefix(head, []byte("WMB1")) {
		field := func(key string) float64 {
			_, after, _ := bytes.Cut(head, []byte(key))
			x, _ := number(after)
			return x
		}
		c.samples = append(c.samples, sample{
			tick: int32(field(`"seq":`)), fromTick: since(now, field(`"stamp":`)/1e3), fromTS: since(now, field(`"ts":`)/1e3),
		})
		return
	}
	i := bytes.Index(head, []byte(`"corners":[[`))
	if i < 0 { // the proof of concept sends the tiles first
		if c.dialect.socket {
			head = payload
			i = bytes.LastIndex(head, []byte(`"corners":[[`))
		}
		if i < 0 {
			return
		}
	}
	at := head[i+len(`"corners":[[`):]
	n, after := number(at)
	t, _ := number(after)
	s := sample{tick: int32(n), fromTick: since(now, t)}
	if i := bytes.Index(head, []byte(`"ts":`)); i >= 0 {
		ms, _ := number(head[i+len(`"ts":`):])
		s.fromTS = since(now, ms/1e3)
	}
	c.samples = append(c.samples, s)
}

func since(now time.Time, stamp float64) float32 {
	return float32(float64(now.UnixNano())/1e9 - stamp)
}

// number reads a number and returns what follows the character after it.
func number(b []byte) (float64, []byte) {
	i := bytes.IndexAny(b, ",]}")
	if i < 0 {
		return 0, nil
	}
	f, _ := strconv.ParseFloat(strings.TrimSpace(string(b[:i])), 64)
	return f, b[i+1:]
}

func (m *member) send(text string) error { return m.write(1, []byte(text)) }

// write sends a short frame. Its mask is zero, which leaves it as it is.
func (m *member) write(opcode byte, payload []byte) error {
	if len(payload) > 0xffff {
		return fmt.Errorf("crowd: %d bytes are too many to send", len(payload))
	}
	b := append(make([]byte, 0, 8+len(payload)), 0x80|opcode)
	if len(payload) < 126 {
		b = append(b, 0x80|byte(len(payload)))
	} else {
		b = append(b, 0x80|126)
		b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	}
	b = append(append(b, 0, 0, 0, 0), payload...)
	_, err := syscall.Write(m.fd, b)
	if errors.Is(err, syscall.EAGAIN) {
		return nil // a browser whose word is lost; the next acknowledgement says the same
	}
	return err
}

// pageOf is webmon's dialect for a page that shows these topics.
func pageOf(token string, topics ...string) dialect {
	return dialect{
		path: "/ws", header: "Authorization: Bearer " + token + "\r\n", acks: true,
		hello: `{"type":"watch","topics":["` + strings.Join(topics, `","`) + `"]}`,
	}
}

// lookingAt is pageOf for pictures of one topic that are drawn between two contrast limits, and read however they are written.
func lookingAt(token, topic string, low, high float64) dialect {
	d := pageOf(token, topic)
	d.hello = strings.TrimSuffix(d.hello, "}") + `,"takes":["parts","packed","jpeg"]}`
	d.look = fmt.Sprintf(`{"type":"look","topic":%q,"low":%g,"high":%g}`, topic, low, high)
	return d
}

// socketIO is the dialect of Socket.IO's own transport, version 4 of Engine.IO.
func socketIO() dialect {
	return dialect{path: "/socket.io/?EIO=4&transport=websocket", socket: true}
}

// portOf is the port in a URL or host:port.
func portOf(address string) (int, error) {
	address = strings.TrimPrefix(address, "http://")
	address, _, _ = strings.Cut(address, "/")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
