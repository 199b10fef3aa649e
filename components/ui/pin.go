package ui

import "net/url"

// PinPath is the page that puts something on a board, below the prefix of every link.
const PinPath = "/board/-/pin"

// PinHref is the URL that puts a thing on a board: a "chart", "number", "array", "control",
// "command" or "model" of a source, by its name.
func PinHref(prefix, kind, source, name string) string {
	return prefix + PinPath + "?" + url.Values{"kind": {kind}, "source": {source}, "name": {name}}.Encode()
}
