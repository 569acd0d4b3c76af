"""Where things in a kernel header stand: a user reads of ``<linux/seqlock.h>``, not of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.explain.story import span_text
from ksmcheck.gate.outline import inventory_of
from ksmcheck.program.gaps import gap_at
from ksmcheck.program.sites import list_sites
from ksmcheck.store.content import Contents
from ksmcheck.syntax.litmus import load_litmus, parse_litmus
from ksmcheck.syntax.pp_headers import header_names, include_hint
from ksmcheck.text import InputError, Source
from tests.fresh import fresh_checker

_TEST = """C t
#include <linux/spinlock.h>
#include <linux/seqlock.h>
#include <linux/seqlock.h>
{ }
P0(seqcount_t *s, int *x) { write_seqcount_begin(s); WRITE_ONCE(*x, 1); write_seqcount_end(s); }
P1(seqcount_t *s, int *x)
{
	unsigned seq = read_seqcount_begin(s);
	int r0 = READ_ONCE(*x);
	int r1 = read_seqcount_retry(s, seq);
}
exists (1:r0=1)
"""


def test_sites_and_stories() -> None:
    sites = {s.name: s.span for s in list_sites(parse_litmus(Source("t", _TEST)), "6.12")}
    span = sites["smp_wmb@write_seqcount_begin"]
    assert str(span).startswith("<linux/seqlock.h>:")
    assert span_text(span) == f"seqlock.h:{span.line}"
    assert span.text == "smp_wmb()"
    assert str(sites["WRITE_ONCE@P0"]).startswith("t:6:")


def test_the_gate_records_the_test_and_needs_the_headers_barriers() -> None:
    found = inventory_of(parse_litmus(Source("t", _TEST)), "6.12")
    assert {outline.file for outline in found.outlines} == {"t"}
    assert {token.name for token in found.barriers} == {
        "smp_rmb@read_seqcount_retry",
        "smp_wmb@write_seqcount_begin",
        "smp_wmb@write_seqcount_end",
    }


def test_results_of_a_test_with_a_header_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(_TEST)
    assert Contents().program(path) is not None
    path.write_text("#define NAME <linux/seqlock.h>\n#include NAME\n")
    assert Contents().program(path) is None


def test_a_folder_of_ones_own_goes_before(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    (tmp_path / "linux" / "seqlock.h").write_text("typedef struct { int own; } seqcount_t;\n")
    path = tmp_path / "t.litmus"
    path.write_text("C t\n#include <linux/seqlock.h>\n{ }\nP0(seqcount_t *s) { s->own = 1; }\n")
    test = load_litmus(path, include_dirs=(tmp_path,))
    assert [type(item).__name__ for item in test.top] == ["StructDef", "Typedef"]


@pytest.mark.parametrize("name", header_names())
@pytest.mark.parametrize("kernel", ["3.8", "3.9", "3.13.11", "4.2", "5.8", "6.1", "6.12"])
def test_each_header_is_kernel_c_at_each_kernel(name: str, kernel: str, tmp_path: Path) -> None:
    text = f"C t\n#include <{name}>\n#include <{name}>\n{{ }}\nP0(int *x) {{ *x = 1; }}\n"
    try:
        test = parse_litmus(Source("t", text), kernel=kernel)
    except InputError as error:
        assert f"<{name}> is not known for kernel {kernel}" in error.diagnostic.message
        assert error.diagnostic.span is not None and error.diagnostic.span.line == 2
        assert (error.diagnostic.hint or "").startswith("it is there from ")
        assert kernel in {
            "asm/local.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/completion.h": ("3.8", "4.2", "5.8"),
            "linux/cpumask.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/semaphore.h": ("3.8", "4.2", "5.8"),
            "linux/jump_label.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/static_key.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/local_lock.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/kref.h": ("3.8", "3.9", "3.13.11", "4.2"),
            "linux/list.h": ("3.8", "4.2", "5.8"),
            "linux/percpu.h": ("3.8", "4.2", "5.8"),
            "linux/rculist.h": ("3.8", "4.2", "5.8"),
            "linux/list_bl.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/list_nulls.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/rculist_bl.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/rculist_nulls.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8", "6.1"),
            "linux/llist.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8", "6.1"),
            "linux/rcuwait.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/sched.h": ("3.8", "4.2", "5.8"),
            "linux/sched/wake_q.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
            "linux/seqlock.h": ("3.8",),
            "linux/wait.h": ("3.8", "4.2", "5.8"),
            "linux/wait_bit.h": ("3.8", "3.9", "3.13.11", "4.2", "5.8"),
        }.get(name, ())
        return
    macros = {"percpu", "local_lock", "jump_label", "static_key"}
    assert len(test.top) > 4 or Path(name).stem in macros
    if kernel in ("3.9", "6.12"):
        path = tmp_path / "t.litmus"
        path.write_text(text + "exists (x=1)\n")
        assert fresh_checker().check(Request(path, "sc", kernel)).observation == "Always"


def test_what_each_header_defines_is_known() -> None:
    for name, header in {
        "write_seqlock": "seqlock",
        "seqlock_t": "seqlock",
        "DEFINE_SEQLOCK": "seqlock",
        "seqcount_latch_t": "seqlock",
        "list_head": "list",
        "list_for_each_entry": "list",
        "list_add_rcu": "rculist",
        "hlist_for_each_entry_rcu": "rculist",
        "llist_add": "llist",
        "kref_put": "kref",
        "wait_for_completion": "completion",
        "wait_for_completion_killable": "completion",
        "DECLARE_COMPLETION": "completion",
        "wait_queue_head_t": "wait",
        "wait_event": "wait",
        "wake_up_all": "wait",
        "DEFINE_PER_CPU": "percpu",
        "this_cpu_inc": "percpu",
    }.items():
        assert f"<linux/{header}.h>" in (include_hint(name) or "")
    assert include_hint("no_such_thing") is None


def test_a_macro_may_name_the_header(tmp_path: Path) -> None:
    """C17 6.10.2, the third form."""
    path = tmp_path / "t.litmus"
    path.write_text(
        _TEST.replace(
            "#include <linux/seqlock.h>", "#define HEADER <linux/seqlock.h>\n#include HEADER", 1
        )
    )
    named = [str(s) for s in list_sites(load_litmus(path), "6.12")]
    assert len(named) == len(list_sites(parse_litmus(Source("t", _TEST)), "6.12"))


@pytest.mark.parametrize("file", ["seqlock.h", "linux/seqlock.h", "<linux/seqlock.h>"])
def test_a_barrier_is_inserted_where_a_story_says(file: str) -> None:
    test = parse_litmus(Source("t", _TEST))
    sites = {s.name: s.span for s in list_sites(test, "6.12")}
    line = sites["smp_wmb@write_seqcount_begin"].line
    assert gap_at(test, f"{file}:{line}").function.name == "write_seqcount_begin"
