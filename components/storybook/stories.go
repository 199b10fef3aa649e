package storybook

import (
	"math"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/layout"
	"webmon/components/ui"
)

// Stories lists all stories. Those of one component follow each other.
func Stories() []Story {
	var all []Story
	add := func(component string, size Size, states ...Story) {
		for _, s := range states {
			s.Component, s.Size = component, size
			all = append(all, s)
		}
	}
	part := func(state string, content templ.Component) Story {
		return Story{State: state, Content: func(layout.Page) templ.Component { return padded(content) }}
	}
	card := func(state, title string, content templ.Component) Story {
		return Story{State: state, Content: func(layout.Page) templ.Component { return inCard(title, content) }}
	}
	page := func(state string, content templ.Component) Story {
		return Story{State: state, Content: func(layout.Page) templ.Component { return content }}
	}
	document := func(state string, content func(layout.Page) templ.Component) Story {
		return Story{State: state, Content: content, Document: true}
	}

	add("Help", Large,
		page("start", components.HelpPage(helpStart())),
		page("text", components.HelpPage(helpText())),
		page("keys", components.HelpPage(helpKeys())),
		page("options", components.HelpPage(helpOptions())),
		page("addresses", components.HelpPage(helpAddresses())),
	)
	add("Viewer", Large,
		page("normal", components.ViewerPage(viewer(components.ViewerLive, ui.Live))),
		page("huge", components.ViewerPage(viewerHuge())),
		page("stale", components.ViewerPage(viewer(components.ViewerLive, ui.Stale))),
		page("gone", components.ViewerPage(viewer(components.ViewerLive, ui.Gone))),
		page("view outside the image", components.ViewerPage(viewerOutside())),
		page("no corners", components.ViewerPage(viewerNoCorners())),
		page("command queued", components.ViewerPage(viewerCommand(ui.Queued))),
		page("loading", components.ViewerPage(viewer(components.ViewerLoading, ui.Waiting))),
		page("camera has not moved", components.ViewerPage(viewer(components.ViewerSilent, ui.Waiting))),
		page("no multiscale layer", components.ViewerPage(viewer(components.ViewerNoLayer, ui.Live))),
		page("no layer at all", components.ViewerPage(viewerEmpty())),
		page("no image among the layers", components.ViewerPage(viewerEmpty("2 points", "1 shapes"))),
		page("in 3D", components.ViewerPage(viewer3D())),
		page("the slider is outside of the layer", components.ViewerPage(viewerBeside())),
		page("a part of the picture", components.ViewerPage(viewerPart())),
		page("napari shares no tiles", components.ViewerPage(viewer(components.ViewerNoTiles, ui.Live))),
		page("no napari", components.ViewerPage(viewer(components.ViewerForeign, ui.Live))),
		page("a simulation", components.ViewerPage(viewer(components.ViewerModel, ui.Live))),
		page("no source", components.ViewerPage(viewer(components.ViewerNone, ui.Absent))),
		page("napari with the package", components.ViewerPage(viewerOurs())),
		page("may only look", locked(mayLook, components.ViewerPage(viewerOurs()))),
		page("a layer alone", components.ViewerPage(viewerLayer())),
		page("canvas", components.ViewerPage(viewerCanvas(ui.Live))),
		page("canvas, stale", components.ViewerPage(viewerCanvas(ui.Stale))),
		page("canvas, gone", components.ViewerPage(viewerCanvas(ui.Gone))),
		page("canvas, napari is minimised", components.ViewerPage(viewerNoCanvas("napari's window is minimised, so it draws nothing.", false))),
		page("canvas, there is none", components.ViewerPage(viewerNoCanvas("Without the package webmon in napari there is no canvas to show. The Status tab says how to get it.", true))),
		page("canvas, may only look", locked(mayLook, components.ViewerPage(viewerCanvas(ui.Live)))),
	)
	add("Arrays", Large,
		page("normal", components.ArraysPage(arrays(ui.Live))),
		page("records", components.ArraysPage(arraysRecords())),
		page("none open", components.ArraysPage(arraysWith(func(a *components.Arrays) { a.Open = nil; a.List[0].Current = false }))),
		page("gone", components.ArraysPage(arrays(ui.Gone))),
		page("cannot be read", components.ArraysPage(arraysWith(func(a *components.Arrays) {
			a.List[0].Problem = "There is no segment webmon-4711-camera on this machine: the process has ended or runs elsewhere, or somebody has removed it."
		}))),
		page("no elements", components.ArraysPage(arraysWith(func(a *components.Arrays) { a.List[0].Bytes, a.List[0].Shape = 0, "0 × 2048" }))),
		page("no frame yet", components.ArraysPage(arraysWith(func(a *components.Arrays) { a.List[0].Published = 0 }))),
		page("not shared any more", components.ArraysPage(arraysWith(func(a *components.Arrays) { a.List = a.List[1:] }))),
		page("empty", components.ArraysPage(components.Arrays{Source: "scope", Name: "scope", Link: ui.Live, LiveTopic: "scope/arrays", State: components.ArraysEmpty})),
		page("waiting", components.ArraysPage(components.Arrays{Source: "scope", Name: "scope", Link: ui.Waiting, LiveTopic: "scope/arrays", State: components.ArraysWaiting})),
		page("no source", components.ArraysPage(components.Arrays{Link: ui.Absent, State: components.ArraysNone})),
		page("huge", components.ArraysPage(arraysHuge())),
	)
	add("Board", Large,
		page("normal", components.BoardPage(board(func(*components.Board) {}))),
		page("source missing", components.BoardPage(board(boardMissing))),
		page("stale", components.BoardPage(board(func(b *components.Board) { b.Cards = boardCards(ui.Stale) }))),
		page("shown as it is", components.BoardPage(board(func(b *components.Board) {
			b.Fixed = "This board is one that the process scope brings. To change it, make a copy."
		}))),
		page("may only look", locked(mayLook, components.BoardPage(board(func(*components.Board) {})))),
		page("no cards", components.BoardPage(board(func(b *components.Board) { b.Cards = nil }))),
		page("no boards", components.BoardPage(components.Board{CSRF: csrf, New: "/board/-/new", Import: "/board/-/import"})),
		page("cannot be shown", components.BoardPage(components.Board{CSRF: csrf, New: "/board/-/new", Import: "/board/-/import", Problem: "Its file cards[3].width is 9, and the grid has 6 columns."})),
		page("huge", components.BoardPage(board(boardHuge))),
		page("pin", components.BoardPinPage(boardPin())),
	)
	add("Maps", Large,
		mapsPictured("normal", mapsList()),
		mapsPictured("huge", mapsHuge()),
		mapsPictured("an upload was refused", mapsRefused()),
		page("empty", components.MapsPage(components.Maps{LiveTopic: "-/html/maps"})),
		Story{State: "may only look", Content: func(layout.Page) templ.Component { return locked(mayLook, components.MapsPage(mapsRefused())) }},
	)
	add("Map edits", Medium,
		part("nothing to save", components.MapEditsRegion(mapEdits(0, false, true))),
		part("not saved", components.MapEditsRegion(mapEdits(1204, false, true))),
		part("cannot be saved", components.MapEditsRegion(mapEdits(12, false, false))),
		part("another program was there", components.MapEditsRegion(mapEdits(2, true, true))),
		part("may only look", locked(mayLook, components.MapEditsRegion(mapEdits(2, true, true)))),
		part("bar of the selected object", components.MapObject()),
		part("bar, may only look", locked(mayLook, components.MapObject())),
	)
	add("Map", Large,
		Story{State: "normal", Content: func(p layout.Page) templ.Component { return components.MapView(mapPage(p.Asset("icon.svg"))) }},
		page("no images and no segments", components.MapView(mapPoor())),
		Story{State: "run", Content: func(p layout.Page) templ.Component { return components.MapRunView(mapRun(p.Asset("icon.svg"))) }},
		page("run without images", components.MapRunView(mapRun(""))),
		page("report", components.MapReportView(mapReport(""))),
		page("no report", components.MapReportView(mapReport("It takes 2 sessions to see what comes and goes, and the map has 1."))),
		page("found", components.MapFindView(mapFind(9, ""))),
		page("nothing found", components.MapFindView(mapFind(0, ""))),
		page("cannot be searched", components.MapFindView(mapFind(0, "There is no statistic nosuch."))),
		page("proposed pairs", components.MapFindView(mapPairs())),
		Story{State: "edited", Content: func(p layout.Page) templ.Component { return components.MapView(mapEdited(p.Asset("icon.svg"))) }},
		Story{State: "may only look", Content: func(p layout.Page) templ.Component {
			return locked(mayLook, components.MapView(mapEdited(p.Asset("icon.svg"))))
		}},
		Story{State: "pairs, may only look", Content: func(layout.Page) templ.Component { return locked(mayLook, components.MapFindView(mapPairs())) }},
		page("pool", components.PoolView(pool("", "rr30b: The map rr30b has no statistic ubssSum_int2."))),
		page("no pool", components.PoolView(pool("There is no statistic nosuch."))),
	)
	add("Volumes", Large,
		page("normal", components.VolumesPage(volumes(ui.Live))),
		page("views of scripts", components.VolumesPage(volumesViews())),
		page("gone", components.VolumesPage(volumes(ui.Gone))),
		page("empty", components.VolumesPage(components.Volumes{Source: "scope", Name: "scope", Link: ui.Live, LiveTopic: "scope/html/volumes", State: components.VolumesEmpty})),
		page("empty and gone", components.VolumesPage(components.Volumes{Source: "scope", Name: "scope", Link: ui.Gone, LiveTopic: "scope/html/volumes", State: components.VolumesEmpty})),
		page("waiting", components.VolumesPage(components.Volumes{Source: "scope", Name: "scope", Link: ui.Waiting, LiveTopic: "scope/html/volumes", State: components.VolumesWaiting})),
		page("no source", components.VolumesPage(components.Volumes{Link: ui.Absent, State: components.VolumesNone})),
		page("huge", components.VolumesPage(volumesHuge())),
	)
	add("Volume", Large,
		page("normal", components.VolumePage(volume(nil))),
		page("wrong", components.VolumePage(volume(volumeWrong))),
		page("offered to other programs", components.VolumePage(volume(volumeOffered))),
		page("cannot be shown", components.VolumePage(volume(func(v *components.Volume) { v.Client, v.Problem = "", "The volume has 3 axes and names for 2." }))),
		page("huge", components.VolumePage(volume(volumeLong))),
	)
	add("Loader", Large,
		page("no numbers yet", components.Loader(loader(""))),
		page("not everything is sent", components.Loader(loader("This napari sends frame times and no chunks: those come from napari 0.4 with octree alone."))),
		page("alone", components.ChartAlone(chartWindows(), chartAlone())),
	)
	add("Layers", Large,
		page("normal", components.LayersPage(layersPage())),
		page("screenshot", components.LayersPage(layersShot())),
		page("asked for a view", components.LayersPage(layersAsked())),
		page("huge", components.LayersPage(layersHuge())),
		page("no layers", components.LayersPage(layersEmpty(components.LayersEmpty, ui.Live))),
		page("waiting", components.LayersPage(layersEmpty(components.LayersWaiting, ui.Waiting))),
		page("no plugin", components.LayersPage(layersEmpty(components.LayersForeign, ui.Live))),
		page("gone", components.LayersPage(layersEmpty(components.LayersForeign, ui.Gone))),
		page("may only look", locked(mayLook, components.LayersPage(layersPage()))),
		page("a simulation", components.LayersPage(layersEmpty(components.LayersModel, ui.Live))),
		page("no source", components.LayersPage(layersEmpty(components.LayersNone, ui.Absent))),
	)
	add("Models", Large,
		pictured("normal", models()),
		page("empty", components.ModelsPage(components.Models{LiveTopic: "-/html/models"})),
		pictured("huge", modelsHuge()),
	)
	add("Model", Large,
		page("running", components.ModelPage(model(components.ModelRunning))),
		page("paused", components.ModelPage(model(components.ModelPaused))),
		page("starting", components.ModelPage(model(components.ModelStarting))),
		page("slow", components.ModelPage(modelSlow())),
		page("failed", components.ModelPage(model(components.ModelFailed))),
		page("stopped", components.ModelPage(model(components.ModelStopped))),
		page("cannot run", components.ModelPage(modelBroken())),
		page("a server that is taken", components.ModelPage(modelAlone())),
		page("being opened", components.ModelPage(components.Model{Key: "waves", Title: "Waves", Origin: "/home/ada/waves.py", Href: "/models/waves", List: "/models", Phase: components.ModelStarting, Opening: true})),
		page("link with parameters", components.ModelPage(modelLink(&components.ModelParameters{
			Leave: "/models/becvortices", Changes: []components.ModelChange{
				{Name: "cooling", Value: "0.1", Label: "Cooling", From: "0.01", To: "0.1"},
				{Name: "N_vortex", Value: "-40", Label: "Target vortices", From: "24", To: "-40", Unit: "ħ/m"},
			},
			Refused: []string{"Bumps must be at most 100.", `This model has no parameter "<script>alert(1)</script>".`},
		}))),
		page("link not checked", components.ModelPage(modelLink(&components.ModelParameters{Leave: "/models/becvortices", Unchecked: []string{"cooling = 0.1"}}))),
		page("link refused", components.ModelPage(modelLink(&components.ModelParameters{Leave: "/models/becvortices", Refused: []string{"Cooling must be a number."}}))),
		page("button refused", components.ModelPage(modelTold())),
		page("huge", components.ModelPage(modelHuge())),
		page("may only look", locked(mayLook, components.ModelPage(model(components.ModelRunning)))),
		page("failed, may only look", locked(mayLook, components.ModelPage(model(components.ModelFailed)))),
		page("stopped, may only look", locked(mayLook, components.ModelPage(model(components.ModelStopped)))),
		page("never run, may only look", locked(mayLook, components.ModelPage(closed()))),
		page("link with parameters, may only look", locked(mayLook, components.ModelPage(modelLink(&components.ModelParameters{
			Leave: "/models/becvortices", Changes: []components.ModelChange{{Name: "cooling", Value: "0.1", Label: "Cooling", From: "0.01", To: "0.1"}},
		})))),
	)
	add("Controls page", Large,
		page("normal", components.ControlsPage(controlsPage())),
		page("huge", components.ControlsPage(controlsHuge())),
		page("may only look", locked(mayLook, components.ControlsPage(controlsPage()))),
		page("empty", components.ControlsPage(components.Controls{Source: "scope", Name: "scope", Link: ui.Live})),
		page("gone and empty", components.ControlsPage(components.Controls{Source: "scope", Name: "scope", Link: ui.Gone})),
		page("no source", components.ControlsPage(components.Controls{})),
	)
	add("Messages", Large,
		page("normal", components.MessagesPage(messages())),
		page("empty", components.MessagesPage(components.Messages{Source: "napari", Name: "napari", Link: ui.Live})),
		page("gone and empty", components.MessagesPage(components.Messages{Source: "napari", Name: "napari", Link: ui.Gone})),
		page("no source", components.MessagesPage(components.Messages{})),
		page("not readable", components.MessagesPage(messagesUnread())),
		page("huge", components.MessagesPage(messagesHuge())),
	)
	add("Status", Large,
		page("normal", components.StatusPage(status())),
		page("empty", components.StatusPage(components.Status{AttachCode: attachCode, Server: server()})),
		page("error", components.StatusPage(statusError())),
		page("huge", components.StatusPage(statusHuge())),
		page("may not manage", locked(mayNot, components.StatusPage(lookedAt()))),
	)
	add("Browsers", Large,
		part("one", components.BrowsersCard(&components.Access{Browsers: browsers()[:1]})),
		part("several", components.BrowsersCard(inside())),
		part("huge", components.BrowsersCard(accessHuge())),
		part("empty", components.BrowsersCard(&components.Access{})),
		part("no pictures", components.BrowsersCard(&components.Access{Browsers: browsers()[2:]})),
		part("may not manage", components.BrowsersCard(nil)),
	)
	add("New link", Medium,
		page("normal", components.NewLink(components.NewLinkProps{
			Address: "https://scope-pc.local:5050/?link=0123456789abcdef0123456789abcdef01234567", Note: "Lab meeting", Role: "look", Until: noon.Add(24 * time.Hour), Back: "/status",
		})),
		page("huge", components.NewLink(components.NewLinkProps{
			Address: "http://" + strings.Repeat("a-long-name.", 12) + "lab:5050/?link=0123456789abcdef0123456789abcdef01234567", Note: strings.Repeat("note", 20), Role: "steer", Until: noon.Add(time.Hour), Back: "/status",
		})),
	)
	add("Shell", Medium,
		document("live", func(p layout.Page) templ.Component { return shellStory(shell(p, ui.Live), lorem) }),
		document("waiting", func(p layout.Page) templ.Component { return shellStory(shell(p, ui.Waiting), lorem) }),
		document("stale", func(p layout.Page) templ.Component { return shellStory(shell(p, ui.Stale), lorem) }),
		document("gone", func(p layout.Page) templ.Component { return shellStory(shell(p, ui.Gone), lorem) }),
		document("demo", func(p layout.Page) templ.Component { return shellStory(shellDemo(p), lorem) }),
		document("error", func(p layout.Page) templ.Component { return shellStory(shellError(p), lorem) }),
		document("no source", func(p layout.Page) templ.Component { return shellStory(shellNone(p), lorem) }),
		document("huge", func(p layout.Page) templ.Component { return shellStory(shellHuge(p), strings.Repeat(lorem, 40)) }),
		document("embedded", func(p layout.Page) templ.Component { p.Embed = true; return shellStory(p, lorem) }),
		document("in the cell of a notebook", func(p layout.Page) templ.Component {
			p.Embed, p.Full, p.Theme = true, "/lab/arrays?array=camera", "dark"
			return shellStory(p, lorem)
		}),
	)
	add("Message page", Medium,
		document("not found", func(p layout.Page) templ.Component {
			return layout.MessagePage(layout.Message{Page: p, Title: "There is no such page.", Text: "The address may be mistyped, or of another version of webmon.", Back: true})
		}),
		document("source unknown", func(p layout.Page) templ.Component {
			return layout.MessagePage(layout.Message{Page: p, Title: `There is no source "scope-2".`, Text: "It may have ended more than ten minutes ago and been forgotten.", Back: true})
		}),
		document("stopped", func(p layout.Page) templ.Component {
			return layout.MessagePage(layout.Message{Page: p, Title: "webmon has stopped.", Text: "The processes it watched go on undisturbed. Start it again to see them here."})
		}),
	)
	add("Trust", Large,
		document("normal", func(p layout.Page) templ.Component {
			return components.TrustPage(components.Trust{
				Page: p, Title: "webmon of ada on scope-pc", Fingerprint: strings.TrimSuffix(strings.Repeat("3F:A0:17:C4:", 8), ":"),
				Download: p.Prefix + "/webmon-ca.crt", Home: p.Prefix + "/",
			})
		}),
	)
	add("Login", Medium,
		document("first", func(p layout.Page) templ.Component {
			return layout.LoginPage(p, layout.Login{Next: p.Prefix + "/viewer"})
		}),
		document("wrong token", func(p layout.Page) templ.Component {
			return layout.LoginPage(p, layout.Login{Next: p.Prefix + "/viewer?source=scope&token=wrong&layer=2", Wrong: true})
		}),
		document("session ended", func(p layout.Page) templ.Component {
			return layout.LoginPage(p, layout.Login{
				Next: p.Prefix + "/viewer", Why: "Your session was ended by somebody who may manage this webmon.", Again: p.Prefix + "/viewer",
				Ways: []layout.LoginWay{{Text: "Sign in with the lab's account", Href: "/elsewhere"}},
			})
		}),
	)
	add("Card", Small,
		Story{State: "normal", Content: func(layout.Page) templ.Component {
			return cardStory(ui.CardProps{ID: "card", Title: "Frame time", Help: "From one frame to the next. Shorter is better.", Note: "last 60 s", Menu: cardMenu()}, "Content.")
		}},
		Story{State: "title only", Content: func(layout.Page) templ.Component {
			return cardStory(ui.CardProps{Title: "Frame time"}, "Content.")
		}},
		Story{State: "huge", Content: func(layout.Page) templ.Component {
			return cardStory(ui.CardProps{ID: "card", Title: strings.Repeat("A long title ", 12), Help: lorem, Note: "last 15 min"}, lorem)
		}},
	)
	add("Stat", Small,
		card("normal", "Numbers", statsStory([]ui.StatProps{
			{Label: "median", Value: "16.7", Unit: "ms"}, {Label: "p99", Value: "31.2", Unit: "ms"}, {Label: "rate", Value: "59.9", Unit: "Hz"},
		})),
		card("empty", "Numbers", statsStory([]ui.StatProps{{Label: "median", Unit: "ms"}, {Label: "p99", Value: ui.Fixed(math.NaN(), 1), Unit: "ms"}})),
		card("warning", "Numbers", statsStory([]ui.StatProps{{Label: "dropped", Value: ui.Count(1234567), Unit: "frames", Warn: true}})),
	)
	add("Pairs", Medium,
		card("normal", "Tiles", ui.Pairs([]ui.Pair{
			{Name: "level", Value: "3", Note: "1 : 8"}, {Name: "tile", Value: ui.Shape(256, 256), Unit: "px"},
			{Name: "empty"}, {Name: "link", Value: "another webmon", Href: "/elsewhere"},
			{Name: "huge", Value: ui.Shape(math.MaxInt64, math.MaxInt64), Unit: "px"},
		})),
	)
	add("Table", Medium,
		card("normal", "Tiles", ui.Table(table(4, "2 more are not listed."))),
		card("empty", "Tiles", ui.Table(table(0, ""))),
		card("huge", "Tiles", ui.Table(table(200, "99 999 800 more are not listed."))),
	)
	add("State", Small,
		card("all", "States", templ.Join(ui.StateMark(ui.Live), ui.StateMark(ui.Waiting), ui.StateMark(ui.Stale), ui.StateMark(ui.Gone), ui.StateMark(ui.Absent))),
	)
	add("Notice", Medium,
		part("all", noticesStory([]ui.NoticeProps{
			{ID: "notice-info", Severity: ui.Info, Text: "This is a demo: a made-up microscope."},
			{ID: "notice-warning", Severity: ui.Warning, Text: "A message could not be read.", Note: "17 times", Detail: "topic stage: opcode 0x92 at byte 14 is not allowed"},
			{ID: "notice-error", Severity: ui.Error, Text: "The manager at 127.0.0.1:40123 does not accept the key.", Detail: strings.Repeat("digest sent was rejected\n", 30)},
		})),
	)
	add("Empty", Medium,
		part("normal", emptyStory(ui.EmptyProps{Title: "Move the camera in napari.", Text: "napari tells what it draws only after its camera has moved.", Steps: []string{"Pan or zoom the image in napari once."}}, "")),
		part("with code", emptyStory(ui.EmptyProps{Title: "No napari is attached.", Steps: []string{"Write the file.", "Start napari with it."}}, attachCode)),
	)
	add("Skeleton", Small, card("loading", "Tiles", ui.Skeleton("Loading the tiles", 4)))
	add("Code", Small, part("normal", ui.Code("code", "the command", attachCode)))
	add("Disclosure", Small, card("closed", "Tiles", disclosureStory(lorem)))
	add("Buttons", Small, card("all", "Buttons", buttonsStory()))
	add("Control", Small,
		card("slider", "Scope", ui.Control(slider())),
		card("slider of whole numbers", "Scope", ui.Control(linear())),
		card("queued", "Scope", ui.Control(sliderWith(func(p *ui.ControlProps) { p.Life.Status = ui.Queued }))),
		card("applied", "Scope", ui.Control(sliderWith(func(p *ui.ControlProps) { p.Life.Status = ui.Applied }))),
		card("refused", "Scope", ui.Control(sliderWith(func(p *ui.ControlProps) {
			p.Life = ui.CommandLife{Status: ui.Refused, Reason: "the shutter is closed"}
		}))),
		card("not taken", "Scope", ui.Control(sliderWith(func(p *ui.ControlProps) { p.Error = "Exposure must be at most 500 ms." }))),
		card("disabled", "Scope", ui.Control(sliderWith(func(p *ui.ControlProps) { p.Why = "scope is gone." }))),
		card("number without limits", "Scope", ui.Control(unlimited())),
		card("on", "Scope", ui.Control(toggle("true"))),
		card("off", "Scope", ui.Control(toggle("false"))),
		card("icon", "Scope", ui.Control(eye("true"))),
		card("few choices", "Scope", ui.Control(choice("2D", "3D"))),
		card("choices with labels", "Scope", ui.Control(labelled())),
		card("many choices", "Scope", ui.Control(choice("gray", "green", "magenta", "viridis", "turbo"))),
		card("text", "Scope", ui.Control(control("name", "Name", ui.TextField, "nuclei"))),
		card("colour", "Scope", ui.Control(control("face", "Face colour", ui.ColorField, "#ff8000"))),
		card("colour with opacity", "Scope", ui.Control(control("face", "Face colour", ui.ColorField, "#ff800080"))),
		card("colour not taken", "Scope", ui.Control(notAColor())),
		card("sections", "Scope", ui.ControlSections("scope", folded())),
	)
	add("Action", Medium,
		card("form", "Scope", ui.ActionForm(snap(ui.CommandLife{}))),
		card("refused", "Scope", ui.ActionForm(snap(ui.CommandLife{Status: ui.Refused, Reason: "the shutter is closed"}))),
		card("not taken", "Scope", ui.ActionForm(snap(ui.CommandLife{}).Failed("count", "Frames must be at least 1."))),
		card("not sent", "Scope", ui.ActionForm(snap(ui.CommandLife{}).Failed("", "scope is gone, so nothing was sent."))),
		card("button", "Scope", ui.ActionForm(bareAction("home", "Home", ui.CommandLife{Status: ui.Applied}))),
	)
	add("Controls", Small,
		card("select", "Window", ui.Select(ui.SelectProps{ID: "window", Label: "Window", Name: "window", Options: windows()})),
		card("segmented", "Window", ui.Segmented("Window", windows())),
		card("search", "Search", ui.Search("search", "Search topics and values", "card")),
		card("confirm", "Stop", ui.Confirm(ui.ConfirmProps{ID: "stop", Label: "Stop webmon", Title: "Stop webmon?", Text: lorem, Action: "/stop", CSRF: csrf})),
	)
	add("Tree", Medium,
		card("normal", "stage", ui.Tree("tree", stage(), 2)),
		card("one number", "stage", ui.Tree("tree", 1.25, 2)),
		card("empty", "stage", ui.Tree("tree", map[string]any{}, 2)),
		card("none", "stage", ui.Tree("tree", nil, 2)),
		card("huge", "stage", ui.Tree("tree", hugeTree(), 1)),
		card("deep", "stage", ui.Tree("tree", deepTree(40), 50)),
		card("hostile", "stage", ui.Tree("tree", hostile(), 3)),
	)
	return all
}

