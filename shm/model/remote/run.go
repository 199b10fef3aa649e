package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"time"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/model/inbox"
	"webmon/shm/model/outbox"
	"webmon/shm/segment"
)

const (
	// setEvery is the least time between two sets of values that are being dragged.
	setEvery = time.Second / 30
	// getEvery is how often to ask for the values. getSoon is how often to ask while some
	// have just been set, or the potential follows the finger.
	getEvery = 250 * time.Millisecond
	getSoon  = 100 * time.Millisecond
	// getShare is how many times longer than a get the pause after it is, at least.
	getShare = 3
	// tracersEvery is the least time between two requests for the places of the particles.
	tracersEvery = time.Second / 30
	// physicsEvery is how often to tell the observables.
	physicsEvery = 200 * time.Millisecond
	// pausedEvery is how often to look whether a paused simulation was started.
	pausedEvery = 400 * time.Millisecond
	// standsDensities is how many densities have to be the same to count as a pause.
	standsDensities = 5
	// maxRetry is the longest pause between attempts to reach the server.
	maxRetry = 30 * time.Second
)

// errRestart ends a session because people want a new connection.
var errRestart = errors.New("people asked for a new connection")

// run is the state that the goroutine of a run owns.
type run struct {
	*source
	ctx  context.Context
	sink shm.Sink
	cost shm.Cost
	half half
	*session

	state     shm.ModelState // as told last
	values    map[string]shm.Value
	rate      outbox.Rate // while it runs
	told      time.Time   // when what changes slowly was told last
	density   *outbox.Array
	tracers   *outbox.Array
	numbers   []float64 // of the newest density, as they came
	particles []float64 // the places of the tracers, as they came
	first     float64   // the sum of the first density, from which the drift counts; NaN: there is none yet
	seed      maphash.Seed
	broken    bool // the density has values that are no numbers
	heedless  bool // people want a connection although another program has one
}

// session is one connection and what is known over it.
type session struct {
	*client
	has       *commands
	exchanges uint64 // so far
	flushed   uint64 // the number of the last exchange that waited for everything asked before it
	got       uint64 // the number of the last get
	// The server's replies lag by one: it answers a get with what it found out for the get
	// before. So after the exchange with the number unsure the values are stale until two
	// gets have completed. The first get only makes the server look. 0: the values are fresh.
	unsure   uint64
	settling map[string]setting

	hash       uint64 // of the newest density
	version    uint64 // counts densities that differ
	same       int    // densities since the last that differed
	changed    time.Time
	base       bool // later densities of the paused simulation are compared with the newest one
	due        struct{ density, get, set, tracers, physics time.Time }
	last       struct{ command, get, tracers time.Time } // when each had its turn
	aside      bool                                      // the last exchange was not for the density
	hasTracers bool
	ready      bool       // everything was asked that is asked once
	vpos       [2]float64 // of the potential; NaN: unknown
}

// setting is a value that was set.
type setting struct {
	at    uint64 // exchange
	value shm.Value
}

// Run implements [shm.Source].
func (s *source) Run(ctx context.Context, sink shm.Sink) error {
	r := &run{source: s, ctx: ctx, sink: sink, first: math.NaN(), seed: maphash.MakeSeed(), values: map[string]shm.Value{}}
	s.inbox.Begin(sink)
	defer s.inbox.End()
	r.state = shm.ModelState{Phase: shm.ModelStarting, Time: math.NaN(), Observables: observables}
	r.tellState()
	for waiting := true; waiting; {
		select {
		case s.server.turn <- struct{}{}:
			waiting = false
		case <-time.After(s.server.timing.tell):
			r.tick()
		case <-ctx.Done():
			return nil
		}
	}
	defer func() { <-s.server.turn }()
	s.server.mu.Lock()
	r.half = s.server.half
	s.server.mu.Unlock()
	defer func() {
		s.server.mu.Lock()
		s.server.half = r.half
		s.server.mu.Unlock()
	}()

	pause := s.server.retry
	for ctx.Err() == nil {
		before := r.state.Frame
		err := r.connect()
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, errRestart) {
			pause = s.server.retry
			r.again()
			continue
		}
		if r.state.Frame > before {
			pause = s.server.retry
		}
		r.fail(err)
		if r.wait(pause) {
			pause, r.heedless = s.server.retry, errors.Is(err, errTaken)
			r.again()
		} else {
			pause = min(2*pause, maxRetry)
		}
	}
	return nil
}

