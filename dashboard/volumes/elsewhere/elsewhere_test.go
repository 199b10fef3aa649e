package elsewhere_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/volumes/elsewhere"
	"webmon/dashboard/volumes/omezarr"
)

// stack is a volume of 3 by 4 by 5 bytes, each of which is its place.
type stack struct {
	content string
	changes func() // while it is read; may be nil
	err     error
}

func (s *stack) Image(_ context.Context, shown bool) (*omezarr.Image, error) {
	var axes []omezarr.Axis
	for _, name := range []string{"z", "y", "x"} {
		axes = append(axes, omezarr.Axis{Name: name, Kind: omezarr.Space})
	}
	title := "stack"
	if shown {
		title = "stack as shown"
	}
	return omezarr.New(omezarr.Volume{
		Title: title, Descr: "|u1", Axes: axes,
		Levels: []omezarr.Level{{Shape: []int{3, 4, 5}, Scale: []float64{1, 1, 1}, Origin: []float64{0.5, 0.5, 0.5}}},
	})
}

func (s *stack) Content(context.Context) (string, error) { return s.content, nil }

func (s *stack) Read(_ context.Context, _ bool, f omezarr.File) ([]byte, func(), error) {
	if s.changes != nil {
		s.changes()
	}
	out := make([]byte, 60)
	for i := range out {
		out[i] = byte(i)
	}
	return out, func() {}, s.err
}

type site struct {
	*elsewhere.Elsewhere
	stack stack
	gone  error
	now   time.Time
}

func open() *site {
	s := &site{stack: stack{content: "a"}, now: time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)}
	s.Elsewhere = elsewhere.New(elsewhere.Options{
		Now: func() time.Time { return s.now },
		Open: func(source, volume string) (elsewhere.Volume, error) {
			if source != "scope" || volume != "stack" {
				return nil, errors.New("another one was asked for")
			}
			return &s.stack, s.gone
		},
	})
	return s
}

func (s *site) ask(method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *site) offer(t *testing.T, lasts time.Duration) elsewhere.Offer {
	t.Helper()
	o, err := s.Offer("scope", "stack", lasts, "Ada")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAVolumeIsReadByItsSecret(t *testing.T) {
	s := open()
	o := s.offer(t, time.Hour)
	at := o.Path(0, false)
	for _, test := range []struct {
		method, path string
		header       []string
		status       int
		body         string
	}{
		{"GET", at + "zarr.json", nil, 200, `"stack"`},
		{"GET", at + ".zattrs", nil, 200, `"0.4"`},
		{"GET", o.Path(0, true) + "zarr.json", nil, 200, `"stack as shown"`},
		{"GET", at + "0/c/0/0/0", nil, 200, "\x00\x01\x02"},
		{"GET", at + "0/0/0/0", []string{"Range", "bytes=7-9"}, 206, "\x07\x08\x09"},
		{"GET", at + "0/0/0/0", []string{"Range", "bytes=-1"}, 206, "\x3b"},
		{"GET", at + "0/0/0/0", []string{"Range", "bytes=70-"}, 416, ""},
		{"HEAD", at + "0/0/0/0", nil, 200, ""},
		{"GET", at + "0/0/0/1", nil, 404, "no such file"},
		{"GET", at + "", nil, 404, "no such file"},
		{"GET", o.Path(1, false) + "zarr.json", nil, 200, "stack"},
		{"GET", o.Path(2, false) + "zarr.json", nil, 410, "this is generation 2, and there is 1 now"},
		{"GET", strings.TrimSuffix(at, "/"), nil, 404, "goes on with a generation"},
		{"GET", strings.Replace(at, "newest", "g0", 1) + "zarr.json", nil, 404, "goes on with a generation"},
		{"GET", strings.Replace(at, "newest", "g01", 1) + "zarr.json", nil, 404, "goes on with a generation"},
		{"GET", "zarr/AAAA/newest/zarr.json", nil, 404, "no volume at this address"},
		{"GET", "zarr/", nil, 404, "no volume at this address"},
		{"PUT", at + "0/0/0/0", nil, 405, "not be written"},
		{"OPTIONS", at + "0/0/0/0", nil, 204, ""},
	} {
		w := s.ask(test.method, test.path, test.header...)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.body) {
			t.Errorf("%s %s: %d %.80q, want %d and %q", test.method, test.path, w.Code, w.Body, test.status, test.body)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: pages of other sites may not read it, or may with a cookie: %v", test.path, w.Header())
		}
	}
	w := s.ask("HEAD", at+"0/c/0/0/0")
	if got := w.Header().Get("Content-Length"); got != "60" || w.Body.Len() > 0 {
		t.Errorf("HEAD tells of %s bytes and sends %d", got, w.Body.Len())
	}
	if w := s.ask("GET", at+"0/c/0/0/0", "Range", "bytes=0-0"); w.Header().Get("Content-Range") != "bytes 0-0/60" {
		t.Errorf("a range is %q", w.Header().Get("Content-Range"))
	}
	if list := s.List("scope", "stack"); len(list) != 1 || list[0].Used != s.now.Local() && !list[0].Used.Equal(s.now) || list[0].Bytes == 0 || list[0].Generation != 1 {
		t.Errorf("the offers are %+v", list)
	}
}

