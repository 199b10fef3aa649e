package remote

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"webmon/shm"
	"webmon/shm/model/remote/zmtp"
)

const (
	// maxSide is the most points of a grid along an axis.
	maxSide = 4096
	// maxTracers is the most particles.
	maxTracers = 1 << 20
	// maxText is the longest JSON, in bytes.
	maxText = 4 << 20
	// maxHead is the longest head of an array.
	maxHead = 4096
)

// timing bounds the waits of a run.
type timing struct {
	connect time.Duration // to connect, the handshake included
	answer  time.Duration // for an answer to begin, and once more for it to be complete
	reset   time.Duration // for the answer after a reset, which makes a new model
	grace   time.Duration // to finish an exchange that has begun when the run ends
	silent  time.Duration // how long an answer may take until people are told
	tell    time.Duration // how often to tell what changes slowly, and that the server answers
	stands  time.Duration // how long the density has to stay the same to count as a pause
}

var usual = timing{
	connect: 5 * time.Second, answer: 10 * time.Second, reset: 60 * time.Second, grace: 3 * time.Second,
	silent: 3 * time.Second, tell: time.Second, stands: 1500 * time.Millisecond,
}

// half is an exchange of two phases of which only the first was sent: the word. The server
// waits for the second phase, from whichever client speaks next. It dies if the next message
// is no JSON.
type half struct {
	rest []byte // harmless JSON that ends the exchange; nil: no exchange is half done
	// patient says that the next answer may take as long as a reset does.
	patient bool
}

// knock is the first message of every connection. A server that waits for a word does not
// know this one, and says so. A vanished client may have left the server waiting for the
// names of a get, or for the values of a set. For such a server knock is an empty list of
// them, so that it can go on.
var knock = []byte("[]")

// unknown is the answer to a word that the server does not know.
const unknown = "Unknown Message"

// client is one connection and the exchanges over it. There is one exchange at a time, because
// the server takes the second half of an exchange from whichever client speaks next. One
// goroutine owns the client.
type client struct {
	conn    *zmtp.Conn
	timing  timing
	waiting func(since time.Duration) bool // called while an answer is awaited: whether to go on
	frames  [][]byte                       // memory of the last answer
	half    *half                          // of the run, because it outlives the connection
	cost    *shm.Cost
}

// dial connects to a server, and makes sure that the server waits for a word. Before dial
// sends anything, may says whether it may; nil: it may.
func dial(ctx context.Context, addr string, t timing, may func(server, own netip.AddrPort) error, h *half, cost *shm.Cost,
	waiting func(time.Duration) bool) (*client, error) {
	conn, err := zmtp.Dial(ctx, addr, zmtp.Options{Message: maxSide*maxSide*8 + maxHead, Handshake: t.connect, May: may})
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, timing: t, waiting: waiting, half: h, cost: cost}
	rest := knock
	if h.rest != nil {
		rest = h.rest
	}
	frames, err := c.ask(ctx, rest, 0)
	if err == nil {
		h.rest = nil
		switch text := string(frames[0]); {
		case len(frames) != 1:
			err = strange("it answers in %d parts where it should in one", len(frames))
		case text == unknown, text == "{}", text == "ok", text == "": // the last three answer a half exchange
		default:
			err = strange("its answer to a word that it cannot know is %s", quote(frames[0]))
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *client) close() { _ = c.conn.Close() }

// errStrange is wrapped by every error that says that the server does not behave as
// super_hydro does.
var errStrange = errors.New("does not answer as super_hydro does")

func strange(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errStrange, fmt.Sprintf(format, args...))
}

// quote returns the part of an answer that people are shown.
func quote(b []byte) string {
	if !utf8.Valid(b) {
		return fmt.Sprintf("%d bytes that are no text", len(b))
	}
	s := []rune(string(b))
	if len(s) > 60 {
		return fmt.Sprintf("%q…", string(s[:60]))
	}
	return fmt.Sprintf("%q", string(s))
}

// ask sends a message and returns the answer, which is valid until the next answer. Once ctx
// is done, ask waits no longer than grace.
func (c *client) ask(ctx context.Context, what []byte, grace time.Duration) ([][]byte, error) {
	began := time.Now()
	if err := c.conn.Send(what); err != nil {
		return nil, err
	}
	wait := zmtp.Wait{For: c.timing.answer, After: grace, Waiting: c.waiting}
	if c.half.patient {
		wait.For = c.timing.reset
	}
	frames, err := c.conn.Recv(ctx, wait, c.frames)
	if err != nil {
		return nil, err
	}
	c.half.patient = false
	c.frames = frames
	c.cost.Calls++
	c.cost.Waiting += time.Since(began)
	for _, f := range frames {
		c.cost.Bytes += uint64(len(f))
	}
	return frames, nil
}

