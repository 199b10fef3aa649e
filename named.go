package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"webmon/dashboard/door"
	"webmon/dashboard/door/oidc"
	"webmon/dashboard/door/proxied"
	"webmon/dashboard/door/roster"
	"webmon/fault"
	"webmon/private"
)

// named is what flags and environment say about people who have names. None of it is
// on by default.
type named struct {
	file string // of people

	issuer, clientID, secretFile, nameClaim string
	roles                                   ruleList
	oidc                                    *oidc.Options // nil: people do not sign in at a provider

	userHeader, proxyRole string
	from                  list
	proxy                 *proxied.Options // nil: no proxy names people
}

// ruleList is a flag that may be given several times, or with a comma before each
// further rule. Other commas belong to the value: the groups of LDAP have them.
type ruleList []string

func (l *ruleList) String() string { return strings.Join(*l, ",") }

func (l *ruleList) Set(s string) error {
	for i, part := range strings.Split(s, ",") {
		role, _, _ := strings.Cut(part, "=")
		if _, is := door.ParseRole(strings.TrimSpace(role)); is || i == 0 {
			*l = append(*l, strings.TrimSpace(part))
		} else {
			(*l)[len(*l)-1] += "," + part
		}
	}
	return nil
}

// targets adds where the options about people go.
func (n *named) targets(to map[string]any) {
	to["people"] = &n.file
	to["oidc-issuer"], to["oidc-client-id"], to["oidc-client-secret-file"] = &n.issuer, &n.clientID, &n.secretFile
	to["oidc-name"], to["oidc-role"] = &n.nameClaim, &n.roles
	to["proxy-user"], to["proxy-from"], to["proxy-role"] = &n.userHeader, &n.from, &n.proxyRole
}

// check finds what cannot work before anything is started. asked says which flags were
// given.
func (n *named) check(asked map[string]bool, noToken bool) error {
	if noToken && (n.file != "" || n.issuer != "" || n.userHeader != "") {
		return usagef("--no-token lets everybody do everything: leave it out where people have names")
	}
	for flag, with := range map[string]string{
		"oidc-client-id": "oidc-issuer", "oidc-client-secret-file": "oidc-issuer", "oidc-name": "oidc-issuer", "oidc-role": "oidc-issuer",
		"proxy-from": "proxy-user", "proxy-role": "proxy-user",
	} {
		if asked[flag] && !asked[with] {
			return usagef("--%s is of use with --%s only", flag, with)
		}
	}
	if n.file != "" {
		path, err := filepath.Abs(n.file)
		if err != nil {
			return usagef("--people %s: %v", n.file, err)
		}
		n.file = path
	}
	if n.issuer != "" {
		if err := n.checkOIDC(); err != nil {
			return err
		}
	}
	if n.userHeader != "" {
		return n.checkProxy()
	}
	return nil
}

// maxSecret is how large a file with a secret may be, in bytes.
const maxSecret = 4 << 10

func (n *named) checkOIDC() error {
	opts := oidc.Options{Issuer: n.issuer, ClientID: n.clientID, Name: n.nameClaim}
	switch {
	case n.clientID == "":
		return usagef("--oidc-issuer needs --oidc-client-id: the provider gives one when webmon is registered there")
	case len(n.roles) == 0:
		return usagef("--oidc-issuer needs --oidc-role, such as steer=group:lab: nobody else may do anything")
	}
	for _, s := range n.roles {
		rule, err := oidc.ParseRule(s)
		if err != nil {
			return usagef("--oidc-role: %v", err)
		}
		opts.Rules = append(opts.Rules, rule)
	}
	if n.secretFile != "" {
		b, err := private.Read(n.secretFile, maxSecret)
		if err != nil {
			return usagef("--oidc-client-secret-file: %v", err)
		}
		if opts.ClientSecret = strings.TrimSpace(string(b)); opts.ClientSecret == "" {
			return usagef("--oidc-client-secret-file %s is empty", n.secretFile)
		}
	}
	if _, err := oidc.New(opts); err != nil {
		return usagef("--oidc-issuer: %v", err)
	}
	n.oidc = &opts
	return nil
}

func (n *named) checkProxy() error {
	if len(n.from) == 0 {
		return usagef("--proxy-user needs --proxy-from, the address of the proxy: anybody can send a header")
	}
	from, err := proxied.ParseFrom(n.from)
	if err != nil {
		return usagef("--proxy-from: %v", err)
	}
	opts := proxied.Options{User: n.userHeader, From: from}
	var is bool
	if opts.Role, is = door.ParseRole(n.proxyRole); !is {
		opts.RoleHeader = n.proxyRole
	}
	if _, err := proxied.New(opts); err != nil {
		return usagef("--proxy-user, --proxy-role: %v", err)
	}
	n.proxy = &opts
	return nil
}

// open returns the keepers of the door. follow begins to keep them up to date until its
// context is done, and returns what waits for the end of that.
func (n *named) open(prefix string, logger *slog.Logger, faults *fault.Ledger) (keepers []door.Keeper, follow func(context.Context) (wait func()), err error) {
	var runs []func(context.Context)
	if n.file != "" {
		people, err := roster.Open(n.file, logger)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, usagef("--people: there is no %s: webmon people add NAME --people %s makes it", n.file, n.file)
		}
		if err != nil {
			return nil, nil, usagef("--people: %v", err)
		}
		keepers, runs = append(keepers, people), append(runs, people.Run)
	}
	if n.proxy != nil {
		opts := *n.proxy
		opts.Logger = logger
		proxy, err := proxied.New(opts)
		if err != nil {
			return nil, nil, err
		}
		if slices.ContainsFunc(opts.From, func(p netip.Prefix) bool { return p.Addr().IsLoopback() }) {
			logger.Warn("every user of this machine can send the header of a proxy that runs on it, and so say who they are", "header", opts.User)
		}
		keepers = append(keepers, proxy)
	}
	if n.oidc != nil {
		opts := *n.oidc
		opts.Prefix, opts.Logger = prefix, logger
		provider, err := oidc.New(opts)
		if err != nil {
			return nil, nil, err
		}
		keepers, runs = append(keepers, provider), append(runs, provider.Run)
	}
	return keepers, func(ctx context.Context) func() {
		var all sync.WaitGroup
		for _, run := range runs {
			fault.Go(&all, func() { run(ctx) }, faults.Noted("people", "who may come in"))
		}
		return all.Wait
	}, nil
}
