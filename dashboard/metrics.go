package dashboard

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"webmon/dashboard/budget"
	"webmon/dashboard/line"
	"webmon/dashboard/source"
	"webmon/fault"
)

// metrics serves everything that is counted, for Prometheus.
func (s *Server) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(&collector{s}, collectors.NewGoCollector())
	// Two topics whose names are no UTF-8 may look the same: the second is left out.
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// collector reads the server's counters when it is asked.
type collector struct{ s *Server }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("webmon_"+name, help, labels, nil)
}

var (
	descBrowsers  = desc("browsers", "Browsers connected.")
	descTopics    = desc("watched_topics", "Hub topics that some browser watches.")
	descSent      = desc("messages_sent_total", "Messages sent to browsers.")
	descBytes     = desc("message_bytes_total", "Payload bytes sent to browsers.")
	descSkipped   = desc("frames_skipped_total", "Frames that were not sent to a browser because a newer one was available.")
	descPictures  = desc("pictures", "Pictures that browsers are sent, by the rung of the ladder on which each stands: 0 is exact, and each further one coarser.", "rung")
	descPaint     = desc("paint_seconds", "From webmon stamping a frame to its acknowledgement after the paint.", "quantile")
	descCPU       = desc("cpu_seconds_total", "Processor time of webmon itself.")
	descMemory    = desc("memory_bytes", "Memory of webmon itself.")
	descConnected = desc("source_connected", "1 while the process of the source is attached and sends.", "source")
	descFrames    = desc("source_frames_total", "Frames the source has sent.", "source")
	descRate      = desc("source_frame_rate_hertz", "Frames a second, over the last seconds.", "source")
	descLatency   = desc("source_latency_seconds", "From the source's stamp to webmon.", "source", "quantile")
	descEvents    = desc("source_events_total", "Messages of an event topic.", "source", "topic")
	descLost      = desc("source_events_lost_total", "Messages of an event topic that the process dropped before webmon read them.", "source", "topic")
	descCalls     = desc("source_calls_total", "Requests to the source's manager.", "source")
	descCallBytes = desc("source_call_bytes_total", "Bytes received from the source's manager.", "source")
	descWaiting   = desc("source_call_seconds_total", "Time requests to the source's manager were under way.", "source")
	descManager   = desc("source_manager_cpu_seconds_total", "Processor time of the source's manager process.", "source")
	descPublished = desc("array_published_total", "Frames that the process offered of an array, read or not.", "source", "array")
	descArray     = desc("array_frames_total", "Frames of an array that webmon has read.", "source", "array")
	descMissed    = desc("array_missed_total", "Frames of an array that were overwritten before webmon read them.", "source", "array")
	descTorn      = desc("array_torn_total", "Frames of an array that changed while they were read, and were left out.", "source", "array")
	descFaults    = desc("faults_total", "Panics that were caught, by the part of webmon that ended with each.", "part")
	descKept      = desc("kept_bytes", "Bytes that webmon keeps now.", "what")
	descKeptMost  = desc("kept_bytes_most", "The most bytes that webmon has kept.", "what")
	descKeptLimit = desc("kept_bytes_limit", "Bytes that webmon may keep.", "what")
	descDropped   = desc("dropped_total", "Things that were let go because there was no room for them.", "what")
	descDroppedB  = desc("dropped_bytes_total", "Bytes that were let go because there was no room for them.", "what")
	descRefused   = desc("refused_total", "Things that were not begun because there was no room for them, and browsers that were sent away.", "what")
	descSrcKept   = desc("source_kept_bytes", "Bytes of the source's states and histories.", "source")
	descSrcDrop   = desc("source_dropped_total", "Messages of the source that were let go because there was no room for them.", "source")
	descViews     = desc("volume_views", "Views of volumes.")
	descStreams   = desc("volume_streams", "Streams of events that are open to views of volumes.")
	descChunks    = desc("volume_chunks_total", "Chunks of volumes that were sent.")
	descChunkB    = desc("volume_chunk_bytes_total", "Bytes of chunks of volumes that were sent.")
	descVolAsked  = desc("volume_requests_total", "Requests for something of a volume.", "what")
	descVolSent   = desc("volume_bytes_total", "Bytes of volumes that were sent.", "what")
	descVolNo     = desc("volume_refused_total", "Requests for something of a volume that were refused.", "what")
	descExports   = desc("volume_exports", "Volumes that are offered to other programs.")
	descRefreshes = desc("volume_refreshes_total", "Times that browsers were told that the content of a volume is new.")
	descShared    = desc("volume_requests_shared_total", "Requests for what was being made for another request already.")
	descGiven     = desc("volume_requests_given_up_total", "Things of volumes that were given up because nobody waited for them any more.")
	descBricks    = desc("volume_bricks_total", "Requests for coarser chunks and for meshes, by whether they were kept.", "kept")
	descMaps      = desc("maps", "Maps that were found.")
	descMapsBad   = desc("maps_unreadable", "Maps that were found and cannot be read.")
	descMapsIn    = desc("maps_loaded", "Maps in memory.")
	descMapsSrc   = desc("map_sources", "Maps whose images are a source.")
	descMapsEdits = desc("map_edits_unsaved", "Edits of maps that are not saved.")
	descMapsOpen  = desc("map_stacks_open", "Image stacks of maps that are open.")
	descNotices   = desc("source_notices_total", "Things that went wrong while reading the source.", "source", "kind")
)

