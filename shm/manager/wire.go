package manager

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"math"

	"webmon/shm/pickle"
)

// A frame is its length (4 bytes, signed, most significant first) and as many
// bytes. A length of -1 is followed by the real one in 8 bytes.
const longHeader = 12

// frameLength reads a header. It returns the length of the frame and the length of
// the header. While part of a long header is missing, the length of the frame is 0.
func frameLength(b []byte) (uint64, int, error) {
	n := int32(binary.BigEndian.Uint32(b))
	switch {
	case n >= 0:
		return uint64(n), 4, nil
	case n != -1:
		return 0, 0, fmt.Errorf("a frame of length %d: %w", n, pickle.ErrInvalid)
	case len(b) < longHeader:
		return 0, longHeader, nil
	}
	long := binary.BigEndian.Uint64(b[4:])
	if long > math.MaxInt64 {
		return 0, 0, fmt.Errorf("a frame of %d bytes: %w", long, pickle.ErrLimit)
	}
	return long, longHeader, nil
}

// finishFrame writes the header of the frame that starts at b[at] and reaches
// to the end of b.
func finishFrame(b []byte, at int) error {
	n := len(b) - at - 4
	if n > math.MaxInt32 {
		return fmt.Errorf("a frame of %d bytes: %w", n, pickle.ErrLimit)
	}
	binary.BigEndian.PutUint32(b[at:], uint32(n))
	return nil
}

// The kinds of reply.
const (
	kindReturn         = "#RETURN"
	kindError          = "#ERROR"
	kindTraceback      = "#TRACEBACK"
	kindUnserializable = "#UNSERIALIZABLE"
	kindProxy          = "#PROXY"
)

// Authentication. Each side in turn, the server first, sends a challenge and
// expects its HMAC under the shared key; 256 bytes at most.
const (
	maxHandshake = 256
	md5Challenge = 20 // bytes of a challenge up to Python 3.11
	newRandom    = 40 // random bytes of a challenge from Python 3.12 on
)

var (
	challenge = []byte("#CHALLENGE#")
	welcome   = []byte("#WELCOME#")
	failure   = []byte("#FAILURE#")
)

// Style is the form of a side's challenges.
type Style int

// The styles.
const (
	// NewStyle is that of Python 3.12 and later: {digest} and 40 bytes.
	NewStyle Style = iota
	// OldStyle is that of Python up to 3.11: 20 bytes, HMAC-MD5.
	OldStyle
)

// digests are those Python allows.
func digest(name string) func() hash.Hash {
	switch name {
	case "md5":
		return md5.New
	case "sha256":
		return sha256.New
	case "sha384":
		return sha512.New384
	case "sha3_256":
		return func() hash.Hash { return sha3.New256() }
	case "sha3_384":
		return func() hash.Hash { return sha3.New384() }
	}
	return nil
}

// splitDigest takes "{name}" off the front of a challenge or response. The old form
// has no name. Python knows it by its length: 20 bytes for a challenge, 16 for a
// response.
func splitDigest(msg []byte) (name string, rest []byte, ok bool) {
	if len(msg) == md5Challenge || len(msg) == md5.Size {
		return "", msg, true
	}
	if len(msg) == 0 || msg[0] != '{' {
		return "", nil, false
	}
	for i := 1; i < min(len(msg), 12); i++ {
		if msg[i] == '}' {
			name = string(msg[1:i])
			return name, msg[i+1:], digest(name) != nil
		}
	}
	return "", nil, false
}

func mac(key, msg []byte, name string) []byte {
	h := hmac.New(digest(name), key)
	h.Write(msg)
	return h.Sum(nil)
}

// respond answers a challenge in its own style.
func respond(key, msg []byte) (Style, []byte, error) {
	name, rest, ok := splitDigest(msg)
	if !ok || len(rest) < md5Challenge && name != "" {
		return 0, nil, fmt.Errorf("a challenge of an unknown form: %w", pickle.ErrInvalid)
	}
	if name == "" {
		if len(msg) != md5Challenge {
			return 0, nil, fmt.Errorf("a challenge of %d bytes: %w", len(msg), pickle.ErrInvalid)
		}
		return OldStyle, mac(key, msg, "md5"), nil
	}
	// The prefix is part of what is signed: nobody can swap the digest.
	return NewStyle, append([]byte("{"+name+"}"), mac(key, msg, name)...), nil
}

// newChallenge returns random bytes in the given style.
func newChallenge(s Style) ([]byte, error) {
	prefix, n := "{sha256}", newRandom
	if s == OldStyle {
		prefix, n = "", md5Challenge
	}
	msg := make([]byte, len(prefix)+n)
	copy(msg, prefix)
	_, err := rand.Read(msg[len(prefix):])
	return msg, err
}

// verify checks the answer to a challenge of this side. Like Python it takes an
// old-style answer to a new-style challenge, because the other side may be older.
func verify(key, msg, answer []byte) bool {
	name, sum, ok := splitDigest(answer)
	if !ok {
		return false
	}
	if name == "" {
		name = "md5"
	}
	return hmac.Equal(sum, mac(key, msg, name))
}
