// Package help has the pages of the help. Their text is that of the README and of the other
// documents that are part of the program, by their sections: nothing is written twice. The
// pages of options and of addresses are made of the tables of packages options and spec.
//
//	book, err := help.New(docs) // docs has README.md
//	page := book.Page("napari", "/lab", "http://127.0.0.1:5050/lab/") // nil: there is none
package help

import (
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"webmon/components"
	"webmon/components/layout"
	"webmon/dashboard/api/spec"
	"webmon/dashboard/options"
	"webmon/dashboard/prose"
)

// The documents that the pages are made of.
const (
	readme   = "README.md"
	pypkg    = "shm/python/README.md"
	promises = "SECURITY.md"
)

// page is how a page is made.
type page struct {
	slug, title, about string
	// sections are headings of the README, by their ids. A section that no page names and that is not
	// leftOut stands on the page of the one before it.
	sections []string
	document string // another document, as a whole
	tutorial bool   // for one of the kinds of user
}

var pages = []page{
	{slug: "first-minute", title: "A first minute", about: "Install webmon and see a picture, on this machine or another.", sections: []string{"a-first-minute"}},
	{slug: "napari", title: "Your napari", about: "See and steer a napari that runs: on your desk, on a server, or in a notebook.", sections: []string{"your-napari-in-five-minutes", "a-napari-without-the-package"}, tutorial: true},
	{slug: "script", title: "Your script", about: "Share numbers, images, volumes and controls of any Python program.", sections: []string{"your-script-in-five-minutes"}, tutorial: true},
	{slug: "simulation", title: "Your simulation", about: "Steer a simulation together, written in Python or part of webmon.", sections: []string{"a-simulation-steered-together"}, tutorial: true},
	{slug: "maps", title: "Your map or volume", about: "Fly through a volume, and follow annotated stacks through time.", sections: []string{"a-volume-in-five-minutes", "maps-annotated-stacks-through-time"}, tutorial: true},
	{slug: "pages", title: "The pages", about: "What each tab shows, and how pictures travel.", sections: []string{"the-pages", "pictures-over-slow-lines"}},
	{slug: "keys", title: "Keys", about: "All keys, by where they work."},
	{slug: "options", title: "Options", about: "What can be said on the command line and in the environment.", sections: []string{"options"}},
	{slug: "api", title: "Addresses for programs", about: "Every address with its parameters, and a command to copy; also as OpenAPI.", sections: []string{"for-programs"}},
	{slug: "python", title: "The Python package", about: "All of what webmon does inside a process.", document: pypkg},
	{slug: "sharing", title: "Sharing and security", about: "Who may come in, by which way, and what they may do.", sections: []string{"sharing", "security"}},
	{slug: "promises", title: "What is promised", about: "Who can do what, what is promised and what is not.", document: promises},
	{slug: "memory", title: "Memory and limits", about: "How much is kept, and what happens when that is full.", sections: []string{"memory", "limits"}},
	{slug: "questions", title: "Questions people ran into", about: "What went wrong for others, and what helped.", sections: []string{"questions-people-ran-into"}},
}

// leftOut are the sections of the README that are for whoever has its sources, with the reason.
var leftOut = map[string]string{
	"run":          "webmon runs already",
	"how-it-works": "ARCHITECTURE.md tells the rest of it",
	"add-a-tab":    "a change of the sources",
	"licence":      "the licences are a link of their own in the dialog of the keys",
}

// Book is the help.
type Book struct {
	pages   []components.Help // in the order of the table
	at      map[string]string // the slug of the page with an anchor, by document and anchor
	missing []string          // sections that the table names and the README lacks
}

// here stands in the text for the prefix of links, which webmon may get later.
const here = "/@prefix@"

// New makes the pages of documents. docs may be nil, for a program without documents: then there are the pages alone that need none.
func New(docs fs.FS) (*Book, error) {
	b := &Book{at: map[string]string{}}
	sections := map[string][]prose.Section{} // by slug
	// First where everything stands, then the text, in which links lead there.
	for _, write := range []bool{false, true} {
		link := func(doc string) func(string) string {
			return func(to string) string {
				if !write {
					return to
				}
				return b.link(doc, to)
			}
		}
		clear(sections)
		if docs == nil {
			continue
		}
		text, err := fs.ReadFile(docs, readme)
		if err != nil {
			return nil, fmt.Errorf("reading the text of the help: %w", err)
		}
		all, err := prose.Document(filled.ReplaceAllString(string(text), ""), link(readme))
		if err != nil {
			return nil, err
		}
		b.missing = b.missing[:0]
		b.sort(split(all), sections)
		for _, p := range pages {
			if p.document == "" {
				continue
			}
			text, err := fs.ReadFile(docs, p.document)
			if err != nil {
				return nil, fmt.Errorf("reading the text of the help: %w", err)
			}
			if sections[p.slug], err = prose.Document(string(text), link(p.document)); err != nil {
				return nil, err
			}
			b.at[p.document+"#"] = p.slug
			b.anchors(p.document, p.slug, sections[p.slug])
		}
	}
	for _, p := range pages {
		out := components.Help{Slug: p.slug, Title: p.title, About: p.about, Tutorial: p.tutorial}
		for _, s := range sections[p.slug] {
			if strings.TrimSpace(s.HTML) == "" {
				continue
			}
			section := components.HelpSection{ID: s.ID, Title: s.Title, HTML: s.HTML}
			for _, h := range s.Headings {
				section.Headings = append(section.Headings, components.HelpHeading(h))
			}
			out.Sections = append(out.Sections, section)
		}
		switch p.slug {
		case "keys":
			out.Keys = layout.Keys()
		case "options":
			out.Options = optionGroups()
		case "api":
			out.Routes = routeGroups()
		}
		if docs == nil && out.Keys == nil && out.Options == nil && out.Routes == nil {
			continue
		}
		b.pages = append(b.pages, out)
	}
	return b, nil
}

