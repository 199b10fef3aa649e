package storybook

import (
	"strings"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/layout"
	"webmon/components/ui"
)

const traceback = `Traceback (most recent call last):
  File "/home/ada/waves.py", line 41, in step
    self.data = self.data @ self.kernel
ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0`

// about has every element that a docstring may become.
const about ui.Prose = `<p>It begins at rest, and vortices come in from its edge, where <span class="math" data-math="inline">\\Omega > \\Omega_c</span>:</p>
<span class="math" data-math="block">i\\hbar\\partial_t\\psi = \\left[-\\frac{\\hbar^2\\nabla^2}{2m} + V + g|\\psi|^2 - \\mu\\right]\\psi</span>
<h4>Parameters</h4>
<ul>
<li><code>N_vortex</code> (float): as many as the wall is to bring in.</li>
<li><code>cooling</code> (float): <a class="link" href="/models">how fast</a> it loses energy.</li>
</ul>
<pre><code>model.set("N_vortex", 24)
model.step(20)</code></pre>
<table><thead><tr><th scope="col">bumps</th><th scope="col" align="right">vortices</th></tr></thead><tbody><tr><td>1</td><td align="right">24</td></tr></tbody></table>
<blockquote><p>A formula that cannot be read stays: <span class="math" data-math="inline">\\nosuchthing{</span>.</p></blockquote>`

func models() components.Models {
	card := func(key, title string, phase components.ModelPhase) components.ModelCard {
		return components.ModelCard{
			Key: key, Title: title, Href: "/models/" + key, Origin: "built in", Phase: phase, Picture: "/assets/icon.svg",
			About: "A superfluid in a <em>rotating</em> trap. Vortices come in from its edge and settle into a lattice.",
		}
	}
	m := components.Models{LiveTopic: "-/html/models", Cards: []components.ModelCard{
		card("becvortices", "Vortices", components.ModelRunning), card("becflow", "Flow past an obstacle", components.ModelPaused),
		card("becsoliton", "A soliton", components.ModelStopped), card("waves", "Waves", components.ModelFailed), card("drops", "Drops", components.ModelStopped),
	}}
	m.Cards[0].Rate, m.Cards[0].People, m.Cards[1].People = 59.94, 3, 1
	m.Cards[3].Origin, m.Cards[3].Problem, m.Cards[3].Detail = "/home/ada/waves.py", "step raised a ValueError: matmul: Input operand 1 has a mismatch.", traceback
	m.Cards[4].Origin, m.Cards[4].Picture, m.Cards[4].About = "tcp://scope.lab:9000", "", ""
	m.Cards[4].Problem = "No server answers at tcp://scope.lab:9000."
	return m
}

// pictured is a list of models with pictures.
func pictured(state string, m components.Models) Story {
	return Story{State: state, Content: func(p layout.Page) templ.Component {
		for i := range m.Cards {
			if m.Cards[i].Picture != "" {
				m.Cards[i].Picture = p.Asset("icon.svg")
			}
		}
		return components.ModelsPage(m)
	}}
}

func modelsHuge() components.Models {
	m := models()
	for i := range 40 {
		c := m.Cards[i%5]
		c.Key += ui.Count(i)
		c.Title = strings.Repeat("A_long_title_without_a_space", 1+i%3)
		c.About, c.Origin, c.People = ui.Prose(strings.Repeat(lorem, 6)), "/home/"+strings.Repeat("deep/", 40)+"file.py", 12345
		m.Cards = append(m.Cards, c)
	}
	return m
}

