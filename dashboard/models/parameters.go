package models

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"webmon/components"
	"webmon/dashboard/source"
	"webmon/natural"
	"webmon/shm"
)

// parameterPrefix is the beginning of the names of URL parameters that set controls of
// the model: ?p.cooling=0.1.
const parameterPrefix = "p."

// Limits of what a URL may ask for.
const (
	maxParameters = 64
	maxShown      = 60 // letters of a name or a value that are shown
)

// parameter is a value that a URL asks for.
type parameter struct{ name, value string }

// parametersOf reads the parameters of a URL, sorted by name.
func parametersOf(query url.Values) []parameter {
	var out []parameter
	for key, values := range query {
		if name, ok := strings.CutPrefix(key, parameterPrefix); ok && name != "" && len(values) > 0 {
			out = append(out, parameter{name, values[len(values)-1]})
		}
	}
	slices.SortFunc(out, func(a, b parameter) int { return natural.Compare(a.name, b.name) })
	return out[:min(len(out), maxParameters)]
}

// without is the query of a URL without these parameters.
func without(query url.Values) url.Values {
	rest := url.Values{}
	for name, values := range query {
		if !strings.HasPrefix(name, parameterPrefix) {
			rest[name] = values
		}
	}
	return rest
}

// parameters compares the values that a URL asks for with the present ones. rest is the
// URL's query without them. It is nil if no value differs.
func (m *Models) parameters(src *source.Source, key string, rest url.Values, given []parameter) *components.ModelParameters {
	if len(given) == 0 {
		return nil
	}
	out := &components.ModelParameters{Leave: m.Href(key)}
	if len(rest) > 0 {
		out.Leave += "?" + rest.Encode()
	}
	var declared shm.Controls
	if src != nil {
		declared = src.Controls()
	}
	if len(declared) == 0 {
		for _, p := range given {
			out.Unchecked = append(out.Unchecked, natural.Short(p.name, maxShown)+" = "+natural.Short(p.value, maxShown))
		}
		return out
	}
	for _, p := range given {
		c, ok := declared.Get(p.name)
		if !ok {
			out.Refused = append(out.Refused, fmt.Sprintf("This model has no parameter %q.", natural.Short(p.name, maxShown)))
			continue
		}
		value, err := c.Accept(p.value)
		if err != nil {
			c.Name = labelOf(c)
			if _, err := c.Accept(p.value); err != nil {
				out.Refused = append(out.Refused, natural.Sentence(err.Error()))
			}
			continue
		}
		if value == c.Value || number(value) == number(c.Value) {
			continue
		}
		out.Changes = append(out.Changes, components.ModelChange{
			Name: c.Name, Value: p.value, Label: labelOf(c), From: natural.Short(number(c.Value), maxShown), To: natural.Short(number(value), maxShown), Unit: c.Unit,
		})
	}
	if len(out.Changes) == 0 && len(out.Refused) == 0 {
		return nil
	}
	return out
}

func labelOf(c shm.Control) string {
	if c.Title != "" {
		return c.Title
	}
	return c.Name
}
