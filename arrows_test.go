package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"webmon/components"
	"webmon/lacking"
)

// shared are the packages below dashboard that others below it may import. No tab
// is among them: a tab knows no other, so that each can be read, and taken out, by
// itself.
const shared = `(answer|budget|chart|door|frame|hub|line|pixels(/(jpeg|packed|pixelstest))?|prefix|prose|record|refusal|series|source|squeeze|steer|tab|views)`

// arrows says which of webmon's packages a package may import; ARCHITECTURE.md
// draws the picture. The first rule that fits a package counts.
var arrows = []struct{ from, to string }{
	{`^webmon$`, `^webmon/(beat|fault|logs|private|dashboard|dashboard/(board(/file)?|budget|certs|door(/oidc|/proxied|/roster)?|instance|options|source)|shm|shm/(process|demo|discover|maps(/(edit|library|made|stacks))?|model|segment|stack))$`},
	{`^webmon/(beat|fault|lacking|natural|private)$`, `^$`},
	// Lines for tests and benchmarks.
	{`^webmon/e2e/netline$`, `^webmon/lacking$`},
	{`^webmon/e2e/specimen$`, `^$`},
	{`^webmon/e2e/fakepage$`, `^webmon/dashboard/pixels/packed$`},
	{`^webmon/logs$`, `^webmon/(fault|natural)$`},
	{`^webmon/shm$`, `^webmon/natural$`},
	{`^webmon/shm/pickle$`, `^webmon/natural$`},
	{`^webmon/shm/manager$`, `^webmon/(fault|natural|shm/pickle)$`},
	{`^webmon/shm/discover$`, `^webmon/(beat|fault|private|shm)$`},
	{`^webmon/shm/segment$`, `^webmon/(natural|private|shm(/pickle)?)$`},
	{`^webmon/shm/`, `^webmon/(beat|fault|lacking|natural|shm(/.*)?)$`},
	{`^webmon/components/ui$`, `^webmon/natural$`},
	{`^webmon/components/layout$`, `^webmon/components/ui$`},
	{`^webmon/components`, `^webmon/(natural|components(/.*)?)$`},
	{`^webmon/public$`, `^$`},
	// The hub knows frames as bytes and the series numbers: neither knows sources.
	{`^webmon/dashboard/hub$`, `^webmon/(dashboard/(budget|frame|line|squeeze)|fault)$`},
	{`^webmon/dashboard/door$`, `^webmon/(dashboard/prefix|fault|private)$`},
	{`^webmon/dashboard/(certs|instance|record|views)$`, `^webmon/(fault|private)$`},
	{`^webmon/dashboard/door/`, `^webmon/(dashboard/(door|prefix)|fault|private)$`},
	{`^webmon/dashboard/(budget|options|series|refusal|frame|line|prefix|prose|squeeze)$`, `^$`},
	// Codecs know samples as bytes.
	{`^webmon/dashboard/pixels/(jpeg|packed)$`, `^webmon/fault$`},
	// What the program knows of itself and pages and the README tell.
	{`^webmon/dashboard/api/spec$`, `^$`},
	{`^webmon/dashboard/help$`, `^webmon/(dashboard/(api/spec|options|prose)|components(/.*)?)$`},
	{`^webmon/dashboard/help/fill$`, `^webmon/dashboard/(api/spec|options)$`},
	{`^webmon/dashboard/answer$`, `^webmon/dashboard/budget$`},
	// The API tells of simulations what their tab knows.
	{`^webmon/dashboard/api$`, `^webmon/(dashboard/(models|` + shared + `)|fault|natural|shm)$`},
	// Views know neither volumes nor HTTP; what describes volumes, and makes levels, meshes and points of them, knows
	// no sources.
	{`^webmon/dashboard/volumes/view$`, `^webmon/(dashboard/budget|shm)$`},
	{`^webmon/dashboard/volumes/(level|mesh)$`, `^webmon/(fault|natural|shm|dashboard/volumes/level)$`},
	{`^webmon/dashboard/volumes/(omezarr|notes)$`, `^$`},
	{`^webmon/dashboard/volumes/points$`, `^webmon/shm$`},
	{`^webmon/dashboard/volumes/elsewhere$`, `^webmon/dashboard/volumes/omezarr$`},
	// A map is what shm/maps reads and computes, not what some adapter sends; its images are what
	// shm/stack opens.
	{`^webmon/dashboard/maps/figure$`, `^$`},
	// The format of a board knows neither sources nor pages.
	{`^webmon/dashboard/board/file$`, `^$`},
	{`^webmon/dashboard/board$`, `^webmon/(dashboard/(board/file|` + shared + `)|components(/.*)?|natural|private|shm)$`},
	{`^webmon/dashboard/maps/together$`, `^webmon/dashboard/(frame|source)$`},
	{`^webmon/dashboard/maps$`, `^webmon/(dashboard/(maps/(figure|together)|` + shared + `)|components(/.*)?|fault|natural|shm|shm/(maps(/(edit|library))?|stack))$`},
	{`^webmon/dashboard/volumes$`, `^webmon/(dashboard/(volumes/.*|` + shared + `)|components(/.*)?|fault|natural|shm)$`},
	// Sections are read of volumes, level by level.
	{`^webmon/dashboard/sections$`, `^webmon/(dashboard/(volumes/level|` + shared + `)|natural|shm)$`},
	{`^webmon/dashboard/`, `^webmon/(beat|dashboard/` + shared + `|components(/.*)?|fault|natural|shm)$`},
	// The dashboard's version is that of the Python package, of which it has the sources.
	{`^webmon/dashboard$`, `^webmon/(dashboard/.*|components(/.*)?|fault|public|natural|private|shm|shm/python)$`},
}

