package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sbom lists what the program is made of, as CycloneDX 1.6 in JSON: the Go modules
// that are linked on any platform, the Go library, the vendored scripts and styles,
// and the Python package inside. What only builds or tests it is left out.
func sbom(root string, id identity) ([]byte, error) {
	modules, uses, err := linked(root)
	if err != nil {
		return nil, err
	}
	vendored, err := scripts(root)
	if err != nil {
		return nil, err
	}
	pythons, err := python(root)
	if err != nil {
		return nil, err
	}
	own := cdx.Component{
		BOMRef: "pkg:golang/webmon@" + id.version, Type: cdx.ComponentTypeApplication, Name: "webmon", Version: id.version,
		Description: "Shows running Python processes live in browsers", Licenses: licences("BSD-3-Clause"), PackageURL: "pkg:golang/webmon@" + url.PathEscape(id.version),
	}
	components := slices.Concat(modules, vendored, pythons)
	depends := map[string][]string{own.BOMRef: nil}
	for from, to := range uses {
		if from == "" {
			from = own.BOMRef
		}
		depends[from] = append(depends[from], to...)
	}
	for _, c := range slices.Concat(vendored, pythons[:1]) {
		depends[own.BOMRef] = append(depends[own.BOMRef], c.BOMRef)
	}
	depends[pythons[0].BOMRef] = []string{pythons[1].BOMRef}
	var edges []cdx.Dependency
	for _, ref := range append([]string{own.BOMRef}, refs(components)...) {
		edge := cdx.Dependency{Ref: ref}
		if to := depends[ref]; len(to) > 0 {
			slices.Sort(to)
			edge.Dependencies = new(slices.Compact(to))
		}
		edges = append(edges, edge)
	}

	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: id.date.Format("2006-01-02T15:04:05Z"), Component: &own,
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}},
	}
	bom.Components, bom.Dependencies = &components, &edges
	// The number is made of the content: the same list has the same number.
	text, err := encode(bom)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // a UUID of version 8
	bom.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
	return encode(bom)
}

func encode(bom *cdx.BOM) ([]byte, error) {
	var buf bytes.Buffer
	err := cdx.NewBOMEncoder(&buf, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6)
	return buf.Bytes(), err
}

func refs(components []cdx.Component) (out []string) {
	for _, c := range components {
		out = append(out, c.BOMRef)
	}
	return out
}

func licences(expression string) *cdx.Licenses {
	return &cdx.Licenses{{License: &cdx.License{ID: expression}}}
}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Module     *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path, Version, Dir string }
	}
}

// linked returns the modules that the program is linked with on any of the platforms,
// the Go library first, and which of them imports which, by their references; "" is
// the program itself.
func linked(root string) ([]cdx.Component, map[string][]string, error) {
	sums, err := checksums(filepath.Join(root, "go.sum"))
	if err != nil {
		return nil, nil, err
	}
	std := cdx.Component{
		Type: cdx.ComponentTypeLibrary, Name: "std", Version: strings.TrimPrefix(runtime.Version(), "go"),
		Description: "The Go library", Licenses: licences("BSD-3-Clause"), Scope: cdx.ScopeRequired,
	}
	std.PackageURL = "pkg:golang/std@" + std.Version
	std.BOMRef = std.PackageURL
	byRef := map[string]cdx.Component{}
	uses := map[string][]string{}
	for _, p := range platforms {
		packages, err := list(root, p)
		if err != nil {
			return nil, nil, err
		}
		ref := func(path string) string {
			switch pkg := packages[path]; {
			case pkg.Standard || pkg.Module == nil:
				return std.BOMRef
			case pkg.Module.Main:
				return ""
			default:
				return "pkg:golang/" + pkg.Module.Path + "@" + pkg.Module.Version
			}
		}
		for path, pkg := range packages {
			from := ref(path)
			if from == std.BOMRef {
				continue
			}
			for _, to := range pkg.Imports {
				if to := ref(to); to != from && to != "" {
					uses[from] = append(uses[from], to)
				}
			}
			if _, known := byRef[from]; known || from == "" {
				continue
			}
			m := pkg.Module
			if m.Replace != nil {
				return nil, nil, fmt.Errorf("%s is replaced by %s: a release is made of what is published", m.Path, m.Replace.Path)
			}
			sum, ok := sums[m.Path+" "+m.Version]
			if !ok {
				return nil, nil, fmt.Errorf("go.sum has no checksum of %s %s", m.Path, m.Version)
			}
			licence, err := licenceOf(m.Dir)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", m.Path, err)
			}
			byRef[from] = cdx.Component{
				BOMRef: from, Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, Scope: cdx.ScopeRequired,
				Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: sum}}, Licenses: licences(licence), PackageURL: from,
			}
		}
	}
	out := []cdx.Component{std}
	for _, c := range byRef {
		out = append(out, c)
	}
	slices.SortFunc(out[1:], func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	return out, uses, nil
}

// list returns the packages that the program consists of on a platform, by their paths.
func list(root string, p platform) (map[string]listed, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Module", ".")
	cmd.Dir = root
	cmd.Env = environment("CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOFLAGS=", "GOTOOLCHAIN=local", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list for %v: %w: %s", p, err, &stderr)
	}
	out := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(text)); ; {
		var pkg listed
		switch err := dec.Decode(&pkg); err {
		case nil:
			out[pkg.ImportPath] = pkg
		case io.EOF:
			return out, nil
		default:
			return nil, err
		}
	}
}