const (
	csrf       = "a-token-of-the-page"
	attachCode = "echo '{\"clients\": [[\"webmon\"]]}' > ~/.napari-mon\nNAPARI_MON=~/.napari-mon NAPARI_EXPERIMENTAL_OCTREE=1 napari"
	lorem      = "The level that napari draws now, and the tiles of it. Drawn tiles are red; a view that is larger than its tiles has not been loaded yet. "
)

// noon is the present of all stories, so that they always look the same.
var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func grid(on string, life ui.CommandStatus) *ui.ControlProps {
	p := control("show_grid", "Show grid", ui.BoolField, on)
	p.Help, p.Key, p.Untold, p.Life.Status = "Draws the borders of the tiles in napari itself.", "g", true, life
	return &p
}

func windows() []ui.Option {
	return []ui.Option{
		{Value: "10", Label: "10 s", Href: "?window=10"}, {Value: "60", Label: "1 min", Href: "?window=60", Current: true},
		{Value: "300", Label: "5 min", Href: "?window=300"}, {Value: "900", Label: "15 min", Href: "?window=900"},
	}
}

func table(rows int, more string) ui.TableProps {
	p := ui.TableProps{
		Caption: "Tiles drawn", Columns: []ui.Column{{Title: "row", Numeric: true}, {Title: "column", Numeric: true}, {Title: "size", Unit: "px"}},
		Empty: "None: the view lies outside the image.", More: more,
	}
	for i := range rows {
		p.Rows = append(p.Rows, ui.Row{Cells: ui.Text(ui.Count(i*i), ui.Count(i), "256 × 256"), Dim: i == 2})
	}
	return p
}

