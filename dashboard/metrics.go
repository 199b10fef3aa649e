package dashboard

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves everything that is counted, for Prometheus.
func (s *Server) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(&collector{s}, collectors.NewGoCollector())
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
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
	descNotices   = desc("source_notices_total", "Things that went wrong while reading the source.", "source", "kind")
)

// Describe implements [prometheus.Collector].
func (c *collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements [prometheus.Collector].
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	h := c.s.hub.Stats()
	gauge(descBrowsers, float64(h.Browsers))
	gauge(descTopics, float64(h.Topics))
	count(descSent, float64(h.Sent))
	count(descBytes, float64(h.Bytes))
	count(descSkipped, float64(h.Skipped))
	gauge(descPaint, h.PaintMedian.Seconds(), "0.5")
	gauge(descPaint, h.PaintP99.Seconds(), "0.99")
	own := c.s.usage.read(now, h)
	count(descCPU, own.CPUTime.Seconds())
	gauge(descMemory, own.MemoryBytes)
	for _, src := range c.s.registry.List() {
		st := src.Status(now)
		connected := 0.0
		if st.Connected {
			connected = 1
		}
		gauge(descConnected, connected, st.ID)
		count(descFrames, float64(st.Frames), st.ID)
		gauge(descRate, st.FrameRate, st.ID)
		gauge(descLatency, st.Latency.Median/1e3, st.ID, "0.5")
		gauge(descLatency, st.Latency.P99/1e3, st.ID, "0.99")
		count(descCalls, float64(st.Cost.Calls), st.ID)
		count(descCallBytes, float64(st.Cost.Bytes), st.ID)
		count(descWaiting, st.Cost.Waiting.Seconds(), st.ID)
		count(descManager, st.Cost.Manager.Seconds(), st.ID)
		for _, n := range st.Notices {
			count(descNotices, float64(n.Count), st.ID, n.Key)
		}
		list := src.Arrays()
		for i := range list {
			a := &list[i]
			count(descPublished, float64(a.Stats.Published), st.ID, a.Name)
			count(descArray, float64(a.Stats.Seen), st.ID, a.Name)
			count(descMissed, float64(a.Stats.Missed), st.ID, a.Name)
			count(descTorn, float64(a.Stats.Torn), st.ID, a.Name)
		}
		for _, e := range src.Events(now) {
			count(descEvents, float64(e.Count), st.ID, e.Name)
		}
		lost := src.Lost()
		rest := lost.Total
		for topic, n := range lost.Topics {
			count(descLost, float64(n), st.ID, topic)
			rest -= min(n, rest)
		}
		count(descLost, float64(rest), st.ID, "") // of topics that are not counted one by one
	}
}