// connect speaks to the server until the connection fails, or people want a new one.
func (r *run) connect() error {
	may := free
	if r.heedless {
		may, r.heedless = nil, false
	}
	c, err := dial(r.ctx, r.server.addr, r.server.timing, may, &r.half, &r.cost, r.waiting)
	if err != nil {
		return err
	}
	defer c.close()
	nan := math.NaN()
	r.session = &session{client: c, settling: map[string]setting{}, vpos: [2]float64{nan, nan}}
	defer func() { r.session = nil }()
	r.unsure = r.next()
	if err := r.learn(); err != nil {
		return err
	}
	for r.ctx.Err() == nil {
		if err := r.turn(); err != nil {
			return err
		}
	}
	return nil
}

// next numbers an exchange.
func (r *run) next() uint64 {
	r.exchanges++
	return r.exchanges
}

// fail tells people that the server cannot be reached. Values and picture stay.
func (r *run) fail(err error) {
	problem := r.server.trouble(err)
	r.server.lost(problem, err.Error())
	r.inbox.Fail(problem)
	if errors.Is(err, errTaken) {
		r.restartIs(restartTaken)
	} else {
		r.restartIs(restart)
	}
	problem += " It is tried again by itself."
	if r.state.Problem != problem {
		r.server.opts.Logger.Warn("a simulation server cannot be used", "server", scheme+r.server.addr, "err", err)
	}
	r.rate.Stop()
	r.state.Phase, r.state.Problem, r.state.Detail, r.state.Rate = shm.ModelFailed, problem, err.Error(), 0
	r.tellState()
}

// wait waits until the next attempt. It reports whether people want the attempt now.
func (r *run) wait(pause time.Duration) bool {
	until := time.Now().Add(pause)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if r.reconnects(errors.New(r.state.Problem)) {
			return true
		}
		left := time.Until(until)
		if left <= 0 {
			return false
		}
		timer.Reset(min(left, time.Until(r.told.Add(r.server.timing.tell))))
		select {
		case <-r.ctx.Done():
			return false
		case <-r.inbox.Wake():
		case <-timer.C:
		}
		r.tick()
	}
}

// restartIs says what starting again means now.
func (r *run) restartIs(a shm.Action) {
	actions := r.inbox.Actions()
	i := slices.IndexFunc(actions, func(o shm.Action) bool { return o.Name == a.Name })
	if i >= 0 && actions[i].Title != a.Title {
		actions[i] = a
		r.inbox.SetActions(actions)
	}
}

// again tells people that a connection is being made because they want it.
func (r *run) again() {
	r.inbox.Revive()
	r.setPhase(shm.ModelStarting)
}

// setPhase changes the phase, and tells people at once.
func (r *run) setPhase(p shm.ModelPhase) {
	if r.state.Phase == p && r.state.Problem == "" {
		return
	}
	r.state.Phase, r.state.Problem, r.state.Detail = p, "", ""
	if p != shm.ModelRunning {
		r.rate.Stop()
		r.state.Rate = 0
	}
	r.tellState()
}

// tellState hands over a copy of the state.
func (r *run) tellState() {
	state := r.state
	r.sink.State(shm.TopicModel, &state)
}

// tick tells people once a second what changes slowly.
func (r *run) tick() {
	now := time.Now()
	if now.Sub(r.told) < r.server.timing.tell {
		return
	}
	r.tellArrays(now)
	r.sink.Cost(r.cost)
}

func (r *run) tellArrays(now time.Time) {
	r.told = now
	outbox.Tell(r.sink, now, r.density, r.tracers)
}

// waiting is called about ten times a second while run waits for an answer. It ends the wait
// when people ask for a new connection.
func (r *run) waiting(since time.Duration) bool {
	if silent := r.server.timing.silent; since > silent && r.state.Problem == "" {
		r.state.Problem = fmt.Sprintf("The server at %s%s has said nothing for %v.", scheme, r.server.addr, silent)
		r.tellState()
	}
	r.tick()
	return since < r.server.timing.silent || !r.inbox.Waits(shm.ActionRestart)
}

// heard takes back what waiting has said.
func (r *run) heard() {
	if r.state.Problem != "" && r.state.Phase != shm.ModelFailed {
		r.state.Problem = ""
		r.tellState()
	}
}

