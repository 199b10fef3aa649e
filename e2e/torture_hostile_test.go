//go:build linux

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// ---- a good browser

// watch looks at the array of a process as a page does, and checks each picture, until
// the socket ends.
func (x *torture) watch(ctx context.Context, g *goodProcess) {
	life, up := x.life()
	if !up {
		pause(ctx, 50*time.Millisecond)
		return
	}
	if g == x.model {
		if _, problem := x.openModel(ctx, "even"); problem != "" {
			pause(ctx, 100*time.Millisecond)
			return
		}
	}
	// A webmon that has just started does not know the process yet, and refuses its topics.
	if status, _, err := x.ask(ctx, "GET", "/api/v1/sources/"+g.source+"/arrays", ""); err != nil || status != 200 {
		pause(ctx, 100*time.Millisecond)
		return
	}
	conn, err := x.dial(ctx, http.Header{"Authorization": {"Bearer " + x.token}})
	if err != nil {
		if ctx.Err() == nil && x.same(life) {
			x.fail("a good browser is let in: %v", err)
		}
		pause(ctx, 200*time.Millisecond)
		return
	}
	x.mu.Lock()
	x.sockets[conn] = true
	x.mu.Unlock()
	defer func() {
		conn.Close()
		x.mu.Lock()
		delete(x.sockets, conn)
		x.mu.Unlock()
	}()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	topic := fmt.Sprintf("%s/array/%s/%s/0,0,%d,%d/1", g.source, g.array, g.index, g.rows, g.cols)
	if conn.WriteJSON(map[string]any{"type": "watch", "topics": []string{topic, g.source + "/html/header"}}) != nil {
		return
	}
	for n := 1; ; n++ {
		kind, message, err := conn.ReadMessage()
		if err != nil {
			return // cut off, or webmon is gone: the next one begins again
		}
		if kind == websocket.BinaryMessage {
			x.picture(g, topic, message)
		}
		if n%3 == 0 && conn.WriteJSON(map[string]any{"type": "ack", "n": n}) != nil {
			return
		}
	}
}

// dial opens a socket.
func (x *torture) dial(ctx context.Context, header http.Header) (*websocket.Conn, error) {
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	conn, resp, err := dialer.DialContext(ctx, "ws://127.0.0.1:"+x.port+"/ws", header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		err = fmt.Errorf("%w: %s", err, resp.Status)
	}
	return conn, err
}

// picture checks a picture of a good process.
func (x *torture) picture(g *goodProcess, topic string, message []byte) {
	if len(message) < 8 || !bytes.HasPrefix(message, []byte("WMB1")) {
		x.fail("a picture begins with %.20q", message)
		return
	}
	size := int(binary.LittleEndian.Uint32(message[4:]))
	start := (8 + size + 7) / 8 * 8
	if start > len(message) {
		x.fail("a picture has a header of %d bytes in %d", size, len(message))
		return
	}
	var head struct {
		Topic      string
		Stamp      float64
		Type       string
		Rows, Cols int
	}
	err := json.Unmarshal(message[8:8+size], &head)
	bytesOf := map[string]int{"u2": 2, "f4": 4, "f8": 8}[head.Type] // of floats those are sent that are as exact as need be
	if err != nil || head.Topic != topic || bytesOf == 0 || head.Rows != g.rows || head.Cols != g.cols {
		x.fail("the header of a picture of %s is %s (%v)", g.name, message[8:8+size], err)
		return
	}
	x.checkPixels("a picture of "+g.name, message[start:min(len(message), start+bytesOf*g.rows*g.cols)], g.rows*g.cols, bytesOf)
	now := time.Now()
	g.mu.Lock()
	g.frame = now
	g.n++
	g.mu.Unlock()
	if head.Stamp > 0 {
		x.mu.Lock()
		x.took = append(x.took, max(0, float64(now.UnixMicro())/1e3-head.Stamp))
		x.mu.Unlock()
	}
}

// ---- hostile browsers

// refused fails the test if an answer gives anything to somebody who may have nothing.
func (x *torture) refused(what string, resp *http.Response) {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode < 400 {
		x.fail("%s is answered with %s: %.200q", what, resp.Status, body)
	}
	for _, g := range x.good {
		if bytes.Contains(body, []byte(g.name)) {
			x.fail("%s is told of %s: %.200q", what, g.name, body)
		}
	}
	if bytes.Contains(body, []byte(x.token)) {
		x.fail("%s is told the token", what)
	}
}

