// Package gpe computes a superfluid in two dimensions: a Bose-Einstein
// condensate that obeys the Gross-Pitaevskii equation
//
//	i e^{iθ} ∂ψ/∂t = [K + V(x, y, t) + |ψ|² - μ] ψ,   e^{iθ} = (1 + iη)/|1 + iη|
//
// in a periodic box, in units with ħ = m = g = 1 and one pixel of the grid as
// the unit of length. η is the cooling; without it θ is 0 and the equation is
// the ordinary one, which conserves particles and, as long as V stands still,
// energy. The healing length ξ sets everything else: μ = 1/(2ξ²), the density
// n0 = μ where V = 0, the speed of sound c = √μ.
package gpe
