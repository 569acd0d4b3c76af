"""A ``goto`` into a loop's body leaves the loop what it is: nothing depends on more branches.

Both ways on from ``if (r) continue;`` come to the loop's head, so nothing behind the head is
control dependent on what was read into ``r`` (docs/litmus-language.md, "Dependencies"). The read of
y and the next round's store to z are then unordered on ARMv8, as in the load buffering shape
without a dependency on one side, which the architecture allows (ARM DDI 0487, B2.3.2: only ob
orders them, and neither dob nor bob has the pair). ``x`` is never written, so that no jump is taken
in any execution, and the test has to be what it is without the jump.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check.verdict import BOUNDED, UNKNOWN, Request, Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

BUFFERING = """C round
int x; int y; int z;
{{ }}
P0(void)
{{
	int i = 0; int r = 0; int first = 0;
{jump}
	while (i++ < 2) {{
		WRITE_ONCE(z, i);
		r = READ_ONCE(y);
		if (i == 1)
			first = r;
		if (r)
			continue;
{label}
	}}
}}
P1(void)
{{
	int s = READ_ONCE(z);
	if (s == 2)
		WRITE_ONCE(y, 1);
}}
~exists (0:first=1)
"""

# The branch on c decides where the loops are entered, and both ways come to READ_ONCE(x) next:
# the store to z, behind all of them, depends on x alone, and not on c.
NESTED = """C nested
int x; int y; int z; int c;
{ }
P0(void)
{
	int r = READ_ONCE(c);
	if (r)
		goto inside;
	do {
		while (!READ_ONCE(x)) {
inside:
			barrier();
		}
	} while (READ_ONCE(y));
	WRITE_ONCE(z, 1);
}
P1(void)
{
	if (READ_ONCE(z)) {
		WRITE_ONCE(c, 1);
	}
	WRITE_ONCE(x, 1);
}
~exists (0:r=1)
"""


def verdict_of(tmp_path: Path, text: str, model: str) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, model))


@pytest.mark.parametrize(
    ("jump", "label"),
    [
        ("", ""),
        ("if (READ_ONCE(x)) goto inside;", "inside: ;"),
        ("switch (READ_ONCE(x)) { case 1: goto inside; }", "inside: ;"),
    ],
)
@pytest.mark.parametrize(("model", "verdict"), [("armv8", "VIOLATED"), ("tso", "SAFE")])
def test_a_round_does_not_depend_on_how_the_last_one_ended(
    tmp_path: Path, jump: str, label: str, model: str, verdict: str
) -> None:
    found = verdict_of(tmp_path, BUFFERING.format(jump=jump, label=label), model)
    assert found.verdict == verdict


def test_a_loop_of_which_only_the_middle_is_entered(tmp_path: Path) -> None:
    """``goto inside`` always: the rest of a round, then two whole ones, as before."""
    text = BUFFERING.format(jump="\tgoto inside;", label="inside: ;")
    assert verdict_of(tmp_path, text, "armv8").verdict == "VIOLATED"


# How often the loop in the middle waits has no bound, and it is not taken for an await.
@pytest.mark.parametrize(("model", "verdict"), [("armv8", "VIOLATED"), ("sc", BOUNDED)])
def test_loops_in_loops_are_entered_together(tmp_path: Path, model: str, verdict: str) -> None:
    assert verdict_of(tmp_path, NESTED, model).verdict == verdict


@pytest.mark.parametrize("x", [0, 1])
def test_the_rest_of_a_round_is_run(tmp_path: Path, x: int) -> None:
    """The rest of a round adds 10, a whole one 11: 3 rounds, of which the first may be a rest."""
    text = f"""C t
    int x = {x}; int n;
    {{ }}
    P0(void)
    {{
        int i = 0;
        if (READ_ONCE(x)) goto rest;
        for (i = 0; i < 3; i++) {{
            n += 1;
    rest:
            n += 10;
        }}
    }}
    ~exists (n={32 if x else 33})
    """
    assert verdict_of(tmp_path, text, "sc").verdict == "VIOLATED"


MANY_WAYS_IN = """C many
{{ }}
P0(int *x, int *y, int *z)
{{
	int r0 = 0; int r1 = 0;
	{body}
}}
P1(int *x, int *y, int *z)
{{
	int r0; r0 = READ_ONCE(*y); smp_mb(); WRITE_ONCE(*x, 1); WRITE_ONCE(*z, 1);
}}
exists (0:r0=1 /\\ 1:r0=1)
"""


def test_a_loop_of_jumps_with_several_ways_in_is_refused(tmp_path: Path) -> None:
    """Whether its first round is that of L0 or what is left of one at L1 is a matter of counting,
    and so would be what the branch before it decides."""
    body = """if (READ_ONCE(*z)) goto L1;
