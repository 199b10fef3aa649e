// Package fft transforms complex fields in two dimensions. It is made for
// solvers that go back and forth every time step: the transforms work in
// place, a step's passes touch the field as seldom as can be, and several
// workers share a pass.
//
// A field is a []complex128 of nx*ny elements in C order: element (ix, iy) is
// at ix*ny + iy, so that a row has the same ix. The transforms are those of
// numpy.fft: forward with exp(-2 pi i k x/n) and no factor, inverse with
// 1/(nx*ny).
//
// What a solver needs most is F^-1 k F with a constant table k. There the
// frequencies need not be sorted, so Plan.Columns transforms the columns,
// multiplies by a Kernel, whose table has the order that falls out of the
// transform, and transforms them back while they are in the cache.
// Plan.Rows does the other half: rows back to space, a function of the
// caller on each, and forward again for the next step. A split step
// is one call of each:
//
//	p.Rows(psi, false, potential, true)
//	for range steps - 1 {
//		p.Columns(psi, kinetic, 1)
//		p.Rows(psi, true, potential, true)
//	}
//	p.Columns(psi, kinetic, 1)
//	p.Rows(psi, true, nil, false)
//
// All results are the same bit by bit for any number of workers.
package fft

import (
	"fmt"
	"runtime"
)

// A Plan transforms fields of one shape. One goroutine at a time may use it.
type Plan struct {
	nx, ny  int
	x, y    *line // along x: the columns; along y: the rows
	pool    *pool
	buffers [][]vec // of each worker

	rowBuffers [][]complex128

	// The pass in hand. The passes are methods made into values once, so that
	// a step allocates nothing.
	field            []complex128
	inverse, forward bool
	hook             func(worker, ix int, row []complex128)
	kernel           *Kernel
	factor           float64

	rowsPass, columnsPass, sortedRowsPass, sortedColumnsPass func(worker, task int)
}

// rowsPerTask is how many rows a worker takes at a time: as many as the
// kernels for several lines do at once.
const rowsPerTask = lanes

// New makes a plan for fields of nx by ny elements, for as many workers as it
// is given (0: one for each processor, but no more than the field is worth).
// Lengths that are products of powers of two are fastest, those of primes up
// to 13 are fast; any length is right. A plan with more than one worker has
// goroutines, which Close ends.
func New(nx, ny, workers int) (*Plan, error) {
	const most = 1 << 15
	if nx < 1 || ny < 1 || nx > most || ny > most {
		return nil, fmt.Errorf("a field of %d by %d elements cannot be transformed: lengths go from 1 to %d", nx, ny, most)
	}
	if workers < 0 {
		return nil, fmt.Errorf("%d workers cannot transform anything: ask for 1 or more, or for 0, one for each processor", workers)
	}
	if workers == 0 {
		// Below some thousand elements handing over costs what it saves.
		workers = min(runtime.GOMAXPROCS(0), 1+nx*ny/4096)
	}
	p := &Plan{nx: nx, ny: ny, x: newLine(nx)}
	if p.y = p.x; ny != nx {
		p.y = newLine(ny)
	}
	longest := max(nx+p.x.scratch(), ny+p.y.scratch())
	p.buffers = make([][]vec, workers)
	p.rowBuffers = make([][]complex128, workers)
	for w := range p.buffers {
		p.buffers[w] = make([]vec, longest)
		p.rowBuffers[w] = make([]complex128, ny)
	}
	p.rowsPass, p.columnsPass = p.rows, p.columns
	p.sortedRowsPass, p.sortedColumnsPass = p.sortedRows, p.sortedColumns
	p.pool = newPool(workers)
	return p, nil
}

// Shape gives the lengths of the fields that the plan transforms.
func (p *Plan) Shape() (nx, ny int) { return p.nx, p.ny }

// Workers is how many goroutines share a pass, the caller's among them.
func (p *Plan) Workers() int { return len(p.buffers) }

// Close ends the plan's goroutines. It must not be used after that.
func (p *Plan) Close() { p.pool.close() }

