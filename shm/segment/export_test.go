//go:build linux

package segment

// Samples is what a picture's samples are as numbers.
var Samples = samplesOf
