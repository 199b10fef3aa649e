package made

import "strconv"

// Demo are the plans of maps for a demo of pools: of animals that were trained and of others. In those
// that were trained the signal of channel 1 is a third higher in the sessions of training, t1 to t3, and a
// little after it, p1.
func Demo() []Plan {
	var plans []Plan
	for i := range 8 {
		p := Plan{
			Name: "control" + strconv.Itoa(i/2+1), Condition: "control", Seed: 2018 + uint64(i), Sessions: 6, Segments: 2 + i%3, Spines: 14,
			Conditions: []string{"b1", "b2", "t1", "t2", "t3", "p1"}, Commas: true,
		}
		if i%2 == 0 {
			p.Name, p.Condition = "trained"+strconv.Itoa(i/2+1), "trained"
			p.Effect = map[string]float64{"t1": 1.2, "t2": 1.35, "t3": 1.4, "p1": 1.15}
		}
		plans = append(plans, p)
	}
	return plans
}
