package made

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"webmon/shm/maps"
)

// blocks is what a file of links has: for each block and row a cell for each session.
type blocks struct {
	names []string
	cells [][][]string
}

func newBlocks(names []string, rows, cols int) *blocks {
	b := &blocks{names: names}
	for range names {
		block := make([][]string, rows)
		for i := range block {
			block[i] = slices.Repeat([]string{"NAN"}, cols)
		}
		b.cells = append(b.cells, block)
	}
	return b
}

func (b *blocks) set(name string, row, session, v int) {
	if i := slices.Index(b.names, name); i >= 0 {
		b.cells[i][row][session] = strconv.Itoa(v)
	}
}

func (b *blocks) link(row, session, next int) {
	b.set("next", row, session, next)
	b.set("nextTP", row, session, session+1)
	b.set("prev", next, session+1, row)
	b.set("prevTP", next, session+1, session)
}

func (b *blocks) lines(rows, cols int) []string {
	lines := []string{fmt.Sprintf("rows=%d;cols=%d;blocks=%d;blockNames=%s;", rows, cols, len(b.names), strings.Join(b.names, ","))}
	for _, block := range b.cells {
		for _, row := range block {
			lines = append(lines, strings.Join(row, "\t"))
		}
	}
	return lines
}

var blockNames = []string{"idx", "next", "nextTP", "prev", "prevTP", "blank", "runIdx", "dynType", "forced", "nodeType", "segmentID", "splitIdx"}

// links writes the object map, and the truth about runs.
func (g *maker) links() {
	rows := 1
	for _, r := range g.rows {
		rows = max(rows, len(r)+1)
	}
	names := blockNames
	if g.p.Unknown {
		names = append(slices.Clone(names), "later")
	}
	b := newBlocks(names, rows, g.p.Sessions)
	at := func(session, thing int) int { return slices.Index(g.rows[session], thing) }
	broken := map[int]bool{} // things whose first link is not sound
	for j, r := range g.rows {
		for i, thing := range r {
			b.set("idx", i, j, i)
			b.set("forced", i, j, 0)
			b.set("nodeType", i, j, typeNumber[g.m.Truth.Kinds[j][i]])
			if g.p.Unknown {
				b.set("later", i, j, 7)
			}
			if thing < 0 {
				if g.m.Truth.Kinds[j][i] == maps.Pivot && j+1 < g.p.Sessions && i < len(g.rows[j+1]) && g.m.Truth.Kinds[j+1][i] == maps.Pivot {
					b.link(i, j, i)
				}
				continue
			}
			if s := g.things[thing].segment; s >= 0 {
				b.set("segmentID", i, j, s)
			}
			if j+1 >= g.p.Sessions {
				continue
			}
			next := at(j+1, thing)
			if next < 0 {
				continue
			}
			b.link(i, j, next)
			if g.p.Broken && j == g.things[thing].first && thing%5 < 3 && !broken[thing] {
				broken[thing] = true
				switch thing % 5 {
				case 0: // it is not linked back
					b.cells[3][next][j+1] = "NAN"
				case 1: // it leads nowhere
					b.set("next", i, j, 100000+thing)
				case 2: // it leads to the map-wide pivot
					b.set("next", i, j, 0)
				}
			}
		}
	}
	if g.p.Blank {
		b.cells[1][0][0] = ""
	}
	g.file(g.p.Name+"_objMap.txt", b.lines(rows, g.p.Sessions), "\n")

	t := &g.m.Truth
	for j, r := range g.rows {
		for i, thing := range r {
			if thing < 0 {
				continue
			}
			begins := j == 0 || at(j-1, thing) < 0 || broken[thing] && j == g.things[thing].first+1
			if !begins {
				continue
			}
			run := slices.Repeat([]int{maps.None}, g.p.Sessions)
			for k, row := j, i; row >= 0; {
				run[k] = row
				if k++; k >= g.p.Sessions || broken[thing] && k == g.things[thing].first+1 {
					break
				}
				row = at(k, thing)
			}
			t.Runs = append(t.Runs, run)
			t.Thing = append(t.Thing, thing)
		}
	}
}

// segments writes the segment map.
func (g *maker) segments() {
	name := g.p.Name + "_segMap.txt"
	if g.p.SegMapOff {
		name = "!" + name
	}
	n := g.p.Segments
	if g.p.NoSegMap {
		return
	}
	if g.p.Type == maps.Node {
		n = 0
	}
	b := newBlocks(blockNames[:11], n, g.p.Sessions)
	for i := range n {
		for j := range g.p.Sessions {
			if j == 0 && g.p.EmptyFirst {
				continue
			}
			b.set("idx", i, j, i)
			b.set("forced", i, j, 0)
			b.set("nodeType", i, j, 6)
			if j+1 < g.p.Sessions {
				b.link(i, j, i)
			}
		}
	}
	g.file(name, b.lines(n, g.p.Sessions), "\n")
}

// sheet writes the session table.
func (g *maker) sheet() {
	const width = 32
	wide := max(width, g.p.Sessions)
	lines := []string{strings.Repeat("\t", wide)}
	add := func(label string, cells ...string) {
		for len(cells) < wide {
			cells = append(cells, "")
		}
		lines = append(lines, label+"\t"+strings.Join(cells, "\t"))
	}
	each := func(label string, cell func(j int) string) {
		var cells []string
		for j := range g.p.Sessions {
			cells = append(cells, cell(j))
			if g.p.Blank && j == 0 {
				cells = append(cells, "") // a session that was taken out
			}
		}
		add(label, cells...)
	}
	same := func(words string) func(int) string { return func(int) string { return words } }
	objects, spines := 0, 0
	for _, r := range g.rows {
		objects += len(r)
		for _, thing := range r {
			if thing >= 0 {
				spines++
			}
		}
	}
	add("folder", "root:maps:")
	add("wname", g.p.Name)
	if g.p.Unknown {
		add("laterLabel", "kept", "", "too")
	}
	each("index", strconv.Itoa)
	each("hsStack", func(j int) string { return g.stack(j) + "_ch1" })
	each("hsdb", func(j int) string { return g.stack(j) + "_db2" })
	each("hsStackNV", g.stack)
	each("date", func(j int) string { return strconv.Itoa(20141001 + j) })
	each("time", same("20:01:40"))
	each("numChannels", same(strconv.Itoa(g.p.Channels)))
	each("defaultChannel", same(strconv.Itoa(min(2, g.p.Channels))))
	each("px", same("1024"))
	each("py", same("1024"))
	each("pz", same("50"))
	each("dx", same("0.12"))
	each("dy", same("0.12"))
	each("dz", same("1"))
	add("stackdbVersion", "20151224")
	add("numSeg", strconv.Itoa(g.p.Segments))
	add("numObj", strconv.Itoa(objects))
	add("numSpine", strconv.Itoa(spines))
	each("importedStackName", func(j int) string { return "scan_" + strconv.Itoa(100+j) })
	each("condStr", func(j int) string { return g.p.Conditions[j] })
	add("zeroSession", "0")
	each("days", strconv.Itoa)
	each("hours", func(j int) string { return strconv.Itoa(24 * j) })
	add("mapCond", g.p.Condition)
	if g.p.Type != maps.Spine {
		add("defaultAnnotation", string(g.p.Type))
	}
	g.file(g.p.Name+".txt", lines, "\n")
}
