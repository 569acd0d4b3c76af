"""Changes between outlines: every mutation of a site is noticed, and nothing else is called one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.gate.changes import changes
from ksmcheck.gate.outline import Inventory, Outline, Token, inventory_of
from ksmcheck.report.findings import Place
from ksmcheck.syntax.litmus import load_litmus, parse_litmus
from ksmcheck.text import Source

KSM = Path(__file__).parents[2] / "litmus" / "ksm"

TEXTS = ["smp_wmb()", "smp_rmb()", "READ_ONCE(*x)", "put()", "a->b", "c", "return"]
tokens = st.builds(
    lambda text, path: Token(
        text, path, text.endswith(")"), "", text.partition("(")[0], Place("f.h", 1)
    ),
    st.sampled_from(TEXTS),
    st.sampled_from(["", "if", "else", "while if"]),
)
outlines = st.lists(tokens, min_size=1, max_size=8).map(
    lambda found: Outline("f.h", "f", Place("f.h", 1), tuple(found))
)


@settings(max_examples=200, deadline=None)
@given(outlines)
def test_nothing_changed_is_no_change(outline: Outline) -> None:
    assert changes(outline.lines, outline) == []


@settings(max_examples=400, deadline=None)
@given(outlines, outlines)
def test_different_outlines_are_never_equal(before: Outline, now: Outline) -> None:
    """Whatever happened, something is said; and it names a site if the sites differ."""
    found = changes(before.lines, now)
    if before.lines == now.lines:
        return
    assert found
    sites = [[line for line in o.lines if line.startswith("* ")] for o in (before, now)]
    if sites[0] != sites[1]:
        assert any(change.kind != "around" for change in found)


@settings(max_examples=200, deadline=None)
@given(outlines, st.data())
def test_a_deleted_site_is_removed(outline: Outline, data: st.DataObject) -> None:
    places = [i for i, t in enumerate(outline.tokens) if t.site]
    if not places:
        return
    gone = data.draw(st.sampled_from(places))
    rest = outline.tokens[:gone] + outline.tokens[gone + 1 :]
    now = Outline("f.h", "f", outline.place, rest)
    (change,) = changes(outline.lines, now)
    assert (change.kind, change.text) == ("removed", outline.tokens[gone].text)
    (back,) = changes(now.lines, outline)
    assert (back.kind, back.text) == ("added", outline.tokens[gone].text)


def test_a_site_that_crosses_an_access_has_moved() -> None:
    """Each pair of neighbours of which one is a site, swapped."""
    inventory = inventory_of(load_litmus(KSM / "path-a.litmus", kernel="3.9"), "3.9")
    swapped = 0
    for outline in inventory.outlines:
        for i, (a, b) in enumerate(zip(outline.tokens, outline.tokens[1:], strict=False)):
            if (a.site or b.site) and a.line != b.line:
                lines = list(outline.lines)
                lines[i], lines[i + 1] = lines[i + 1], lines[i]
                kinds = [c.kind for c in changes(lines, outline)]
                assert kinds, (outline.function, a, b)
                assert "around" not in kinds, (outline.function, a, b, kinds)
                swapped += 1
    assert swapped > 60


# --- the suite's own text, mutated ------------------------------------------------------------


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "ksm"
    folder.mkdir()
    for file in (*KSM.glob("*.h"), KSM / "path-a.litmus"):
        shutil.copy(file, folder)
    return folder


def inventory(folder: Path, kernel: str) -> Inventory:
    return inventory_of(load_litmus(folder / "path-a.litmus", kernel=kernel), kernel)


def all_changes(before: Inventory, now: Inventory) -> list[str]:
    old = {(o.file, o.function): o.lines for o in before.outlines}
    return [c.kind for o in now.outlines for c in changes(old.get((o.file, o.function), ()), o)]


def mutants(before: Inventory, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Every statement that is a barrier: deleted, doubled, replaced by a compiler barrier, put
    under a condition."""
    for token in before.barriers:
        path = folder / Path(token.place.file).name
        lines = path.read_text(encoding="utf-8").split("\n")
        at = token.place.line - 1
        statement = lines[at].strip()
        assert statement.startswith(token.primitive), lines[at]
        for name, text in (
            ("deleted", ";"),
            ("doubled", f"{statement} {statement}"),
            ("weakened", "barrier();"),
            ("conditional", f"if (1) {statement}"),
        ):
            yield name, path, "\n".join([*lines[:at], text, *lines[at + 1 :]])


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_every_mutation_of_a_barrier_of_the_suite_is_noticed(suite: Path, kernel: str) -> None:
    before = inventory(suite, kernel)
    tried = 0
    for name, path, text in mutants(before, suite):
        original = path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        try:
            kinds = all_changes(before, inventory(suite, kernel))
        finally:
            path.write_text(original, encoding="utf-8")
        assert set(kinds) - {"around"}, (name, path.name)
        tried += 1
    assert tried == 4 * len(before.barriers) > 12


