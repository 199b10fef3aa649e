// Package pickle reads and writes Python's pickles without Python, and without
// ever running anything they name.
//
// A pickle is a program for a small stack machine that may import and call
// what it likes. [Decode] runs that machine on data alone. Classes, functions and
// instances become inert [*Global] and [*Object] values. A short list of harmless
// classes (NumPy's arrays, scalars and dtypes, datetime, OrderedDict and the like)
// become the values that they stand for. Everything else that could reach outside
// the bytes is refused: the extension registry, persistent ids, old-style instances
// and object arrays. Lengths are checked against the bytes that are left before
// anything is allocated, and the number of values is bounded. Foreign bytes
// therefore cost at most a small multiple of their own length.
//
// The package is not a general pickle library: it fills in no Go structs, and it
// describes an instance of an unknown class rather than rebuilding it.
//
//	v, err := pickle.Decode(data, pickle.Limits{})
//	...
//	poll, _ := v.(*pickle.Dict)
//	layers, _ := poll.Get("layers")
//	plain, err := pickle.Plain(layers, pickle.PlainOptions{}) // for JSON
//
// [Encoder] writes the same values in protocol 2 to 5, and arrays as NumPy 1 or 2
// would write them.
//
// # What Python's values become
//
//	None, bool, float, str      nil, bool, float64, string
//	int                         int64, or *big.Int if it does not fit
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
//	datetime.datetime, date     time.Time (UTC if Python had no zone)
//	datetime.timedelta          time.Duration, or float64 seconds if too long
//	a class or function         *Global
//	anything else               *Object: class, arguments and state, inert
//
// Lists, dicts, sets and objects are pointers, because a pickle may contain the same
// one twice, or put one inside itself. [Plain] and [Encoder] are safe on such
// graphs. Code that walks values itself must bound its depth.
//
// An alias of the input is valid as long as the caller leaves the input alone.
package pickle
