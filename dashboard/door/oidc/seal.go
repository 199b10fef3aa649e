package oidc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

// attempt is what a browser keeps while somebody signs in at the provider, so that
// webmon keeps nothing for those who never come back.
type attempt struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // of PKCE
	Redirect string    `json:"r"` // the address that the provider leads back to
	Next     string    `json:"t"` // the page that was asked for
	Ends     time.Time `json:"e"`
}

// sealer closes attempts so that nobody but this webmon can read or make them.
type sealer struct{ cipher.AEAD }

// newSealer has a key that lasts as long as this webmon runs.
func newSealer() (sealer, error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

func (s sealer) seal(a attempt) (string, error) {
	b, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.Seal(nil, nil, b, nil)), nil
}

var errUnsealed = errors.New("not sealed by this webmon, or too old")

func (s sealer) open(text string, now time.Time) (attempt, error) {
	var a attempt
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return a, errUnsealed
	}
	b, err := s.Open(nil, nil, raw, nil)
	if err != nil || json.Unmarshal(b, &a) != nil || !now.Before(a.Ends) {
		return attempt{}, errUnsealed
	}
	return a, nil
}
