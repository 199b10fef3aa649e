package gpe

import (
	"math"
	"strings"
)

// definition is the physics of a model, as far as it is its own.
type definition struct {
	values   func(*values)                      // its defaults, where they are not everybody's
	own      func() []param                     // its own parameters
	trap     func(s *Sim, x, y float64) float64 // V with the trap up, x and y from the middle
	trapHelp string
	state    func(*Sim) // makes ψ
	turning  bool       // has walls with bumps that turn, and no trap of its own
	sudden   bool       // its trap comes up at once
	friction bool       // has quantum friction
	round    bool       // angular momentum and winding round the middle mean something
	flowing  bool       // has a frame that moves along x
	soliton  bool
	breather bool
}

// Models lists the simulations of this package, each with texts that are the
// same for all its runs. Defaults is complete.
func Models() []Model {
	list := make([]Model, len(models))
	for i, m := range models {
		m.About = strings.TrimSpace(m.About)
		list[i] = m
	}
	return list
}

var models = []Model{
	{
		Name: "BECVortices", Title: "Vortices in a stirred superfluid",
		About: `
A superfluid cannot turn like water in a cup. It stays at rest until vortices come in from the edge: thin holes in the fluid, all alike, round each of which it circulates with exactly one quantum h/m. Here a round trap with a bump in its wall turns and pulls the fluid along, and the fluid begins with a bundle of quanta in its middle, which cannot stay together and breaks up before your eyes. As long as the trap turns and the fluid is cooled a little, vortices of its sense gather, and settle into the triangular lattice that Abrikosov predicted for superconductors.

Try this: drag the finger quickly through the fluid and watch pairs of vortices come off it; slowly, below a critical speed, it moves without any resistance. Raise the target number of vortices and wait for them to come in. Turn it negative and see vortices of both senses annihilate in a flash of sound.

The equation is that of Gross and Pitaevskii, i ħ e^{iθ} ∂ψ/∂t = [−ħ²∇²/2m + V + g|ψ|² − μ] ψ. The wall stands where ρ² [1 − h cos(N(φ − Ωt))] exceeds 0.8, with ρ the distance from the middle in half widths of the box; Feynman's rule, Ω = N_v π ħ/(m A), turns a number of vortices into the speed of the wall. See L. Pitaevskii and S. Stringari, "Bose-Einstein Condensation and Superfluidity"; A. L. Fetter, "Rotating trapped Bose-Einstein condensates", Reviews of Modern Physics 81, 647 (2009).`,
		Defaults: defaults(128, 128, 1.5, 1, 12),
		def: &definition{
			values: func(v *values) {
				v.cooling, v.bumpH, v.bumpN, v.nVortex, v.winding = 0.03, 0.12, 3, 24, 8
				v.fingerV0, v.fingerAtX, v.fingerAtY = 1.5, 0.5, 0.75
			},
			own: func() []param {
				return []param{
					number("N_vortex", "Target vortices", "", -100, 100, 0.1, "trap",
						"The wall turns as fast as a fluid with this many vortices would; negative: clockwise.",
						func(v *values) any { return &v.nVortex }, nil),
					number("bump_h", "Bump size", "", 0, 0.5, 0.01, "trap", "How far the bumps of the wall stand out; 0 is an even wall, which cannot stir.",
						func(v *values) any { return &v.bumpH }, rewall),
					number("bump_N", "Bumps", "", 0, 100, 1, "trap", "Number of bumps along the wall.",
						func(v *values) any { return &v.bumpN }, rewall),
					windingParam(),
				}
			},
			state: vortexBundle, turning: true, round: true,
			trapHelp: "Walls of 100 μ round the fluid. Switched on, they come up within some 30 ħ/μ, so that the fluid has time to get out of their way.",
		},
	},
	{
		Name: "BECFlow", Title: "Flow past an obstacle",
		About: `
A superfluid streams past an obstacle, the finger. Below a critical velocity nothing happens, for ever: there is no resistance, because there is nothing the fluid could turn its energy into. Above it vortices come off in pairs, and with them drag; faster than sound the obstacle makes ripples ahead and a wake behind it, like a boat. Landau's argument for the limit is that an excitation of momentum p costs ε(p), and flow at v offers v p: resistance begins where v exceeds the smallest ε(p)/p, here the speed of sound c. An obstacle as strong as the finger is found guilty sooner, since the fluid has to hurry past its sides.

Try this: find the velocity at which the force on the finger leaves zero, for a weak finger (0.2 μ) and for a strong one (2 μ). Then go through v = c with a weak one, and look at the angle of the wake. Drag the finger: what counts is its velocity against the fluid.

The frame moves with the flow: K = ħ²(kx² + 2 kx kv + ky²)/2m with kv = m v/ħ, so a fluid with the same phase everywhere streams at v through the periodic box. (The original leaves out the factor 2 and gets half the velocity.) The channel's walls, if you switch them on, are at top and bottom. See T. Frisch, Y. Pomeau and S. Rica, "Transition to dissipation in a model of superflow", Physical Review Letters 69, 1644 (1992).`,
		Defaults: defaults(128, 128, 1.5, 1, 12),
		def: &definition{
			values: func(v *values) {
				v.cylinder, v.cooling = false, 0.01
				v.flow, v.fingerV0, v.fingerR0, v.fingerAtX, v.fingerAtY = 0.55, 2, 5, 0.3, 0.52
			},
			own:  func() []param { return []param{flowParam()} },
			trap: channel, trapHelp: channelHelp,
			state: (*Sim).ground, flowing: true,
		},
	},
	{
		Name: "BECSoliton", Title: "A dark soliton and its snake",
		About: `
A dark soliton is a dent in the fluid that keeps its shape as it moves: what dispersion would pull apart, the atoms' repulsion holds together. The darker it is the slower: black ones stand still, and the greyest run at nearly the speed of sound. In one dimension it would go on for ever. In two it is a line, and the line is unstable: it begins to bend like a snake and breaks up into pairs of vortices.

Try this: give it other velocities; the faster soliton lives longer. Start it straight (wiggle 0) and let only the finger disturb it. Change the frame's velocity to the opposite of the soliton's own and it stands still before you.

The start is Tsuzuki's solution √n0 [i v/c + √(1 − v²/c²) tanh((x − vt)/l)], l = ħ/(m c √(1 − v²/c²)). Its phase differs between left and right, which a periodic box does not allow. The original winds the difference back evenly along the box and so sets the whole fluid in motion; here the box itself has the phase (its wave numbers are shifted, as those of Bloch waves are), and the soliton moves at v in a fluid at rest. See T. Tsuzuki, "Nonlinear waves in the Pitaevskii-Gross equation", Journal of Low Temperature Physics 4, 441 (1971); E. A. Kuznetsov and S. K. Turitsyn, "Instability and collapse of solitons in media with a defocusing nonlinearity", Soviet Physics JETP 67, 1583 (1988).`,
		Defaults: defaults(128, 128, 2, 1, 12),
		def: &definition{
			values: func(v *values) {
				v.cylinder, v.cooling = false, coolingOff
				v.greyness, v.wiggle = 0.3, 0.2
				v.fingerV0, v.fingerAtX, v.fingerAtY = 0.3, 0.75, 0.5
			},
			own: func() []param {
				return []param{
					number("v_c", "Soliton's velocity", "c", -0.99, 0.99, 0.01, "flow", "0 is a black soliton, which stands still. Begins the run again.",
						func(v *values) any { return &v.greyness }, again),
					number("wiggle", "Wiggle", "px", 0, 2, 0.05, "flow", "How far the line is from straight at first. Begins the run again.",
						func(v *values) any { return &v.wiggle }, again),
					flowParam(),
				}
			},
			trap: channel, trapHelp: channelHelp,
			state: soliton, flowing: true, soliton: true,
		},
	},
	{
		Name: "BECVortexRing", Title: "A vortex ring, cut open",
		About: `
Cut a smoke ring with a plane and you see two vortices of opposite sense. Each is carried by the other's flow, and so the pair runs straight ahead through the fluid, the faster the closer together they are: about ħ/(m d) for a distance d. Here it runs along a channel with walls above and below, leaves on the right and comes back on the left.

Try this: put the finger in its way, in the middle or on one side. A strong finger catches a vortex: vortices like to be where there is little fluid, since there they cost little. Bring the vortices close together, to a few healing lengths, and they annihilate into a lump that runs on nearly at the speed of sound: a rarefaction pulse. Let the fluid stream against the pair and hold it still.

The start has the phase of a pair in a channel: the sum over its periodic images in x, arg sin(π(z − z1)/Lx) − arg sin(π(z − z2)/Lx), and the mirror images behind the walls, so that nothing flows through the walls and the phase is the same at both ends of the box (in the original it jumps there). The cores come from a short relaxation in imaginary time. See C. A. Jones and P. H. Roberts, "Motions in a Bose condensate: IV. Axisymmetric solitary waves", Journal of Physics A 15, 2599 (1982).`,
		Defaults: defaults(128, 64, 1.5, 1, 20),
		def: &definition{
			values: func(v *values) {
				v.cooling, v.separation = coolingOff, 0.24
				v.fingerV0, v.fingerR0, v.fingerAtX, v.fingerAtY = 0.8, 4, 0.8, 0.75
			},
			own: func() []param {
				return []param{
					number("R", "Distance", "heights", 0.05, 0.75, 0.01, "flow", "Between the two vortices, in heights of the box. Begins the run again.",
						func(v *values) any { return &v.separation }, again),
					flowParam(),
				}
			},
			trap: channel, trapHelp: channelHelp,
			state: vortexPair, flowing: true,
		},
	},
	{
		Name: "BECQuantumFriction", Title: "Quantum friction",
		About: `
How do you cool a quantum system without taking particles away and without a bath? Add a potential that pushes against every change of the density: where fluid gathers it makes a hill, where fluid leaves a hollow. It is an ordinary potential, so the evolution stays unitary and every particle is kept to the last digit, yet energy can only fall. The start is a tangle of vortices of both senses, full of sound. Friction calms the sound at once; the vortices stay, since round a vortex at rest the density does not change, until they meet one of the other sense.

Try this: turn the friction down to its left end and see the tangle stay as it is, then up. Compare it with the ordinary cooling, which takes vortices too. Stir with the finger while friction works.

The potential is V_c = β ħ ṅ/n0 with ṅ = 2 Im(ψ* K ψ)/ħ, and dE/dt = −(β ħ/n0) ∫ ṅ² ≤ 0. (The original divides by the root of the number of particles, so the strength depends on the size of the box; it also brings the norm back in each step, for which there is no need here.) See A. Bulgac, M. M. Forbes, K. J. Roche and G. Wlazłowski, "Quantum Friction: Cooling Quantum Systems with Unitary Time Evolution", arXiv:1305.6891.`,
		Defaults: defaults(128, 128, 1.5, 1, 6),
		def: &definition{
			values: func(v *values) {
				v.cooling, v.drags, v.pairs = coolingOff, 0.2, 8
				v.fingerV0, v.fingerAtX, v.fingerAtY = 1.2, 0.5, 0.5
			},
			own: func() []param {
				f := number("Vc_cooling", "Quantum friction", "", frictionOff, 0.4, 0, "",
					"Strength β of the potential against changes of the density. At the left end there is none.",
					func(v *values) any { return &v.drags }, nil)
				f.control.Scale = "log"
				return []param{
					f,
					number("pairs", "Pairs of vortices", "", 0, 20, 1, "", "How many the start has, in random places. Begins the run again.",
						func(v *values) any { return &v.pairs }, again),
				}
			},
			trap: cylinder, trapHelp: "Walls of 100 μ round the fluid. Switched on, they come up within some 30 ħ/μ.",
			state: tangle, friction: true, round: true,
		},
	},
	{
		Name: "BECBreather", Title: "The breather",
		About: `
A triangle of fluid is put into a bowl, and let go. It collapses, turns into its mirror image, and comes back: the same triangle, corners and all, twice for every turn that a single particle would take in the bowl. In two dimensions the Gross-Pitaevskii equation has no scale of its own (Pitaevskii and Rosch found a hidden symmetry behind it), and so the size of any cloud in a round harmonic trap breathes at exactly twice the trap's frequency, however strong the atoms' repulsion is. That a triangle comes back in shape as well was discovered in the laboratory. Squares, pentagons and hexagons do not; a disk does, but takes four times as long.

Try this: choose other numbers of corners, and watch the radius: its period does not care. Switch the trap off and on again. Touch the cloud with the finger; the size goes on breathing only as long as nothing but the bowl acts on it.

V = m ω² r²/2. What is exact: ⟨r²⟩ = E/(m ω²) + (⟨r²⟩₀ − E/(m ω²)) cos 2ωt for a cloud that starts at rest, E being the energy of a particle. The triangle comes back after π/ω. Its edges are smooth over a healing length, as on a grid they must be. See R. Saint-Jalm and others, "Dynamical Symmetry and Breathers in a Two-Dimensional Bose Gas", Physical Review X 9, 021035 (2019); L. P. Pitaevskii and A. Rosch, "Breathing modes and hidden symmetry of trapped atoms in two dimensions", Physical Review A 55, R853 (1997).`,
		Defaults: defaults(256, 256, 1.5, 1, 4),
		def: &definition{
			values: func(v *values) { v.cooling, v.fingerV0, v.fingerR0, v.fingerVMax = coolingOff, 0, 6, 5 },
			own: func() []param {
				return []param{
					number("corners", "Corners", "", 3, 12, 1, "trap", "Of the cloud at the start; twelve are nearly a disk. Begins the run again.",
						func(v *values) any { return &v.corners }, again),
					number("R", "Size", "half widths", 0.1, 0.45, 0.01, "trap", "From the middle of the cloud to the middle of its sides, at the start. Begins the run again.",
						func(v *values) any { return &v.size }, again),
					number("depth", "Steepness of the bowl", "μ", 1, 40, 0.5, "trap",
						"Height of the bowl's wall at the edge of the box. The steeper the faster the breathing.",
						func(v *values) any { return &v.depth }, rewall),
				}
			},
			trap: harmonic, trapHelp: "The bowl. Switched off, the cloud flies apart.", sudden: true,
			state: polygon, breather: true, round: true,
		},
	},
	{
		Name: "PersistentCurrents", Title: "Persistent currents",
		About: `
In a ring a superfluid flows for ever. Its phase has to fit when it has gone once round, so the circulation is a whole number of quanta, and whoever wants to slow the flow has to take out a whole quantum at once: a vortex has to cross the ring, and for that there is not enough energy. The charts show the number staying while everything else changes.

Try this: put the finger across the ring and make it stronger, little by little; when the fluid in the gap has to go faster than the sound there, a vortex slips through and the winding falls by one. Turn the flow on and off by the winding's slider, which imprints the phase as a laser would. The hard way is more interesting: start at 0, stir a current into the ring with the finger, and see how strong and how fast it has to be.

The trap is 100 μ [1 − step(ρ² − R1²) + step(ρ² − R2²)] between R1 = 0.5 and R2 = 0.9 half widths of the box. See K. C. Wright, R. B. Blakestad, C. J. Lobb, W. D. Phillips and G. K. Campbell, "Driving Phase Slips in a Superfluid Atom Circuit with a Rotating Weak Link", Physical Review Letters 110, 025302 (2013).`,
		Defaults: defaults(128, 128, 1.5, 1, 12),
		def: &definition{
			values: func(v *values) {
				v.cooling, v.winding = 0.01, 5
				v.fingerV0, v.fingerR0, v.fingerAtX, v.fingerAtY = 0.5, 4, 0.85, 0.5
			},
			own:  func() []param { return []param{windingParam()} },
			trap: ring, trapHelp: "Walls of 100 μ inside and outside of the ring. Switched on, they come up within some 30 ħ/μ.",
			state: vortexBundle, round: true,
		},
	},
}

