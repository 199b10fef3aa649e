package dashboard

import (
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"
)

// upgrader accepts sockets of pages of this server only: its default check
// compares the Origin with the Host.
var upgrader = websocket.Upgrader{
	ReadBufferSize:  1024,
	WriteBufferSize: 4096,
	WriteBufferPool: &sync.Pool{},
	Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
		http.Error(w, "The socket was refused: "+reason.Error()+".", status)
	},
}

// socket serves one browser until it is gone.
func (s *Server) socket(c echo.Context) error {
	if s.hub.Stats().Browsers >= maxBrowsers {
		return echo.NewHTTPError(http.StatusServiceUnavailable, "Too many browsers are connected to this webmon.")
	}
	conn, err := upgrader.Upgrade(c.Response(), c.Request(), nil)
	if err != nil {
		return nil // the upgrader has answered
	}
	s.hub.Serve(s.ctx, conn)
	return nil
}
