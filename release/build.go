package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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

// build writes an archive for each platform, the SBOM, and the checksums of all.
func build(root, out string, id identity) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
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
	for _, p := range platforms {
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
	}
	if err := write("webmon-"+id.version+".cdx.json", list); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644)
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

// zipped packs files likewise.
func zipped(folder string, files []file, id identity) ([]byte, error) {
	var buf bytes.Buffer
	zw := zip.NewWriter(&buf)
	for _, f := range files {
		head := &zip.FileHeader{Name: folder + "/" + f.name, Method: zip.Deflate, Modified: id.date}
		head.SetMode(f.mode)
		w, err := zw.CreateHeader(head)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, bytes.NewReader(f.content)); err != nil {
			return nil, err
		}
	}
	err := zw.Close()
	return buf.Bytes(), err
}
