package spec

import "strings"

// The groups of the routes.
const (
	processes   = "Processes"
	arrays      = "Arrays"
	steering    = "Steering"
	boards      = "Boards"
	simulations = "Simulations"
	mapsOf      = "Maps"
	edits       = "Edits of maps"
	pools       = "Pools of maps"
	people      = "People and links"
	itself      = "webmon itself"
)

const api = "/api/v1"

var (
	source = object(
		field("id", text()), field("name", text()),
		field("kind", oneOf("napari", "python", "demo", "model", "remote", "map")),
		field("instance", text()), field("connected", truth()), field("age_ms", orNull(whole())), field("topics", list(text())),
	)
	command = object(
		field("id", text()), field("source", text()), field("name", text()), field("args", named(anything())),
		field("status", status), optional("reason", text()), field("sent", when()),
		field("steps", list(object(field("status", status), field("time", when())))),
	)
	status = oneOf("queued", "taken", "applied", "refused", "gone")
	array  = object(
		field("name", text()), field("shm", text()), field("generation", text()),
		field("dtype", Schema{"type": []string{"string", "array"}, "description": "a string as NumPy has it, or a list of the fields of records"}),
		field("shape", list(whole())), field("axes", list(text())), optional("units", list(text())), optional("scale", list(number())),
		optional("title", text()), optional("role", oneOf("", "rgb", "labels", "table")), optional("colormap", text()),
	)
	link = object(
		field("id", text()), field("role", oneOf("look", "steer")), field("note", text()), field("by", text()), field("made", when()),
		field("until", when()), field("used", orNull(when())), field("sessions", whole()),
		optional("address", Schema{"type": "string", "description": "with its secret; told once, when the link is made"}),
	)
	session = object(
		field("id", text()), field("name", text()), field("role", oneOf("look", "steer", "manage")), optional("link", text()),
		field("since", when()), field("seen", when()), field("until", when()), field("from", text()), field("agent", text()), field("open", whole()), field("own", truth()),
	)
	change = object(
		field("id", text()), field("time", when()), field("until", when()), field("who", text()), optional("address", text()), field("source", text()), field("name", text()),
		field("from", text()), field("to", text()), field("count", whole()), field("status", text()), field("reason", text()),
	)
	mapObject = object(
		field("session", whole()), field("row", whole()), field("type", text()), field("x", orNull(number())), field("y", orNull(number())), field("z", orNull(number())),
		field("segment", orNull(whole())), field("pDist", orNull(number())), field("bad", truth()), field("note", text()), field("userType", orNull(whole())),
		field("next", orNull(whole())), field("prev", orNull(whole())), field("modified", text()), field("by", text()), field("unmeasured", text()),
	)
	edited = object(
		field("n", whole()), field("edition", text()), field("did", text()), field("session", whole()), field("row", orNull(whole())),
		field("value", orNull(mapObject)), field("unsaved", whole()),
	)
	conflict = object(
		field("error", text()), optional("by", text()), optional("did", text()), optional("time", when()), field("value", orNull(mapObject)), optional("files", list(text())),
	)
	board = object(
		field("webmon", oneOf("board")), field("version", whole()), field("title", text()), field("window", whole()),
		field("cards", list(object(
			field("kind", oneOf("chart", "number", "array", "control", "command", "model")), field("source", text()), field("name", text()), optional("title", text()),
			field("width", whole()), field("height", whole()), optional("view", text()),
		))),
	)
	// What somebody writes may leave out what is usual.
	boardBody = object(
		field("webmon", oneOf("board")), field("version", whole()), optional("title", text()), optional("window", whole()),
		optional("cards", list(object(
			field("kind", oneOf("chart", "number", "array", "control", "command", "model")), field("source", text()), field("name", text()), optional("title", text()),
			optional("width", whole()), optional("height", whole()), optional("view", text()),
		))),
	)
	kept      = object(field("name", text()), field("generation", text()))
	viewName  = &Body{Types: []string{"application/json", "application/x-www-form-urlencoded"}, Schema: object(field("name", Schema{"type": "string", "minLength": 1, "maxLength": 80})), Example: map[string]any{"name": "overview"}}
	savedView = object(field("name", text()), field("saved", when()), field("by", text()), field("about", text()))
)

