package maps

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"webmon/natural"
)

// Columns says which column of a file of points is what. Columns are named as in the
// file; "" stands for none. X and Y are needed.
type Columns struct {
	X        string `json:"x"`
	Y        string `json:"y"`
	Z        string `json:"z,omitempty"`
	Session  string `json:"session,omitempty"`  // the time point; none: all points are of one session
	ID       string `json:"id,omitempty"`       // the same in several sessions: the same thing
	Segment  string `json:"segment,omitempty"`  // whole numbers from 0, or names
	Note     string `json:"note,omitempty"`     //
	Bad      string `json:"bad,omitempty"`      // 1, true, yes: unusable
	Accept   string `json:"accept,omitempty"`   // 0, false, no: unusable
	UserType string `json:"userType,omitempty"` // 0 to 10
	// Pixels says that x and y are pixels, rather than micrometres. Z is a slice, unless
	// ZMicrometres says otherwise.
	Pixels       bool `json:"pixels,omitempty"`
	ZMicrometres bool `json:"zMicrometres,omitempty"`
	// FromOne says that pixels and slices are counted from 1.
	FromOne bool `json:"fromOne,omitempty"`
	// DX, DY, DZ are micrometres a pixel and a slice; 0: 1.
	DX float64 `json:"dx,omitempty"`
	DY float64 `json:"dy,omitempty"`
	DZ float64 `json:"dz,omitempty"`
}

// Points is a file of points of any tool: a table with a line of names.
type Points struct {
	Names []string
	Rows  [][]string
}

// maxBuilt bounds the cells of the links that are made, maxNear the distances that are
// measured to find where on a tracing points are.
const (
	maxBuilt = 1 << 22
	maxNear  = 1 << 31
)

// maxPoints bounds the points of one file.
const maxPoints = 1 << 21

// ReadPoints reads a table of points: fields between commas, semicolons or tabs, quoted
// or not, below a line of names. Lines that begin with # are left out.
func ReadPoints(data []byte) (*Points, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("it has %d MiB; a table of points may have %d", len(data)>>20, maxFile>>20)
	}
	data, _ = plainText(data)
	r, comma := pointReader(data)
	p := &Points{}
	cells := 0
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("it is no table: %w", err)
		}
		if cells += len(row); len(row) > maxColumns || len(p.Rows) > maxPoints || cells > maxCells {
			return nil, fmt.Errorf("it has more than %d points, or more than %d columns", maxPoints, maxColumns)
		}
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if p.Names == nil {
			p.Names = row
			continue
		}
		p.Rows = append(p.Rows, row)
	}
	if len(p.Names) < 2 {
		return nil, errors.New("its first line does not name two columns or more")
	}
	for i, name := range p.Names {
		if name == "" {
			p.Names[i] = "column " + strconv.Itoa(i+1)
		}
	}
	if comma == ';' {
		p.decimals()
	}
	return p, nil
}

// form is how the text of a table was written.
type form struct{ bom, latin, cr bool }

// plainText returns a table as UTF-8 with ends of lines that have an LF.
func plainText(data []byte) (text []byte, as form) {
	if text, as.bom = bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); !utf8.Valid(text) {
		text, as.latin = []byte(decodeLatin(text)), true
	}
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0 {
		text, as.cr = bytes.ReplaceAll(text, []byte{'\r'}, []byte{'\n'}), true
	}
	return text, as
}

// pointReader reads the rows of a table.
func pointReader(text []byte) (r *csv.Reader, comma rune) {
	comma = separator(text)
	r = csv.NewReader(bytes.NewReader(text))
	r.Comma, r.Comment, r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = comma, '#', -1, true, comma != '\t'
	return r, comma
}

// separator is what parts the names of the first line.
func separator(data []byte) rune {
	for line := range bytes.Lines(data) {
		if line[0] == '#' || len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		best, most := ',', 0
		for _, c := range ",;\t" {
			if n := bytes.Count(line, []byte(string(c))); n > most {
				best, most = c, n
			}
		}
		return best
	}
	return ','
}

// decimals reads numbers with a comma, which files with semicolons have.
func (p *Points) decimals() {
	for _, row := range p.Rows {
		for i, cell := range row {
			if strings.Count(cell, ",") == 1 && !strings.Contains(cell, ".") {
				if with := strings.Replace(cell, ",", ".", 1); isNumber(with) {
					row[i] = with
				}
			}
		}
	}
}

