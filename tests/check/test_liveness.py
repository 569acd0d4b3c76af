"""Threads that wait for ever, where that is asked: for a lock, in a loop, on a lost wake-up.

Expectations are reasoned beside each program; the pattern of a sleeper and its waker is that of
Documentation/memory-barriers.txt, "Sleep and wake-up functions".
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VIOLATED, Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

EVERY = ["sc", "tso", "armv7", "armv8", "power", "alpha", "riscv", "lkmm"]


def asked(folder: Path, text: str, model: str = "lkmm", **more: object) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}")
    return fresh_checker().check(Request(path, model, liveness=True, **more))  # type: ignore[arg-type]


SLEEP_AND_WAKE = """int state;
int cond;
{{ }}
P0()
{{
\tfor (;;) {{
\t\tWRITE_ONCE(state, 1);
\t\t{sleeper}
\t\tif (READ_ONCE(cond))
\t\t\tbreak;
\t\twhile (READ_ONCE(state))
\t\t\tcpu_relax();
\t}}
}}
P1()
{{
\tWRITE_ONCE(cond, 1);
\t{waker}
\tif (READ_ONCE(state))
\t\tWRITE_ONCE(state, 0);
}}
"""


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("sleeper", ["smp_mb();", "smp_wmb();"])
@pytest.mark.parametrize("waker", ["smp_mb();", ""])
def test_a_lost_wake_up(sleeper: str, waker: str, model: str, tmp_path: Path) -> None:
    """Store buffering: without a full barrier on either side the sleeper may see no condition and
    the waker no sleeper, on every machine that lets a load pass an earlier store."""
    text = SLEEP_AND_WAKE.format(sleeper=sleeper, waker=waker)
    verdict = asked(tmp_path, text, model)
    fenced = sleeper == waker == "smp_mb();"
    assert verdict.verdict == (SAFE if fenced or model == "sc" else VIOLATED)
    if verdict.witness is not None:
        failure = verdict.witness.failure
        assert (failure.name, failure.text.split(" at ")[0]) == ("liveness", "P0 waits for ever")
        assert failure.span is not None
        assert failure.span.text == "READ_ONCE(state)"
        assert not verdict.witness.execution.complete


def test_it_is_only_looked_for_where_it_is_asked_for(tmp_path: Path) -> None:
    """herd7's meaning of a test is of executions that end."""
    path = tmp_path / "t.litmus"
    path.write_text("C t\n" + SLEEP_AND_WAKE.format(sleeper="", waker=""))
    assert fresh_checker().check(Request(path, "tso")).verdict == SAFE


