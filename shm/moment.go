package shm

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// perSecond is how many steps a second has in a unit of NumPy's times, as a power of
// ten.
var perSecond = map[string]int{"s": 0, "ms": 3, "us": 6, "μs": 6, "ns": 9, "ps": 12, "fs": 15, "as": 18}

// secondsOf is how long a step of the longer units takes.
var secondsOf = map[string]int64{"W": 7 * 86400, "D": 86400, "h": 3600, "m": 60}

// notATime is NumPy's NaT.
const notATime = -1 << 63

// Moment returns the datetime64 that lies n times count units after 1970, as NumPy
// writes it and with all its digits: "2024-01-02T03:04:05.123456789". Longer units
// give shorter texts, such as "2024-01-02". NaT is nil. A datetime64 without a unit,
// or too far away for a date, stays a whole number of units.
func Moment(n int64, unit string, count int) Value {
	if n == notATime {
		return nil
	}
	steps := new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(max(count, 1))))
	whole := func() Value {
		if steps.IsInt64() {
			return steps.Int64()
		}
		return steps
	}
	split := func(by int64) (int64, int64, bool) { // rounded down
		q, r := new(big.Int).DivMod(steps, big.NewInt(by), new(big.Int))
		const far = 1 << 46 // days, in seconds an int64 holds
		return q.Int64(), r.Int64(), q.IsInt64() && q.Int64() > -far && q.Int64() < far
	}
	switch unit {
	case "Y":
		if year, _, ok := split(1); ok {
			return year4(1970 + year)
		}
		return whole()
	case "M":
		year, month, ok := split(12)
		if !ok {
			return whole()
		}
		return year4(1970+year) + fmt.Sprintf("-%02d", month+1)
	case "W", "D":
		if unit == "W" {
			steps.Mul(steps, big.NewInt(7))
		}
		days, _, ok := split(1)
		if !ok {
			return whole()
		}
		return dateOf(days)
	case "h", "m":
		days, rest, ok := split(86400 / secondsOf[unit])
		if !ok {
			return whole()
		}
		if unit == "h" {
			return dateOf(days) + fmt.Sprintf("T%02d", rest)
		}
		return dateOf(days) + fmt.Sprintf("T%02d:%02d", rest/60, rest%60)
	}
	digits, known := perSecond[unit]
	if !known {
		return whole()
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	_, rest := steps.DivMod(steps, scale, new(big.Int))
	days, second, ok := split(86400)
	if !ok {
		steps.Add(steps.Mul(steps, scale), rest)
		return whole()
	}
	text := dateOf(days) + fmt.Sprintf("T%02d:%02d:%02d", second/3600, second/60%60, second%60)
	if digits > 0 {
		text += fmt.Sprintf(".%0*d", digits, rest.Int64())
	}
	return text
}

// Span returns a timedelta64 of n times count units in seconds, with all its digits:
// a float64, or a Decimal where float64 has too few digits. Years and months, which
// differ in length, and times without a unit stay whole numbers of units. NaT is nil.
func Span(n int64, unit string, count int) Value {
	if n == notATime {
		return nil
	}
	steps := new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(max(count, 1))))
	digits, known := perSecond[unit]
	if seconds := secondsOf[unit]; seconds > 0 {
		steps.Mul(steps, big.NewInt(seconds))
	} else if !known {
		if steps.IsInt64() {
			return steps.Int64()
		}
		return steps
	}
	text := new(big.Int).Abs(steps).String()
	if digits > 0 {
		if short := digits + 1 - len(text); short > 0 {
			text = strings.Repeat("0", short) + text
		}
		text = strings.TrimRight(text[:len(text)-digits]+"."+text[len(text)-digits:], "0")
		text = strings.TrimSuffix(text, ".")
	}
	if steps.Sign() < 0 {
		text = "-" + text
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil && strconv.FormatFloat(x, 'f', -1, 64) == text {
		return x
	}
	return Decimal(text)
}

// dateOf returns the date so many days after the first of January 1970, in the
// Gregorian calendar, also for times before that calendar.
func dateOf(days int64) string {
	// Years begin with March here, so that a leap day is the last of its year.
	days += 719468
	era := days / 146097
	if days < 0 {
		era = (days - 146096) / 146097
	}
	day := days - era*146097
	year := (day - day/1460 + day/36524 - day/146096) / 365
	day -= 365*year + year/4 - year/100
	month := (5*day + 2) / 153
	day -= (153*month + 2) / 5
	year += era * 400
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	return year4(year) + fmt.Sprintf("-%02d-%02d", month, day+1)
}

// year4 returns a year in at least four characters. A sign is one of them, as in
// NumPy.
func year4(year int64) string {
	return fmt.Sprintf("%04d", year)
}
