package storybook

import (
	"strings"

	"webmon/components"
	"webmon/components/ui"
)

// helpPages are the pages of the help, of which the one with the title is shown.
func helpPages(shown string) []components.HelpLink {
	var out []components.HelpLink
	for i, title := range []string{"Your napari", "Your map or volume", "Keys", "Options", "Addresses for programs"} {
		out = append(out, components.HelpLink{
			Title: title, About: "One sentence about it.", Href: "/help/" + strings.ToLower(strings.Fields(title)[0]), Tutorial: i < 2, Current: title == shown,
			Headings: []components.HelpHeading{{Title: "First", ID: "first"}, {Title: "Second, in five minutes", ID: "second-in-five-minutes"}},
		})
	}
	return out
}

func helpStart() components.Help {
	return components.Help{Title: "Help", Home: "/help", Start: true, Pages: helpPages("")}
}

func helpText() components.Help {
	return components.Help{
		Title: "Your napari", About: "One sentence about it.", Home: "/help", Pages: helpPages("Your napari"), Slug: "napari",
		Sections: []components.HelpSection{
			{ID: "first", Title: "First", HTML: `<p>A text with <code>code</code> and a <a class="link" href="/help/keys">link</a>.</p>` +
				`<div class="code"><pre id="code-first-1" tabindex="0" role="group" aria-label="Python"><code>import webmon` + "\n" + `webmon.serve(name="scope")</code></pre>` +
				`<button type="button" class="btn btn-small" data-copy="code-first-1" aria-label="Copy the Python"><span data-copy-word>Copy</span></button></div>`},
			{ID: "second-in-five-minutes", Title: "Second, in five minutes", HTML: `<div class="manual-table" role="region" aria-label="Table" tabindex="0"><table><thead><tr><th scope="col">A</th><th scope="col">B</th></tr></thead>` +
				`<tbody><tr><td><code>--a</code></td><td>` + strings.Repeat("what it does, ", 12) + `</td></tr></tbody></table></div>`},
		},
	}
}

func helpKeys() components.Help {
	return components.Help{Title: "Keys", Home: "/help", Pages: helpPages("Keys"), Keys: []ui.Pair{{Name: "space", Value: "pause the page, and continue"}}}
}

func helpOptions() components.Help {
	return components.Help{Title: "Options", Home: "/help", Pages: helpPages("Options"), Options: []components.HelpOptions{{
		Title: "Where webmon listens", ID: "where", Options: []components.HelpOption{
			{ID: "option-port", Usage: "--port PORT", Default: "5050", Env: "WEBMON_PORT", HTML: "the port to listen on, 0 for any free one"},
			{ID: "option-allow-host", Usage: "--allow-host NAME", Env: "WEBMON_ALLOW_HOST", HTML: "a further name", Repeat: true},
			{ID: "option-help", Usage: "--help", HTML: "print this help and end"},
		},
	}}}
}

func helpAddresses() components.Help {
	return components.Help{Title: "Addresses for programs", Home: "/help", Pages: helpPages("Addresses for programs"), Document: "/api/openapi.json", Routes: []components.HelpRoutes{{
		Title: "Processes", ID: "processes", Routes: []components.HelpRoute{
			{
				ID: "get-events", Method: "GET", Path: "/api/v1/sources/{source}/events/{topic}", Title: "What a topic has sent", HTML: "Each message with its time.", Role: "look", Table: true,
				Params:  []components.HelpParam{{Name: "source", Type: "string", HTML: "the id of a process", Required: true}, {Name: "seconds", Type: "number, above 0, at most 900", HTML: "how far back"}},
				Answers: []components.HelpAnswer{{Status: 200, Type: "application/json", HTML: "OK"}, {Status: 404, Type: "application/json", HTML: "What the address names is not there."}},
				Curl:    `curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:5050/api/v1/sources/demo/events/frame_time`,
			},
			{ID: "post-command", Method: "POST", Path: "/sources/{source}/commands/{name}", Title: "Set a control", Role: "steer", Takes: "application/json", Answers: []components.HelpAnswer{{Status: 202, HTML: "it was sent"}}, Curl: "curl"},
			{ID: "get-health", Method: "GET", Path: "/health", Title: "Whether webmon runs", Answers: []components.HelpAnswer{{Status: 200, Type: "text/plain", HTML: "ok"}}, Curl: "curl http://127.0.0.1:5050/health"},
		},
	}}}
}
