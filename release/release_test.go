package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"webmon/lacking"
)

const root = ".."

var someday = identity{version: "1.2.3", date: time.Unix(1_700_000_000, 0).UTC()}

func TestSBOMIsValid(t *testing.T) {
	text, err := sbom(root, someday)
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, text); err != nil {
		t.Fatal(err)
	}
	// The schema does see mistakes.
	for _, bad := range []struct{ what, from, to string }{
		{"a licence that SPDX does not know", `"id": "MIT"`, `"id": "MIT-ish"`},
		{"a hash that is none", `"alg": "SHA-256"`, `"alg": "SHA-255"`},
		{"a component without a type", `"type": "library",`, ""},
	} {
		broken := bytes.Replace(text, []byte(bad.from), []byte(bad.to), 1)
		if bytes.Equal(broken, text) {
			t.Errorf("%s: the list has no %s", bad.what, bad.from)
		} else if valid(t, broken) == nil {
			t.Errorf("%s is taken for valid", bad.what)
		}
	}
}

// valid holds a list against the schema that CycloneDX publishes, which lies beside its
// library for Go.
func valid(t *testing.T, text []byte) error {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	for name, file := range map[string]string{
		"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		f, err := os.Open(filepath.Join(strings.TrimSpace(string(dir)), "schema", file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		schema, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource("http://cyclonedx.org/schema/"+name, schema); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestSBOMHasWhatIsDeliveredAndNothingElse(t *testing.T) {
	text, err := sbom(root, someday)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := sbom(root, someday); err != nil || !bytes.Equal(text, again) {
		t.Errorf("a second list differs (%v)", err)
	}
	var bom cdx.BOM
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	has := map[string]cdx.Component{}
	known := map[string]bool{bom.Metadata.Component.BOMRef: true}
	for _, c := range *bom.Components {
		has[c.Name] = c
		if known[c.BOMRef] {
			t.Errorf("%s is there twice", c.BOMRef)
		}
		known[c.BOMRef] = true
		if c.Licenses == nil || len(*c.Licenses) == 0 {
			t.Errorf("%s has no licence", c.Name)
		}
		delivered := c.Scope != cdx.ScopeExcluded
		if delivered && c.Version == "" {
			t.Errorf("%s has no version", c.Name)
		}
	}

	// Each module of this platform, as Go itself says what it links.
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "webmon").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if len(words) != 2 {
			continue
		}
		if c := has[words[0]]; c.Version != words[1] {
			t.Errorf("%s is %q in the list, want %s", words[0], c.Version, words[1])
		} else if c.Hashes == nil || len((*c.Hashes)[0].Value) != 2*sha256.Size {
			t.Errorf("%s has no checksum", words[0])
		}
	}
	vendored, err := os.ReadFile(filepath.Join(root, "public/vendor/VERSIONS"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(vendored)) {
		if words := strings.Fields(line); words[0] != "#" && (has[words[0]].Version != words[1] || (*has[words[0]].Licenses)[0].License.ID != words[2]) {
			t.Errorf("the list does not have %v", words)
		}
	}
	if c := has["echarts"]; c.Hashes == nil {
		t.Error("echarts has no checksum")
	}
	for _, name := range []string{"std", "napari-webmon", "golang.org/x/sys"} {
		if has[name].Name == "" {
			t.Errorf("%s is not in the list", name)
		}
	}
	for _, name := range []string{"eslint", "@tailwindcss/cli", "playwright-core", "github.com/chromedp/chromedp", "go.uber.org/goleak", "honnef.co/go/tools", "github.com/CycloneDX/cyclonedx-go"} {
		if has[name].Name != "" {
			t.Errorf("%s is in the list, and is not delivered", name)
		}
	}
	for _, d := range *bom.Dependencies {
		if !known[d.Ref] {
			t.Errorf("%s depends on something and is no component", d.Ref)
		}
		if d.Dependencies == nil {
			continue
		}
		for _, to := range *d.Dependencies {
			if !known[to] {
				t.Errorf("%s depends on %s, which is no component", d.Ref, to)
			}
		}
	}
}