func viewer(state components.ViewerState, link ui.State) components.Viewer {
	v := components.Viewer{
		Source: "napari", Name: "napari", CSRF: csrf, State: state, Link: link,
		TilesTopic: "napari/tiles", LiveTopic: "napari/html/viewer", AttachCode: attachCode,
		Grid: grid("false", ui.NotSent), GridTopic: "napari/grid", ValuesTopic: "napari/values",
	}
	switch state {
	case components.ViewerLive:
		v.Napari = "0.4.11"
		v.Layers = []components.ViewerLayer{
			{ID: "140234871023", Label: "layer 1", Href: "?layer=140234871023", Current: true},
			{ID: "140234871999", Label: "layer 2", Href: "?layer=140234871999"},
		}
		v.Tiles = &components.ViewerTiles{
			Level: 3, TileSize: 256, BaseShape: [2]int64{120000, 96000}, ImageShape: [2]int64{15000, 12000},
			Grid: [2]int64{59, 47}, Seen: 24, Corners: [2][2]float64{{20480.25, 30720.5}, {28672, 43008.75}}, HasCorners: true,
		}
		for i := range int64(24) {
			v.Tiles.Rows, v.Tiles.Cols = append(v.Tiles.Rows, 10+i/6), append(v.Tiles.Cols, 15+i%6)
		}
		v.Frame = map[string]any{
			"topic": v.TilesTopic, "level": 3, "tile_size": 256, "base_shape": []int{120000, 96000}, "image_shape": []int{15000, 12000},
			"grid": []int{59, 47}, "corners": v.Tiles.Corners, "tiles": []int{10, 15, 4, 6}, "count": 24,
		}
	case components.ViewerNoTiles:
		v.Napari = "0.9.2"
	case components.ViewerForeign:
		v.Name, v.Grid = "scope", nil // it has no such command
	}
	if state != components.ViewerLive && v.Grid != nil {
		v.Grid.Why = "There is nothing to draw a grid on."
	}
	if link == ui.Gone {
		v.Grid.Why = "napari has ended."
	}
	if state == components.ViewerNone {
		v.Source, v.Name, v.Grid = "", "", nil
	}
	return v
}

