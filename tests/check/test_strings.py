"""String literals: C17 6.4.5, 6.4.2.2 for ``__func__``, 6.7.9 p14 for arrays of characters."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TOP = """struct ops { const char *name; int n; char tag[4]; struct ops *next; };
static struct ops some = { .name = "some", .n = 1, .tag = "xyz" };
static struct ops other = { "other", 2, "full", &some };
static const char *const names[] = { "zero", "one", [3] = "three" };
static int same(const char *a, const char *b) { return a == b; }
static int length(const char *s) { int n = 0; while (s[n]) n++; return n; }
static void note(const char *message, int value) { }
static int f(void) { const char *p = __func__; return p[0] == 'f' && sizeof(__func__) == 2; }
"""


def check(code: str, condition: str, folder: Path, model: str = "lkmm") -> str:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}{{ int x; }}\nP0(int *x) {{ {code} }}\n{condition}\n")
    return fresh_checker().check(Request(path, model)).verdict


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("*x = some.name != NULL;", 1),
        ("*x = some.name == other.name;", 0),
        ("*x = (names[1] != NULL) + 2 * (names[2] == NULL) + ARRAY_SIZE(names) * 4;", 19),
        ('*x = same("one", "two") + 2 * !"" + 4 * ("a" == NULL);', 0),
        # Unspecified in C; as gcc has it in one file.
        ('*x = same("one", "one") + 2 * same(names[1], "one");', 3),
        ('*x = sizeof("four") + sizeof("ab" "cd") + sizeof(&"x"[0]);', 18),
        ('*x = length("hello") * 10 + length("");', 50),
        ("*x = length(names[0]) + some.tag[1];", 4 + ord("y")),
        ('*x = "a\\tb"[1] + ("xy" + 1)[0];', 9 + ord("y")),
        # A list that has no room for the 0 leaves it out.
        ("*x = other.tag[3] + some.tag[3];", ord("l")),
        ('char a[] = "abc"; char b[2] = "xy"; u8 c[4] = { "z" }; *x = sizeof(a) + b[1];', 125),
        ('char a[2][4] = { "abc", "d" }; *x = a[0][2] + a[1][1];', ord("c")),
        ('struct ops v = { .name = *x ? "a" : "b" }; *x = v.name == "b";', 1),
        ('static const char *n = "st"; *x = n[1] == (&(struct ops){ "t" })->name[0];', 1),
        ("*x = f();", 1),
        # What only looks at strings is as it was.
        ('note("value %d", *x); printk("hey %s %d\\n", __func__, *x); *x = WARN_ON(0);', 0),
        ('pr_warn("a" "b"); static_assert(sizeof("a") == 2, "two"); *x = 1;', 1),
    ],
)  # fmt: skip
def test_values(code: str, x: int, tmp_path: Path) -> None:
    assert check(code, f"forall (x={x})", tmp_path) == "SAFE"
    assert check(code, f"~exists (x={x})", tmp_path, "armv8") == "VIOLATED"


def test_the_functions_name_may_be_the_only_string(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    thread = "P0(void) { x = __func__[1] + sizeof(__func__); }"
    path.write_text(f"C t\nint x;\n{{ }}\n{thread}\nexists (x=51)")
    assert fresh_checker().check(Request(path, "sc")).observation == "Always"


def test_a_name_is_published(tmp_path: Path) -> None:
    """Message passing of a pointer to a table with a name: nobody finds it NULL, or another."""
    path = tmp_path / "t.litmus"
    threads = """P0(void) { some.name = "new"; %s(&shown, &some); }
P1(void) { struct ops *p; const char *r0 = "none"; int r1 = 0;
p = smp_load_acquire(&shown); if (p) { r0 = p->name; r1 = r0[0]; } }
"""
    top = TOP + "struct ops *shown;\n{ }\n"
    condition = '~exists (~(1:r0="new" \\/ 1:r0="none") \\/ 1:r0="new" /\\ ~1:r1=110)'
    for store, verdict in (("smp_store_release", "SAFE"), ("__store", "VIOLATED")):
        own = "#define __store(p, v) WRITE_ONCE(*(p), v)\n"
        path.write_text(f"C t\n{own}{top}{threads % store}{condition}\n")
        assert fresh_checker().check(Request(path, "armv8")).verdict == verdict


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ('char a[2] = "abc";', "has no element 2"),
        ('int a[4] = "abc";', "an array is initialised by a list of numbers"),
        ('const char *p = "\u00e9";', "a character above 127"),
        ('"abc" = 0;', "the left side of '=' has to be"),
        ('"abc"();', "this is no function, nor a pointer to one"),
        ('struct ops *p = "abc"; int r = p->n; struct ops v = "abc";', "is used where"),
        ('if (strcmp("a", "b")) *x = 1;', "unknown function or primitive strcmp"),
    ],
)
def test_what_is_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        check(code, "exists (x=1)", tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        '"abc"[0] = 1;',
        'char *p = "abc"; p[*x] = 1;',
        'char a[] = "a"; char *p = READ_ONCE(*x) ? a : "b"; *p = 1;',
        'char *p = "abc"; if (READ_ONCE(*x)) p = NULL; WRITE_ONCE(*p, 1);',
        "char *p = __func__; xchg(&p[1], 0);",
    ],
)
@pytest.mark.parametrize("condition", ["exists (x=7)", "~exists (x=7)", "exists (x=0)"])
def test_a_store_to_a_literal_is_refused(code: str, condition: str, tmp_path: Path) -> None:
    """C17 6.4.5 p7 leaves it undefined. It is found where an execution makes the store."""
    with pytest.raises(InputError, match='this stores to the string literal "'):
        check(code, condition, tmp_path, "sc")


@pytest.mark.parametrize(
    "code",
    [
        'char *p = "abc"; if (READ_ONCE(*x)) *p = 1;',
        'char a[] = "a"; char *p = "b"; if (*x == 0) p = a; *p = 1;',
        'char a[] = "abc"; a[1] = 1;',
    ],
)
def test_a_store_to_a_literal_that_nothing_makes(code: str, tmp_path: Path) -> None:
    assert check(code, "~exists (x=7)", tmp_path) == "SAFE"
