package door

import (
	"net/url"
	"strings"
)

// maxTarget is how long an address may be that somebody gives, bytes.
const maxTarget = 8 << 10

// Inside returns an address of this server that leads to target: a path with or without
// a query, without the server's prefix, such as "/viewer?source=scope". The target may
// come from the path of a request, from a Referer or from a form. Whatever it holds, the
// result begins with the prefix and one slash, so that a browser stays here; a target
// that is no path leads to "/". Secrets in the query are left out.
//
// Browsers take "//host" and "/\host" for another host, drop tabs and line ends
// wherever they stand, and go up with "..", also where it is encoded.
func Inside(prefix, target string) string {
	path, query, _ := strings.Cut(target, "?")
	query, _, _ = strings.Cut(query, "#")
	path, _, _ = strings.Cut(path, "#")
	if len(target) > maxTarget || !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, control) {
		return prefix + "/"
	}
	var segments []string
	raw := strings.Split(strings.ReplaceAll(path, `\`, "/"), "/")
	for i, s := range raw {
		s, err := url.PathUnescape(s)
		if err != nil || strings.ContainsFunc(s, control) {
			return prefix + "/"
		}
		if len(segments) == 0 { // never two slashes at the beginning, also for who decodes them
			s = strings.TrimLeft(s, `/\`)
		}
		switch {
		case s == ".", s == "" && (len(segments) == 0 || i < len(raw)-1):
		case s == "..":
			segments = segments[:max(0, len(segments)-1)]
		default:
			segments = append(segments, url.PathEscape(s))
		}
	}
	out := prefix + "/" + strings.Join(segments, "/")
	values, err := url.ParseQuery(query)
	if err != nil {
		return out
	}
	for _, secret := range []string{tokenField, linkField, ticketField} {
		values.Del(secret)
	}
	if len(values) > 0 {
		out += "?" + values.Encode()
	}
	return out
}

// Within returns the path and query of an address of this server without its prefix,
// for [Inside]; "/" for an address of another.
func Within(prefix, address string) string {
	rest, ok := strings.CutPrefix(address, prefix)
	if !ok || prefix != "" && rest != "" && rest[0] != '/' && rest[0] != '?' {
		return "/"
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest
}

func control(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 }
