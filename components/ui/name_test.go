package ui_test

import (
	"strings"
	"testing"

	"webmon/components/ui"
)

func TestName(t *testing.T) {
	for s, want := range map[string]string{
		"nuclei": "nuclei", "": "(no name)", " \t\n": "(no name)", "a\nb\tc": "a b c", "\u202egpj.exe": `\u202egpj.exe`,
		"\u2066x\u2069": `\u2066x\u2069`, "\x00\x1b[31m": `\u0000\u001b[31m`, "\u200b": `\u200b`, "<b>a/b#c</b>": "<b>a/b#c</b>",
		"日本語": "日本語", "ع": "ع", "👩\u200d🔬": "👩\u200d🔬", "\xff": "\ufffd", "\U000e0041": `\U000e0041`, "\u00a0": "(no name)",
		strings.Repeat("é", 10000): strings.Repeat("é", 200) + "…",
	} {
		if got := ui.Name(s); got != want {
			t.Errorf("%.20q is shown as %q, want %q", s, got, want)
		}
	}
}
