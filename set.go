//go:build linux || darwin || freebsd || netbsd

// The set of registered descriptors. Nothing here locks or waits.

package poll

import (
	"hash/maphash"
	"syscall"
)

// A set is a list of registrations, disabled ones last, and a hash table that maps an fd to
// its position in the list. Positions that share a place in the table are chained by next.
// Positions in the table and in chains start at 1, and 0 ends a chain. The zero value is
// empty. With a Go map instead, Unregister plus Register took more than twice as long.
//
// A remote peer can influence which fds are in use, by opening and closing connections. It
// cannot force collisions, because it does not know the multiplier: two fds share a chain with
// a probability of at most 2/len(heads) (multiply-shift hashing; Dietzfelbinger et al., A
// reliable randomized algorithm for the closest-pair problem, 1997).
type set struct {
	list       []PollFd // the registrations; Revents holds the constant listed, or 0
	enabled    int      // how many at the front of list are not disabled
	extras     []extra  // as long as list, or nil until there is something to hold
	next       []int32  // by position: the next one in the chain
	heads      []int32  // where each chain begins; the length is a power of two
	shift      uint8    // 32 - log2(len(heads))
	multiplier uint32   // odd, random
}

const listed = 1 // Revents of a registration that has been enabled ever since appendTo ran

// An extra is what a registration holds besides its mask.
type extra struct {
	value any           // Ready.Value
	conn  *syscall.Conn // kept reachable; the pointer is unique to each call of RegisterConn
}

// chain returns the link that holds the position of fd, or the 0 that ends its chain if fd is
// not registered. s must not be the zero value.
func (s *set) chain(fd int32) *int32 {
	at := &s.heads[uint32(fd)*s.multiplier>>s.shift]
	for *at != 0 && s.list[*at-1].Fd != fd {
		at = &s.next[*at-1]
	}
	return at
}

// find returns the index of fd in list, or -1. It is good until the set changes.
func (s *set) find(fd int) int {
	if len(s.list) == 0 || !validFd(fd) {
		return -1
	}
	return int(*s.chain(int32(fd))) - 1
}

// add appends fd as an enabled registration, and returns its index. fd must not be registered.
func (s *set) add(fd int) int {
	if len(s.list) == len(s.heads) {
		s.grow()
	}
	s.list = append(s.list, PollFd{Fd: int32(fd)})
	s.next = append(s.next, 0)
	if s.extras != nil {
		s.extras = append(s.extras, extra{})
	}
	*s.chain(int32(fd)) = int32(len(s.list))
	return s.enable(len(s.list) - 1)
}

func (s *set) grow() {
	if s.heads == nil {
		s.multiplier = uint32(new(maphash.Hash).Sum64()) | 1 // a zero Hash has a random seed
		s.shift = 32 - 2
	}
	s.shift--
	s.heads = make([]int32, 1<<(32-s.shift))
	for i, r := range s.list {
		head := &s.heads[uint32(r.Fd)*s.multiplier>>s.shift]
		s.next[i], *head = *head, int32(i+1)
	}
}

// remove removes the registration at i. Up to two others move.
func (s *set) remove(i int) {
	*s.chain(s.list[i].Fd) = s.next[i]
	if i < s.enabled {
		s.enabled--
		s.move(s.enabled, i)
		i = s.enabled
	}
	last := len(s.list) - 1
	s.move(last, i)
	s.list, s.next = s.list[:last], s.next[:last]
	if s.extras != nil {
		s.extras[last] = extra{} // let go of the values
		s.extras = s.extras[:last]
	}
}

// move copies list[from] to list[to], whose old registration must not be in a chain.
func (s *set) move(from, to int) {
	if from == to {
		return
	}
	*s.chain(s.list[from].Fd) = int32(to + 1)
	s.list[to], s.next[to] = s.list[from], s.next[from]
	if s.extras != nil {
		s.extras[to] = s.extras[from]
	}
}

// enable enables the registration at i, and returns its new index.
func (s *set) enable(i int) int {
	if i < s.enabled {
		return i
	}
	s.enabled++
	return s.swap(i, s.enabled-1)
}

// disable disables the registration at i, and returns its new index. It clears listed, so
// what a call in progress finds is dropped.
func (s *set) disable(i int) int {
	if i >= s.enabled {
		return i
	}
	s.list[i].Revents = 0
	s.enabled--
	return s.swap(i, s.enabled)
}

// swap exchanges the registrations at i and j, and returns j.
func (s *set) swap(i, j int) int {
	if i == j {
		return j
	}
	// One chain may run through the other's entry. So swap the links that point to i and j
	// first, then the entries.
	a, b := s.chain(s.list[i].Fd), s.chain(s.list[j].Fd)
	*a, *b = *b, *a
	s.list[i], s.list[j] = s.list[j], s.list[i]
	s.next[i], s.next[j] = s.next[j], s.next[i]
	if s.extras != nil {
		s.extras[i], s.extras[j] = s.extras[j], s.extras[i]
	}
	return j
}

// extra returns a copy of what the registration at i holds.
func (s *set) extra(i int) extra {
	if s.extras == nil {
		return extra{}
	}
	return s.extras[i]
}

func (s *set) setExtra(i int, x extra) {
	if s.extras == nil {
		if x == (extra{}) {
			return
		}
		s.extras = make([]extra, len(s.list), cap(s.list))
	}
	s.extras[i] = x
}

// A registration is a saved copy, made by get and restored by put.
type registration struct {
	exists, disabled bool
	events           Events
	extra
}

func (s *set) get(fd int) registration {
	i := s.find(fd)
	if i < 0 {
		return registration{}
	}
	return registration{true, i >= s.enabled, s.list[i].Events, s.extra(i)}
}

// put restores r at index i.
func (s *set) put(i int, r registration) {
	if !r.exists {
		s.remove(i)
		return
	}
	s.list[i].Events = r.events
	s.setExtra(i, r.extra)
	if r.disabled {
		s.disable(i)
	}
}

// appendTo appends the enabled registrations to fds, and marks them as listed.
func (s *set) appendTo(fds []PollFd) []PollFd {
	enabled := s.list[:s.enabled]
	fds = append(fds, enabled...)
	for i := range enabled {
		enabled[i].Revents = listed
	}
	return fds
}
