"""What is found now: the same facts as a baseline has, with places and executions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ksmcheck.check.verdict import Request
from ksmcheck.gate.answer import Answer, Answerer
from ksmcheck.gate.baseline import Baseline, Known
from ksmcheck.gate.outline import Inventory, Outline, inventory_of
from ksmcheck.gate.plan import SHIPPED, Cell
from ksmcheck.program.change import REMOVE, Change
from ksmcheck.program.sites import remove_sites
from ksmcheck.record import Struct, replace
from ksmcheck.store.content import Contents
from ksmcheck.store.results import Results
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.load import load_test

HOLDS = frozenset(("SAFE", "Never"))
"""The verdicts that a barrier may be needed for."""


class Removal(Struct, frozen=True):
    """One barrier taken out of one cell: ``word`` says what came of it."""

    cell: Cell
    site: str
    word: str
    request: Request
    answer: Answer


class Survey(Struct, frozen=True):
    """``functions``: (context, ``file function``) -> subject -> outline."""

    answers: Mapping[Cell, Answer]
    removals: tuple[Removal, ...]
    functions: Mapping[tuple[str, str], Mapping[str, Outline]]
    inventories: Mapping[Cell, Inventory]
    full: bool


def survey(
    cells: Sequence[Cell], answerer: Answerer, name_of: Callable[[str], str], *, full: bool
) -> Survey:
    """Asks everything. ``name_of`` gives the baseline's name of a file."""
    requests = [cell.request for cell in cells]
    answerer.begin(requests)
    inventories = inventories_of(cells, answerer)
    given = answerer.answers(requests)
    answers = {cell: given[cell.request] for cell in cells}
    removals = _removals(answers, inventories, answerer, full)
    functions = _functions(inventories, name_of)
    return Survey(answers, removals, functions, inventories, full)


def outside_of_search(
    inventories: Mapping[Cell, Inventory], name_of: Callable[[str], str]
) -> Survey:
    """What is known without any verdict."""
    return Survey({}, (), _functions(inventories, name_of), inventories, full=False)


def inventories_of(cells: Sequence[Cell], answerer: Answerer) -> dict[Cell, Inventory]:
    """One for each subject and context: as shipped, or where that is not asked for, of the first
    variant that is."""
    chosen: dict[tuple[str, str], str] = {}
    for cell in cells:
        name = (cell.subject, cell.kernel)
        if cell.variant == SHIPPED or name not in chosen:
            chosen[name] = cell.variant
    found: dict[tuple[str, str], Inventory] = {}
    result = {}
    for cell in cells:
        if cell.variant == chosen[cell.subject, cell.kernel]:
            name = (cell.subject, cell.context)
            if name not in found:
                # Its models may be in several entries of the configuration.
                all_of = (c.request for c in cells if (c.subject, c.context) == name)
                asked = replace(cell.request, liveness=any(r.liveness for r in all_of))
                found[name] = _inventory(asked, answerer.results, answerer.contents)
            result[cell] = found[name]
    return result


def _inventory(request: Request, results: Results, contents: Contents) -> Inventory:
    without = repr(sorted(request.removed))
    circumstances = (request.kernel, repr(request.defines), without, repr(request.liveness))
    key = contents.key(request.path, "", "inventory", *circumstances)
    kept = results.get(Inventory, key)
    if kept is None:
        kept = _taken(request)
        if Contents().program(request.path) == contents.program(request.path):
            results.put(key, kept)  # it was not edited meanwhile
    return kept


def _taken(request: Request) -> Inventory:
    test = load_test(request.path, kernel=request.kernel, defines=request.defines)
    if isinstance(test, AssemblyTest):
        from ksmcheck.gate.assembly_outline import inventory_of_assembly

        return inventory_of_assembly(test)
    test = remove_sites(test, request.removed, kernel=request.kernel)
    return inventory_of(test, request.kernel, liveness=request.liveness)


def _removals(
    answers: Mapping[Cell, Answer],
    inventories: Mapping[Cell, Inventory],
    answerer: Answerer,
    full: bool,
) -> tuple[Removal, ...]:
    """Each barrier alone, wherever the property holds with it."""
    wanted = [
        (cell, barrier.name, replace(cell.request, changes=(Change(barrier.name, REMOVE),)))
        for cell, inventory in inventories.items()
        if cell.necessity <= (2 if full else 1) and answers[cell].outcome.verdict in HOLDS
        for barrier in inventory.barriers
    ]
    given = answerer.answers([request for _, _, request in wanted])
    return tuple(
        Removal(cell, site, _word(given[request], answers[cell]), request, given[request])
        for cell, site, request in wanted
    )


def _word(without: Answer, with_it: Answer) -> str:
    """``needed`` where something else is said without the barrier, ``idle`` where the same;
    ``undecided`` where the search did not end."""
    verdict = without.outcome.verdict
    if verdict == with_it.outcome.verdict:
        return "idle"
    if without.outcome.letter in "?K":
        return "undecided"
    return "needed"


def _functions(
    inventories: Mapping[Cell, Inventory], name_of: Callable[[str], str]
) -> dict[tuple[str, str], dict[str, Outline]]:
    found: dict[tuple[str, str], dict[str, Outline]] = {}
    for cell, inventory in inventories.items():
        for outline in inventory.outlines:
            key = (cell.context, f"{name_of(outline.file)} {outline.function}")
            found.setdefault(key, {})[cell.subject] = outline
    return found


def to_baseline(now: Survey) -> Baseline:
    """What would be recorded."""
    verdicts: dict[tuple[str, str, str], dict[str, str]] = {}
    for cell, answer in now.answers.items():
        verdicts.setdefault(cell.where, {})[cell.column.name] = answer.outcome.verdict
    needs: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for removal in now.removals:
        sites = needs.setdefault((removal.cell.subject, removal.cell.kernel), {})
        sites.setdefault(removal.site, {})[removal.cell.column.name] = removal.word
    outlines: dict[str, dict[str, tuple[Known, ...]]] = {}
    for (context, function), by_subject in sorted(now.functions.items()):
        known = _grouped(by_subject)
        plain = outlines.get(context.removesuffix(" marked"), {}).get(function)
        if not context.endswith(" marked") or known != plain:
            outlines.setdefault(context, {})[function] = known
    return Baseline(verdicts, outlines, needs, now.full)


def _grouped(by_subject: Mapping[str, Outline]) -> tuple[Known, ...]:
    """The usual outline first, then the others with the subjects that have them."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for subject, outline in by_subject.items():
        groups.setdefault(outline.lines, []).append(subject)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    usual = Known((), ordered[0][0])
    return (usual, *(Known(tuple(sorted(cases)), lines) for lines, cases in ordered[1:]))
