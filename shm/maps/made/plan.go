package made

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"webmon/shm/maps"
)

// Plan says what map is to be made up. The zero value of a field stands for what is
// usual.
type Plan struct {
	Name       string
	Seed       uint64
	Sessions   int       // 5
	Segments   int       // 3; below 0: none
	Spines     int       // objects of a segment in a session, about; 12
	Type       maps.Type // of the objects; Spine
	Channels   int       // 2
	Conditions []string  // of the sessions; none is ""
	Condition  string    // of the map; "made"
	Gain       float64   // fraction of the objects that are new in a session; 0.15
	Loss       float64   // fraction that are gone in the next; 0.15
	// Effect is the factor of the signal of channel 1 (ubssSum) in the sessions of a
	// condition; 1 where nothing is said.
	Effect map[string]float64
	Noise  float64 // s.d. of the logarithm of a signal from session to session; 0.1

	// What may be irregular in files.
	EmptyFirst bool   // session 0 has no objects, no tracings, no intensities
	Shuffled   bool   // the suffix of a stack's name is not the index of its session
	NoSegMap   bool   // there is no segment map
	SegMapOff  bool   // the segment map has a "!" in its name
	Commas     bool   // notes have commas
	Latin      bool   // notes and names have bytes above 127 that are no UTF-8
	End        string // of lines of every file; "" as usual: LF in the map's, CR in the sessions'
	Cut        bool   // files end without an end of line
	Broken     bool   // some links are not mutual or lead nowhere
	Blank      bool   // blank cells in the session table
	Unknown    bool   // columns, labels and blocks of a later program
	User       bool   // people's own values
	// Missing names kinds of file that session 1 lacks: "Int1", "Int2", "l", "db2".
	Missing []string
}

// Made is a map that was made up, with its truth.
type Made struct {
	Plan  Plan
	Files []maps.File
	Truth Truth
}

// Truth is what is true of a map that was made up.
type Truth struct {
	// Runs has for each run the row in each session, maps.None where it is absent, in the
	// order of maps.Runs.
	Runs [][]int
	// Thing has for each run which of the things made up it is; a thing that comes again
	// after it was lost is another.
	Thing []int
	// Notes, Bad and Types by session and row.
	Notes [][]string
	Bad   [][]bool
	Kinds [][]maps.Type
	// Signal is ubssSum of channel 1 by session and row, as it is in the file.
	Signal [][]float64
	// Places is [x, y, z] by session and row: micrometres, micrometres, slice.
	Places [][][3]float64
	// Again pairs things: the second came near where the first was lost.
	Again [][2]int
}

// pixel is the size of a pixel in micrometres, of slices that are 1 apart.
const pixel = 0.12

// thing is one object through time.
type thing struct {
	segment     int
	s           float64 // micrometres from the pivot along the segment
	side        float64 // -1, 1: left, right
	length      float64 // micrometres
	x, y, z     float64 // without segments: its place
	first, last int
	signal      []float64 // by channel
	bad         bool
	kind        int // user type
}

// curve is a dendrite, as points a pixel step apart from -before to after its pivot.
type curve struct {
	x, y, z []float64
	pivot   int
}

// Make makes up a map. The same plan makes the same map.
func Make(p Plan) *Made {
	defaults(&p)
	g := &maker{p: p, r: rand.New(rand.NewPCG(p.Seed, 0x6d617073))}
	m := &Made{Plan: p}
	g.m = m
	g.curves()
	g.populate()
	g.sessions()
	g.links()
	g.segments()
	g.sheet()
	return m
}

func defaults(p *Plan) {
	if p.Name == "" {
		p.Name = "made"
	}
	def := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	def(&p.Sessions, 5)
	def(&p.Segments, 3)
	def(&p.Spines, 12)
	def(&p.Channels, 2)
	if p.Segments < 0 {
		p.Segments = 0
	}
	if p.Type == "" {
		p.Type = maps.Spine
	}
	if p.Condition == "" {
		p.Condition = "made"
	}
	if p.Gain == 0 {
		p.Gain = 0.15
	}
	if p.Loss == 0 {
		p.Loss = 0.15
	}
	if p.Noise == 0 {
		p.Noise = 0.1
	}
	p.Conditions = slices.Clone(p.Conditions)
	for len(p.Conditions) < p.Sessions {
		p.Conditions = append(p.Conditions, "")
	}
}

