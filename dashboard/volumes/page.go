package volumes

import (
	"context"
	"time"

	"webmon/dashboard/source"
	"webmon/dashboard/volumes/view"
	"webmon/shm"
)

// group is what the view of a volume shows together with it: the layers of a napari lie in one space.
func group(src *source.Source, v *volume) (what, title string, list []*volume) {
	if v.Layer == "" {
		return "volume/" + v.Name, v.title(), []*volume{v}
	}
	all := volumesOf(src)
	for i := range all {
		if all[i].Layer != "" && all[i].Problem == "" {
			list = append(list, &all[i])
		}
	}
	return "layers", src.ID(), list
}

// shared is the view of a volume that all share who open its page.
func (v *Volumes) shared(ctx context.Context, src *source.Source, vol *volume) (*view.View, error) {
	if vol.Client != nil {
		if at := v.views.Get(src.ID(), vol.Client.Viewer); at != nil {
			return at, nil
		}
	}
	what, title, list := group(src, vol)
	t := token(src.ID(), what)
	if at := v.views.Get(src.ID(), t); at != nil {
		return at, nil
	}
	l := v.live(src)
	histograms := make([]*histogram, len(list))
	all := make([]volume, len(list))
	for i, o := range list {
		all[i] = *o
		if s := l.show(o, time.Now()); s != nil && o.Problem == "" {
			histograms[i] = l.histogram(ctx, o, s)
		}
	}
	v.remember(src.ID(), all)
	begin, err := state(title, list, histograms)
	if err != nil {
		return nil, err
	}
	at, _, err := v.views.Make(src.ID(), t, view.With{Title: title, State: l.generations(begin)})
	return at, failure(err)
}

// known makes the view of a page whose token a browser has kept, nil if it is of none.
func (v *Volumes) known(ctx context.Context, src *source.Source, t string) (*view.View, error) {
	vol := look(ctx, src, func() *volume {
		return find(src, func(vol *volume) bool {
			what, _, _ := group(src, vol)
			return token(src.ID(), what) == t
		})
	})
	if vol == nil {
		return nil, nil
	}
	return v.shared(ctx, src, vol)
}

// firstLook is how long a request waits for what the process declares, if nobody has looked before.
const firstLook = time.Second

// look finds a volume as its process declares it now: nobody may have wanted to know before.
func look(ctx context.Context, src *source.Source, find func() *volume) *volume {
	if vol := find(); vol != nil || !src.Running() {
		return vol
	}
	release := src.Want(shm.TopicVolumes, shm.TopicArrays)
	defer release()
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	src.Refresh(ctx, []string{shm.TopicVolumes, shm.TopicArrays})
	return find()
}

// View returns the view of a volume that all share who open its page. The error is a *Failure if there
// is no such volume.
func (v *Volumes) View(ctx context.Context, src *source.Source, name string) (*view.View, error) {
	vol := look(ctx, src, func() *volume { return named(src, name) })
	if vol == nil {
		return nil, &Failure{404, src.ID() + " has no volume of that name."}
	}
	return v.shared(ctx, src, vol)
}
