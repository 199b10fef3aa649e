package dashboard_test

import (
	"encoding/json"
	"strings"
	"testing"

	"webmon/dashboard"
	"webmon/shm"
)

func TestVersionIsTold(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	status, body := s.ask("GET", "/api/v1", "")
	var got struct {
		Version, Fits string
		Protocol      int
	}
	if err := json.Unmarshal([]byte(body), &got); status != 200 || err != nil {
		t.Fatalf("%d %s (%v)", status, body, err)
	}
	if got.Version != dashboard.Version() || got.Protocol != shm.Protocol || !strings.HasPrefix(got.Version, got.Fits+".") {
		t.Errorf("told %+v", got)
	}
	if _, body := s.ask("GET", "/status", ""); !strings.Contains(body, dashboard.Version()) {
		t.Error("Status does not show the version")
	}
}

func TestAPackageThatDoesNotFitIsSaid(t *testing.T) {
	for pkg, want := range map[string]bool{"99.0.0": true, dashboard.Version(): false} {
		p := newProcess()
		p.info.Package, p.info.Protocol = pkg, shm.Protocol
		s := openProcess(t, dashboard.Options{Token: token}, p, nil)
		if _, body := s.ask("GET", "/viewer", ""); strings.Contains(body, "is version "+pkg+", and this webmon is version") != want {
			t.Errorf("package %s: is a notice shown? want %v", pkg, want)
		}
	}
}
