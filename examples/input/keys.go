//go:build linux || darwin || freebsd || netbsd

package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const esc = 0x1b

// next returns the name of the first key in b, which must not be empty, and its length in
// bytes. The length is 0 if b may be the beginning of a longer key. If final is set, an
// escape sequence at the end of b is complete; a UTF-8 character may still be incomplete.
func next(b []byte, final bool) (key string, n int) {
	if b[0] != esc {
		return character(b)
	}
	if len(b) == 1 {
		if final {
			return "Esc", 1
		}
		return "", 0
	}
	if b[1] == esc {
		return "Esc", 1
	}
	if b[1] == '[' || b[1] == 'O' {
		n, complete := sequence(b)
		switch {
		case complete:
			return sequenceName(string(b[1:n])), n
		case !final:
			return "", 0
		}
	}
	// For Alt with a key, a terminal sends Esc and the key.
	key, n = character(b[1:])
	switch {
	case n > 0:
		return "Alt-" + key, 1 + n
	case final:
		return "Esc", 1
	}
	return "", 0
}

// character returns the name of the first character in b, which must not be empty, and its
// length, or 0 if b is the beginning of a character. Each byte that is not UTF-8 is a
// separate key.
func character(b []byte) (key string, n int) {
	if !utf8.FullRune(b) {
		return "", 0
	}
	r, n := utf8.DecodeRune(b)
	switch {
	case r == utf8.RuneError && n == 1:
		return fmt.Sprintf(`\x%02x`, b[0]), 1
	case r == '\r' || r == '\n':
		return "Enter", 1
	case r == '\t':
		return "Tab", 1
	case r == ' ':
		return "Space", 1
	case r == 0x7f:
		return "Backspace", 1
	case r == esc:
		return "Esc", 1
	case r < ' ':
		return "Ctrl-" + string(r|0x40), 1
	case !unicode.IsPrint(r):
		return strings.Trim(strconv.QuoteRuneToASCII(r), "'"), n
	}
	return string(r), n
}

// maxSequence is above the length of any sequence that a key sends.
const maxSequence = 32

// sequence returns the length of the escape sequence at the beginning of b, and whether it
// is complete. See ECMA-48, 5.4; SS3 is ESC O and one more byte. If a sequence is malformed
// or too long, it ends before the first bad byte.
func sequence(b []byte) (n int, complete bool) {
	n = 2
	if b[1] == '[' {
		if len(b) > 2 && b[2] == '[' {
			n++ // F1 to F5 of Linux's console are ESC [ [ and one more byte
		}
		for n < len(b) && n < maxSequence && 0x20 <= b[n] && b[n] < 0x40 {
			n++
		}
	}
	switch {
	case n == len(b):
		return n, false
	case 0x40 <= b[n] && b[n] < 0x7f:
		return n + 1, true
	}
	return n, true
}

// sequences has the key names for escape sequences, which are written without the ESC. With
// a modifier, a key sends "[1;2A" instead of "[A", and "[3;2~" instead of "[3~".
var sequences = map[string]string{
	"[A": "Up", "[B": "Down", "[C": "Right", "[D": "Left", "[H": "Home", "[F": "End", "[Z": "Shift-Tab",
	"OA": "Up", "OB": "Down", "OC": "Right", "OD": "Left", "OH": "Home", "OF": "End",
	"[1~": "Home", "[2~": "Insert", "[3~": "Delete", "[4~": "End", "[5~": "PageUp", "[6~": "PageDown",
	"[7~": "Home", "[8~": "End",
	"OP": "F1", "OQ": "F2", "OR": "F3", "OS": "F4", "[P": "F1", "[Q": "F2", "[R": "F3", "[S": "F4",
	"[[A": "F1", "[[B": "F2", "[[C": "F3", "[[D": "F4", "[[E": "F5",
	"[11~": "F1", "[12~": "F2", "[13~": "F3", "[14~": "F4", "[15~": "F5", "[17~": "F6", "[18~": "F7",
	"[19~": "F8", "[20~": "F9", "[21~": "F10", "[23~": "F11", "[24~": "F12",
}

// sequenceName returns the name of a key that sends ESC and s.
func sequenceName(s string) string {
	if key, ok := sequences[s]; ok {
		return key
	}
	if number, modifier, ok := strings.Cut(s[:len(s)-1], ";"); ok {
		if number == "[1" && s[len(s)-1] != '~' {
			number = "["
		}
		key, ok := sequences[number+s[len(s)-1:]]
		if m, err := strconv.Atoi(modifier); ok && err == nil && 2 <= m && m <= 8 {
			return modifierNames[m-1] + key
		}
	}
	return "unknown " + strconv.Quote("\x1b"+s)
}

// modifierNames is indexed by the sum of 1 for Shift, 2 for Alt and 4 for Ctrl.
var modifierNames = [8]string{
	"", "Shift-", "Alt-", "Alt-Shift-", "Ctrl-", "Ctrl-Shift-", "Ctrl-Alt-", "Ctrl-Alt-Shift-",
}