type maker struct {
	p      Plan
	r      *rand.Rand
	m      *Made
	lines  []curve
	things []thing
	rows   [][]int // by session and row: the thing, -1
}

func (g *maker) between(a, b float64) float64 { return a + (b-a)*g.r.Float64() }

// curves draws dendrites as walks that turn slowly, over 1024 x 1024 pixels.
func (g *maker) curves() {
	for i := range g.p.Segments {
		n := 200 + g.r.IntN(500)
		x, y := g.between(8, 30), 10+float64(i)*100/float64(g.p.Segments)+g.between(0, 8)
		z, way := g.between(14, 36), g.between(-0.4, 0.4)
		var c curve
		for range n {
			c.x, c.y, c.z = append(c.x, math.Round(x/pixel)*pixel), append(c.y, math.Round(y/pixel)*pixel), append(c.z, math.Round(z))
			way = way*0.995 + g.r.NormFloat64()*0.03
			x, y = x+pixel*math.Cos(way), y+pixel*math.Sin(way)
			z = min(max(z+g.r.NormFloat64()*0.15, 10), 40)
		}
		c.pivot = n/2 + g.r.IntN(20) - 10
		g.lines = append(g.lines, c)
	}
}

// distances returns how far along x and y each point is from the first.
func (c *curve) distances() []float64 {
	d := make([]float64, len(c.x))
	for i := 1; i < len(d); i++ {
		d[i] = d[i-1] + math.Hypot(c.x[i]-c.x[i-1], c.y[i]-c.y[i-1])
	}
	return d
}

func (g *maker) thing(segment, first int) thing {
	t := thing{segment: segment, first: first, side: float64(1 - 2*g.r.IntN(2)), length: g.between(0.8, 2.6), kind: g.r.IntN(4)}
	if segment >= 0 {
		d := g.lines[segment].distances()
		t.s = g.between(2, d[len(d)-1]-2) - d[g.lines[segment].pivot]
	} else {
		t.x, t.y, t.z = g.between(6, 116), g.between(6, 116), math.Round(g.between(8, 40))
	}
	for range g.p.Channels {
		t.signal = append(t.signal, math.Exp(7+g.r.NormFloat64()*0.5))
	}
	t.bad = g.r.Float64() < 0.06
	t.last = first
	for t.last < g.p.Sessions-1 && g.r.Float64() >= g.p.Loss {
		t.last++
	}
	return t
}

// populate lets things come and go. A tenth of those that come do so near where
// another was lost.
func (g *maker) populate() {
	groups := []int{-1}
	if g.p.Segments > 0 {
		groups = groups[:0]
		for i := range g.p.Segments {
			groups = append(groups, i)
		}
	}
	first := 0
	if g.p.EmptyFirst {
		first = 1
	}
	for _, segment := range groups {
		for range g.p.Spines {
			g.things = append(g.things, g.thing(segment, first))
		}
		for j := first + 1; j < g.p.Sessions; j++ {
			for range g.p.Spines {
				if g.r.Float64() >= g.p.Gain {
					continue
				}
				t := g.thing(segment, j)
				if g.r.IntN(10) == 0 {
					if k := g.lost(segment, j); k >= 0 {
						was := g.things[k]
						t.s, t.side, t.x, t.y, t.z = was.s, was.side, was.x, was.y, was.z
						g.m.Truth.Again = append(g.m.Truth.Again, [2]int{k, len(g.things)})
					}
				}
				g.things = append(g.things, t)
			}
		}
	}
}

// lost returns a thing of a segment that was not there in the session before one, -1 if
// there is none.
func (g *maker) lost(segment, session int) int {
	for k, t := range g.things {
		again := slices.ContainsFunc(g.m.Truth.Again, func(a [2]int) bool { return a[0] == k })
		if t.segment == segment && t.last < session-1 && !again {
			return k
		}
	}
	return -1
}

// stack returns the name of the stack of a session.
func (g *maker) stack(session int) string {
	n := session
	if g.p.Shuffled {
		// 0, 1, 2, 5, 3, 4, 6: as one public map has it; and none is called 7.
		order := []int{0, 1, 2, 5, 3, 4, 6}
		if n < len(order) && g.p.Sessions > 5 {
			n = order[n]
		} else {
			n = session + 3
		}
	}
	return g.p.Name + "_s" + strconv.Itoa(n)
}