// filled are the tables of the README that package help/fill writes: pages have them from where they come.
var filled = regexp.MustCompile(`(?s)<!-- begin (\w+): .*?<!-- end \w+ -->\n`)

// forPrograms is the heading below which the README tells of addresses, inside its section of pages.
const forPrograms = "for-programs"

// split cuts what is for programs out of the section that it is a part of, for a page of its own.
func split(all []prose.Section) []prose.Section {
	for i, s := range all {
		before, inside, found := strings.Cut(s.HTML, `<h3 id="`+forPrograms+`">`)
		if !found {
			continue
		}
		_, inside, _ = strings.Cut(inside, "</h3>\n")
		at := slices.IndexFunc(s.Headings, func(h prose.Heading) bool { return h.ID == forPrograms })
		anchor := slices.Index(s.Anchors, forPrograms)
		cut := prose.Section{Title: s.Headings[at].Title, ID: forPrograms, HTML: inside, Headings: s.Headings[at+1:], Anchors: s.Anchors[anchor:]}
		all[i].HTML, all[i].Headings, all[i].Anchors = before, s.Headings[:at], s.Anchors[:anchor]
		return slices.Insert(all, i+1, cut)
	}
	return all
}

// sort puts the sections of the README onto their pages.
func (b *Book) sort(all []prose.Section, onto map[string][]prose.Section) {
	found := map[string]prose.Section{}
	for _, s := range all[1:] {
		found[s.ID] = s
	}
	last := ""
	extra := map[string][]prose.Section{} // by the id of the section before
	named := map[string]bool{}
	for _, p := range pages {
		for _, id := range p.sections {
			named[id] = true
		}
	}
	for _, s := range all[1:] {
		switch {
		case named[s.ID]:
			last = s.ID
		case leftOut[s.ID] == "":
			extra[last] = append(extra[last], s)
		}
	}
	for _, p := range pages {
		for _, id := range p.sections {
			s, ok := found[id]
			if !ok {
				b.missing = append(b.missing, id)
				continue
			}
			onto[p.slug] = append(append(onto[p.slug], s), extra[id]...)
		}
		b.anchors(readme, p.slug, onto[p.slug])
	}
	// What came before any section that a page names is the first page's.
	first := pages[0].slug
	onto[first] = append(onto[first], extra[""]...)
	b.anchors(readme, first, extra[""])
}

// Missing are the sections that the table of pages names and the README lacks.
func (b *Book) Missing() []string { return b.missing }

func (b *Book) anchors(doc, slug string, sections []prose.Section) {
	for _, s := range sections {
		for _, a := range s.Anchors {
			if _, taken := b.at[doc+"#"+a]; !taken {
				b.at[doc+"#"+a] = slug
			}
		}
	}
}

// link is where a link of a document leads on the pages, "" for nowhere.
func (b *Book) link(doc, to string) string {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
		return to
	}
	if strings.HasPrefix(to, "/") { // of a webmon that runs
		return here + to
	}
	file, anchor, _ := strings.Cut(to, "#")
	if file != "" {
		dir := ""
		if i := strings.LastIndexByte(doc, '/'); i >= 0 {
			dir = doc[:i+1]
		}
		doc = clean(dir + file)
	}
	slug, ok := b.at[doc+"#"+anchor]
	switch {
	case !ok && doc == readme && anchor == "":
		return here + "/help"
	case !ok:
		return ""
	case anchor == "":
		return here + "/help/" + slug
	}
	return here + "/help/" + slug + "#" + anchor
}

// clean takes the way up out of a path.
func clean(path string) string {
	var out []string
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == ".." && len(out) > 0:
			out = out[:len(out)-1]
		case part != "." && part != "..":
			out = append(out, part)
		}
	}
	return strings.Join(out, "/")
}

