package dashboard

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/api/spec"
)

// getOpenAPI answers GET /api/openapi.json.
func (s *Server) getOpenAPI(c echo.Context) error {
	doc, err := spec.OpenAPI(s.prefix.String(), Version())
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, append(doc, '\n'))
}
