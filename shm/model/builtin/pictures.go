package builtin

import "embed"

// pictures are one of each model, by its key. TestPictures makes them.
//
//go:embed pictures/*.png
var pictures embed.FS

// picture is what the model of the key looks like, nil where there is none.
func picture(key string) []byte {
	b, err := pictures.ReadFile("pictures/" + key + ".png")
	if err != nil {
		return nil
	}
	return b
}
