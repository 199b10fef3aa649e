package segment

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"webmon/shm"
)

// inProcess is the variable that makes the test program a process which shares a ring.
// It holds the place of the ring.
const inProcess = "SEGMENT_TEST_RING"

func TestMain(m *testing.M) {
	if place, ok := os.LookupEnv(inProcess); ok {
		if err := writeFor(place); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writeFor shares a ring and writes into it without end.
func writeFor(place string) error {
	w, err := Create(Spec{Name: "other", DType: "<u4", Shape: []int{256, 256}, store: placed(place)})
	if err != nil {
		return err
	}
	about, err := json.Marshal(w.Info())
	if err != nil {
		return err
	}
	fmt.Println(string(about))
	frame := make([]uint32, 256*256)
	for n := uint32(1); ; n++ {
		for i := range frame {
			frame[i] = n
		}
		if err := w.Publish(Bytes(frame), Frame{User: uint64(n)}); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// The frames of another process are read while it writes. When it is killed, that is
// noticed, its last frame stays, and nothing is left of its segment.
func TestProcessIsKilled(t *testing.T) { kinds(t, processIsKilled) }

func processIsKilled(t *testing.T, s store) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), inProcess+"="+placeOf(s))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var info shm.ArrayInfo
	if err := json.Unmarshal(line, &info); err != nil {
		t.Fatal(err)
	}
	r, err := Open(info, Options{store: s})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f := NewFollower(r)
	var last *shm.ArrayFrame
	var b []byte
	for good := 0; good < 50; {
		if last, err = f.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		if b, err = r.ReadAll(last, b); errors.Is(err, shm.ErrOvertaken) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		for i, n := range Items[uint32](b) {
			if uint64(n) != last.User {
				t.Fatalf("frame %d of %d has %d at %d", last.Seq, last.User, n, i)
			}
		}
		good++
	}
	if err := r.Ended(); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	s.sweep() // as the next process does
	if err := r.Ended(); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("after the process: %v", err)
	}
	// It may have been killed in the midst of a frame, but not of more than one.
	last, err = r.Frame()
	if err == nil {
		b, err = r.ReadAll(last, b)
	}
	if err != nil || Items[uint32](b)[0] == 0 {
		t.Errorf("the last frame: %v", err)
	}
	if _, err := Open(info, Options{store: s}); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("a segment without a process was opened: %v", err)
	}

	// Nor is there anything left once nobody looks at the last frame any more.
	last, f = nil, nil
	r.Close()
	r = nil
	for end := time.Now().Add(20 * time.Second); left(s, info.Shm); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the segment of a process that was killed is left")
		}
		runtime.GC()
	}
}
