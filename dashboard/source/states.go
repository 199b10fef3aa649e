package source

import "webmon/shm"

// Controls are the controls that the process declares, nil if it has declared none.
func (s *Source) Controls() shm.Controls { return stateOf[shm.Controls](s, shm.TopicControls) }

// Arrays are the arrays that the process shares, nil if it shares none.
func (s *Source) Arrays() shm.Arrays { return stateOf[shm.Arrays](s, shm.TopicArrays) }

// Array is the array with the name, nil if the process shares none with it.
func (s *Source) Array(name string) *shm.ArrayInfo { return s.Arrays().Get(name) }

// Volumes are the volumes that the process declares, nil if it declares none.
func (s *Source) Volumes() shm.Volumes { return stateOf[shm.Volumes](s, shm.TopicVolumes) }

// Boards are the pages of cards that the process brings, nil if it brings none.
func (s *Source) Boards() shm.Boards { return stateOf[shm.Boards](s, shm.TopicBoards) }

// VolumeSource reads the volumes of the process, nil if none is attached, or none that has volumes.
func (s *Source) VolumeSource() shm.VolumeSource {
	adapter, running := s.process()
	if reads, ok := adapter.(shm.VolumeSource); ok && running {
		return reads
	}
	return nil
}

// Poll is what napari has sent last about its tiles, nil if nothing yet.
func (s *Source) Poll() *shm.TilePoll { return stateOf[*shm.TilePoll](s, shm.TopicPoll) }

// Layers are the layers of a napari with the package, nil before it has told them.
func (s *Source) Layers() *shm.Layers { return stateOf[*shm.Layers](s, shm.TopicLayers) }

// Histograms are those of the layers' visible slices, nil before it has told them.
func (s *Source) Histograms() *shm.Histograms {
	return stateOf[*shm.Histograms](s, shm.TopicHistograms)
}

// Colors are the tables of colours of its images and labels, nil before it has told them.
func (s *Source) Colors() *shm.Colors { return stateOf[*shm.Colors](s, shm.TopicColors) }

// Thumbnails are those of the layers, nil before it has told them.
func (s *Source) Thumbnails() *shm.Thumbnails {
	return stateOf[*shm.Thumbnails](s, shm.TopicThumbnails)
}

// Model is what a simulation says about itself, nil if nothing yet.
func (s *Source) Model() *shm.ModelState { return stateOf[*shm.ModelState](s, shm.TopicModel) }

// stateOf is the latest state of a topic in the type that package shm gives it, the
// zero value if the process has sent none.
func stateOf[T any](s *Source, topic string) T {
	value, _, _ := s.State(topic)
	v, _ := value.(T)
	return v
}
