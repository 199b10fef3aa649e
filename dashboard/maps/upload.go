package maps

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// maxUpload is how many bytes an uploaded zip may have. Images are copied into the folder instead.
	maxUpload = 4 << 30
	// uploadPause is how long a client may send nothing.
	uploadPause = 30 * time.Second
)

// Upload takes the zip of the form of the list; its error is an answer. It returns the key that
// the map has now.
func (m *Maps) Upload(w http.ResponseWriter, r *http.Request) (string, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return "", &Failure{Status: http.StatusBadRequest, Text: "The form has no file in it."}
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return "", refuse("zip", "choose a zip first")
		}
		if err != nil {
			return "", &Failure{Status: http.StatusBadRequest, Text: "The form ended in the middle."}
		}
		if part.FormName() != "zip" {
			continue
		}
		return m.take(w, r, nameOf(part), part)
	}
}

// nameOf is the key of a map that is uploaded as a file of a form.
func nameOf(part *multipart.Part) string {
	name := filepath.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
	if cut := len(name) - len(".zip"); cut > 0 && strings.EqualFold(name[cut:], ".zip") {
		name = name[:cut]
	}
	return name
}

// putMap answers PUT /api/v1/maps/<map>.zip.
func (m *Maps) putMap(w http.ResponseWriter, r *http.Request) error {
	key, ok := strings.CutSuffix(r.PathValue("map"), ".zip")
	if !ok {
		w.Header().Set("Allow", "GET")
		return &Failure{Status: http.StatusMethodNotAllowed, Text: "A map is put as a zip: the address ends with .zip."}
	}
	key, err := m.take(w, r, key, r.Body)
	if err != nil {
		return err
	}
	w.Header().Set("Location", m.api(key, "", nil))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(append(words(key).appendJSON([]byte(`{"map":`)), "}\n"...))
	return nil
}

// take takes a zip, by way of a temporary file, since a zip is read from its end.
func (m *Maps) take(w http.ResponseWriter, r *http.Request, key string, zip io.Reader) (string, error) {
	if m.opts.Library.Accepts() == "" {
		return "", &Failure{Status: http.StatusForbidden, Text: "This webmon was started without a folder for maps: start it with --maps FOLDER."}
	}
	if !isName(key) {
		return "", refuse("map", "%.60q cannot be the name of a map: use letters, digits, and . _ - within", key)
	}
	if _, ok := m.entry(key); ok {
		return "", &Failure{Status: http.StatusConflict, Text: fmt.Sprintf("There is a map %q already, and nothing is replaced.", key)}
	}
	if r.ContentLength > maxUpload {
		return "", &Failure{Status: http.StatusRequestEntityTooLarge, Text: fmt.Sprintf("The zip has %d MiB, and may have %d: copy the map into %s instead.", r.ContentLength>>20, maxUpload>>20, m.opts.Library.Accepts())}
	}
	file, err := os.CreateTemp("", "webmon-map-*.zip")
	if err != nil {
		return "", &Failure{Status: http.StatusInsufficientStorage, Text: "There is no room for the zip in the folder for temporary files."}
	}
	defer os.Remove(file.Name())
	defer file.Close()
	control := http.NewResponseController(w)
	size, err := io.Copy(file, &patient{io.LimitReader(zip, maxUpload+1), control})
	switch {
	case err != nil && r.Context().Err() != nil:
		return "", r.Context().Err()
	case err != nil:
		return "", &Failure{Status: http.StatusBadRequest, Text: "The zip did not arrive whole."}
	case size > maxUpload:
		return "", &Failure{Status: http.StatusRequestEntityTooLarge, Text: fmt.Sprintf("The zip may have %d MiB: copy the map into %s instead.", maxUpload>>20, m.opts.Library.Accepts())}
	case size == 0:
		return "", refuse("zip", "the zip is empty")
	}
	_ = control.SetWriteDeadline(time.Now().Add(10 * uploadPause))
	if err := m.opts.Library.Put(r.Context(), key, file, size); err != nil {
		return "", refuse("zip", "%s", err.Error())
	}
	return key, nil
}

// patient reads what comes slowly, as long as something comes.
type patient struct {
	io.Reader
	control *http.ResponseController
}

func (p *patient) Read(b []byte) (int, error) {
	// If the deadline cannot be set, as in tests, that of the request holds.
	_ = p.control.SetReadDeadline(time.Now().Add(uploadPause))
	return p.Reader.Read(b)
}