// Parameters that several routes have.
var (
	plane = []Param{
		param("index", "which plane: an entry for each axis, a number or `y` and `x` (and `c` for channels), as `0,y,x`; without it the one that the page shows first", text()),
	}
	look = append([]Param{
		param("low", "the value that is drawn darkest; with `high`", number()),
		param("high", "the value that is drawn brightest; with `low`. Without both the frame's own range", number()),
		param("gamma", "of the contrast", from(0.01, 100)),
		param("colormap", "the name of a colour map, such as `viridis`", text()),
		param("origin", "where row 0 is", oneOf("upper", "lower")),
	}, plane...)
	ofType   = param("type", "the type of object, such as `spineROI`, `controlPnt` or `pivotPnt`; without it the one that the map is about", text())
	session_ = param("session", "the session, counted from 0; without it, or `all`, every one", text())
	segment_ = param("segment", "the map segment, counted from 0; without it, or `all`, every one", text())
	bad      = param("bad", "1 with bad objects, 0 without", bit())
	filtered = param("filtered", "1: runs alone that pass the filters of the map", bit())
	measure  = param("measure", "how lengths are measured", oneOf("3d", "2d", "smooth"))
	mask     = param("mask", "of which fate", oneOf("added", "subtracted", "transient", "always"))
	types    = param("types", "user types with commas between them, such as `0,3`", text())
	report   = []Param{ofType, bad, filtered, measure, param("whole", "1: all segments of a session as one", bit())}
)

// ofMap are the statuses of what is asked of a map.
var ofMap = []int{404, 410, 422, 503}

// part is GET /api/v1/maps/<map>/<name>, also as a CSV.
func part(name, title, text string, answer Schema, query ...Param) Route {
	return Route{
		Method: "GET", Path: api + "/maps/{map}/" + name, At: api + "/maps/:map/:what", Group: mapsOf, Title: title, Text: text, Role: Look,
		Query: query, Answers: ok("", answer), Fails: ofMap, CSV: true,
	}
}

// edit is POST /api/v1/maps/<map>/<name>.
func edit(name, title, text string, body *Body, answer Schema) Route {
	return Route{
		Method: "POST", Path: api + "/maps/{map}/" + name, Group: edits, Title: title, Text: text, Role: Steer, Body: body,
		Answers: append(ok("", answer), Answer{Status: 409, Text: "somebody else, or another program, has changed the same since", Type: "application/json", Schema: conflict}),
		Fails:   []int{400, 404, 410, 413, 422, 503},
	}
}

func words(s string) []string { return strings.Fields(s) }

