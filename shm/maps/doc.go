// Package maps reads and writes maps: folders of annotated image stacks whose points
// and dendrites are followed through imaging sessions, in the format that MapManager
// and PyMapManager have used since 2015.
//
// An opened [Map] is an immutable snapshot that any number of goroutines may share.
// What changes a map makes a new one, which shares what has not changed. Each file
// is kept as the lines that were read, so that columns, labels and rows that this
// package does not know survive, and a map that is written without a change is the
// same byte for byte.
//
// Numbers are float64 columns, one for each statistic and session, parsed when they
// are first asked for. NaN stands for what is missing. Positions x, y are in
// micrometres from the middle of pixel (0, 0), z is a slice, counted from 0.
//
// Sessions, segments, rows, runs and points are counted from 0. The row of an object
// is its position in the file of its session, never the column Idx, which has gaps.
package maps