// exchange sends the word, and the body once the server is ready for it. Only an error of
// the connection can leave the exchange half done. rest is the body that would end it then.
func (c *client) exchange(ctx context.Context, word string, about shm.Value, rest string) ([]byte, error) {
	body, err := shm.AppendJSON(nil, about)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.half.rest = []byte(rest)
	frames, err := c.ask(ctx, []byte(word), c.timing.grace)
	if err != nil {
		return nil, err
	}
	if len(frames) != 1 || string(frames[0]) != "ok" {
		c.half.rest = nil
		return nil, strange("it answers %s with %s", word, quote(frames[0]))
	}
	frames, err = c.ask(ctx, body, c.timing.grace)
	if err != nil {
		return nil, err
	}
	c.half.rest = nil
	if len(frames) != 1 {
		return nil, strange("it answers %s in %d parts", word, len(frames))
	}
	return frames[0], nil
}

// get asks for values by their names. The server would wait for ever if it did not know one
// of them.
func (c *client) get(ctx context.Context, names []string) (map[string]shm.Value, error) {
	list := make([]shm.Value, len(names))
	for i, n := range names {
		list[i] = n
	}
	answer, err := c.exchange(ctx, "get", list, "[]")
	if err != nil {
		return nil, err
	}
	v, err := decodeJSON(answer)
	if err != nil {
		return nil, strange("what it answers a get with cannot be read: %v", err)
	}
	values, ok := v.(map[string]shm.Value)
	if !ok {
		return nil, strange("it answers a get with %s", quote(answer))
	}
	return values, nil
}

// set sends values by their names.
func (c *client) set(ctx context.Context, values map[string]shm.Value) error {
	answer, err := c.exchange(ctx, "set", values, "{}")
	return accepted("set", answer, err)
}

// do sends the name of an action.
func (c *client) do(ctx context.Context, action string) error {
	// An exchange that broke off is ended by the same action, because people did ask for it.
	rest, err := shm.AppendJSON(nil, action)
	if err != nil {
		return err
	}
	answer, err := c.exchange(ctx, "do", action, string(rest))
	if err == nil && action == shm.ActionReset {
		c.half.patient = true
	}
	return accepted("do", answer, err)
}

// accepted looks at the last answer of an exchange. It is "ok", or empty as older servers
// send it.
func accepted(word string, answer []byte, err error) error {
	if err == nil && string(answer) != "ok" && len(answer) != 0 {
		return strange("it ends %s with %s", word, quote(answer))
	}
	return err
}

// array asks for an array by its word, "density" or "tracers".
func (c *client) array(ctx context.Context, word string) (head, []byte, error) {
	if err := ctx.Err(); err != nil {
		return head{}, nil, err
	}
	frames, err := c.ask(ctx, []byte(word), 0)
	if err != nil {
		return head{}, nil, err
	}
	if len(frames) != 2 {
		return head{}, nil, strange("it answers %s with %s", word, quote(frames[0]))
	}
	h, err := parseHead(frames[0], len(frames[1]))
	if err != nil {
		return head{}, nil, strange("its %s %v", word, err)
	}
	return h, frames[1], nil
}

// head describes the bytes of an array.
type head struct {
	item  item
	shape []int
	n     int // items
}

// parseHead reads the head of an array. The text of the error continues a sentence that
// begins with the name of the array.
func parseHead(b []byte, size int) (h head, err error) {
	if len(b) > maxHead {
		return h, fmt.Errorf("has a head of %d bytes", len(b))
	}
	var text struct {
		DType string
		Shape []int
	}
	if err := json.Unmarshal(b, &text); err != nil {
		return h, fmt.Errorf("has a head that is no JSON: %s", quote(b))
	}
	var ok bool
	if h.item, ok = parseDType(text.DType); !ok {
		return h, fmt.Errorf("has the dtype %s, which is no kind of numbers", quote([]byte(text.DType)))
	}
	if len(text.Shape) == 0 || len(text.Shape) > 2 {
		return h, fmt.Errorf("has %d axes", len(text.Shape))
	}
	h.n = 1
	for _, n := range text.Shape {
		if n < 0 || n > maxTracers {
			return h, fmt.Errorf("has the shape %v", text.Shape)
		}
		h.n *= n // at most 2^40
	}
	if h.n > maxSide*maxSide {
		return h, fmt.Errorf("has the shape %v, which is too large", text.Shape)
	}
	if want := h.n * h.item.size; want != size {
		return h, fmt.Errorf("has %d bytes, which is not %v of %s (%d)", size, text.Shape, text.DType, want)
	}
	h.shape = text.Shape
	return h, nil
}