// Routes are all addresses that programs use.
var Routes = []Route{
	{
		Method: "GET", Path: api + "/sources", Group: processes, Title: "The processes", Role: Look,
		Text:    "`age_ms` is how long ago the process was heard last, null if it never was.",
		Answers: ok("", list(source)),
	}, {
		Method: "GET", Path: api + "/sources/{source}/state", Group: processes, Title: "The latest value of every topic", Role: Look,
		Text:    "By topic. Small arrays are nested lists in the process's own layout. Reading counts as watching for 5 seconds; the first read asks the process and waits a moment for it.",
		Answers: ok("", named(anything())), Fails: []int{404, 503},
	}, {
		Method: "GET", Path: api + "/sources/{source}/events/{topic}", Group: processes, Title: "What a topic has sent", Role: Look,
		Query: []Param{
			param("seconds", "how far back", above(0, 900)),
			param("format", "of the answer", oneOf("json", "csv")),
		},
		Answers: []Answer{
			{Status: 200, Type: "application/json", Schema: list(and(object(field("time", number())), anything())), Text: "each message with its time"},
			{Status: 200, Type: "text/csv", Text: "each message with its time"},
		},
		Fails: []int{400, 404, 503}, Try: api + "/sources/demo/events/frame_time?seconds=10&format=csv",
	}, {
		Method: "GET", Path: api + "/sources/{source}/charts/{chart}", Group: processes, Title: "A part of a chart as the pages draw it", Role: Look,
		Text: "`lines` has for each line of the chart its buckets, as a flat list: the first is the time in ms of the first bucket, and the numbers of buckets follow. For numbers as they were sent ask for events.",
		Query: []Param{
			must("from", "when it begins, in milliseconds since 1970", from(0, 1e14), 1795994927000),
			must("to", "when it ends, at most 900 seconds later", from(0, 1e14), 1795994928000),
		},
		Answers: ok("", and(object(field("kind", oneOf("part")), field("ts", number()), field("width", number()), field("lines", list(list(Schema{"type": []string{"number", "null"}}))), field("since", number())), anything())),
		Fails:   []int{404, 422},
	},

	{
		Method: "GET", Path: api + "/sources/{source}/arrays", Group: arrays, Title: "The arrays that a process shares", Role: Look,
		Text:    "By name, with how often each is published. A napari's `canvas` is all that it draws; programs get it with all pixels, whatever size the pages need.",
		Answers: ok("", named(and(array, anything()))), Fails: []int{404, 503},
	}, {
		Method: "GET", Path: api + "/sources/{source}/arrays/{array}.npy", At: api + "/sources/:source/arrays/:name", Group: arrays, Title: "A frame, or a plane of it, for NumPy", Role: Look,
		Text:    "The newest frame, with the numbers as they are.",
		Query:   []Param{param("plane", "an entry for each axis, a number or `y` and `x`, as `0,y,x`; without it the whole frame", text()), param("index", "the same as `plane`, as other addresses call it", text())},
		Answers: file("as numpy.load reads it", "application/octet-stream"), Fails: []int{404, 413, 422, 503},
	}, {
		Method: "GET", Path: api + "/sources/{source}/arrays/{array}.png", At: api + "/sources/:source/arrays/:name", Group: arrays, Title: "A picture as the page shows it", Role: Look,
		Query: look, Answers: file("", "image/png"), Fails: []int{404, 413, 422, 503},
		Try: api + "/sources/demo/arrays/camera.png?index=y,x&colormap=viridis",
	}, {
		Method: "GET", Path: api + "/sources/{source}/arrays/{array}.csv", At: api + "/sources/:source/arrays/:name", Group: arrays, Title: "An array of records as a table", Role: Look,
		Text:    "Also an array of one or two axes.",
		Answers: file("", "text/csv"), Fails: []int{404, 413, 422, 503},
	}, {
		Method: "GET", Path: api + "/sources/{source}/arrays/{array}/value", At: api + "/sources/:source/arrays/:name/value", Group: arrays, Title: "One value exactly as it is", Role: Look,
		Text:    "A whole number beyond 2^53 also comes as `text`, for what reads JSON numbers as float64.",
		Query:   []Param{must("index", "a number for each axis, as `0,5,7`", text(), "5,7")},
		Answers: ok("", object(field("value", anything()), field("seq", whole()), field("time", number()), optional("text", text()))), Fails: []int{404, 413, 422, 503},
	}, {
		Method: "GET", Path: api + "/sources/{source}/arrays/{array}/profile", At: api + "/sources/:source/arrays/:name/profile", Group: arrays, Title: "The values along a line", Role: Look,
		Query: append([]Param{
			must("from", "where it begins: `row,column`", Schema{"type": "string", "pattern": `^-?[0-9.]+,-?[0-9.]+$`}, "0,0"),
			must("to", "where it ends: `row,column`", Schema{"type": "string", "pattern": `^-?[0-9.]+,-?[0-9.]+$`}, "0,9"),
		}, plane...),
		Answers: ok("", object(field("distance", list(number())), field("value", list(anything())), field("unit", text()), field("value_unit", text()))), Fails: []int{404, 413, 422, 503},
	}, {
		Method: "GET", Path: api + "/sources/{source}/arrays/{array}/film", At: api + "/sources/:source/arrays/:name/film", Group: arrays, Title: "Frames as they come", Role: Look,
		Text: "Each is a picture with the parameters of `.png` and the contrast of the first, with `Webmon-Seq` and `Webmon-Time`. `format=jpeg` is as network cameras send it.",
		Query: append([]Param{
			param("seconds", "how long (10)", from(0.1, 600)), param("fps", "frames a second at most (10)", from(0.01, 30)), param("format", "of each picture (png)", oneOf("png", "jpeg")),
		}, look...),
		Answers: file("each frame as a part", "multipart/x-mixed-replace"), Fails: []int{404, 413, 422, 503},
		Try: api + "/sources/demo/arrays/camera/film?seconds=5&format=jpeg",
	},

	{
		Method: "POST", Path: "/sources/{source}/commands/{name}", Group: steering, Title: "Set a control, or call an action", Role: Steer,
		Text:    "The arguments by their names, as JSON or as a form. A command with one argument takes it under its own name. What becomes of it is at `/api/v1/commands/<command>`.",
		Body:    &Body{Types: []string{"application/json", "application/x-www-form-urlencoded"}, Schema: named(anything()), Example: map[string]any{"show_grid": true}},
		Answers: []Answer{{Status: 202, Text: "it was sent", Type: "application/json", Schema: object(field("id", text()), field("name", text()), field("status", status), optional("reason", text()))}},
		Fails:   []int{400, 404, 413, 422, 503},
	}, {
		Method: "GET", Path: api + "/commands/{command}", At: api + "/commands/:id", Group: steering, Title: "What has become of a command", Role: Look,
		Answers: ok("", command), Fails: []int{404},
	}, {
		Method: "GET", Path: api + "/sources/{source}/views", Group: steering, Title: "The views that people have saved of a napari", Role: Look,
		Answers: ok("", list(savedView)), Fails: []int{404, 409},
	}, {
		Method: "POST", Path: "/sources/{source}/views", Group: steering, Title: "Save what napari shows now by a name", Role: Steer,
		Body: viewName, Answers: []Answer{{Status: 201, Text: "the view", Type: "application/json", Schema: savedView}}, Fails: []int{400, 404, 409, 413},
	}, {
		Method: "POST", Path: "/sources/{source}/views/go", Group: steering, Title: "Have napari show a saved view", Role: Steer,
		Body:    viewName,
		Answers: ok("`done` is false if napari has not answered within 3 seconds", object(field("name", text()), field("done", truth()), field("problems", list(text())))), Fails: []int{400, 404, 409, 413, 422, 503},
	}, {
		Method: "POST", Path: "/sources/{source}/views/delete", Group: steering, Title: "Delete a saved view", Role: Steer,
		Body: viewName, Answers: ok("", object(field("name", text()))), Fails: []int{400, 404, 409, 413},
	}, {
		Method: "GET", Path: api + "/changes", Group: steering, Title: "What people have changed in the last week", Role: Look,
		Text:  "The oldest first. Addresses of people are told to those who may manage.",
		Query: []Param{param("seconds", "how far back", above(0, 7*24*3600)), param("source", "of one process alone", text()), param("format", "of the answer", oneOf("json", "csv"))},
		Answers: []Answer{
			{Status: 200, Type: "application/json", Schema: list(change)},
			{Status: 200, Type: "text/csv"},
		},
		Fails: []int{400},
	},

	{
		Method: "GET", Path: api + "/boards", Group: boards, Title: "The boards", Role: Look,
		Text: "People's own, those of files (`--board`) and those that processes bring.",
		Answers: ok("", list(object(
			field("name", text()), field("title", text()), field("cards", whole()), field("from", oneOf("own", "file", "source")), optional("source", text()),
			field("generation", text()), optional("problem", text()),
		))), Fails: []int{409},
	}, {
		Method: "GET", Path: api + "/boards/{board}", Group: boards, Title: "A board as a file", Role: Look,
		Text:    "The header `ETag` has the generation of the board.",
		Answers: ok("", board), Fails: []int{404, 409},
	}, {
		Method: "PUT", Path: api + "/boards/{board}", Group: boards, Title: "Keep a board whole", Role: Steer,
		Text: "One that is there is replaced only by who knows it as it is: `If-Match` has the `ETag` with which it was read, or `*`. " +
			"The name has small letters, digits and hyphens, at most 40.",
		Body: &Body{Types: []string{"application/json"}, Schema: boardBody, Example: map[string]any{
			"webmon": "board", "version": 1, "title": "Night run", "window": 60,
			"cards": []any{map[string]any{"kind": "chart", "source": "demo", "name": "frame_time", "width": 3, "height": 3}},
		}},
		Answers: []Answer{{Status: 200, Text: "it was replaced", Type: "application/json", Schema: kept}, {Status: 201, Text: "it is new", Type: "application/json", Schema: kept}},
		Fails:   []int{400, 404, 409, 412, 413, 422},
	}, {
		Method: "DELETE", Path: api + "/boards/{board}", Group: boards, Title: "Delete a board", Role: Steer,
		Text:    "With `If-Match` only if it has that generation.",
		Answers: []Answer{{Status: 204}}, Fails: []int{400, 404, 409, 412, 413},
	},

	{
		Method: "GET", Path: api + "/models", Group: simulations, Title: "The simulations", Role: Look,
		Answers: ok("", list(object(
			field("key", text()), field("title", text()), field("about", text()), field("origin", text()), field("kind", oneOf("model", "remote")),
			field("phase", text()), field("people", whole()), field("source", text()), field("problem", text()),
		))),
	},

	{
		Method: "GET", Path: api + "/maps", Group: mapsOf, Title: "The maps", Text: "What is not known before a map was opened is null.", Role: Look, CSV: true,
		Answers: ok("", fieldsOf(words("map name sessions objects segments runs condition unsaved problem"), field("map", text()), field("name", orNull(text())), field("condition", orNull(text())), field("problem", orNull(text())))), Fails: []int{503},
	}, {
		Method: "GET", Path: api + "/maps/{map}", Group: mapsOf, Title: "The sessions of a map", Role: Look, CSV: true,
		Text: "`source` names its images: `/api/v1/sources/map-<map>/arrays/session-3.npy?plane=0,31,y,x` is channel 0, slice 31 of session 3 as the file has it.",
		Answers: ok("", object(
			field("map", text()), field("edition", orNull(text())), field("name", orNull(text())), field("condition", orNull(text())), field("type", orNull(text())),
			field("segments", whole()), field("runs", whole()), field("unsaved", whole()), field("problems", whole()), field("source", orNull(text())),
			field("sessions", fieldsOf(words("index stack condition date time days slices px py dx dy dz channels objects spines bad segments"),
				field("stack", orNull(text())), field("condition", orNull(text())), field("date", orNull(text())), field("time", orNull(text())))),
		)), Fails: ofMap,
	}, {
		Method: "GET", Path: api + "/maps/{map}.zip", At: api + "/maps/:map", Group: mapsOf, Title: "The files of a map, with its edits", Role: Look,
		Answers: file("", "application/zip"), Fails: append([]int{413}, ofMap...),
	}, {
		Method: "PUT", Path: api + "/maps/{map}.zip", At: api + "/maps/:map", Group: mapsOf, Title: "A new map", Role: Steer, Text: "Answered when the map is in its place. Nothing is replaced.",
		Body:    &Body{Types: []string{"application/zip"}, Example: "new.zip"},
		Answers: []Answer{{Status: 201, Text: "the map is there", Type: "application/json", Schema: object(field("map", text()))}}, Fails: []int{400, 409, 413, 422, 507},
		Try: api + "/maps/new.zip",
	},
	part("runs", "The row of each run in each session", "", object(field("type", orNull(text())), field("runs", list(list(orNull(whole()))))), ofType),
	part("values", "Statistics of objects", "`columns` are `run`, `session`, `row`, and then the statistics.", columns(),
		Param{Name: "stat", Text: "names of statistics with commas between them; `stats` lists them", Schema: text(), Example: "ubssSum_int1,pDist"}, session_, segment_, ofType, bad, filtered, mask, types,
		param("transform", "what becomes of the values", oneOf("change", "divided", "percent", "index", "mean")), param("against", "the session, or the condition of sessions, that a transform refers to", text()),
		param("transformed", "the statistics that are transformed; without it all", text()), param("zero", "the session from which days are counted", text())),
	part("stats", "The statistics that there are", "", fieldsOf(nil, field("name", text()), field("title", orNull(text())), field("unit", orNull(text())), field("group", orNull(text())), field("words", truth()))),
	part("dynamics", "What came and went, by session and map segment", "", fieldsOf(words("session segment total bad good count added subtracted transient persistent added_percent subtracted_percent length3d length2d length_smooth good_length density good_density added_density subtracted_density turnover")), report...),
	part("segments", "The map segments by session", "`user_type_<n>` counts the objects of each user type.", list(and(fieldsOf(words("session segment index spines good bad points length3d length2d length_smooth good_length density good_density radius z_min z_max tortuosity"))["items"].(Schema), number())), report...),
	part("survival", "How many objects of a session are in each later one", "", fieldsOf(words("from to user_type of n fraction")), append([]Param{segment_, param("types", "1: by user type", bit())}, report...)...),
	part("new", "New objects that stay", "", fieldsOf(words("session before now added persistent fraction of_before")), append([]Param{segment_, param("sessions", "how many sessions an object has to be in (2)", from(1, 1024))}, report...)...),
	part("tracing", "The points of the traced dendrites", "", columns(), session_, segment_),
	part("where", "Where a run is in each session, or would be", "`rule` says how the place was found where the run has no object.", fieldsOf(words("session row x y z"), field("rule", orNull(text()))),
		must("run", "the run, counted from 0", text(), "3"), ofType),
	part("find", "Searches", "", fieldsOf(words("run session row segment other_run other_session other_row value"), field("text", orNull(text()))),
		param("kind", "what is looked for", oneOf("bad", "notes", "close", "added", "subtracted", "transient", "again", "type", "ends", "stat")), ofType, session_, segment_, bad,
		param("distance", "in micrometres, for what is close", from(0, 1e6)), param("words", "in notes", text()), param("stat", "a statistic", text()), param("op", "how it compares", oneOf("<", "<=", "=", "!=", ">=", ">")), param("value", "with what", number())),
	part("pairs", "Proposed partners in the next session", "", fieldsOf(words("session row segment pDist partner partner_pDist distance"), field("same_side", truth())), session_, segment_, ofType, param("distance", "micrometres at most (2)", from(0, 1e6)), param("side", "1: on the same side of the dendrite alone", bit())),
	part("problems", "What in the files is not as it should be", "", fieldsOf(words("session row"), field("file", orNull(text())), field("text", orNull(text())))),

	{
		Method: "GET", Path: api + "/maps/{map}/edits", Group: edits, Title: "How it stands with the edits, and those that are not saved", Role: Look,
		Text: "`measuring` is how many objects webmon measures at this moment, `lacks` says of kinds of edit why the map's file could not keep them.",
		Answers: ok("", object(
			field("edition", text()), field("unsaved", whole()), field("changed", truth()), field("problem", text()), field("saves", truth()), field("undo", text()), field("redo", text()),
			field("measuring", whole()), field("lacks", orNull(named(text()))),
			field("edits", list(object(field("n", whole()), field("time", when()), field("by", text()), optional("edit", named(anything())), optional("undo", whole()), optional("redo", whole()), optional("measured", truth())))),
		)), Fails: ofMap,
	}, {
		Method: "GET", Path: api + "/maps/{map}/object", Group: edits, Title: "An object that had a row in an edition, as it is now", Role: Look,
		Text: "`row` is null, and `error` says why, if it is gone. `cannot` says by kind of edit why that cannot be done to it.",
		Query: []Param{
			must("session", "counted from 0", text(), "0"), must("row", "counted from 0", text(), "150"), param("edition", "in which it had the row; without it, the one of now", text()),
		},
		Answers: ok("", object(
			field("edition", text()), field("session", whole()), field("row", orNull(whole())), field("run", orNull(whole())), optional("error", text()), field("value", orNull(mapObject)), field("stale", list(whole())),
			field("pivot", orNull(object(field("row", whole()), field("type", text()), field("x", orNull(number())), field("y", orNull(number())), field("z", orNull(number()))))),
			field("cannot", orNull(named(text()))), field("proposed", orNull(object(field("row", whole()), field("run", whole()), field("distance", number())))),
		)), Fails: ofMap,
	},
	edit("edits", "Edit an object", "`edition` is that of `/api/v1/maps/<map>` in which the row was seen. `add` and `move` take x and y in micrometres and z as a slice; `link` takes `to`, a row of the next session; `pivot` moves the landmark.",
		&Body{Types: []string{"application/json"}, Example: map[string]any{"edition": "9acb179b04b3-0", "do": "bad", "session": 0, "row": 150, "bad": true}, Schema: object(
			field("edition", Schema{"type": "string", "minLength": 1}), field("do", oneOf("add", "move", "delete", "link", "unlink", "bad", "note", "userType", "pivot", "measure")), field("session", whole()),
			given("row", Schema{"type": "integer", "description": "which object; add has none"}), given("x", number()), given("y", number()), given("z", number()), given("segment", whole()), given("point", whole()), given("type", text()),
			given("bad", truth()), given("note", text()), given("userType", whole()), given("to", whole()),
		)}, edited),
	edit("undo", "Take one's own last edit back", "", nil, edited),
	edit("redo", "Make it again", "", nil, edited),
	edit("save", "Write the edits into the files", "409 with `files` if another program has changed them: `keep` writes over it.",
		&Body{Types: []string{"application/json"}, Optional: true, Example: map[string]any{"keep": false}, Schema: object(given("keep", truth()))}, object(field("files", list(text())), field("unsaved", whole()))),
	edit("reload", "Drop the edits that are not saved", "", nil, object(field("unsaved", whole()))),

	{
		Method: "GET", Path: api + "/pools/{pool}/values", Group: pools, Title: "A statistic of several maps", Role: Look, Text: "One value for each run and group of session conditions.", CSV: true, At: api + "/pools/:pool/values",
		Query: []Param{
			param("stat", "the statistic", text()), param("groups", "conditions of sessions with commas between them, as `q,a*`", text()), param("transform", "of each run", oneOf("change", "divided", "percent", "index", "mean")),
			param("baseline", "the condition that a transform refers to", text()), param("across", "a condition: also the run's value there", text()), param("strict", "1: only runs that are in all sessions of a group", bit()),
			bad, mask, types, segment_,
		},
		Answers: ok("", columns()), Fails: ofMap,
		Try: api + "/pools/all/values?stat=ubssSum_int1&groups=q,a*&transform=percent&baseline=q",
	},

	{
		Method: "GET", Path: api + "/links", Group: people, Title: "The links that people were given", Role: Manage, Answers: ok("", list(link)),
	}, {
		Method: "POST", Path: api + "/links", Group: people, Title: "Make a link", Role: Manage,
		Text: "Its `address` is told this once. A program sends what follows `?link=` as its token. It lasts a day unless `seconds` or `until` says otherwise, a year at most.",
		Body: &Body{Types: []string{"application/json", "application/x-www-form-urlencoded"}, Example: map[string]any{"role": "look", "note": "the wall", "seconds": 86400}, Schema: object(
			given("role", oneOf("look", "steer")), given("note", text()), given("seconds", Schema{"type": []string{"number", "string"}, "exclusiveMinimum": 0, "maximum": 366 * 24 * 3600}), given("until", when()),
		)},
		Answers: []Answer{{Status: 201, Text: "the link, with its address", Type: "application/json", Schema: link}}, Fails: []int{400, 413, 422},
	}, {
		Method: "DELETE", Path: api + "/links/{link}", At: api + "/links/:id", Group: people, Title: "Revoke a link, with the sessions that it has begun", Role: Manage,
		Answers: []Answer{{Status: 204, Text: "it has ended"}}, Fails: []int{404},
	}, {
		Method: "GET", Path: api + "/sessions", Group: people, Title: "The sessions of browsers", Role: Manage, Answers: ok("", list(session)),
	}, {
		Method: "DELETE", Path: api + "/sessions/{session}", At: api + "/sessions/:id", Group: people, Title: "End a session", Role: Manage,
		Answers: []Answer{{Status: 204, Text: "it has ended"}}, Fails: []int{404},
	}, {
		Method: "POST", Path: api + "/tickets", Group: people, Title: "Make a ticket", Role: Manage,
		Text:    "It lets one browser in, once and soon, as whoever asks: the address is that of any page with `?ticket=`. Such an address may lie in a file that others get to see later, such as a notebook.",
		Answers: []Answer{{Status: 201, Text: "the ticket", Type: "application/json", Schema: object(field("ticket", text()), field("seconds", whole()))}},
	}, {
		Method: "POST", Path: api + "/prefix", Group: people, Title: "Serve below the path of a proxy", Role: Manage,
		Text: "For a webmon that was started without `--prefix`: it takes that of the first proxy of its user, such as Jupyter's, and goes on answering without it. `hosts` are names by which browsers reach the proxy. 409: it has another prefix already.",
		Body: &Body{Types: []string{"application/json"}, Example: map[string]any{"prefix": "/user/ada/webmon", "hosts": []string{"hub.lab.org"}}, Schema: object(
			field("prefix", text()), given("hosts", list(text())),
		)},
		Answers: ok("", object(field("prefix", text()))), Fails: []int{400, 409, 413, 422},
	}, {
		Method: "GET", Path: api + "/browsers", Group: people, Title: "The pages that are open, and how each of their pictures is sent", Role: Manage,
		Text: "`line_bytes_per_second` and `round_trip_ms` are what the line carries, 0 if that was not measured yet.",
		Answers: ok("", list(object(
			field("since", when()), field("name", text()), field("role", text()), optional("session", text()), field("from", text()), optional("agent", text()),
			field("bytes_per_second", number()), field("line_bytes_per_second", number()), field("round_trip_ms", number()), field("pictures_wanted", oneOf("auto", "exact")), field("limit_bytes_per_second", number()),
			field("pictures", list(object(field("topic", text()), field("title", text()), field("rung", whole()), field("encoding", text()), optional("quality", whole()), field("scale", whole()), field("lossy", truth()),
				field("ratio", number()), field("frames_per_second", number()), field("lag_ms", number()), field("why", text())))),
		))),
	},

	{
		Method: "GET", Path: api, Group: itself, Title: "The version of webmon", Role: Look,
		Text:    "`protocol` is that of what webmon and a process say to each other. `fits` says which Python packages fit: \"0.1\" is every 0.1.x.",
		Answers: ok("", object(field("version", text()), field("protocol", whole()), field("fits", text()))),
	}, {
		Method: "GET", Path: "/api/openapi.json", Group: itself, Title: "This description, as OpenAPI 3.1", Role: Look, Answers: ok("", and(object(field("openapi", text()), field("paths", named(anything()))), anything())),
	}, {
		Method: "GET", Path: "/health", Group: itself, Title: "Whether webmon runs", Answers: []Answer{{Status: 200, Text: "ok", Type: "text/plain", Schema: text(), Example: "ok\n"}},
	}, {
		Method: "GET", Path: "/metrics", Group: itself, Title: "What is counted, for Prometheus", Role: Look,
		Text:    "What was lost: `webmon_source_events_lost_total`, `webmon_array_missed_total`, `webmon_frames_skipped_total`; how pictures are sent: `webmon_pictures` by rung; of maps: `webmon_maps_loaded`, `webmon_map_edits_unsaved` and others; what of webmon itself has panicked and was tried again: `webmon_faults_total`.",
		Answers: []Answer{{Status: 200, Type: "text/plain", Schema: text()}},
	},
}
