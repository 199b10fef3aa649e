package tiff

import (
	"strconv"
	"strings"

	"webmon/shm/stack/plane"
)

// scanImage takes in what ScanImage says of a stack, lines of name = value in the description or, since 2016, as the
// name of the software: the channel runs fastest. What it does not say stays as it is.
func (m *Image) scanImage(p *page, text string) {
	if !strings.HasPrefix(text, "scanimage.SI") {
		var err error
		if text, err = m.in.text(p.software, 1<<20); err != nil || !strings.HasPrefix(text, "SI.") {
			return
		}
	}
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "scanimage."), " = ")
		switch name {
		case "SI.hChannels.channelSave", "SI.hStackManager.framesPerSlice", "SI.hStackManager.numSlices", "SI.hStackManager.stackZStepSize":
			values[name] = strings.TrimSpace(value)
		}
	}
	m.info.Format = strings.Replace(m.info.Format, "TIFF", "ScanImage TIFF", 1)
	channels := len(strings.FieldsFunc(values["SI.hChannels.channelSave"], func(r rune) bool { return strings.ContainsRune("[]; ,", r) }))
	if channels > 1 && channels <= min(len(m.pages), plane.MostChannels) {
		m.info.Channels, m.info.Slices = channels, len(m.pages)/channels // of one that was stopped the last may lack channels
	}
	// Of a stack that is taken again and again each is a time. Where a slice has several frames they stay slices.
	slices, err := strconv.Atoi(values["SI.hStackManager.numSlices"])
	if frames := values["SI.hStackManager.framesPerSlice"]; err == nil && frames == "1" && slices > 1 && m.info.Slices >= 2*slices {
		m.info.Times, m.info.Slices = m.info.Slices/slices, slices
	}
	m.info.Voxel.Z = positive(values["SI.hStackManager.stackZStepSize"])
}