// Page returns a page, or with "" the first, which lists all; nil if there is none. Links begin with prefix. base is the address
// of this webmon as whoever reads knows it, with a slash at its end, for what is copied.
func (b *Book) Page(slug, prefix, base string) *components.Help {
	list := make([]components.HelpLink, len(b.pages))
	for i := range b.pages {
		p := &b.pages[i]
		list[i] = components.HelpLink{Title: p.Title, About: p.About, Href: prefix + "/help/" + p.Slug, Current: p.Slug == slug, Tutorial: p.Tutorial, Headings: headings(p)}
	}
	home := prefix + "/help"
	if slug == "" {
		return &components.Help{Title: "Help", Home: home, Pages: list, Start: true}
	}
	i := slices.IndexFunc(b.pages, func(p components.Help) bool { return p.Slug == slug })
	if i < 0 {
		return nil
	}
	p := b.pages[i]
	p.Home, p.Pages = home, list
	if p.Routes != nil {
		p.Document = prefix + "/api/openapi.json"
		p.Routes = at(p.Routes, base)
	}
	p.Sections = slices.Clone(p.Sections)
	for i := range p.Sections {
		p.Sections[i].HTML = strings.NewReplacer(here, prefix, usual, templEscaped(strings.TrimSuffix(base, "/"))).Replace(p.Sections[i].HTML)
	}
	return &p
}

// usual is the address that the documents have in what is to be copied.
const usual = "http://127.0.0.1:5050"

// templEscaped is an address inside HTML.
func templEscaped(address string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(address)
}

// headings are all headings of a page, for the list of the first page and that of the page.
func headings(p *components.Help) (out []components.HelpHeading) {
	for _, g := range p.Routes {
		out = append(out, components.HelpHeading{Title: g.Title, ID: g.ID})
	}
	for _, g := range p.Options {
		out = append(out, components.HelpHeading{Title: g.Title, ID: g.ID})
	}
	for _, s := range p.Sections {
		if s.Title != "" {
			out = append(out, components.HelpHeading{Title: s.Title, ID: s.ID})
		}
		out = append(out, s.Headings...)
	}
	return out
}

// ForTab is the address of what the help says of a tab. It begins with prefix.
func (b *Book) ForTab(prefix, tab string) string {
	if slug := b.at[readme+"#"+tab]; slug == "pages" {
		return prefix + "/help/pages#" + tab
	}
	return prefix + "/help"
}

func optionGroups() (out []components.HelpOptions) {
	for _, g := range options.Groups(options.Webmon) {
		group := components.HelpOptions{Title: g.Title, ID: anchor(g.Title)}
		for _, o := range g.Options {
			option := components.HelpOption{ID: "option-" + o.Name, Usage: o.Usage(), Default: o.Otherwise(), Env: o.Env(), HTML: prose.Inline(o.Text), Repeat: o.Repeat}
			group.Options = append(group.Options, option)
		}
		out = append(out, group)
	}
	commands := components.HelpOptions{Title: "Commands", ID: "commands"}
	for _, c := range options.Commands {
		commands.Options = append(commands.Options, components.HelpOption{ID: "command-" + anchor(c.Usage), Usage: "webmon " + c.Usage, HTML: prose.Inline(c.Text)})
	}
	people := components.HelpOptions{Title: "Options of webmon people", ID: "people-options"}
	for _, o := range options.People {
		people.Options = append(people.Options, components.HelpOption{ID: "people-" + o.Name, Usage: o.Usage(), Default: o.Otherwise(), Env: o.Env(), HTML: prose.Inline(o.Text)})
	}
	return append(out, commands, people)
}

func anchor(title string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, title), "-")
}

func routeGroups() (out []components.HelpRoutes) {
	for _, g := range spec.Groups() {
		group := components.HelpRoutes{Title: g.Title, ID: "group-" + anchor(g.Title)}
		for i := range g.Routes {
			r := &g.Routes[i]
			route := components.HelpRoute{ID: r.Anchor(), Method: r.Method, Path: r.Path, Title: r.Title, Role: r.Role, Table: r.CSV, Command: func(base string) string { return r.Curl(base) }}
			if r.Text != "" {
				route.HTML = prose.Inline(r.Text)
			}
			for _, p := range append(r.PathParams(), r.Query...) {
				route.Params = append(route.Params, components.HelpParam{Name: p.Name, Type: p.Type(), HTML: prose.Inline(p.Text), Required: p.Required})
			}
			if r.Body != nil {
				route.Takes = strings.Join(r.Body.Types, " or ")
			}
			for _, a := range r.Answers {
				text := a.Text
				if text == "" {
					text = http.StatusText(a.Status)
				}
				route.Answers = append(route.Answers, components.HelpAnswer{Status: a.Status, Type: a.Type, HTML: prose.Inline(text)})
			}
			for _, f := range r.Failures() {
				route.Answers = append(route.Answers, components.HelpAnswer{Status: f.Status, Type: "application/json", HTML: prose.Inline(f.Text)})
			}
			group.Routes = append(group.Routes, route)
		}
		out = append(out, group)
	}
	return out
}

// at are the routes with commands for a server at that address.
func at(groups []components.HelpRoutes, base string) []components.HelpRoutes {
	out := slices.Clone(groups)
	for i := range out {
		out[i].Routes = slices.Clone(out[i].Routes)
		for j := range out[i].Routes {
			r := &out[i].Routes[j]
			r.Curl = r.Command(base)
		}
	}
	return out
}
