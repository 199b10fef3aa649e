package process

import (
	"os"
	"os/exec"
	"testing"
)

// What is seen of processes, and of one that has another number's place.
func TestLook(t *testing.T) {
	me, ok := findProcess(os.Getpid())
	if !ok || !me.alive() || me.parent() != os.Getppid() {
		t.Fatalf("of this process it is seen %+v", me.look())
	}
	if s := (process{me.pid, me.start + 1}).look(); s.alive || s.cpu != 0 {
		t.Errorf("of an earlier process of that number it is seen %+v", s)
	}
	if s := (process{}).look(); s != (seen{}) {
		t.Errorf("of an unknown process it is seen %+v", s)
	}
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill() }()
	owner, ok := findProcess(child.Process.Pid)
	if !ok {
		t.Fatal("a child is not found")
	}
	w := watch{manager: me, owner: owner}
	if b := w.look(); b.orphaned || b.gone || !b.lives {
		t.Errorf("with both alive it is seen %+v", b)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	if b := w.look(); !b.orphaned || b.gone || !b.lives {
		t.Errorf("with a dead owner it is seen %+v", b)
	}
	if b := (watch{manager: owner, owner: owner}).look(); !b.orphaned || !b.gone || b.lives || b.cpu != 0 {
		t.Errorf("of a dead process that is its own manager it is seen %+v", b)
	}
	if b := (watch{}).look(); b != (behind{}) {
		t.Errorf("of unknown processes it is seen %+v", b)
	}
}