// learn asks the server what it is.
func (r *run) learn() error {
	answer, err := r.client.get(r.ctx, []string{"available_commands"})
	if err != nil {
		return err
	}
	r.has, err = parseCommands(answer["available_commands"])
	if err != nil {
		return err
	}
	if r.has.gets["layout"] {
		if answer, err = r.client.get(r.ctx, []string{"layout"}); err != nil {
			return err
		}
		text, _ := answer["layout"].(string)
		l, err := parseLayout(text)
		if err != nil {
			r.sink.Notice("layout", fmt.Sprintf("What the server says of its sliders cannot be read: %v.", err))
		}
		for _, w := range r.has.take(l) {
			r.sink.Notice("widgets", w)
		}
	}
	// The server would answer first with what it remembers of an earlier get.
	if _, err := r.ask(); err != nil {
		return err
	}
	if err := r.picture(); err != nil {
		return err
	}
	if _, err := r.ask(); err != nil {
		return err
	}
	constants := map[string]shm.Value{}
	if names := r.has.constants(); len(names) > 0 {
		// The reply lags by one, so the second get has the values. The server answers the
		// density between them only after it has looked.
		for range 2 {
			if constants, err = r.client.get(r.ctx, names); err != nil {
				return err
			}
			if err := r.picture(); err != nil {
				return err
			}
		}
	}
	r.hasTracers = r.has.arrays["tracers"]
	if r.hasTracers {
		if err := r.places(); err != nil {
			return err
		}
	}
	title, about := r.has.describe(r.server.addr, r.density.Shape(), constants)
	r.server.reached(title, about)
	for i := range r.has.widgets {
		if c := &r.has.widgets[i].control; r.values[c.Name] != nil {
			r.server.start(c, r.values[c.Name])
		}
	}
	r.inbox.Revive()
	r.inbox.SetActions(r.has.actions(r.hasTracers))
	if r.broken {
		r.restartIs(r.mend())
	}
	r.inbox.Settle(r.controls())
	r.finger()
	r.ready = true
	if !r.broken {
		r.setPhase(shm.ModelRunning) // until the density stands still
	}
	return nil
}

// controls are what can be set, with the values that the server has.
func (r *run) controls() shm.Controls {
	out := make(shm.Controls, len(r.has.widgets))
	for i, w := range r.has.widgets {
		out[i] = w.control
		if v := r.values[w.control.Name]; v != nil {
			out[i].Value = v
		}
	}
	return out
}

// turn does what is due next, or waits for it. The density, if it is due, comes after
// everything else.
func (r *run) turn() error {
	r.tick()
	if r.reconnects(errors.New("the server was connected to again before it was told")) {
		if r.broken && r.has.dos[shm.ActionReset] {
			if err := r.do(shm.ActionReset); err != nil {
				return err
			}
			r.broken = false
		}
		return errRestart
	}
	now := time.Now()
	if r.aside && !now.Before(r.due.density) {
		return r.picture()
	}
	wantsTracers := r.hasTracers && r.tracers.Behind(r.sink, r.version)
	// The one that is due and whose turn was the longest ago is next. Commands win a tie.
	getDue := !now.Before(r.due.get)
	tracersDue := wantsTracers && !now.Before(r.due.tracers)
	commands := !(getDue && r.last.get.Before(r.last.command) || tracersDue && r.last.tracers.Before(r.last.command))
	later := now
	if commands {
		var batch []inbox.Command
		if batch, later = r.batch(now, r.due.set); len(batch) > 0 {
			r.last.command, r.aside = now, true
			return r.obey(batch)
		}
	}
	switch {
	case tracersDue && !(getDue && r.last.get.Before(r.last.tracers)):
		r.last.tracers, r.aside = now, true
		return r.places()
	case getDue:
		r.last.get, r.aside = now, true
		_, err := r.ask()
		return err
	case !now.Before(r.due.density):
		return r.picture()
	}
	until := r.due.density
	for _, t := range []time.Time{r.due.get, r.told.Add(r.server.timing.tell), later} {
		if !t.IsZero() && t.Before(until) {
			until = t
		}
	}
	if wantsTracers && r.due.tracers.Before(until) {
		until = r.due.tracers
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-r.ctx.Done():
	case <-r.inbox.Wake():
	case <-r.sink.DemandChanged():
		if soon := time.Now().Add(r.every()); soon.Before(r.due.density) {
			r.due.density = soon
		}
		if r.density.Behind(r.sink, r.version) {
			r.due.density = time.Now()
		}
	case <-timer.C:
	}
	return nil
}

