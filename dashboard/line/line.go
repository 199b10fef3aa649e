// Package line knows what a connection to one browser carries, from what the page acknowledges,
// and chooses how pictures are written for it. It is pure: it has no timers, sends nothing, and is told the time.
//
// A [Line] is told of each message that is handed to the socket and of each acknowledgement. From these it has
// the rate at which bytes arrive, the least time of a round trip, and how long what is under way
// waits in queues. It lets as many bytes be under way as the line holds almost without a queue, so that
// neither the next picture nor a word waits behind old ones, whatever the buffers on the way would take.
//
// A [Choice] is the rung of the [Ladder] on which one picture of one browser stands.
package line

import (
	"slices"
	"sync"
	"time"
)

const (
	// fast is the round trip below which a line is that of one machine or one room.
	fast = 2 * time.Millisecond
	// first is how many bytes of pictures may be under way while nothing is known, and firstFast on a fast line.
	first, firstFast = 48 << 10, 4 << 20
	// leastWindow is how many may be under way on the slowest line.
	leastWindow = 12 << 10
	// slack is for how long bytes may wait on the line in order that it never runs dry.
	slack = 12 * time.Millisecond
	// partTime is how long the line is busy with one part. Text waits as long at most.
	partTime = 5 * time.Millisecond
	// leastPart and mostPart are bounds of a part, in bytes. Each part costs the page a task.
	leastPart, mostPart = 2 << 10, 1 << 20
	// firstPart is a part as long as the rate is not known.
	firstPart = 8 << 10
	// wholeRate is the rate from which messages are not cut into parts on fast lines, in bytes a second.
	wholeRate = 250e6

	// span is the time of which one rate is kept, the highest in it; spans are as many as count.
	span, spans = 200 * time.Millisecond, 16
	// leastFor is for how long a round trip counts as the least. Then fewer bytes are sent for a moment, so that what
	// waits on the way drains, and the next round trip is the least.
	leastFor = 10 * time.Second
	// trainFor is for how long the rate within a picture counts.
	trainFor = 4 * time.Second
	// crowded is how long bytes may wait in queues before the line counts as slower than it was.
	crowded = 100 * time.Millisecond
	// crowdedFor is for how long they must: a machine that halts for a moment is no slower line.
	crowdedFor = 200 * time.Millisecond
	// cut is the part of its rate that a line keeps at least when it counts as slower.
	cut = 0.2

	// ackEvery is the time within which a page acknowledges text unless it is told otherwise, and late how much longer it may take for what
	// is under way still to count as young.
	ackEvery, late = 100 * time.Millisecond, 150 * time.Millisecond
	// reserve is how many bytes of text may be under way beyond those of pictures.
	reserve = 32 << 10
	// mostText is how many bytes of text may be under way as long as nothing is known of the line.
	mostText = 1 << 20

	// mostRecords is of how many messages under way the sizes are remembered.
	mostRecords = 1024
)

// Line is what is known of the connection to one browser. Its methods may be called from several goroutines.
type Line struct {
	mu    sync.Mutex // guards all below
	begun time.Time

	// What was sent and not acknowledged is a ring. The first message has the number 1.
	records    []record
	from, next uint64
	sent, got  int64 // bytes ever sent, and ever acknowledged
	gotAt      time.Duration
	gotSent    time.Duration // when the last message that is acknowledged was sent

	rates   [spans]rate // the highest rates that were reached, of each span of time
	past    [8]progress // what had been acknowledged, each span/2
	pasts   int
	trains  [5]float64 // rates within single pictures, in bytes a second
	trained int
	trainAt time.Duration
	train   struct {
		began time.Duration
		bytes int64
		n     int
	}

	known     float64 // the rate, as of knownTill, when it has to be looked for again
	knownTill time.Duration

	startup bool    // the rate may still be far higher than what was reached
	best    float64 // the highest rate when the round before ended
	flat    int     // rounds since, in which it did not rise by much; four times those in which the line was full
	round   int64   // the round ends when so many bytes are acknowledged

	least, leastAt time.Duration // round trip; 0: not known
	smooth         time.Duration
	waits          [4]time.Duration // how much longer than the least the last round trips took
	waited         int
	crowdedAt      time.Duration // since when bytes have waited too long; 0: they do not
	cutAt          time.Duration // when the line last counted as slower than before
	large          uint64        // number of the last picture or part that was sent
	biggest        int64         // bytes of the largest picture or part since the line was last slower
	drain          bool          // no picture is sent until those under way have arrived
	full           float64       // the part of the last second or so in which as much was under way as may be
	fullAt         time.Duration // of when that is

	every   time.Duration // within which the page acknowledges text
	limit   float64       // bytes a second that somebody allows
	allowed float64       // bytes that this leaves for now
	allowAt time.Duration
}

