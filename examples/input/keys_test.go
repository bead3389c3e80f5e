//go:build linux || darwin || freebsd || netbsd

package main

import (
	"strings"
	"testing"
)

// TestNext checks the keys in complete input.
func TestNext(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"a", "a"},
		{"aé世😀", "a é 世 😀"},
		{"\r\n\t \x7f\b\x00\x1f", "Enter Enter Tab Space Backspace Ctrl-H Ctrl-@ Ctrl-_"},
		{"\xff\xc3a\u200b", `\xff \xc3 a \u200b`},
		{"\x1b", "Esc"},
		{"\x1b\x1b\x1b[A", "Esc Esc Up"},
		{"\x1bx\x1b\r\x1bé", "Alt-x Alt-Enter Alt-é"},
		{"\x1b[", "Alt-["},
		{"\x1bO", "Alt-O"},
		{"\x1b[1", "Alt-[ 1"},
		{"\x1b\xc3", `Esc`}, // the rest of the character may follow
		{"\x1b[A\x1b[1;5A\x1bOA\x1b[H\x1b[1~\x1b[Z", "Up Ctrl-Up Up Home Home Shift-Tab"},
		{"\x1b[3~\x1b[3;6~\x1b[15~\x1b[1;2P\x1bOS\x1b[[A", "Delete Ctrl-Shift-Delete F5 Shift-F1 F4 F1"},
		{"\x1b[99~", `unknown "\x1b[99~"`},
		{"\x1b[1;99A", `unknown "\x1b[1;99A"`},
		{"\x1b[<0;1;2Mq", `unknown "\x1b[<0;1;2M" q`},
		{"\x1b[1\x1b[B", `unknown "\x1b[1" Down`},
		{"\x1b[世", `unknown "\x1b[" 世`},
		{"\x1b[" + strings.Repeat("1", maxSequence) + "A", `unknown "\x1b[` + strings.Repeat("1", maxSequence-2) + `" 1 1 A`},
	} {
		if got, _ := all(test.in, true); got != test.want {
			t.Errorf("%q: %s; want %s", test.in, got, test.want)
		}
	}
}

// TestNextWaits checks that the beginning of a key is not taken for another key.
func TestNextWaits(t *testing.T) {
	for _, key := range []string{"é", "世", "😀", "\x1b[A", "\x1b[1;5A", "\x1bOP", "\x1b[[A", "\x1b[15~", "\x1bé"} {
		for i := 1; i < len(key); i++ {
			if got, rest := all(key[:i], false); got != "" || rest != key[:i] {
				t.Errorf("%q: %s; want none yet", key[:i], got)
			}
		}
		if got, rest := all(key, false); strings.Contains(got, " ") || rest != "" {
			t.Errorf("%q: %s, and %q is left; want one key", key, got, rest)
		}
	}
}

// FuzzNext checks that all input is used up, except the beginning of a key.
func FuzzNext(f *testing.F) {
	f.Add([]byte("\x1b[A\x1bO\xc3"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, rest := all(string(b), false); len(rest) > maxSequence {
			t.Errorf("%q is left", rest)
		}
		if _, rest := all(string(b), true); len(rest) > 3 {
			t.Errorf("%q is left at the end", rest)
		}
	})
}

// all returns the names of the keys in text, and the rest of text.
func all(text string, final bool) (names, rest string) {
	var list []string
	b, _ := keys([]byte(text), final, func(key string) error {
		list = append(list, key)
		return nil
	})
	return strings.Join(list, " "), string(b)
}
