package scope

// The channels of the microscope.
const (
	nuclei = iota
	actin
	mito
	calcium
	nchannels
)

var channels = [nchannels]struct {
	name, label, colormap string
	wave                  int // nm, of the lamp
}{
	{"nuclei", "Nuclei, 405 nm", "bop blue", 405},
	{"actin", "Actin, 561 nm", "magma", 561},
	{"mitochondria", "Mitochondria, 640 nm", "viridis", 640},
	{"calcium", "Calcium, 488 nm", "inferno", 488},
}