// secret are paths that tell of processes.
var secret = []string{
	"/", "/viewer", "/status", "/metrics", "/api/v1/sources", "/api/v1/sources/good-1/state", "/api/v1/sources/good-1/arrays/camera.npy",
	"/api/v1/models", "/ws", "/individual/frame_time", "//evil.example/", "/%2e%2e/etc/passwd", "/arrays?source=good-1&array=camera",
}

// hostileBrowser sends one bad request.
func (x *torture) hostileBrowser(ctx context.Context, rng *mathrand.Rand) {
	defer pause(ctx, time.Duration(rng.IntN(20))*time.Millisecond)
	do := func(what string, req *http.Request) *http.Response {
		resp, err := x.client.Do(req.WithContext(ctx))
		if err != nil {
			return nil // webmon is down, or has closed the connection, which it may
		}
		x.count("browser: " + what)
		return resp
	}
	request := func(method, path, body string) *http.Request {
		req, err := http.NewRequest(method, "http://127.0.0.1:"+x.port+path, strings.NewReader(body))
		if err != nil {
			panic(err) // of a path above
		}
		return req
	}
	path := secret[rng.IntN(len(secret))]
	switch rng.IntN(8) {
	case 0, 1: // a wrong token, or none
		req := request("GET", path, "")
		wrong := []string{"", "x", strings.Repeat("torture-", 1000), x.token[:len(x.token)-1], x.token + "x", rand.Text()}[rng.IntN(6)]
		what := "a request with a wrong token"
		switch rng.IntN(4) {
		case 0:
			what = "a request without a token"
		case 1:
			req.Header.Set("Authorization", "Bearer "+wrong)
		case 2:
			req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(x.token+":"+x.token)))
		case 3:
			req.Header.Set("Cookie", fmt.Sprintf("webmon=%s; webmon-%s=%[1]s; webmon_%[2]s=%[1]s", url.QueryEscape(wrong), x.port))
		}
		if resp := do("wrong tokens", req); resp != nil {
			x.refused(what+" for "+path, resp)
		}
	case 2: // another host name
		req := request("GET", path, "")
		req.Host = []string{"evil.example", "127.0.0.1.evil.example:" + x.port, "localhost.evil.example", "evil.example:80"}[rng.IntN(4)]
		req.Header.Set("Authorization", "Bearer "+x.token)
		if resp := do("other host names", req); resp != nil {
			x.refused("a request for the host "+req.Host, resp)
		}
	case 3, 4:
		x.crossSite(ctx, rng)
	case 5: // raw bytes
		x.raw(ctx, rng)
	case 6: // with the token, and senseless
		bad := []string{
			"/api/v1/sources/good-1/events/count?seconds=nan", "/api/v1/sources/good-1/events/count?seconds=1e999&format=csv", "/api/v1/sources/%00/state",
			"/api/v1/sources/good-1/arrays/camera.png?low=nan&high=-inf&index=9,9,9,9", "/api/v1/sources/good-1/arrays/camera.npy?plane=" + strings.Repeat("0,", 5000),
			"/api/v1/sources/good-1/arrays/camera/value?index=999999999999999999999,1", "/api/v1/sources/good-1/arrays/camera/profile?index=y,x&from=nan,nan&to=1e308,-1e308",
			"/api/v1/sources/good-1/charts/frame_time?from=-1e300&to=1e300", "/api/v1/commands/" + strings.Repeat("x", 4000), "/arrays?source=%ff&array=%00", "/viewer?" + strings.Repeat("a=b&", 3000),
		}
		req := request("GET", bad[rng.IntN(len(bad))], "")
		req.Header.Set("Authorization", "Bearer "+x.token)
		if resp := do("senseless requests", req); resp != nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode >= 500 && resp.StatusCode != http.StatusServiceUnavailable {
				x.fail("GET %.80s: %s", req.URL, resp.Status)
			}
		}
	case 7: // senseless commands
		bodies := []string{`{`, `null`, `[]`, `{"gain": "NaN"}`, `{"gain": 1e999}`, `{"gain": -5}`, `{"gain": {"a": 1}}`, `{"other": 1}`, strings.Repeat("[", 20000), `{"gain": "` + strings.Repeat("9", 1<<20) + `"}`}
		req := request("POST", "/sources/good-2/commands/"+[]string{"gain", "add", "__class__", "../gain", "nothing"}[rng.IntN(5)], bodies[rng.IntN(len(bodies))])
		req.Header.Set("Authorization", "Bearer "+x.token)
		req.Header.Set("Content-Type", "application/json")
		if resp := do("senseless commands", req); resp != nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode < 300 || resp.StatusCode >= 500 && resp.StatusCode != http.StatusServiceUnavailable {
				x.fail("a senseless command is answered with %s", resp.Status)
			}
		}
	}
}