// every is the time from one density to the next.
func (r *run) every() time.Duration {
	hz := r.server.idle
	if wanted := r.sink.Demand(shm.ArrayTopic(shm.ArrayDensity)); wanted > hz {
		hz = min(wanted, r.server.opts.Rate)
	}
	every := time.Duration(float64(time.Second) / hz)
	if r.state.Phase == shm.ModelPaused || r.broken {
		every = max(every, pausedEvery)
	}
	return every
}

// ask gets the values. It believes those that cannot be stale: the server's replies lag by
// one, as session.unsure explains.
func (r *run) ask() (map[string]shm.Value, error) {
	names := r.has.names()
	began := time.Now()
	// If the server is far away, most of the time is for pictures.
	defer func() {
		if soonest := time.Now().Add(getShare * time.Since(began)); r.due.get.Before(soonest) {
			r.due.get = soonest
		}
	}()
	r.due.get = began.Add(getEvery)
	if len(names) == 0 {
		r.values, r.unsure = map[string]shm.Value{}, 0
		return nil, nil
	}
	answer, err := r.client.get(r.ctx, names)
	if err != nil {
		return nil, err
	}
	r.heard()
	before := r.got
	r.got = r.next()
	fresh := func(since uint64) bool { return before > since && r.flushed > before }
	if r.unsure > 0 && !fresh(r.unsure) {
		r.due.get = time.Now().Add(getSoon)
		return answer, nil
	}
	r.unsure = 0
	for _, w := range r.has.widgets {
		name := w.control.Name
		v := w.read(answer[name])
		if v == nil {
			continue
		}
		if s, ok := r.settling[name]; ok && !same(s.value, v) && !fresh(s.at) {
			continue
		}
		delete(r.settling, name)
		r.values[name] = v
	}
	if len(r.settling) > 0 {
		r.due.get = time.Now().Add(getSoon)
	}
	if r.ready {
		r.inbox.Settle(r.controls())
	}
	if t, ok := shm.Number(answer["t"]); ok {
		r.state.Time = t
		if dt, ok := shm.Number(answer["dt"]); ok && dt > 0 && t >= 0 && t/dt < 1<<53 {
			r.state.Steps = uint64(math.Round(t / dt))
		}
	}
	nan := math.NaN()
	r.vpos = [2]float64{nan, nan}
	if p, ok := answer["Vpos"].([]shm.Value); ok && len(p) == 2 {
		for i := range p {
			if x, ok := shm.Number(p[i]); ok {
				r.vpos[i] = x
			}
		}
	}
	if r.finger() {
		r.due.get = time.Now().Add(getSoon)
		if r.state.Phase == shm.ModelPaused {
			r.tellState()
		}
	}
	return answer, nil
}

// finger brings the finger up to date. It reports whether the finger has moved, or the
// potential still follows it.
func (r *run) finger() bool {
	x, y := r.place()
	if math.IsNaN(x) || math.IsNaN(y) {
		r.state.Finger = nil
		return false
	}
	was := r.state.Finger
	now := &shm.ModelFinger{X: x, Y: y, PX: r.vpos[0], PY: r.vpos[1]}
	r.state.Finger = now
	moved := was == nil || was.X != x || was.Y != y
	return moved || math.Abs(now.PX-x) > 0.01 || math.Abs(now.PY-y) > 0.01
}

// obey tells the server what people want.
func (r *run) obey(batch []inbox.Command) error {
	for _, c := range batch {
		c.Report(shm.Taken, "")
	}
	var err error
	if len(batch) == 1 && batch[0].Action {
		err = r.act(batch[0].Name)
	} else {
		err = r.set(batch)
	}
	for _, c := range batch {
		switch {
		case err == nil:
			c.Done(nil)
		case r.ctx.Err() != nil:
			c.Report(shm.Gone, gone)
		default:
			c.Report(shm.Refused, r.server.trouble(err))
		}
	}
	// People should see at once what has become of it.
	r.due.density, r.base = time.Now(), false
	return err
}

