package chart

import (
	"maps"
	"strconv"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// The distance of the plot from the edges of the chart, in CSS pixels. The page
// has the same numbers (PLOT in public/js/charts/chart.js).
const (
	PlotLeft   = 64
	PlotRight  = 12
	PlotTop    = 12
	PlotBottom = 24
)

// Option returns the ECharts option with which a page starts a chart. It contains
// no values: frames bring them. It is plain data for @templ.JSONScript. Colours are
// CSS variables such as "var(--series-1)", and formatters are names such as "@ms".
// The page replaces them, and replaces the colours again when the theme changes.
func Option(spec Spec) map[string]any {
	c := charts.NewLine()
	c.SetGlobalOptions(
		charts.WithAnimation(false),
		charts.WithTitleOpts(opts.Title{Title: spec.Title, Show: opts.Bool(false)}),
		charts.WithLegendOpts(opts.Legend{Show: opts.Bool(false)}),   // the page's own, of buttons
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(false)}), // the page's own, shared by all charts
		charts.WithGridOpts(opts.Grid{}),
		charts.WithXAxisOpts(opts.XAxis{
			// Milliseconds since the epoch. The page sets the ticks, because those
			// of an ECharts time axis do not move evenly with the time.
			Type: "value",
			AxisLabel: &opts.AxisLabel{
				Formatter: "@clock", Color: "var(--muted)", HideOverlap: opts.Bool(true),
			},
			AxisLine:  &opts.AxisLine{LineStyle: &opts.LineStyle{Color: "var(--highlight)"}},
			AxisTick:  &opts.AxisTick{Show: opts.Bool(false)},
			SplitLine: &opts.SplitLine{Show: opts.Bool(false)},
		}),
		charts.WithYAxisOpts(opts.YAxis{
			Type:      axisType(spec.Log),
			AxisLabel: &opts.AxisLabel{Formatter: types.FuncStr("@" + formatter(spec.Unit)), Color: "var(--muted)"},
			AxisLine:  &opts.AxisLine{Show: opts.Bool(false)},
			SplitLine: &opts.SplitLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: "var(--control)"}},
		}),
	)
	c.Aria = &opts.Aria{
		Enabled: opts.Bool(true),
		Label:   &opts.AriaLabel{Enabled: opts.Bool(true), Description: spec.Title + ". " + spec.Help},
	}
	for i, line := range spec.Lines {
		var options []charts.SeriesOpts
		if i == 0 && len(spec.Thresholds) > 0 {
			data := make([]opts.MarkLineNameYAxisItem, len(spec.Thresholds))
			for j, t := range spec.Thresholds {
				data[j] = opts.MarkLineNameYAxisItem{Name: t.Label, YAxis: t.Value}
			}
			options = append(options, charts.WithMarkLineNameYAxisItemOpts(data...),
				charts.WithMarkLineStyleOpts(opts.MarkLineStyle{
					Symbol:    []string{"none", "none"},
					LineStyle: &opts.LineStyle{Color: "var(--muted)", Type: "dashed", Width: 1},
					Label:     &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Color: "var(--text)", Position: "insideStartTop"},
				}))
		}
		c.AddSeries(line.Label, nil, options...)
	}
	c.Validate()
	m := c.JSON()
	patch(m, spec)
	return m
}

// patch sets what go-echarts has no field for, or gets wrong.
func patch(m map[string]any, spec Spec) {
	delete(m, "toolbox")
	delete(m, "color") // go-echarts' default palette; each series has its own colour
	m["progressive"] = 0
	if axes, ok := m["yAxis"].([]opts.YAxis); ok && len(axes) > 0 {
		m["yAxis"] = []map[string]any{{
			"type": axes[0].Type, "axisLabel": axes[0].AxisLabel, "axisLine": axes[0].AxisLine,
			"splitLine": axes[0].SplitLine, "axisTick": map[string]any{"show": false},
		}}
	}
	// The plot stays where the page draws its own cursor line.
	if grids, ok := m["grid"].([]opts.Grid); ok && len(grids) > 0 {
		m["grid"] = []map[string]any{{
			"left": PlotLeft, "right": PlotRight, "top": PlotTop, "bottom": PlotBottom, "outerBoundsMode": "none",
		}}
	}
	list, _ := m["series"].(charts.MultiSeries)
	var series []map[string]any
	for i, s := range list {
		line := spec.Lines[i]
		id := "line" + strconv.Itoa(i)
		// From the lowest to the highest value of each bucket.
		extent := map[string]any{
			"id":         id,
			"name":       s.Name,
			"type":       "line",
			"dimensions": []string{"time", "value"},
			"data":       []float64{},
			"lineStyle":  opts.LineStyle{Color: color(line), Width: 1.5, Type: dash(i)},
			"itemStyle":  opts.ItemStyle{Color: color(line)},
			"symbol":     "none",
			"showSymbol": false, // otherwise ECharts checks each value for a symbol
			"silent":     true,
			"animation":  false,
			"clip":       true,
			// The page has about as many points as the picture has columns.
			"sampling":     "none",
			"emphasis":     map[string]any{"disabled": true},
			"connectNulls": false,
			"z":            2,
		}
		// The mean of each bucket. Dots show the values themselves as long as each
		// bucket holds one value.
		mean := maps.Clone(extent)
		mean["id"], mean["z"] = id+"mean", 3
		switch spec.Style {
		case Dots:
			extent["lineStyle"] = opts.LineStyle{Color: color(line), Width: 1, Opacity: opts.Float(0.35)}
			mean["type"], mean["symbol"], mean["symbolSize"] = "scatter", symbol(i), 4
			mean["large"], mean["largeThreshold"] = true, 1 // one path for all dots
			delete(mean, "lineStyle")
		case Steps:
			extent["step"] = "middle"
		}
		if s.MarkLines != nil {
			data := make([]map[string]any, len(spec.Thresholds))
			for j, t := range spec.Thresholds {
				data[j] = map[string]any{"name": t.Label, "yAxis": t.Value}
				if j == 0 && len(spec.Thresholds) > 1 { // below its line: the next label is above
					data[j]["label"] = map[string]any{"position": "insideStartBottom"}
				}
			}
			extent["markLine"] = map[string]any{
				"silent": true, "animation": false, "data": data,
				"symbol": s.MarkLines.Symbol, "lineStyle": s.MarkLines.LineStyle, "label": s.MarkLines.Label,
			}
		}
		series = append(series, extent)
		if spec.Style != Steps {
			series = append(series, mean)
		}
	}
	m["series"] = series
}

func axisType(log bool) string {
	if log {
		return "log"
	}
	return "value"
}

func color(l Line) string { return "var(--series-" + strconv.Itoa(min(8, max(1, l.Color))) + ")" }

// dash is the kind of line that tells the lines of a chart apart without colours.
func dash(i int) string { return [...]string{"solid", "dashed", "dotted"}[i%3] }

// symbol is the kind of dot that tells the lines of a chart apart without colours.
func symbol(i int) string { return [...]string{"circle", "rect", "triangle"}[i%3] }

// formatter is the name of the page's formatter of a unit.
func formatter(u Unit) string {
	switch u {
	case Plain:
		return "number"
	case Chunks:
		return string(Hertz) // the axis has no room for more
	}
	return string(u)
}