func model(phase components.ModelPhase) components.Model {
	m := components.Model{
		Key: "becvortices", Title: "Vortices", Origin: "built in", Href: "/models/becvortices", List: "/models", Apply: "/models/becvortices/parameters", CSRF: csrf,
		Lead:   "<p>A superfluid in a <em>rotating</em> trap.</p>",
		About:  about,
		Source: "becvortices", LiveTopic: "becvortices/html/models", ValuesTopic: "becvortices/values", StateTopic: "becvortices/model",
		Phase: phase, People: 2, TimeUnit: "ħ/μ", Shape: "128 × 128", Finger: true, Windows: chartWindows(),
	}
	if phase == components.ModelStarting {
		m.People = 1
		return m
	}
	m.Config = `{"source":"becvortices","key":"becvortices","title":"Vortices","shape":[128,128],"dtype":"<f8","tracers":500,"phase":true,"finger":true,"colormap":"viridis","limits":null,"unit":""}`
	button := func(name, label, icon string) components.ModelButton {
		return components.ModelButton{
			Name: name, Label: label, Icon: icon, Help: "What it does.", Action: "/sources/becvortices/commands/" + name + "?as=none",
			Off: phase == components.ModelFailed && name != "restart", Toggle: name == "start" || name == "pause",
		}
	}
	switch phase {
	case components.ModelRunning, components.ModelSlow:
		m.Buttons = append(m.Buttons, button("pause", "Pause", "pause"))
	case components.ModelPaused, components.ModelFailed:
		m.Buttons = append(m.Buttons, button("start", "Start", "play"))
	}
	if phase != components.ModelStopped {
		m.Buttons = append(m.Buttons, button("step", "Step", "step"), button("reset", "Reset", "reset"), button("reset_tracers", "Reset tracers", "layer-points"), button("restart", "Restart", "restart"))
	}
	if phase == components.ModelFailed {
		m.Problem, m.Detail = "The density is not a number after 1200 steps: the time step is too long.", traceback
	}
	slider := func(name, label, value string, low, high float64) ui.ControlProps {
		p := control(name, label, ui.FloatField, value)
		p.Min, p.Max, p.Default = &low, &high, value
		if phase == components.ModelStopped {
			p.Why = "Vortices does not run."
		}
		return p
	}
	cooling := slider("cooling", "Cooling", "0.01", 1e-5, 10)
	cooling.Log = true
	m.Groups = []components.ControlGroup{
		{Name: "trap", Title: "Trap", Controls: []ui.ControlProps{slider("N_vortex", "Target vortices", "24", -100, 100), cooling}},
		{Name: "finger", Title: "Finger", Controls: []ui.ControlProps{slider("finger_x", "Finger x", "0.5", 0, 1), slider("finger_y", "Finger y", "0.5", 0, 1)}},
	}
	m.Charts = []components.ChartProps{chart("physics.particles", "Particles", "Particles"), chart("physics.energy", "Energy", "Energy")}
	m.Files = []components.ModelFile{
		{Label: "density .npy", Href: "/api/v1/sources/becvortices/arrays/density.npy", Help: "The density as NumPy reads it"},
		{Label: "physics .csv", Href: "/api/v1/sources/becvortices/events/physics?format=csv", Help: "The numbers of the charts"},
	}
	m.Arrays = "/arrays?source=becvortices&array=density"
	return m
}

// modelAlone is a model on a server that accepts one client at a time, and that
// another client uses.
func modelAlone() components.Model {
	m := model(components.ModelFailed)
	m.Title, m.Origin, m.Alone, m.Config, m.Detail = "BECVortices at a-machine-with-a-long-name.hydro.lab:9000", "tcp://a-machine-with-a-long-name.hydro.lab:9000", true, "", ""
	m.Problem = "Another program, such as somebody else's webmon, is connected to the server at tcp://a-machine-with-a-long-name.hydro.lab:9000. Nothing was sent to it."
	m.Buttons = m.Buttons[len(m.Buttons)-1:]
	m.Buttons[0].Label = "Connect all the same"
	return m
}

// modelSlow is a model whose step takes long, and some of whose sliders have
// declarations that make no sense.
func modelSlow() components.Model {
	m := model(components.ModelSlow)
	m.Wait = "The last picture has taken 12 s; the next one is under way for 7 s so far. It goes on when that ends; Restart ends it."
	m.Detail = "Where it is now:\n  File \"/home/ada/waves.py\", line 41, in step\n    self.data = self.data @ self.kernel"
	m.Remarks = []string{
		"Row 3 of sliders ('bump_h') is left out: its min, 1, is not less than its max, 1.",
		"depth is left out: get('depth') raised AttributeError in line 16: 'Waves' object has no attribute 'depth'.",
	}
	return m
}

// modelBroken is a model whose file cannot be imported.
func modelBroken() components.Model {
	return components.Model{
		Key: "waves", Title: "waves.py", Origin: "/home/ada/waves.py", Href: "/models/waves", List: "/models", Phase: components.ModelStopped,
		Problem: "The file cannot be imported: there is no module numpi.", Detail: traceback,
	}
}

func modelLink(p *components.ModelParameters) components.Model {
	m := model(components.ModelRunning)
	m.Parameters = p
	return m
}

func modelTold() components.Model {
	m := model(components.ModelPaused)
	m.Told = ui.CommandLife{Status: ui.Refused, Reason: "the server has not answered for 5 s"}
	return m
}

func modelHuge() components.Model {
	m := model(components.ModelFailed)
	m.Title, m.Origin, m.People = strings.Repeat("A long title ", 12), "/home/"+strings.Repeat("deep/", 40)+"file.py", 12345
	m.Problem, m.Detail = strings.Repeat(lorem, 3), strings.Repeat(traceback+"\n", 60)
	for range 30 {
		m.Remarks = append(m.Remarks, lorem)
	}
	m.About += ui.Prose(strings.Repeat("<p>"+strings.Repeat(lorem, 4)+"</p>", 20))
	return m
}
