package ui

import (
	"context"

	"github.com/a-h/templ"
)

type lockKey struct{}

// Lock returns a context in which every form that changes something for others
// is rendered disabled, and says why: one sentence. "" leaves the forms as they are.
func Lock(ctx context.Context, why string) context.Context {
	return context.WithValue(ctx, lockKey{}, why)
}

// Locked returns why the forms of a page are disabled, "" if they are not.
func Locked(ctx context.Context) string {
	why, _ := ctx.Value(lockKey{}).(string)
	return why
}

// LockedID is the id of the note that says why the forms of a page are disabled. A
// disabled element names the note as its description, so that it is read aloud with
// the element.
const LockedID = "locked"

// Off are the attributes of a button or a field that is disabled because the page is locked.
// There are none on any other page.
func Off(ctx context.Context) templ.Attributes {
	why := Locked(ctx)
	if why == "" {
		return nil
	}
	return templ.Attributes{"disabled": true, "title": why, "aria-describedby": LockedID}
}

// lock returns the control as it is on a locked page.
func (p ControlProps) lock(ctx context.Context) ControlProps {
	if why := Locked(ctx); why != "" {
		p.Why = why
	}
	return p
}

// lock returns the action as it is on a locked page.
func (p ActionProps) lock(ctx context.Context) ActionProps {
	if why := Locked(ctx); why != "" {
		p.Why = why
	}
	return p
}
