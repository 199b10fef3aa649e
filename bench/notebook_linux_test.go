package bench

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/e2e/netline"
)

// notebookReady is what rfb.py says: its port, and the comms of its widgets.
type notebookReady struct {
	Port         int
	Frames, Gain string
}

// notebookLooker is a notebook's page before jupyter_rfb. It answers as the widget's JavaScript does, at once where
// that waits for the next frame of the screen, and as ipywidgets' does it sends the next change of a widget
// when the kernel is done with the last.
type notebookLooker struct {
	*socketLooker
	ready notebookReady
	wrong error // why it stopped to read, if that was not the end of the connection; set before out is closed

	// Guarded by mu.
	messages int
	under    map[string]string         // comms by the message with the change that the kernel has not done yet
	later    map[string]map[string]any // changes that wait for it, by comm; an empty one where none does
}

func openNotebook(b *testing.B, wire *netline.Wire, ready notebookReady, e *echoes) looker {
	b.Helper()
	l := &notebookLooker{
		socketLooker: dialPage(b, wire, ready.Port, "/api/kernels/bench/channels", "v1.kernel.websocket.jupyter.org"),
		ready:        ready, under: map[string]string{}, later: map[string]map[string]any{},
	}
	if err := l.change(ready.Frames, map[string]any{"_has_visible_views": true}); err != nil {
		b.Fatal(err)
	}
	go l.read(e)
	return l
}

func (l *notebookLooker) read(e *echoes) {
	defer close(l.out)
	for {
		message, at, err := l.next()
		if err != nil {
			return
		}
		parts, err := kernelParts(message)
		if err != nil {
			l.wrong = err
			return
		}
		var header, parent struct {
			ID   string `json:"msg_id"`
			Type string `json:"msg_type"`
		}
		var content struct {
			Comm string `json:"comm_id"`
			Data struct {
				State   struct{ Value *float64 }
				Content struct {
					Type      string
					Mimetype  string
					Index     int
					Timestamp float64
					Corners   [2][2]float64
				}
			}
		}
		if l.wrong = errors.Join(json.Unmarshal(parts[1], &header), json.Unmarshal(parts[2], &parent), json.Unmarshal(parts[4], &content)); l.wrong != nil {
			return
		}
		frame := &content.Data.Content
		switch {
		case header.Type == "status":
			_ = l.done(parent.ID)
		case content.Comm == l.ready.Gain && content.Data.State.Value != nil:
			e.came(at, *content.Data.State.Value)
		case content.Comm == l.ready.Frames && frame.Type == "framebufferdata" && len(parts) > 5:
			_ = l.change(l.ready.Frames, map[string]any{"_frame_feedback": map[string]any{
				"index": frame.Index, "timestamp": frame.Timestamp, "localtime": float64(at.UnixMilli()) / 1e3,
			}})
			how := strings.TrimPrefix(frame.Mimetype, "image/")
			if how == "jpeg" {
				how += " 80" // its own default
			}
			l.out <- arrival{
				seq: uint64(frame.Corners[0][0]) + 1, stamp: 1e3 * frame.Corners[0][1], at: at, how: how,
				values: func() ([]float32, error) { return grayOf(parts[5]) },
			}
		}
	}
}

// change sends new values of a widget, or keeps them until the kernel is done with the ones before.
func (l *notebookLooker) change(comm string, state map[string]any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if waiting, under := l.later[comm]; under {
		maps.Copy(waiting, state)
		return nil
	}
	return l.send(comm, state)
}

// done takes that the kernel is done with a message.
func (l *notebookLooker) done(id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	comm, ok := l.under[id]
	if !ok {
		return nil
	}
	delete(l.under, id)
	waiting := l.later[comm]
	delete(l.later, comm)
	if len(waiting) == 0 {
		return nil
	}
	return l.send(comm, waiting)
}

// send sends new values of a widget. The caller holds mu.
func (l *notebookLooker) send(comm string, state map[string]any) error {
	l.messages++
	id := fmt.Sprintf("%032x", l.messages)
	l.under[id], l.later[comm] = comm, map[string]any{}
	parts := [][]byte{[]byte("shell")}
	for _, part := range []any{
		map[string]string{
			"msg_id": id, "msg_type": "comm_msg", "username": "", "session": "bench", "version": "5.2",
			"date": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		},
		struct{}{}, struct{}{},
		map[string]any{"comm_id": comm, "data": map[string]any{"method": "update", "state": state, "buffer_paths": []string{}}},
	} {
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		parts = append(parts, text)
	}
	at := uint64(8 * (len(parts) + 2))
	table := binary.LittleEndian.AppendUint64(nil, uint64(len(parts)+1))
	table = binary.LittleEndian.AppendUint64(table, at)
	for _, part := range parts {
		at += uint64(len(part))
		table = binary.LittleEndian.AppendUint64(table, at)
	}
	return l.conn.WriteMessage(websocket.BinaryMessage, append(table, bytes.Join(parts, nil)...))
}

func (l *notebookLooker) close() error {
	return errors.Join(l.socketLooker.close(), l.wrong)
}

func (l *notebookLooker) set(value float64) error {
	return l.change(l.ready.Gain, map[string]any{"value": value})
}

// kernelParts are the channel, header, parent header, metadata, content and buffers of a message of a kernel.
func kernelParts(message []byte) (parts [][]byte, err error) {
	if len(message) < 8 {
		return nil, fmt.Errorf("a message of %d bytes", len(message))
	}
	n := binary.LittleEndian.Uint64(message)
	if n < 6 || n > uint64(len(message)/8-1) {
		return nil, fmt.Errorf("%d offsets in a message of %d bytes", n, len(message))
	}
	at := binary.LittleEndian.Uint64(message[8:])
	for i := uint64(2); i <= n; i++ {
		next := binary.LittleEndian.Uint64(message[8*i:])
		if next < at || next > uint64(len(message)) {
			return nil, fmt.Errorf("part %d of a message of %d bytes is at %d to %d", i-1, len(message), at, next)
		}
		parts, at = append(parts, message[at:next]), next
	}
	return parts, nil
}