ORDERS = {
    # Each holds what the other wants.
    "opposite": ("spin_lock(&a); spin_lock(&b);", "spin_lock(&b); spin_lock(&a);", VIOLATED),
    # Whoever has the first one gets the second one.
    "the same": ("spin_lock(&a); spin_lock(&b);", "spin_lock(&a); spin_lock(&b);", SAFE),
    # P1 gives back what it holds if it does not get the other.
    "try": (
        "spin_lock(&a); spin_lock(&b);",
        "spin_lock(&b); while (!spin_trylock(&a)) { spin_unlock(&b); spin_lock(&b); }",
        BOUNDED,
    ),
    # It does not give it back: that is waiting for it.
    "try again": (
        "spin_lock(&a); spin_lock(&b);",
        "spin_lock(&b); while (!spin_trylock(&a)) cpu_relax();",
        VIOLATED,
    ),
}


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
@pytest.mark.parametrize("order", ORDERS)
def test_two_locks(order: str, model: str, tmp_path: Path) -> None:
    first, second, wanted = ORDERS[order]
    free = "spin_unlock(&a); spin_unlock(&b);"
    threads = f"P0() {{ {first} {free} }}\nP1() {{ {second} {free} }}\n"
    text = f"spinlock_t a;\nspinlock_t b;\n{{ }}\n{threads}"
    verdict = asked(tmp_path, text, model)
    assert verdict.verdict == wanted
    if order == "opposite":
        assert verdict.witness is not None
        assert "P0 waits for ever at" in verdict.witness.failure.text
        assert ", P1 at" in verdict.witness.failure.text


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
@pytest.mark.parametrize("model", ["armv7", "armv8", "alpha"])
def test_a_lock_that_is_not_given_back(model: str, kernel: str, tmp_path: Path) -> None:
    """A mutex, and a bit lock, which other bits of its word do not hold up."""
    bit = "while (test_and_set_bit_lock(0, &w)) while (test_bit(0, &w)) ;"
    for taken, given in (
        ("mutex_lock(&m)", "mutex_unlock(&m)"),
        (bit, "clear_bit_unlock(0, &w)"),
    ):
        text = (
            f"struct mutex m;\nunsigned long w;\nint x;\n{{ }}\nP0() {{ {taken}; {given}; }}\n"
            f"P1() {{ set_bit(1, &w); {taken}; if (READ_ONCE(x)) {{ {given}; }} }}\n"
            "forall (true)\n"
        )
        assert asked(tmp_path, text, model, kernel=kernel).verdict == VIOLATED
        whole = text.replace("if (READ_ONCE(x))", "")
        assert asked(tmp_path, whole, model, kernel=kernel).verdict in (SAFE, BOUNDED)


def test_what_is_waited_for_comes_and_goes(tmp_path: Path) -> None:
    """P1 may miss the 1 under every model; it cannot miss a value that stays."""
    text = (
        "int x;\n{{ }}\nP0() {{ WRITE_ONCE(x, 1); {more} }}\nP1() {{ while (!READ_ONCE(x)) ; }}\n"
    )
    for model in EVERY:
        assert asked(tmp_path, text.format(more="WRITE_ONCE(x, 0);"), model).verdict == VIOLATED
        assert asked(tmp_path, text.format(more="WRITE_ONCE(x, 2);"), model).verdict == SAFE


def test_a_loop_without_an_access_ends_for_nobody(tmp_path: Path) -> None:
    text = (
        "int x;\n{ }\nP0() { int r; r = READ_ONCE(x); while (r) ; }\nP1() { WRITE_ONCE(x, 1); }\n"
    )
    verdict = asked(tmp_path, text, "sc")
    assert verdict.verdict == VIOLATED
    assert verdict.witness is not None
    assert verdict.witness.failure.text.startswith("P0 waits for ever at")


def test_pointers_lead_to_what_is_waited_for(tmp_path: Path) -> None:
    """P0 waits at the cell that p leads to: y, which stays 0, if it is late."""
    text = (
        "int x = 1;\nint y;\nint *p = &x;\n{ }\n"
        "P0() { int *q; q = READ_ONCE(p); while (!READ_ONCE(*q)) ; }\n"
        "P1() { WRITE_ONCE(p, &y); %s }\n"
    )
    assert asked(tmp_path, text % "").verdict == VIOLATED
    assert asked(tmp_path, text % "WRITE_ONCE(y, 1);").verdict == SAFE


RCU = """int x;
int y;
{{ }}
P0() {{ rcu_read_lock(); {reader} rcu_read_unlock(); }}
P1() {{ WRITE_ONCE(x, 1); synchronize_rcu(); WRITE_ONCE({last}); }}
"""


