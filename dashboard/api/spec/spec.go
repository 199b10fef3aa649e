// Package spec describes the addresses of webmon that programs use: one table, from which
// the OpenAPI document, the help page and the README's table are made.
//
//	doc, err := spec.OpenAPI("/lab", version) // GET /api/openapi.json
//
// To add a route: register it, add its role to dashboard/roles.go, and a Route to
// [Routes] in table.go. A test of package dashboard names what is missing, and what is
// described and not there.
package spec

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The roles that a route needs.
const (
	Look   = "look"
	Steer  = "steer"
	Manage = "manage"
)

// Schema is a JSON Schema.
type Schema map[string]any

// Param is a parameter of an address.
type Param struct {
	Name     string
	Text     string
	Schema   Schema
	Required bool
	Example  any // nil: none
}

// Body is what a request brings.
type Body struct {
	Types    []string // content types, the first of which an example has
	Schema   Schema
	Example  any  // as JSON; nil: none
	Optional bool // a request may bring nothing
}

// Answer is an answer of a route.
type Answer struct {
	Status  int
	Text    string
	Type    string // content type; "" for an answer without a body
	Schema  Schema // nil: bytes, or text
	Example any    // nil: none
}

// Route is an address and a method.
type Route struct {
	Method string
	Path   string // below the prefix, with its variable parts in braces
	At     string // as the server registers it, if that is not Path with colons
	Group  string // the heading that it stands under; routes of a group stand together
	Title  string // a few words
	Text   string // Markdown; "" if the title says all
	Role   string // that it needs; "" if anybody may ask
	Query  []Param
	Body   *Body
	// Answers are those of success, and those of failure that say more than a sentence.
	Answers []Answer
	// Fails are the further statuses, each with a sentence that says what was wrong.
	Fails []int
	// CSV says that the same comes as a table at Path with .csv at its end.
	CSV bool
	Try string // the address of an example, with its query; "" for Path with the examples of its parts
}

// parts are the variable parts of paths.
var parts = map[string]Param{
	"source":  {Text: "the id of a process, as `/api/v1/sources` has it", Example: "demo"},
	"topic":   {Text: "the name of a topic that the process sends", Example: "frame_time"},
	"chart":   {Text: "the name of a chart: `frame_time`, `load_chunk`, or `<topic>.<field>`", Example: "frame_time"},
	"array":   {Text: "the name of an array, as `/api/v1/sources/<source>/arrays` has it", Example: "camera"},
	"name":    {Text: "the name of a control or of an action", Example: "show_grid"},
	"command": {Text: "the id of a command, as it was answered when it was sent", Example: "c1"},
	"map":     {Text: "the name of a map, as `/api/v1/maps` has it", Example: "rr30a"},
	"pool":    {Text: "a condition of maps, several with commas between them, or `all`", Example: "all"},
	"board":   {Text: "the name of a board, as `/api/v1/boards` has it: of people's own, `@<file>` or `<source>:<name>`", Example: "night-run"},
	"link":    {Text: "the id of a link", Example: "a1b2c3"},
	"session": {Text: "the id of a session", Example: "a1b2c3"},
}

var braces = regexp.MustCompile(`\{([a-z]+)\}`)

// Registered is the path as the server registers it.
func (r *Route) Registered() string {
	if r.At != "" {
		return r.At
	}
	return braces.ReplaceAllString(r.Path, ":$1")
}

// Paths are the addresses of the route: its own, and that of the table.
func (r *Route) Paths() []string {
	if r.CSV {
		return []string{r.Path, r.Path + ".csv"}
	}
	return []string{r.Path}
}

// PathParams are the variable parts of its path.
func (r *Route) PathParams() (out []Param) {
	for _, m := range braces.FindAllStringSubmatch(r.Path, -1) {
		p := parts[m[1]]
		p.Name, p.Required = m[1], true
		if p.Schema == nil {
			p.Schema = Schema{"type": "string", "minLength": 1, "maxLength": 200}
		}
		out = append(out, p)
	}
	return out
}

// Anchor is the name of the route within a page, and of the operation.
func (r *Route) Anchor() string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(r.Method+" "+r.Path), "-"), "-")
}