// poison is what a page elsewhere tries to set. No process must ever have it.
const poison = 123456789

// crossSite does what a page of another origin can make the browser of somebody do who is
// let in: requests with the cookies, and with cookies that it has set itself.
func (x *torture) crossSite(ctx context.Context, rng *mathrand.Rand) {
	base := "http://127.0.0.1:" + x.port
	enter, err := http.NewRequestWithContext(ctx, "GET", base+"/?token="+x.token, nil)
	if err != nil {
		panic(err) // of a constant
	}
	enter.Header.Set("Accept", "text/html")
	resp, err := x.client.Do(enter)
	if err != nil {
		return // webmon is down
	}
	resp.Body.Close()
	var cookies []string
	forged := rand.Text()
	for _, c := range resp.Cookies() {
		value := c.Value
		if strings.Contains(strings.ToLower(c.Name), "csrf") {
			value = forged
		}
		if c.Value == x.token {
			x.fail("the cookie %s is the token", c.Name)
		}
		cookies = append(cookies, c.Name+"="+value)
	}
	for _, name := range []string{"_csrf", "csrf", "webmon_csrf", "webmon-csrf", "webmon-csrf-" + x.port} {
		cookies = append(cookies, name+"="+forged)
	}
	origins := []string{"http://evil.example", "http://127.0.0.1:1", "http://localhost:" + x.port, "null"}
	origin := origins[rng.IntN(len(origins))]
	site := []string{"cross-site", "same-site"}[rng.IntN(2)]
	if rng.IntN(4) == 0 { // a socket
		header := http.Header{"Cookie": {strings.Join(cookies, "; ")}, "Origin": {origin}}
		if conn, err := x.dial(ctx, header); err == nil {
			conn.Close()
			x.fail("a page of %s may open a socket", origin)
		}
		x.count("browser: sockets from elsewhere")
		return
	}
	form := url.Values{"csrf": {forged}, "gain": {fmt.Sprint(poison)}}
	paths := []string{"/sources/good-1/commands/gain", "/sources/good-2/commands/gain"}
	req, err := http.NewRequestWithContext(ctx, "POST", base+paths[rng.IntN(2)], strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // of a constant
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", strings.Join(cookies, "; "))
	req.Header.Set("Accept", "text/html")
	req.Header.Set("X-CSRF-Token", forged)
	if rng.IntN(4) > 0 {
		req.Header.Set("Origin", origin)
	}
	if rng.IntN(4) > 0 || req.Header.Get("Origin") == "" {
		req.Header.Set("Sec-Fetch-Site", site)
	}
	if resp, err = x.client.Do(req); err != nil {
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	x.count("browser: posts from elsewhere")
	if resp.StatusCode < 400 {
		x.fail("a post from %s (%s) is answered with %s", req.Header.Get("Origin"), req.Header.Get("Sec-Fetch-Site"), resp.Status)
	}
	status, state, err := x.ask(ctx, "GET", "/api/v1/sources/good-1/state", "")
	if err == nil && status == 200 && bytes.Contains(state, []byte(fmt.Sprint(poison))) {
		x.fail("a post from elsewhere has reached a process")
	}
}

// raw sends bytes that are no request, or a very strange one.
func (x *torture) raw(ctx context.Context, rng *mathrand.Rand) {
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+x.port, patience)
	if err != nil {
		return
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	noise := make([]byte, 1+rng.IntN(2000))
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	auth := "Authorization: Bearer " + x.token + "\r\nHost: 127.0.0.1:" + x.port + "\r\n"
	texts := []string{
		string(noise), "GET / HTTP/1.1\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\n" + auth + "X: " + strings.Repeat("y", 1<<20) + "\r\n\r\n",
		"POST /sources/good-1/commands/gain HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nffffffffffffffff\r\n",
		"POST /sources/good-1/commands/gain HTTP/1.1\r\n" + auth + "Content-Type: application/json\r\nContent-Length: 999999999999\r\n\r\n{",
		"GET /ws HTTP/1.1\r\n" + auth + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n\r\n",
	}
	x.count("browser: broken requests")
	if _, err := io.WriteString(c, texts[rng.IntN(len(texts))]); err != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Duration(rng.IntN(500)) * time.Millisecond))
	_, _ = io.CopyN(io.Discard, c, 4096) // what it says to that is not of interest
}