// viewerOurs is the viewer of a napari with the package, at a level that is too fine.
func viewerOurs() components.Viewer {
	v := viewer(components.ViewerLive, ui.Live)
	v.Napari, v.Picture = "0.9.2", "napari/array/layer.3"
	v.Layers[0].Label, v.Layers[1].Label = "tissue", "nuclei"
	t := v.Tiles
	t.Level, t.Ideal, t.Excess = 2, 3, 4
	t.ImageShape, t.Grid, t.TileShape = [2]int64{30000, 24000}, [2]int64{118, 188}, [2]int64{256, 128}
	t.Levels = [][2]int64{{120000, 96000}, {60000, 48000}, {30000, 24000}, {15000, 12000}}
	t.Loading, t.Reloaded, t.Reloads = 2, 1, 17
	v.Frame = map[string]any{
		"topic": v.TilesTopic, "level": 2, "tile_size": 256, "tile_shape": t.TileShape, "base_shape": t.BaseShape, "image_shape": t.ImageShape,
		"grid": t.Grid, "corners": t.Corners, "tiles": []int{20, 60, 8, 24}, "count": 192, "ideal_level": 3, "excess": 4,
		"loading": []int{20, 60, 1, 2}, "reloaded": []int{24, 70, 1, 1},
	}
	return v
}

