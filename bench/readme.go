//go:build linux

// What is written into README.md.

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// replace changes the text of a Markdown file between two comments. A file without
// them stays as it is.
func replace(in, name, text string) string {
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	before, rest, _ := strings.Cut(in, begin)
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return in
	}
	return before + begin + text + end + after
}

// figures are the three that say most, each as an item of a list.
func (b *bench) figures() string {
	n := b.numbers[len(b.numbers)-1]
	low, high, one := b.cost[numbered(b.numbers[0])], b.cost[numbered(n)], b.cost[idle(1)]
	empty := b.cost[emptyCall]
	many := b.cost[busy(b.served)]
	beyond := func(row map[string]float64, rv rival) string { return formatNs(row[rv.name] - empty[rv.name]) }
	added := func(rv rival) string { return formatNs(one[rv.name] - one[bare.name]) }
	return fmt.Sprintf("- A non-blocking poll of one idle descriptor takes %s beyond an empty call if its number is %s, and %s if it is %s. With select it is %s and %s.\n",
		beyond(low, array), commas(b.numbers[0]), beyond(high, array), commas(n), beyond(low, selecting), beyond(high, selecting)) +
		fmt.Sprintf("- For one idle descriptor, `Poll` adds %s to the bare system call, golang.org/x/sys's `unix.Poll` %s, and `RawPoll` %s.\n",
			added(array), added(unixPoll), added(rawPoll)) +
		fmt.Sprintf("- A loop that makes one of %s descriptors ready, waits for it and reads takes %s per iteration with a `Poller`, %s with `unix.Poll`, and %s with epoll.\n",
			commas(b.served), formatNs(many[poller.name]), formatNs(many[unixPoll.name]), formatNs(many[epoll.name]))
}

// commas separates thousands.
func commas[T int | float64](v T) string {
	s := strconv.FormatFloat(float64(v), 'f', -1, 64)
	if v != T(int(v)) {
		return strconv.FormatFloat(float64(v), 'g', 3, 64)
	}
	for n := len(s) - 3; n > 0; n -= 3 {
		s = s[:n] + "," + s[n:]
	}
	return s
}
