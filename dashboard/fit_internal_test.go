package dashboard

import (
	"runtime/debug"
	"strings"
	"testing"

	"webmon/components"
	"webmon/shm"
	"webmon/shm/python"
)

func TestVersionIsThatOfThePackage(t *testing.T) {
	settings := func(of ...string) (out []debug.BuildSetting) {
		for i := 0; i < len(of); i += 2 {
			out = append(out, debug.BuildSetting{Key: of[i], Value: of[i+1]})
		}
		return out
	}
	const commit = "0fe1e07abcdef0123456789012345678901234ab"
	for _, test := range []struct {
		what string
		info *debug.BuildInfo
		want string
	}{
		{"nothing is known of the build", nil, "1.2.3"},
		{"no checkout", &debug.BuildInfo{}, "1.2.3"},
		{"a checkout", &debug.BuildInfo{Settings: settings("vcs.revision", commit, "vcs.modified", "false")}, "1.2.3+g0fe1e07abcde"},
		{"a changed one", &debug.BuildInfo{Settings: settings("vcs.revision", commit, "vcs.modified", "true")}, "1.2.3+g0fe1e07abcde.dirty"},
		{"a tag", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: settings("vcs.revision", commit)}, "1.2.3"},
		{"the tag of another version", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.2"}, Settings: settings("vcs.revision", commit)}, "1.2.3+g0fe1e07abcde"},
		{"a short revision", &debug.BuildInfo{Settings: settings("vcs.revision", "42")}, "1.2.3+g42"},
	} {
		if got := versionOf("1.2.3", test.info); got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
	if number, _, _ := strings.Cut(Version(), "+"); number != python.Version() {
		t.Errorf("the program is %s, and the package %s", Version(), python.Version())
	}
	if Fits() == "" || !strings.HasPrefix(python.Version(), Fits()+".") {
		t.Errorf("packages %q fit %s", Fits(), Version())
	}
	if text := python.Sources()["webmon/_version.py"]; !strings.Contains(text, "\nPROTOCOL = "+string(rune('0'+shm.Protocol))+" ") {
		t.Errorf("the package speaks another protocol than %d: %s", shm.Protocol, text)
	}
}

func TestWhoFits(t *testing.T) {
	const newer, older, none = "python -m webmon", components.InstallPlugin, ""
	for _, test := range []struct {
		pkg      string
		protocol int
		own      string
		want     string // the code of the notice
	}{
		{"0.1.0", 1, "0.1.0", none},
		{"0.1.7", 1, "0.1.0+g0fe1e07abcde.dirty", none},
		{"0.1.0+g0fe1e07abcde", 1, "0.1.9", none},
		{"0.1.0rc1", 1, "0.1.0", none},
		{"0.1.0", 0, "0.1.0", none}, // it says no protocol
		{"", 1, "0.1.0", none},
		{"1", 1, "0.1.0", none},
		{"", 0, "0.1.0", none}, // a plain napari
		{"0.2.0", 1, "0.1.9", newer},
		{"0.10.0", 1, "0.9.0", newer},
		{"1.0.0", 1, "0.9.0", newer},
		{"0.1.9", 1, "0.2.0", older},
		{"0.9.0", 1, "0.10.0", older},
		{"1.1.0", 1, "2.0.0", older},
		{"0.1.0", 2, "0.1.0", newer},
		{"0.2.0", 2, "0.1.0", newer},
		{"0.2.0", 1, "0.3.0", older},
		{"", 2, "0.1.0", newer},
		{"999999999999.1.0", 1, "0.1.0", none}, // no version that is known
	} {
		n := misfit(shm.Info{Name: "scope", Kind: shm.KindPython, Package: test.pkg, Protocol: test.protocol}, test.own)
		switch {
		case n == nil && test.want == none:
		case n == nil:
			t.Errorf("package %q, protocol %d fit %s", test.pkg, test.protocol, test.own)
		case n.Code != test.want:
			t.Errorf("package %q, protocol %d and %s: %s %q, want %q", test.pkg, test.protocol, test.own, n.Text, n.Code, test.want)
		case !strings.Contains(n.Text, "scope") || !strings.Contains(n.Text, test.pkg) || !strings.Contains(n.Text, test.own):
			t.Errorf("package %q, protocol %d and %s: the notice does not name them: %s", test.pkg, test.protocol, test.own, n.Text)
		}
	}
	if n := misfit(shm.Info{Name: "demo", Kind: shm.KindDemo, Package: "9.9.9"}, "0.1.0"); n != nil {
		t.Errorf("the demo, which is part of webmon, does not fit: %s", n.Text)
	}
}