// views are the three views of which one is shown. why says why there is no canvas.
func views(v components.Viewer, view components.View, says, why string) components.Viewer {
	v.View, v.Says = view, says
	v.Views = []ui.Option{
		{Value: "canvas", Label: "Canvas", Href: "?view=canvas", Why: why},
		{Value: "layer", Label: "Layer", Href: "?view=layer"},
		{Value: "tiles", Label: "Tiles", Href: "?view=tiles"},
	}
	for i := range v.Views {
		v.Views[i].Current = v.Views[i].Value == string(view)
	}
	return v
}

// viewerLayer is the viewer with one layer, without its tiles.
func viewerLayer() components.Viewer {
	v := views(viewerOurs(), components.ViewLayer, "The layer tissue alone, of 2 that napari draws.", "")
	v.SaysAll = "All 2 layers that napari draws."
	return v
}

// viewerCanvas is the viewer of napari's canvas in 3-D.
func viewerCanvas(link ui.State) components.Viewer {
	v := views(viewer(components.ViewerNoTiled, link), components.ViewCanvas, "napari's canvas: 3 layers, 3-D.", "")
	v.Napari, v.Ours = "0.9.2", true
	toggle := func(name, label, value string) ui.ControlProps {
		return ui.ControlProps{
			Field:  ui.Field{ID: ui.ID("value", name), Name: name, Label: label, Type: ui.BoolField, Value: value},
			Source: "napari", Action: "/sources/napari/commands/" + name, CSRF: csrf,
		}
	}
	choice := func(name, label, value string, choices ...string) ui.ControlProps {
		p := toggle(name, label, value)
		p.Type, p.Choices = ui.ChoiceField, choices
		return p
	}
	axis := func(name, label, value string, most float64) components.CanvasAxis {
		step, play := toggle("dims."+name, label, value), toggle("dims."+name+".play", "Play "+label, "false")
		least := 0.0
		step.Type, step.Min, step.Max = ui.IntField, &least, &most
		play.On, play.Off = "pause", "play"
		return components.CanvasAxis{Step: step, Play: &play}
	}
	display, mode := choice("dims.ndisplay", "Display", "3D", "2D", "3D"), choice("layer.9.mode", "Mode", "add", "pan_zoom", "add", "select", "transform")
	v.Canvas = &components.ViewerCanvas{
		Topic: "napari/canvas", StateTopic: "napari/canvas-state", PeopleTopic: "napari/canvas-people",
		PartsTopic: "napari/canvas-parts", ValuesTopic: "napari/values",
		Facts: []ui.Pair{
			{Name: "draws", Value: "3 layers, 3-D", Key: "draws"}, {Name: "size", Value: "581 × 752", Unit: "px", Key: "size"},
			{Name: "active", Value: "spots", Note: "add", Key: "active"},
		},
		Display: &display, Axes: []components.CanvasAxis{axis("0", "t", "12", 59), axis("1", "channel", "0", 2)},
		Overlays: []ui.ControlProps{toggle("axes", "Axes", "true"), toggle("scale_bar", "Scale bar", "false")},
		Draw: []components.CanvasLayer{
			{ID: "9", Name: "spots", Kind: "points", Active: true, Selected: true, Control: "layer.9.selected"},
			{ID: "8", Name: "cells", Kind: "labels", Control: "layer.8.selected"},
		},
		Mode: &mode,
	}
	if link == ui.Gone {
		for _, p := range v.Canvas.Controls() {
			p.Why = "napari has ended."
		}
	}
	return v
}

