"""Random programs that call through pointers: whatever the engine finds, the replay accepts.

The compiler makes a choice between functions of a call, and folds it; the interpreter looks up what
is called. So they agree on little by construction: on what a call's arguments are, on what depends
on the pointer, and on what is known of a result.
"""

from __future__ import annotations

import pytest

from ksmcheck.model.load import load_model
from tests.execution.test_random_programs import LOCALS, Writer, looked_at
from tests.fresh import fresh_checker
from tests.random.agree import Setting, compare

TOP = """typedef int (*call_t)(int a, int b);
struct way { int n; call_t go; };
static int one(int a, int b) { if (a) return 1; return READ_ONCE(x) + b; }
static int two(int a, int b) { WRITE_ONCE(y, a); return a == 3 ? READ_ONCE(arr[1]) : 1; }
static int twice(call_t c, int a) { return c(a, 1) ? (*c)(a, 2) : 0; }
static struct st other(int a) { struct st r = { .a = a }; return r; }
call_t at_once = one;
struct st (*made)(int a) = &other;
struct way ways[2] = { { 1, one }, { .go = &two } };
static call_t chosen(int a) { return a ? one : &two; }
"""
LOCAL = " call_t still = two, moved = one; struct way own = { .go = two };"
BEFORE = "static int f("


class PointerWriter(Writer):
    """Every third expression or statement has to do with a pointer to a function."""

    def pointer(self) -> str:
        return self.one(
            "still",
            "moved",
            "at_once",
            "READ_ONCE(at_once)",
            f"ways[{self.local()} & 1].go",
            "own.go",
            f"({self.local()} ? one : two)",
            f"chosen({self.local()})",
            "(&two)",
        )

    def expr(self, depth: int) -> str:
        if depth <= 0 or self.random.random() > 0.35:
            return super().expr(depth)
        args = f"({super().expr(depth - 1)}, {self.local()})"
        return self.one(
            f"{self.pointer()}{args}",
            f"(*{self.pointer()}){args}",
            f"twice({self.pointer()}, {self.local()})",
            f"made({self.local()}).b",
            f"h((*made)({self.local()}), 1)",
            f"({self.pointer()} == {self.pointer()})",
            f"(moved && moved{args})",
        )

    def statement(self, depth: int, loop: bool = False) -> str:
        if self.random.random() > 0.35:
            return super().statement(depth, loop)
        given = self.one("one", "&two", "NULL", self.pointer())
        return self.one(
            f"at_once = {given};",
            f"WRITE_ONCE(at_once, {given});",
            f"moved = {given};",
            f"WRITE_ONCE(moved, {given});",
            f"own.go = {given};",
            f"own = ways[{self.local()} & 1];",
            f"made = {self.one('pair', 'other')};",
            f"{self.pointer()}({self.local()}, 1);",
        )

    def test(self) -> str:
        text = super().test().replace(LOCALS, LOCALS + LOCAL)
        text = text.replace("long l = 3;", "long l = 3;" + LOCAL)
        return text.replace(BEFORE, TOP + BEFORE, 1)


@pytest.mark.parametrize("name", ["sc", "armv8", "lkmm"])
def test_random_programs(name: str) -> None:
    model = load_model(name)
    counts = [looked_at(PointerWriter(seed).test(), model) for seed in range(20)]
    assert sum(count > 0 for count in counts) > 6


@pytest.mark.parametrize("name", ["armv8", "lkmm"])
def test_engines_agree(name: str) -> None:
    checker, setting = fresh_checker(), Setting(name, "6.12", load_model(name).configs("6.12")[0])
    found = [compare(PointerWriter(seed).test(), setting, checker) for seed in range(100, 103)]
    assert sum(one.answers > 2 for one in found) > 1
