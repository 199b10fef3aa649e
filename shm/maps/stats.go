package maps

import (
	"slices"
	"strconv"
	"strings"
)

// Stat is a statistic of objects.
type Stat struct {
	Name  string // as in the files, intensities with their channel: "ubssSum_int1"
	Title string // for people
	Unit  string // "" where there is none
	Group string // under which it is listed
	// Words says that the values are words, such as conditions.
	Words bool

	table  func(*Session) *Table // nil: it is computed
	column string
}

// The groups of statistics, in the order in which they are listed.
var groups = []string{"Time", "Place", "Segment", "Spine", "Dendrite", "Intensity", "Judgement", "Dynamics", "User", "Record"}

// term is what people call a column.
type term struct{ name, title, unit, group string }

// computedStats are not in a table.
var computedStats = []term{
	{"mapSession", "Session", "", "Time"},
	{"days", "Days", "d", "Time"},
	{"hours", "Hours", "h", "Time"},
	{"sessCond", "Condition of the session", "", "Time"},
	{"mapCond", "Condition of the map", "", "Time"},
	{"mapName", "Map", "", "Time"},
	{"runIdx", "Run", "", "Dynamics"},
	{"mapSegment", "Map segment", "", "Segment"},
	{"dynamics", "Dynamics", "", "Dynamics"},
	{"isAdd", "Is added", "", "Dynamics"},
	{"isSub", "Is subtracted", "", "Dynamics"},
	{"isTransient", "Is transient", "", "Dynamics"},
	{"next", "Row in the next session", "", "Dynamics"},
	{"nexttp", "Next session", "", "Dynamics"},
	{"prev", "Row in the session before", "", "Dynamics"},
	{"prevtp", "Session before", "", "Dynamics"},
}

// tableStats are the columns of db2 that have a title.
var tableStats = []term{
	{"x", "x", "µm", "Place"},
	{"y", "y", "µm", "Place"},
	{"z", "Slice", "", "Place"},
	{"cx", "x on the dendrite", "µm", "Place"},
	{"cy", "y on the dendrite", "µm", "Place"},
	{"cz", "Slice on the dendrite", "", "Place"},
	{"channel", "Channel", "", "Place"},
	{"parentID", "Segment of the session", "", "Segment"},
	{"pDist", "Position from the pivot", "µm", "Segment"},
	{"sDist", "Position from the start", "µm", "Segment"},
	{"cPnt", "Point of the tracing", "", "Segment"},
	{"cAngle", "Angle to the dendrite", "°", "Segment"},
	{"cAuto", "Found on the dendrite by itself", "", "Segment"},
	{"cLineNum", "Side of the dendrite", "", "Segment"},
	{"isBad", "Is bad", "", "Judgement"},
	{"dynBad", "Dynamics are bad", "", "Judgement"},
	{"intBad", "Intensities are bad", "", "Judgement"},
	{"userType", "User type", "", "Judgement"},
	{"isDirty", "Is out of date", "", "Record"},
	{"Idx", "Idx of the file", "", "Record"},
	{"roiTypeNum", "Number of the type", "", "Record"},
	{"groupID", "Group", "", "Record"},
	{"cSeconds", "Created", "s since 1904", "Record"},
	{"mSeconds", "Modified", "s since 1904", "Record"},
}

// intStats are the columns of intensities that have a title.
var intStats = []term{
	{"sLen2d", "Spine length along x and y", "µm", "Spine"},
	{"sLen3d", "Spine length", "µm", "Spine"},
	{"ubssSum", "Spine sum less background", "", "Intensity"},
	{"ubssMean", "Spine mean less background", "", "Intensity"},
	{"ubsdSum", "Dendrite sum less background", "", "Intensity"},
	{"ubsdMean", "Dendrite mean less background", "", "Intensity"},
	{"sSum", "Spine sum", "", "Spine"},
	{"sMean", "Spine mean", "", "Spine"},
	{"sSD", "Spine s.d.", "", "Spine"},
	{"sN", "Spine pixels", "", "Spine"},
	{"sbSum", "Spine background sum", "", "Spine"},
	{"sbMean", "Spine background mean", "", "Spine"},
	{"sbSD", "Spine background s.d.", "", "Spine"},
	{"sbN", "Spine background pixels", "", "Spine"},
	{"dSum", "Dendrite sum", "", "Dendrite"},
	{"dMean", "Dendrite mean", "", "Dendrite"},
	{"dSD", "Dendrite s.d.", "", "Dendrite"},
	{"dN", "Dendrite pixels", "", "Dendrite"},
	{"dbSum", "Dendrite background sum", "", "Dendrite"},
	{"dbMean", "Dendrite background mean", "", "Dendrite"},
	{"dbSD", "Dendrite background s.d.", "", "Dendrite"},
	{"dbN", "Dendrite background pixels", "", "Dendrite"},
	{"utssmoss", "Spine sum minus the other channel's", "", "Intensity"},
	{"utsmmosm", "Spine mean minus the other channel's", "", "Intensity"},
	{"utssdoss", "Spine sum / the other channel's", "", "Intensity"},
	{"utsmdosm", "Spine mean / the other channel's", "", "Intensity"},
	{"utssmods", "Spine sum minus the other channel's dendrite sum", "", "Intensity"},
	{"utsmmodm", "Spine mean minus the other channel's dendrite mean", "", "Intensity"},
	{"utssdods", "Spine sum / the other channel's dendrite sum", "", "Intensity"},
	{"utsmdodm", "Spine mean / the other channel's dendrite mean", "", "Intensity"},
	{"utssdtds", "Spine sum / dendrite sum", "", "Intensity"},
	{"utsmdtdm", "Spine mean / dendrite mean", "", "Intensity"},
	{"utdsdods", "Dendrite sum / the other channel's", "", "Intensity"},
	{"utdmdodm", "Dendrite mean / the other channel's", "", "Intensity"},
	{"uSEV", "Spine volume by the edge (uSEV)", "", "Spine"},
	{"x", "x when measured", "µm", "Spine"},
	{"y", "y when measured", "µm", "Spine"},
	{"z", "Slice when measured", "", "Spine"},
	{"spineWidth", "Width of the spine's region", "", "Spine"},
	{"extendHead", "Region beyond the head", "", "Spine"},
	{"extendTail", "Region beyond the tail", "", "Spine"},
	{"scaleRadius", "Factor of the radius", "", "Dendrite"},
	{"zPlusMinus", "Slices to either side", "", "Spine"},
	{"dPlus", "Dendrite region after", "", "Dendrite"},
	{"dMinus", "Dendrite region before", "", "Dendrite"},
	{"sbxyManual", "Background set by hand", "", "Spine"},
	{"sbxPos", "Background offset in x", "", "Spine"},
	{"sbyPos", "Background offset in y", "", "Spine"},
	{"intmSeconds", "Measured", "s since 1904", "Record"},
}

