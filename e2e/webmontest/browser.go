package webmontest

import (
	"os"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// Chromium are the options of a headless Chromium that keeps its files in a folder; false if there is none on this machine.
// It is found by $CHROMIUM or by its usual names.
func Chromium(profile string) (options []chromedp.ExecAllocatorOption, ok bool) {
	path := ""
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, false
	}
	return append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		// WebGL2 in software, which gives the same pixels everywhere.
		chromedp.Flag("use-angle", "swiftshader"),
		chromedp.Flag("enable-unsafe-swiftshader", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", false),
		chromedp.UserDataDir(profile),
	), true
}