// drift returns by how much everything of a session lies elsewhere, in micrometres
// and slices, and by how much it is stretched.
func (g *maker) drift(session int) (dx, dy, dz, stretch float64) {
	r := rand.New(rand.NewPCG(g.p.Seed, uint64(session)+77))
	if session == 0 {
		return 0, 0, 0, 1
	}
	return r.NormFloat64() * 0.8, r.NormFloat64() * 0.8, math.Round(r.NormFloat64()), 1 + r.NormFloat64()*0.01
}

// traced returns the dendrite as it was traced in a session: moved, and begun and
// ended elsewhere.
func (g *maker) traced(session, segment int) curve {
	dx, dy, dz, stretch := g.drift(session)
	r := rand.New(rand.NewPCG(g.p.Seed+uint64(segment), uint64(session)+99))
	c := g.lines[segment]
	from, to := r.IntN(8), len(c.x)-r.IntN(8)
	moved := curve{pivot: c.pivot - from}
	for i := from; i < to; i++ {
		moved.x = append(moved.x, math.Round(((c.x[i]-60)*stretch+60+dx)/pixel)*pixel)
		moved.y = append(moved.y, math.Round(((c.y[i]-60)*stretch+60+dy)/pixel)*pixel)
		moved.z = append(moved.z, c.z[i]+dz)
	}
	return moved
}

const (
	db2Names  = "Idx,roiType,roiTypeNum,x,y,z,channel,groupID,parentID,cPnt,sDist,pDist,cAuto,cAngle,cLine,cLineNum,cx,cy,cz,cDate,cTime,mDate,mTime,cSeconds,mSeconds,userName,note,edgeList,isDirty,isBad,dynBad,intBad,progType,madeFrom,analParam,analResult1,analResult2,analResult3,analResult4,user1,user2,user3,userBool1,userBool2,userBool3,userType,bSpineMap,bSpineIdx,error,warning,"
	intNames  = "idx,x,y,z,sLen2d,sLen3d,intmSeconds,isDirty,intBad,intManual,spineWidth,extendHead,extendTail,scaleRadius,zPlusMinus,sSum,sMean,sSD,sN,sbSum,sbMean,sbSD,sbN,sbxyManual,sbxPos,sbyPos,dSum,dMean,dSD,dN,dPlus,dMinus,dbSum,dbMean,dbSD,dbN,ubssSum,ubssMean,ubsdSum,ubsdMean,utssmoss,utsmmosm,utssdoss,utsmdosm,utssmods,utsmmodm,utssdods,utsmdodm,utssdtds,utsmdtdm,utdsdods,utdmdodm,uSEV,"
	lineNames = "node,type,x,y,z,zFloor,radius,radiusFit,prevNode,ID,gID,tx,ty,tz,sDist,pDist,Filament,SetID,GroupID,sDist3d,pDist3d,"
	saved     = "saveTime=3583947938.700000;version=20151224;"
)

// typeNumber is what files call a type.
var typeNumber = map[maps.Type]int{maps.Spine: 0, maps.Control: 2, maps.Pivot: 3, maps.Other: 4, maps.GlobalPivot: 8, maps.Node: 1, maps.Slab: 5}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
func long(v float64) string  { return strconv.FormatFloat(v, 'f', 6, 64) }

// end ends the lines of a file as the plan says.
func (g *maker) end(lines []string, usual string) []byte {
	end := g.p.End
	if end == "" {
		end = usual
	}
	text := strings.Join(lines, end)
	if !g.p.Cut {
		text += end
	}
	return []byte(text)
}

func (g *maker) file(path string, lines []string, usual string) {
	g.m.Files = append(g.m.Files, maps.File{Path: path, Data: g.end(lines, usual)})
}

func (g *maker) sessions() {
	for j := range g.p.Sessions {
		g.session(j)
	}
}

// row is one line of a table of objects on its way to be written.
type row struct {
	thing int
	kind  maps.Type
	cells map[string]string
	ints  []map[string]string
}