// set sends the newest value of each name.
func (r *run) set(batch []inbox.Command) error {
	values := map[string]shm.Value{}
	plain := map[string]shm.Value{}
	for _, c := range batch {
		w := r.has.widget(c.Name)
		if w == nil {
			continue // the server has lost the parameter meanwhile
		}
		values[c.Name], plain[c.Name] = w.write(c.Value), c.Value
	}
	if len(values) == 0 {
		return nil
	}
	r.due.set = time.Now().Add(setEvery)
	if err := r.client.set(r.ctx, values); err != nil {
		return err
	}
	r.heard()
	at := r.next()
	for name, v := range plain {
		r.values[name], r.settling[name] = v, setting{at, v}
	}
	r.inbox.Settle(r.controls())
	if soon := time.Now().Add(getSoon); soon.Before(r.due.get) {
		r.due.get = soon
	}
	r.finger()
	if r.state.Phase != shm.ModelRunning {
		r.tellState()
	}
	return nil
}

// act carries out an action.
func (r *run) act(name string) error {
	if name != shm.ActionStep {
		return r.do(name)
	}
	if r.state.Phase != shm.ModelRunning {
		if err := r.do(shm.ActionStart); err != nil {
			return err
		}
	}
	// The computation takes requests in order, between two pictures. So when a density is
	// here, the computation has heard of the start. It hears the next request after at least
	// one more picture. The server decides how many more, because it sleeps between requests.
	if err := r.picture(); err != nil {
		return err
	}
	return r.do(shm.ActionPause)
}

// do sends an action to the server.
func (r *run) do(name string) error {
	if err := r.client.do(r.ctx, name); err != nil {
		return err
	}
	r.heard()
	at := r.next()
	r.base = false
	switch name {
	case shm.ActionStart:
		r.changed, r.same = time.Now(), 0
		r.setPhase(shm.ModelRunning)
	case shm.ActionPause:
		r.setPhase(shm.ModelPaused)
	case shm.ActionReset:
		clear(r.settling)
		r.unsure, r.first = at, math.NaN()
		r.due.get = time.Now()
	}
	return nil
}

// observables are the numbers of TopicPhysics.
var observables = []shm.Observable{
	{Name: "sum", Title: "Sum of the density", Help: "All points of the density added up: the number of particles, but for a constant factor that the server does not tell."},
	{Name: "drift", Title: "Drift of the sum", Unit: "ppm", Help: "How far the sum is from that of the first density since webmon came or the model was reset, in millionths. The models of super_hydro keep it to rounding."},
	{Name: "min", Title: "Least density", Help: "The least value of the density. In the core of a vortex it is close to zero."},
	{Name: "max", Title: "Greatest density", Help: "The greatest value of the density."},
}

// picture asks for the density. It hands the density over if it has changed.
func (r *run) picture() error {
	now := time.Now()
	r.aside = false
	// Lateness is made up for only as far as a sleep was too long.
	every := r.every()
	if r.due.density = r.due.density.Add(every); now.Sub(r.due.density) > -every/2 {
		r.due.density = now.Add(every)
	}
	h, data, err := r.client.array(r.ctx, shm.ArrayDensity)
	if err != nil {
		return err
	}
	r.heard()
	r.flushed = r.next()
	if len(h.shape) != 2 || h.n == 0 || h.shape[0] > maxSide || h.shape[1] > maxSide {
		return strange("its density has the shape %v, not [Nx, Ny] with at most %d points each", h.shape, maxSide)
	}
	now = time.Now()
	shape := !slices.Equal(r.density.Shape(), h.shape)
	hash := maphash.Bytes(r.seed, data)
	changed := shape || r.version == 0 || hash != r.hash
	if r.hash = hash; changed {
		r.version++
		r.changed, r.same = now, 0
		r.numbers = h.decode(r.numbers[:0], data)
	} else {
		r.same++
	}
	r.infer(changed)
	if !changed {
		// Somebody may have begun to watch.
		if !r.broken && r.density.Behind(r.sink, r.version) {
			r.offer(now)
		}
		return nil
	}
	sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, x := range r.numbers {
		sum += x
		low, high = min(low, x), max(high, x)
	}
	if shape {
		if err := r.declare(h.shape); err != nil {
			return err
		}
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		r.nonsense()
		return nil
	}
	if r.broken {
		r.broken, r.first = false, math.NaN()
		r.restartIs(restart)
		if r.ready {
			r.setPhase(shm.ModelRunning)
		}
	}
	if math.IsNaN(r.first) {
		r.first = sum
	}
	r.offer(now)
	if r.state.Phase == shm.ModelRunning {
		r.state.Rate = r.rate.Count(now)
	}
	r.state.Frame++
	r.finger()
	r.tellState()
	stamp := float64(now.UnixMicro()) / 1e6
	if !now.Before(r.due.physics) {
		r.due.physics = now.Add(physicsEvery - r.every()/2)
		r.sink.Event(shm.Event{Topic: shm.TopicPhysics, Stamp: stamp, Value: map[string]shm.Value{
			"sum": sum, "drift": 1e6 * (sum - r.first) / cmp.Or(r.first, 1), "min": low, "max": high,
		}})
	}
	r.sink.Frame(stamp)
	return nil
}

