package certs

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// handshake is the first byte of every TLS connection.
const handshake = 0x16

// maxPlain bounds what is read of a request that comes without encryption.
const maxPlain = 64 << 10

// Listen returns a listener of encrypted connections. A browser that speaks plain http to it
// is sent to https if allowed says that the Host of its request is a name of this machine;
// everything else is told in a sentence.
func (c *Certs) Listen(l net.Listener, allowed func(host string) bool) net.Listener {
	return &listener{l, c.Config(), allowed}
}

type listener struct {
	net.Listener
	config  *tls.Config
	allowed func(host string) bool
}

// Accept returns at once: the handshake is the business of the connection's own goroutine,
// which also limits how long it may take.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(&sniffing{Conn: conn, allowed: l.allowed}, l.config), nil
}

// sniffing is a connection that looks at its first byte, and answers for itself if that is of
// no handshake.
type sniffing struct {
	net.Conn
	allowed func(host string) bool
	begun   bool // owned by the reader
}

var errPlain = errors.New("the connection is not encrypted")

func (c *sniffing) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.begun || n == 0 {
		return n, err
	}
	c.begun = true
	if b[0] == handshake {
		return n, err
	}
	c.answer(io.MultiReader(bytes.NewReader(bytes.Clone(b[:n])), c.Conn))
	return 0, errPlain
}

// answer tells a program that has forgotten the s of https. The deadlines of the handshake
// apply.
func (c *sniffing) answer(r io.Reader) {
	r = io.LimitReader(r, maxPlain)
	req, err := http.ReadRequest(bufio.NewReader(r))
	if err != nil {
		return // no http either
	}
	status, location := http.StatusBadRequest, ""
	text := "This webmon serves https only: begin its address with https:// in place of http://.\n"
	if u, err := url.ParseRequestURI(req.RequestURI); err == nil && u.Path != "" && u.Host == "" && c.allowed(req.Host) {
		to := "https://" + req.Host
		text = fmt.Sprintf("This webmon serves https only, at %s/. What was sent to it without encryption has not been looked at.\n", to)
		if req.Method == http.MethodGet || req.Method == http.MethodHead {
			// Not for good: webmon may serve plain http at this port again.
			status, location = http.StatusTemporaryRedirect, to+u.RequestURI()
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"+
		"X-Content-Type-Options: nosniff\r\nConnection: close\r\n", status, http.StatusText(status), len(text))
	if location != "" {
		fmt.Fprintf(&out, "Location: %s\r\n", location)
	}
	out.WriteString("\r\n")
	if req.Method != http.MethodHead {
		out.WriteString(text)
	}
	if _, err := c.Write(out.Bytes()); err != nil {
		return
	}
	// Closing while the other side still sends would take the answer away from it.
	if tcp, ok := c.Conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, r)
	}
}
