package maps

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"webmon/natural"
	"webmon/shm/maps"
)

// asked are the parameters of a request.
type asked struct{ url.Values }

func ask(r *http.Request) asked { return asked{r.URL.Query()} }

// number reads a count from 0 below n, maps.All where it is left out or "all". of is
// what is counted, for people.
func (q asked) number(field, of string, n int) (int, error) {
	text := q.Get(field)
	if text == "" || text == "all" {
		return maps.All, nil
	}
	v, err := strconv.Atoi(text)
	switch {
	case err != nil || v < 0:
		return 0, refuse(field, "%s must be a whole number from 0, or all", field)
	case v >= n && n == 0:
		return 0, refuse(field, "the map has no %ss, so none can be chosen", of)
	case v >= n:
		return 0, refuse(field, "there is no %s %d; the map has %d, counted from 0", of, v, n)
	}
	return v, nil
}

// truth reads 0 or 1.
func (q asked) truth(field string, otherwise bool) (bool, error) {
	switch q.Get(field) {
	case "":
		return otherwise, nil
	case "0", "false":
		return false, nil
	case "1", "true":
		return true, nil
	}
	return false, refuse(field, "%s must be 0 or 1", field)
}

// float reads a number.
func (q asked) float(field string, otherwise, least, most float64) (float64, error) {
	text := q.Get(field)
	if text == "" {
		return otherwise, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= least && v <= most) {
		return 0, refuse(field, "%s must be a number from %g to %g", field, least, most)
	}
	return v, nil
}

// one reads a word out of those that are known, the first where it is left out.
func (q asked) one(field string, known ...string) (string, error) {
	text := q.Get(field)
	if text == "" {
		return known[0], nil
	}
	if !slices.Contains(known, text) {
		return "", refuse(field, "%s must be one of %s", field, strings.Join(known, ", "))
	}
	return text, nil
}

// objectType reads the type of object that is asked for, "" for the map's own.
func (q asked) objectType(field string) (maps.Type, error) {
	text := q.Get(field)
	if text == "" {
		return "", nil
	}
	known := []maps.Type{maps.Spine, maps.Other, maps.Node, maps.Slab, maps.Control, maps.Pivot, maps.GlobalPivot}
	for _, t := range known {
		if strings.EqualFold(string(t), text) {
			return t, nil
		}
	}
	return "", refuse(field, "%s must be one of %s", field, strings.Trim(fmt.Sprint(known), "[]"))
}

// maxStats is how many statistics one answer may have.
const maxStats = 64

// stats reads names of statistics between commas.
func (q asked) stats(field string, m *maps.Map) ([]string, error) {
	var out []string
	for name := range strings.SplitSeq(q.Get(field), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if _, ok := m.Stat(name); !ok {
			return nil, refuse(field, "there is no statistic %.60q in this map", name)
		}
		if out = append(out, name); len(out) > maxStats {
			return nil, refuse(field, "%s may name %d statistics", field, maxStats)
		}
	}
	return out, nil
}

// query reads which objects are asked for.
func (q asked) query(m *maps.Map) (maps.Query, error) {
	var out maps.Query
	var err error
	if out.Type, err = q.objectType("type"); err != nil {
		return out, err
	}
	if out.Session, err = q.number("session", "session", len(m.Sessions)); err != nil {
		return out, err
	}
	if out.Segment, err = q.number("segment", "map segment", m.SegmentRuns().Len()); err != nil {
		return out, err
	}
	if out.Bad, err = q.truth("bad", true); err != nil {
		return out, err
	}
	if out.Filtered, err = q.truth("filtered", false); err != nil {
		return out, err
	}
	out.Stats, err = q.stats("stat", m)
	return out, err
}

// values returns what a query asks for; its error is an answer.
func values(m *maps.Map, q maps.Query) (*maps.Values, error) {
	v, err := m.Values(q)
	if err != nil {
		return nil, refuse("", "%s", natural.Sentence(err.Error()))
	}
	return v, nil
}
