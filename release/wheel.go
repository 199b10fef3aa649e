package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const (
	// distribution is the name of the Python package in the names of files.
	distribution = "napari_webmon"
	// maxEntry bounds what is read of a file that the backend has packed.
	maxEntry = 64 << 20
)

// tags are the platforms on which pip installs a wheel. A program that is linked statically
// needs Linux 3.2 alone, so it also runs beside musl; manylinux 2.17 is the oldest that pip
// still meets. Go 1.26 asks for macOS 12.
var tags = map[platform][]string{
	{"linux", "amd64"}:   {"manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"},
	{"linux", "arm64"}:   {"manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"},
	{"darwin", "amd64"}:  {"macosx_12_0_x86_64"},
	{"darwin", "arm64"}:  {"macosx_12_0_arm64"},
	{"windows", "amd64"}: {"win_amd64"},
	{"windows", "arm64"}: {"win_arm64"},
}

// packed is a file that is published.
type packed struct {
	name    string
	content []byte
}

// backend has setuptools, which changes sys.argv, build the package in the folder it runs in.
const backend = `
import sys
from setuptools import build_meta
out = sys.argv[1]
build_meta.build_sdist(out)
build_meta.build_wheel(out)
`

// distributions builds the Python package as it is without a program: its sources as they
// are published, and the files of its wheel, which are in no order. The package's own backend
// says what belongs to it; times, owners, order and compression are ours.
func distributions(root, python string, id identity) (sources packed, pure []file, err error) {
	stage, err := os.MkdirTemp("", "webmon-package")
	if err != nil {
		return sources, nil, err
	}
	defer os.RemoveAll(stage)
	if err := stagePackage(filepath.Join(root, "shm/python"), stage, id); err != nil {
		return sources, nil, err
	}
	out := filepath.Join(stage, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return sources, nil, err
	}
	if filepath.Base(python) != python { // a path, no name to look for
		if python, err = filepath.Abs(python); err != nil { // it runs in another folder
			return sources, nil, err
		}
	}
	cmd := exec.Command(python, "-I", "-c", backend, out)
	cmd.Dir = stage
	cmd.Env = environment(fmt.Sprintf("SOURCE_DATE_EPOCH=%d", id.date.Unix()), "PYTHONHASHSEED=0", "LC_ALL=C")
	if text, err := cmd.CombinedOutput(); err != nil {
		return sources, nil, fmt.Errorf("building the Python package with %s, which needs setuptools 77 or later: %w\n%s", python, err, text)
	}
	folder := distribution + "-" + id.version
	files, err := untar(filepath.Join(out, folder+".tar.gz"), folder+"/")
	if err != nil {
		return sources, nil, err
	}
	sources.name = folder + ".tar.gz"
	if sources.content, err = tarball(folder, files, id); err != nil {
		return sources, nil, err
	}
	pure, err = unzip(filepath.Join(out, folder+"-py3-none-any.whl"))
	return sources, pure, err
}

// stagePackage copies the sources of the package, with the version of this build.
func stagePackage(from, to string, id identity) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(name), "/")
		switch {
		case name == ".":
			return nil
		case d.IsDir() && (d.Name() == "__pycache__" || strings.HasSuffix(d.Name(), ".egg-info") || top != "src"):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case top != "src" && !slices.Contains([]string{"pyproject.toml", "README.md", "LICENSE"}, name), strings.HasSuffix(name, ".pyc"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.ToSlash(name) == "src/webmon/_version.py" {
			if !packageVersion.Match(text) {
				return errors.New("_version.py has no version")
			}
			text = packageVersion.ReplaceAllLiteral(text, []byte(`__version__ = "`+id.version+`"`))
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o644)
	})
}

// untar reads the files below a folder of an archive, by their names.
func untar(path, below string) (files []file, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for tr := tar.NewReader(zr); ; {
		head, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		name, ok := strings.CutPrefix(head.Name, below)
		if head.Typeflag != tar.TypeReg || !ok {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(tr, maxEntry))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, 0o644, content})
	}
	slices.SortFunc(files, byName)
	return files, nil
}

// unzip reads the files of a wheel.
func unzip(path string) (files []file, err error) {
	zr, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer zr.Close()
	for _, f := range zr.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(io.LimitReader(r, maxEntry))
		r.Close()
		if err != nil {
			return nil, err
		}
		files = append(files, file{f.Name, 0o644, content})
	}
	return files, nil
}

func byName(a, b file) int { return strings.Compare(a.name, b.name) }