func (p *Plan) check(x []complex128) {
	if len(x) != p.nx*p.ny {
		panic(fmt.Sprintf("fft: a field of %d elements, for a plan of %d by %d", len(x), p.nx, p.ny))
	}
}

// Forward transforms a field in place, frequencies in the order of
// numpy.fft.fft2.
func (p *Plan) Forward(x []complex128) {
	p.check(x)
	p.field, p.inverse = x, false
	p.pool.run(p.rowTasks(), p.sortedRowsPass)
	p.pool.run(p.columnTasks(), p.sortedColumnsPass)
	p.field = nil
}

// Inverse undoes Forward, the factor 1/(nx*ny) included.
func (p *Plan) Inverse(x []complex128) {
	p.check(x)
	p.field, p.inverse = x, true
	p.pool.run(p.columnTasks(), p.sortedColumnsPass)
	p.pool.run(p.rowTasks(), p.sortedRowsPass)
	p.field = nil
}

// Rows passes once over the rows of x. Each one is, while it is in the cache,
// brought back to space if inverse is set, given to hook if there is one, and
// transformed if forward is set. Between a forward and the next inverse the
// field is in an order of its own, which Columns understands. Neither
// direction has a factor here: Columns applies it.
//
// The hook gets the number of the worker it runs on, from 0 to Workers()-1,
// and the row's place along x. It runs on several goroutines at a time, each
// row once; sums are best kept for each row, so that they do not depend on
// which worker came first.
func (p *Plan) Rows(x []complex128, inverse bool, hook func(worker, ix int, row []complex128), forward bool) {
	p.check(x)
	p.field, p.inverse, p.hook, p.forward = x, inverse, hook, forward
	p.pool.run(p.rowTasks(), p.rowsPass)
	p.field, p.hook = nil, nil
}

// Columns transforms the columns of a field whose rows are transformed,
// multiplies by the kernel and by factor, and transforms the columns back.
// The 1/(nx*ny) of the inverse transforms is part of the kernel's table.
func (p *Plan) Columns(x []complex128, k *Kernel, factor float64) {
	p.check(x)
	if k.plan != p {
		panic("fft: a kernel of another plan")
	}
	p.field, p.kernel, p.factor = x, k, factor
	p.pool.run(p.columnTasks(), p.columnsPass)
	p.field, p.kernel = nil, nil
}

// Apply replaces x by F^-1 k F x.
func (p *Plan) Apply(x []complex128, k *Kernel) {
	p.Rows(x, false, nil, true)
	p.Columns(x, k, 1)
	p.Rows(x, true, nil, false)
}

func (p *Plan) rowTasks() int    { return (p.nx + rowsPerTask - 1) / rowsPerTask }
func (p *Plan) columnTasks() int { return (p.ny + lanes - 1) / lanes }

// rows is one task of Rows.
func (p *Plan) rows(worker, task int) {
	first := task * rowsPerTask
	p.someRows(worker, first, min(first+rowsPerTask, p.nx), p.inverse, p.hook, p.forward)
}

// someRows does what Rows does for at most eight rows.
func (p *Plan) someRows(worker, first, last int, inverse bool, hook func(worker, ix int, row []complex128), forward bool) {
	ny := p.ny
	x := p.field[first*ny : last*ny]
	if p.y.pow2 {
		for ix := first; ix < last; ix++ {
			row := x[:ny:ny]
			x = x[ny:]
			if inverse {
				p.y.inverseRow(row)
			}
			if hook != nil {
				hook(worker, ix, row)
			}
			if forward {
				p.y.forwardRow(row)
			}
		}
		return
	}
	block := p.buffers[worker][:ny]
	scratch := p.buffers[worker][ny:]
	if inverse {
		p.gatherRows(block, x)
		p.y.inverse(block, scratch)
		p.scatterRows(x, block)
	}
	if hook != nil {
		for ix := first; ix < last; ix++ {
			hook(worker, ix, p.field[ix*ny:(ix+1)*ny:(ix+1)*ny])
		}
	}
	if forward {
		p.gatherRows(block, x)
		p.y.forward(block, scratch)
		p.scatterRows(x, block)
	}
}

