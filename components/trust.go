package components

import (
	"webmon/components/layout"
)

// Trust is the page that says how browsers are told to trust webmon's own authority.
type Trust struct {
	Page        layout.Page // only Prefix and Asset are needed
	Title       string      // name under which browsers list the authority
	Fingerprint string      // SHA-256, as browsers show it
	Download    string      // address of the certificate
	Home        string      // address of the dashboard
}

// TrustWay is how to trust an authority on one system.
type TrustWay struct {
	System string
	Steps  []string
}

// trustWays are the three steps of each system, after the download.
var trustWays = []TrustWay{
	{"Windows: Edge, Chrome, Firefox", []string{
		"Open the file, and press Install Certificate. Choose Current User.",
		"Choose “Place all certificates in the following store”, and there Trusted Root Certification Authorities.",
		"Press Finish, and answer Yes. Start the browser again.",
	}},
	{"macOS: Safari, Chrome, Firefox", []string{
		"Open the file. Keychain Access adds it to the login keychain.",
		"Double-click it in the list of certificates, and open Trust.",
		"Choose Always Trust where it says “When using this certificate”, and close the window.",
	}},
	{"Linux: Chrome, Chromium", []string{
		"Open Settings, Privacy and security, Security, Manage certificates (chrome://certificate-manager).",
		"Choose Custom, Installed by you, and beside Trusted Certificates press Import.",
		"Choose the file.",
	}},
	{"Firefox on Linux, and wherever else it still warns", []string{
		"Open Settings, Privacy & Security, View Certificates.",
		"Open Authorities, press Import, and choose the file.",
		"Tick “Trust this CA to identify websites”, and press OK.",
	}},
	{"iPhone, iPad", []string{
		"Download it in Safari, and allow the profile.",
		"Open Settings, General, VPN & Device Management. Choose the profile, and install it.",
		"Open Settings, General, About, Certificate Trust Settings, and switch it on.",
	}},
	{"Android", []string{
		"Open Settings, Security & privacy, More security settings, Encryption & credentials.",
		"Choose Install a certificate, CA certificate, and Install anyway.",
		"Choose the file. Firefox asks for more: Settings, About Firefox, press the logo five times, and switch on “Use third party CA certificates” in Secret Settings.",
	}},
}
