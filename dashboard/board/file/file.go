// Package file is the format of a board: a page of cards that people have put together.
// It is JSON with a version, in which boards are kept, exported, shipped and declared by
// processes:
//
//	{
//	  "webmon": "board", "version": 1, "title": "Night run", "window": 60,
//	  "cards": [
//	    {"kind": "chart", "source": "scope", "name": "frame_time", "width": 3, "height": 2},
//	    {"kind": "array", "source": "scope", "name": "camera", "view": "z=3&colormap=viridis"}
//	  ]
//	}
//
// A card stands for one thing of one source, which need not be there. The package reads
// and writes the format, and knows neither sources nor pages. Its decoder is strict: what
// is in a file and means nothing is an error that names the field.
package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a board.
const (
	MaxBytes    = 48 << 10 // of a file
	MaxCards    = 48
	MaxPictures = 12  // cards with arrays and models: a browser has room for 16 WebGL pictures on a page
	MaxTitle    = 80  // letters, of a board and of a card
	MaxName     = 150 // bytes, of what a card stands for
	MaxView     = 1000
	Columns     = 6 // of the grid, and the greatest width of a card
	MaxHeight   = 6 // rows of the grid
)

// Windows are the windows of time that charts can have, in seconds; the first is the default.
var Windows = []int{60, 10, 300, 900}

// Kind is what a card shows.
type Kind string

// The kinds.
const (
	Chart   Kind = "chart"   // a number over time, by the name of its chart or series, such as "frame_time"
	Number  Kind = "number"  // the newest value of a series
	Array   Kind = "array"   // an array in shared memory, as a picture or as a table
	Control Kind = "control" // a value that people may change
	Command Kind = "command" // an action of the process
	Model   Kind = "model"   // the picture of a simulation; name is its key
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Chart, Number, Array, Control, Command, Model} }

// isPicture reports whether the cards of a kind are drawn with WebGL.
func (k Kind) isPicture() bool { return k == Array || k == Model }

// size is the width and the height of a card of a kind that says nothing of its size.
func (k Kind) size() (width, height int) {
	switch k {
	case Chart:
		return 3, 3
	case Array, Model:
		return 3, 4
	case Number:
		return 1, 1
	}
	return 2, 1
}

// Card is one card of a board.
type Card struct {
	Kind   Kind   `json:"kind"`
	Source string `json:"source"` // id of the source
	Name   string `json:"name"`   // of the chart, the array and so on
	Title  string `json:"title,omitempty"`
	Width  int    `json:"width"`          // 1 to Columns
	Height int    `json:"height"`         // 1 to MaxHeight, in rows; more where the content needs more
	View   string `json:"view,omitempty"` // of a picture: how it is looked at, as the query of its own page
}

// Key names a card among those of a board: no board has two cards of one thing.
func (c Card) Key() string { return string(c.Kind) + "/" + c.Source + "/" + c.Name }

// Is reports whether two cards stand for the same.
func (c Card) Is(other Card) bool {
	return c.Kind == other.Kind && c.Source == other.Source && c.Name == other.Name
}

// Sized returns the card with the usual size of its kind where it has none.
func (c Card) Sized() Card {
	width, height := c.Kind.size()
	if c.Width == 0 {
		c.Width = width
	}
	if c.Height == 0 {
		c.Height = height
	}
	return c
}

// Board is a page of cards, in the order in which they are read.
type Board struct {
	Title  string
	Window int // of time of its charts, s
	Cards  []Card
}

// Index returns the place of a card, -1 if the board has none that stands for the same.
func (b Board) Index(card Card) int { return slices.IndexFunc(b.Cards, card.Is) }

// Clone returns a copy that shares nothing with the board.
func (b Board) Clone() Board {
	b.Cards = slices.Clone(b.Cards)
	return b
}

// Error says what is wrong with a board: which field, and why. Its text is one sentence
// without a point.
type Error struct {
	Field string // such as "cards[2].width"; "" for the whole
	Text  string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Text
	}
	return e.Field + " " + e.Text
}

func wrong(field, format string, args ...any) error {
	return &Error{field, fmt.Sprintf(format, args...)}
}

