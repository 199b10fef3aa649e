package shm

// TopicBoards is the state topic of the boards that a process brings: pages of cards, which
// webmon shows as they are. Its value is a Boards.
const TopicBoards = "boards"

// Bounds of the boards of a process.
const (
	MaxBoards    = 16
	MaxBoardText = 48 << 10 // bytes of one
)

// Boards are the boards of a process, in the order of their names. What is in them is the
// dashboard's to read.
type Boards []BoardText

// BoardText is a board as the process wrote it.
type BoardText struct {
	Name string // small letters, digits and hyphens, at most 40
	Text string // JSON, as dashboard/board/file describes it
}

// MarshalJSON writes {name: text}.
func (b Boards) MarshalJSON() ([]byte, error) {
	return marshalNamed(b, func(b BoardText) string { return b.Name })
}

// MarshalJSON writes the text alone.
func (b BoardText) MarshalJSON() ([]byte, error) { return AppendJSON(nil, b.Text) }

func (b Boards) size() int64 {
	n := int64(24)
	for _, one := range b {
		n += textSize(one.Name) + textSize(one.Text)
	}
	return n
}
