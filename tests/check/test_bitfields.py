"""Bit-fields: values by C17 6.3.1.1, 6.5.16 and 6.7.2.1; concurrently, their word is read and
written back (Documentation/memory-barriers.txt, "things that are not guaranteed")."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.program.ir import Access
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TOP = """struct f { int a:3; unsigned b:2; bool c:1; unsigned d:32; int e; };
{ struct f s = { .b = 3, .a = -1, .c = 7, .d = 5 }; int x; }
"""


def observation(text: str, folder: Path, model: str = "lkmm") -> str | None:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    checker = fresh_checker()
    found = checker.states(Request(path, model)).observation
    verdict = checker.check(Request(path, model))  # a witness has passed the replay
    assert verdict.observation in (None, found)
    return found


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("*x = s->a;", -1),
        ("*x = s->b;", 3),
        ("*x = s->c;", 1),  # what is not 0 is true
        ("*x = s->d;", 5),
        ("s->a = 4; *x = s->a;", -4),  # the highest bit is the sign
        ("*x = (s->a = 9);", 1),  # the assignment's value is the field's
        ("*x = (s->b = 7) + (s->c = 2);", 4),
        ("s->b++; *x = s->b + 10 * s->a;", -10),  # wraps, and leaves the neighbours alone
        ("*x = s->b--; *x += s->b * 10;", 23),
        ("*x = ++s->a;", 0),
        ("s->a += 3; *x = s->a;", 2),
        ("s->d = -1; *x = (s->d == 0xffffffff);", 1),
        ("*x = s->b - 4 < 0;", 1),  # promoted to int, though unsigned
        ("*x = s->d - 6 > 0;", 1),  # of 32 bits: unsigned int
        ("*x = sizeof(*s);", 12),
        ("struct f t = *s; t.a = 2; *x = t.a * 100 + t.b * 10 + t.c;", 231),
        ("struct f t = { 1, 2, 0 }; t.c = 2; *x = t.a + t.b * 10 + t.c * 100;", 121),
        ("struct f t; t.a = 3; *x = t.a;", 3),
        ("struct f t = { .b = 1 }; *s = t; *x = s->a + s->b * 10;", 10),
        ("*s = (struct f){ .a = -2 }; *x = s->a + s->b;", -2),
        ("typeof(s->a) t = s->a; *x = t + (s->c ? s->b : 9);", 2),
        ("if (s->a && !s->e) *x = 5;", 5),
        ("switch (s->b) { case 3: *x = 8; }", 8),
        ("struct f *p = s; p->c ^= 1; *x = p->c;", 0),
    ],
)
def test_values(code: str, x: int, tmp_path: Path) -> None:
    thread = f"P0(struct f *s, int *x) {{ {code} }}\n"
    assert observation(f"{TOP}{thread}forall (x={x})", tmp_path) == "Always"
    assert observation(f"{TOP}{thread}exists (x={x})", tmp_path) == "Always"


def test_in_conditions_and_start_states(tmp_path: Path) -> None:
    text = "struct f { unsigned a:3; unsigned b:5; };\nstruct f g = { 1, 2 };\n"
    text += "{ struct f s; s.b = 9; s.a = 6; }\nP0(struct f *s) { s->a = 5; }\n"
    text += "locations [s.a; s.b;]\nfilter (s.b=9)\nforall (s.a=5 /\\ s.b=9 /\\ g.a=1 /\\ g.b=2)"
    assert observation(text, tmp_path) == "Always"


RACE = """struct f { unsigned a:1; GAP unsigned b:1; };
{ struct f s; }
P0(struct f *s) { s->a = 1; }
P1(struct f *s) { s->b = 1; }
exists (s.a=0 \\/ s.b=0)"""


@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "lkmm"])
@pytest.mark.parametrize(("gap", "expected"), [("", "Sometimes"), ("unsigned :0;", "Never")])
def test_a_store_writes_its_neighbours_back(
    gap: str, expected: str, model: str, tmp_path: Path
) -> None:
    """Two threads set one each: in one word one of the stores may get lost, even under SC."""
    assert observation(RACE.replace("GAP", gap), tmp_path, model) == expected
    flags = fresh_checker().states(Request(tmp_path / "t.litmus", model)).flags
    assert ("data-race" in flags) == (model == "lkmm" and not gap)


def test_a_lock_around_all_fields_of_a_word(tmp_path: Path) -> None:
    """The kernel's rule: the fields of a word are protected by one lock. Then nothing is lost."""
    text = RACE.replace("GAP", "").replace("{ struct f s; }", "{ struct f s; spinlock_t l; }")
    for name in ("a", "b"):
        text = text.replace(f"s->{name} = 1;", f"spin_lock(l); s->{name} = 1; spin_unlock(l);")
    text = text.replace("(struct f *s)", "(struct f *s, spinlock_t *l)")
    assert observation(text, tmp_path) == "Never"
    assert not fresh_checker().states(Request(tmp_path / "t.litmus", "lkmm")).flags


def test_a_field_that_fills_its_word_is_stored_at_once(tmp_path: Path) -> None:
    """Nothing else is in the word, so it is not read, and no other store is lost."""
    text = "struct f { unsigned a:32; unsigned b:1; };\n{ struct f s; }\n"
    text += "P0(struct f *s) { s->a = 1; }\nP1(struct f *s) { s->b = 1; }\n"
    assert observation(text + "forall (s.a=1 /\\ s.b=1)", tmp_path, "sc") == "Always"


@pytest.mark.parametrize("start", ["s; s.a = 1; s.a = 2;", "s = { 1 }; s.b = 1;"])
def test_a_field_starts_once(start: str, tmp_path: Path) -> None:
    text = f"struct f {{ unsigned a:3; unsigned b:3; }};\n{{ struct f {start} }}\n"
    with pytest.raises(InputError, match="given a start value twice"):
        observation(text + "P0(struct f *s) { }\nexists (s.a=1)", tmp_path)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("int *p = &s->a;", "a bit-field has no address"),
        ("READ_ONCE(s->a);", "READ_ONCE of a bit-field"),
        ("WRITE_ONCE(s->a, 1);", "WRITE_ONCE of a bit-field"),
        ("*x = offsetof(struct f, b);", "it has no offset in bytes"),
        ("struct f t = { .a = 1, .a = 2 };", "is given a value twice"),
        ("s->a = x;", "is used where int is needed"),
    ],
)
def test_what_is_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        observation(f"{TOP}P0(struct f *s, int *x) {{ {code} }}\nexists (x=1)", tmp_path)


@pytest.mark.parametrize(
    ("code", "accesses"),
    [
        ("s->b |= 1;", ["load", "store"]),
        ("s->b++;", ["load", "store"]),
        ("--s->a;", ["load", "store"]),
        ("s->b = s->b | 1;", ["load", "load", "store"]),  # written as two reads
        ("s->d += 1;", ["load", "store"]),  # no other is in its word
        ("s->d = 1;", ["store"]),
    ],
)
def test_the_word_is_read_once(code: str, accesses: list[str], tmp_path: Path) -> None:
    """A compound assignment evaluates its left side once (C17 6.5.16.2 p3)."""
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{TOP}P0(struct f *s) {{ {code} }}\nexists (true)\n")
    checker = fresh_checker()
    (thread,) = checker.workshop.program(Request(path, "sc")).threads
    found = [i.name for block in thread.blocks for i in block.instrs if isinstance(i, Access)]
    assert found == accesses
    assert checker.check(Request(path, "sc")).witness is not None
