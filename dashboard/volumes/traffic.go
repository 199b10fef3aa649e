package volumes

import (
	"net/http"
	"sync/atomic"
)

// What is asked for of volumes, apart from each other.
const (
	trafficChunks = iota
	trafficMeshes // and skeletons, and the lists of labels
	trafficPoints
	trafficKinds
)

var trafficNames = [trafficKinds]string{"chunks", "meshes", "points"}

// Traffic is what was asked for of one kind since webmon began.
type Traffic struct {
	Name     string // "chunks", "meshes" (with skeletons and lists of labels), "points" or "other programs"
	Requests uint64
	Bytes    uint64 // that were sent
	Refused  uint64 // requests that were answered with a sentence about why there is nothing
}

// traffic counts it.
type traffic struct{ requests, bytes, refused atomic.Uint64 }

func (t *traffic) now(name string) Traffic {
	return Traffic{name, t.requests.Load(), t.bytes.Load(), t.refused.Load()}
}

// counted is a handler whose requests are counted.
func (t *traffic) counted(serve func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		t.requests.Add(1)
		err := serve(&counting{w, &t.bytes}, r)
		if err != nil {
			t.refused.Add(1)
		}
		return err
	}
}

// counting counts the bytes of an answer.
type counting struct {
	http.ResponseWriter
	bytes *atomic.Uint64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes.Add(uint64(n))
	return n, err
}

// Unwrap is for [http.ResponseController].
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }
