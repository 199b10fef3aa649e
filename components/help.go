package components

import "webmon/components/ui"

// Help is a page of the help.
type Help struct {
	Slug, Title string
	About       string // one sentence
	Tutorial    bool
	Home        string // URL of the first page
	Pages       []HelpLink
	Start       bool // it is the first page, which lists all
	Sections    []HelpSection
	Keys        []ui.Pair
	Options     []HelpOptions
	Routes      []HelpRoutes
	Document    string // URL of the OpenAPI document
}

// HelpLink leads to a page.
type HelpLink struct {
	Title, About, Href string
	Current            bool
	Tutorial           bool
	Headings           []HelpHeading
}

// HelpHeading is a heading on a page.
type HelpHeading struct{ Title, ID string }

// HelpSection is a part of a page. Its HTML is webmon's own.
type HelpSection struct {
	ID, Title, HTML string
	Headings        []HelpHeading
}

// HelpOptions are options under one heading.
type HelpOptions struct {
	Title, ID string
	Options   []HelpOption
}

// HelpOption is an option of the command line.
type HelpOption struct {
	ID, Usage, Default, Env string
	HTML                    string
	Repeat                  bool
}

// HelpRoutes are addresses under one heading.
type HelpRoutes struct {
	Title, ID string
	Routes    []HelpRoute
}

// HelpRoute is an address for programs.
type HelpRoute struct {
	ID, Method, Path, Title string
	HTML                    string // "" for none
	Role                    string // "" if anybody may ask
	Table                   bool   // the same is there as a CSV
	Params                  []HelpParam
	Takes                   string // content types of its body; "" for none
	Answers                 []HelpAnswer
	Curl                    string // a command to copy
	// Command makes the command for a server at an address, which ends with a slash.
	Command func(base string) string
}

// HelpParam is a parameter of an address.
type HelpParam struct {
	Name, Type, HTML string
	Required         bool
}

// HelpAnswer is an answer of an address.
type HelpAnswer struct {
	Status     int
	Type, HTML string
}

// contents are the headings of the page itself.
func (h Help) contents() []HelpHeading {
	for _, p := range h.Pages {
		if p.Current {
			return p.Headings
		}
	}
	return nil
}

// of are the pages that are tutorials, or those that are not.
func (h Help) of(tutorials bool) (out []HelpLink) {
	for _, p := range h.Pages {
		if p.Tutorial == tutorials {
			out = append(out, p)
		}
	}
	return out
}
