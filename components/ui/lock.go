package ui

import "context"

type lockKey struct{}

// Lock returns a context in which every form that changes something for others
// is rendered disabled, and says why: one sentence.
func Lock(ctx context.Context, why string) context.Context {
	return context.WithValue(ctx, lockKey{}, why)
}

// Locked returns why the forms of a page are disabled, "" if they are not.
func Locked(ctx context.Context) string {
	why, _ := ctx.Value(lockKey{}).(string)
	return why
}