def test_no_grace_period_ends_while_a_reader_waits(tmp_path: Path) -> None:
    """The reader waits for what is stored after the grace period: neither gets on if it came
    first. Nor does P1 take the 1 back before the reader has seen it, unless the reader came after
    the grace period, and the models do not tell where that is. Where no reader waits there is
    nothing to be said."""
    late = RCU.format(reader="while (!READ_ONCE(y)) ;", last="y, 1")
    back = RCU.format(reader="while (!READ_ONCE(x)) ;", last="x, 0")
    none = RCU.format(reader="READ_ONCE(x);", last="y, 1")
    verdict = asked(tmp_path, late)
    assert verdict.verdict == VIOLATED
    assert verdict.witness is not None
    assert ", P1 at" in verdict.witness.failure.text
    assert asked(tmp_path, back).verdict == UNKNOWN
    assert asked(tmp_path, none).verdict == SAFE
    first = late.replace("WRITE_ONCE(x, 1);", "WRITE_ONCE(y, 1);")
    assert asked(tmp_path, first).verdict == SAFE


def test_an_assertion_of_a_reader_that_waits_for_a_while(tmp_path: Path) -> None:
    """The grace period waits for the reader: it does not see z before x. Only if P0 never left its
    section would the models say nothing of that."""
    text = (
        "int x;\nint y;\nint z;\n{ }\n"
        "P0() { rcu_read_lock(); BUG_ON(READ_ONCE(z) == 1 && READ_ONCE(x) == 0);\n"
        "\twhile (!READ_ONCE(y)) ; rcu_read_unlock(); }\n"
        "P1() { WRITE_ONCE(x, 1); synchronize_rcu(); WRITE_ONCE(z, 1); }\n"
        "P2() { WRITE_ONCE(y, 1); }\n"
    )
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{text}")
    assert fresh_checker().check(Request(path, "lkmm")).verdict == SAFE
    assert asked(tmp_path, text).verdict == SAFE
    assert asked(tmp_path, text.replace("WRITE_ONCE(y, 1);", "")).subject == "liveness"
    assert fresh_checker().check(Request(path, "lkmm")).verdict == UNKNOWN
    early = text.replace("synchronize_rcu();", "")
    assert asked(tmp_path, early).subject == "BUG_ON"


SRCU = """struct srcu_struct s;
struct srcu_struct other;
struct mutex m;
int y;
{{ }}
P0() {{ int i; i = srcu_{down}(&s); {reader} srcu_{up}(&s, i); }}
P1() {{ mutex_lock(&m); synchronize_srcu(&{domain}); mutex_unlock(&m); WRITE_ONCE(y, 1); }}
"""


def test_a_mutex_around_a_grace_period_and_inside_a_section(tmp_path: Path) -> None:
    """Documentation/RCU/checklist.rst, on SRCU: a deadlock. Readers of another domain do not
    matter, nor does a mutex that is given back before."""
    lock = "mutex_lock(&m); mutex_unlock(&m);"
    for down, up in (("read_lock", "read_unlock"), ("down_read", "up_read")):
        text = SRCU.format(down=down, up=up, reader=lock, domain="s")
        assert asked(tmp_path, text).verdict == VIOLATED
        other = SRCU.format(down=down, up=up, reader=lock, domain="other")
        assert asked(tmp_path, other).verdict == SAFE
        early = text.replace("synchronize_srcu(&s); mutex_unlock(&m);", "mutex_unlock(&m);")
        late = early.replace("WRITE_ONCE(y, 1);", "synchronize_srcu(&s);")
        assert asked(tmp_path, late).verdict == SAFE
        alone = text.replace("synchronize_srcu(&s);", "")
        assert asked(tmp_path, alone).verdict == SAFE


def test_a_section_that_is_left_for_a_moment(tmp_path: Path) -> None:
    """A reader that goes out and in again lets the grace period end: no deadlock is shown."""
    around = "while (!READ_ONCE(y)) { rcu_read_unlock(); rcu_read_lock(); }"
    text = RCU.format(reader="AROUND", last="y, 1").replace("AROUND", around)
    assert asked(tmp_path, text).verdict != VIOLATED


