package gpe

// definition is the physics of a model, as far as it is its own.
type definition struct {
	values   func(*values)                      // its defaults, where they are not everybody's
	own      func() []param                     // its own parameters
	trap     func(s *Sim, x, y float64) float64 // V with the trap up, x and y from the middle
	trapHelp string
	state    func(*Sim) // makes ψ
	turning  bool       // has walls with bumps that turn
	sudden   bool       // its trap comes up at once
	friction bool       // has quantum friction
}

// Models lists the simulations of this package.
func Models() []Model {
	return []Model{
		{
			Name: "BECVortices", Title: "Vortices", About: "A superfluid in a round trap.",
			Defaults: Params{Nx: 128, Ny: 128, HealingLength: 2, DtTScale: 0.5, Steps: 15, Tracers: 500, CoolingSteps: 100, Workers: 1, Seed: 1},
			def: &definition{
				own: func() []param { return nil }, turning: true, trapHelp: "Walls that hold the fluid.",
				state: (*Sim).ground,
			},
		},
	}
}
