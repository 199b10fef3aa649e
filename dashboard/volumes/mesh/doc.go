// Package mesh makes surfaces of the labels of a volume. It knows neither HTTP nor sources: it reads
// a volume by a function.
//
//	boxes, err := mesh.Scan(ctx, volume, 0)          // once for each content of the volume
//	object, ok := boxes.Get(label)
//	m, err := mesh.Surface(ctx, at, object, nil)     // at(step) is the volume, coarser by step
//	data = m.Encode(data, [3]int{2, 1, 0}, scale)    // x, y, z
//
// A surface is closed, also where the label touches a face of the volume, and a manifold: every edge
// belongs to two triangles, which run along it in opposite directions, and the triangles of a vertex
// are one ring. Voxel i of an axis goes from i to i+1. Voxels that touch along an edge or at
// a corner alone are apart. Before a surface is simplified, those of two labels that touch are the
// same where they touch. All lengths are in voxels, whatever their scale: so is the error of the
// simplification, along each axis.
package mesh
