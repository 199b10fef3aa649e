package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"webmon/shm/pickle"
)

// roleFloor takes the messages of a process as an idle webmon must, and does nothing else.
const roleFloor = "floor"

func init() { roles[roleFloor] = floor }

// floor is the least that an adapter can do while nobody watches: four times a second it asks,
// in one write, for as many messages as come meanwhile at 60 Hz, and reads the answers. It
// sleeps and reads in the kernel without the runtime's poller, and decodes nothing.
func floor() {
	err := takeMessages(os.Args[1])
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func takeMessages(addr string) error {
	const lull, perLull = time.Second / 4, 60 / 4
	c, ident, err := dialManager(addr)
	if err != nil {
		return err
	}
	var ask []byte
	for range perLull {
		if ask, err = appendCall(ask, ident, "get_nowait"); err != nil {
			return err
		}
	}
	file, err := c.(*net.TCPConn).File() // blocks, unlike the connection itself
	if err != nil {
		return err
	}
	fd := int(file.Fd())
	fmt.Println("{}") // it is ready
	in := make([]byte, 64<<10)
	for {
		now := time.Now()
		rest := syscall.NsecToTimespec(int64(now.Truncate(lull).Add(lull).Sub(now)))
		_ = syscall.Nanosleep(&rest, nil)
		if _, err := syscall.Write(fd, ask); err != nil {
			return err
		}
		for answers, have := 0, 0; answers < perLull; {
			n, err := syscall.Read(fd, in[have:])
			if err != nil || n == 0 {
				return errors.Join(io.ErrUnexpectedEOF, err)
			}
			have += n
			for have >= 4 {
				size := 4 + int(binary.BigEndian.Uint32(in))
				if size > len(in) {
					return fmt.Errorf("an answer of %d bytes", size)
				}
				if have < size {
					break
				}
				copy(in, in[size:have])
				have -= size
				answers++
			}
		}
	}
}

// dialManager opens a connection for calls to the manager of Python 3.12 or later at addr, whose
// key is napari's, and returns the name that its queue of messages has there.
func dialManager(addr string) (net.Conn, string, error) {
	c, err := authenticate(addr)
	if err != nil {
		return nil, "", err
	}
	defer c.Close()
	answer, err := call(c, "", "create", "napari_messages")
	if err != nil {
		return nil, "", err
	}
	token, _ := answer.(pickle.Tuple)
	if len(token) != 2 {
		return nil, "", fmt.Errorf("the manager answered %v", answer)
	}
	ident, _ := token[0].(string)
	again, err := authenticate(addr)
	if err != nil {
		return nil, "", err
	}
	if _, err := call(again, "", "accept_connection", "floor"); err != nil {
		again.Close()
		return nil, "", err
	}
	return again, ident, nil
}

func authenticate(addr string) (net.Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	challenge, err := readMessage(c)
	if err != nil {
		return nil, err
	}
	sign := hmac.New(sha256.New, []byte("napari"))
	sign.Write([]byte(strings.TrimPrefix(string(challenge), "#CHALLENGE#")))
	for _, b := range [][]byte{append([]byte("{sha256}"), sign.Sum(nil)...), append([]byte("#CHALLENGE#{sha256}"), make([]byte, 40)...), []byte("#WELCOME#")} {
		if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)); err != nil {
			return nil, err
		}
		if string(b) != "#WELCOME#" { // to which nothing is answered
			if _, err := readMessage(c); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func appendCall(dst []byte, ident, method string, args ...pickle.Value) ([]byte, error) {
	request, err := pickle.Encoder{}.AppendRequest(nil, ident, method, args)
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(request))), request...), err
}

func call(c net.Conn, ident, method string, args ...pickle.Value) (pickle.Value, error) {
	request, err := appendCall(nil, ident, method, args...)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	b, err := readMessage(c)
	if err != nil {
		return nil, err
	}
	v, err := pickle.Decode(b, pickle.Limits{})
	if err != nil {
		return nil, err
	}
	answer, _ := v.(pickle.Tuple)
	if len(answer) != 2 || answer[0] != "#RETURN" {
		return nil, fmt.Errorf("the manager answered %v to %s", v, method)
	}
	return answer[1], nil
}

func readMessage(c net.Conn) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(c, b)
	return b, err
}

// threadsCPU is the CPU time that the threads of a process that there are have taken, to the
// microsecond: cpuOf counts hundredths of a second, of which an idle process takes few.
func threadsCPU(pid int) (total time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		ran, _, _ := strings.Cut(string(b), " ")
		ns, _ := strconv.ParseInt(ran, 10, 64)
		total += time.Duration(ns)
	}
	return total
}
