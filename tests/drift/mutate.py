"""Mechanical mutations of kernel functions, and whether ``drift`` notices each.

    python -m tests.drift.mutate KERNEL_TREE [FUNCTION ...]

Each operation of a function's skeleton that stands in the function's own text is deleted, swapped
with its neighbour, replaced by other primitives, and moved across the accesses around it. What is
mutated is the text; the skeleton only says where the operations are.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ksmcheck.gate.drift import Comparison, open_comparison
from ksmcheck.gate.drift_data import Encoded, Followed
from ksmcheck.gate.drift_lowering import read_definitions, record_path
from ksmcheck.gate.drift_record import Entry, read_record
from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.gate.kernel_tree_meaning import meaning_of
from ksmcheck.gate.kernel_tree_text import uncommented
from ksmcheck.gate.skeleton_graph import Skeleton
from ksmcheck.gate.skeleton_parse import Function, parse_definition, text_of
from ksmcheck.gate.skeleton_values import descendants
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError, Span
from tests.drift.harmless import free_names, renamed, respaced

FENCES = ["smp_mb", "smp_rmb", "smp_wmb", "barrier", "smp_mb__after_atomic", "mb", "rmb", "wmb"]
WEAKER = {
    "READ_ONCE": ["", "smp_load_acquire:&"],
    "atomic_cmpxchg": [
        "atomic_cmpxchg_relaxed",
        "atomic_cmpxchg_acquire",
        "atomic_cmpxchg_release",
    ],
    "atomic_set_release": ["atomic_set", "atomic_add"],
    "atomic_add_unless": ["atomic_fetch_add_unless", "atomic_add_return_relaxed"],
    "atomic_dec_and_test": ["atomic_dec", "atomic_dec_return_relaxed"],
    "atomic_inc": ["atomic_inc_return", "atomic_dec"],
    "test_and_set_bit_lock": ["test_and_set_bit", "test_bit", "__test_and_set_bit"],
    "set_bit": ["__set_bit", "clear_bit", "test_and_set_bit"],
    "test_bit": ["test_and_clear_bit", "test_bit_acquire"],
    "spin_lock": ["spin_trylock", "spin_unlock"],
    "spin_unlock": ["spin_lock", "spin_is_locked"],
    "cpu_relax": FENCES[:3],
    "rcu_read_lock": ["rcu_read_unlock", "smp_mb"],
    "rcu_read_unlock": ["rcu_read_lock", "smp_mb"],
}
# Words by their form: what is put in the place of the first part.
FORMS = [
    (r"folio_test_clear_(\w+)", [r"folio_test_\1", r"folio_clear_\1", r"folio_test_set_\1"]),
    (r"folio_test_(\w+)", [r"folio_test_clear_\1", r"folio_set_\1"]),
    (r"__folio_(set|clear)_(\w+)", [r"folio_\1_\2", r"folio_test_\2"]),
    (r"folio_set_(\w+)", [r"__folio_set_\1", r"folio_clear_\1", r"folio_test_set_\1"]),
    (r"folio_clear_(\w+)", [r"__folio_clear_\1", r"folio_set_\1", r"folio_test_clear_\1"]),
    (r"xas?_lock_irq", ["xas_unlock_irq", "xas_lock"]),
    (r"(xas?_unlock)_irq", [r"\1", "xas_lock_irq", "smp_mb"]),
    (r"xas_unlock", ["xas_lock_irq", "xas_unlock_irq"]),
    (r"folio_mark_uptodate", ["folio_set_uptodate", "folio_test_uptodate"]),
    (r"xas_store", ["xas_load", "xas_next"]),
    (r"remove_node_from_stable_tree", ["folio_put", "smp_mb"]),
    (r"folio_ref_freeze", ["folio_ref_unfreeze", "folio_ref_add"]),
    (r"folio_ref_unfreeze", ["folio_ref_freeze", "folio_ref_add"]),
    (r"(folio_try_get|get_page_unless_zero)", ["folio_get", "folio_put"]),
    (r"(folio_put|put_page)", ["folio_get", "folio_unlock"]),
    (r"(folio_lock|lock_page)", ["folio_unlock", "folio_trylock"]),
    (r"(folio_trylock|trylock_page)", ["folio_lock", "folio_unlock"]),
    (r"(folio_unlock|unlock_page)", ["folio_lock", "folio_put"]),
]
STATEMENTS = (
    "expression_statement",
    "if_statement",
    "while_statement",
    "return_statement",
    "declaration",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file's text with one change; ``what`` tells which."""

    kind: str
    what: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Site:
    """An operation in the text: its expression, and the statement that it is all of (or None)."""

    text: str
    start: int
    end: int
    statement: tuple[int, int] | None
    called: str


