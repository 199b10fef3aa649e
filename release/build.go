package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// platform is an operating system and a processor, as Go calls them.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "-" + p.arch }

// program is the name of the program there.
func (p platform) program() string {
	if p.os == "windows" {
		return "webmon.exe"
	}
	return "webmon"
}

// platforms are those that webmon is released for.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// chosen returns the platforms that a name stands for: all for "", "here" for that of this
// machine, or one such as "linux-arm64".
func chosen(name string) ([]platform, error) {
	if name == "here" {
		name = platform{runtime.GOOS, runtime.GOARCH}.String()
	}
	if name == "" {
		return platforms, nil
	}
	var names []string
	for _, p := range platforms {
		if p.String() == name {
			return []platform{p}, nil
		}
		names = append(names, p.String())
	}
	return nil, fmt.Errorf("webmon is not made for %q, only for %s", name, strings.Join(names, ", "))
}

// compile builds the program. What differs from machine to machine has no say: paths
// are trimmed, there is no build id, and what the environment can choose is chosen here.
func compile(root, out, version string, p platform) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly",
		"-ldflags=-s -w -buildid= -X webmon/dashboard.release="+version, "-o", out, ".")
	cmd.Dir = root
	cmd.Env = environment("CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOTOOLCHAIN=local", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building for %v: %w\n%s", p, err, text)
	}
	return nil
}

// environment is that of this process with some variables set otherwise.
func environment(set ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return slices.ContainsFunc(set, func(s string) bool {
			name, _, _ := strings.Cut(s, "=")
			return strings.HasPrefix(v, name+"=")
		})
	})
	return append(env, set...)
}

// beside are the files that lie beside the program in an archive.
var beside = []string{"LICENSE", "README.md", "SECURITY.md", "CHANGELOG.md", "public/vendor/licences.txt"}

// file is one of an archive.
type file struct {
	name    string
	mode    os.FileMode
	content []byte
}

// sumsName is the file with the checksums of all others.
const sumsName = "SHA256SUMS"

// build writes an archive and a wheel for each platform, the sources of the Python package,
// the SBOM, and the checksums of all. python is the Python whose setuptools build the package.
// What an earlier build has written goes: two versions beside each other get confused.
func build(root, out, python string, targets []platform, id identity) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := clear(out); err != nil {
		return err
	}
	list, err := sbom(root, id)
	if err != nil {
		return err
	}
	modules, err := goLicences(root)
	if err != nil {
		return err
	}
	files := []file{{"webmon.cdx.json", 0o644, list}, {"licences-go.txt", 0o644, modules}}
	for _, name := range beside {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		files = append(files, file{filepath.Base(name), 0o644, text})
	}
	work, err := os.MkdirTemp("", "webmon-release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	var sums strings.Builder
	write := func(name string, content []byte) error {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
		return os.WriteFile(filepath.Join(out, name), content, 0o644)
	}
	sources, pure, err := distributions(root, python, id)
	if err != nil {
		return err
	}
	with, err := companions(root, list, modules)
	if err != nil {
		return err
	}
	for _, p := range targets {
		program := filepath.Join(work, p.program())
		if err := compile(root, program, id.version, p); err != nil {
			return err
		}
		binary, err := os.ReadFile(program)
		if err != nil {
			return err
		}
		folder := fmt.Sprintf("webmon-%s-%v", id.version, p)
		inside := slices.Concat([]file{{p.program(), 0o755, binary}}, files)
		name, pack := folder+".tar.gz", tarball
		if p.os == "windows" {
			name, pack = folder+".zip", zipped
		}
		content, err := pack(folder, inside, id)
		if err != nil {
			return err
		}
		if err := write(name, content); err != nil {
			return err
		}
		fmt.Println(filepath.Join(out, name))
		name, content, err = wheel(pure, with, p, binary, id)
		if err != nil {
			return err
		}
		if err := write(name, content); err != nil {
			return err
		}
		fmt.Println(filepath.Join(out, name))
	}
	if err := write(sources.name, sources.content); err != nil {
		return err
	}
	fmt.Println(filepath.Join(out, sources.name))
	if err := write("webmon-"+id.version+".cdx.json", list); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, sumsName), []byte(sums.String()), 0o644)
}

// clear removes the files that the checksums in a folder name. What else lies there is
// somebody's own.
func clear(out string) error {
	sums, err := os.ReadFile(filepath.Join(out, sumsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(sums)) {
		_, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || name != filepath.Base(name) {
			continue
		}
		if err := os.Remove(filepath.Join(out, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tarball packs files: no owner, one date, the order as given.
func tarball(folder string, files []file, id identity) ([]byte, error) {
	var buf bytes.Buffer
	zw, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	tw := tar.NewWriter(zw)
	for _, f := range files {
		head := &tar.Header{Name: folder + "/" + f.name, Mode: int64(f.mode), Size: int64(len(f.content)), ModTime: id.date, Format: tar.FormatPAX}
		if err := tw.WriteHeader(head); err != nil {
			return nil, err
		}
		if _, err := tw.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := tw.Close(); err != nil {
		return nil, err
	}
	err = zw.Close()
	return buf.Bytes(), err
}

// zipped packs files likewise; without a folder where that is "". Sizes and sums stand before
// each file and not behind it, which not all who read wheels as they come take.
func zipped(folder string, files []file, id identity) ([]byte, error) {
	var buf bytes.Buffer
	zw := zip.NewWriter(&buf)
	for _, f := range files {
		var packed bytes.Buffer
		fw, err := flate.NewWriter(&packed, flate.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := fw.Write(f.content); err != nil {
			return nil, err
		}
		if err := fw.Close(); err != nil {
			return nil, err
		}
		date := id.date.UTC()
		head := &zip.FileHeader{
			Name: path.Join(folder, f.name), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(f.content),
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(f.content)),
			//lint:ignore SA1019 Modified counts with CreateHeader alone, and CreateRaw writes these.
			ModifiedDate: uint16(date.Day() | int(date.Month())<<5 | max(date.Year()-1980, 0)<<9),
			//lint:ignore SA1019 See above.
			ModifiedTime: uint16(date.Second()/2 | date.Minute()<<5 | date.Hour()<<11),
		}
		head.SetMode(f.mode)
		w, err := zw.CreateRaw(head)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(packed.Bytes()); err != nil {
			return nil, err
		}
	}
	err := zw.Close()
	return buf.Bytes(), err
}
