package dashboard_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"webmon/dashboard"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/shm"
)

// Pages of other sites read a volume by the secret in its address, and nothing else of webmon.
func TestAVolumeForOtherPrograms(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab"})
	a := pixelstest.New(shm.ArrayInfo{Name: "field", Descr: "|u1", Shape: []int{3, 4, 5}, Axes: []string{"z", "y", "x"}, Generation: "1111111111111111"}, 2)
	s.sink.State(shm.TopicArrays, shm.Arrays{*a.Info()})
	s.sink.State(shm.ArrayTopic("field"), a.Publish(make([]byte, 60)))
	form := url.Values{"volume": {"field"}, "for": {"hour"}}.Encode()
	post := func(path string, header ...string) (int, string) {
		return s.ask("POST", path, form, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
	}
	if status, _ := post("/volumes/napari/offers", "Authorization", ""); status != http.StatusUnauthorized {
		t.Errorf("anybody may offer a volume: %d", status)
	}
	_, secret := s.newLink(`{"role": "look"}`)
	looker := "Bearer " + secret
	if status, body := post("/volumes/napari/offers", "Authorization", looker); status != http.StatusForbidden {
		t.Errorf("whoever may only look may offer a volume: %d %s", status, body)
	}
	if status, body := post("/volumes/napari/offers"); status != http.StatusSeeOther {
		t.Fatalf("offering a volume: %d %s", status, body)
	}
	address := regexp.MustCompile(`/zarr/[A-Z0-9]+/newest/`)
	_, page := s.ask("GET", "/volumes/napari/field", "", "Accept", "text/html")
	at := address.FindString(page)
	if at == "" || !strings.Contains(page, "http://"+strings.TrimPrefix(s.base, "http://")+at) {
		t.Fatalf("the page has no address:\n%s", page)
	}
	if _, page := s.ask("GET", "/volumes/napari/field", "", "Accept", "text/html", "Authorization", looker); address.MatchString(page) {
		t.Error("whoever may only look sees the address")
	}
	ask := func(method, path string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(context.Background(), method, s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://elsewhere.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Mode", "cors")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		resp := ask(method, at+"0/c/0/0/0")
		if resp.StatusCode/100 != 2 || resp.Header.Get("Access-Control-Allow-Origin") != "*" || resp.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%s for a page of another site: %d %v", method, resp.StatusCode, resp.Header)
		}
		if len(resp.Cookies()) > 0 {
			t.Errorf("%s for a page of another site sets %v", method, resp.Cookies())
		}
	}
	for _, path := range []string{"/volumes/napari/field", "/api/v1/sources/napari/arrays/field.npy", "/zarr/", "/zarr"} {
		if resp := ask("GET", path); resp.StatusCode/100 == 2 || resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s for a page of another site: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if resp := ask(method, at+"0/c/0/0/0"); resp.StatusCode/100 == 2 {
			t.Errorf("%s for a page of another site: %d", method, resp.StatusCode)
		}
	}
	revoke := regexp.MustCompile(`/volumes/napari/offers/[0-9a-f]+/revoke`).FindString(page)
	if status, body := post(revoke); status != http.StatusSeeOther {
		t.Errorf("taking it back: %d %s", status, body)
	}
	if resp := ask("GET", at+"zarr.json"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("an address that was taken back: %d", resp.StatusCode)
	}
	if status, _ := post(revoke); status != http.StatusNotFound {
		t.Errorf("taking it back again: %d", status)
	}
}