// hostileSocket is one socket of a page that does wrong, as the token lets it in.
func (x *torture) hostileSocket(ctx context.Context, rng *mathrand.Rand) {
	defer pause(ctx, time.Duration(rng.IntN(100))*time.Millisecond)
	conn, err := x.dial(ctx, http.Header{"Authorization": {"Bearer " + x.token}})
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	say := func(what, text string) bool {
		x.count("browser: " + what)
		_ = conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
		return conn.WriteMessage(websocket.TextMessage, []byte(text)) == nil
	}
	topics := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = []string{
				"good-1/array/camera/y,x/0,0,120,160/1", "good-2/html/status", "good-1/chart/frame_time/10", "hostile-flood/html/messages", "hostile-declarations/html/layers",
				"hostile-declarations/html/controls", "hostile-segments/array/m0/y,x/0,0,64,64/1", "hostile-segments/array/m3/y,x,c/0,0,480,640/1", "hostile-flood/html/status",
				"hostile-shared/html/controls", "hostile-keys/html/messages", "hostile-declarations/html/arrays", "good-1/array/camera/y,x/0,0,99999999999,160/1/e", strings.Repeat("x", 300), rand.Text(), "",
			}[rng.IntN(16)]
		}
		text, _ := json.Marshal(map[string]any{"type": "watch", "topics": list})
		return string(text)
	}
	switch rng.IntN(6) {
	case 0: // acknowledges what it never got
		say("watches", topics(4))
		for range 30 {
			n := []string{"18446744073709551615", "-1", "1e400", "1.5", `"7"`, "null", "99999999999999999999", fmt.Sprint(rng.Uint64())}[rng.IntN(8)]
			if !say("false acknowledgements", `{"type":"ack","n":`+n+`}`) {
				return
			}
			pause(ctx, time.Duration(rng.IntN(30))*time.Millisecond)
		}
	case 1: // asks for other topics again and again
		for range 100 {
			if !say("watches", topics(rng.IntN(100))) {
				return
			}
		}
	case 2: // says nonsense
		for range 50 {
			text := []string{
				"", "{", "null", "[]", `{"type":7}`, `{"type":"set"}`, `{"type":"set","source":"good-1","name":"gain","value":{"a":[1]},"hand":"x","n":-1}`, `{"type":"hand","source":"good-1","x":1e400}`,
				`{"type":"hand","source":"good-1","x":-5,"y":7,"down":"yes"}`, `{"type":"watch","topics":{"a":1}}`, `{"type":"` + strings.Repeat("y", 10000) + `"}`, strings.Repeat("[", 15000),
				`{"type":"set","source":"good-2","name":"gain","value":1e999,"hand":"0a1b2c3d","n":18446744073709551615}`, "\xff\xfe",
			}[rng.IntN(14)]
			if !say("senseless messages", text) {
				return
			}
		}
	case 3: // a frame that is too large
		say("watches", topics(2))
		say("huge frames", strings.Repeat("z", 1<<20))
	case 4: // frames that are none
		say("watches", topics(3))
		for range 10 {
			x.count("browser: broken frames")
			frame := [][]byte{
				{0xff, 0x80, 0, 0, 0, 0}, {0x81, 0x05, 'h', 'e', 'l', 'l', 'o'}, {0x83, 0x80, 0, 0, 0, 0}, {0x09, 0xfe, 0x01, 0x00, 0, 0, 0, 0}, {0x88, 0x81, 0, 0, 0, 0, 7},
				{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, {0x80, 0x80, 0, 0, 0, 0}, {0x01, 0x82, 0, 0, 0, 0, 0xc3, 0x28}, {0x88, 0x84, 0, 0, 0, 0, 0x03, 0x00, 'x', 'y'},
			}[rng.IntN(9)]
			if _, err := conn.NetConn().Write(frame); err != nil {
				return
			}
		}
	case 5: // watches much and reads nothing
		say("watches", topics(60))
		x.count("browser: sockets that read nothing")
		pause(ctx, time.Duration(rng.IntN(3000))*time.Millisecond)
	}
}

