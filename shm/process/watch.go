package process

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// watch knows the processes behind a manager, as far as the platform tells. It notices when
// the process that people mean has died. Unknown processes are zero.
type watch struct {
	manager process // that listens
	owner   process // whose manager it is: napari itself

	parent  int           // of the manager when it was found; 0: it does not matter
	cpuThen time.Duration // CPU time of the manager, when it was found
}

// seen is what a process is like at a moment.
type seen struct {
	alive  bool
	parent int           // 0: not known
	cpu    time.Duration // taken so far; 0: not known
}

// newWatch finds the processes behind the manager at address. pid is the owner as far
// as it is known, otherwise 0. With guess the manager's parent counts as the owner if
// pid does not fit. There is no guess for a process with the package, because it is
// its own manager and may have any parent.
func newWatch(address string, pid int, guess bool) watch {
	var w watch
	if host, port, err := net.SplitHostPort(address); err == nil && loopback(host) {
		if n, err := strconv.Atoi(port); err == nil {
			w.manager, _ = listener(n)
		}
	}
	switch w.manager.pid {
	case os.Getpid():
		return watch{} // the demo, or a test
	case 0:
		w.owner, _ = findProcess(pid)
		return w
	}
	w.cpuThen = w.manager.look().cpu
	// pid may be that of the shell that started webmon. It counts only if the manager
	// descends from it.
	for p := w.manager; pid != 0 && p.pid > 1; {
		if p.pid == pid {
			w.own(p)
			return w
		}
		var ok bool
		if p, ok = findProcess(p.parent()); !ok {
			break
		}
	}
	if !guess {
		return w
	}
	owner, ok := findProcess(w.manager.parent())
	if ok && strings.Contains(owner.command(), "multiprocessing.forkserver") {
		owner, ok = findProcess(owner.parent())
	}
	if ok && owner.pid > 1 && owner.python(w.manager) {
		w.own(owner)
	}
	return w
}

// own makes p the owner.
func (w *watch) own(p process) {
	w.owner, w.parent = p, 0
	if p.pid != w.manager.pid {
		w.parent = w.manager.parent()
	}
}

// loopbackAddress reports whether an address is on this machine.
func loopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err != nil || loopback(host) // a path is on this machine
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// behind is what the processes behind a manager are like at a moment.
type behind struct {
	// orphaned: the owner has died while its manager may live on. False if the owner is not known.
	orphaned bool
	// gone: the manager has died. Then nobody is left to ask, even if a child that was forked
	// from it still holds its connections.
	gone bool
	// lives: the manager is known, and has not died.
	lives bool
	// cpu is the CPU time that the manager process has taken since it was found; 0 if that is not
	// known, or the manager is a thread of the owner, because then it is that of the owner's own work.
	cpu time.Duration
}

// look looks at each of the processes once.
func (w watch) look() behind {
	m := w.manager.look()
	o := m
	if w.owner != w.manager {
		o = w.owner.look()
	}
	b := behind{gone: w.manager.pid != 0 && !m.alive, lives: m.alive}
	// A process whose parent dies gets another.
	b.orphaned = w.owner.pid != 0 && !o.alive || w.parent > 1 && m.alive && m.parent != w.parent
	if w.manager.pid != 0 && w.manager.pid != w.owner.pid {
		b.cpu = max(m.cpu-w.cpuThen, 0)
	}
	return b
}

// gone reports whether the manager has died.
func (w watch) gone() bool { return w.look().gone }

// versions returns the versions of Python and napari, "" for unknown.
func (w watch) versions() (python, napari string) {
	for _, p := range []process{w.owner, w.manager} {
		if p.pid == 0 {
			continue
		}
		py, na := p.versions()
		if python == "" {
			python = py
		}
		if napari == "" {
			napari = na
		}
	}
	return python, napari
}