// infer concludes from the densities whether the simulation runs. The server does not tell,
// and others may have started or paused it.
func (r *run) infer(changed bool) {
	switch phase := r.state.Phase; {
	case r.broken || !r.ready:
	case phase == shm.ModelPaused && !r.base:
		r.base = true // the density may have changed before the pause, or by a command
	case changed && phase != shm.ModelRunning:
		r.setPhase(shm.ModelRunning)
	case !changed && phase == shm.ModelRunning && r.same >= standsDensities && time.Since(r.changed) > r.server.timing.stands:
		r.base = true
		r.setPhase(shm.ModelPaused)
	}
}

// nonsense tells people that the density makes no sense. The last good density stays. The
// server is still asked for densities, and people may reset it.
func (r *run) nonsense() {
	if r.broken {
		return
	}
	r.broken = true
	r.rate.Stop()
	bad := 0
	for _, x := range r.numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			bad++
		}
	}
	when := ""
	if !math.IsNaN(r.state.Time) {
		when = fmt.Sprintf(" at t = %.4g", r.state.Time)
	}
	r.restartIs(r.mend())
	r.state.Phase, r.state.Rate = shm.ModelFailed, 0
	r.state.Problem = fmt.Sprintf("The density has no finite value at %d of its %d points%s: the simulation has failed. Reset it, with smaller time steps or weaker forces.", bad, len(r.numbers), when)
	r.tellState()
}

// mend says what people can do about a density that makes no sense.
func (r *run) mend() shm.Action {
	if r.has.dos[shm.ActionReset] {
		return restartReset
	}
	return restart
}

// declare makes the array of the density.
func (r *run) declare(shape []int) error {
	spec := segment.Spec{Name: shm.ArrayDensity, DType: "<f8", Shape: shape, Axes: []string{"x", "y"}}
	density, err := outbox.NewArray(spec, shm.ArrayInfo{Title: "Density", Colormap: "viridis"},
		func(b []byte) { copy(b, segment.Bytes(r.numbers)) })
	if err != nil {
		return err
	}
	r.density = density
	r.tellArrays(time.Now())
	return nil
}

// offer hands over the newest density.
func (r *run) offer(now time.Time) {
	if err := r.density.Offer(r.sink, r.version, now); err != nil {
		r.sink.Notice("density", natural.Sentence(err.Error())) // cannot happen: the frame has the array's shape
	}
}

// places asks for the places of the tracer particles.
func (r *run) places() error {
	r.due.tracers = time.Now().Add(tracersEvery)
	h, data, err := r.client.array(r.ctx, shm.ArrayTracers)
	if err != nil {
		return err
	}
	r.heard()
	r.flushed = r.next()
	if h.n == 0 { // the model has no particles
		r.hasTracers = false
		if r.tracers != nil {
			r.tracers = nil
			r.tellArrays(time.Now())
		}
		return nil
	}
	if len(h.shape) != 2 || h.shape[0] != 2 {
		return strange("its tracers have the shape %v, not [2, N]", h.shape)
	}
	if !slices.Equal(r.tracers.Shape(), h.shape) {
		spec := segment.Spec{Name: shm.ArrayTracers, DType: "<f4", Shape: h.shape, Axes: []string{"xy", "particle"}}
		tracers, err := outbox.NewArray(spec, shm.ArrayInfo{Title: "Tracers", Unit: "px"}, func(b []byte) {
			for i, out := 0, segment.Items[float32](b); i < len(out); i++ {
				out[i] = float32(r.particles[i])
			}
		})
		if err != nil {
			return err
		}
		r.tracers = tracers
		r.tellArrays(time.Now())
	}
	r.particles = h.decode(r.particles, data)
	return r.tracers.Offer(r.sink, r.version, time.Now())
}