func isNumber(cell string) bool {
	v, ok := number([]byte(cell))
	return ok && !math.IsNaN(v)
}

// cell returns a field of a row, "" where the row is short.
func cell(row []string, col int) string {
	if col < 0 || col >= len(row) {
		return ""
	}
	return row[col]
}

// guesses are names that columns of points have in the programs of the field, by what
// they are, the surest first; in lower case without blanks, units and punctuation.
var guesses = []struct {
	to    func(*Columns) *string
	names []string
}{
	{func(c *Columns) *string { return &c.X }, []string{"x", "posx", "positionx", "xum", "xµm", "xmicron", "xpx", "xpixel", "xpos", "centroidx", "centroid1", "axis2", "axis1", "xm", "col", "column"}},
	{func(c *Columns) *string { return &c.Y }, []string{"y", "posy", "positiony", "yum", "yµm", "ymicron", "ypx", "ypixel", "ypos", "centroidy", "centroid0", "axis1", "axis0", "ym", "row"}},
	{func(c *Columns) *string { return &c.Z }, []string{"z", "posz", "positionz", "slice", "zslice", "zum", "zµm", "plane", "zpos", "centroidz", "axis0"}},
	{func(c *Columns) *string { return &c.Session }, []string{"session", "mapsession", "timepoint", "t", "time", "tp", "frame", "day", "stack", "week", "posit"}},
	{func(c *Columns) *string { return &c.ID }, []string{"id", "spineid", "trackid", "roiid", "run", "runidx", "label", "roi", "cellid", "index", "idx", "track", "name"}},
	{func(c *Columns) *string { return &c.Segment }, []string{"segment", "segmentid", "dendrite", "dendriteid", "branch", "branchid", "parentid", "filament"}},
	{func(c *Columns) *string { return &c.Note }, []string{"note", "notes", "comment", "comments", "remark"}},
	{func(c *Columns) *string { return &c.Bad }, []string{"isbad", "bad", "exclude", "excluded", "reject"}},
	{func(c *Columns) *string { return &c.Accept }, []string{"accept", "iscell", "accepted", "good", "valid"}},
	{func(c *Columns) *string { return &c.UserType }, []string{"usertype", "class", "type", "category"}},
}

// plain is a name of a column as guesses has it.
func plain(name string) string {
	name, _, _ = strings.Cut(name, "(")
	name, _, _ = strings.Cut(name, "[")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.:/", r) {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(name)))
}

// Guess guesses which column is what. People are asked before it is believed.
func (p *Points) Guess() Columns {
	var c Columns
	taken := map[string]bool{}
	for _, g := range guesses {
		to := g.to(&c)
		for _, want := range g.names {
			for i, name := range p.Names {
				if *to == "" && !taken[name] && plain(name) == want && p.fits(to, &c, i) {
					*to, taken[name] = name, true
				}
			}
		}
	}
	lower := strings.ToLower(c.X)
	c.Pixels = strings.Contains(lower, "px") || strings.Contains(lower, "pixel") || plain(c.X) == "col" || plain(c.X) == "column" || strings.HasPrefix(plain(c.X), "axis")
	z := strings.ToLower(c.Z)
	c.ZMicrometres = strings.Contains(z, "um") || strings.Contains(z, "µm") || strings.Contains(z, "micron")
	return c
}

// fits reports whether a column can be what it is guessed to be: places are numbers.
func (p *Points) fits(to *string, c *Columns, col int) bool {
	if to != &c.X && to != &c.Y && to != &c.Z {
		return true
	}
	for _, row := range p.Rows[:min(len(p.Rows), 1000)] {
		if _, ok := number([]byte(cell(row, col))); !ok {
			return false
		}
	}
	return true
}