// confined says which packages may import a library that others must not know, so
// that another can take its place.
var confined = []struct{ library, to string }{
	{`^github.com/labstack/`, `^webmon/dashboard(/api)?$`},
	{`^github.com/gorilla/websocket$`, `^webmon/(dashboard(/hub)?|e2e/fakepage)$`},
	{`^github.com/prometheus/`, `^webmon/dashboard$`},
	{`^github.com/go-echarts/`, `^webmon/dashboard/chart$`},
	{`^github.com/yuin/goldmark`, `^webmon/dashboard/prose$`},
	{`^(github.com/coreos/go-oidc|golang.org/x/oauth2)`, `^webmon/dashboard/door/oidc$`},
	{`^golang.org/x/crypto/acme`, `^webmon/dashboard/certs$`},
	{`^github.com/klauspost/compress/`, `^webmon/(dashboard/squeeze|shm/(stack/(pack|zarr)|maps/library))$`},
	{`^github.com/pierrec/lz4/`, `^webmon/shm/stack/zarr$`},
}

func TestImportsFollowTheArrows(t *testing.T) {
	out := goList(t, `{{.ImportPath}} {{join .Imports " "}}`)
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(line)
		for _, to := range names[1:] {
			if strings.HasPrefix(to, "webmon/") && !allowed(names[0], to) {
				t.Errorf("%s must not import %s", names[0], to)
			}
			for _, c := range confined {
				if regexp.MustCompile(c.library).MatchString(to) && !regexp.MustCompile(c.to).MatchString(names[0]) {
					t.Errorf("%s must not import %s", names[0], to)
				}
			}
		}
	}
}

// goList returns what the template makes of each package. Git has no say in it.
func goList(t *testing.T, template string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-buildvcs=false", "-f", template, "./...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v: %s", err, &stderr)
	}
	return out
}

func allowed(from, to string) bool {
	for _, a := range arrows {
		if regexp.MustCompile(a.from).MatchString(from) {
			return regexp.MustCompile(a.to).MatchString(to)
		}
	}
	return false
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	out := goList(t, `{{.ImportPath}}	{{.Doc}}`)
	for line := range strings.Lines(string(out)) {
		name, doc, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if doc == "" {
			t.Errorf("%s has no package comment", name)
		}
	}
}

// What is not published is not named as if it were: all that people are told to
// install is the checkout's own.
func TestWhatIsToBeInstalledIsThere(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "*.go", "*.templ", "*.md", "*.py", "*.toml", "*.js").Output()
	if err != nil {
		lacking.Skip(t, "git lists the files: %v", err)
	}
	command := regexp.MustCompile(`pip install[^\n]*?\bnapari` + `-webmon`)
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(name)
		if err != nil {
			continue // deleted and not yet committed
		}
		if found := command.Find(text); found != nil {
			t.Errorf("%s says %q, and there is no such distribution", name, found)
		}
	}
	for _, name := range []string{"README.md", "shm/python/README.md"} {
		text, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(text, []byte(components.InstallPlugin)) {
			t.Errorf("%s does not say %q (%v)", name, components.InstallPlugin, err)
		}
		for line := range strings.Lines(components.InstallWheel) {
			if !bytes.Contains(text, []byte(strings.TrimSpace(line))) {
				t.Errorf("%s does not say %q", name, line)
			}
		}
	}
}
