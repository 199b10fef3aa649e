package oidc

import (
	"encoding/json"
	"fmt"
	"strings"

	"webmon/dashboard/door"
)

// Rule gives a role to whoever has a claim with a value.
type Rule struct {
	Role  door.Role
	Claim string // as the provider calls it; "email" is a verified address alone; "" for everybody
	Value string
}

// everybody stands in a rule for whoever the provider lets sign in.
const everybody = "*"

// ParseRule reads role=claim:value, such as steer=group:lab or manage=email:ada@lab.org.
// "group" stands for the claim groups. The address @lab.org stands for all of that
// domain. look=* is for whoever the provider lets sign in.
func ParseRule(s string) (Rule, error) {
	name, rest, _ := strings.Cut(s, "=")
	role, is := door.ParseRole(name)
	if !is {
		return Rule{}, fmt.Errorf("%q does not begin with a role: use look, steer or manage, as in steer=group:lab", s)
	}
	if rest == everybody {
		return Rule{Role: role}, nil
	}
	at := strings.Index(rest, ":")
	if strings.HasPrefix(rest, "https://") || strings.HasPrefix(rest, "http://") {
		at = strings.LastIndex(rest, ":") // some providers give claims whole addresses as names
		if strings.HasPrefix(rest[at:], "://") {
			at = -1
		}
	}
	if at <= 0 || at == len(rest)-1 {
		return Rule{}, fmt.Errorf("%q has no claim with a value: use one such as %s=group:lab, or %s=* for everybody", s, name, name)
	}
	rule := Rule{Role: role, Claim: rest[:at], Value: rest[at+1:]}
	if rule.Claim == "group" {
		rule.Claim = "groups"
	}
	return rule, nil
}

// claims are what the provider says of somebody: the ID token's first, then those of
// the endpoint that tells of users. What the first says counts.
type claims []map[string]json.RawMessage

// get returns the value of a claim. A name with dots also leads into objects, as in
// realm_access.roles.
func (c claims) get(name string) json.RawMessage {
	for _, all := range c {
		if v := within(all, name); v != nil {
			return v
		}
	}
	return nil
}

func within(all map[string]json.RawMessage, name string) json.RawMessage {
	if v, ok := all[name]; ok {
		return v
	}
	outer, inner, deeper := strings.Cut(name, ".")
	if !deeper {
		return nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(all[outer], &object) != nil {
		return nil
	}
	return within(object, inner)
}

// texts returns the texts of a claim, which is a text or a list of them.
func (c claims) texts(name string) []string {
	v := c.get(name)
	var one string
	if json.Unmarshal(v, &one) == nil {
		return []string{one}
	}
	var list []any
	if json.Unmarshal(v, &list) != nil {
		return nil
	}
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// email returns the address of the person if the provider has verified it, else "".
// Whether it is verified is said beside the address itself: a word about another
// address says nothing.
func (c claims) email() string {
	address := ""
	for _, all := range c {
		var here string
		if json.Unmarshal(all["email"], &here) != nil || here == "" {
			continue
		}
		if address == "" {
			address = here
		}
		if verified, said := all["email_verified"]; said && here == address {
			if isTrue(verified) {
				return address
			}
			return ""
		}
	}
	return ""
}

// isTrue reports whether a claim is true. Some providers send it as a text.
func isTrue(v json.RawMessage) bool { return string(v) == "true" || string(v) == `"true"` }

// name returns what the claim calls the person, "" if it says nothing.
func (c claims) name(claim string) string {
	if claim == "email" {
		return c.email()
	}
	var s string
	if json.Unmarshal(c.get(claim), &s) != nil {
		return ""
	}
	return s
}

// fits reports whether a rule is about the person.
func (r Rule) fits(c claims) bool {
	switch r.Claim {
	case "":
		return true
	case "email":
		address := c.email()
		if strings.HasPrefix(r.Value, "@") {
			at := strings.LastIndex(address, "@")
			return at > 0 && sameASCII(address[at:], r.Value)
		}
		return address != "" && sameASCII(address, r.Value)
	}
	for _, s := range c.texts(r.Claim) {
		if s == r.Value {
			return true
		}
	}
	return false
}

// sameASCII compares without regard to case of the letters a to z alone. Other letters
// fold to those of ASCII too, as the sign of Kelvin does to k, and are other addresses.
func sameASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// roleOf returns the greatest role that the rules give.
func roleOf(rules []Rule, c claims) door.Role {
	role := door.Nobody
	for _, r := range rules {
		if r.fits(c) {
			role = max(role, r.Role)
		}
	}
	return role
}
