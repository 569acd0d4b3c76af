"""Which changes of a test one encoding can answer, as selectors.

A change can be a selector where it leaves the compiled program alone but for the events of one
primitive call: a barrier that goes or becomes another, an access with other order. What moves code,
or takes away a lock that the compiler's checks look at, is a new program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ksmcheck.events.alternatives import REMOVED, within
from ksmcheck.kernel.orders import same_deed
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row
from ksmcheck.model.model import Model
from ksmcheck.program.change import PLAIN, REMOVE, STRENGTHEN, WEAKEN, Change
from ksmcheck.program.inventory import Spot
from ksmcheck.program.ir import Access, Assume, Check, Instr, Program
from ksmcheck.program.locks import check_locks
from ksmcheck.program.tree import walk
from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax.c_ast import Assign, Call, IncDec
from ksmcheck.text import InputError, Span

_PAIRED = ("spin-", "mutex-", "rcu-marker")
"""Classes of primitives that come in pairs, which the compiler checks."""

_STRUCTURAL = ("grace-period", "srcu-")
"""Classes whose events the checker looks at by name."""

Key = tuple[str, str]
"""A selector: site and option (``events.alternatives``)."""


Pairing = dict[str, InputError | None]
"""Site -> what is wrong with the program's locks without it, if anything is."""


class Selectors(Struct, frozen=True):
    """``keys``: for each change that a selector answers, the selector; None where the machine
    makes no difference between the two forms. ``refused``: why a change alone makes no program.
    ``inner``: by site, the accesses in its arguments, which go with it."""

    keys: Mapping[Change, Key | None]
    refused: Mapping[Change, InputError] = field(default_factory=dict)
    inner: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, tuple[str, ...]]:
        """Site -> options, as ``build_structure`` wants them."""
        found: dict[str, tuple[str, ...]] = {}
        for key in dict.fromkeys(k for k in self.keys.values() if k is not None):
            found[key[0]] = (*found.get(key[0], ()), key[1])
        for outer, sites in self.inner.items():
            for site in sites:
                found[site] = (*found.get(site, ()), within(outer))
        return found

    def selected(self, changes: Iterable[Change]) -> frozenset[Key] | None:
        """The selectors that make all changes; None where one of them is a new program."""
        changes = tuple(changes)
        if any(change not in self.keys for change in changes):
            return None
        return frozenset(key for c in changes if (key := self.keys[c]) is not None)


def selectors_of(
    spots: Iterable[Spot],
    kinds: Iterable[str],
    program: Program,
    model: Model,
    config: str,
    paired: Pairing | None = None,
) -> Selectors:
    """Selectors for all changes of the kinds (REMOVE, WEAKEN, STRENGTHEN) at the places.

    ``paired`` keeps what was found of the program's locks, by site, for other models.
    """
    paired = {} if paired is None else paired
    called, places = _called(program)
    inner: dict[str, tuple[str, ...]] = {}
    keys: dict[Change, Key | None] = {}
    refused: dict[Change, InputError] = {}
    wanted = frozenset(kinds) & {REMOVE, WEAKEN, STRENGTHEN}
    for spot in spots:
        if spot.name not in called:
            _add_idle(keys, spot, wanted & {WEAKEN, STRENGTHEN}, program, model, config)
        elif called[spot.name] == {spot.primitive}:
            for change in spot.changes:
                if change.kind not in wanted:
                    continue
                sites = _inside(spot, places) if change.kind == REMOVE else ()
                if sites is None:
                    continue
                wrong = _unpaired(spot, change, program, paired)
                if wrong is not None:
                    refused[change] = wrong
                    continue
                _add(keys, spot, change, program, model, config)
                if sites and change in keys:
                    inner[spot.name] = sites
    return Selectors(keys, refused, inner)


_Where = tuple[str | None, Span]
"""A site, or None for what is checked, and its place."""