def sites_of(function: Function, where: Span, skeleton: Skeleton) -> list[Site]:
    """The operations of a skeleton that are written in this function, in order of the text."""
    file = where.source.name
    ops = [n.span for n in skeleton.nodes if n.kind == "op" and n.span.source.name == file]
    spots = {(span.start, span.end) for span in ops}
    found: dict[tuple[int, int], Site] = {}
    for node in descendants(function.body):
        span = function.place(node)
        key = (span.start, span.end)
        if key in spots and key not in found:
            parent = node.parent
            whole = parent is not None and parent.type == "expression_statement"
            statement = function.place(parent) if whole and parent is not None else None
            called = text_of(node.child_by_field_name("function"))
            ends = (statement.start, statement.end) if statement else None
            found[key] = Site(span.text, span.start, span.end, ends, called)
    return [found[key] for key in sorted(found)]


def mutants(file: str, text: str, sites: list[Site], function: Function) -> Iterator[Mutant]:
    """Every mutant of one function."""

    def changed(start: int, end: int, new: str) -> str:
        return text[:start] + new + text[end:]

    for number, site in enumerate(sites):
        where = (
            f"{' '.join(site.text.split())[:50]} at line {text.count(chr(10), 0, site.start) + 1}"
        )
        if site.statement:
            start, end = site.statement
            yield Mutant("delete", where, file, changed(start, end, ";"))
        elif "=" not in site.text:
            yield Mutant("delete", where, file, changed(site.start, site.end, "0"))
        for new in replacements(site):
            yield Mutant(
                "replace", f"{where} by {new[:40]}", file, changed(site.start, site.end, new)
            )
        if number + 1 < len(sites):
            swapped = swap(text, site, sites[number + 1])
            if swapped is not None:
                yield Mutant("swap", where, file, swapped)
    yield from moved(file, text, function, sites)


def replacements(site: Site) -> Iterator[str]:
    """The same text with other primitives."""
    name = site.called
    rest = site.text[len(name) :]
    if not name:
        if "=" in site.text and "==" not in site.text and site.statement:
            left, _, right = site.text.partition("=")
            yield f"WRITE_ONCE({left.strip()}, {right.strip()})"
            yield f"smp_store_release(&{left.strip()}, {right.strip()})"
        elif "=" not in site.text and not site.text.startswith("*"):
            yield f"READ_ONCE({site.text})"
        return
    if name in FENCES:
        yield from (f"{new}{rest}" for new in FENCES if new != name)
    for new in WEAKER.get(name, ()):
        new, _, address = new.partition(":")
        yield f"{new}({address}{rest[1:]}"
    for form, others in FORMS:
        found = re.fullmatch(form, name)
        if found is not None:
            yield from (f"{found.expand(new)}{rest}" for new in others if found.expand(new) != name)
            return


def swap(text: str, one: Site, two: Site) -> str | None:
    """The two operations in each other's place: as statements where both are, else as expressions
    where neither stores."""
    a, b = one.statement, two.statement
    if a is None or b is None:
        a, b = (one.start, one.end), (two.start, two.end)
        if "=" in (one.text + two.text).replace("==", ""):
            return None
    first, second = text[a[0] : a[1]], text[b[0] : b[1]]
    if a[1] > b[0] or first.split() == second.split():
        return None
    return text[: a[0]] + second + text[a[1] : b[0]] + first + text[b[1] :]


def moved(file: str, text: str, function: Function, sites: list[Site]) -> Iterator[Mutant]:
    """Each statement that is an operation, moved over the statements with operations around it,
    and out of its block."""
    spots = [(s.start, s.end) for s in sites]
    for node in descendants(function.body):
        if node.type != "expression_statement":
            continue
        span = function.place(node)
        if not any(span.start <= a and b <= span.end for a, b in spots):
            continue
        for place, why in targets(node, function, spots):
            new = _move(text, span.start, span.end, place)
            if new is not None:
                yield Mutant("move", f"{' '.join(span.text.split())[:50]} {why}", file, new)


def targets(
    node: object, function: Function, spots: list[tuple[int, int]]
) -> Iterator[tuple[int, str]]:
    from tree_sitter import Node

    assert isinstance(node, Node)

    def within(span: Span) -> list[str]:
        return [span.source.text[a:b] for a, b in spots if span.start <= a and b <= span.end]

    for step, why in (("prev_named_sibling", "up"), ("next_named_sibling", "down")):
        at = getattr(node, step)
        while at is not None:
            span = function.place(at)
            crossed = within(span)
            if at.type in STATEMENTS and crossed and at.type != "declaration":
                if crossed != within(function.place(node)):  # else the same happens as before
                    yield (span.start if why == "up" else span.end), f"{why} over line {span.line}"
                break
            at = getattr(at, step)
    outer = node.parent
    while outer is not None and outer.type in ("compound_statement", "else_clause"):
        outer = outer.parent
    if outer is not None and outer.type in ("if_statement", "while_statement", "for_statement"):
        span = function.place(outer)
        yield span.start, f"out before line {span.line}"
        yield span.end, "out behind its block"