def test_another_thread_leaves_the_section(tmp_path: Path) -> None:
    """srcu_up_read in P1: it waits for what P2 stores after the grace period."""
    text = (
        "struct srcu_struct s;\nint i;\nint x;\nint y;\n{ }\n"
        "P0() { int k; k = srcu_down_read(&s); WRITE_ONCE(i, k); smp_store_release(&x, 1); }\n"
        "P1() { while (!smp_load_acquire(&x)) ; while (!READ_ONCE(y)) ;\n"
        "\tsrcu_up_read(&s, READ_ONCE(i)); }\n"
        "P2() { synchronize_srcu(&s); WRITE_ONCE(y, 1); }\n"
    )
    assert asked(tmp_path, text).verdict == VIOLATED
    assert asked(tmp_path, text.replace("synchronize_srcu(&s);", "")).verdict == SAFE


def test_a_grace_period_in_a_section_of_its_own(tmp_path: Path) -> None:
    text = (
        "int x;\n{ }\nP0() { rcu_read_lock(); synchronize_rcu(); rcu_read_unlock(); }\nP1() { }\n"
    )
    verdict = asked(tmp_path, text)
    assert verdict.verdict == VIOLATED
    assert verdict.witness is not None
    assert verdict.witness.failure.span is not None
    assert verdict.witness.failure.span.text == "synchronize_rcu()"


def test_a_reader_that_waits_though_no_grace_period_is_asked_for(tmp_path: Path) -> None:
    text = RCU.format(reader="while (!READ_ONCE(y)) ;", last="x, 2")
    assert asked(tmp_path, text.replace("synchronize_rcu();", "")).verdict == VIOLATED


def test_a_filter_says_nothing_of_executions_without_an_end(tmp_path: Path) -> None:
    text = "int x;\n{ }\nP0() { while (!READ_ONCE(x)) ; }\nP1() { }\nfilter (x=0)\n~exists (x=1)\n"
    verdict = asked(tmp_path, text)
    assert verdict.verdict == UNKNOWN
    assert "filter" in (verdict.reason or "")


def test_assembly_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text("X86 t\n{ }\n P0 ;\n MOV EAX,[x] ;\nexists (0:EAX=0)\n")
    with pytest.raises(InputError, match="waits for ever") as refused:
        fresh_checker().check(Request(path, "tso", liveness=True))
    assert refused.value.diagnostic.span is not None


def test_beside_other_properties(tmp_path: Path) -> None:
    """The first that fails is told: here the assertion, before any waiting."""
    text = "int x;\n{ }\nP0() { BUG_ON(!READ_ONCE(x)); while (!READ_ONCE(x)) ; }\nP1() { }\n"
    verdict = asked(tmp_path, text)
    assert verdict.verdict == VIOLATED
    assert verdict.properties == ("BUG_ON", "liveness")


READERS_AND_WRITERS = """rwlock_t l;
int x;
{{ }}
P0() {{ read_lock(&l); {inside} read_unlock(&l); }}
P1() {{ read_lock(&l); read_unlock(&l); WRITE_ONCE(x, 1); }}
P2() {{ {writer} }}
"""


def test_a_writer_that_waits_may_hold_up_readers(tmp_path: Path) -> None:
    """P0 waits under the lock for P1, which comes in beside it; but not past a writer who waits for
    P0, where the lock is a fair one."""
    waits, writer = "while (!READ_ONCE(x)) ;", "write_lock(&l); write_unlock(&l);"
    alone = READERS_AND_WRITERS.format(inside=waits, writer="")
    both = READERS_AND_WRITERS.format(inside=waits, writer=writer)
    short = READERS_AND_WRITERS.format(inside="", writer=writer)
    for model in ("sc", "armv8", "lkmm"):
        assert asked(tmp_path, alone, model).verdict == SAFE
        assert asked(tmp_path, both, model).verdict == UNKNOWN
        assert asked(tmp_path, short, model).verdict == SAFE


