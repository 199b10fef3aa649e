// Package scope is the microscope of the demo: a specimen with some hundred cells, a camera that
// sees a part of it, a stage, lamps, a laser that is interlocked, and what a control script makes of
// the pictures: labels, a table of cells, a profile, an overview and a stack.
//
// The specimen is made once, when somebody first looks at something of it, and is the same for the
// same seed. It is 2048 x 2048 pixels of 0.325 um, and [0, 0] of the stage is its middle.
package scope