// companion is what a wheel with the program has beside the package, in its .dist-info.
type companion struct {
	licence  string // of all that is inside, as an SPDX expression
	licences []file // below licenses/
	sbom     file   // below sboms/
}

// companions returns what goes along with the program. The parts of it have licences of
// their own, whose texts are to be there.
func companions(root string, list, modules []byte) (out companion, err error) {
	linked, _, err := linked(root)
	if err != nil {
		return out, err
	}
	vendored, err := scripts(root)
	if err != nil {
		return out, err
	}
	text, err := os.ReadFile(filepath.Join(root, "public/vendor/licences.txt"))
	if err != nil {
		return out, err
	}
	return companion{
		licence:  expression(slices.Concat(linked, vendored)),
		licences: []file{{"licences-go.txt", 0o644, modules}, {"licences-scripts.txt", 0o644, text}},
		sbom:     file{"webmon.cdx.json", 0o644, list},
	}, nil
}

// expression joins webmon's licence and those of components.
func expression(components []cdx.Component) string {
	const own = "BSD-3-Clause"
	var others []string
	for _, c := range components {
		for _, l := range *c.Licenses {
			if l.License.ID != own {
				others = append(others, l.License.ID)
			}
		}
	}
	slices.Sort(others)
	return strings.Join(append([]string{own}, slices.Compact(others)...), " AND ")
}

// wheel puts the program into the files of the package: below .data/scripts, from where pip
// installs it beside the Python of the environment.
func wheel(pure []file, with companion, p platform, program []byte, id identity) (name string, content []byte, err error) {
	stem := distribution + "-" + id.version
	info := stem + ".dist-info/"
	tag := "py3-none-" + strings.Join(tags[p], ".")
	files := []file{{stem + ".data/scripts/" + p.program(), 0o755, program}}
	for _, f := range with.licences {
		files = append(files, file{info + "licenses/" + f.name, f.mode, f.content})
	}
	files = append(files, file{info + "sboms/" + with.sbom.name, with.sbom.mode, with.sbom.content})
	for _, f := range pure {
		switch f.name {
		case info + "RECORD":
			continue
		case info + "WHEEL":
			text := "Wheel-Version: 1.0\nGenerator: webmon " + id.version + "\nRoot-Is-Purelib: false\n"
			for _, t := range tags[p] {
				text += "Tag: py3-none-" + t + "\n"
			}
			f.content = []byte(text)
		case info + "METADATA":
			if f.content, err = metadata(f.content, with); err != nil {
				return "", nil, err
			}
		}
		files = append(files, f)
	}
	// What is about the wheel comes last, so that it can be changed without writing the rest again.
	slices.SortFunc(files, func(a, b file) int {
		inA, inB := strings.HasPrefix(a.name, info), strings.HasPrefix(b.name, info)
		if inA != inB {
			if inA {
				return 1
			}
			return -1
		}
		return byName(a, b)
	})
	var record strings.Builder
	for _, f := range files {
		if strings.ContainsAny(f.name, ",\"\n") {
			return "", nil, fmt.Errorf("%q cannot be the name of a file of a wheel", f.name)
		}
		sum := sha256.Sum256(f.content)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.content))
	}
	record.WriteString(info + "RECORD,,\n")
	files = append(files, file{info + "RECORD", 0o644, []byte(record.String())})
	content, err = zipped("", files, id)
	return stem + "-" + tag + ".whl", content, err
}

// metadata says of a wheel with the program what licences it has.
func metadata(text []byte, with companion) ([]byte, error) {
	head, body, ok := bytes.Cut(text, []byte("\n\n"))
	if !ok {
		return nil, errors.New("METADATA has no end of its head")
	}
	for _, line := range []struct{ from, to string }{
		{"\nLicense-Expression: BSD-3-Clause\n", "\nLicense-Expression: " + with.licence + "\n"},
		{"\nLicense-File: LICENSE\n", "\nLicense-File: LICENSE\n" + licenceFiles(with)},
	} {
		if bytes.Count(head, []byte(line.from)) != 1 {
			return nil, fmt.Errorf("METADATA does not have the line %q", strings.TrimSpace(line.from))
		}
		head = bytes.Replace(head, []byte(line.from), []byte(line.to), 1)
	}
	return slices.Concat(head, []byte("\n\n"), body), nil
}

func licenceFiles(with companion) (lines string) {
	for _, f := range with.licences {
		lines += "License-File: " + f.name + "\n"
	}
	return lines
}
