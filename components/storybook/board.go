package storybook

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
)

// boardCards are cards of each kind that looks like something without a process.
func boardCards(state ui.State) []components.BoardCard {
	of := func(kind, source, name, title string, width, height int, body func(c components.BoardCard) templ.Component) components.BoardCard {
		c := components.BoardCard{
			ID: ui.ID("card", kind, source, name), Kind: kind, Source: source, Name: name, Title: title, Width: width, Height: height,
			State: state, StateTopic: source + "/card/" + kind + "/" + name, Href: "/controls?source=" + source,
		}
		c.BodyID = c.ID + "-1"
		c.Body = body(c)
		return c
	}
	region := func(live templ.Component) func(components.BoardCard) templ.Component {
		return func(c components.BoardCard) templ.Component {
			return filled(components.BoardRegion(c.LiveID(), ""), live)
		}
	}
	line := chart("frame_time", "Frame time", "frame time")
	line.Scope = "of-scope"
	charted := of("chart", "scope", "frame_time", "Frame time", 3, 3, func(components.BoardCard) templ.Component { return components.BoardChart(line) })
	charted.Help, charted.Menu = line.Help, components.ChartMenu(line)
	array := arrays(state)
	picture := of("array", "scope", "camera", "camera", 3, 4, func(c components.BoardCard) templ.Component {
		return filled(components.BoardArray(c.ID, "", array), filled(components.BoardRegion(c.LiveID(), ""), components.BoardArrayLive(array)))
	})
	return []components.BoardCard{
		charted, picture,
		of("number", "scope", "stage.x", "Stage x", 1, 1, region(components.BoardNumber("last", "", "1.5", "µm"))),
		of("control", "scope", "exposure", "Exposure", 2, 1, region(ui.Control(slider().Scoped("of-scope")))),
		of("command", "scope", "snap", "Snap", 2, 1, region(ui.ActionForm(snap(ui.CommandLife{}).Scoped("of-scope")))),
	}
}

// filled renders parent with children in it.
func filled(parent, children templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return parent.Render(templ.WithChildren(ctx, children), w)
	})
}

func board(change func(*components.Board)) components.Board {
	b := components.Board{
		Name: "night-run", Title: "Night run", Path: "/board/night-run", LiveTopic: "-/board/night-run", CSRF: csrf,
		Windows: chartWindows(), Export: "/api/v1/boards/night-run", New: "/board/-/new", Import: "/board/-/import",
		Boards: []components.BoardLink{
			{Title: "Night run", Href: "/board/night-run", Current: true}, {Title: "Overview", Href: "/board/scope:overview", From: "scope"},
		},
		Cards: boardCards(ui.Live),
	}
	change(&b)
	return b
}

func boardMissing(b *components.Board) {
	for i := range b.Cards {
		c := &b.Cards[i]
		c.State, c.StateTopic, c.Menu = ui.Gone, "", nil
		c.Body = components.BoardMissing("The source scope is not there. The card comes to life when it is.")
	}
}

func boardHuge(b *components.Board) {
	b.Title = strings.Repeat("A long title ", 6)
	for i := range 40 {
		c := b.Cards[2]
		c.ID, c.Name, c.Title = c.ID+ui.Count(i), c.Name+ui.Count(i), strings.Repeat("a long name ", 1+i%6)+ui.Count(i)
		c.BodyID = c.ID + "-1"
		c.Body = filled(components.BoardRegion(c.LiveID(), ""), components.BoardNumber("last", "", strings.Repeat("123,456,", 1+i%4), "µm"))
		c.Width, c.Height = 1+i%6, 1+i%3
		b.Cards = append(b.Cards, c)
		b.Boards = append(b.Boards, components.BoardLink{Title: c.Title, Href: "/board/" + ui.Count(i)})
	}
}

func boardPin() components.BoardPin {
	return components.BoardPin{
		What: "The chart frame_time of scope.", Action: ui.PinPath, CSRF: csrf,
		Hidden: []ui.Pair{{Name: "kind", Value: "chart"}, {Name: "source", Value: "scope"}, {Name: "name", Value: "frame_time"}},
		Boards: []components.BoardLink{{Title: "Night run"}, {Title: "Overview"}}, Name: []string{"night-run", "overview"},
	}
}