// viewerNoCanvas is the viewer of a canvas that cannot be seen.
func viewerNoCanvas(why string, missing bool) components.Viewer {
	v := viewerCanvas(ui.Live)
	v.Canvas.Why, v.Canvas.Missing = why, missing
	if missing {
		v.Canvas.Facts, v.Canvas.Display, v.Canvas.Axes, v.Canvas.Overlays, v.Canvas.Draw, v.Canvas.Mode = nil, nil, nil, nil, nil, nil
		v.Views[0].Why, v.Says = why, "napari's canvas."
	}
	return v
}

// viewerEmpty is the viewer of a napari with the package that has only layers of these kinds.
func viewerEmpty(kinds ...string) components.Viewer {
	v := viewer(components.ViewerNoLayer, ui.Live)
	v.Napari, v.Ours, v.Kinds = "0.9.2", true, kinds
	return v
}

// viewer3D is the viewer of a napari that shows a stack in 3D.
func viewer3D() components.Viewer {
	v := viewer(components.ViewerNoTiled, ui.Live)
	v.Napari, v.Ours, v.Note = "0.9.2", true, "napari shows its layers in 3D, where nothing is drawn in tiles."
	v.Layers = []components.ViewerLayer{{ID: "3", Label: "stack", Href: "?layer=3", Current: true}}
	v.Volume = &components.ViewerWhole{
		Axes: "z, y, x", Level: 1, Levels: [][]int64{{60, 2048, 2048}, {30, 1024, 1024}}, Planes: "/arrays?source=napari&array=layer.3",
	}
	return v
}

// viewerBeside is the viewer of a napari whose slider has moved beyond the layer.
func viewerBeside() components.Viewer {
	v := viewerOurs()
	v.Note = "The slider of axis z stands at plane 18, and the layer has the planes 0 to 14: napari draws nothing of it there."
	v.NoPicture, v.Picture, v.Frame = v.Note, "", nil
	v.Tiles.Seen, v.Tiles.Rows, v.Tiles.Cols, v.Tiles.Loading, v.Tiles.Reloaded = 0, nil, nil, 0, 0
	return v
}

// viewerPart is the viewer of a napari with a slice that is too large to be shared as a whole.
func viewerPart() components.Viewer {
	v := viewerOurs()
	v.Part = "The slice has 289 MB, more than the 268 MB that are shared as a whole: it is shared as far as it is in view in napari, with as many of its pixels as napari's screen has."
	return v
}

func arrays(link ui.State) components.Arrays {
	row := func(name, shape, dtype, axes string, rate float64, bytes int64) components.ArrayRow {
		return components.ArrayRow{Name: name, Href: "?array=" + name, Shape: shape, DType: dtype, Axes: axes, Rate: rate, Published: 128734, Bytes: bytes}
	}
	a := components.Arrays{
		Source: "scope", Name: "scope", Link: link, LiveTopic: "scope/arrays/camera", State: components.ArraysLive,
		List: []components.ArrayRow{
			row("camera", "2048 × 2048", "uint16", "y, x", 60, 8<<20),
			row("stack", "50 × 3 × 512 × 512", "float32", "t, c, y, x", 0.5, 150<<20),
			row("spots", "1000 records of 4 fields", "records of 4 fields", "row", 12, 16000),
		},
		Open: &components.ArrayView{
			Name: "camera", PNG: "/api/v1/sources/scope/arrays/camera.png?index=y,x", NPY: "/api/v1/sources/scope/arrays/camera.npy",
			Config: map[string]any{
				"source": "scope", "name": "camera", "topic": "scope/array/camera", "shape": []int{2048, 2048}, "axes": []string{"y", "x"},
				"units": []string{"um", "um"}, "scale": []float64{0.65, 0.65}, "dtype": "uint16", "role": "", "colormap": "", "limits": nil, "unit": "", "layer": "", "pixels": "u2",
			},
		},
	}
	a.List[0].Current, a.List[1].Missed, a.List[2].Table = true, 12, true
	return a
}

func arraysWith(change func(*components.Arrays)) components.Arrays {
	a := arrays(ui.Live)
	change(&a)
	return a
}

func arraysRecords() components.Arrays {
	a := arrays(ui.Live)
	a.List[0].Current, a.List[2].Current = false, true
	r := &components.ArrayRecords{
		Topic: "scope/records/spots", Total: 1000, More: "800 more records are not listed.",
		Columns: []ui.Column{{Title: "#", Numeric: true}, {Title: "x", Unit: "um", Numeric: true}, {Title: "y", Unit: "um", Numeric: true}, {Title: "class"}},
	}
	for i := range 200 {
		r.Rows = append(r.Rows, ui.Row{Cells: ui.Text(ui.Count(i), ui.Fixed(float64(i)*1.25, 2), ui.Fixed(float64(i*i), 1), "cell")})
	}
	a.Open = &components.ArrayView{Name: "spots", Title: "Spots found", Plane: "/api/v1/sources/scope/arrays/spots.csv", Records: r}
	return a
}

func arraysHuge() components.Arrays {
	a := arrays(ui.Live)
	for i := range 60 {
		r := a.List[i%3]
		r.Name, r.Current = strings.Repeat("a_long_name_", 1+i%5)+ui.Count(i), false
		r.Published, r.Missed, r.Bytes, r.Rate = math.MaxInt64, math.MaxInt64, math.MaxInt64, 12345.6
		if i%7 == 0 {
			r.Problem = lorem
		}
		a.List = append(a.List, r)
	}
	return a
}

func viewerHuge() components.Viewer {
	v := viewer(components.ViewerLive, ui.Live)
	v.Layers = nil
	for i := range 12 {
		v.Layers = append(v.Layers, components.ViewerLayer{ID: ui.Count(i), Label: "layer " + ui.Count(i+1), Href: "?layer=" + ui.Count(i), Current: i == 3})
	}
	v.Tiles = &components.ViewerTiles{
		Level: 0, TileSize: 256, BaseShape: [2]int64{2560000, 2560000}, ImageShape: [2]int64{2560000, 2560000},
		Grid: [2]int64{10000, 10000}, Seen: 10000, Corners: [2][2]float64{{-128000, -128000}, {1408000, 1408000}}, HasCorners: true,
	}
	for i := range int64(10000) {
		v.Tiles.Rows, v.Tiles.Cols = append(v.Tiles.Rows, i/100), append(v.Tiles.Cols, i%100)
	}
	v.Frame = map[string]any{
		"topic": v.TilesTopic, "level": 0, "tile_size": 256, "base_shape": []int{2560000, 2560000}, "image_shape": []int{2560000, 2560000},
		"grid": []int{10000, 10000}, "corners": v.Tiles.Corners, "tiles": []int{0, 0, 100, 100}, "count": 10000,
	}
	return v
}

