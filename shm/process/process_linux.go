package process

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one process. It differs from a later process of the same number.
type process struct {
	pid   int
	start uint64 // clock ticks after boot
}

// procStat is the useful part of /proc/<pid>/stat.
type procStat struct {
	state  byte
	killed bool // it is ending, or will end as soon as it gets a processor
	parent int
	cpu    time.Duration
	start  uint64
}

// tick is the kernel's USER_HZ: 100 on every platform that Go knows.
const tick = 10 * time.Millisecond

// readStat reads it in three calls of the system. It is done every second for each process, and
// a file of package os takes eight, because it tries to wait for more to read.
func readStat(pid int) (procStat, bool) {
	fd, err := syscall.Open(fmt.Sprintf("/proc/%d/stat", pid), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return procStat{}, false
	}
	var buf [2048]byte // longer than the kernel ever makes it: a name of 64 bytes and 51 numbers
	n, err := syscall.Read(fd, buf[:])
	_ = syscall.Close(fd)
	if err != nil {
		return procStat{}, false
	}
	b := buf[:n]
	// The name in parentheses may itself hold parentheses and spaces.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 29 {
		return procStat{}, false
	}
	var s procStat
	s.state = f[0][0]
	s.parent, _ = strconv.Atoi(f[1])
	const exiting = 1 << 2 // PF_EXITING
	flags, _ := strconv.ParseUint(f[6], 10, 64)
	pending, _ := strconv.ParseUint(f[28], 10, 64)
	s.killed = flags&exiting != 0 || pending&(1<<(uint(syscall.SIGKILL)-1)) != 0
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	s.cpu = time.Duration(user+system) * tick
	s.start, _ = strconv.ParseUint(f[19], 10, 64)
	return s, true
}

// findProcess returns the running process of that number.
func findProcess(pid int) (process, bool) {
	s, ok := readStat(pid)
	if pid <= 0 || !ok || s.dead() {
		return process{}, false
	}
	return process{pid, s.start}, true
}

// dead reports whether the process runs no more. A zombie is dead: only nobody has asked yet
// how it ended. A process that was killed and has not had a processor to end on is dead too.
// On a busy machine that takes a while, and meanwhile the process must not look as if it had
// outlived another one.
func (s procStat) dead() bool {
	return s.killed || s.state == 'Z' || s.state == 'X' || s.state == 'x'
}

// look returns what the process is like now. What is not known is zero, and so is everything
// of a process of which nothing is known.
func (p process) look() seen {
	s, ok := readStat(p.pid)
	if p.pid == 0 || !ok {
		return seen{}
	}
	if s.start != p.start {
		return seen{parent: s.parent}
	}
	return seen{alive: !s.dead(), parent: s.parent, cpu: s.cpu}
}

func (p process) alive() bool { return p.look().alive }

// parent returns the number of the parent, 0 if it is not known.
func (p process) parent() int { return p.look().parent }

func (p process) command() string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
	return strings.ReplaceAll(string(b), "\x00", " ")
}

func (p process) exe() string {
	s, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid))
	return strings.TrimSuffix(s, " (deleted)")
}

// python reports whether p looks like a Python program, or runs the same binary as like (a
// bundled application).
func (p process) python(like process) bool {
	exe := p.exe()
	return strings.Contains(strings.ToLower(filepath.Base(exe)), "python") || exe != "" && exe == like.exe()
}

// listener returns the process that listens on a TCP port of this machine. listener finds it
// only if it belongs to the same user.
func listener(port int) (process, bool) {
	inode := ""
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if inode = listenerInode(name, port); inode != "" {
			break
		}
	}
	if inode == "" {
		return process{}, false
	}
	want := "socket:[" + inode + "]"
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return process{}, false
	}
	for _, d := range slices.Backward(dirs) { // young processes mostly have large numbers
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		folder := fmt.Sprintf("/proc/%d/fd", pid)
		fds, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			if link, err := os.Readlink(filepath.Join(folder, fd.Name())); err == nil && link == want {
				return findProcess(pid)
			}
		}
	}
	return process{}, false
}

func listenerInode(name string, port int) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		c := strings.Fields(lines.Text())
		const listening = "0A"
		if len(c) > 9 && strings.HasSuffix(c[1], suffix) && c[3] == listening {
			return c[9]
		}
	}
	return ""
}

var (
	libraryPath  = regexp.MustCompile(`(/[^\n]*?/(?:python(\d+\.\d+)[a-z]?/)?(?:site|dist)-packages)/`)
	threePartRun = regexp.MustCompile(`(\d+\.\d+\.\d+[0-9A-Za-z.+]*)`)
	distInfo     = regexp.MustCompile(`^napari-([0-9][0-9A-Za-z.!+_]{0,63})\.dist-info$`)
	versionLine  = regexp.MustCompile(`(?m)^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+[0-9A-Za-z.+]*)`)
)

// versions finds which Python runs in p, and which napari it has, by the libraries that p has
// mapped. It runs nothing, and looks at nothing but folders. "" stands for unknown.
func (p process) versions() (python, napari string) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.pid))
	if err != nil {
		return "", ""
	}
	var folders []string
	for _, m := range libraryPath.FindAllSubmatch(maps, -1) {
		folder := string(m[1])
		if slices.Contains(folders, folder) {
			continue
		}
		folders = append(folders, folder)
		if python == "" {
			python = string(m[2])
		}
	}
	for _, folder := range folders {
		names, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, n := range names {
			if m := distInfo.FindStringSubmatch(n.Name()); m != nil && napari == "" {
				napari = m[1]
			}
		}
	}
	if full := p.pythonVersion(folders); strings.HasPrefix(full, python) {
		python = full
	}
	return python, napari
}

// pythonVersion finds all three parts of Python's version.
func (p process) pythonVersion(folders []string) string {
	for _, folder := range folders { // <venv>/lib/python3.9/site-packages
		if b, err := os.ReadFile(filepath.Join(folder, "../../../pyvenv.cfg")); err == nil && len(b) < 1<<16 {
			if m := versionLine.FindSubmatch(b); m != nil {
				return string(m[1])
			}
		}
	}
	exe := p.exe() // .../versions/3.9.18/bin/python3.9
	if m := threePartRun.FindString(filepath.Dir(exe)); m != "" {
		return m
	}
	// conda: <env>/bin/python3.9 beside <env>/conda-meta/python-3.9.18-<build>.json
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(exe), "../conda-meta/python-[0-9]*.json"))
	for _, f := range found {
		if m := threePartRun.FindString(filepath.Base(f)); m != "" {
			return strings.TrimSuffix(m, ".json")
		}
	}
	return ""
}