// Check says why the columns cannot be those of a file.
func (c Columns) Check(p *Points) error {
	if c.X == "" || c.Y == "" {
		return errors.New("which columns are x and y has to be said")
	}
	used := map[string]string{}
	for _, of := range []struct{ role, name string }{
		{"x", c.X}, {"y", c.Y}, {"z", c.Z}, {"session", c.Session}, {"id", c.ID}, {"segment", c.Segment},
		{"note", c.Note}, {"bad", c.Bad}, {"accept", c.Accept}, {"userType", c.UserType},
	} {
		if of.name == "" {
			continue
		}
		if !slices.Contains(p.Names, of.name) {
			return fmt.Errorf("there is no column %q for %s", of.name, of.role)
		}
		if before, ok := used[of.name]; ok {
			return fmt.Errorf("the column %q cannot be both %s and %s", of.name, before, of.role)
		}
		used[of.name] = of.role
	}
	for _, of := range []struct {
		name string
		v    float64
	}{{"dx", c.DX}, {"dy", c.DY}, {"dz", c.DZ}} {
		if of.v < 0 || math.IsNaN(of.v) || math.IsInf(of.v, 0) {
			return fmt.Errorf("%s is %g; micrometres have to be above 0", of.name, of.v)
		}
	}
	return nil
}

// PointsMap makes a map of points: a session for each time point, in their natural
// order; points of one ID are linked from a session to the next. Columns that are nothing
// else become values of people's own (_user). tracings are those of the sessions, by
// name of the time point, or the only one under "".
func PointsMap(name string, p *Points, c Columns, tracings map[string]*Tracks) (*Map, error) {
	if err := c.Check(p); err != nil {
		return nil, err
	}
	b := &builder{name: clean(name), points: p, columns: c, dx: or1(c.DX), dy: or1(c.DY), dz: or1(c.DZ), tracks: tracings}
	m, err := b.build()
	if err != nil {
		return nil, err
	}
	m.Origin = &Origin{Columns: c, name: name, tracks: tracings, times: b.times, segments: b.segments}
	return m, nil
}

func or1(v float64) float64 {
	if v > 0 {
		return v
	}
	return 1
}

// builder makes the files of a map.
type builder struct {
	name       string
	points     *Points
	columns    Columns
	dx, dy, dz float64
	tracks     map[string]*Tracks

	times    []string
	rows     map[string][]int // by time
	segments map[string]int
	files    []File
}

// col returns where a column is, -1 for none.
func (b *builder) col(name string) int {
	if name == "" {
		return -1
	}
	return slices.Index(b.points.Names, name)
}

func (b *builder) build() (*Map, error) {
	at := b.col(b.columns.Session)
	b.rows = map[string][]int{}
	for i, row := range b.points.Rows {
		t := cell(row, at)
		if b.rows[t] == nil {
			b.times = append(b.times, t)
		}
		b.rows[t] = append(b.rows[t], i)
	}
	for t := range b.tracks {
		if b.rows[t] == nil {
			b.rows[t] = []int{}
			b.times = append(b.times, t)
		}
	}
	if len(b.times) == 0 {
		b.times = []string{""}
	}
	if len(b.times) > maxSessions {
		return nil, fmt.Errorf("the column %q has %d time points; a map may have %d", b.columns.Session, len(b.times), maxSessions)
	}
	slices.SortFunc(b.times, func(x, y string) int {
		p, ok := number([]byte(x))
		q, ok2 := number([]byte(y))
		if ok && ok2 && p != q {
			if p < q {
				return -1
			}
			return 1
		}
		return natural.Compare(x, y)
	})
	most, traced := 0, 0
	for _, t := range b.times {
		most = max(most, len(b.rows[t])+1)
	}
	for _, t := range b.tracks {
		traced = max(traced, t.points())
	}
	if most*len(b.times) > maxBuilt || len(b.points.Rows)*traced > maxNear {
		return nil, fmt.Errorf("%d points of %d sessions along a tracing of %d are more than a map can be made of", len(b.points.Rows), len(b.times), traced)
	}
	b.number()
	for j := range b.times {
		b.session(j)
	}
	b.link()
	b.sheet()
	return FromFiles(b.name, b.files)
}

// number gives segments their numbers: their own if all are whole numbers, else in the
// order of their names.
func (b *builder) number() {
	b.segments = map[string]int{}
	at := b.col(b.columns.Segment)
	if at < 0 {
		return
	}
	var names []string
	whole := true
	for _, row := range b.points.Rows {
		s := cell(row, at)
		if _, seen := b.segments[s]; s == "" || seen {
			continue
		}
		v, ok := number([]byte(s))
		whole = whole && ok && v == math.Trunc(v) && v >= 0 && v < maxPivots
		b.segments[s] = int(v)
		names = append(names, s)
	}
	if whole {
		return
	}
	slices.SortFunc(names, natural.Compare)
	for i, s := range names {
		b.segments[s] = i
	}
}