func (g *maker) session(j int) {
	stack := g.stack(j)
	dx, dy, dz, _ := g.drift(j)
	rows := []row{{thing: -1, kind: maps.GlobalPivot, cells: map[string]string{"x": short(60 + dx), "y": short(60 + dy), "z": short(20 + dz), "parentID": "NaN"}}}
	empty := j == 0 && g.p.EmptyFirst
	missing := func(kind string) bool { return j == 1 && slices.Contains(g.p.Missing, kind) }
	var traced []curve
	var starts []int
	points := 0
	if !empty {
		for i := range g.p.Segments {
			c := g.traced(j, i)
			traced, starts = append(traced, c), append(starts, points)
			points += len(c.x)
			rows = append(rows, row{thing: -1, kind: maps.Pivot, cells: map[string]string{
				"x": short(c.x[c.pivot]), "y": short(c.y[c.pivot]), "z": short(c.z[c.pivot]),
				"parentID": strconv.Itoa(i), "cPnt": strconv.Itoa(starts[i] + c.pivot), "pDist": "0",
			}})
		}
		for i, c := range traced {
			d := c.distances()
			kind, every := maps.Control, 15
			if g.p.Type == maps.Node {
				kind, every = maps.Slab, 6
			}
			for k := 0; k < len(c.x); k += every {
				rows = append(rows, row{thing: -1, kind: kind, cells: map[string]string{
					"x": short(c.x[k]), "y": short(c.y[k]), "z": short(c.z[k]), "parentID": strconv.Itoa(i), "cPnt": strconv.Itoa(starts[i] + k),
					"sDist": short(d[k]), "pDist": short(d[k] - d[c.pivot]), "cLine": "center", "cLineNum": "0",
					"cx": short(c.x[k]), "cy": short(c.y[k]), "cz": short(c.z[k]), "isDirty": "0",
				}})
			}
		}
		order := g.r.Perm(len(g.things))
		for _, i := range order {
			if t := &g.things[i]; t.first <= j && j <= t.last {
				rows = append(rows, g.object(j, i, traced, starts))
			}
		}
	}
	g.tables(j, stack, rows, missing, empty)
	if len(traced) > 0 && !missing("l") {
		g.tracing(stack, traced, starts, rows)
	}
}

// object puts a thing into a session.
func (g *maker) object(j, i int, traced []curve, starts []int) row {
	t := &g.things[i]
	dx, dy, dz, _ := g.drift(j)
	r := row{thing: i, kind: g.p.Type}
	x, y, z := t.x+dx+g.r.NormFloat64()*0.1, t.y+dy+g.r.NormFloat64()*0.1, t.z+dz
	cells := map[string]string{"parentID": "NaN", "userType": strconv.Itoa(t.kind), "isDirty": "0"}
	cx, cy, cz := x, y, z
	if t.segment >= 0 {
		c := traced[t.segment]
		d := c.distances()
		k := 1
		for k < len(d)-2 && d[k]-d[c.pivot] < t.s {
			k++
		}
		nx, ny := -(c.y[k+1] - c.y[k-1]), c.x[k+1]-c.x[k-1]
		n := max(math.Hypot(nx, ny), 1e-9)
		nx, ny = nx/n*t.side, ny/n*t.side
		cx, cy, cz = c.x[k]+nx*0.3, c.y[k]+ny*0.3, c.z[k]
		x, y, z = cx+nx*t.length, cy+ny*t.length, c.z[k]
		if g.p.Type == maps.Node {
			x, y = c.x[k], c.y[k]
		}
		side, number := "radius1", "1"
		if t.side < 0 {
			side, number = "radius2", "2"
		}
		cells["cPnt"], cells["sDist"], cells["pDist"] = strconv.Itoa(starts[t.segment]+k), short(d[k]), short(d[k]-d[c.pivot])
		cells["cLine"], cells["cLineNum"], cells["cAngle"], cells["parentID"] = side, number, short(90*t.side), strconv.Itoa(t.segment)
	}
	cells["x"], cells["y"], cells["z"] = short(x), short(y), short(z)
	cells["cx"], cells["cy"], cells["cz"] = short(cx), short(cy), short(cz)
	if t.bad {
		cells["isBad"] = "1"
	}
	switch g.r.IntN(12) {
	case 0:
		cells["note"] = "look again *"
		if g.p.Commas {
			cells["note"] = "large, with a neck, long"
		}
	case 1:
		if g.p.Latin {
			cells["note"] = "3 \xb5m, caf\xe9"
			if !g.p.Commas {
				cells["note"] = "3 \xb5m caf\xe9"
			}
		}
	}
	r.cells = cells
	for c := range g.p.Channels {
		signal := t.signal[c] * math.Exp(g.r.NormFloat64()*g.p.Noise)
		if f, ok := g.p.Effect[g.p.Conditions[j]]; ok && c == 0 {
			signal *= f
		}
		px := float64(20 + g.r.IntN(30))
		sb, dn := g.between(4, 9)*px, float64(60+g.r.IntN(40))
		d, db := g.between(60, 90)*dn, g.between(4, 9)*dn
		ints := map[string]string{
			"x": long(x), "y": long(y), "z": long(z), "sLen2d": long(math.Hypot(x-cx, y-cy)), "sLen3d": long(math.Sqrt((x-cx)*(x-cx) + (y-cy)*(y-cy) + (z-cz)*(z-cz))),
			"intmSeconds": "3583947938.700000", "isDirty": "0.000000", "spineWidth": "0.840000", "extendHead": "0.360000", "extendTail": "0.240000", "scaleRadius": "0.350000", "zPlusMinus": "1.000000",
			"dPlus": "1.800000", "dMinus": "1.800000",
			"sSum": long(signal + sb), "sMean": long((signal + sb) / px), "sN": long(px), "sbSum": long(sb), "sbMean": long(sb / px), "sbN": long(px),
			"dSum": long(d), "dMean": long(d / dn), "dN": long(dn), "dbSum": long(db), "dbMean": long(db / dn), "dbN": long(dn),
			"ubssSum": long(signal), "ubssMean": long(signal / px), "ubsdSum": long(d - db), "ubsdMean": long((d - db) / dn),
		}
		r.ints = append(r.ints, ints)
	}
	return r
}

