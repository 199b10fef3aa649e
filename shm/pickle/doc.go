// Package pickle reads and writes Python's pickles without Python, and without
// ever running anything they name.
//
// A pickle is a program for a small stack machine that may import and call
// what it likes. [Decode] runs that machine on data alone: classes and
// functions become inert [*Global] and [*Object] values, a short list of
// harmless ones (NumPy's arrays, scalars and dtypes, datetime, OrderedDict and
// the like) becomes the value they stand for, and everything else that could
// reach outside the bytes (extension registry, persistent ids, old-style
// instances, object arrays) is refused. Lengths are checked against the bytes
// that are left before anything is allocated, and the number of values is
// bounded, so foreign bytes cost at most a small multiple of their own length.
//
// It is not a general pickle library: no Go struct is filled in, and an
// instance of an unknown class is described rather than rebuilt.
//
//	v, err := pickle.Decode(data, pickle.Limits{})
//	...
//	poll, _ := v.(*pickle.Dict)
//	layers, _ := poll.Get("layers")
//	plain, err := pickle.Plain(layers, pickle.PlainOptions{}) // for JSON
//
// [Encoder] writes the same values as protocol 2 to 5, arrays as NumPy 1 or 2
// would write them.
//
// # What Python's values become
//
//	None, bool, float, str      nil, bool, float64, string
//	int                         int64, or *big.Int where it does not fit
//	complex                     complex128
//	bytes, bytearray            []byte, an alias of the input
//	list, deque                 *List
//	tuple                       Tuple
//	set, frozenset              *Set
//	dict, OrderedDict, ...      *Dict, in Python's order
//	numpy.ndarray, recarray     *Array, an alias of the input
//	numpy scalars               bool, int64, *big.Int, float64, complex128, string,
//	                            []byte, time.Time, time.Duration, *Dict (records)
//	numpy.dtype                 *DType
//	datetime.datetime, date     time.Time (UTC where Python had no zone)
//	datetime.timedelta          time.Duration, or float64 seconds where too long
//	a class or function         *Global
//	anything else               *Object: class, arguments and state, inert
//
// Lists, dicts, sets and objects are pointers because a pickle may name the
// same one twice, or put one inside itself. [Plain] and [Encoder] are safe on such
// graphs; code that walks values itself must bound its depth.
//
// An alias of the input is valid as long as the caller leaves the input alone.
package pickle