func (b *builder) stack(session int) string {
	if len(b.times) == 1 {
		return b.name
	}
	return b.name + "_s" + strconv.Itoa(session)
}

// isTrue reads a cell that says yes or no.
func isTrue(cell string) bool {
	switch strings.ToLower(cell) {
	case "1", "true", "yes", "y", "t", "bad", "x":
		return true
	}
	v, ok := number([]byte(cell))
	return ok && v > 0
}

// builtNames are the columns of the table of objects that is made.
var builtNames = []string{"Idx", "roiType", "x", "y", "z", "parentID", "cPnt", "sDist", "pDist", "cx", "cy", "cz", "note", "isBad", "userType", "madeFrom"}

// session writes the tables of a session.
func (b *builder) session(j int) {
	c := b.columns
	from := 0.0
	if c.FromOne {
		from = 1
	}
	value := func(row []string, name string) float64 {
		v, _ := number([]byte(cell(row, b.col(name))))
		return v
	}
	track := b.tracks[b.times[j]]
	if track == nil && len(b.tracks) == 1 {
		track = b.tracks[""]
	}
	used := []string{c.X, c.Y, c.Z, c.Session, c.ID, c.Segment, c.Note, c.Bad, c.Accept, c.UserType}
	var others []int
	for i, name := range b.points.Names {
		if !slices.Contains(used, name) && i < maxColumns {
			others = append(others, i)
		}
	}
	rows := b.rows[b.times[j]]
	objects := []string{fmt.Sprintf("stack=%s;numObjects=%d;numSpines=%d;voxelx=%s;voxely=%s;voxelz=%s;", b.stack(j), len(rows), len(rows), FormatNumber(b.dx), FormatNumber(b.dy), FormatNumber(b.dz)), strings.Join(builtNames, ",") + ","}
	user := []string{"Idx"}
	for _, i := range others {
		user[0] += "," + strings.NewReplacer(",", " ", "\n", " ", "\r", " ").Replace(b.points.Names[i])
	}
	for i, at := range rows {
		row := b.points.Rows[at]
		x, y, z := value(row, c.X), value(row, c.Y), value(row, c.Z)
		if c.Pixels {
			x, y = (x-from)*b.dx, (y-from)*b.dy
		}
		if c.ZMicrometres {
			z /= b.dz
		} else {
			z -= from
		}
		if c.Z == "" {
			z = 0
		}
		cells := map[string]string{"Idx": strconv.Itoa(i), "roiType": string(Spine), "x": FormatNumber(x), "y": FormatNumber(y), "z": FormatNumber(math.Round(z)), "madeFrom": strconv.Itoa(at)}
		if s := cell(row, b.col(c.Segment)); s != "" {
			cells["parentID"] = strconv.Itoa(b.segments[s])
		}
		track.attach(cells, x, y, z, b.dz)
		cells["note"] = strings.NewReplacer("\n", " ", "\r", " ").Replace(cell(row, b.col(c.Note)))
		if c.Bad != "" && isTrue(cell(row, b.col(c.Bad))) || c.Accept != "" && !isTrue(cell(row, b.col(c.Accept))) {
			cells["isBad"] = "1"
		}
		if v := value(row, c.UserType); v >= 0 && v <= 10 {
			cells["userType"] = FormatNumber(v)
		}
		fields := make([]string, len(builtNames))
		for k, name := range builtNames {
			fields[k] = cells[name]
		}
		objects = append(objects, strings.Join(fields, ",")+",")
		values := strconv.Itoa(i)
		for _, k := range others {
			v := cell(row, k)
			values += "," + strings.NewReplacer(",", " ", "\n", " ", "\r", " ").Replace(v)
		}
		user = append(user, values)
	}
	b.file("stackdb/"+b.stack(j)+"_db2.txt", objects)
	if len(others) > 0 {
		b.file("stackdb/"+b.stack(j)+"_user.txt", user)
	}
	if track != nil {
		b.file("line/"+b.stack(j)+"_l.txt", track.lines(b.stack(j)))
	}
}

