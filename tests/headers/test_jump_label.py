"""<linux/jump_label.h>: branches on static keys.

Why: include/linux/jump_label.h makes such a branch of a nop or a jump, which is patched; no data is
read. So there is no event that a barrier could order, and none that a later store could wait for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError

KEYS = """DEFINE_STATIC_KEY_TRUE(on);
static DEFINE_STATIC_KEY_FALSE(off);
DECLARE_STATIC_KEY_FALSE(elsewhere);
static DEFINE_STATIC_KEY_ARRAY_TRUE(keys, 3);
struct holder { int a; struct static_key_true key; } held;
struct static_key_true begun = STATIC_KEY_TRUE_INIT;
static bool asks(struct static_key_false *key) { return static_branch_unlikely(key); }
void nowhere(void);
"""


def check(text: str, tmp_path: Path, model: str, header: str = "jump_label") -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <linux/{header}.h>\n{KEYS}{text}")
    return Checker().check(Request(path, model))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("static_branch_likely(&on)", 1),
        ("static_branch_unlikely(&on)", 1),
        ("static_branch_likely(&off)", 0),
        ("static_branch_unlikely(&off)", 0),
        ("static_key_enabled(&elsewhere)", 0),
        ("static_key_enabled(&begun)", 1),
        ("static_branch_maybe(CONFIG_X, &keys[2])", 1),
        ("static_branch_likely(&(&held)->key)", 1),
        ("asks(&off)", 0),
    ],
)
def test_values(key: str, value: int, tmp_path: Path) -> None:
    """By the definition; a way that is closed needs no bodies, as where the kernel is compiled."""
    code = f"if ({'' if value == 0 else '!'}{key}) nowhere(); WRITE_ONCE(*x, 1 + {key});"
    if key == "asks(&off)":
        code = f"WRITE_ONCE(*x, 1 + {key});"
    text = f"{{ }}\nP0(int *x) {{ {code} }}\n"
    assert check(f"{text}forall (x={1 + value})", tmp_path, "lkmm").verdict == "SAFE"
    other = check(f"{text}exists (x={1 + value})", tmp_path, "sc", "static_key")
    assert (other.observation, other.witness is None) == ("Always", False)


@pytest.mark.parametrize("model", ["riscv", "lkmm"])
def test_nothing_is_ordered_by_it(model: str, tmp_path: Path) -> None:
    """LB: were the key read, the barrier and a control dependency on it would order the store. (On
    other machines the barrier alone does.)"""
    order = "int r0 = READ_ONCE(*{0}); smp_rmb();"
    order += " if (static_branch_likely(&on)) WRITE_ONCE(*{1}, 1);"
    threads = "\n".join(
        f"P{n}(int *x, int *y) {{ {order.format(*names)} }}" for n, names in enumerate(("xy", "yx"))
    )
    text = f"{{ }}\n{threads}\nexists (0:r0=1 /\\ 1:r0=1)"
    assert check(text, tmp_path, model).observation == "Sometimes"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("static_branch_enable(&off);", "keeps the value that it is defined with"),
        ("static_branch_disable(&on);", "keeps the value that it is defined with"),
        ("static_branch_inc(&off);", "keeps the value that it is defined with"),
        ("if (static_key_false(&off.key)) *x = 1;", "its type does not tell the value"),
        ("if (static_key_true(&on.key)) *x = 1;", "its type does not tell the value"),
    ],
)
def test_what_would_patch_is_refused(code: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        check(f"{{ }}\nP0(int *x) {{ {code} }}\nexists (x=1)", tmp_path, "sc")
    assert hint in (caught.value.diagnostic.hint or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ }\nP0(int *x) { *x = static_key_enabled(&on.key); }", "has no member"),
        ("{ }\nP0(int *x) { *x = atomic_read(&on.key.enabled); }", "has no member"),
        ("{ on.key.enabled.counter = 0; }\nP0(int *x) { *x = 1; }", "enabled"),
    ],
)
def test_a_key_holds_no_value(text: str, message: str, tmp_path: Path) -> None:
    """So no test can set one in another way, and see no change."""
    with pytest.raises(InputError) as caught:
        check(f"{text}\nexists (x=1)", tmp_path, "sc")
    assert message in caught.value.diagnostic.message