// Describe implements [prometheus.Collector].
func (c *collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// sheet collects metrics for one answer.
type sheet chan<- prometheus.Metric

func (ch sheet) gauge(d *prometheus.Desc, v float64, labels ...string) {
	ch <- metric(d, prometheus.GaugeValue, v, labels)
}

func (ch sheet) count(d *prometheus.Desc, v float64, labels ...string) {
	ch <- metric(d, prometheus.CounterValue, v, labels)
}

// metric makes a metric. A process may call a topic what is no UTF-8, which a label must
// be.
func metric(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels []string) prometheus.Metric {
	for i, label := range labels {
		labels[i] = strings.ToValidUTF8(label, "\ufffd")
	}
	return prometheus.MustNewConstMetric(d, kind, v, labels...)
}

// Collect implements [prometheus.Collector]. The library calls it in a goroutine of its
// own.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	c.guarded("", func() { c.server(sheet(ch)) })
	now := time.Now()
	for _, src := range c.s.processes() {
		c.guarded(src.ID(), func() { ofSource(sheet(ch), src, now) })
	}
	for _, n := range c.s.opts.Faults.Counts() { // with those that have just come up
		sheet(ch).count(descFaults, float64(n.Times), n.Part)
	}
}

// guarded collects what there is to tell of something. If that panics, only the rest of it
// is missing.
func (c *collector) guarded(about string, collect func()) {
	if err := fault.Do(collect); err != nil {
		c.s.opts.Faults.Note("metrics", about, err)
	}
}

// server collects what there is to tell of webmon itself.
func (c *collector) server(ch sheet) {
	h := c.s.hub.Stats()
	ch.gauge(descBrowsers, float64(h.Browsers))
	ch.gauge(descTopics, float64(h.Topics))
	ch.count(descSent, float64(h.Sent))
	ch.count(descBytes, float64(h.Bytes))
	ch.count(descSkipped, float64(h.Skipped))
	ch.gauge(descPaint, h.PaintMedian.Seconds(), "0.5")
	ch.gauge(descPaint, h.PaintP99.Seconds(), "0.99")
	var rungs [line.Rungs]int
	for _, b := range c.s.browsers(time.Now()) {
		for _, p := range b.Pictures {
			rungs[p.Rung]++
		}
	}
	for rung, n := range rungs {
		ch.gauge(descPictures, float64(n), strconv.Itoa(rung))
	}
	own := c.s.usage.read(time.Now(), h)
	ch.count(descCPU, own.CPUTime.Seconds())
	ch.gauge(descMemory, own.MemoryBytes)
	b := c.s.opts.Budget
	for _, account := range []*budget.Account{b.Whole, b.Sources, b.Browsers, b.Answers, b.Work, b.Volumes} {
		use := account.Use()
		ch.kept(use, use.Name)
	}
	c.volumes(ch)
	c.maps(ch)
}

