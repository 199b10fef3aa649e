package dashboard

import (
	"github.com/labstack/echo/v4"

	"webmon/dashboard/door"
	"webmon/dashboard/record"
	"webmon/natural"
)

// author is who sends a request, for the record of changes.
func author(c echo.Context) record.Author {
	return record.By(c.Request().Context())
}

// handedOver is the author of what another webmon of the same user asks for.
func handedOver(c echo.Context) record.Author {
	return record.Author{Who: door.Person{}.Title(), Address: c.RealIP()}
}

// changed notes what somebody has changed that is no command to a process. err says
// why nothing has changed, if nothing has.
func (s *Server) changed(by record.Author, source, name, to string, err error) {
	e := record.Entry{Author: by, Source: source, Name: name, To: to, Status: record.Applied}
	if err != nil {
		e.Status, e.Reason = record.Refused, natural.Sentence(err.Error())
	}
	s.changes.Add(e)
}