def test_comments_and_layout_of_the_suite_are_no_part_of_it(suite: Path) -> None:
    before = inventory(suite, "3.9")
    for path in suite.glob("*.h"):
        lines = path.read_text(encoding="utf-8").split("\n")
        spaced = [
            line
            if line.lstrip().startswith(("#", "*", "/*")) or line.endswith("\\")
            else f" {line}"
            for line in lines
        ]
        path.write_text("/* words */\n\n" + "\n".join(spaced), encoding="utf-8")
    assert all_changes(before, inventory(suite, "3.9")) == []


MACROS = """C m
#define PUBLISH(a, b) do { WRITE_ONCE(*(a), 1); smp_wmb(); WRITE_ONCE(*(b), 1); } while (0)
#define LOOK(a, b) r0 = READ_ONCE(*(a)); r1 = READ_ONCE(*(b))
#define STORE(a, b) *(a) = 1; smp_wmb(); *(b) = 1
#define LEAVE goto one
{ }
P0(int *x, int *y) { PUBLISH(x, y); STORE(x, y); LEAVE; one: ; two: ; }
P1(int *x, int *y) { int r0; int r1; LOOK(y, x); }
exists (1:r0=1)
"""


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("WRITE_ONCE(*(a), 1)", "WRITE_ONCE(*(a), 2)", {"replaced"}),
        ("smp_wmb(); WRITE_ONCE(*(b), 1)", "barrier(); WRITE_ONCE(*(b), 1)", {"replaced"}),
        (
            "r0 = READ_ONCE(*(a)); r1 = READ_ONCE(*(b))",
            "r1 = READ_ONCE(*(b)); r0 = READ_ONCE(*(a))",
            {"moved"},
        ),
        ("*(a) = 1; smp_wmb(); *(b) = 1", "*(b) = 1; smp_wmb(); *(a) = 1", {"moved"}),
        ("goto one", "goto two", {"around"}),
        ("PUBLISH(a, b) do", "PUBLISH(a,  b)  do", set()),
    ],
)
def test_a_change_within_a_macro_is_one_of_its_uses(
    old: str, new: str, kinds: set[str], tmp_path: Path
) -> None:
    """As in plain text: the use itself, which is all that stands in the function, says nothing."""
    path = tmp_path / "m.litmus"
    lines: dict[str, tuple[str, ...]] = {}
    found = set[str]()
    for text in (MACROS, MACROS.replace(old, new)):
        path.write_text(text)
        for outline in inventory_of(load_litmus(path), "6.12").outlines:
            if outline.function in lines:
                found |= {change.kind for change in changes(lines[outline.function], outline)}
            lines[outline.function] = outline.lines
    assert found == kinds


_GUARDED = """C t
{{ }}
static int f(spinlock_t *l, spinlock_t *m, int *x)
{{
	{body}
}}
P0(spinlock_t *l, spinlock_t *m, int *x) {{ int r = f(l, m, x); }}
exists (x=1)
"""


@pytest.mark.parametrize("lock", ["l", "m", "&((struct two *)m)->lock"])
def test_a_guards_sites_are_recorded_as_the_calls_written_out(lock: str) -> None:
    """So that it is seen where another lock is taken, wherever the guard stands among others."""
    guard = f"guard(rcu)(); guard(spinlock)({lock}); WRITE_ONCE(*x, 1); return *x + 1;"
    calls = (
        f"rcu_read_lock(); spin_lock({lock}); WRITE_ONCE(*x, 1); r = *x + 1; "
        f"spin_unlock({lock}); rcu_read_unlock(); return r;"
    )
    two = "struct two { int n; spinlock_t lock; };\nstatic int f("
    recorded = []
    for body in (guard, f"int r; {calls}"):
        text = _GUARDED.format(body=body).replace("static int f(", two)
        test = parse_litmus(Source("t.litmus", text))
        (outline,) = [o for o in inventory_of(test, "6.12").outlines if o.function == "f"]
        recorded.append([line for line in outline.lines if line.startswith("* ")])
    assert recorded[0] == recorded[1]
