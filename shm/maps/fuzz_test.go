package maps

import (
	"math"
	"testing"
)

// Whatever the files of a map are, all that is computed of them is computed without a
// panic, and every object of the type is in just one run.
func FuzzMap(f *testing.F) {
	objects := "voxelz=2;\nIdx,roiType,x,y,z,parentID,cPnt,sDist,pDist,cLine,note,isBad,userType,\n" +
		"0,globalPIvot,1,1,1,NaN,,,,,,,,\n1,pivotPnt,1,1,1,0,1,,0,,,,,\n2,spineROI,1,2,3,0,0,0,-1,radius1,a,1,2,\n3,spineROI,2,2,3,0,1,1,0,radius2,,,1,\n"
	lines := "numHeaderRow=1;\nOn,Idx,start,stop,r,\n,0,0,1,0.3,\nx,y,z,ID,sDist,\n0,0,0,0,0,\n1,1,1,0,1.4,\n"
	links := "rows=4;cols=2;blocks=5;blockNames=idx,next,nextTP,prev,prevTP;\n0\t0\n1\t1\n2\t2\n3\t3\n" +
		"NAN\tNAN\n1\tNAN\n3\tNAN\nNAN\tNAN\nNAN\tNAN\n1\tNAN\n1\tNAN\nNAN\tNAN\nNAN\tNAN\nNAN\t1\nNAN\tNAN\nNAN\t2\nNAN\tNAN\nNAN\t0\nNAN\tNAN\nNAN\t0\n"
	segments := "rows=1;cols=2;blocks=5;blockNames=idx,next,nextTP,prev,prevTP;\n0\t0\n0\tNAN\n1\tNAN\nNAN\t0\nNAN\t0\n"
	f.Add([]byte("\t\nhsStack\ta_ch1\tb_ch1\ncondStr\ta1\tb1\ndays\t0\t1\n"), []byte(objects), []byte(objects), []byte(links), []byte(segments), []byte(lines), []byte("idx,sLen3d,ubssSum,\n"))
	f.Fuzz(func(t *testing.T, sheet, a, b, objMap, segMap, line, ints []byte) {
		m, err := FromFiles("m", []File{
			{"m.txt", sheet}, {"m_objMap.txt", objMap}, {"m_segMap.txt", segMap}, {"stackdb/a_db2.txt", a}, {"stackdb/b_db2.txt", b},
			{"line/a_l.txt", line}, {"line/b_l.txt", line}, {"stackdb/a_Int1.txt", append([]byte("x=1;\n"), ints...)},
		})
		if err != nil {
			return
		}
		runs := m.Runs("")
		for j, s := range m.Sessions {
			for row, kind := range s.Types() {
				run := runs.Run(j, row)
				if (run == None) == (kind == m.DefaultType) || run != None && runs.Row(run, j) != row {
					t.Fatalf("session %d row %d is a %s of run %d", j, row, kind, run)
				}
			}
		}
		if runs.Len() > 2000 || len(m.Sessions) > 20 {
			return
		}
		var stats []string
		for _, s := range m.Stats() {
			stats = append(stats, s.Name)
		}
		for _, k := range TransformKinds {
			q := Query{Stats: stats, Session: All, Segment: All, Bad: true, Mask: MaskAdded, Transform: Transform{Kind: k}}
			if v, err := m.Values(q); err != nil {
				t.Fatal(err)
			} else if len(v.Columns) != len(stats) {
				t.Fatalf("got %d columns", len(v.Columns))
			}
		}
		for _, measure := range Measures {
			for _, whole := range []bool{false, true} {
				o := Report{Measure: measure, Whole: whole, Filtered: whole}
				for _, r := range m.Dynamics(o) {
					if r.Good != r.Total-r.Bad || r.Density < 0 || math.IsInf(r.Density, 0) {
						t.Fatalf("got %+v", r)
					}
				}
				m.SegmentReport(o)
				m.Survival(o, All, true)
				if _, err := m.NewPersistent(o, All, 2); err != nil {
					t.Fatal(err)
				}
			}
		}
		for run := range min(runs.Len(), 50) {
			for j := range m.Sessions {
				if p, ok := m.Where(runs, run, j); ok && math.IsNaN(p.X+p.Y+p.Z) {
					t.Fatalf("run %d is nowhere in session %d", run, j)
				}
			}
		}
		for _, k := range SearchKinds {
			if _, err := m.Find(Search{Kind: k, Session: All, Segment: All, Stat: "x", Op: ">"}); err != nil && k != FindStat {
				t.Fatal(err)
			}
		}
		for j := range m.Sessions {
			if _, err := m.Trace(j, All); err != nil {
				t.Fatal(err)
			}
			_, _ = m.Pairs("", j, All, 5, false)
		}
		if _, err := m.Pool(PoolQuery{Stat: "days", Groups: []string{"a*", "*"}, Transform: Percent, Baseline: "*", Segment: All}, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := FromFiles("m", m.Files()); err != nil {
			t.Fatalf("what is written cannot be read: %v", err)
		}
	})
}
