package remotetest

import (
	"math"
	"math/rand/v2"
)

// wave is the simulation behind the server: waves on a fluid whose amount is constant,
// which a finger stirs and a rotating wall pushes. It is no physics of anything, but it moves
// like some, and is cheap.
type wave struct {
	nx, ny   int
	u, v     []float64 // height and its rate, x slow
	t, dt    float64
	pot, vel [2]float64 // of the potential, 0..1
	tracers  [2][]float64
	broken   bool  // has become NaN
	rim      []int // where the wall is

	params map[string]any
}

// defaults are the parameters of BECVortices, which this is made to look like.
func defaults(o *Options) map[string]any {
	return map[string]any{
		"Nx": float64(o.Nx), "Ny": float64(o.Ny), "hbar": 1.0, "dx": 1.0, "g": 1.0, "m": 1.0, "healing_length": 1.0,
		"cooling": 0.01, "cooling_steps": 100.0, "dt_t_scale": 0.1, "winding": 30.0, "cylinder": true, "random_phase": false,
		"finger_x": 0.5, "finger_y": 0.5, "finger_k_m": 10.0, "finger_damp": 4.0, "finger_r0": 2.0, "finger_V0_mu": 0.5,
		"test_finger": false, "tracer_particles": float64(o.Tracers),
		"N_vortex": 10.0, "bump_N": 3.0, "bump_h": 0.1,
	}
}

func newWave(o *Options) *wave {
	w := &wave{nx: o.Nx, ny: o.Ny, dt: 0.02, pot: [2]float64{0.5, 0.5}, params: defaults(o)}
	w.u, w.v = make([]float64, w.nx*w.ny), make([]float64, w.nx*w.ny)
	points := 2 * (w.nx + w.ny)
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(points))
		w.rim = append(w.rim, int((0.5+0.45*cos)*float64(w.nx))*w.ny+int((0.5+0.45*sin)*float64(w.ny)))
	}
	w.scatter(o.Tracers)
	return w
}

// scatter puts n particles anywhere.
func (w *wave) scatter(n int) {
	for axis, size := range []int{w.nx, w.ny} {
		w.tracers[axis] = make([]float64, n)
		for i := range w.tracers[axis] {
			w.tracers[axis][i] = rand.Float64() * float64(size-1)
		}
	}
}

func (w *wave) number(name string) float64 {
	switch v := w.params[name].(type) {
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

// attribute is what a get of a name finds, nil if there is no such thing.
func (w *wave) attribute(name string) any {
	switch name {
	case "t":
		return w.t
	case "dt":
		return w.dt
	case "mu", "n0":
		return 0.5
	case "c_s":
		return math.Sqrt(0.5)
	}
	return w.params[name]
}

func (w *wave) step(n int) {
	for range n {
		w.once()
	}
}

func (w *wave) once() {
	const c2 = 0.2
	at := [2]float64{w.number("finger_x"), w.number("finger_y")}
	for i := range w.pot {
		w.pot[i] += w.dt * w.vel[i]
		w.vel[i] += w.dt * (-w.number("finger_k_m")*(w.pot[i]-at[i]) - w.number("finger_damp")*w.vel[i])
	}
	keep := 1 - 0.002 - min(w.number("cooling"), 10)*0.02
	push := w.number("finger_V0_mu") * 0.02
	px, py, r2 := w.pot[0]*float64(w.nx), w.pot[1]*float64(w.ny), 2*math.Pow(w.number("finger_r0"), 2)
	for x := range w.nx {
		left, right := (x+w.nx-1)%w.nx*w.ny, (x+1)%w.nx*w.ny
		row := x * w.ny
		dx := float64(x) - px
		for y := range w.ny {
			down, up := (y+w.ny-1)%w.ny, (y+1)%w.ny
			u := w.u[row+y]
			f := c2 * (w.u[left+y] + w.u[right+y] + w.u[row+down] + w.u[row+up] - 4*u)
			if dy := float64(y) - py; dx*dx+dy*dy < 6*r2 {
				f -= push * math.Exp(-(dx*dx+dy*dy)/r2)
			}
			w.v[row+y] = keep*w.v[row+y] + f - 0.01*u
		}
	}
	w.wall()
	for i, v := range w.v {
		w.u[i] += v
	}
	w.t += w.dt
	w.drift()
}

// wall pushes along the rim of the box, in as many places as there are bumps, which go
// round.
func (w *wave) wall() {
	h, n := w.number("bump_h"), w.number("bump_N")
	if h == 0 || w.number("cylinder") == 0 {
		return
	}
	turn := w.number("N_vortex") * 0.05 * w.t
	for i, at := range w.rim {
		w.v[at] += 0.05 * h * math.Cos(n*2*math.Pi*float64(i)/float64(len(w.rim))-turn)
	}
}

// drift moves the particles along the slope, not down it, so that they stay spread
// out.
func (w *wave) drift() {
	xs, ys := w.tracers[0], w.tracers[1]
	for i := range xs {
		x, y := int(xs[i]), int(ys[i])
		xs[i] = wrap(xs[i]+2*(w.u[x*w.ny+(y+1)%w.ny]-w.u[x*w.ny+y]), float64(w.nx-1))
		ys[i] = wrap(ys[i]-2*(w.u[(x+1)%w.nx*w.ny+y]-w.u[x*w.ny+y]), float64(w.ny-1))
	}
}

func wrap(x, size float64) float64 {
	if x = math.Mod(x, size); x < 0 {
		x += size
	}
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// density is positive, and its sum the number of points, whatever happens.
func (w *wave) density() []float64 {
	n := make([]float64, len(w.u))
	sum := 0.0
	for i, u := range w.u {
		n[i] = math.Exp(max(min(u, 20), -20))
		sum += n[i]
	}
	for i := range n {
		n[i] *= float64(len(n)) / sum
	}
	if w.broken {
		n[len(n)/2] = math.NaN()
	}
	return n
}
