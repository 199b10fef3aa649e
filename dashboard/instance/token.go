package instance

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"webmon/private"
)

// tokenBytes is the token's strength: 160 random bits, 40 hex digits.
const tokenBytes = 20

// Token returns the token kept in the file. If the file does not exist, holds no token or
// is not believed, it is replaced by one with a new token. refused says in one sentence why the
// file was not believed: somebody else may know the token in it, or has chosen it. err says
// why no token can be kept.
func Token(path string) (token string, refused, err error) {
	b, err := private.Read(path, 4096)
	switch {
	case private.Refused(err):
		refused = err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", nil, fmt.Errorf("reading the token: %w", err)
	default:
		token = strings.TrimSpace(string(b))
		if raw, err := hex.DecodeString(token); err == nil && len(raw) == tokenBytes {
			return token, nil, nil
		}
	}
	token = RandomToken()
	return token, refused, KeepToken(path, token)
}

// RandomToken returns a new token.
func RandomToken() string {
	raw := make([]byte, tokenBytes)
	rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// KeepToken writes a token into the file, in place of the one that it holds.
func KeepToken(path, token string) error {
	if err := private.Write(path, []byte(token+"\n")); err != nil {
		return fmt.Errorf("keeping the token: %w", err)
	}
	return nil
}
