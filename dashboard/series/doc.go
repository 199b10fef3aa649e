// Package series keeps the recent past of one number: its points, buckets of
// them at the widths that charts draw, and statistics over a window.
//
// A series is a bounded buffer in memory, not a database: nothing is kept longer
// than [Options.Window], and nothing is written to disk. The package knows neither
// units nor charts.
//
//	s := series.New(series.Options{})
//	s.Append(time.Now(), 16.7)
//	...
//	st := s.Stats(time.Minute, time.Now())
//	fmt.Printf("median %.1f, 99th percentile %.1f\n", st.Median, st.P99)
//
// One goroutine appends; any number of goroutines may read at the same time.
package series
