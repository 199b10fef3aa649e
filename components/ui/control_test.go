package ui

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/a-h/templ"
)

func TestFieldNumber(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 1: "1", -2.5: "-2.5", 0.1 + 0.2: "0.3", float64(float32(0.6)): "0.6", 1e6: "1000000", 12345678: "12345678", 65535.125: "65535.125",
		0.123456789: "0.123456789", 1<<53 - 1: "9007199254740990", float64(float32(0.1)) * 3: "0.300000004470348", math.Copysign(0, -1): "0",
		1e-7: "1e-07", 1e21: "1e+21", -math.MaxFloat64: "-1.7976931348623157e+308", math.Inf(1): "", math.NaN(): "",
	} {
		if got := FieldNumber(x); got != want {
			t.Errorf("FieldNumber(%g) is %q, want %q", x, got, want)
		}
	}
}

func TestNiceStep(t *testing.T) {
	for x, want := range map[float64]float64{
		1: 1, 0.001: 0.001, 0.0018: 0.001, 0.002: 0.002, 65.535: 50, 4.095: 2, 1e-9: 1e-9, 5e-324: 5e-324, 0: 1, -3: 1, math.Inf(1): 1,
	} {
		if got := NiceStep(x); math.Abs(got-want) > 1e-9*want {
			t.Errorf("NiceStep(%g) is %g, want %g", x, got, want)
		}
	}
}

// A slider stands where its value is, on either scale, whatever that is.
func TestSlider(t *testing.T) {
	low, high, zero, negative := 0.1, 1000.0, 0.0, -5.0
	first, last, tiny, ten := -math.MaxFloat64, math.MaxFloat64, 5e-324, 10.0
	for _, test := range []struct {
		name     string
		field    Field
		has      bool
		min, max string
		step, at string
		limits   string
	}{
		{"linear", Field{Type: FloatField, Min: &zero, Max: &high, Value: "250"}, true, "0", "1000", "1", "250", "0 to 1000"},
		{"whole", Field{Type: IntField, Min: &zero, Max: &high, Value: "7", Unit: "px"}, true, "0", "1000", "1", "7", "0 to 1000 px"},
		{"own step", Field{Type: FloatField, Min: &zero, Max: &high, Step: 0.5, Value: "7"}, true, "0", "1000", "0.5", "7", "0 to 1000"},
		{"logarithmic", Field{Type: FloatField, Min: &low, Max: &high, Log: true, Value: "10"}, true, "0", "1000", "1", "500", "0.1 to 1000"},
		{"at its end", Field{Type: FloatField, Min: &low, Max: &high, Log: true, Value: "1e9"}, true, "0", "1000", "1", "1000", "0.1 to 1000"},
		{"no logarithm of it", Field{Type: FloatField, Min: &negative, Max: &high, Log: true, Value: "0"}, true, "-5", "1000", "1", "0", "−5 to 1000"},
		{"unknown", Field{Type: FloatField, Min: &low, Max: &high}, true, "0.1", "1000", "0.5", "0.1", "0.1 to 1000"},
		{"one limit", Field{Type: FloatField, Min: &low}, false, "", "", "", "", "from 0.1"},
		{"upside down", Field{Type: FloatField, Min: &high, Max: &low}, false, "", "", "", "", "1000 to 0.1"},
		{"all numbers", Field{Type: FloatField, Min: &first, Max: &last}, false, "", "", "", "", "−1.7976931348623157e+308 to 1.7976931348623157e+308"},
		{"no ratio", Field{Type: FloatField, Min: &tiny, Max: &ten, Log: true, Value: "5"}, true, "5e-324", "10", "0.01", "5", "5e−324 to 10"},
		{"no number", Field{Type: FloatField, Min: &zero, Max: &high, Value: "NaN"}, true, "0", "1000", "1", "0", "0 to 1000"},
		{"a text", Field{Type: TextField}, false, "", "", "", "", ""},
	} {
		f := test.field
		if f.hasSlider() != test.has || f.limits() != test.limits {
			t.Errorf("%s: slider %v, limits %q", test.name, f.hasSlider(), f.limits())
			continue
		}
		if !test.has {
			continue
		}
		if f.sliderMin() != test.min || f.sliderMax() != test.max || f.sliderStep() != test.step || f.sliderValue() != test.at {
			t.Errorf("%s: from %s to %s by %s at %s, want %s to %s by %s at %s", test.name,
				f.sliderMin(), f.sliderMax(), f.sliderStep(), f.sliderValue(), test.min, test.max, test.step, test.at)
		}
	}
}