func defaults(nx, ny int, healing, dt float64, steps int) Params {
	return Params{Nx: nx, Ny: ny, HealingLength: healing, DtTScale: dt, Steps: steps,
		Tracers: 500, CoolingSteps: 100, Workers: 1, Seed: 1}
}

const channelHelp = "Walls of 100 μ at the top and the bottom. Switched on, they come up within some 30 ħ/μ."

// again begins the run again. rewall makes the trap's potential again.
func again(s *Sim, _ values)  { s.restart() }
func rewall(s *Sim, _ values) { s.trap.compute(s); s.watch.swing = s.swing() }

func flowParam() param {
	return number("v_v_c", "Flow", "c", -5, 5, 0.01, "flow", "Velocity at which the fluid streams along x, in units of the speed of sound.",
		func(v *values) any { return &v.flow }, func(s *Sim, _ values) { s.setKinetic() })
}

func windingParam() param {
	return number("winding", "Imprinted winding", "h/m", -30, 30, 1, "flow",
		"Quanta of circulation round the middle that the fluid is given: a change multiplies ψ by the phase of the difference.",
		func(v *values) any { return &v.winding }, func(s *Sim, before values) { s.imprint(s.winding - before.winding) })
}

// cylinder is the round trap of the original: 100 μ beyond rho² = 1, nothing
// within 0.8.
func cylinder(s *Sim, x, y float64) float64 {
	return wallHeight * s.mu * mstep(s.rho2(x, y)-0.8, 0.2)
}

