package instance

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// What is handed over, and the answer to it, are sealed with the secret of the record:
// AES-256-GCM under keys that are derived from it, one for each direction. Whoever answers
// at the address of the record without having that secret, such as another user's program
// at the port of a webmon that was killed, learns nothing and can answer nothing. A seal is
// the random nonce, then the ciphertext. That of an answer holds for its request only.

var (
	errNotSealed = errors.New("it is not sealed with the secret of the record")
	// errStranger says that the answer to a handover is not of the webmon that left the
	// record.
	errStranger = errors.New("another program answers at its address")
)

// reply is the answer to a handover.
type reply struct {
	Error string `json:"error,omitempty"` // one sentence; "" if all went well
}

// sealer returns the cipher of one direction.
func sealer(secret, direction string) (cipher.AEAD, error) {
	if secret == "" {
		return nil, errors.New("the record holds no secret")
	}
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "webmon handover "+direction, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal returns v as JSON, sealed. bound is what the seal holds for.
func seal(secret, direction string, v any, bound []byte) ([]byte, error) {
	aead, err := sealer(secret, direction)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, plain, bound), nil
}

// unseal is the other way round.
func unseal(secret, direction string, sealed []byte, v any, bound []byte) error {
	aead, err := sealer(secret, direction)
	if err != nil {
		return err
	}
	if len(sealed) < aead.NonceSize() {
		return errNotSealed
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], bound)
	if err != nil {
		return errNotSealed
	}
	return json.Unmarshal(plain, v)
}

// Posted is what goes to [Record.Handover].
func Posted(secret string, src Source) ([]byte, error) { return seal(secret, "request", src, nil) }

// Answer is the side of the webmon that runs: it opens what another one has posted to
// [Record.Handover], has it done, and returns the answer. do's error is one sentence, and
// goes to the other side. Answer returns an error of its own if whoever has posted does not
// have the secret; do is not called then.
func Answer(secret string, posted []byte, do func(Source) error) ([]byte, error) {
	var src Source
	if err := unseal(secret, "request", posted, &src, nil); err != nil {
		return nil, fmt.Errorf("reading what was handed over: %w", err)
	}
	var out reply
	if err := do(src); err != nil {
		out.Error = err.Error()
	}
	return seal(secret, "answer", out, posted)
}
