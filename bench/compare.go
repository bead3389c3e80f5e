//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"
)

// A row is a contest and its results, by rival.
type row struct {
	what string
	cost map[string]float64
}

// compare holds all contests, and finds from where on epoll wins.
func compare(ctx context.Context, repeats int, batch time.Duration, pr *progress) (rows []row, epollWins string, err error) {
	const most = 1000
	p, err := openPipes(most)
	if err != nil {
		return nil, "", err
	}
	defer p.close()
	hold := func(c contest) error {
		cost, err := c.hold(ctx, rivals, repeats, batch, pr)
		rows = append(rows, row{c.what, cost})
		return err
	}
	for _, n := range []int{1, 10, 100, most} {
		if err := hold(looks(p.r[:n])); err != nil {
			return nil, "", err
		}
	}
	for _, n := range []int{10, 100, most} {
		if err := hold(roundsOf(p.r[:n], p.w[:n], max(1, n/100))); err != nil {
			return nil, "", err
		}
	}
	if err := hold(changes(p.r)); err != nil {
		return nil, "", err
	}
	roundTrip := func(what string) func() error {
		return func() error {
			c, err := startCat() // where this process is
			if err != nil {
				return err
			}
			return errors.Join(hold(trips(what, c)), c.end())
		}
	}
	if err := onOneCPU(roundTrip("round trip, one CPU")); err != nil {
		return nil, "", err
	}
	if runtime.NumCPU() > 1 {
		if err := roundTrip("round trip, all CPUs")(); err != nil {
			return nil, "", err
		}
	}

	// Where epoll wins, if the set stays as it is, and if one descriptor is
	// taken out and put back between looks.
	var two []rival
	for _, rv := range rivals {
		if rv.name == "Poller" || rv.name == "epoll" {
			two = append(two, rv)
		}
	}
	few := []int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96}
	cost := map[string][]float64{}
	changed := map[string][]float64{}
	for _, n := range few {
		l, err := looks(p.r[:n]).hold(ctx, two, repeats, batch, pr)
		if err != nil {
			return nil, "", err
		}
		c, err := changes(p.r[:n]).hold(ctx, two, repeats, batch, pr)
		if err != nil {
			return nil, "", err
		}
		for name := range l {
			cost[name] = append(cost[name], l[name])
			changed[name] = append(changed[name], l[name]+c[name])
		}
	}
	return rows, "A look costs epoll less than a Poller from this many idle descriptors on: " + winText(few, cost) +
		";\nwith one taken out and put back between looks: " + winText(few, changed) + ".", nil
}

func winText(few []int, cost map[string][]float64) string {
	if n, ok := firstWin(few, cost["Poller"], cost["epoll"]); ok {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("more than %d", few[len(few)-1])
}