// Example is the address of an example, with its query.
func (r *Route) Example() string {
	if r.Try != "" {
		return r.Try
	}
	path := braces.ReplaceAllStringFunc(r.Path, func(m string) string {
		return fmt.Sprint(parts[m[1:len(m)-1]].Example)
	})
	query := url.Values{}
	for _, p := range r.Query {
		if p.Example != nil {
			query.Set(p.Name, fmt.Sprint(p.Example))
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// Curl is a command that makes the request of the example at a server whose address, with a
// slash at its end, is base. The token comes out of a variable, so that the command can be shown.
func (r *Route) Curl(base string) string {
	words := []string{"curl"}
	if r.Role != "" {
		words = append(words, `-H "Authorization: Bearer $TOKEN"`)
	}
	switch {
	case r.Body != nil && r.Body.Example != nil && r.Body.Types[0] == "application/json":
		b, _ := json.Marshal(r.Body.Example)
		if r.Method != http.MethodPost {
			words = append(words, "-X "+r.Method)
		}
		words = append(words, `-H "Content-Type: application/json"`, "-d '"+strings.ReplaceAll(string(b), "'", `'\''`)+"'")
	case r.Body != nil && r.Body.Example != nil:
		words = append(words, fmt.Sprintf("-T %v", r.Body.Example))
	case r.Method != http.MethodGet:
		words = append(words, "-X "+r.Method)
	}
	address := base + strings.TrimPrefix(r.Example(), "/")
	if strings.ContainsAny(address, "?&*<>") {
		address = `"` + address + `"`
	}
	return strings.Join(append(words, address), " ")
}

// Group is a heading and the routes below it.
type Group struct {
	Title  string
	Routes []Route
}

// Groups are all routes by their groups, in the order of the table.
func Groups() (out []Group) {
	for _, r := range Routes {
		if len(out) == 0 || out[len(out)-1].Title != r.Group {
			out = append(out, Group{Title: r.Group})
		}
		g := &out[len(out)-1]
		g.Routes = append(g.Routes, r)
	}
	return out
}

// Fail is a status of a failure: its number, and what it means everywhere.
type Fail struct {
	Status int
	Text   string
}

// fails are what the statuses of failures mean.
var fails = map[int]string{
	400: "The request is not written as it has to be; the sentence says what is wrong.",
	401: "There is no token, session or link, or one that counts no more.",
	403: "Whoever asks may not do that, or asks from a page of another site.",
	404: "What the address names is not there.",
	409: "It cannot be done as things stand.",
	410: "What the address names has been taken away.",
	412: "Somebody else has changed it since; read it again.",
	413: "It is larger than what is taken, or would be larger than what is given.",
	422: "A value is refused; `field` names it where it has a name.",
	500: "Something is wrong inside webmon; its log says what.",
	503: "The process does not run or answer, or too much is asked for at once. `Retry-After` says when to try again, where that is known.",
	507: "There is no room for it.",
}

// Failures are all statuses of failures that a route may answer with, but for those that Answers has.
func (r *Route) Failures() (out []Fail) {
	all := slices.Clone(r.Fails)
	if r.Role != "" {
		all = append(all, 401, 403)
	}
	slices.Sort(all)
	for _, status := range slices.Compact(all) {
		if !slices.ContainsFunc(r.Answers, func(a Answer) bool { return a.Status == status }) {
			out = append(out, Fail{status, fails[status]})
		}
	}
	return out
}

// Check finds mistakes in the table.
func Check() error {
	seen := map[string]bool{}
	for _, r := range Routes {
		what := r.Method + " " + r.Path
		switch {
		case seen[what]:
			return fmt.Errorf("%s is described twice", what)
		case r.Title == "" || r.Group == "" || len(r.Answers) == 0:
			return fmt.Errorf("%s needs a title, a group and an answer", what)
		case r.Body != nil && r.Method == http.MethodGet:
			return fmt.Errorf("%s cannot have a body", what)
		}
		seen[what] = true
		for _, p := range r.PathParams() {
			if p.Text == "" {
				return fmt.Errorf("%s: the part {%s} of the path is not in the table of parts", what, p.Name)
			}
		}
		for _, p := range r.Query {
			if p.Name == "" || p.Text == "" || p.Schema == nil {
				return fmt.Errorf("%s: the parameter %q needs a text and a schema", what, p.Name)
			}
		}
		for _, f := range r.Failures() {
			if f.Text == "" {
				return fmt.Errorf("%s: the status %d is not in the table of failures", what, f.Status)
			}
		}
	}
	return nil
}

// OpenAPI is the document of OpenAPI 3.1 for a server with that prefix, "" for none.
func OpenAPI(prefix, version string) ([]byte, error) {
	paths := map[string]map[string]any{}
	var tags []any
	for _, g := range Groups() {
		tags = append(tags, map[string]any{"name": g.Title})
		for i := range g.Routes {
			r := &g.Routes[i]
			for _, path := range r.Paths() {
				if paths[path] == nil {
					paths[path] = map[string]any{}
				}
				paths[path][strings.ToLower(r.Method)] = r.operation(path != r.Path)
			}
		}
	}
	server := prefix
	if server == "" {
		server = "/"
	}
	return json.MarshalIndent(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "webmon", "version": version,
			"description": "What webmon knows of running processes, and how programs steer them. Times are seconds since 1970 where they are numbers, and RFC 3339 where they are texts. NaN and infinities are null. An empty parameter is as if it were left out, and of one that is given twice the first counts.",
			"license":     map[string]any{"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
		},
		"servers": []any{map[string]any{"url": server, "description": "this webmon"}},
		"tags":    tags,
		"paths":   paths,
		"components": map[string]any{
			"schemas": map[string]any{"Error": failure},
			"securitySchemes": map[string]any{
				"bearer": map[string]any{"type": "http", "scheme": "bearer", "description": "The token that is part of the printed address, that of a named person, or that of a link."},
				"query":  map[string]any{"type": "apiKey", "in": "query", "name": "token", "description": "The same in the address. A browser is led to the same address without it, and gets a session."},
				"cookie": map[string]any{"type": "apiKey", "in": "cookie", "name": "webmon_session", "description": "The session of a browser; the cookie's name ends with the port. Requests that change something need the page's X-CSRF-Token too."},
			},
		},
	}, "", " ")
}

// operation is the route as the document has it; table says that it is that of the CSV.
func (r *Route) operation(table bool) map[string]any {
	id, title := r.Anchor(), r.Title
	if table {
		id, title = id+"-csv", title+", as a table"
	}
	op := map[string]any{"operationId": id, "summary": title, "tags": []string{r.Group}}
	if r.Text != "" {
		op["description"] = r.Text
	}
	var params []any
	for _, p := range r.PathParams() {
		params = append(params, p.document("path"))
	}
	for _, p := range r.Query {
		params = append(params, p.document("query"))
	}
	if params != nil {
		op["parameters"] = params
	}
	if r.Role == "" {
		op["security"] = []any{}
	} else {
		op["security"] = []any{map[string]any{"bearer": []any{}}, map[string]any{"query": []any{}}, map[string]any{"cookie": []any{}}}
		op["x-role"] = r.Role
	}
	if r.Body != nil {
		content := map[string]any{}
		for i, kind := range r.Body.Types {
			media := map[string]any{}
			if r.Body.Schema != nil {
				media["schema"] = r.Body.Schema
			}
			if i == 0 && r.Body.Example != nil && kind == "application/json" {
				media["example"] = r.Body.Example
			}
			content[kind] = media
		}
		op["requestBody"] = map[string]any{"required": !r.Body.Optional, "content": content}
	}
	responses := map[string]map[string]any{}
	for _, a := range r.Answers {
		if table && a.Status == http.StatusOK {
			a = Answer{Status: a.Status, Text: a.Text, Type: "text/csv"}
		}
		response := map[string]any{"description": a.Text}
		if a.Text == "" {
			response["description"] = http.StatusText(a.Status)
		}
		content, _ := responses[strconv.Itoa(a.Status)]["content"].(map[string]any)
		if a.Type != "" {
			media := map[string]any{}
			if a.Schema != nil {
				media["schema"] = a.Schema
			}
			if a.Example != nil {
				media["example"] = a.Example
			}
			if content == nil { // a status may have answers of several content types
				content = map[string]any{}
			}
			content[a.Type] = media
		}
		if content != nil {
			response["content"] = content
		}
		responses[strconv.Itoa(a.Status)] = response
	}
	for _, f := range r.Failures() {
		responses[strconv.Itoa(f.Status)] = map[string]any{
			"description": f.Text,
			"content":     map[string]any{"application/json": map[string]any{"schema": Schema{"$ref": "#/components/schemas/Error"}}},
		}
	}
	op["responses"] = responses
	return op
}

func (p *Param) document(in string) map[string]any {
	schema := p.Schema
	if !p.Required && schema["enum"] != nil || !p.Required && schema["type"] != "string" {
		// Forms send what is empty, which is as if it were left out.
		schema = Schema{"anyOf": []any{p.Schema, Schema{"const": ""}}}
	}
	out := map[string]any{"name": p.Name, "in": in, "description": p.Text, "schema": schema}
	if p.Required {
		out["required"] = true
	}
	if p.Example != nil {
		out["example"] = p.Example
	}
	return out
}

// Type is what kind of value a parameter is, in words.
func (p *Param) Type() string {
	if list, ok := p.Schema["enum"].([]string); ok {
		words := slices.DeleteFunc(slices.Clone(list), func(w string) bool { return w == "" })
		return strings.Join(words, ", ")
	}
	out := fmt.Sprint(p.Schema["type"])
	words := []string{out}
	for _, limit := range []struct{ key, word string }{{"minimum", "from"}, {"exclusiveMinimum", "above"}, {"maximum", "at most"}} {
		if v, ok := p.Schema[limit.key]; ok {
			words = append(words, fmt.Sprintf("%s %v", limit.word, v))
		}
	}
	return strings.Join(words, ", ")
}

// Markdown is the table of all routes as the README has it.
func Markdown() string {
	var b strings.Builder
	for _, g := range Groups() {
		fmt.Fprintf(&b, "**%s**\n\n| Address | What |\n|---|---|\n", g.Title)
		for _, r := range g.Routes {
			address := braces.ReplaceAllString(r.Path, "<$1>")
			if r.Method != http.MethodGet {
				address = r.Method + " " + address
			}
			text := strings.ToLower(r.Title[:1]) + r.Title[1:]
			if r.CSV {
				text += "; with `.csv` at its end as a table"
			}
			var names []string
			for _, p := range r.Query {
				names = append(names, "`"+p.Name+"`")
			}
			if names != nil {
				text += " (" + strings.Join(names, ", ") + ")"
			}
			fmt.Fprintf(&b, "| `%s` | %s |\n", address, strings.ReplaceAll(text, "|", `\|`))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
