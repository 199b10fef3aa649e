package door

import "strings"

// Agent is a browser in short words, such as "Firefox on Linux", from what it says of
// itself.
func Agent(userAgent string) string {
	first := func(words ...string) string {
		for i := 0; i < len(words); i += 2 {
			if strings.Contains(userAgent, words[i]) {
				return words[i+1]
			}
		}
		return ""
	}
	// The order counts: all of them say that they are others too.
	name := first("Edg", "Edge", "OPR/", "Opera", "Vivaldi/", "Vivaldi", "SamsungBrowser/", "Samsung Internet",
		"Firefox/", "Firefox", "FxiOS/", "Firefox", "HeadlessChrome/", "Chromium", "CriOS/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari")
	system := first("Android", "Android", "iPhone", "iOS", "iPad", "iPadOS", "Windows", "Windows",
		"CrOS", "ChromeOS", "Mac OS X", "macOS", "Macintosh", "macOS", "Linux", "Linux")
	switch {
	case name == "" && userAgent == "":
		return "an unnamed program"
	case name == "":
		name, _, _ = strings.Cut(userAgent, "/")
		name = strings.Map(func(c rune) rune {
			if c < ' ' || c > '~' {
				return -1
			}
			return c
		}, name)
		if name = strings.TrimSpace(name[:min(len(name), 30)]); name == "" {
			return "an unnamed program"
		}
		return name
	case system == "":
		return name
	}
	return name + " on " + system
}
