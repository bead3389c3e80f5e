//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

// A contest is what several rivals do.
type contest struct {
	what string
	open func(rv *rival) func() (job, error) // nil from one that can't
}

func looks(r []int) contest {
	return contest{fmt.Sprintf("look, %d idle", len(r)), func(rv *rival) func() (job, error) {
		if rv.look == nil {
			return nil
		}
		return func() (job, error) { return rv.look(r) }
	}}
}

func roundsOf(r, w []int, active int) contest {
	return contest{fmt.Sprintf("round, %d of %d active", active, len(r)), func(rv *rival) func() (job, error) {
		if rv.round == nil {
			return nil
		}
		return func() (job, error) { return rv.round(r, w, len(r)/active) }
	}}
}

func changes(r []int) contest {
	return contest{fmt.Sprintf("out of the set and in again, %d kept", len(r)), func(rv *rival) func() (job, error) {
		if rv.change == nil {
			return nil
		}
		return func() (job, error) { return rv.change(r) }
	}}
}

func trips(what string, c *cat) contest {
	return contest{what, func(rv *rival) func() (job, error) {
		if rv.trip == nil {
			return nil
		}
		return func() (job, error) { return rv.trip(c) }
	}}
}

// hold returns the median cost in nanoseconds, by rival. Each repeat goes over
// all rivals, and starts with another one.
func (c contest) hold(ctx context.Context, rivals []rival, repeats int, batch time.Duration, pr *progress) (map[string]float64, error) {
	times := make([]int, len(rivals))
	all := make([][]float64, len(rivals))
	for i := 0; i < repeats; i++ {
		pr.step("repeat %d of %d: %s", i+1, repeats, c.what)
		for j := range rivals {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			k := (i + j) % len(rivals)
			open := c.open(&rivals[k])
			if open == nil {
				continue
			}
			ns, err := measure(open, &times[k], batch)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", c.what, rivals[k].name, err)
			}
			all[k] = append(all[k], ns)
		}
	}
	cost := map[string]float64{}
	for k, x := range all {
		if x != nil {
			cost[rivals[k].name] = median(x)
		}
	}
	return cost, nil
}

// measure sets up a job, anew and alone each time, since an epoll set or a
// goroutine that waits for a descriptor makes it slower for the others. It
// returns nanoseconds a time. If times is 0, it finds out how often the job has
// to run to take about as long as batch.
func measure(open func() (job, error), times *int, batch time.Duration) (ns float64, err error) {
	jb, err := open()
	if err != nil {
		return 0, err
	}
	defer jb.close()
	if *times == 0 {
		*times, err = calibrate(jb.run, batch)
	} else {
		err = jb.run(1 + *times/10) // warm
	}
	if err != nil {
		return 0, err
	}
	start := time.Now()
	err = jb.run(*times)
	return float64(time.Since(start)) / float64(*times), err
}

// calibrate takes the fastest of three runs, lest an interruption be taken for
// the cost of the job.
func calibrate(run func(times int) error, batch time.Duration) (times int, err error) {
	for n := 1; ; n *= 2 {
		fastest := time.Duration(1<<63 - 1)
		for range 3 {
			start := time.Now()
			if err := run(n); err != nil {
				return 0, err
			}
			fastest = min(fastest, time.Since(start))
		}
		if fastest >= batch/2 {
			return max(1, int(float64(n)*float64(batch)/float64(fastest))), nil
		}
	}
}