// channel has walls at the top and the bottom only.
func channel(s *Sim, _, y float64) float64 {
	return wallHeight * s.mu * mstep(s.rho2(0, y)-0.8, 0.2)
}

// ring lets fluid be between ringInner and ringOuter.
func ring(s *Sim, x, y float64) float64 {
	r := s.rho2(x, y)
	return wallHeight * s.mu * (1 - mstep(r-ringInner*ringInner, 0.01) + mstep(r-ringOuter*ringOuter, 0.01))
}

const ringInner, ringOuter = 0.5, 0.9

// harmonic is m ω² r²/2.
func harmonic(s *Sim, x, y float64) float64 {
	w := s.trapOmega()
	return w * w * (x*x + y*y) / 2
}

// trapOmega is the frequency of the harmonic trap. The original gives the
// oscillator length as a part of the box, so a smaller grid has a steeper bowl
// than its wave numbers can follow; by its height at the edge it is the same
// bowl on all grids.
func (s *Sim) trapOmega() float64 { return math.Sqrt(2*s.depth*s.mu) / s.half() }

// half is half the shorter side of the box.
func (s *Sim) half() float64 { return float64(min(s.nx, s.ny)) / 2 }

// polygon is the start of the breather: n0 within a regular polygon with a
// corner upwards, smooth over a healing length.
func polygon(s *Sim) {
	sector := 2 * math.Pi / float64(s.corners)
	for i := range s.nx {
		for j := range s.ny {
			x, y := s.x(i), s.y(j)
			phi := math.Atan2(y, x) - math.Pi/2
			phi -= sector * math.Floor(phi/sector)
			d := math.Hypot(x, y)*math.Cos(phi-sector/2) - s.size*s.half()
			s.psi[i*s.ny+j] = complex(math.Sqrt(s.mu/(1+math.Exp(2*d/s.healing))), 0)
		}
	}
}