// gatherRows puts up to eight rows into the lanes of a block. Lanes without a
// row keep what they had, which harms nobody.
func (p *Plan) gatherRows(block []vec, x []complex128) {
	for l := 0; l < lanes && len(x) > 0; l++ {
		row := x[:p.ny]
		for j := range block {
			block[j][l] = row[j]
		}
		x = x[p.ny:]
	}
}

func (p *Plan) scatterRows(x []complex128, block []vec) {
	for l := 0; l < lanes && len(x) > 0; l++ {
		row := x[:p.ny]
		for j := range block {
			row[j] = block[j][l]
		}
		x = x[p.ny:]
	}
}

// columns is one task of Columns.
func (p *Plan) columns(worker, task int) {
	block := p.buffers[worker][:p.nx]
	scratch := p.buffers[worker][p.nx:]
	p.gatherColumns(block, task, nil)
	p.x.convolve(block, scratch, p.kernel.table[task*p.nx:(task+1)*p.nx], p.factor)
	p.scatterColumns(block, task, nil)
}

// gatherColumns copies the columns of a task into the lanes of a block, of
// which place i gets row order[i], or row i without an order.
func (p *Plan) gatherColumns(block []vec, task int, order []int) {
	first := task * lanes
	if width := p.ny - first; width < lanes {
		for i := range block {
			from := i
			if order != nil {
				from = order[i]
			}
			copy(block[i][:width], p.field[from*p.ny+first:])
		}
		return
	}
	if order != nil {
		for i, from := range order {
			block[i] = vec(p.field[from*p.ny+first:])
		}
		return
	}
	x := p.field[first:]
	for i := range block {
		block[i] = vec(x)
		x = x[min(p.ny, len(x)):]
	}
}

// scatterColumns puts back what gatherColumns has taken.
func (p *Plan) scatterColumns(block []vec, task int, order []int) {
	first := task * lanes
	width := min(lanes, p.ny-first)
	if width < lanes || order != nil {
		for i := range block {
			to := i
			if order != nil {
				to = order[i]
			}
			copy(p.field[to*p.ny+first:], block[i][:width])
		}
		return
	}
	x := p.field[first:]
	for i := range block {
		*(*vec)(x) = block[i]
		x = x[min(p.ny, len(x)):]
	}
}

// sortedRows is one task of Forward and Inverse along y.
func (p *Plan) sortedRows(worker, task int) {
	first := task * rowsPerTask
	last := min(first+rowsPerTask, p.nx)
	row := p.rowBuffers[worker]
	if p.inverse {
		for ix := first; ix < last; ix++ {
			x := p.field[ix*p.ny : (ix+1)*p.ny]
			for i, from := range p.y.order {
				row[i] = x[from]
			}
			copy(x, row)
		}
		p.someRows(worker, first, last, true, nil, false)
		factor := 1 / (float64(p.nx) * float64(p.ny))
		x := p.field[first*p.ny : last*p.ny]
		for i, v := range x {
			x[i] = complex(factor*real(v), factor*imag(v))
		}
		return
	}
	p.someRows(worker, first, last, false, nil, true)
	for ix := first; ix < last; ix++ {
		x := p.field[ix*p.ny : (ix+1)*p.ny]
		for i, to := range p.y.order {
			row[to] = x[i]
		}
		copy(x, row)
	}
}

// sortedColumns is one task of Forward and Inverse along x.
func (p *Plan) sortedColumns(worker, task int) {
	block := p.buffers[worker][:p.nx]
	scratch := p.buffers[worker][p.nx:]
	if p.inverse {
		p.gatherColumns(block, task, p.x.order)
		p.x.inverse(block, scratch)
		p.scatterColumns(block, task, nil)
		return
	}
	p.gatherColumns(block, task, nil)
	p.x.forward(block, scratch)
	p.scatterColumns(block, task, p.x.order)
}