// record is a message that was sent.
type record struct {
	at    time.Duration
	bytes int64         // ever sent, with it
	got   int64         // ever acknowledged when it was sent
	gotAt time.Duration // when that was
	since time.Duration // when the last message of that was sent
	large bool
	size  int
	alone bool // no other picture was under way
	spare bool // the line would have carried more at that time
}

// rate is the highest of a span of time.
type rate struct {
	span int64
	of   float64 // bytes a second
}

type progress struct {
	at  time.Duration
	got int64
}

// State is what is known of a line at a moment.
type State struct {
	Rate          float64       // bytes a second; 0: not known
	Limit         float64       // bytes a second that somebody allows; 0: as many as the line carries
	Least, Smooth time.Duration // round trips; 0: not known
	Queue         time.Duration // for how long what arrives now has waited on the way
	Flight        int           // bytes under way
	Fast          bool          // it is a line of one machine or one room
	Known         bool          // a rate was measured
	Startup       bool          // the rate may still be far higher
	Spare         bool          // there was room most of the time: the line may carry more than the rate
}

// New returns the line of a connection that has just been opened.
func New(now time.Time) *Line {
	return &Line{begun: now, from: 1, next: 1, startup: true, every: ackEvery}
}

// Limit bounds the rate to so many bytes a second, as somebody wishes; 0: as the line carries.
func (l *Line) Limit(rate float64) {
	l.mu.Lock()
	l.limit, l.allowed = max(rate, 0), 0
	l.mu.Unlock()
}

// AckEvery says that the page was told to acknowledge text within such a time, instead of 100 ms.
func (l *Line) AckEvery(d time.Duration) {
	l.mu.Lock()
	l.every = max(d, ackEvery)
	l.mu.Unlock()
}

// Sent says that the next message is handed to the socket, before it can be acknowledged. large says that the page
// acknowledges it as soon as it has it, as it does with pictures and their parts.
func (l *Line) Sent(now time.Time, bytes int, large bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.Sub(l.begun)
	l.fill(at)
	if l.sent == l.got {
		l.gotAt, l.gotSent = at, at // a pause says nothing of the rate
		l.train.n = 0
	}
	if n := len(l.records); int(l.next-l.from) == n {
		if n == mostRecords { // a page that acknowledges nothing
			l.from++
		} else {
			l.grow()
		}
	}
	l.sent += int64(bytes)
	l.allow(at)
	l.allowed -= float64(bytes)
	spare := !l.isFull(at)
	*l.at(l.next) = record{at: at, size: bytes, bytes: l.sent, got: l.got, gotAt: l.gotAt, since: l.gotSent, large: large, spare: spare, alone: l.from > l.large}
	if large {
		l.large = l.next
		l.biggest = max(int64(bytes), l.biggest)
	}
	l.next++
}

// isFull reports whether nearly as much is under way as may be.
func (l *Line) isFull(at time.Duration) bool { return l.drain || l.sent-l.got >= l.window(at)*3/4 }

// fill notes what the line was like since it was last asked.
func (l *Line) fill(at time.Duration) {
	weight := min((at - l.fullAt).Seconds(), 1)
	is := 0.0
	if l.isFull(at) {
		is = 1
	}
	l.full += weight * (is - l.full)
	l.fullAt = at
}

// allow gives the bytes that somebody has allowed since it was last asked.
func (l *Line) allow(at time.Duration) {
	if l.limit > 0 {
		l.allowed = min(l.allowed+l.limit*(at-l.allowAt).Seconds(), l.limit*partTime.Seconds()*4)
	}
	l.allowAt = at
}

func (l *Line) at(n uint64) *record { return &l.records[n%uint64(len(l.records))] }

// grow doubles the room for messages under way.
func (l *Line) grow() {
	more := make([]record, max(8, 2*len(l.records)))
	for n := l.from; n < l.next; n++ {
		more[n%uint64(len(more))] = *l.at(n)
	}
	l.records = more
}

// RoundTrip takes the time until a browser has answered what it answers at once, whatever the page does: a ping.
func (l *Line) RoundTrip(now time.Time, d time.Duration) {
	l.mu.Lock()
	l.trip(now.Sub(l.begun), d, false)
	l.mu.Unlock()
}

// trip takes a round trip. drained says that nothing waited on the way when it began.
func (l *Line) trip(at, d time.Duration, drained bool) {
	d = max(d, time.Microsecond)
	if l.least == 0 || d <= l.least {
		l.least, l.leastAt = d, at
	} else if drained {
		l.least, l.leastAt = min(d, l.least+slack), at
	}
	if l.smooth == 0 {
		l.smooth = d
	}
	l.smooth += (d - l.smooth) / 8
}

