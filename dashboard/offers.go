package dashboard

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/components"
	"webmon/dashboard/door"
	"webmon/dashboard/volumes"
)

// zarrPath is where programs elsewhere read volumes, by the secret in the address and no other.
const zarrPath = "/zarr/:secret/*"

// offerRoutes adds what offers volumes to other programs, and what those ask for.
func (s *Server) offerRoutes(e *echo.Echo) {
	e.POST("/volumes/:source/offers", s.postOffer)
	e.POST("/volumes/:source/offers/:id/revoke", s.postWithdraw)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		e.Add(method, zarrPath, echo.WrapHandler(s.volumes.Elsewhere()))
	}
}

// postOffer answers POST /volumes/<source>/offers: it gives a volume an address for other programs.
func (s *Server) postOffer(c echo.Context) error {
	src, err := s.api.Source(c)
	if err != nil {
		return err
	}
	name, lasts := c.FormValue("volume"), time.Duration(0)
	for _, l := range components.OfferLasts {
		if l.Value == c.FormValue("for") {
			lasts = l.For
		}
	}
	o, err := s.volumes.Offer(src, name, lasts, door.Of(c.Request().Context()).Title())
	s.changed(author(c), src.ID(), "offer a volume to other programs", name, err)
	if err != nil {
		return volumesAnswer(err)
	}
	s.opts.Logger.Info("volume offered to other programs", "source", src.ID(), "volume", name, "offer", o.ID, "by", o.By, "until", o.Until)
	return s.goTo(c, volumes.Href("", src.ID(), name))
}

// postWithdraw answers POST /volumes/<source>/offers/<id>/revoke.
func (s *Server) postWithdraw(c echo.Context) error {
	o, ok := s.volumes.Withdraw(c.Param("id"))
	if !ok {
		return echo.NewHTTPError(http.StatusNotFound, "There is no such address any more. It may have expired.")
	}
	s.changed(author(c), o.Source, "take back the offer of a volume", o.Volume, nil)
	s.opts.Logger.Info("offer of a volume taken back", "source", o.Source, "volume", o.Volume, "offer", o.ID)
	return s.goTo(c, volumes.Href("", o.Source, o.Volume))
}
