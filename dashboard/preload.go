package dashboard

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"

	"webmon/public"
)

// modules says which module draws an element with an attribute data-<name>, as pictures.js and math.js know it.
var modules = map[string]string{
	"viewer": "viewer", "chart": "charts", "array": "arrays", "array-columns": "columns", "film": "film", "sections": "sections",
	"volume": "volumes", "model": "models", "canvas": "canvas", "map": "maps", "map-find": "find", "math": "temml",
}

// mostAttribute is how many bytes " data-<name>" has at most, with the byte after it.
const mostAttribute = len(" data-array-columns") + 1

// preloader is a writer of a page that notes which of the browser's modules the page will need. So the page's head can name
// all files of them (Link: rel=modulepreload), and the browser asks for them at once: otherwise it would find them out one after another,
// a round trip for each.
type preloader struct {
	w    io.Writer
	rest []byte // the end of what was written, in which an attribute may have begun
	need map[string]bool
}

// Write implements io.Writer.
func (p *preloader) Write(b []byte) (int, error) {
	p.rest = append(p.rest, b[:min(len(b), mostAttribute)]...)
	p.look(p.rest)
	p.look(b)
	if len(b) > mostAttribute {
		p.rest = append(p.rest[:0], b[len(b)-mostAttribute:]...)
	} else if more := len(p.rest) - mostAttribute; more > 0 {
		p.rest = append(p.rest[:0], p.rest[more:]...)
	}
	return p.w.Write(b)
}

var dataAttribute = []byte(" data-")

// look notes the modules of the attributes in a part of the page.
func (p *preloader) look(b []byte) {
	for {
		i := bytes.Index(b, dataAttribute)
		if i < 0 {
			return
		}
		b = b[i+len(dataAttribute):]
		end := bytes.IndexAny(b, "= >\n")
		if end < 0 {
			return
		}
		if module := modules[string(b[:end])]; module != "" {
			if p.need == nil {
				p.need = map[string]bool{}
			}
			p.need[module] = true
		}
	}
}

// link is the header Link for the files of a page: those of every page first, and what is only needed here after them.
func (p *preloader) link(assets *public.Assets) string {
	if p.need["models"] {
		delete(p.need, "viewer") // the picture of a model is no viewer of its own
	}
	out := []string{
		"<" + assets.URL("early.js") + ">; rel=preload; as=script", "<" + assets.URL("app.css") + ">; rel=preload; as=style",
		"<" + assets.URL("htmx.js") + ">; rel=preload; as=script",
	}
	for _, url := range assets.Modules(append([]string{"app"}, slices.Sorted(maps.Keys(p.need))...)...) {
		out = append(out, "<"+url+">; rel=modulepreload")
	}
	if p.need["arrays"] || p.need["canvas"] || p.need["models"] || p.need["sections"] {
		// What decodes pictures that come coded is started by the first of them.
		for _, url := range assets.Modules("decode-worker") {
			out = append(out, "<"+url+">; rel=prefetch")
		}
	}
	return strings.Join(out, ", ")
}
