package pixels

import "webmon/shm"

// MaxChannels is how many channels are shown at once.
const MaxChannels = 16

// IsVolume reports whether an array has the axes for three dimensions, and so is a volume: three
// or more that are longer than 1 and neither time nor channels.
func IsVolume(info *shm.ArrayInfo) bool {
	if IsTable(info) || info.Layer != "" || info.Withheld() || len(info.Shape) > 12 {
		return false
	}
	if d, ok := ParseDType(info.Descr); !ok || !d.pictured() || d.size > 16 || d.kind == 'f' && d.size > 8 || d.kind == 'c' && d.size > 16 {
		return false
	}
	space := 0
	channels := Channels(info)
	for i, n := range info.Shape {
		if n < 1 {
			return false
		}
		if i != channels && (i >= len(info.Axes) || !IsTime(info.Axes[i])) && n > 1 {
			space++
		}
	}
	return space >= 3
}

// IsTime reports whether an axis is time by its name.
func IsTime(axis string) bool { return axis == "t" || axis == "time" || axis == "T" }

// Channels is the axis of an array along which its channels are, -1 for none.
func Channels(info *shm.ArrayInfo) int {
	last := len(info.Shape) - 1
	if info.Role == "rgb" && last >= 0 && (info.Shape[last] == 3 || info.Shape[last] == 4) {
		return last
	}
	for i, n := range info.Shape[:min(len(info.Shape), len(info.Axes))] {
		switch info.Axes[i] {
		case "c", "C", "channel", "channels":
			if n <= MaxChannels {
				return i
			}
		}
	}
	return -1
}
