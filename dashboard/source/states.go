package source

import "webmon/shm"

// Controls are the controls that the process declares, nil before it has.
func (s *Source) Controls() shm.Controls { return stateOf[shm.Controls](s, shm.TopicControls) }

// Arrays are the arrays that the process shares, nil before it has said so.
func (s *Source) Arrays() shm.Arrays { return stateOf[shm.Arrays](s, shm.TopicArrays) }

// Array is the array of a name, nil if the process shares none.
func (s *Source) Array(name string) *shm.ArrayInfo { return s.Arrays().Get(name) }

// Poll is what napari has said last of its tiles, nil before it has.
func (s *Source) Poll() *shm.TilePoll { return stateOf[*shm.TilePoll](s, shm.TopicPoll) }

// Model is what a simulation says of itself, nil before it has.
func (s *Source) Model() *shm.ModelState { return stateOf[*shm.ModelState](s, shm.TopicModel) }

// stateOf is the latest state of a topic as the type that the contract gives it,
// the zero value before the process has sent any.
func stateOf[T any](s *Source, topic string) T {
	value, _, _ := s.State(topic)
	v, _ := value.(T)
	return v
}