// The list of checksums of public/vendor is that of the files which are there.
func TestVendoredFilesAreThoseOfTheirManifest(t *testing.T) {
	vendor := filepath.Join(root, "public/vendor")
	sums, err := os.ReadFile(filepath.Join(vendor, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^([0-9a-f]{64})  (.+)\n$`)
	n := 0
	for text := range strings.Lines(string(sums)) {
		m := line.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("SHA256SUMS has %q", text)
		}
		file, err := os.ReadFile(filepath.Join(vendor, m[2]))
		if err != nil {
			t.Error(err)
			continue
		}
		if sum := sha256.Sum256(file); m[1] != hexOf(sum[:]) {
			t.Errorf("%s is not what was vendored", m[2])
		}
		n++
	}
	if n < 4 {
		t.Errorf("SHA256SUMS has %d files", n)
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, x := range b {
		out = append(out, digits[x>>4], digits[x&15])
	}
	return string(out)
}

func TestLicencesThatAreNotKnownAreErrors(t *testing.T) {
	dir := t.TempDir()
	if got, err := licenceOf(dir); err == nil {
		t.Errorf("a module without a licence has %q", got)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3\n")
	if got, err := licenceOf(dir); err == nil {
		t.Errorf("a licence that is not known is taken for %q", got)
	}
	write("Redistribution and use in source and\nbinary forms, with or without ...\nendorse or\npromote")
	if got, err := licenceOf(dir); got != "BSD-3-Clause" {
		t.Errorf("got %q, %v", got, err)
	}
}

// Whoever gets the program gets the licence of each Go module in it.
func TestLicencesOfGoModulesGoAlong(t *testing.T) {
	modules, _, err := linked(root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := goLicences(root)
	if err != nil {
		t.Fatal(err)
	}
	parts := bytes.Split(text, []byte("\n======== "))
	if len(parts) != len(modules)+1 {
		t.Errorf("there are %d licences for %d modules", len(parts)-1, len(modules))
	}
	for _, m := range modules {
		name := m.Name + " " + m.Version
		if m.Name == "std" {
			name = "Go " + m.Version
		}
		if !slices.ContainsFunc(parts, func(part []byte) bool { return bytes.HasPrefix(part, []byte(name+" ====")) && len(part) > 500 }) {
			t.Errorf("the licence of %s is missing", name)
		}
	}
	if !bytes.Contains(text, []byte("Copyright 2014 CoreOS, Inc")) {
		t.Error("the notice of go-oidc is missing") // Apache-2.0 asks for it
	}
}

// A release is the same in whatever folder, at whatever time and with whatever settings
// of Go somebody builds it. `make cross` has compiled for this platform already.
func TestBuildsAreIdentical(t *testing.T) {
	if testing.Short() {
		t.Skip("links the program twice")
	}
	p := platform{"linux", "arm64"}
	var first []byte
	for i, name := range []string{"one", "another folder/of a longer name"} {
		dir := filepath.Join(t.TempDir(), name)
		copySources(t, dir)
		if i > 0 {
			t.Setenv("GOFLAGS", "-ldflags=-X=main.nothing=1")
			t.Setenv("GOARM64", "v9.0")
			t.Setenv("CGO_ENABLED", "1")
		}
		out := filepath.Join(dir, "webmon")
		if err := compile(dir, out, "1.2.3", p); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(got, []byte(dir)) {
			t.Errorf("the program tells the folder that it was built in")
		}
		if !bytes.Contains(got, []byte("1.2.3")) {
			t.Error("the program does not have its version")
		}
		if i == 0 {
			first = got
		} else if !bytes.Equal(got, first) {
			t.Error("two builds of the same sources differ")
		}
	}
}

// copySources copies what a build reads.
func copySources(t *testing.T, to string) {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-co", "--exclude-standard", "go.mod", "go.sum", "*.go", "*.md", "public", "shm")
	cmd.Dir = root
	list, err := cmd.Output()
	if err != nil {
		lacking.Skip(t, "git lists the files: %v", err)
	}
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		if strings.HasSuffix(name, "_test.go") || strings.Contains(name, "/testdata/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // removed and not committed yet
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestArchivesAreIdentical(t *testing.T) {
	files := []file{{"webmon", 0o755, []byte("a program")}, {"LICENSE", 0o644, []byte("words")}}
	for name, pack := range map[string]func(string, []file, identity) ([]byte, error){"tar": tarball, "zip": zipped} {
		one, err := pack("webmon-1", files, someday)
		if err != nil {
			t.Fatal(err)
		}
		two, err := pack("webmon-1", slices.Clone(files), someday)
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: two archives of the same files differ (%v)", name, err)
		}
		later, err := pack("webmon-1", files, identity{version: "1", date: someday.date.Add(time.Hour)})
		if err != nil || bytes.Equal(one, later) {
			t.Errorf("%s: the date is not that of the release (%v)", name, err)
		}
	}
}

func TestTheDateIsSourceDateEpoch(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	id, err := identify(root)
	if err != nil || !id.date.Equal(someday.date) {
		t.Errorf("got %v, %v", id.date, err)
	}
	for _, bad := range []string{"yesterday", "-1", "1e9"} {
		t.Setenv("SOURCE_DATE_EPOCH", bad)
		if _, err := identify(root); err == nil {
			t.Errorf("%q is taken for a date", bad)
		}
	}
}