func (b *builder) file(path string, lines []string) {
	b.files = append(b.files, File{path, []byte(strings.Join(lines, "\n") + "\n")})
}

// link links points of one ID. A second point of an ID in a session is not linked.
func (b *builder) link() {
	rows, n := 1, len(b.times)
	where := make([]map[string]int, n)
	at := b.col(b.columns.ID)
	for j, t := range b.times {
		rows = max(rows, len(b.rows[t])+1)
		where[j] = map[string]int{}
		for i, r := range b.rows[t] {
			id := cell(b.points.Rows[r], at)
			if _, twice := where[j][id]; at >= 0 && id != "" && !twice {
				where[j][id] = i
			}
		}
	}
	grid := map[string][][]string{}
	names := []string{"idx", "next", "nextTP", "prev", "prevTP", "nodeType"}
	for _, name := range names {
		for range rows {
			grid[name] = append(grid[name], slices.Repeat([]string{"NAN"}, n))
		}
	}
	for j, t := range b.times {
		for i := range b.rows[t] {
			grid["idx"][i][j], grid["nodeType"][i][j] = strconv.Itoa(i), "0"
		}
		if j == 0 {
			continue
		}
		for id, i := range where[j] {
			if before, ok := where[j-1][id]; ok {
				grid["next"][before][j-1], grid["nextTP"][before][j-1] = strconv.Itoa(i), strconv.Itoa(j)
				grid["prev"][i][j], grid["prevTP"][i][j] = strconv.Itoa(before), strconv.Itoa(j-1)
			}
		}
	}
	lines := []string{fmt.Sprintf("rows=%d;cols=%d;blocks=%d;blockNames=%s;", rows, n, len(names), strings.Join(names, ","))}
	for _, name := range names {
		for _, row := range grid[name] {
			lines = append(lines, strings.Join(row, "\t"))
		}
	}
	b.file(b.name+"_objMap.txt", lines)
	b.linkSegments()
}

// linkSegments makes segments of one number the same segment in every session.
func (b *builder) linkSegments() {
	count := 0
	for _, i := range b.segments {
		count = max(count, i+1)
	}
	for _, t := range b.tracks {
		if t != nil {
			count = max(count, len(t.Segments))
		}
	}
	n := len(b.times)
	if count == 0 || count*n > maxBuilt/4 {
		return
	}
	lines := []string{fmt.Sprintf("rows=%d;cols=%d;blocks=5;blockNames=idx,next,nextTP,prev,prevTP;", count, n)}
	for block := range 5 {
		for i := range count {
			cells := make([]string, n)
			for j := range cells {
				v := [5]int{i, i, j + 1, i, j - 1}[block]
				if cells[j] = strconv.Itoa(v); (block == 1 || block == 2) && j == n-1 || (block == 3 || block == 4) && j == 0 {
					cells[j] = "NAN"
				}
			}
			lines = append(lines, strings.Join(cells, "\t"))
		}
	}
	b.file(b.name+"_segMap.txt", lines)
}

// sheet writes the session table.
func (b *builder) sheet() {
	line := func(label string, of func(j int) string) string {
		cells := make([]string, len(b.times))
		for j := range cells {
			cells[j] = of(j)
		}
		return label + "\t" + strings.Join(cells, "\t")
	}
	same := func(v float64) func(int) string { return func(int) string { return FormatNumber(v) } }
	lines := []string{
		strings.Repeat("\t", len(b.times)),
		line("hsStack", func(j int) string { return b.stack(j) + "_ch1" }),
		line("importedStackName", func(j int) string { return clean(b.times[j]) }),
		line("dx", same(b.dx)), line("dy", same(b.dy)), line("dz", same(b.dz)),
		line("days", func(j int) string {
			if v, ok := number([]byte(b.times[j])); ok && !math.IsNaN(v) {
				return FormatNumber(v)
			}
			return strconv.Itoa(j)
		}),
		line("condStr", func(j int) string {
			if isNumber(b.times[j]) {
				return ""
			}
			return clean(b.times[j])
		}),
	}
	b.file(b.name+".txt", lines)
}

// clean makes words a cell of a session table.
func clean(words string) string {
	return strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(words)
}