// A colour has the browser's own field, which knows no opacity, and a text that does.
func TestColorsHaveTwoFields(t *testing.T) {
	for value, want := range map[string][]string{
		"#ff800080": {`type="color"`, `value="#ff8000"`, `name="face" value="#ff800080"`},
		"":          {`value="#000000"`, `name="face" value=""`},
	} {
		var b bytes.Buffer
		if err := Control(ControlProps{Field: Field{ID: "face", Name: "face", Label: "Face", Type: ColorField, Value: value}}).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		for _, want := range want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %s in %s", want, b.String())
			}
		}
	}
}

func TestSectionsKeepTheOrder(t *testing.T) {
	control := func(name, section string) ControlProps {
		return ControlProps{Field: Field{Name: name}, Section: section}
	}
	free, sections := Sections([]ControlProps{control("a", ""), control("b", "x"), control("c", "y"), control("d", "x"), control("e", "")})
	if len(free) != 2 || free[1].Name != "e" || len(sections) != 2 || sections[0].Title != "x" || len(sections[0].Controls) != 2 || sections[0].Controls[1].Name != "d" {
		t.Error(free, sections)
	}
}

// What programs send is the value, whatever people see of it.
func TestChoicesAreShownByTheirLabels(t *testing.T) {
	f := Field{ID: "value-layer", Name: "layer", Label: "Layer", Type: ChoiceField, Value: "2", Default: "1", Choices: []string{"1", "2"}, Labels: []string{"nuclei", "<b>"}}
	for _, test := range []struct {
		name string
		form templ.Component
		want []string
	}{
		{"buttons", Control(ControlProps{Field: f}), []string{
			`value="1" aria-pressed="false">nuclei</button>`, `value="2" aria-pressed="true">&lt;b&gt;</button>`,
		}},
		{"a list", ActionForm(ActionProps{ID: "look", Label: "Look", Fields: []Field{f}}), []string{
			`<option value="1">nuclei</option>`, `<option value="2" selected>&lt;b&gt;</option>`,
		}},
	} {
		var b bytes.Buffer
		if err := test.form.Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %s in %s", test.name, want, b.String())
			}
		}
	}
	if got := f.resetLabel(); got != "Reset Layer to nuclei" {
		t.Error(got)
	}
	// Few choices with long labels are a list, and without labels they are themselves.
	if f.Labels = []string{strings.Repeat("x", 20), "other"}; f.segmented() {
		t.Error("long labels in a row of buttons")
	}
	if f.Labels = nil; f.choiceLabel(1) != "2" || !f.segmented() {
		t.Error("without labels")
	}
}

// The field of soft limits takes what the slider does not reach.
func TestSoftLimitsAreThoseOfTheSlider(t *testing.T) {
	low, high := 0.0, 5.0
	for _, soft := range []bool{false, true} {
		var b bytes.Buffer
		f := Field{ID: "x", Name: "x", Label: "X", Type: FloatField, Value: "7", Min: &low, Max: &high, Soft: soft}
		if err := Control(ControlProps{Field: f}).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		slider, field, _ := strings.Cut(b.String(), `type="number"`)
		if !strings.Contains(slider, `max="5"`) || strings.Contains(field, `max="5"`) == soft || strings.Contains(field, `min="0"`) == soft {
			t.Errorf("soft %t: %s", soft, b.String())
		}
	}
}