func viewerOutside() components.Viewer {
	v := viewer(components.ViewerLive, ui.Live)
	v.Tiles.Seen, v.Tiles.Rows, v.Tiles.Cols = 0, nil, nil
	v.Tiles.Corners = [2][2]float64{{-50000, -40000}, {-20000, -10000}}
	return v
}

func viewerNoCorners() components.Viewer {
	v := viewer(components.ViewerLive, ui.Live)
	v.Tiles.HasCorners = false
	return v
}

func viewerCommand(status ui.CommandStatus) components.Viewer {
	v := viewer(components.ViewerLive, ui.Live)
	v.Grid = grid("true", status)
	return v
}

func chart(name, title string, lines ...string) components.ChartProps {
	p := components.ChartProps{
		Name: name, Title: title, Help: "Shorter is better: at 16.7 ms napari draws 60 frames a second.", Empty: "No numbers yet.",
		Window: 60, Style: "line", Unit: "ms", Zero: true, Href: "/individual/" + name, Option: chartOption(lines),
		Stats: []components.ChartStat{
			{Key: "last", Label: "last", In: "ms", Value: ui.None, Unit: "ms"}, {Key: "p99", Label: "99th percentile", In: "ms", Value: ui.None, Unit: "ms"},
		},
	}
	for i, line := range lines {
		p.Lines = append(p.Lines, components.ChartLine{Label: line, Color: i + 1})
	}
	return p
}

// chartOption is shaped like what dashboard/chart makes.
func chartOption(lines []string) map[string]any {
	type m = map[string]any
	var series []m
	for i, line := range lines {
		colour := "var(--series-" + ui.Count(i+1) + ")"
		for _, part := range []string{"", "mean"} {
			series = append(series, m{
				"id": "line" + ui.Count(i) + part, "name": line, "type": "line", "data": []float64{}, "showSymbol": false, "silent": true,
				"itemStyle": m{"color": colour}, "lineStyle": m{"color": colour, "width": 1.5},
			})
		}
	}
	label := m{"color": "var(--muted)"}
	return m{
		"animation": false, "legend": m{"show": false}, "tooltip": m{"show": false}, "series": series,
		"grid":  []m{{"left": 64, "right": 12, "top": 12, "bottom": 24}},
		"xAxis": []m{{"type": "value", "splitLine": m{"show": false}, "axisLabel": label}},
		"yAxis": []m{{"type": "value", "splitLine": m{"lineStyle": m{"color": "var(--control)"}}, "axisLabel": label}},
	}
}

func chartAlone() components.ChartProps {
	p := chart("frame_time", "Frame time", "frame time")
	p.Alone = true
	return p
}

func chartWindows() []components.ChartWindow {
	return []components.ChartWindow{
		{Seconds: 10, Label: "10 s", Href: "?window=10"}, {Seconds: 60, Label: "1 min", Href: "?window=60", Current: true}, {Seconds: 900, Label: "15 min", Href: "?window=900"},
	}
}

func loader(notice string) components.LoaderProps {
	return components.LoaderProps{
		Windows: chartWindows(), Notice: notice, Live: "napari/html/loader",
		Charts: []components.ChartProps{chart("frame_time", "Frame time", "frame time"), chart("load", "Load time", "median", "99th percentile")},
	}
}

func stage() map[string]any {
	return map[string]any{
		"x": 1.5, "y": -20.25, "moving": true, "name": "XY stage", "limits": []any{int64(-5000), int64(5000)},
		"axes": map[string]any{"x": map[string]any{"unit": "µm", "step": 0.1}, "y": map[string]any{"unit": "µm", "step": 0.1}},
		"log":  []any{"homed", "moved to 1.5, -20.25", map[string]any{"error": nil}},
	}
}

func hugeTree() any {
	m := make(map[string]any)
	for i := range 300 {
		m["channel "+ui.Count(i)] = map[string]any{"gain": float64(i) / 7, "text": strings.Repeat("abcdefghij ", 60)}
	}
	return m
}

func deepTree(depth int) any {
	if depth == 0 {
		return "bottom"
	}
	return map[string]any{"in": deepTree(depth - 1)}
}

func hostile() any {
	return map[string]any{
		`"><script>alert(1)</script>`: `<img src=x onerror=alert(1)>`,
		"</details></div>":            []any{"<b>", "&amp;", "\x00\x1b[31m", "\u202e reversed"},
		"javascript:alert(1)":         "javascript:alert(1)",
	}
}

func topic(name string, value any, rate float64, count uint64) components.MessageTopic {
	t := components.MessageTopic{Name: name, Last: value, Rate: rate, Count: count, Age: 240 * time.Millisecond}
	for i := range 5 {
		t.Recent = append(t.Recent, components.Message{Time: noon.Add(-time.Duration(i) * 500 * time.Millisecond), Value: value})
	}
	return t
}

func messages() components.Messages {
	frame := topic("frame_time", map[string]any{"time": 1780315200.123, "delta_ms": 16.7}, 59.9, 128734)
	frame.Known = true
	state := topic("camera", map[string]any{"zoom": 2.5, "center": []any{0.0, 512.5, 300.25}}, 12, 4000)
	state.State = true
	progress := topic("progress", 0.25, 0.2, 8193)
	progress.Lost = 11_807
	return components.Messages{
		Source: "napari", Name: "napari", Link: ui.Live, LiveTopic: "napari/html/messages",
		Topics: []components.MessageTopic{frame, topic("stage", stage(), 2, 812), state, progress},
	}
}

func messagesUnread() components.Messages {
	m := messages()
	m.Notices = []components.MessageNotice{{Key: "pickle", Text: "A message holds a class that webmon does not know, numpy.ma.MaskedArray, and was left out.", Count: 1243}}
	m.Link = ui.Stale
	return m
}

func messagesHuge() components.Messages {
	m := messages()
	for i := range 80 {
		m.Topics = append(m.Topics, topic(strings.Repeat("a_long_topic_name_", 1+i%5)+ui.Count(i), hugeTree(), 1000.5, math.MaxInt64))
	}
	m.Topics = append([]components.MessageTopic{topic("</h2><script>", hostile(), 0, 1)}, m.Topics...)
	return m
}

func server() components.StatusServer {
	return components.StatusServer{
		Version: "v0.1.0", PID: 4711, Uptime: 2*time.Hour + 13*time.Minute, Browsers: 3, Topics: 9, Sent: 183.4, SentRate: 412_000,
		Dropped: 12, PaintMedian: 8_300 * time.Microsecond, PaintP99: 21_400 * time.Microsecond, MemoryBytes: 41 << 20, CPU: 0.0312,
		Budget: 2 << 30, Kept: []components.StatusKept{
			{Title: "states and histories", Limit: 1 << 30, Used: 24 << 20, Most: 31 << 20, Dropped: 1204, DroppedBytes: 310 << 20},
			{Title: "frames", Limit: 512 << 20, Used: 9 << 20, Most: 96 << 20},
			{Title: "answers", Limit: 256 << 20, Most: 240 << 20, Refused: 3},
			{Title: "replies", Limit: 256 << 20, Used: 70 << 10, Most: 4 << 20},
		},
	}
}