// item is the type of an array's numbers.
type item struct {
	kind byte // 'f', 'i', 'u' or 'b'
	size int  // bytes
	big  bool // the most significant byte first
}

// kinds are the types by NumPy's names for them.
var kinds = map[string]item{
	"float16": {kind: 'f', size: 2}, "float32": {kind: 'f', size: 4}, "float64": {kind: 'f', size: 8},
	"int8": {kind: 'i', size: 1}, "int16": {kind: 'i', size: 2}, "int32": {kind: 'i', size: 4}, "int64": {kind: 'i', size: 8},
	"uint8": {kind: 'u', size: 1}, "uint16": {kind: 'u', size: 2}, "uint32": {kind: 'u', size: 4}, "uint64": {kind: 'u', size: 8},
	"bool": {kind: 'b', size: 1},
}

// parseDType reads a dtype as NumPy writes it: "float64", or "<f8".
func parseDType(s string) (item, bool) {
	if t, ok := kinds[s]; ok {
		return t, true
	}
	var t item
	if s != "" && strings.ContainsRune("<>=|", rune(s[0])) {
		t.big = s[0] == '>'
		s = s[1:]
	}
	if len(s) != 2 {
		return t, false
	}
	t.kind, t.size = s[0], int(s[1]-'0')
	if t.kind == '?' && s[1] == '1' {
		t.kind = 'b'
	}
	for _, known := range kinds {
		if known.kind == t.kind && known.size == t.size {
			return t, true
		}
	}
	return t, false
}

// decode appends the numbers to dst.
func (h head) decode(dst []float64, b []byte) []float64 {
	if cap(dst) < h.n {
		dst = make([]float64, 0, h.n)
	}
	dst = dst[:h.n]
	var order binary.ByteOrder = binary.LittleEndian
	if h.item.big {
		order = binary.BigEndian
	}
	switch h.item {
	case item{kind: 'f', size: 8}: // what super_hydro sends
		for i := range dst {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		return dst
	case item{kind: 'f', size: 4}:
		for i := range dst {
			dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		}
		return dst
	}
	for i := range dst {
		dst[i] = number(h.item, order, b[i*h.item.size:])
	}
	return dst
}

func number(t item, order binary.ByteOrder, b []byte) float64 {
	var u uint64
	switch t.size {
	case 1:
		u = uint64(b[0])
	case 2:
		u = uint64(order.Uint16(b))
	case 4:
		u = uint64(order.Uint32(b))
	default:
		u = order.Uint64(b)
	}
	switch t.kind {
	case 'i':
		unused := 64 - 8*t.size
		return float64(int64(u<<unused) >> unused)
	case 'f':
		switch t.size {
		case 2:
			return half16(uint16(u))
		case 4:
			return float64(math.Float32frombits(uint32(u)))
		}
		return math.Float64frombits(u)
	}
	return float64(u)
}

// half16 returns the value of a float of sixteen bits.
func half16(u uint16) float64 {
	sign, exponent, fraction := 1-2*float64(u>>15), int(u>>10&31), float64(u&1023)
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		return math.Inf(int(sign))
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// decodeJSON reads JSON as Python writes it. NaN and Infinity may occur in it, and become
// nil.
func decodeJSON(b []byte) (shm.Value, error) {
	if len(b) > maxText {
		return nil, fmt.Errorf("it has %d bytes", len(b))
	}
	d := json.NewDecoder(bytes.NewReader(withoutNaN(b)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more than one value")
	}
	return plain(v), nil
}

// withoutNaN replaces the words that Python writes and JSON does not know.
func withoutNaN(b []byte) []byte {
	var out []byte
	from, inside := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case !inside && (c == 'N' || c == 'I' || c == '-'):
			for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
				if bytes.HasPrefix(b[i:], []byte(word)) {
					out = append(append(out, b[from:i]...), "null"...)
					from = i + len(word)
					i = from - 1
					break
				}
			}
		}
	}
	if from == 0 {
		return b
	}
	return append(out, b[from:]...)
}

// plain turns values of encoding/json into values of shm.
func plain(v any) shm.Value {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// silent reports whether an error says that an answer did not come in time.
func silent(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout() && !errors.Is(err, context.Canceled)
}
