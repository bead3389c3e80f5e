//go:build linux || darwin || freebsd

// The set of registered descriptors. Nothing here locks or waits.

package poll

import (
	"hash/maphash"
	"syscall"
)

// A set is a list of registrations, and a hash table of chains through it that finds
// an fd in the list. In chains a position counts from 1; 0 ends a chain. The zero value
// is empty.
//
// A peer can choose the fds in use, by opening and closing connections, but does not
// know the multiplier: two fds share a chain with a probability of at most
// 2/len(heads) (multiply-shift hashing; Dietzfelbinger et al., A reliable randomized
// algorithm for the closest-pair problem, 1997).
type set struct {
	list       []PollFd // the registrations; Revents is listed or 0
	extras     []extra  // as long as list, or nil until there is something to hold
	next       []int32  // by position: the next one in the chain
	heads      []int32  // where each chain begins; the length is a power of two
	shift      uint8    // 32 - log2(len(heads))
	multiplier uint32   // odd, random
}

const listed = 1 // Revents of a registration that was there when appendTo ran, and since

// An extra is what a registration holds besides its mask.
type extra struct {
	value any           // Ready.Value
	conn  *syscall.Conn // kept reachable by RegisterConn, whose call it identifies
}

// chain returns where the position of fd is stored, which holds 0 if it is not
// registered. s must not be the zero value.
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

// add registers fd, which is not registered, and returns its index.
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
	return len(s.list) - 1
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

// remove puts the last registration in the place of the one at i.
func (s *set) remove(i int) {
	*s.chain(s.list[i].Fd) = s.next[i]
	last := len(s.list) - 1
	if i != last {
		*s.chain(s.list[last].Fd) = int32(i + 1)
		s.list[i], s.next[i] = s.list[last], s.next[last]
	}
	s.list, s.next = s.list[:last], s.next[:last]
	if s.extras != nil {
		s.extras[i] = s.extras[last]
		s.extras[last] = extra{} // let go of the values
		s.extras = s.extras[:last]
	}
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
		s.extras = make([]extra, len(s.list))
	}
	s.extras[i] = x
}

// A registration is what get has found and put puts back.
type registration struct {
	exists bool
	events Events
	extra
}

func (s *set) get(fd int) registration {
	i := s.find(fd)
	if i < 0 {
		return registration{}
	}
	return registration{true, s.list[i].Events, s.extra(i)}
}

// put makes the registration at i what r is.
func (s *set) put(i int, r registration) {
	if !r.exists {
		s.remove(i)
		return
	}
	s.list[i].Events = r.events
	s.setExtra(i, r.extra)
}

// appendTo appends the registrations to fds, and marks them as listed.
func (s *set) appendTo(fds []PollFd) []PollFd {
	fds = append(fds, s.list...)
	for i := range s.list {
		s.list[i].Revents = listed
	}
	return fds
}