// checksums reads go.sum: the SHA-256 of each module, in hex, by its path and version.
// The hash is Go's h1, over the names and the hashes of all files of the module.
func checksums(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) != 3 || strings.HasSuffix(words[1], "/go.mod") {
			continue
		}
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(words[2], "h1:"))
		if err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("go.sum has %q", strings.TrimSpace(line))
		}
		out[words[0]+" "+words[1]] = hex.EncodeToString(sum)
	}
	return out, nil
}

// signs tell the licences that webmon may be linked with by words of theirs, in order:
// the first whose words are all there counts.
var signs = []struct {
	id    string
	words []string
}{
	{"Apache-2.0", []string{"Apache License", "Version 2.0"}},
	{"MPL-2.0", []string{"Mozilla Public License", "2.0"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "endorse or promote"}},
	{"BSD-2-Clause", []string{"Redistribution and use in source and binary forms"}},
	{"MIT", []string{"Permission is hereby granted, free of charge", "THE SOFTWARE IS PROVIDED \"AS IS\""}},
	{"ISC", []string{"Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"}},
}

var spaces = regexp.MustCompile(`\s+`)

// licenceText returns the licence of a module as it lies in its folder.
func licenceText(dir string) (string, error) {
	for _, name := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return string(text), nil
		}
	}
	return "", fmt.Errorf("there is no licence in %s", dir)
}

// licenceOf says which licence a module has. One that is not known is an error: somebody
// has to read it.
func licenceOf(dir string) (string, error) {
	text, err := licenceText(dir)
	if err != nil {
		return "", err
	}
	plain := spaces.ReplaceAllString(text, " ")
	for _, s := range signs {
		if !slices.ContainsFunc(s.words, func(w string) bool { return !strings.Contains(plain, w) }) {
			return s.id, nil
		}
	}
	return "", fmt.Errorf("the licence in %s is none of those that are known", dir)
}

// goLicences returns the licences and notices of the Go modules that the program is linked
// with on any of the platforms, and of the Go library. Nearly all of them ask that their
// text goes along with the program.
func goLicences(root string) ([]byte, error) {
	dirs := map[string]string{}
	for _, p := range platforms {
		packages, err := list(root, p)
		if err != nil {
			return nil, err
		}
		for _, pkg := range packages {
			if m := pkg.Module; m != nil && !m.Main {
				dirs[m.Path+" "+m.Version] = m.Dir
			}
		}
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	dirs["Go "+strings.TrimPrefix(runtime.Version(), "go")] = strings.TrimSpace(string(goroot))
	var buf bytes.Buffer
	buf.WriteString("The Go modules that are part of webmon, and their licences.\n")
	for _, name := range slices.Sorted(maps.Keys(dirs)) {
		text, err := licenceText(dirs[name])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&buf, "\n\n======== %s ========\n\n%s\n", name, strings.TrimSpace(text))
		notice, err := os.ReadFile(filepath.Join(dirs[name], "NOTICE"))
		if err == nil {
			fmt.Fprintf(&buf, "\n%s\n", bytes.TrimSpace(notice))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return buf.Bytes(), nil
}

// scripts returns what public/vendor holds of others, with the hashes of the files
// that are served as they are.
func scripts(root string) ([]cdx.Component, error) {
	vendor := filepath.Join(root, "public/vendor")
	text, err := os.ReadFile(filepath.Join(vendor, "VERSIONS"))
	if err != nil {
		return nil, err
	}
	packages := map[string]string{"htmx": "htmx.org", "hx-ws": "htmx.org"}
	var out []cdx.Component
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) != 3 {
			return nil, fmt.Errorf("public/vendor/VERSIONS has %q instead of a name, a version and a licence", strings.TrimSpace(line))
		}
		name, version := words[0], words[1]
		pkg := name
		if of := packages[name]; of != "" {
			pkg = of
		}
		purl := "pkg:npm/" + pkg + "@" + version
		c := cdx.Component{
			BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: name, Version: version, Scope: cdx.ScopeRequired, Licenses: licences(words[2]), PackageURL: purl,
		}
		if pkg != name {
			c.BOMRef += "#" + name
		}
		if script, err := os.ReadFile(filepath.Join(vendor, name+".js")); err == nil {
			sum := sha256.Sum256(script)
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
		}
		out = append(out, c)
	}
	return out, nil
}

// python returns the package that the program carries and gives to the Pythons that
// run models, and NumPy, which it needs there and does not bring.
func python(root string) ([]cdx.Component, error) {
	source := filepath.Join(root, "shm/python/src/webmon")
	text, err := os.ReadFile(filepath.Join(source, "_version.py"))
	if err != nil {
		return nil, err
	}
	m := packageVersion.FindSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("_version.py has no version")
	}
	sum := sha256.New()
	err = filepath.WalkDir(source, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".py" {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(source, path)
		fmt.Fprintf(sum, "%x  %s\n", sha256.Sum256(content), filepath.ToSlash(name))
		return err
	})
	if err != nil {
		return nil, err
	}
	purl := "pkg:pypi/napari-webmon@" + string(m[1])
	return []cdx.Component{
		{
			BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: "napari-webmon", Version: string(m[1]), Scope: cdx.ScopeRequired, Licenses: licences("BSD-3-Clause"), PackageURL: purl,
			Description: "The Python package of webmon. Its hash is over the hashes and names of its sources, in their order.",
			Hashes:      &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum.Sum(nil))}},
		},
		{
			BOMRef: "pkg:pypi/numpy", Type: cdx.ComponentTypeLibrary, Name: "numpy", Scope: cdx.ScopeExcluded, Licenses: licences("BSD-3-Clause"), PackageURL: "pkg:pypi/numpy",
			Description: "Not delivered: the Python that runs models, or has the package, brings its own.",
		},
	}, nil
}
