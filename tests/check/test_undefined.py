"""What C gives no meaning is a finding in every engine, and is none where C never evaluates it.

Expected by hand from C17 6.5.5 p5 and p6 (division), 6.5.7 p3 (shifts) and 6.9.1 p12 (no return
value); the start state has x->n = 40, x->a = 0 and nobody but P0 writes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker
from ksmcheck.check.verdict import Request, Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TEST = """C undefined
#define INT_MIN (-2147483647 - 1)
#define LONG_MIN (-9223372036854775807l - 1)
struct s {{ int a; int n; }};
static int nothing(int a) {{ if (a) return 1; }}
static int bug(int a) {{ if (!a) return 1; BUG(); }}
static int bit(int n, int nr) {{ return (n >> nr) & 1; }}
{{ x.n = 40; }}
P0(struct s *x)
{{
	int n = READ_ONCE(x->n);
	int a = READ_ONCE(x->a);
	int r = 7;

	{code}
	WRITE_ONCE(x->a, r);
}}
exists (x.a = {result})
"""

WRONG = [
    ("r = n / a;", "division by zero"),
    ("r %= a;", "division by zero"),
    ("if (n / a) r = 1;", "division by zero"),
    ("n / a;", "division by zero"),
    ("r = (INT_MIN + a) / (a - 1);", "division overflow"),
    ("r = (INT_MIN + a) % (a - 1);", "division overflow"),
    ("r = (INT_MIN + a) / -1;", "division overflow"),
    ("r = (LONG_MIN + a) / (a - 1) == 5;", "division overflow"),
    ("r = INT_MIN / (a - 1);", "division overflow"),
    ("r = 1 << n;", "shift too far"),
    ("r <<= n;", "shift too far"),
    ("r = r >> (a - 1);", "shift too far"),
    ("r = (unsigned char)r << (n - 8);", "shift too far"),
    ("r = nothing(a);", "missing return"),
    ("r = bug(n);", "BUG"),
]
RIGHT = [
    ("r = a ? n / a : 5;", 5),
    ("r = a && n / a;", 0),
    # As a long -2**31 has a negation, as an unsigned int nothing is negative; n is 40.
    ("r = (INT_MIN + a) / (a - 1l) == 1l << 31;", 1),
    ("r = ((unsigned)INT_MIN + a) / (a - 1);", 0),
    ("r = (INT_MIN + a + 1) / (a - 1) == 2147483647;", 1),
    ("r = (INT_MIN + a) / (n - 42) == 1 << 30;", 1),
    ("r = -n / (a - 1);", 40),
    ("r = n < 32 && 1 << n;", 0),
    ("r = 1l << n == 1l << 40;", 1),
    ("r = n % (a + 7);", 5),
    ("r = (unsigned char)r << (n - 9) < 0;", 1),
    ("r = nothing(n);", 1),
    ("r = bug(a);", 1),
    ("r = bit(n, 3) * 2 + bit(n, 4);", 2),
]


@pytest.fixture(scope="module")
def checker() -> Checker:
    return fresh_checker()


def verdict(checker: Checker, tmp_path: Path, code: str, result: int, engine: str) -> Verdict:
    path = tmp_path / "undefined.litmus"
    path.write_text(TEST.format(code=code, result=result))
    return checker.check(Request(path, "sc", engine=engine))


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize(("code", "name"), WRONG, ids=[c for c, _ in WRONG])
def test_it_is_a_violation(
    checker: Checker, tmp_path: Path, code: str, name: str, engine: str
) -> None:
    found = verdict(checker, tmp_path, code, 0, engine)
    assert found.verdict == "VIOLATED"
    assert found.witness is not None
    assert found.witness.failure is not None
    assert found.witness.failure.name == name


@pytest.mark.parametrize(("code", "result"), RIGHT, ids=[c for c, _ in RIGHT])
def test_it_is_none_where_c_defines_the_value(
    checker: Checker, tmp_path: Path, code: str, result: int
) -> None:
    found = verdict(checker, tmp_path, code, result, "lazy")
    assert found.observation == "Always", found


def test_a_constant_shift_in_an_inlined_function_leaves_an_await_alone(
    checker: Checker, tmp_path: Path
) -> None:
    path = tmp_path / "await.litmus"
    path.write_text(
        "C await\nunsigned long w;\n"
        "static inline int bit(int nr) { return (READ_ONCE(w) >> nr) & 1; }\n{ }\n"
        "P0()\n{\n\tWRITE_ONCE(w, 8);\n}\n"
        "P1()\n{\n\twhile (!bit(3))\n\t\tcpu_relax();\n}\n"
        "forall (w = 8)\n"
    )
    assert checker.check(Request(path, "sc")).verdict == "SAFE"  # not `SAFE up to k`


@pytest.mark.parametrize("code", ["r = n / 0;", "if (a) r = n % 0l;", "bit(n / 0, 1);"])
def test_a_division_by_a_zero_in_the_text_is_refused(
    checker: Checker, tmp_path: Path, code: str
) -> None:
    """Nobody means it. It was taken for what may overflow, and its value for a number."""
    with pytest.raises(InputError, match="division by zero"):
        verdict(checker, tmp_path, code, 0, "lazy")


def test_a_division_by_another_number_demands_nothing(checker: Checker, tmp_path: Path) -> None:
    found = verdict(checker, tmp_path, "r = n / 4 + n % -3;", 11, "lazy")
    assert found.observation == "Always"  # 40 is 3 * 13 + 1
    assert "division overflow" not in found.properties