// Received says that the page has received the first n messages.
func (l *Line) Received(now time.Time, n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.Sub(l.begun)
	if n = min(n, l.next-1); n < l.from {
		return
	}
	// Of what it tells of, a page was quick to tell of pictures alone.
	var last record
	quick := false
	for m := n; m >= l.from && !quick; m-- {
		if r := l.at(m); r.large {
			last, quick = *r, true
		}
	}
	newest := *l.at(n)
	came := newest.bytes - l.got
	l.fill(at)
	l.from, l.got, l.gotAt, l.gotSent = n+1, newest.bytes, at, newest.at
	if l.from > l.large {
		l.drain = false
	}
	if p := l.past[l.pasts%len(l.past)]; at-p.at >= span/2 {
		l.pasts++
		l.past[l.pasts%len(l.past)] = progress{at, l.got}
	}
	if !quick {
		return
	}
	trip := at - last.at
	if last.alone && last.at >= l.cutAt && l.cutAt > l.leastAt {
		l.least, l.leastAt = min(max(trip-l.lasts(last.size), time.Microsecond), time.Second), at
	}
	l.trip(at, trip, !l.isFast() && last.at > l.leastAt+leastFor+l.smooth)
	l.measure(at, last)
	l.follow(at, came)
	l.waits[l.waited%len(l.waits)] = max(trip-l.least, 0)
	l.waited++
	l.crowd(at, last)
}

// measure takes the rate at which bytes came since a message was sent. They did not come faster than they were sent:
// after a pause on the way many are acknowledged at once.
func (l *Line) measure(at time.Duration, r record) {
	since := max(at-r.gotAt, r.at-r.since)
	if since <= 0 {
		return
	}
	reached := float64(l.got-r.got) / since.Seconds()
	if !r.spare || reached > l.top(at) {
		l.reach(at, reached)
	}
	if l.got < l.round {
		return
	}
	l.round = l.sent
	switch top := l.top(at); {
	case top > 1.25*l.best:
		l.best, l.flat = top, 0
	default:
		// What was sent with room to spare says less of what the line carries.
		l.flat++
		if !r.spare {
			l.flat += 3
		}
		l.startup = l.startup && l.flat < 12
	}
}

func (l *Line) reach(at time.Duration, bytesPerSecond float64) {
	s := int64(at / span)
	r := &l.rates[s%spans]
	if r.span != s {
		*r = rate{span: s}
	}
	r.of = max(r.of, bytesPerSecond)
	l.knownTill = 0
}

// follow takes the rate from acknowledgements that follow each other while the line is busy. No round trip lies
// between them, so a picture that the line holds as a whole tells as much as a long one.
func (l *Line) follow(at time.Duration, came int64) {
	t := &l.train
	if t.n == 0 {
		t.began, t.bytes = at, 0
	} else {
		t.bytes += came
	}
	t.n++
	if l.sent != l.got && t.n < 64 {
		return
	}
	if took := at - t.began; t.n >= 3 && took >= 4*time.Millisecond {
		l.trains[l.trained%len(l.trains)] = float64(t.bytes) / took.Seconds()
		l.trained++
		l.trainAt, l.knownTill = at, 0
	}
	t.n = 0
}

// crowd takes back the rate when what arrives has waited on the way although no more was under way than the rate allows:
// the line carries less than it did.
func (l *Line) crowd(at time.Duration, r record) {
	queue := l.queue()
	if queue > slack+l.least/2 {
		l.startup = false
	}
	if queue < crowded {
		l.crowdedAt = 0
		return
	}
	if l.crowdedAt == 0 {
		l.crowdedAt = at
	}
	if r.spare || at-l.crowdedAt < crowdedFor || at-l.cutAt < max(2*l.smooth, 2*span) {
		return
	}
	l.cutAt, l.crowdedAt, l.biggest = at, 0, 0
	before := l.estimate(at)
	now := before / 2
	// What came while it was busy is what it carries.
	if p := l.past[(l.pasts+len(l.past)-2)%len(l.past)]; p.at > 0 && at > p.at {
		now = float64(l.got-p.got) / (at - p.at).Seconds()
	}
	l.rates, l.trained, l.waited = [spans]rate{}, 0, 0
	l.reach(at, min(max(now, before*cut), before))
	l.drain = l.from <= l.large // the way may have become longer, too: one round trip without a queue tells
}