L0: r1 = READ_ONCE(*z); if (r1) goto L0;
L1: WRITE_ONCE(*y, 1); if (r1) goto L0;"""
    with pytest.raises(InputError, match="entered at several places") as refused:
        verdict_of(tmp_path, MANY_WAYS_IN.format(body=body), "armv8")
    assert refused.value.diagnostic.span is not None
    assert refused.value.diagnostic.span.line == 7


# Loops within each other, and made of jumps, each entered at one place.
NESTS = [
    "L0: r0 = READ_ONCE(*x); L1: if (READ_ONCE(*z)) goto L0; if (READ_ONCE(*z)) goto L0; "
    "WRITE_ONCE(*y, 1);",
    "L0: do { r0 = READ_ONCE(*x); while (READ_ONCE(*z)) { if (r1) goto L0; cpu_relax(); } "
    "WRITE_ONCE(*y, 1); } while (r1);",
    "goto L1; L0: WRITE_ONCE(*y, 1); L1: r0 = READ_ONCE(*x); if (!r0) goto L0; WRITE_ONCE(*y, 1);",
    "while (!r0) { L0: r0 = READ_ONCE(*x); for (; r1; r1 = 0) { WRITE_ONCE(*y, 1); } "
    "r1 = READ_ONCE(*z); if (r1) goto L0; } WRITE_ONCE(*y, 1);",
]


@pytest.mark.parametrize("body", NESTS)
@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_in_one_place_of_the_file_or_in_many(tmp_path: Path, body: str, model: str) -> None:
    """All that one use of a macro becomes stands in one place: which loop is in which does not."""
    lines = MANY_WAYS_IN.format(body=body.replace("; ", ";\n"))
    text = MANY_WAYS_IN.format(body="BODY").replace("{ }", f"#define BODY {body}\n{{ }}", 1)
    found = [verdict_of(tmp_path, source, model) for source in (lines, text)]
    assert found[0].verdict == found[1].verdict
    assert found[0].observation == found[1].observation
    assert found[0].events == found[1].events


MET_IN_THE_FIRST_ROUND = """C met
long a = 2; u8 b;
{ }
static u8 zero(void) { return 0; }
P0(void)
{
	u8 r = 0;
	int k = 0;
	if (--b)
		goto inside;
	for (; k < 2; k++) {
		r = READ_ONCE(a) || zero();
inside:
		if (r <= 0 ? k > 2L : 2L)
			break;
	}
}
exists (b=255)
"""


def test_ways_that_meet_in_the_first_round(tmp_path: Path) -> None:
    """Both ways from the branch come to the first ``inside``, as k < 2 is known there. In the loop
    as written it is not, so that the second round depends on b: the replay finds more than was
    counted, and accepts the execution."""
    assert verdict_of(tmp_path, MET_IN_THE_FIRST_ROUND, "sc").observation == "Always"


FORBIDDEN = """C forbidden
int b; int x; long a = 2;
{ }
P0(void)
{
	int r = 0;
	int k = 0;
	if (READ_ONCE(b))
		goto inside;
	for (; k < 2; k++) {
		r = READ_ONCE(a);
		WRITE_ONCE(x, k);
inside:
		if (r)
			break;
	}
}
P1(void)
{
	int r = READ_ONCE(x);
	smp_mb();
	WRITE_ONCE(b, r);
}
exists (b=1)
"""


def test_an_execution_that_what_was_not_counted_forbids(tmp_path: Path) -> None:
    """a is 2, so that x becomes 1 where b was read as 1 alone. The store hangs on b by control, and
    b on x by data behind a barrier: load buffering with both sides ordered, which LKMM forbids."""
    found = verdict_of(tmp_path, FORBIDDEN, "lkmm")
    assert found.verdict == UNKNOWN
    assert "a jump leads into" in str(found.reason)
