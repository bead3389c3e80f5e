//go:build linux || darwin || freebsd || netbsd

// The set of registered descriptors. Nothing here locks or waits.

package poll

import "syscall"

// A set is a list of registrations, disabled ones last, and an index into it by fd. The
// zero value is empty. The methods set changed if a Poll has to watch something else since
// appendTo ran.
//
// The index is in pages, made when the first fd in them is registered. Kernels give the
// lowest free number, so pages fill up. Unlike in a hash table there are no collisions that
// a remote peer could cause by opening and closing connections. As a Go map, the index
// would take 40 ns of an Unregister and a Register, instead of 2.
type set struct {
	list     []registration
	enabled  int          // how many at the front of list are not disabled
	attached []attachment // as long as list, or nil until there is one
	pages    []*page      // [fd/pageLen][fd%pageLen]: position in list, plus one
	changed  bool         // since appendTo ran
}

type registration struct {
	fd     int32
	events Events
	listed bool // it has been enabled ever since appendTo ran
}

// An attachment is what a registration holds besides its mask.
type attachment struct {
	value any           // Ready.Value
	conn  *syscall.Conn // kept reachable; each RegisterConn has a pointer of its own
}

// With this length, a small set takes 2 KiB, and one with only fd math.MaxInt32 takes 32
// MiB.
const pageLen = 512

type page [pageLen]int32

// find returns the index of fd in list, or -1. It is good until the set changes.
func (s *set) find(fd int) int {
	if n := uint(fd) / pageLen; n < uint(len(s.pages)) && s.pages[n] != nil {
		return int(s.pages[n][uint(fd)%pageLen]) - 1
	}
	return -1
}

// isEnabled reports whether fd is registered and not disabled.
func (s *set) isEnabled(fd int) bool {
	i := s.find(fd)
	return i >= 0 && i < s.enabled
}

// add returns the index of fd, which must be valid. If fd is not registered, it appends it
// as a disabled registration.
func (s *set) add(fd int) int {
	n, in := uint(fd)/pageLen, uint(fd)%pageLen
	if n >= uint(len(s.pages)) {
		s.pages = append(s.pages, make([]*page, n+1-uint(len(s.pages)))...)
	}
	if s.pages[n] == nil {
		s.pages[n] = new(page)
	}
	position := &s.pages[n][in]
	if *position == 0 {
		s.list = append(s.list, registration{fd: int32(fd)})
		if s.attached != nil {
			s.attached = append(s.attached, attachment{})
		}
		*position = int32(len(s.list))
	}
	return int(*position) - 1
}

// setPosition stores a position, or 0, as that of the fd at i.
func (s *set) setPosition(i, position int) {
	fd := uint32(s.list[i].fd)
	s.pages[fd/pageLen][fd%pageLen] = int32(position)
}

// modify gives the registration at i a mask and enables it, and returns its new index.
func (s *set) modify(i int, events Events) int {
	s.changed = true
	if i >= s.enabled {
		s.swap(i, s.enabled)
		i = s.enabled
		s.enabled++
	}
	s.list[i].events = events
	return i
}

// disable disables the registration at i, and returns its new index. What a call in
// progress finds for it is dropped, since it is no longer listed.
func (s *set) disable(i int) int {
	if i >= s.enabled {
		return i
	}
	s.changed = true
	s.enabled--
	s.list[i].listed = false
	s.swap(i, s.enabled)
	return s.enabled
}

// remove removes the registration at i. Up to two others move.
func (s *set) remove(i int) {
	last := len(s.list) - 1
	s.swap(s.disable(i), last)
	s.setPosition(last, 0)
	s.list = s.list[:last]
	if s.attached != nil {
		s.attached[last] = attachment{} // let go of the value
		s.attached = s.attached[:last]
	}
}

// swap exchanges the registrations at i and j. There are two functions so that the check is
// inlined: often there is nothing to do.
func (s *set) swap(i, j int) {
	if i != j {
		s.exchange(i, j)
	}
}

func (s *set) exchange(i, j int) {
	s.list[i], s.list[j] = s.list[j], s.list[i]
	s.setPosition(i, i+1)
	s.setPosition(j, j+1)
	if s.attached != nil {
		s.attached[i], s.attached[j] = s.attached[j], s.attached[i]
	}
}

// attachment returns what the registration at i holds.
func (s *set) attachment(i int) attachment {
	if s.attached == nil {
		return attachment{}
	}
	return s.attached[i]
}

func (s *set) attach(i int, a attachment) {
	if s.attached == nil {
		if a == (attachment{}) {
			return
		}
		s.attached = make([]attachment, len(s.list), cap(s.list))
	}
	s.attached[i] = a
}

// appendTo appends the enabled registrations to fds, and marks them as listed.
func (s *set) appendTo(fds []PollFd) []PollFd {
	s.changed = false
	for i := range s.list[:s.enabled] {
		r := &s.list[i]
		r.listed = true
		fds = append(fds, PollFd{Fd: r.fd, Events: r.events})
	}
	return fds
}
