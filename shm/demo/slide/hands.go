package slide

// Hands follows what people do on the picture of the canvas: n is the number of the message, and
// its events are as shm/PROTOCOL.md has them.
func (v *Viewer) Hands(n int64, events []any) {
	v.hands = n
	for _, e := range events {
		event, _ := e.(map[string]any)
		do, _ := event["do"].(string)
		at := func(key string) float64 { return floatOf(event[key]) }
		switch do {
		case "pan":
			v.look(v.shifted(-at("dx")*canvasCols, -at("dy")*canvasRows))
		case "zoom":
			c := v.cam
			c.zoom = min(max(c.zoom*at("by"), leastZoom), mostZoom)
			// The place under the hand stays where it is.
			left := 1 - v.cam.zoom/c.zoom
			moved := v.shifted((at("x")-0.5)*canvasCols*left, (at("y")-0.5)*canvasRows*left)
			c.y, c.x = moved.y, moved.x
			v.look(c)
		case "reset":
			v.look(overview())
		case "point", "move":
			place := v.placeOf(at("x"), at("y"))
			v.pointer = &place
		case "leave":
			v.pointer = nil
		case "press":
			if event["button"] == "left" {
				v.press(at("x"), at("y"))
			}
		}
	}
}

// shifted is the camera with so many pixels right and down in its middle.
func (v *Viewer) shifted(right, down float64) camera {
	return inside(camera{v.cam.y + down/v.cam.zoom, v.cam.x + right/v.cam.zoom, v.cam.zoom})
}

// placeOf is the place at a share of the canvas, in pixels of level 0.
func (v *Viewer) placeOf(x, y float64) [2]float64 {
	return [2]float64{
		pixelOf(v.cam.y + (y-0.5)*canvasRows/v.cam.zoom),
		pixelOf(v.cam.x + (x-0.5)*canvasCols/v.cam.zoom),
	}
}

// press does what the mode of the active layer says.
func (v *Viewer) press(x, y float64) {
	l := v.active()
	if l == nil || !l.visible {
		return
	}
	at := v.placeOf(x, y)
	switch l.mode {
	case "add":
		if len(l.points) < maxPoints {
			l.points = append(l.points[:len(l.points):len(l.points)], point{at[1] * micrometre, at[0] * micrometre, l.size, l.symbol, l.face, l.border, l.borderWidth})
			v.touched(l)
		}
	case "pick":
		n, ok := nucleusAt(int32(at[1]*micrometre/cellSpacing), int32(at[0]*micrometre/cellSpacing), v.z,
			func(x, y float32) tissue { return tissueAt(x, y, micrometre) })
		if ok && n.sharp && regionAt(n.x, n.y) >= 0 {
			l.label = n.label
			v.touched(l)
			v.declare()
		}
	}
}