def test_readers_and_writers_of_two_locks(tmp_path: Path) -> None:
    """As for locks of one kind: who reads keeps a writer out, and not another reader."""
    text = (
        "rwlock_t l;\nspinlock_t m;\n{{ }}\n"
        "P0() {{ read_lock(&l); spin_lock(&m); spin_unlock(&m); read_unlock(&l); }}\n"
        "P1() {{ spin_lock(&m); {0}_lock(&l); {0}_unlock(&l); spin_unlock(&m); }}\n"
    )
    assert asked(tmp_path, text.format("read")).verdict == SAFE
    assert asked(tmp_path, text.format("write")).verdict == VIOLATED


def test_who_sleeps_is_taken_on_trust_to_be_woken(tmp_path: Path) -> None:
    """<linux/wait.h> has no wake-ups: whether one is lost it cannot tell."""
    text = (
        "#include <linux/wait.h>\nDECLARE_WAIT_QUEUE_HEAD(q);\nint x;\n{ }\n"
        "P0() { wait_event(q, READ_ONCE(x)); }\nP1() { WRITE_ONCE(x, 1); }\n"
    )
    verdict = asked(tmp_path, text)
    assert verdict.verdict == UNKNOWN
    assert "woken" in (verdict.reason or "")


@pytest.mark.parametrize(
    "loop", ["while (1) ;", "for (;;) ;", "again: goto again;", "do { } while (1);"]
)
def test_a_loop_of_nothing(loop: str, tmp_path: Path) -> None:
    """Nothing is executed in it; the place that is told is the loop's own."""
    text = "int x;\n{ }\nP0() { if (READ_ONCE(x)) { %s } }\nP1() { WRITE_ONCE(x, 1); }\n"
    verdict = asked(tmp_path, text % loop)
    assert verdict.verdict == VIOLATED
    assert verdict.witness is not None
    assert verdict.witness.failure.span is not None
    assert loop.startswith(verdict.witness.failure.span.text)


def test_nobody_waits_at_a_wild_pointer(tmp_path: Path) -> None:
    """NULL is no lock to wait for: that P0 takes it is a bad address. Behind its test it is a lock,
    and P0 waits for x, which nobody stores."""
    text = (
        "int x;\nspinlock_t l;\nspinlock_t *p;\n{ }\n"
        "P0() { spinlock_t *q; q = READ_ONCE(p); %s spin_lock(q); while (!READ_ONCE(x)) ; }\n"
        "P1() { WRITE_ONCE(p, &l); }\n"
    )
    assert asked(tmp_path, text % "").verdict == VIOLATED
    verdict = asked(tmp_path, text % "if (!q) return;")
    assert verdict.verdict == VIOLATED
    assert verdict.subject == "liveness"
    only = text.replace("while (!READ_ONCE(x)) ;", "spin_unlock(q);")
    assert asked(tmp_path, only % "").subject == "bad address"
    assert asked(tmp_path, only % "if (!q) return;").verdict == SAFE


def test_what_an_exists_says_is_no_proof_of_it(tmp_path: Path) -> None:
    """The two hand a number on and on; at 30, beyond all bounds, P0 waits for ever. That the
    condition sometimes holds does not say that this cannot be."""
    text = (
        "int x;\nint y;\nint z;\n{ }\n"
        "P0() { int i = 0; while (READ_ONCE(y) == i) { i++; WRITE_ONCE(z, i); }\n"
        "\tif (i == 30) while (!READ_ONCE(x)) ; }\n"
        "P1() { int i = 0; while (READ_ONCE(z) == i + 1) { i++; WRITE_ONCE(y, i); } }\n"
        "exists (0:i=1)\n"
    )
    verdict = asked(tmp_path, text, "sc")
    assert (verdict.verdict, verdict.observation) == (BOUNDED, "Sometimes")
    assert verdict.subject == "exists + liveness"
    ends = text.replace("if (i == 30) while (!READ_ONCE(x)) ;", "")
    path = tmp_path / "ends.litmus"
    path.write_text(f"C ends\n{ends}")
    assert fresh_checker().check(Request(path, "sc")).verdict == SAFE
