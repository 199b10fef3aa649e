package shm

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxNamed is how many choices are named to whoever sends none of them.
const maxNamed = 20

// maxText is the longest text a control takes, in bytes.
const maxText = 4096

// Accept turns what a person entered, or what a program sent, into a value that the
// control's type and limits allow. v is a string as forms send it, or a bool, a
// float64 or a string as JSON has it, or a value that Accept has returned. The
// control's default is always allowed, even beyond its limits: a model may begin
// beyond its slider, and people can put it back there. The error says what would be
// right.
func (c Control) Accept(v Value) (Value, error) {
	switch c.Type {
	case Bool:
		return c.acceptBool(v)
	case Int, Float:
		return c.acceptNumber(v)
	case Choice:
		return c.acceptChoice(v)
	case Text:
		s, ok := v.(string)
		if !ok || len(s) > maxText {
			return nil, fmt.Errorf("%s must be a text of at most %d bytes", c.Name, maxText)
		}
		return s, nil
	case Color:
		s, _ := v.(string)
		color, ok := ParseColor(s)
		if !ok {
			return nil, fmt.Errorf("%s must be a colour: # and the six hexadecimal digits of red, green and blue, or eight with the opacity", c.Name)
		}
		return color, nil
	}
	return nil, fmt.Errorf("%s has the unknown type %q", c.Name, c.Type)
}

// ParseColor returns a colour the one way in which it is written: "#rrggbb", or
// "#rrggbbaa" if it is not opaque, in small letters. It takes capitals, blanks
// around it, and an opacity of ff.
func ParseColor(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) != 7 && len(s) != 9 || s[0] != '#' || strings.Trim(s[1:], "0123456789abcdef") != "" {
		return "", false
	}
	if len(s) == 9 && s[7:] == "ff" {
		s = s[:7]
	}
	return s, true
}

// acceptChoice takes one of the choices, a number for the one that reads the same.
// What is none of them is taken for the choice of which it is the label, if only
// one has it.
func (c Control) acceptChoice(v Value) (Value, error) {
	s, ok := v.(string)
	if x, isNumber := Number(v); isNumber {
		s, ok = strconv.FormatFloat(x, 'f', -1, 64), true
	}
	if ok && slices.Contains(c.Choices, s) {
		return s, nil
	}
	if i := slices.Index(c.Labels, s); ok && i >= 0 && i < len(c.Choices) && !slices.Contains(c.Labels[i+1:], s) {
		return c.Choices[i], nil
	}
	var names []string
	for i, choice := range c.Choices {
		if i == maxNamed {
			names = append(names, "...")
			break
		}
		if i < len(c.Labels) && c.Labels[i] != choice {
			choice += " (" + c.Labels[i] + ")"
		}
		names = append(names, choice)
	}
	return nil, fmt.Errorf("%s must be one of %s", c.Name, strings.Join(names, ", "))
}

func (c Control) acceptBool(v Value) (Value, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(v) {
		case "true", "on", "1", "yes":
			return true, nil
		case "false", "off", "0", "no":
			return false, nil
		}
	}
	return nil, fmt.Errorf("%s must be true or false", c.Name)
}

func (c Control) acceptNumber(v Value) (Value, error) {
	var x float64
	if s, ok := v.(string); ok {
		var err error
		if x, err = strconv.ParseFloat(strings.TrimSpace(s), 64); err != nil {
			return nil, fmt.Errorf("%s must be a number", c.Name)
		}
	} else if x, ok = Number(v); !ok {
		return nil, fmt.Errorf("%s must be a number", c.Name)
	}
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return nil, fmt.Errorf("%s must be a finite number", c.Name)
	case c.beyond(x) && c.isDefault(x):
		return c.Default, nil
	case c.beyond(x) && c.Min != nil && x < *c.Min:
		return nil, fmt.Errorf("%s must be at least %s", c.Name, quantity(*c.Min, c.Unit))
	case c.beyond(x):
		return nil, fmt.Errorf("%s must be at most %s", c.Name, quantity(*c.Max, c.Unit))
	case c.Type == Float:
		return x, nil
	case x != math.Trunc(x) || math.Abs(x) > 1<<53:
		return nil, fmt.Errorf("%s must be a whole number", c.Name)
	}
	return int64(x), nil
}

// beyond reports whether a number is outside the limits, if it must not be.
func (c Control) beyond(x float64) bool {
	return !c.Soft && (c.Min != nil && x < *c.Min || c.Max != nil && x > *c.Max)
}

// isDefault reports whether a number is the default, to seven digits: forms show no
// more of them.
func (c Control) isDefault(x float64) bool {
	d, ok := Number(c.Default)
	return ok && math.Abs(x-d) <= 1e-6*math.Abs(d)
}

func quantity(x float64, unit string) string {
	return strings.TrimSpace(strconv.FormatFloat(x, 'g', -1, 64) + " " + unit)
}
