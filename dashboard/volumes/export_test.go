package volumes

// HalfOf is halfOf, for tests.
var HalfOf = halfOf
