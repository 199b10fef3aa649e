package scope

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"webmon/shm"
	"webmon/shm/demo/wire"
)

// Stacks have a pixel for four of the camera, in three channels.
const (
	stackSide     = frameSide / 2
	stackChannels = 3
	maxStack      = 12 << 20 // bytes
)

// stackPlan is how a stack is taken.
type stackPlan struct {
	planes, times int
	step          float64 // um between planes
	y, x          int     // of its first pixel in the specimen
}

func (l stackPlan) bytes() int { return l.times * stackChannels * l.planes * stackSide * stackSide }

// taking is a stack that is being taken.
type taking struct {
	plan stackPlan
	call wire.Call
	end  time.Time
}

func (s *Scope) stackInfo() shm.ArrayInfo {
	l := s.stackPlan
	return shm.ArrayInfo{
		Name: "stack", Title: "Stack", Descr: "|u1", Shape: []int{l.times, stackChannels, l.planes, stackSide, stackSide},
		Axes: []string{"t", "c", "z", "y", "x"}, Units: []string{"s", "", "um", "um", "um"}, Scale: []float64{30, 1, l.step, 2 * pixel, 2 * pixel},
		Limits: limits(4, 190),
		Note:   fmt.Sprintf("Nuclei, actin and mitochondria: %d planes, %g um apart, at %d times. The command Acquire stack takes another one where the stage stands.", l.planes, l.step, l.times),
	}
}

// take ends the taking of a stack when its time has come.
func (s *Scope) take() {
	k := s.takes
	if k == nil || s.p.Now().Before(k.end) {
		return
	}
	s.takes = nil
	s.stackPlan = k.plan
	s.arrays.stack = s.p.Array(s.stackInfo())
	s.log("Took a stack of %d planes at x = %.1f, y = %.1f um", k.plan.planes, um(float64(k.plan.x+frameSide/2)), um(float64(k.plan.y+frameSide/2)))
	k.call.Answer(nil)
}

// stack computes the stack: the cells lie at depths of their own, and planes far from a cell see it
// blurred.
func (s *Scope) stack() []byte {
	l := s.stackPlan
	if l.y == 0 && l.x == 0 {
		l.y, l.x = (side-frameSide)/2, (side-frameSide)/2 // the one that there is from the start
	}
	out := make([]byte, l.bytes())
	rng := rand.New(rand.NewPCG(s.seed, 13))
	noise := make([]int8, 1<<14+stackSide)
	for i := range noise {
		noise[i] = int8(math.Round(4 * rng.NormFloat64()))
	}
	n := stackSide * stackSide
	sharp, soft, depth := make([]float32, n), make([]float32, n), make([]float32, n)
	for c, plane := range [stackChannels][]uint8{s.specimen.nuclei, s.specimen.actin, s.specimen.mito} {
		thick := [...]float64{2.8, 2.1, 2.4}[c] // um
		for i := range sharp {
			at := (l.y+2*(i/stackSide))*side + l.x + 2*(i%stackSide)
			sharp[i] = (float32(plane[at]) + float32(plane[at+1]) + float32(plane[at+side]) + float32(plane[at+side+1])) / 4
			depth[i] = 99
			if label := s.specimen.labels[at]; label > 0 {
				depth[i] = s.specimen.cells[label-1].depth
			}
		}
		soften(soft, sharp)
		for t := range l.times {
			fade := float32(math.Pow(0.88, float64(t))) // they bleach
			for z := range l.planes {
				height := float64(z)*l.step - 2 // um from the middle of the specimen
				var weight [256]float32         // by the distance from the middle of a cell, 0.04 um each
				for i := range weight {
					d := (float64(i) - 128) * 0.04
					weight[i] = float32(math.Exp(-d * d / thick / thick))
				}
				dst := out[((t*stackChannels+c)*l.planes+z)*n:][:n]
				for y := range stackSide {
					grain := noise[rng.IntN(1<<14):][:stackSide]
					for x := range stackSide {
						i := y*stackSide + x
						w := weight[min(max(int((height-float64(depth[i]))/0.04)+128, 0), 255)]
						v := fade*(1.25*w*sharp[i]+(0.10+0.35*(1-w))*soft[i]) + 7 + float32(grain[x])
						dst[i] = level(v)
					}
				}
			}
		}
	}
	return out
}

// soften fills dst with src, blurred: a mean over 9 x 9 pixels.
func soften(dst, src []float32) {
	const r = 4
	clip := func(i int) int { return min(max(i, 0), stackSide-1) }
	rows := make([]float32, len(src))
	for y := range stackSide {
		line, out, sum := src[y*stackSide:][:stackSide], rows[y*stackSide:][:stackSide], float32(0)
		for i := -r; i <= r; i++ {
			sum += line[clip(i)]
		}
		for x := range out {
			out[x] = sum / (2*r + 1)
			sum += line[clip(x+r+1)] - line[clip(x-r)]
		}
	}
	for x := range stackSide {
		sum := float32(0)
		for i := -r; i <= r; i++ {
			sum += rows[clip(i)*stackSide+x]
		}
		for y := range stackSide {
			dst[y*stackSide+x] = sum / (2*r + 1)
			sum += rows[clip(y+r+1)*stackSide+x] - rows[clip(y-r)*stackSide+x]
		}
	}
}