// lasts is how long the line is busy with so many bytes.
func (l *Line) lasts(bytes int) time.Duration {
	if r := l.estimate(l.gotAt); r > 0 {
		return time.Duration(float64(bytes) / r * 1e9)
	}
	return 0
}

// queue is the shortest wait of the last round trips: one that was held up by something else does not count.
func (l *Line) queue() time.Duration {
	if l.waited < len(l.waits) {
		return 0
	}
	return slices.Min(l.waits[:])
}

// top is the highest rate that was reached of late.
func (l *Line) top(at time.Duration) float64 {
	top, s := 0.0, int64(at/span)
	for _, r := range l.rates {
		if s-r.span < spans {
			top = max(top, r.of)
		}
	}
	return top
}

// estimate is the rate in bytes a second; 0: not known. It stays when nothing was sent for a while.
func (l *Line) estimate(at time.Duration) float64 {
	if at < l.knownTill {
		return l.known
	}
	top := l.top(at)
	if top == 0 {
		newest := rate{}
		for _, r := range l.rates {
			if r.of > 0 && r.span >= newest.span {
				newest = r
			}
		}
		top = newest.of
	}
	if l.trained >= 3 && at-l.trainAt < trainFor && l.least >= fast {
		t := append(make([]float64, 0, len(l.trains)), l.trains[:min(l.trained, len(l.trains))]...)
		slices.Sort(t)
		top = max(top, t[(len(t)-1)/3]) // what comes at once after a pause makes some of them too high
	}
	l.known, l.knownTill = top, at+span/4
	return top
}

// window is how many bytes may be under way.
func (l *Line) window(at time.Duration) int64 {
	r := l.estimate(at)
	floor := int64(leastWindow)
	if l.isFast() {
		floor = l.biggest
	}
	if r == 0 && l.isFast() {
		floor = firstFast
	}
	if r == 0 {
		if l.limit > 0 {
			return min(max(int64(l.limit*0.1), leastWindow), first)
		}
		return max(first, floor)
	}
	hold := l.least + l.least/20 + slack
	if l.startup {
		hold *= 2
		if !l.isFast() {
			floor = first
		}
	}
	if at-l.leastAt > leastFor && !l.isFast() {
		hold = l.least * 3 / 5
	}
	if l.limit > 0 && l.limit < r {
		r, floor = l.limit, leastWindow
	}
	return max(int64(r*hold.Seconds()), floor)
}

func (l *Line) isFast() bool { return l.least > 0 && l.least < fast }

// Room is how many bytes of pictures may be sent now; none if it is not more than 0. What is larger than the room may
// be sent while there is any.
func (l *Line) Room(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.Sub(l.begun)
	room := int(l.window(at) - (l.sent - l.got))
	if l.drain {
		return 0
	}
	if l.limit > 0 {
		l.allow(at)
		room = min(room, int(l.allowed))
	}
	return room
}

// Pause is how long it takes until there is room again, if only somebody's bound of the rate stands against it; 0 otherwise.
func (l *Line) Pause(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.Sub(l.begun)
	if l.allow(at); l.limit == 0 || l.allowed > 0 || l.window(at) <= l.sent-l.got {
		return 0
	}
	return time.Duration((1-l.allowed)/l.limit*1e9) + time.Millisecond
}

// TextRoom reports whether text may be sent now: what is under way is young, and not much.
func (l *Line) TextRoom(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from == l.next {
		return true
	}
	at := now.Sub(l.begun)
	if at-l.at(l.from).at > l.every+late+l.least {
		return false
	}
	most := l.window(at) + int64(l.part()) + reserve
	if l.estimate(at) == 0 || l.isFast() {
		most = max(most, mostText)
	}
	return l.sent-l.got < most
}

// Part is how many bytes a part may have. Messages that are not larger are sent whole.
func (l *Line) Part() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.part()
}

func (l *Line) part() int {
	r := l.estimate(l.gotAt)
	switch {
	case l.limit > 0 && (l.limit < r || r == 0):
		r = l.limit
	case r == 0 && l.isFast(), l.isFast() && r >= wholeRate:
		return 1 << 30
	case r == 0:
		return firstPart
	}
	return min(max(int(r*partTime.Seconds()), leastPart), mostPart)
}

// State returns what is known.
func (l *Line) State(now time.Time) State {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.Sub(l.begun)
	r := l.estimate(at)
	return State{
		Rate: r, Limit: l.limit, Least: l.least, Smooth: l.smooth, Queue: l.queue(), Flight: int(l.sent - l.got),
		Fast: l.isFast(), Known: r > 0, Startup: l.startup,
		Spare: l.full < 0.5 || at-l.fullAt > time.Second,
	}
}