func liveSource() components.StatusSource {
	return components.StatusSource{
		ID: "napari", Name: "napari", Kind: "napari", State: ui.Live, Python: "3.9.18", Napari: "0.4.11", PID: 12345, Address: "127.0.0.1:40123",
		Starts: 1, Frames: 128734, Rate: 59.9, Heard: true, Age: 12 * time.Millisecond,
		LatencyMedian: 1240 * time.Microsecond, LatencyP99: 4100 * time.Microsecond,
		Calls: 181.2, Bytes: 1_250_000, ManagerCPU: 0.041, Waiting: 0.085,
		Kept: components.StatusKept{Limit: 512 << 20, Used: 22 << 20, Most: 31 << 20, Dropped: 1204, DroppedBytes: 310 << 20},
	}
}

func status() components.Status {
	gone := liveSource()
	gone.ID, gone.Name, gone.State, gone.Problem = "scope", "scope", ui.Gone, "The process ended at 11:42:07."
	gone.Age, gone.Rate, gone.Dismiss, gone.ManagerCPU = 17*time.Minute, 0, "/sources/scope/dismiss", -1
	gone.LatencyMedian, gone.LatencyP99, gone.Napari = -1, -1, ""
	return components.Status{
		CSRF: csrf, LiveTopic: "napari/html/status",
		Sources: []components.StatusSource{liveSource(), gone}, Server: server(),
		Happened: []components.StatusEvent{
			{Time: noon, Source: "napari", Kind: "resume", Text: "Frames come again, after 7 s."},
			{Time: noon.Add(-7 * time.Second), Source: "napari", Kind: "stale", Text: "No frame for 5 s."},
			{Time: noon.Add(-18 * time.Minute), Source: "scope", Kind: "end", Text: "The process ended."},
			{Time: noon.Add(-50 * time.Minute), Source: "napari", Kind: "start", Text: "Attached to 127.0.0.1:40123, pid 12345."},
		},
		Access: inside(), Changes: changes(),
	}
}

func statusError() components.Status {
	s := status()
	s.Sources[0].State, s.Sources[0].Problem = ui.Stale, "No frame for 12 s: the process hangs, or a dialog waits for somebody."
	s.Sources[0].ReaderURL = "http://127.0.0.1:5050/"
	s.Happened = append([]components.StatusEvent{{Time: noon, Kind: "error", Text: "The manager at 127.0.0.1:40999 is not napari's: it offers none of the five resources."}}, s.Happened...)
	return s
}

func statusHuge() components.Status {
	s := status()
	s.Access, s.Changes = accessHuge(), changesHuge()
	for i := range 30 {
		src := liveSource()
		src.ID, src.Name = "source-"+ui.Count(i), strings.Repeat("a long name ", 1+i%6)+ui.Count(i)
		src.Frames, src.Rate = math.MaxInt64, 12345.6
		s.Sources = append(s.Sources, src)
	}
	for i := range 300 {
		s.Happened = append(s.Happened, components.StatusEvent{Time: noon.Add(-time.Duration(i) * time.Minute), Source: "napari", Kind: "error", Text: lorem})
	}
	return s
}

func shell(p layout.Page, state ui.State) layout.Page {
	p.Title, p.Socket = "Viewer", ""
	p.Help, p.HelpHere = p.Prefix+"/help", p.Prefix+"/help/pages#viewer"
	for i, t := range []struct{ slug, title, help string }{
		{"viewer", "Viewer", "Which tiles napari draws."}, {"loader", "Loader", "How fast frames and chunks go."},
		{"layers", "Layers", "What is open in napari."}, {"messages", "Messages", "Everything the process sends."},
		{"status", "Status", "The sources, and webmon itself."},
	} {
		p.Tabs = append(p.Tabs, layout.TabLink{Title: t.title, Href: p.Prefix + "/" + t.slug, Help: t.help, More: p.Prefix + "/help/pages#" + t.slug, Key: ui.Count(i + 1), Current: t.slug == "viewer"})
	}
	p.Sources = []layout.SourceLink{
		{Name: "napari", Href: "?source=napari", State: state, Current: true},
		{Name: "scope", Href: "?source=scope", State: ui.Gone, Note: "11:42"},
	}
	p.Header = layout.Header{Topic: "napari/html/header", State: state, Heard: state != ui.Waiting, Age: 230 * time.Millisecond, Rate: 59.9}
	switch state {
	case ui.Stale:
		p.Header.Age, p.Header.Rate = 12*time.Second, 0
		p.Header.Notices = []layout.Notice{{Key: "stale", Severity: ui.Warning, Text: "napari has sent nothing for 12 s. It hangs, or a dialog waits for somebody."}}
	case ui.Gone:
		p.Header.Age, p.Header.Rate = 17*time.Minute, 0
		p.Header.Notices = []layout.Notice{{Key: "gone", Severity: ui.Warning, Text: "napari ended at 11:42:07. What you see is what it sent last.", Href: "?source=scope", Link: "Show scope"}}
	}
	return p
}

func shellDemo(p layout.Page) layout.Page {
	p = shell(p, ui.Live)
	p.Header.Notices = []layout.Notice{{Key: "demo", Severity: ui.Info, Text: "This is a demo: a made-up microscope. Everything in it works, and nothing of it is real. It goes when something of yours is attached:", Code: attachCode}}
	return p
}

func shellError(p layout.Page) layout.Page {
	p = shell(p, ui.Gone)
	p.Header.Notices = []layout.Notice{{Key: "key", Severity: ui.Error, Text: "The manager at 127.0.0.1:40123 does not accept the key.", Detail: "digest received was wrong"}}
	return p
}

func shellNone(p layout.Page) layout.Page {
	p = shell(p, ui.Absent)
	p.Sources, p.Header = nil, layout.Header{State: ui.Absent}
	return p
}

func shellHuge(p layout.Page) layout.Page {
	p = shell(p, ui.Live)
	for i := range 14 {
		p.Tabs = append(p.Tabs, layout.TabLink{Title: "A tab of one's own " + ui.Count(i), Href: p.Prefix + "/tab-" + ui.Count(i), Help: lorem})
	}
	for i := range 30 {
		p.Sources = append(p.Sources, layout.SourceLink{Name: strings.Repeat("a long name ", 3) + ui.Count(i), Href: "?source=" + ui.Count(i), State: ui.Stale, Note: "11:42"})
	}
	p.Header.Rate, p.Header.Age = 12345.6, 400*time.Hour
	for i := range 4 {
		p.Header.Notices = append(p.Header.Notices, layout.Notice{Key: ui.Count(i), Severity: ui.Warning, Text: strings.Repeat(lorem, 2)})
	}
	return p
}

// bare is a page without tabs and sources.
func bare(p layout.Page) layout.Page {
	p.Embed, p.Socket = true, ""
	return p
}
