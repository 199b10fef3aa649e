package board

import (
	"fmt"
	"slices"
	"strconv"

	"webmon/dashboard/board/file"
)

// Edit is one change of one card of a board.
type Edit struct {
	do            string
	card          file.Card
	at            int // place in the order, from 0; -1: not given
	width, height int // 0: not given
}

// Edits are the changes that there are.
var Edits = []string{"add", "remove", "move", "size", "earlier", "later", "wider", "narrower", "taller", "shorter"}

// ReadEdit reads a change out of the fields of a form: kind, source and name say which card,
// "at" where an added or moved one stands, from 0, and width and height how large it is. An error
// is a *file.Error.
func ReadEdit(do string, field func(string) string) (Edit, error) {
	e := Edit{do: do, at: -1}
	if !slices.Contains(Edits, do) {
		return e, &file.Error{Field: "do", Text: fmt.Sprintf("is %.40q, and a card can be changed by add, remove, move, size, earlier, later, wider, narrower, taller and shorter", do)}
	}
	var err error
	if e.card, err = Of(field("kind"), field("source"), field("name")); err != nil {
		return e, err
	}
	for _, n := range []struct {
		name  string
		to    *int
		least int
	}{{"at", &e.at, 0}, {"width", &e.width, 1}, {"height", &e.height, 1}} {
		text := field(n.name)
		if text == "" {
			continue
		}
		if *n.to, err = strconv.Atoi(text); err != nil || *n.to < n.least {
			return e, &file.Error{Field: n.name, Text: fmt.Sprintf("is %.40q, and a whole number from %d on is expected", text, n.least)}
		}
	}
	switch {
	case do == "move" && e.at < 0:
		return e, &file.Error{Field: "at", Text: "is missing: it is the place to which the card moves, from 0"}
	case do == "size" && e.width == 0 && e.height == 0:
		return e, &file.Error{Field: "width", Text: "is missing, and height as well"}
	}
	e.card.Title, e.card.View = field("title"), field("view")
	return e, nil
}

// Apply changes a board. A card that somebody else has removed meanwhile is not there to be changed.
func (e Edit) Apply(b *file.Board) error {
	i := b.Index(e.card)
	if e.do == "add" {
		if i >= 0 {
			return nil // somebody else was faster
		}
		c := e.card
		c.Width, c.Height = e.width, e.height
		at := len(b.Cards)
		if e.at >= 0 {
			at = min(e.at, at)
		}
		b.Cards = slices.Insert(b.Cards, at, c.Sized())
		return nil
	}
	if i < 0 {
		if e.do == "remove" {
			return nil
		}
		return &file.Error{Field: "name", Text: "is that of a card which is not on the board any more"}
	}
	c := &b.Cards[i]
	switch e.do {
	case "remove":
		b.Cards = slices.Delete(b.Cards, i, i+1)
	case "move":
		move(b.Cards, i, e.at)
	case "earlier":
		move(b.Cards, i, max(i-1, 0))
	case "later":
		move(b.Cards, i, i+1)
	case "size":
		if e.width > 0 {
			c.Width = e.width
		}
		if e.height > 0 {
			c.Height = e.height
		}
	case "wider":
		c.Width = min(c.Width+1, file.Columns)
	case "narrower":
		c.Width = max(c.Width-1, 1)
	case "taller":
		c.Height = min(c.Height+1, file.MaxHeight)
	case "shorter":
		c.Height = max(c.Height-1, 1)
	}
	return nil
}

// move brings a card to another place in the order.
func move(cards []file.Card, from, to int) {
	to = min(to, len(cards)-1)
	c := cards[from]
	if from < to {
		copy(cards[from:to], cards[from+1:to+1])
	} else {
		copy(cards[to+1:from+1], cards[to:from])
	}
	cards[to] = c
}
