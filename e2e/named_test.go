//go:build linux

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"webmon/dashboard/door/oidc/oidctest"
)

// TestE2ENamedPeople: one signs in at a provider, on another site than webmon, and one
// comes by the file of people. They see each other at a model, by name.
func TestE2ENamedPeople(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	provider := oidctest.New(t)
	provider.Change(func() {
		provider.URL = strings.Replace(provider.URL, "127.0.0.1", "localhost", 1)
		provider.Page = true
	})
	home := t.TempDir()
	file := filepath.Join(home, "webmon", "people")
	invite := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(webmonBinary(t), append([]string{"people", "add", "--people", file}, args...)...)
		cmd.Env = userEnviron(t, home)
		b, err := cmd.Output()
		if err != nil {
			t.Fatalf("inviting %q: %v", args, err)
		}
		return strings.TrimSpace(string(b))
	}
	invite("cyd") // a file that there is before webmon
	w := startProgram(t, home, "--port", "0", "--demo", "--Nx", "64", "--Ny", "64", "--people", file,
		"--oidc-issuer", provider.URL, "--oidc-client-id", "webmon", "--oidc-role", "steer=email:ada@lab.org")
	b := startBrowser(t)

	ada := b.open(t, wide)
	ada.visit(w.base + "/models/becvortices?smooth=1")
	for _, v := range []view{wide, narrowLight} {
		ada.look(v)
		ada.shot("sign-in-" + v.String())
	}
	ada.look(wide)
	ada.click(`a[href*="/login/oidc"]`)
	ada.click("#sign-in")
	// A cookie that is strictly of one site has come along, although another one led here.
	ada.wait("the page that was asked for", `location.pathname + location.search === "/models/becvortices?smooth=1"`)
	ada.live()
	ada.draws()

	bob := b.open(t, narrow)
	bob.visit(strings.Replace(invite("bob", "--role", "look"), "/?", "/models/becvortices?", 1))
	bob.live()
	bob.says("[data-model-people]", "ada@lab.org")
	ada.says("[data-model-people]", "bob")
	ada.shot("named-wide")
	bob.shot("named-narrow")

	// Who is taken out is out, wherever they are.
	cmd := exec.Command(webmonBinary(t), "people", "remove", "bob")
	cmd.Env = userEnviron(t, home)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	bob.says("main", "not among the people")
	bob.shot("named-out")

	// Who may do nothing is told so, and so is whose address is not verified.
	for _, test := range []struct{ address, says string }{
		{"eve@lab.org", "You are signed in as eve@lab.org, who may not open this webmon."},
		{"", "The identity provider does not say that your e-mail address is verified"},
	} {
		provider.Change(func() { provider.Claims["email"] = test.address })
		eve := b.open(t, narrowLight)
		eve.visit(w.base + "/layers")
		eve.click(`a[href*="/login/oidc"]`)
		eve.click("#sign-in")
		eve.says("main", test.says)
		eve.shot("sign-in-refused")
		eve.click(`main a[href="/"]`)
		eve.says("main", "needs its token")
		eve.calm("401", "403", "404") // the page that leads on has no icon
		eve.close()
	}
	ada.calm("401", "404", "GL Driver Message")
	bob.calm("401", "403", "404", "GL Driver Message")
}
