"""Skeletons of small functions: the expected lines were worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.gate.skeleton_compare import first_mismatch
from ksmcheck.gate.skeleton_encoding import read_encoding
from ksmcheck.gate.skeleton_graph import Skeleton, from_listing, listing
from ksmcheck.gate.skeleton_words import Words
from ksmcheck.text import InputError, Source, Span

FIELDS = {"a": "a", "b": "b", "flags": "flags"}
WORDS = Words({"stop": "stop()", "alias": "{0}", "peek_*": "test_bit(*, {0}.flags)"}, FIELDS)


def skeleton(tmp_path: Path, body: str, before: str = "") -> Skeleton:
    file = tmp_path / "f.h"
    file.write_text(f"{before}\nint f(struct s *p, int n)\n{{\n{body}\n}}\n")
    return read_encoding(file, WORDS, "6.12").skeleton("f", ("p", "n"))


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("smp_mb(); return n;", ["smp_mb()", "return n"]),
        ("p->a = p->b;", ["read(p.b)", "write(p.a, <b>)", "return"]),
        ("p->a += 2;", ["read(p.a)", "write(p.a, `2`)", "return"]),
        ("p->a++;", ["read(p.a)", "write(p.a)", "return"]),
        ("p->other = 1; return p->other;", ["return p"]),
        # What is not shared leaves no trace, nor do sizes, types and casts.
        ("int x = sizeof(p->a); long y = (long)x;", ["return"]),
        (
            "WRITE_ONCE(p->a, READ_ONCE(p->b) + 1);",
            ["READ_ONCE(p.b)", "WRITE_ONCE(p.a, <b>)", "return"],
        ),
        # The door of an address dependency: what was read is where the next access goes.
        (
            "struct s *q = READ_ONCE(p->a); WRITE_ONCE(q->b, 0);",
            ["READ_ONCE(p.a)", "WRITE_ONCE(<a>.b, `0`)", "return"],
        ),
        ("set_bit(PG_x, &p->flags);", ["set_bit(x, p.flags)", "return"]),
        ("int (*go)(int) = p->ops->go; go(n);", ["call through p(n)", "return"]),
        ("p->ops->go(n);", ["call through p(n)", "return"]),
        ("peek_open(p);", ["test_bit(open, p.flags)", "return"]),
        ("WRITE_ONCE(alias(p)->a, n);", ["WRITE_ONCE(p.a, n)", "return"]),
        ("unheard_of(p, 3);", ["call unheard_of(p, `3`)", "return"]),
        (
            "if (p->a && !p->b) stop();",
            [
                "read(p.a)",
                "if <a>  else -> return",
                "read(p.b)",
                "if <b>  then -> return",
                "stop()",
                "return",
            ],
        ),
        (
            "while (READ_ONCE(p->a) != n) cpu_relax();",
            [
                "READ_ONCE(p.a)",
                "if <a> == n  then -> return",
                "cpu_relax()  -> READ_ONCE(p.a)",
                "return",
            ],
        ),
        (
            "do { smp_mb(); if (n == 1) continue; stop(); } while (p->a);",
            [
                "smp_mb()",
                "if `1` == n  then -> read(p.a)",
                "stop()",
                "read(p.a)",
                "if <a>  then -> smp_mb()",
                "return",
            ],
        ),
        (
            "for (p->a = 0; n < 3; smp_wmb()) { if (p->b) break; }",
            [
                "write(p.a, `0`)",
                "if n < `3`  else -> return",
                "read(p.b)",
                "if <b>  then -> return",
                "smp_wmb()  -> n < ``",
                "return",
            ],
        ),
        (
            "switch (n) { case 1: smp_mb(); case 2: smp_rmb(); break; default: smp_wmb(); }",
            [
                "if n == `1`  else -> n == `` #2",
                "smp_mb()  -> smp_rmb()",
                "if n == `2`  else -> smp_wmb()",
                "smp_rmb()  -> return",
                "smp_wmb()",
                "return",
            ],
        ),
        (
            "p->a = n ? READ_ONCE(p->b) : 0;",
            ["if n  else -> write(p.a, <b>)", "READ_ONCE(p.b)", "write(p.a, <b>)", "return"],
        ),
    ],
)
def test_the_lines_of_a_body(tmp_path: Path, body: str, lines: list[str]) -> None:
    found = skeleton(tmp_path, body)
    assert [str(line) for line in listing(found)] == lines
    # A listing can be read again, and says the same.
    where = Span(Source("f", ""), 0, 0)
    assert first_mismatch(from_listing(listing(found), where), found) is None


HELPERS = """
static int busy(struct s *s) { return READ_ONCE(s->flags) && s->b; }
static void note(struct s *s) { if (s->a) return; smp_mb(); }
"""


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("if (!p->a) return 0; stop(); return 0;", "if (p->a) { stop(); } return 0;"),
        ("again: if (p->a) goto again; return n;", "while (p->a) ; return n;"),
        ("for (;;) { smp_mb(); if (p->a) break; }", "do smp_mb(); while (!p->a);"),
        ("if (p->a == n) stop();", "if (n != p->a) ; else stop();"),
        ("if (n > p->a) stop();", "if (p->a < n) stop();"),
        ("long x = p->a; if (x) stop();", "if (p->a) stop();"),
        ("if (busy(p)) stop();", "if (READ_ONCE(p->flags)) if (p->b) stop();"),
        ("note(p); stop();", "if (!p->a) smp_mb(); stop();"),
        ("{ { smp_mb(); } } if (n) { }", "smp_mb();"),
    ],
)
def test_style_leaves_no_trace(tmp_path: Path, one: str, two: str) -> None:
    assert (
        first_mismatch(skeleton(tmp_path, one, HELPERS), skeleton(tmp_path, two, HELPERS)) is None
    )


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("smp_mb(); p->a = 1;", "p->a = 1; smp_mb();"),
        ("if (p->a) smp_mb(); stop();", "if (p->a) ; smp_mb(); stop();"),
        ("if (p->a) stop();", "if (!p->a) stop();"),
        ("while (p->a) stop();", "if (p->a) stop();"),
        ("p->a = p->b;", "p->a = n;"),
        ("p->a = 1;", "WRITE_ONCE(p->a, 1);"),
        ("if (p->a && p->b) stop();", "if (p->b && p->a) stop();"),
        ("if (busy(p)) stop();", "if (p->b) if (READ_ONCE(p->flags)) stop();"),
        ("set_bit(PG_x, &p->flags);", "set_bit(PG_y, &p->flags);"),
        ('asm volatile("" : : : "memory");', ";"),
        ('asm volatile("dmb ish");', 'asm volatile("dmb ishst");'),
    ],
)
def test_what_matters_does(tmp_path: Path, one: str, two: str) -> None:
    found = first_mismatch(skeleton(tmp_path, one, HELPERS), skeleton(tmp_path, two, HELPERS))
    assert found is not None


def test_what_is_not_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the C of f"):
        skeleton(tmp_path, "if (n { stop(); }")


def test_assembly_is_an_operation(tmp_path: Path) -> None:
    first, last = listing(skeleton(tmp_path, 'asm volatile("dmb ish" : : : "memory");'))
    assert first.text.startswith("asm @") and last.text == "return"


def test_what_a_kernel_frees_is_no_single_word() -> None:
    """The primitive is of one word of the object, and is nothing that a kernel calls."""
    assert WORDS.primitive("kfree") is None
    assert WORDS.primitive("smp_mb") is not None
