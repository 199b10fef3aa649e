package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/api"
	"webmon/dashboard/door"
	"webmon/dashboard/layers"
	"webmon/dashboard/source"
	"webmon/dashboard/views"
	"webmon/natural"
)

// viewRoutes adds what saves, restores and deletes the views of a source.
func (s *Server) viewRoutes(e *echo.Echo) {
	e.POST("/sources/:source/views", s.postView)
	e.POST("/sources/:source/views/go", s.postGoToView)
	e.POST("/sources/:source/views/delete", s.postDeleteView)
	e.GET("/api/v1/sources/:source/views", s.getViews)
}

// savedView is a view as programs are told of it.
type savedView struct {
	Name  string    `json:"name"`
	Saved time.Time `json:"saved"`
	By    string    `json:"by"`
	About string    `json:"about"`
}

// getViews answers GET /api/v1/sources/<source>/views.
func (s *Server) getViews(c echo.Context) error {
	src, err := s.api.Source(c)
	if err != nil {
		return err
	}
	list, err := s.views.List(src.ID())
	if err != nil {
		return unkept(err)
	}
	out := []savedView{}
	for _, v := range list {
		out = append(out, savedView{v.Name, v.Saved, v.By, v.About})
	}
	return c.JSON(http.StatusOK, out)
}

// named returns the source and the name of a view that a request is about.
func (s *Server) named(c echo.Context) (*source.Source, string, error) {
	src, err := s.api.Source(c)
	if err != nil {
		return nil, "", err
	}
	args, err := readArgs(c.Request())
	if err != nil {
		return nil, "", err
	}
	given, _ := args["name"].(string)
	name, err := views.Name(given)
	if err != nil {
		return nil, "", echo.NewHTTPError(http.StatusBadRequest, natural.Sentence(err.Error()))
	}
	return src, name, nil
}

// postView answers POST /sources/<source>/views: it saves what napari shows now.
func (s *Server) postView(c echo.Context) error {
	src, name, err := s.named(c)
	if err != nil {
		return err
	}
	// The process tells where it looks only while somebody wants it.
	defer src.Want(layers.Seen...)()
	api.Refresh(c, src, layers.Seen)
	v := views.View{Name: name, Saved: time.Now().Round(time.Second), By: door.Of(c.Request().Context()).Title()}
	v.Parts, v.About, err = layers.Capture(src)
	if err == nil {
		err = s.views.Save(src.ID(), v)
	}
	s.changed(author(c), src.ID(), "save a view", name, err)
	if err != nil {
		return unkept(err)
	}
	return s.afterView(c, src, http.StatusCreated, savedView{v.Name, v.Saved, v.By, v.About})
}

// wentWait is how long the answer to somebody who goes to a view waits for the process.
const wentWait = 3 * time.Second

// postGoToView answers POST /sources/<source>/views/go.
func (s *Server) postGoToView(c echo.Context) error {
	src, name, err := s.named(c)
	if err != nil {
		return err
	}
	v, ok := s.views.Get(src.ID(), name)
	if !ok {
		return noView(name)
	}
	went := make(chan []string, 1)
	no := s.desk.Restore(author(c), src, name, v.Parts, func(problems []string) {
		s.views.Went(src.ID(), name, problems, time.Now())
		went <- problems
	})
	if no != nil {
		return no
	}
	answer := struct {
		Name     string   `json:"name"`
		Done     bool     `json:"done"` // the process has answered
		Problems []string `json:"problems"`
	}{Name: name, Problems: []string{}}
	timer := time.NewTimer(wentWait)
	defer timer.Stop()
	select {
	case problems := <-went:
		answer.Done, answer.Problems = true, append(answer.Problems, problems...)
	case <-timer.C:
	case <-c.Request().Context().Done():
	}
	return s.afterView(c, src, http.StatusOK, answer)
}

// postDeleteView answers POST /sources/<source>/views/delete.
func (s *Server) postDeleteView(c echo.Context) error {
	src, name, err := s.named(c)
	if err != nil {
		return err
	}
	ok, err := s.views.Delete(src.ID(), name)
	if err == nil && !ok {
		return noView(name)
	}
	s.changed(author(c), src.ID(), "delete a view", name, err)
	if err != nil {
		return unkept(err)
	}
	return s.afterView(c, src, http.StatusOK, struct {
		Name string `json:"name"`
	}{name})
}

// afterView leads a page back to the layers, and answers a program with JSON.
func (s *Server) afterView(c echo.Context, src *source.Source, status int, answer any) error {
	if r := c.Request(); r.Header.Get("HX-Request") != "" || door.WantsPage(r) {
		return s.goTo(c, "/layers?source="+url.QueryEscape(src.ID()))
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return c.JSONBlob(status, b)
}

func noView(name string) error {
	return echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("There is no view called %q.", name))
}

// unkept is the answer to what could not be kept or read.
func unkept(err error) error {
	return echo.NewHTTPError(http.StatusConflict, natural.Sentence(err.Error()))
}
