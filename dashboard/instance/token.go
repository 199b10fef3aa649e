package instance

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tokenBytes is the token's strength: 160 random bits, 40 hex digits.
const tokenBytes = 20

// Token returns the token kept in the file. If the file does not exist or holds
// no token, it is written with a new one. Only its user can read the file.
func Token(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if raw, err := hex.DecodeString(token); err == nil && len(raw) == tokenBytes {
		return token, os.Chmod(path, 0o600)
	}
	token = RandomToken()
	return token, KeepToken(path, token)
}

// RandomToken returns a new token.
func RandomToken() string {
	raw := make([]byte, tokenBytes)
	rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// KeepToken writes a token into the file, in place of the one that it holds.
func KeepToken(path, token string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making the folder for the token: %w", err)
	}
	if err := WriteFile(path, []byte(token+"\n")); err != nil {
		return fmt.Errorf("keeping the token: %w", err)
	}
	return nil
}
