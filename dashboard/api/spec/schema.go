package spec

import "slices"

// failure is the body of every failure.
var failure = object(
	field("error", Schema{"type": "string", "description": "one sentence for people: what was wrong, and what to do"}),
	optional("field", Schema{"type": "string", "description": "the value that is to blame"}),
	optional("session", Schema{"type": "string", "enum": []string{"unknown"}, "description": "webmon was started again, or the session has ended: open its address"}),
)

type property struct {
	name     string
	schema   Schema
	required bool
}

func field(name string, s Schema) property    { return property{name, s, true} }
func optional(name string, s Schema) property { return property{name, s, false} }

// given is a field of a request that may be left out, for which null and an empty text are the same.
func given(name string, s Schema) property {
	if s["enum"] != nil || s["format"] != nil {
		return optional(name, Schema{"anyOf": []any{s, Schema{"enum": []any{"", nil}}}})
	}
	return optional(name, orNull(s))
}

// object is an object with these fields, and no others.
func object(fields ...property) Schema {
	properties, required := map[string]any{}, []string{}
	for _, f := range fields {
		properties[f.name] = f.schema
		if f.required {
			required = append(required, f.name)
		}
	}
	return Schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// and is an object that may have further fields, of that kind.
func and(s, further Schema) Schema {
	out := Schema{}
	for k, v := range s {
		out[k] = v
	}
	out["additionalProperties"] = further
	return out
}

// anything is any value.
func anything() Schema { return Schema{} }

func list(of Schema) Schema { return Schema{"type": "array", "items": of} }

// named is an object whose fields are all of one kind.
func named(of Schema) Schema { return Schema{"type": "object", "additionalProperties": of} }

func text() Schema  { return Schema{"type": "string"} }
func when() Schema  { return Schema{"type": "string", "format": "date-time"} }
func truth() Schema { return Schema{"type": "boolean"} }

func number() Schema { return Schema{"type": "number"} }
func whole() Schema  { return Schema{"type": "integer"} }

// from is a number with its bounds.
func from(least, most float64) Schema {
	return Schema{"type": "number", "minimum": least, "maximum": most}
}

// above is a number above one and at most another.
func above(least, most float64) Schema {
	return Schema{"type": "number", "exclusiveMinimum": least, "maximum": most}
}

func oneOf(words ...string) Schema { return Schema{"type": "string", "enum": words} }

// orNull is what may also be null.
func orNull(s Schema) Schema {
	out := Schema{}
	for k, v := range s {
		out[k] = v
	}
	if kind, ok := s["type"].(string); ok {
		out["type"] = []string{kind, "null"}
	} else {
		return Schema{"oneOf": []any{s, Schema{"type": "null"}}}
	}
	if words, ok := s["enum"].([]string); ok {
		var all []any
		for _, w := range words {
			all = append(all, w)
		}
		out["enum"] = append(all, nil)
	}
	return out
}

// columns is a table of rows, with the names of their columns.
func columns() Schema {
	return object(field("columns", list(text())), field("rows", list(list(Schema{"type": []string{"number", "string", "boolean", "null"}}))))
}

// fieldsOf is a list of objects whose fields are numbers or null, but for those that are given.
func fieldsOf(names []string, others ...property) Schema {
	var all []property
	for _, name := range names {
		if !slices.ContainsFunc(others, func(p property) bool { return p.name == name }) {
			all = append(all, field(name, Schema{"type": []string{"number", "null"}}))
		}
	}
	return list(object(append(all, others...)...))
}

// param is a parameter that may be left out.
func param(name, text string, s Schema) Param { return Param{Name: name, Text: text, Schema: s} }

// must is a parameter that must be given; example is one that works.
func must(name, text string, s Schema, example any) Param {
	return Param{Name: name, Text: text, Schema: s, Required: true, Example: example}
}

// bit is a truth in an address.
func bit() Schema { return oneOf("0", "1", "false", "true") }

// ok is an answer of JSON.
func ok(text string, s Schema) []Answer {
	return []Answer{{Status: 200, Text: text, Type: "application/json", Schema: s}}
}

// file is an answer of a file.
func file(text, kind string) []Answer { return []Answer{{Status: 200, Text: text, Type: kind}} }