def _called(program: Program) -> tuple[dict[str, set[str]], list[_Where]]:
    """Site -> the primitives that the program performs there; the places of all sites and checks
    (of a division, say)."""
    found: dict[str, set[str]] = {}
    places: dict[_Where, None] = {}
    for thread in program.threads:
        for block in thread.blocks:
            for instr in block.instrs:
                if isinstance(instr, Access):
                    found.setdefault(instr.origin.site, set()).add(instr.name)
                    places[instr.origin.site, instr.origin.span] = None
                elif isinstance(instr, Check | Assume):
                    places[None, instr.origin.span] = None
    return found, list(places)


def _inside(spot: Spot, places: Iterable[_Where]) -> tuple[str, ...] | None:
    """The accesses in the call's arguments; None where these do something else besides."""
    outer = spot.span
    if any(isinstance(n, Call | Assign | IncDec) for a in spot.node.args for n in walk(a)):
        return None
    found = [
        site
        for site, span in places
        if site != spot.name
        and span.source is outer.source
        and outer.start <= span.start
        and span.end <= outer.end
    ]
    return None if None in found else tuple(site for site in found if site is not None)


def _add_idle(
    keys: dict[Change, Key | None],
    spot: Spot,
    kinds: frozenset[str],
    program: Program,
    model: Model,
    config: str,
) -> None:
    """Another order at a place that the program does not come to as often as its loops are
    unrolled: its events stay as they are. (That it has an option is said all the same: where a
    read may become plain, loops are not cut short.)"""
    known = primitives(program.kernel)
    old = known.get(spot.primitive)
    for change in spot.changes:
        if old is not None and change.kind in kinds:
            name = old.shape if change.to == PLAIN else change.to
            rows = [_row(model, known[n], program.kernel, config) for n in (old.name, name)]
            if same_deed(old, known[name]) and None not in rows:
                keys[change] = (spot.name, name)


def _add(
    keys: dict[Change, Key | None],
    spot: Spot,
    change: Change,
    program: Program,
    model: Model,
    config: str,
) -> None:
    kernel = program.kernel
    known = primitives(kernel)
    old = known[spot.primitive]
    if any(c.startswith(_STRUCTURAL) for c in old.classes):
        return
    if change.kind == REMOVE:
        keys[change] = (spot.name, REMOVED)
        return
    name = old.shape if change.to == PLAIN else change.to
    new = known[name]
    if not same_deed(old, new):
        return
    rows = _row(model, old, kernel, config), _row(model, new, kernel, config)
    if None in rows:
        return
    if not _same(*rows):
        keys[change] = (spot.name, name)
    elif not ({"load", "store"} & {old.name, new.name} and _flags(model)):
        keys[change] = None


def _flags(model: Model) -> bool:
    """Whether the model may tell plain accesses from marked ones by something else than events:
    data races are looked for in more iterations of a loop where it reads plainly."""
    return any(check.flag for check in model.compiled.checks)


def _unpaired(spot: Spot, change: Change, program: Program, paired: Pairing) -> InputError | None:
    """What the compiler would say of the locks that the change leaves."""
    classes = primitives(program.kernel)[spot.primitive].classes
    if change.kind != REMOVE or not any(c.startswith(_PAIRED) for c in classes):
        return None
    if spot.name not in paired:
        paired[spot.name] = _without_site(spot.name, program)
    return paired[spot.name]


def _without_site(site: str, program: Program) -> InputError | None:
    known = primitives(program.kernel)
    for thread in program.threads:
        if not any(_calls(site, instr) for block in thread.blocks for instr in block.instrs):
            continue  # as it was when the program was compiled
        blocks = tuple(replace(b, instrs=tuple(_without(site, b.instrs))) for b in thread.blocks)
        try:
            check_locks(blocks, known)
        except InputError as error:
            return error
    return None


def _without(site: str, instrs: Iterable[Instr]) -> Iterator[Instr]:
    for instr in instrs:
        if not _calls(site, instr):
            yield instr


def _calls(site: str, instr: Instr) -> bool:
    return isinstance(instr, Access) and instr.origin.site == site


def _row(model: Model, primitive: Primitive, kernel: str, config: str) -> Row | None:
    try:
        return model.row(primitive, kernel, config)
    except InputError:
        return None


def _same(one: Row | None, other: Row | None) -> bool:
    assert one is not None and other is not None
    return (one.always, one.ok, one.fail) == (other.always, other.ok, other.fail)
