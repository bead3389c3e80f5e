//go:build linux || darwin || freebsd

// The set of registered descriptors. Nothing here locks or waits.

package poll

import "hash/maphash"

type extra struct {
	conn  any // kept reachable by RegisterConn
	value any // Ready.Value
	since changes
	undo  func() // of a RegisterConn that has failed under another
}

// changes are what other calls have done since RegisterConn.
type changes uint8

const (
	registered changes = 1 << iota
	masked
	attached
)

// A set is a list of registrations and a hash table of chains through it. A position
// in the list counts from 1; 0 ends a chain. The zero value is empty.
//
// A peer can choose the numbers in use, by opening and closing connections, but does
// not know the multiplier: two numbers share a chain with a probability of at most
// 2/len(heads) (multiply-shift hashing; Dietzfelbinger et al., A reliable randomized
// algorithm for the closest-pair problem, 1997).
type set struct {
	list       []PollFd // the registrations; Revents is listed or 0
	next       []int32  // by position: what follows in the chain
	heads      []int32  // where each chain begins; the length is a power of two
	shift      uint8    // 32 - log2(len(heads))
	multiplier uint32   // odd, random
	extras     map[int32]*extra
}

const listed = 1 // Revents of a registration that appendTo has listed

// link returns where the position of fd is stored, which holds 0 if it is not
// registered. The set must not be zero.
func (s *set) link(fd int32) *int32 {
	at := &s.heads[uint32(fd)*s.multiplier>>s.shift]
	for *at != 0 && s.list[*at-1].Fd != fd {
		at = &s.next[*at-1]
	}
	return at
}

// find returns the registration of fd, or nil. It is good until the set changes.
func (s *set) find(fd int) *PollFd {
	if len(s.list) == 0 || !validFd(fd) {
		return nil
	}
	if i := *s.link(int32(fd)); i != 0 {
		return &s.list[i-1]
	}
	return nil
}

// add registers fd, which is not registered.
func (s *set) add(fd int) *PollFd {
	if len(s.list) == len(s.heads) {
		s.grow()
	}
	s.list = append(s.list, PollFd{Fd: int32(fd)})
	s.next = append(s.next, 0)
	*s.link(int32(fd)) = int32(len(s.list))
	return &s.list[len(s.list)-1]
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

// remove puts the last registration in the place of r.
func (s *set) remove(r *PollFd) {
	delete(s.extras, r.Fd)
	at := s.link(r.Fd)
	i, last := *at-1, len(s.list)-1
	*at = s.next[i]
	if int(i) != last {
		*s.link(s.list[last].Fd) = i + 1
		s.list[i], s.next[i] = s.list[last], s.next[last]
	}
	s.list, s.next = s.list[:last], s.next[:last]
}

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

func (s *set) appendTo(fds []PollFd) []PollFd {
	fds = append(fds, s.list...)
	for i := range s.list {
		s.list[i].Revents = listed
	}
	return fds
}