var sources = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,79}$`)

// Check says what is wrong with a board.
func (b Board) Check() error {
	if err := checkText("title", b.Title, MaxTitle); err != nil {
		return err
	}
	if b.Title == "" {
		return wrong("title", "is missing: a board is called by it")
	}
	if !slices.Contains(Windows, b.Window) {
		return wrong("window", "is %d, and a chart has a window of 10, 60, 300 or 900 seconds", b.Window)
	}
	if len(b.Cards) > MaxCards {
		return wrong("cards", "are %d, and a board has at most %d", len(b.Cards), MaxCards)
	}
	pictures := 0
	at := make(map[string]int, len(b.Cards))
	for i, c := range b.Cards {
		if err := c.check(fmt.Sprintf("cards[%d]", i)); err != nil {
			return err
		}
		if j, twice := at[c.Key()]; twice {
			return wrong(fmt.Sprintf("cards[%d]", i), "stands for the same as cards[%d], and a board has one card of a thing", j)
		}
		at[c.Key()] = i
		if c.Kind.isPicture() {
			pictures++
		}
	}
	if pictures > MaxPictures {
		return wrong("cards", "have %d arrays and models, and a board has at most %d: a browser draws no more of them on a page", pictures, MaxPictures)
	}
	return nil
}

func (c Card) check(field string) error {
	if !slices.Contains(Kinds(), c.Kind) {
		return wrong(field+".kind", "is %s, and a card is a chart, number, array, control, command or model", quoted(string(c.Kind)))
	}
	if !sources.MatchString(c.Source) {
		return wrong(field+".source", "is %s, and no source has that id", quoted(c.Source))
	}
	if c.Name == "" || len(c.Name) > MaxName || !utf8.ValidString(c.Name) || strings.ContainsFunc(c.Name, unicode.IsControl) {
		return wrong(field+".name", "is %s, and a name has 1 to %d bytes without control characters", quoted(c.Name), MaxName)
	}
	if err := checkText(field+".title", c.Title, MaxTitle); err != nil {
		return err
	}
	if c.Width < 1 || c.Width > Columns {
		return wrong(field+".width", "is %d, and the grid has %d columns", c.Width, Columns)
	}
	if c.Height < 1 || c.Height > MaxHeight {
		return wrong(field+".height", "is %d, and a card is 1 to %d rows high", c.Height, MaxHeight)
	}
	switch {
	case c.View == "":
	case !c.Kind.isPicture():
		return wrong(field+".view", "is given, and only an array and a model have one")
	case len(c.View) > MaxView || strings.ContainsFunc(c.View, func(r rune) bool { return r <= ' ' || r > '~' }):
		return wrong(field+".view", "is %s, and a view is a query of at most %d signs, as in an address", quoted(c.View), MaxView)
	}
	return nil
}

// checkText says what is wrong with a text that people see.
func checkText(field, text string, most int) error {
	switch {
	case !utf8.ValidString(text), strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return wrong(field, "has signs that cannot be seen")
	case utf8.RuneCountInString(text) > most:
		return wrong(field, "has %d letters, and at most %d are kept", utf8.RuneCountInString(text), most)
	case strings.TrimSpace(text) != text:
		return wrong(field, "begins or ends with a space")
	}
	return nil
}

// quoted is a text of a file in an error, without its end if it is long.
func quoted(text string) string {
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "") + "…"
	}
	return strconv.Quote(text)
}

// Encode writes a board, which must pass Check.
func Encode(b Board) ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	cards := b.Cards
	if cards == nil {
		cards = []Card{}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Webmon  string `json:"webmon"`
		Version int    `json:"version"`
		Title   string `json:"title"`
		Window  int    `json:"window"`
		Cards   []Card `json:"cards"`
	}{format, version, b.Title, b.Window, cards})
	if err != nil {
		return nil, err
	}
	if out.Len() > MaxBytes {
		return nil, wrong("", "the board takes %d bytes as a file, and a file has at most %d", out.Len(), MaxBytes)
	}
	return out.Bytes(), nil
}

// format and version are what a file says of itself.
const (
	format  = "board"
	version = 1
)

// Options say how a file is read.
type Options struct {
	// Source is the source of cards that name none, such as the process that declares the
	// board; "": every card names one.
	Source string
	// Title is that of a board that has none; "": a board must have one.
	Title string
}

// Decode reads a board. The error is an *Error.
func Decode(text []byte, opts Options) (Board, error) {
	b := Board{Title: opts.Title, Window: Windows[0]}
	if len(text) > MaxBytes {
		return b, wrong("", "the file has %d bytes, and a board has at most %d", len(text), MaxBytes)
	}
	if !utf8.Valid(text) {
		return b, wrong("", "the file is no UTF-8")
	}
	fields, err := object("", text)
	if err != nil {
		return b, err
	}
	r := reader{fields: fields}
	var kind string
	var of int
	r.required("webmon", &kind)
	if r.err == nil && kind != format {
		return b, wrong("webmon", "is %s, and the file of a board says \"board\"", quoted(kind))
	}
	r.required("version", &of)
	if r.err == nil && of != version {
		return b, wrong("version", "is %d, and this webmon reads version %d", of, version)
	}
	r.read("title", &b.Title)
	r.read("window", &b.Window)
	var cards []json.RawMessage
	r.read("cards", &cards)
	if err := r.end("a board"); err != nil {
		return b, err
	}
	if len(cards) > MaxCards {
		return b, wrong("cards", "are %d, and a board has at most %d", len(cards), MaxCards)
	}
	for i, raw := range cards {
		c, err := decodeCard(fmt.Sprintf("cards[%d]", i), raw, opts)
		if err != nil {
			return b, err
		}
		b.Cards = append(b.Cards, c)
	}
	return b, b.Check()
}

func decodeCard(field string, raw []byte, opts Options) (Card, error) {
	fields, err := object(field, raw)
	if err != nil {
		return Card{}, err
	}
	c := Card{Source: opts.Source}
	r := reader{at: field + ".", fields: fields}
	r.required("kind", (*string)(&c.Kind))
	if opts.Source == "" {
		r.required("source", &c.Source)
	} else {
		r.read("source", &c.Source)
	}
	r.required("name", &c.Name)
	r.read("title", &c.Title)
	// A size that is given is checked as it is: 0 is none.
	sized := c.Sized()
	width, height := sized.Width, sized.Height
	r.read("width", &width)
	r.read("height", &height)
	r.read("view", &c.View)
	c.Width, c.Height = width, height
	return c, r.end("a card")
}

// field is one field of an object, as it is written.
type field struct {
	name string
	raw  json.RawMessage
	read bool
}

// object reads the fields of an object. None of them comes twice.
func object(at string, text []byte) ([]field, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	begin, err := d.Token()
	if err != nil {
		return nil, wrong(cmpOr(at, "the file"), "is no JSON: %s", reason(err))
	}
	if begin != json.Delim('{') {
		return nil, wrong(cmpOr(at, "the file"), "is no object in braces")
	}
	var out []field
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, wrong(cmpOr(at, "the file"), "is no JSON: %s", reason(err))
		}
		f := field{name: token.(string)} // a key, of which the decoder sees to it that it is one
		if err := d.Decode(&f.raw); err != nil {
			return nil, wrong(dotted(at, f.name), "is no JSON: %s", reason(err))
		}
		if slices.ContainsFunc(out, func(o field) bool { return o.name == f.name }) {
			return nil, wrong(dotted(at, f.name), "is given twice")
		}
		if len(out) >= maxFields {
			return nil, wrong(cmpOr(at, "the file"), "has more than %d fields", maxFields)
		}
		out = append(out, f)
	}
	if _, err := d.Token(); err != nil {
		return nil, wrong(cmpOr(at, "the file"), "is no JSON: %s", reason(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong(cmpOr(at, "the file"), "goes on after its end")
	}
	return out, nil
}

// maxFields is how many fields an object has at most: more than any that means something.
const maxFields = 16

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func dotted(at, name string) string {
	name = strings.Trim(quoted(name), `"`)
	if at == "" {
		return name
	}
	return at + "." + name
}

