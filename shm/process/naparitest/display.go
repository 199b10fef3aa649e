//go:build linux

package naparitest

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"webmon/lacking"
)

// StartDisplay starts an X server without a screen on a free display, such as
// ":3", and stops it when the test ends. It skips the test where Xvfb is
// missing, and fails it under CI.
func StartDisplay(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("Xvfb"); err != nil {
		lacking.Skip(t, "Xvfb is not installed: .ci/system.sh says what to install")
	}
	chosen, chosenIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer chosen.Close()
	// The shell ends the server when this process is gone, however it went:
	// its stdin is a pipe that only we hold open.
	cmd := exec.Command("sh", "-c",
		`Xvfb -displayfd 3 -screen 0 1600x1200x24 -nolisten tcp -noreset & x=$!
		exec 3>&-
		read -r _
		kill $x
		wait $x`)
	cmd.ExtraFiles = []*os.File{chosenIn}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Xvfb: %v", err)
	}
	chosenIn.Close()
	t.Cleanup(func() {
		alive.Close()
		ended := time.AfterFunc(5*time.Second, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		_ = cmd.Wait()
		ended.Stop()
	})
	if err := chosen.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	number, err := bufio.NewReader(chosen).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb did not say which display it took: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}