// textColumns of db2 are words whatever they hold.
var textColumns = []string{"roiType", "cLine", "cDate", "cTime", "mDate", "mTime", "userName", "note", "edgeList", "error", "warning"}

// Stats lists the statistics that the map has, those with a title first in each
// group.
func (m *Map) Stats() []Stat {
	var stats []Stat
	for _, k := range computedStats {
		stats = append(stats, k.stat())
	}
	stats = append(stats, m.columns(objects, "", "", tableStats, "Record")...)
	channels := 0
	for _, s := range m.Sessions {
		channels = max(channels, len(s.Int))
	}
	for c := range channels {
		n := strconv.Itoa(c + 1)
		stats = append(stats, m.columns(channel(c), "_int"+n, ", channel "+n, intStats, "Spine")...)
	}
	stats = append(stats, m.columns(people, "_user", "", nil, "User")...)
	slices.SortStableFunc(stats, func(a, b Stat) int {
		return slices.Index(groups, a.Group) - slices.Index(groups, b.Group)
	})
	return stats
}

// The tables that statistics are in.
func objects(s *Session) *Table { return s.Table }

func people(s *Session) *Table { return s.User }

func channel(c int) func(*Session) *Table {
	return func(s *Session) *Table {
		if c < len(s.Int) {
			return s.Int[c]
		}
		return nil
	}
}

func (t term) stat() Stat {
	words := t.name == "mapName" || t.name == "mapCond" || t.name == "sessCond"
	return Stat{Name: t.name, Title: t.title, Unit: t.unit, Group: t.group, Words: words}
}

// columnStat is the statistic of a column.
func columnStat(name string, of func(*Session) *Table, suffix, title string, terms []term, group string) Stat {
	s := Stat{Name: name + suffix, Title: name + title, Group: group, table: of, column: name}
	for _, t := range terms {
		if t.name == name {
			s.Title, s.Unit, s.Group = t.title+title, t.unit, t.group
		}
	}
	return s
}

// columns lists the numeric columns of a table in any session.
func (m *Map) columns(of func(*Session) *Table, suffix, title string, terms []term, group string) []Stat {
	var names []string
	seen := map[string]bool{}
	for _, s := range m.Sessions {
		for _, name := range of(s).Names() {
			if name != "" && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	rank := func(name string) int {
		if i := slices.IndexFunc(terms, func(k term) bool { return k.name == name }); i >= 0 {
			return i
		}
		return len(terms)
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	var stats []Stat
	for _, name := range names {
		if suffix == "" && slices.Contains(textColumns, name) {
			continue
		}
		if !m.numeric(of, name) {
			continue
		}
		stats = append(stats, columnStat(name, of, suffix, title, terms, group))
	}
	return stats
}

// numeric reports whether a column has nothing but numbers in any session.
func (m *Map) numeric(of func(*Session) *Table, name string) bool {
	found := false
	for _, s := range m.Sessions {
		if t := of(s); t.Has(name) {
			if !t.Numeric(name) {
				return false
			}
			found = true
		}
	}
	return found
}

// Stat returns the statistic of a name. It looks at that column alone.
func (m *Map) Stat(name string) (Stat, bool) {
	for _, k := range computedStats {
		if k.name == name {
			return k.stat(), true
		}
	}
	of, suffix, title, terms, group := objects, "", "", tableStats, "Record"
	if column, ok := strings.CutSuffix(name, "_user"); ok && column != "" {
		of, suffix, terms, group = people, "_user", nil, "User"
	} else if at := strings.LastIndex(name, "_int"); at > 0 {
		if c, err := strconv.Atoi(name[at+len("_int"):]); err == nil && c > 0 {
			of, suffix, title, terms, group = channel(c-1), name[at:], ", channel "+name[at+len("_int"):], intStats, "Spine"
		}
	}
	column := strings.TrimSuffix(name, suffix)
	if suffix == "" && slices.Contains(textColumns, column) || !m.numeric(of, column) {
		return Stat{}, false
	}
	return columnStat(column, of, suffix, title, terms, group), true
}
