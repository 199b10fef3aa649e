package volumes

import (
	"context"
	"slices"

	"webmon/dashboard/source"
)

// HalfOf is halfOf, for tests.
var HalfOf = halfOf

// PublicClient is publicClient of the volume with the name, for tests.
func (v *Volumes) PublicClient(ctx context.Context, src *source.Source, name, address string) string {
	list := volumesOf(src)
	i := slices.IndexFunc(list, func(o volume) bool { return o.Name == name })
	return v.publicClient(ctx, src, &list[i], address)
}