// slowReader asks for large answers, and reads them slowly or not at all.
func (x *torture) slowReader(ctx context.Context, rng *mathrand.Rand) {
	var held []net.Conn
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	for range 20 {
		path := []string{
			"/api/v1/sources/hostile-flood/state", "/api/v1/sources/hostile-shared/state", "/api/v1/sources/good-1/arrays/camera.npy", "/api/v1/sources/hostile-flood/events/large?format=csv",
			"/api/v1/sources/hostile-segments/arrays/m3.npy", "/messages?source=hostile-flood",
		}[rng.IntN(6)]
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+x.port, patience)
		if err != nil {
			break
		}
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		held = append(held, c)
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAuthorization: Bearer %s\r\n\r\n", path, x.port, x.token); err != nil {
			break
		}
		x.count("browser: slow readers")
	}
	for i := range 20 {
		for _, c := range held[:len(held)/2] {
			_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			_, _ = bufio.NewReaderSize(c, 16).ReadByte() // a little, and there may be none
		}
		pause(ctx, time.Duration(50+i)*time.Millisecond)
	}
}

// ---- hostile processes

// announceNonsense leaves files where processes announce themselves.
func (x *torture) announceNonsense(ctx context.Context, rng *mathrand.Rand) {
	dir := filepath.Join(x.home, "run", "webmon", "sources")
	if os.MkdirAll(dir, 0o700) != nil {
		return
	}
	announcement := func(change map[string]any) []byte {
		about := map[string]any{
			"protocol": 1, "name": "hostile-announced", "kind": "python", "pid": os.Getpid(), "instance": rand.Text(), "address": "127.0.0.1:1",
			"authkey": strings.Repeat("ab", 32), "started": float64(time.Now().Unix()),
		}
		for k, v := range change {
			about[k] = v
		}
		text, _ := json.Marshal(about)
		return text
	}
	texts := [][]byte{
		nil, []byte("{"), []byte("null"), []byte("[]"), bytes.Repeat([]byte("["), 10_000), bytes.Repeat([]byte(" "), 1<<20),
		announcement(map[string]any{"address": "evil.example:80"}), announcement(map[string]any{"address": "127.0.0.1:" + x.port}), announcement(map[string]any{"address": "/dev/null"}),
		announcement(map[string]any{"address": "127.0.0.1:99999"}), announcement(map[string]any{"pid": -1}), announcement(map[string]any{"pid": 1 << 60}), announcement(map[string]any{"started": -math.MaxFloat64}),
		announcement(map[string]any{"name": strings.Repeat("ü", 1000)}), announcement(map[string]any{"name": "<b>\x00\u202e"}), announcement(map[string]any{"authkey": "zz"}),
		announcement(map[string]any{"kind": "demo"}), announcement(map[string]any{"protocol": 2}), announcement(map[string]any{"instance": []int{1}}),
	}
	var made []*os.File
	defer func() {
		for _, f := range made {
			os.Remove(f.Name())
			f.Close()
		}
	}()
	for range 10 {
		path := filepath.Join(dir, fmt.Sprintf("%d-%s.json", []int{os.Getpid(), os.Getpid(), os.Getpid(), rng.IntN(1 << 20)}[rng.IntN(4)], strings.ToLower(rand.Text())))
		x.count("announcements")
		switch rng.IntN(6) {
		case 0:
			if os.Symlink("/etc/passwd", path) == nil {
				defer os.Remove(path)
			}
			continue
		case 1:
			if syscall.Mkfifo(path, 0o600) == nil {
				defer os.Remove(path)
			}
			continue
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, []os.FileMode{0o600, 0o600, 0o600, 0o666}[rng.IntN(4)])
		if err != nil {
			continue
		}
		made = append(made, f)
		if rng.IntN(4) > 0 { // as one that lives
			_ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		}
		_, _ = f.Write(texts[rng.IntN(len(texts))])
	}
	pause(ctx, 1200*time.Millisecond)
}

var hostileKinds = []string{"bombs", "mangled", "silent", "declarations", "shared", "keys", "flood", "segments"}

// hostileProcess runs one process that does wrong, until it is killed.
func (x *torture) hostileProcess(ctx context.Context, rng *mathrand.Rand) {
	kind := hostileKinds[int(x.seed.Add(1))%len(hostileKinds)]
	cmd, err := x.spawn(kind, "hostile-"+kind, fmt.Sprint(rng.Uint32()))
	if err != nil {
		x.fail("a hostile process: %v", err)
		return
	}
	x.count("process: " + kind)
	x.mu.Lock()
	x.hostile[cmd] = kind
	x.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	case <-time.After(time.Duration(3+rng.IntN(8)) * time.Second):
	}
	_ = cmd.Process.Kill() // it may be dead
	<-ended
	x.mu.Lock()
	delete(x.hostile, cmd)
	x.mu.Unlock()
}