// line writes the cells that a row has under names that end with a comma.
func line(names string, cells map[string]string, lacking string) string {
	var b strings.Builder
	for name := range strings.SplitSeq(strings.TrimSuffix(names, ","), ",") {
		if v, ok := cells[name]; ok {
			b.WriteString(v)
		} else {
			b.WriteString(lacking)
		}
		b.WriteByte(',')
	}
	return b.String()
}

// tables writes the objects of a session, and their intensities.
func (g *maker) tables(j int, stack string, rows []row, missing func(string) bool, empty bool) {
	names := db2Names
	if g.p.Unknown {
		names += "later,"
	}
	spines := 0
	var of []int
	notes, bad, kinds := make([]string, len(rows)), make([]bool, len(rows)), make([]maps.Type, len(rows))
	signal, places := make([]float64, len(rows)), make([][3]float64, len(rows))
	lines := []string{"", names}
	idx := 0
	for i, r := range rows {
		c := r.cells
		c["Idx"], c["roiType"], c["roiTypeNum"], c["channel"] = strconv.Itoa(idx), string(r.kind), strconv.Itoa(typeNumber[r.kind]), "1"
		c["cDate"], c["cTime"], c["mDate"], c["mTime"] = "2015-10-02", "14:30:01", "2015-10-02", "14:30:01"
		c["cSeconds"], c["mSeconds"], c["userName"] = "3526641001.546000", "3526641001.546000", "Some One"
		if g.p.Unknown {
			c["later"] = "x" + strconv.Itoa(i)
		}
		if idx++; g.r.IntN(9) == 0 {
			idx++ // people's deletions leave gaps
		}
		if r.thing >= 0 {
			spines++
		}
		of = append(of, r.thing)
		notes[i], bad[i], kinds[i] = latin(c["note"]), c["isBad"] == "1", r.kind
		for k, name := range []string{"x", "y", "z"} {
			places[i][k], _ = strconv.ParseFloat(c[name], 64)
		}
		signal[i] = math.NaN()
		if len(r.ints) > 0 && !missing("Int1") {
			signal[i], _ = strconv.ParseFloat(r.ints[0]["ubssSum"], 64)
		}
		lines = append(lines, line(names, c, ""))
	}
	lines[0] = fmt.Sprintf("originalFile=C:raw:%s_ch1.tif;stack=%s;stackdb=%s_db2;%snumObjects=%d;numSpines=%d;condStr=None;pixelx=1024;pixely=1024;pixelz=50;voxelx=0.12;voxely=0.12;voxelz=1;", stack, stack, stack, saved, len(rows), spines)
	if missing("db2") {
		of = nil
	} else {
		g.file("stackdb/"+stack+"_db2.txt", lines, "\r")
	}
	g.rows = append(g.rows, of)
	t := &g.m.Truth
	t.Notes, t.Bad, t.Kinds = append(t.Notes, notes), append(t.Bad, bad), append(t.Kinds, kinds)
	t.Signal, t.Places = append(t.Signal, signal), append(t.Places, places)
	if empty {
		return
	}
	for c := range g.p.Channels {
		kind := "Int" + strconv.Itoa(c+1)
		if missing(kind) {
			continue
		}
		lines := []string{fmt.Sprintf("stack=%s;stackdb=%s_db2;%s", stack, stack, saved), intNames}
		for i, r := range rows {
			cells := map[string]string{}
			if c < len(r.ints) {
				cells = r.ints[c]
			}
			cells["idx"] = long(float64(i))
			lines = append(lines, line(intNames, cells, "NaN"))
		}
		g.file("stackdb/"+stack+"_"+kind+".txt", lines, "\r")
	}
	if g.p.User {
		lines := []string{"Idx,volume,score"}
		for i := range rows {
			lines = append(lines, fmt.Sprintf("%d,%d,%s", i, 10*i, short(float64(i)/4)))
		}
		g.file("stackdb/"+stack+"_user.txt", lines, "\n")
	}
}

