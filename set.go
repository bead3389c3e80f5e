//go:build linux || darwin

// The set of registered descriptors: a list, and a hash table to find one in it.
// Nothing here locks or waits.

package poll

import "hash/maphash"

// A registration is one descriptor in the set.
type registration struct {
	fd     int32
	events Events
	listed bool  // appendTo has listed it
	next   int32 // in its chain
}

// An extra holds what few registrations have.
type extra struct {
	conn  any // kept reachable by RegisterConn
	value any // Ready.Value
}

// A set is a list of registrations and a hash table of chains through it. A
// position in the list counts from 1; 0 ends a chain. The zero value is empty.
//
// A peer can choose which numbers are in use, by opening many connections and
// closing some. It does not know the multiplier: any two numbers share a chain
// with a probability of at most 2/len(heads), so chains are short on average
// whatever the numbers (multiply-shift hashing; Dietzfelbinger et al., A reliable
// randomized algorithm for the closest-pair problem, 1997, lemma 2.4).
type set struct {
	list       []registration
	heads      []int32 // where each chain begins; the length is a power of two
	shift      uint8   // 32 - log2(len(heads))
	multiplier uint32  // odd, random
	extras     map[int32]*extra
}

// link returns where the position of fd is stored: in heads, or in the next of
// the registration before it. It holds 0 if fd is not registered. The set must
// not be zero.
func (s *set) link(fd int32) *int32 {
	at := &s.heads[uint32(fd)*s.multiplier>>s.shift]
	for *at != 0 && s.list[*at-1].fd != fd {
		at = &s.list[*at-1].next
	}
	return at
}

// find returns the registration of fd, or nil.
func (s *set) find(fd int) *registration {
	if len(s.list) == 0 || !validFd(fd) {
		return nil
	}
	if i := *s.link(int32(fd)); i != 0 {
		return &s.list[i-1]
	}
	return nil
}

// add registers fd, which is not registered, with a mask of 0.
func (s *set) add(fd int) *registration {
	if len(s.list) == len(s.heads) {
		s.grow()
	}
	at := s.link(int32(fd))
	*at = int32(len(s.list) + 1) // before append, which may leave it behind
	s.list = append(s.list, registration{fd: int32(fd)})
	return &s.list[len(s.list)-1]
}

// grow doubles the table.
func (s *set) grow() {
	if s.heads == nil {
		s.multiplier = uint32(new(maphash.Hash).Sum64()) | 1 // its seed is random
		s.shift = 32 - 2
	}
	s.shift--
	s.heads = make([]int32, 1<<(32-s.shift))
	for i := range s.list {
		r := &s.list[i]
		head := &s.heads[uint32(r.fd)*s.multiplier>>s.shift]
		r.next, *head = *head, int32(i+1)
	}
}

// remove takes r out of the set, and puts the last registration in its place.
func (s *set) remove(r *registration) {
	delete(s.extras, r.fd)
	at := s.link(r.fd)
	i := *at
	*at = r.next
	last := &s.list[len(s.list)-1]
	if r != last {
		*s.link(last.fd) = i
		*r = *last
	}
	s.list = s.list[:len(s.list)-1]
}

// setExtra stores x for fd, or nothing if x is nil.
func (s *set) setExtra(fd int, x *extra) {
	switch {
	case x == nil:
		delete(s.extras, int32(fd))
	case s.extras == nil:
		s.extras = map[int32]*extra{int32(fd): x}
	default:
		s.extras[int32(fd)] = x
	}
}

// appendTo appends an entry for each registration to fds.
func (s *set) appendTo(fds []PollFd) []PollFd {
	n := len(fds)
	fds = append(fds, make([]PollFd, len(s.list))...)
	for i, entries := 0, fds[n:]; i < len(entries); i++ {
		r := &s.list[i]
		r.listed = true
		entries[i] = PollFd{Fd: r.fd, Events: r.events}
	}
	return fds
}
