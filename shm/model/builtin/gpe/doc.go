// Package gpe computes a superfluid in two dimensions: a Bose-Einstein
// condensate that obeys the Gross-Pitaevskii equation
//
//	i e^{iθ} ∂ψ/∂t = [K + V(x, y, t) + |ψ|² - μ] ψ,   e^{iθ} = (1 + iη)/|1 + iη|
//
// in a periodic box, in units with ħ = m = g = 1 and one pixel of the grid as
// the unit of length. η is the cooling; without it θ is 0 and the equation is
// the ordinary one, which conserves particles and, as long as V stands still,
// energy. The healing length ξ sets everything else: μ = 1/(2ξ²), the density
// n0 = μ where V = 0, the speed of sound c = √μ. With cooling the norm is given
// back in each step; without it nothing is, since nothing is lost.
//
// A step of length dt is exp(-iK dt/2) exp(-i(V + |ψ|² - μ) dt) exp(-iK dt/2),
// the factors with K in momentum space, of second order in dt. dt is given in
// units of 1/max(K); up to 1 it is stable, since the resonances of the method
// begin where dt max(K) is π (J. A. C. Weideman and B. M. Herbst, "Split-step
// methods for the solution of the nonlinear Schrödinger equation", SIAM Journal
// on Numerical Analysis 23, 485, 1986).
//
// The models are those of super_hydro (Forbes group, Washington State
// University), written again in Go. Where the physics differs, the place in the code
// says why:
//
//   - y goes up, also for the finger, and the middle of the box is between
//     the two middle pixels, so that what is symmetric looks so.
//   - The flow's kinetic energy has its factor 2, tracers know of the flow, and
//     the soliton's box carries the soliton's phase (setKinetic, soliton).
//   - The start is the ground state for μ, not one of n0 pressed together by
//     the trap (ground).
//   - The finger's spring pulls the short way round the box, and acts in the
//     middle of a step (finger).
//   - Walls come up slowly when they are switched on (trap); flows have walls at
//     top and bottom only, or they would run into them (channel).
//   - Walls that turn keep their angle when their speed changes (trap.move).
//   - A vortex pair's phase is periodic and mirrored by the walls (vortexPair).
//   - Quantum friction does not depend on the size of the box, nor is the norm
//     touched (friction).
//   - The breather's bowl is the same on all grids (trapOmega).
//   - Tracers take ψ between pixels, and Heun's step (tracers).
package gpe