// latin reads bytes as Latin-1, unless they are UTF-8.
func latin(s string) string {
	if strings.ToValidUTF8(s, "") == s {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// tracing writes the dendrites of a session.
func (g *maker) tracing(stack string, traced []curve, starts []int, rows []row) {
	lines := []string{
		fmt.Sprintf("stack=%s;stackdb=%s_db2;%snumHeaderRow=%d;", stack, stack, saved, len(traced)),
		"On,Idx,sID,gID,start,stop,n,um,nObj,r,c,flipDendrite,flipSpines,swcFile,startIs,stopIs,",
	}
	for i, c := range traced {
		d := c.distances()
		n := 0
		for _, r := range rows {
			if r.thing >= 0 && g.things[r.thing].segment == i {
				n++
			}
		}
		lines = append(lines, fmt.Sprintf(",%d,%d,NaN,%d,%d,%d,%.1f,%d,0.35,57,0,0,,,,", i, i, starts[i], starts[i]+len(c.x)-1, len(c.x), d[len(d)-1], n))
	}
	lines = append(lines, lineNames)
	point := 0
	for i, c := range traced {
		d := c.distances()
		d3 := 0.0
		var deep []float64
		for k := range c.x {
			if k > 0 {
				d3 += math.Sqrt(math.Pow(d[k]-d[k-1], 2) + math.Pow(c.z[k]-c.z[k-1], 2))
			}
			deep = append(deep, d3)
		}
		for k := range c.x {
			prev := float64(point - 1)
			if k == 0 {
				prev = -1
			}
			lines = append(lines, line(lineNames, map[string]string{
				"x": long(c.x[k]), "y": long(c.y[k]), "z": long(c.z[k]), "zFloor": long(c.z[k]), "prevNode": long(prev), "ID": long(float64(i)),
				"sDist": long(d[k]), "pDist": long(d[k] - d[c.pivot]), "sDist3d": long(deep[k]), "pDist3d": long(deep[k] - deep[c.pivot]),
			}, "NaN"))
			point++
		}
	}
	g.file("line/"+stack+"_l.txt", lines, "\r")
}

// FS is the folder of the map.
func (m *Made) FS() fstest.MapFS {
	files := fstest.MapFS{}
	for _, f := range m.Files {
		files[f.Path] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return files
}

// Open reads the map.
func (m *Made) Open() (*maps.Map, error) { return maps.Read(m.FS(), m.Plan.Name) }

// Write writes the map as a folder of its name below dir.
func (m *Made) Write(dir string) error {
	for _, f := range m.Files {
		to := filepath.Join(dir, m.Plan.Name, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
