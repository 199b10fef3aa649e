// Package e2e holds the tests of what people run: the program, built as it is
// delivered but with the race detector; the naparis of PyPI, which start it; and
// Chromium, which shows its pages. What a page shows is held against what napari
// says of itself. The tests leave screenshots in artifacts/.
//
// Where something is missing a test is skipped with the reason; under CI that is
// a failure.
package e2e