// What a program takes for empty is an error of its user's eyes: 404 must not stand for a failure.
func TestWhatCannotBeReadIsNotMissing(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		body   string
	}{
		{elsewhere.Gone("It has ended."), 410, "It has ended."},
		{elsewhere.Busy("Try again."), 503, "Try again."},
		{errors.New("it broke"), 500, "it broke"},
		{context.DeadlineExceeded, 504, "did not answer in time"},
	} {
		s := open()
		at := s.offer(t, 0).Path(0, false)
		s.stack.err = test.err
		w := s.ask("GET", at+"0/c/0/0/0")
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.body) {
			t.Errorf("%v: %d %q, want %d and %q", test.err, w.Code, w.Body, test.status, test.body)
		}
		s.gone = test.err
		if w := s.ask("GET", at+"zarr.json"); w.Code != test.status {
			t.Errorf("%v: the volume is %d, want %d", test.err, w.Code, test.status)
		}
	}
}

func TestAGenerationEndsWithItsContent(t *testing.T) {
	s := open()
	o := s.offer(t, 0)
	chunk := o.Path(1, false) + "0/c/0/0/0"
	if w := s.ask("GET", chunk); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	s.stack.changes = func() { s.stack.content = "b" }
	if w := s.ask("GET", chunk); w.Code != 410 {
		t.Errorf("what was read while it changed is answered with %d", w.Code)
	}
	s.stack.changes = nil
	if w := s.ask("GET", chunk); w.Code != 410 || !strings.Contains(w.Body.String(), "there is 2 now") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, at := range []string{o.Path(2, false), o.Path(0, false)} {
		if w := s.ask("GET", at+"0/c/0/0/0"); w.Code != 200 {
			t.Errorf("%s: %d %s", at, w.Code, w.Body)
		}
	}
}

func TestOffersEnd(t *testing.T) {
	s := open()
	short, long := s.offer(t, time.Minute), s.offer(t, 1000*24*time.Hour)
	if long.Until.Sub(s.now) != elsewhere.LastsAtMost || short.By != "Ada" {
		t.Errorf("the offers are %+v and %+v", short, long)
	}
	status := func(o elsewhere.Offer) int { return s.ask("GET", o.Path(0, false)+"zarr.json").Code }
	if status(short) != 200 || status(long) != 200 {
		t.Fatal("the offers do not work")
	}
	s.now = s.now.Add(time.Minute)
	if status(short) != 404 || status(long) != 200 {
		t.Error("an offer outlives its time, or the other one does not")
	}
	if _, ok := s.Revoke("nothing"); ok {
		t.Error("what is not there was taken back")
	}
	if o, ok := s.Revoke(long.ID); !ok || o.Volume != "stack" || status(long) != 404 {
		t.Error("an offer outlives being taken back")
	}
	last := s.offer(t, time.Hour)
	s.Forget("scope")
	if status(last) != 404 || len(s.List("scope", "stack")) > 0 {
		t.Error("an offer outlives its source")
	}
	for range 256 {
		s.offer(t, time.Hour)
	}
	if _, err := s.Offer("scope", "stack", 0, ""); !errors.Is(err, elsewhere.ErrTooMany) {
		t.Errorf("one more offer: %v", err)
	}
	s.now = s.now.Add(time.Hour)
	s.offer(t, time.Hour) // those that have expired make room
}

func TestOnlySoManyRequestsAtTheSameTime(t *testing.T) {
	s := open()
	at := s.offer(t, 0).Path(0, false) + "0/c/0/0/0"
	begun, end := make(chan struct{}), make(chan struct{})
	s.stack.changes = func() {
		begun <- struct{}{}
		<-end
	}
	answers := make(chan int)
	for range 32 {
		go func() { answers <- s.ask("GET", at).Code }()
		<-begun
	}
	w := s.ask("GET", at)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more is answered with %d", w.Code)
	}
	close(end)
	for range 32 {
		if got := <-answers; got != 200 {
			t.Errorf("one of them is answered with %d", got)
		}
	}
}

func FuzzAddress(f *testing.F) {
	s := open()
	o, err := s.Offer("scope", "stack", time.Hour, "")
	if err != nil {
		f.Fatal(err)
	}
	secret := strings.Split(o.Path(0, false), "/")[1]
	for _, path := range []string{"newest/zarr.json", "g1/0/c/0/0/0", "g1.shown/.zattrs", "g18446744073709551616/zarr.json", "g1/../../x", ""} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = "/zarr/" + secret + "/" + path
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch w.Code {
		case 200, 404, 410:
		default:
			t.Errorf("%q is answered with %d %s", path, w.Code, w.Body)
		}
	})
}