// maps collects what there is to tell of maps.
func (c *collector) maps(ch sheet) {
	if c.s.maps == nil {
		return
	}
	m := c.s.maps.Stats()
	ch.gauge(descMaps, float64(m.Maps))
	ch.gauge(descMapsBad, float64(m.Problems))
	ch.gauge(descMapsIn, float64(m.Loaded))
	ch.gauge(descMapsSrc, float64(m.Sources))
	ch.gauge(descMapsEdits, float64(m.Unsaved))
	ch.gauge(descMapsOpen, float64(m.Stacks))
	for _, use := range c.s.maps.Uses() {
		ch.kept(use, "maps/"+use.Name)
	}
}

// kept collects what an account of the budget counts.
func (ch sheet) kept(use budget.Use, what string) {
	ch.gauge(descKept, float64(use.Used), what)
	ch.gauge(descKeptMost, float64(use.Most), what)
	ch.gauge(descKeptLimit, float64(use.Limit), what)
	ch.count(descDropped, float64(use.Dropped), what)
	ch.count(descDroppedB, float64(use.DroppedBytes), what)
	ch.count(descRefused, float64(use.Refused), what)
}

// volumes collects what there is to tell of volumes.
func (c *collector) volumes(ch sheet) {
	v := c.s.volumes.Stats()
	ch.gauge(descViews, float64(v.Views))
	ch.gauge(descStreams, float64(v.Streams))
	ch.count(descChunks, float64(v.Chunks))
	ch.count(descChunkB, float64(v.ChunkBytes))
	ch.count(descRefreshes, float64(v.Refreshes))
	ch.count(descShared, float64(v.Shared))
	ch.count(descGiven, float64(v.Given))
	ch.count(descBricks, float64(v.BrickHits), "yes")
	ch.count(descBricks, float64(v.BrickMiss), "no")
	ch.gauge(descExports, float64(v.Exports))
	for _, t := range v.Traffic {
		ch.count(descVolAsked, float64(t.Requests), t.Name)
		ch.count(descVolSent, float64(t.Bytes), t.Name)
		ch.count(descVolNo, float64(t.Refused), t.Name)
	}
	for _, use := range v.Uses {
		ch.kept(use, "volumes/"+use.Name)
	}
}

// ofSource collects what there is to tell of a source.
func ofSource(ch sheet, src *source.Source, now time.Time) {
	st := src.Status(now)
	connected := 0.0
	if st.Connected {
		connected = 1
	}
	ch.gauge(descConnected, connected, st.ID)
	ch.gauge(descSrcKept, float64(st.Kept.Used), st.ID)
	ch.count(descSrcDrop, float64(st.Kept.Dropped), st.ID)
	ch.count(descFrames, float64(st.Frames), st.ID)
	ch.gauge(descRate, st.FrameRate, st.ID)
	ch.gauge(descLatency, st.Latency.Median/1e3, st.ID, "0.5")
	ch.gauge(descLatency, st.Latency.P99/1e3, st.ID, "0.99")
	ch.count(descCalls, float64(st.Cost.Calls), st.ID)
	ch.count(descCallBytes, float64(st.Cost.Bytes), st.ID)
	ch.count(descWaiting, st.Cost.Waiting.Seconds(), st.ID)
	ch.count(descManager, st.Cost.Manager.Seconds(), st.ID)
	for _, n := range st.Notices {
		ch.count(descNotices, float64(n.Count), st.ID, n.Key)
	}
	list := src.Arrays()
	for i := range list {
		a := &list[i]
		ch.count(descPublished, float64(a.Stats.Published), st.ID, a.Name)
		ch.count(descArray, float64(a.Stats.Seen), st.ID, a.Name)
		ch.count(descMissed, float64(a.Stats.Missed), st.ID, a.Name)
		ch.count(descTorn, float64(a.Stats.Torn), st.ID, a.Name)
	}
	for _, e := range src.Events(now) {
		ch.count(descEvents, float64(e.Count), st.ID, e.Name)
	}
	lost := src.Lost()
	rest := lost.Total
	for topic, n := range lost.Topics {
		ch.count(descLost, float64(n), st.ID, topic)
		rest -= min(n, rest)
	}
	ch.count(descLost, float64(rest), st.ID, "") // of topics that are not counted one by one
}
