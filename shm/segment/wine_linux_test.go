package segment

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"webmon/lacking"
)

// The tests of this package pass on Windows as well, as far as Wine is Windows: it runs the
// program that Windows would run, with named memory, its owners and the end of processes.
func TestUnderWine(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("Wine runs programs of the machine's own processor")
	}
	wine, err := exec.LookPath("wine64")
	if err != nil {
		wine, err = exec.LookPath("/usr/lib/wine/wine64") // where Debian has it
	}
	if err != nil {
		lacking.Skip(t, "there is no Wine: %v", err)
	}
	server, err := exec.LookPath("wineserver64")
	if err != nil {
		server, err = exec.LookPath(filepath.Join(filepath.Dir(wine), "wineserver64"))
	}
	if err != nil {
		lacking.Skip(t, "there is no Wine: %v", err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "segment.test.exe")
	build := exec.Command("go", "test", "-c", "-trimpath", "-o", program, ".")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	prefix := filepath.Join(dir, "wine")
	env := []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "WINEPREFIX=" + prefix, "WINEARCH=win64", "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=;winemenubuilder.exe=d"} // which would ask for downloads
	run := func(name string, args ...string) ([]byte, error) {
		cmd := exec.Command(name, args...)
		cmd.Env, cmd.Dir = env, dir
		return cmd.CombinedOutput()
	}
	t.Cleanup(func() { _, _ = run(server, "-k") }) // which fails if Wine has ended by itself
	if out, err := run(wine, "cmd", "/c", "ver"); err != nil {
		t.Fatalf("Wine does not start: %v\n%s", err, out)
	}
	// Wine 8 lacks the library that Go takes random numbers from. What it calls is in another.
	random := filepath.Join(prefix, "drive_c/windows/system32/bcryptprimitives.dll")
	if _, err := os.Stat(random); err != nil {
		if err := os.WriteFile(random, forwarding("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := run(wine, program, "-test.v", "-test.timeout=5m")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"TestFrame/named_memory", "TestTornFramesAreNeverTaken/named_memory", "TestHostileHeaders/named_memory",
		"TestProcessIsKilled/named_memory", "TestVolume/named_memory", "TestAccess", "TestForeignNames", "TestUncommitted"} {
		if !strings.Contains(string(out), "--- PASS: "+name+" (") {
			t.Errorf("%s did not run:\n%s", name, out)
		}
	}
}

// forwarding is a library of Windows that has one function, which is another library's.
func forwarding(name, function, elsewhere string) []byte {
	const (
		header  = 0x200  // bytes of all headers; the only section follows
		address = 0x1000 // of that section in memory
		base    = 0x3a0000000
	)
	le := binary.LittleEndian
	b := make([]byte, 2*header)
	copy(b, "MZ")
	le.PutUint32(b[0x3c:], 0x40)

	file := b[0x40:]
	copy(file, "PE\x00\x00")
	le.PutUint16(file[4:], 0x8664) // x86-64
	le.PutUint16(file[6:], 1)      // sections
	le.PutUint16(file[20:], 240)   // bytes of what follows
	le.PutUint16(file[22:], 0x2022)

	image := file[24:]
	le.PutUint16(image, 0x20b)
	le.PutUint64(image[24:], base)
	le.PutUint32(image[32:], address) // alignment in memory, and in the file
	le.PutUint32(image[36:], header)
	le.PutUint16(image[40:], 6) // of Windows
	le.PutUint16(image[48:], 6)
	le.PutUint32(image[56:], 2*address)
	le.PutUint32(image[60:], header)
	le.PutUint16(image[68:], 3)
	le.PutUint32(image[108:], 16) // tables; the first is that of exports

	// A table of one function and one of one name. An address within the exports is the
	// name of a function elsewhere.
	const tables, texts = 40, 50
	exports := b[header:]
	size := texts + copy(exports[texts:], function+"\x00"+name+"\x00"+elsewhere+"\x00")
	at := func(offset int) uint32 { return address + uint32(offset) }
	le.PutUint32(exports[12:], at(texts+len(function)+1))
	for _, one := range []int{16, 20, 24} { // the first number, how many functions, how many names
		le.PutUint32(exports[one:], 1)
	}
	for i := range 3 {
		le.PutUint32(exports[28+4*i:], at(tables+4*i))
	}
	le.PutUint32(exports[tables:], at(texts+len(function)+len(name)+2))
	le.PutUint32(exports[tables+4:], at(texts))
	le.PutUint32(image[112:], address)
	le.PutUint32(image[116:], uint32(size))

	section := image[240:]
	copy(section, ".edata")
	le.PutUint32(section[8:], uint32(size))
	le.PutUint32(section[12:], address)
	le.PutUint32(section[16:], header)
	le.PutUint32(section[20:], header)
	le.PutUint32(section[36:], 0x40000040) // data, to be read
	return b
}
