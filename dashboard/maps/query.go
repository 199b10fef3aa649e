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
		return "", refuse(field, "%s must be one of %s", field, strings.TrimPrefix(strings.Join(known, ", "), ", "))
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
	mask, err := q.one("mask", "", string(maps.MaskAdded), string(maps.MaskSubtracted), string(maps.MaskTransient), string(maps.MaskAlways))
	if err != nil {
		return out, err
	}
	out.Mask = maps.Mask(mask)
	if out.UserTypes, err = q.userTypes("types"); err != nil {
		return out, err
	}
	zero, err := q.number("zero", "session", len(m.Sessions))
	if err != nil {
		return out, err
	}
	out.Zero = max(zero, 0)
	if out.Transform, err = q.transform(m); err != nil {
		return out, err
	}
	out.Stats, err = q.stats("stat", m)
	if err == nil && q.Get("transformed") != "" {
		out.Transformed, err = q.stats("transformed", m)
	}
	return out, err
}

// userTypes reads numbers between commas, nil for all.
func (q asked) userTypes(field string) ([]int, error) {
	var out []int
	for text := range strings.SplitSeq(q.Get(field), ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < 0 || len(out) > 64 {
			return nil, refuse(field, "%s must be numbers of user types, such as 0,3", field)
		}
		out = append(out, v)
	}
	return out, nil
}

// transform reads what becomes of values: transform=percent&against=<session> or
// against=<condition>, such as a*.
func (q asked) transform(m *maps.Map) (maps.Transform, error) {
	known := make([]string, len(maps.TransformKinds))
	for i, k := range maps.TransformKinds {
		known[i] = string(k)
	}
	kind, err := q.one("transform", known...)
	out := maps.Transform{Kind: maps.TransformKind(kind)}
	if err != nil || out.Kind == maps.Raw || out.Kind == maps.OfMean {
		return out, err
	}
	switch against := q.Get("against"); {
	case against == "":
	case len(m.SessionsOf(against)) > 0 && !isNumber(against):
		out.Condition = against
	default:
		if out.Session, err = q.number("against", "session", len(m.Sessions)); err != nil && !isNumber(against) {
			err = refuse("against", "no session has the condition %.60q", against)
		}
		out.Session = max(out.Session, 0)
	}
	return out, err
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}

// values returns what a query asks for; its error is an answer.
func values(m *maps.Map, q maps.Query) (*maps.Values, error) {
	v, err := m.Values(q)
	if err != nil {
		return nil, refuse("", "%s", natural.Sentence(err.Error()))
	}
	return v, nil
}