// reason is what the JSON decoder says, in one clause.
func reason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}

// reader takes the fields of an object one by one, and keeps what is wrong with the first
// that is.
type reader struct {
	at     string
	fields []field
	err    error
}

// read takes a field into a string, an int or a list. One that is missing leaves to as it is.
func (r *reader) read(name string, to any) bool {
	if r.err != nil {
		return false
	}
	i := slices.IndexFunc(r.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return false
	}
	f := &r.fields[i]
	f.read = true
	if err := json.Unmarshal(f.raw, to); err != nil || string(f.raw) == "null" {
		what := "a text"
		switch to.(type) {
		case *int:
			what = "a whole number"
		case *[]json.RawMessage:
			what = "a list"
		}
		r.err = wrong(r.at+name, "is %s, and %s is expected", short(f.raw), what)
		return false
	}
	return true
}

func (r *reader) required(name string, to any) {
	if !r.read(name, to) && r.err == nil {
		r.err = wrong(r.at+name, "is missing")
	}
}

// end reports what is wrong with the fields, or that there is one that means nothing.
func (r *reader) end(of string) error {
	if r.err != nil {
		return r.err
	}
	for _, f := range r.fields {
		if !f.read {
			return wrong(dotted(strings.TrimSuffix(r.at, "."), f.name), "is no field of %s", of)
		}
	}
	return nil
}

// short is a value in an error.
func short(raw []byte) string {
	if len(raw) > 40 {
		return strings.ToValidUTF8(string(raw[:40]), "") + "…"
	}
	return string(raw)
}
