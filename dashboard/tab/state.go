package tab

import (
	"webmon/components/ui"
	"webmon/dashboard/source"
)

// StateOf returns the state of a source as pages show it.
func StateOf(src *source.Source, st source.Status) ui.State {
	switch {
	case src.ID() == source.Nobody:
		return ui.Absent
	case !st.Running:
		return ui.Gone
	case st.Stale:
		return ui.Stale
	case st.Silent:
		return ui.Waiting
	}
	return ui.Live
}
