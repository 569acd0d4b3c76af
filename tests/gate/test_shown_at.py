"""Where the steps of an execution are, for who reads a report beside the sources."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.check import Checker, Request
from ksmcheck.gate.telling import outcome_of

TEXT = """C pages
#include <linux/seqlock.h>
#include "copy.h"
seqcount_t s;
int a;
{ }
P0()
{
\twrite_seqcount_begin(&s);
\tWRITE_ONCE(a, 1);
}
P1()
{
\tint x;

\tx = copied(&a);
\tBUG_ON(x == 1);
}
"""
COPY = """static int copied(int *from)
{
\tint x;

\tread_seqcount_begin(&s);
\tx = READ_ONCE(*from);
\treturn x;
}
"""


def test_a_header_that_comes_with_ksmcheck_is_shown_at_its_call(tmp_path: Path) -> None:
    path = tmp_path / "pages.litmus"
    path.write_text(TEXT)
    (tmp_path / "copy.h").write_text(COPY)
    checker = Checker()
    execution = outcome_of(checker, checker.check(Request(path, "sc"))).execution
    assert execution is not None
    places = {(Path(s.place.file).name, s.place.line) for s in execution.steps}
    assert places == {
        ("pages.litmus", 9),  # write_seqcount_begin(&s), whose accesses are in the header
        ("pages.litmus", 10),  # WRITE_ONCE(a, 1)
        ("copy.h", 5),  # read_seqcount_begin(&s), likewise
        ("copy.h", 6),  # READ_ONCE(*from)
    }