def _move(text: str, start: int, end: int, place: int) -> str | None:
    moved = f" {text[start:end]} "
    if place <= start:
        return text[:place] + moved + text[place:start] + ";" + text[end:]
    return text[:start] + ";" + text[end:place] + moved + text[place:]


def functions_of(
    comparison: Comparison, followed: Followed, skeleton: Skeleton
) -> list[tuple[str, str]]:
    """The named function and those followed into, as (file, name), that it has operations in."""
    names = [followed.name, *comparison.contents.words.inlined]
    files = {n.span.source.name for n in skeleton.nodes}
    return [
        (file, name)
        for name in names
        for file in sorted(files)
        if any(not d.macro for d in comparison.tree.defined(name, file))
    ]


def all_mutants(comparison: Comparison, followed: Followed) -> Iterator[Mutant]:
    """The mutants of a function and of what it is followed into."""
    skeleton = comparison.kernel(followed)
    for file, name in functions_of(comparison, followed, skeleton):
        definition = next(d for d in comparison.tree.defined(name, file) if not d.macro)
        function = parse_definition(definition)
        inside = definition.span
        sites = [
            s
            for s in sites_of(function, inside, skeleton)
            if inside.start <= s.start and s.end <= inside.end
        ]
        yield from mutants(file, comparison.tree.text(file), sites, function)


def noticed(
    comparison: Comparison,
    function: Encoded,
    followed: Followed,
    entry: Entry | None,
    mutant: Mutant,
) -> bool:
    """Whether drift says anything of the mutant."""
    changed = comparison.with_text(mutant.file, mutant.text)
    try:
        return bool(changed.function(function, followed, entry))
    except InputError:
        return True


def false_alarms(comparison: Comparison, record: dict[str, Entry]) -> Iterator[str]:
    """Functions of which something is said though only names, comments and space have changed."""
    for function, followed in comparison.followed():
        names = free_names(comparison, followed)
        text = comparison.tree.text(followed.file)
        for chosen in [[], names, *([name] for name in names)]:
            other = comparison.with_text(followed.file, renamed(text, chosen))
            span = other.tree.defined(followed.name, followed.file)[0].span
            spaced = respaced(other.tree.text(followed.file), span.start, span.end, 1)
            changed = comparison.with_text(followed.file, spaced)
            found = changed.function(function, followed, record.get(function.name))
            if found:
                yield f"{function.name}: {', '.join(chosen)}: {found[0].message}"


def deaf_definitions(comparison: Comparison, models: Path) -> Iterator[str]:
    """Recorded definitions that lose a word and still say the same."""
    for one in read_definitions(record_path(models, comparison.version)):
        for text in shortened(comparison.tree, one.name, one.file):
            tree = comparison.tree.with_text(one.file, text)
            meaning = meaning_of(tree, one.name, one.file)
            if meaning is not None and meaning.digest == one.digest:
                yield f"{one.file} {one.name}"
                break


def shortened(tree: KernelTree, name: str, file: str) -> Iterator[str]:
    """The file's text without one word of the definition, for up to ten of its words."""
    meaning = meaning_of(tree, name, file)
    text = tree.text(file)
    for span in meaning.spans if meaning else ():
        words = list(re.finditer(r"\w+", uncommented(span.text)))[1:]
        for word in words[:: max(1, len(words) // 10)]:
            at = span.start + word.start()
            yield text[:at] + " " * len(word[0]) + text[at + len(word[0]) :]


def main(folder: Path, only: list[str]) -> int:
    comparison = open_comparison(folder)
    record = read_record(comparison.data.record_path(comparison.version), comparison.data.reasons)
    missed, counts, start = [], Counter[str](), time.process_time()
    for function, followed in comparison.followed():
        if only and function.name not in only:
            continue
        for mutant in all_mutants(comparison, followed):
            counts[mutant.kind] += 1
            if not noticed(comparison, function, followed, record.get(function.name), mutant):
                missed.append(f"{function.name}: {mutant.kind} {mutant.what}")
    told = ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))
    print(f"{comparison.version}: {sum(counts.values())} mutants ({told}), {len(missed)} missed,")
    print(f"  {time.process_time() - start:.0f} s of CPU time")
    alarms = list(false_alarms(comparison, record))
    print(f"  {len(alarms)} false alarms on names, comments and space")
    from tests.drift.blind_spots import blind_spots

    blind = [x for _, followed in comparison.followed() for x in blind_spots(comparison, followed)]
    print(f"  {len(blind)} ordering tokens in the text are in no skeleton")
    deaf = list(deaf_definitions(comparison, models_dir()))
    print(f"  {len(deaf)} definitions may lose a word unseen")
    print(*missed, *alarms, *blind, *deaf, sep="\n")
    return int(bool(missed or alarms or blind or deaf))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
