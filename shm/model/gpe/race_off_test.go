//go:build !race

package gpe

const raceDetector = false
