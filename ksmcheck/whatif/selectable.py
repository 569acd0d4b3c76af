"""Which changes of a test one encoding can answer, as selectors.

A change can be a selector where it leaves the compiled program alone but for the events of one
primitive call: a barrier that goes or becomes another, an access with other order. What moves code,
or takes away a lock that the compiler's checks look at, is a new program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ksmcheck.events.alternatives import REMOVED, Options
from ksmcheck.kernel.orders import same_deed
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row
from ksmcheck.model.model import Model
from ksmcheck.program.change import PLAIN, REMOVE, STRENGTHEN, WEAKEN, Change
from ksmcheck.program.freeing import frees
from ksmcheck.program.inventory import Spot
from ksmcheck.program.ir import Access, Assume, Block, Branch, Check, Instr, Program
from ksmcheck.program.locks import check_locks
from ksmcheck.program.tree import walk
from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax.c_ast import Assign, Call, IncDec, PointerCall
from ksmcheck.text import InputError, Span

_PAIRED = ("spin-", "mutex-", "rwlock-", "rwsem-", "rcu-marker")
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
    ``inner``: by site, the accesses in its arguments, which go with it. ``rounds``: of each branch
    that ends a loop, the sites of what is done in it."""

    keys: Mapping[Change, Key | None]
    refused: Mapping[Change, InputError] = field(default_factory=dict)
    inner: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rounds: frozenset[frozenset[str]] = frozenset()

    @property
    def options(self) -> Options:
        """For the structure of the unchanged program."""
        forms: dict[str, tuple[str, ...]] = {}
        for site, option in dict.fromkeys(k for k in self.keys.values() if k is not None):
            forms[site] = (*forms.get(site, ()), option)
        around: dict[str, tuple[str, ...]] = {}
        for outer, sites in self.inner.items():
            for site in sites:
                around[site] = (*around.get(site, ()), outer)
        return Options(forms, around)

    def selected(self, changes: Iterable[Change]) -> frozenset[Key] | None:
        """The selectors that make all changes; None where one of them is a new program, or where a
        site is to be changed twice, of which the compiler says what is wrong."""
        changes = tuple(changes)
        if len({change.site for change in changes}) < len(changes):
            return None
        if any(change not in self.keys for change in changes):
            return None
        undone = {change.site for change in changes if change.kind == REMOVE or change.to == PLAIN}
        undone.update(inner for site in tuple(undone) for inner in self.inner.get(site, ()))
        if any(sites <= undone for sites in self.rounds):
            return None  # nothing waits for the end of such a loop any more (program.leaving)
        return frozenset(key for c in changes if (key := self.keys[c]) is not None)


def selectors_of(
    spots: Iterable[Spot],
    kinds: Iterable[str],
    program: Program,
    model: Model,
    config: str,
    paired: Pairing | None = None,
    sites: Collection[str] | None = None,
) -> Selectors:
    """Selectors for all changes of the kinds (REMOVE, WEAKEN, STRENGTHEN) at the places.

    ``paired`` keeps what was found of the program's locks, by site, for other models. ``sites`` are
    those to be changed, if not all.
    """
    spots = tuple(spots)
    named = {id(spot.node): spot.name for spot in spots}
    chooser = _Chooser(program, model, config, {} if paired is None else paired, named)
    wanted = frozenset(kinds) & {REMOVE, WEAKEN, STRENGTHEN}
    for spot in spots:
        for change in spot.changes if sites is None or spot.name in sites else ():
            if change.kind in wanted:
                chooser.choose(spot, change)
    return Selectors(chooser.keys, chooser.refused, chooser.inner, _rounds(program))


class _Chooser:
    """Finds the selectors of one program; the fields are those of ``Selectors``."""

    def __init__(
        self,
        program: Program,
        model: Model,
        config: str,
        paired: Pairing,
        named: Mapping[int, str],
    ) -> None:
        self.keys: dict[Change, Key | None] = {}
        self.refused: dict[Change, InputError] = {}
        self.inner: dict[str, tuple[str, ...]] = {}
        self._program = program
        self._model = model
        self._config = config
        self._paired = paired
        self._named = named
        self._primitives = primitives(program.kernel)
        self._called, self._places = _called(program)
        # Whether a local is memory hangs on what is done to it: the program is compiled afresh.
        self._keeps = any(cell.kept for cell in program.cells)
        self._flags = _flags(model, program)

    def choose(self, spot: Spot, change: Change) -> None:
        """A selector for the change, if it can be one, or why it makes no program."""
        if spot.primitive not in self._primitives:
            return
        called = self._called.get(spot.name)
        if called is None:
            # The program does not come there as often as its loops are unrolled: no event changes.
            # It has an option all the same: where a read may become plain, loops are not cut short.
            if change.kind != REMOVE:
                self._other(spot, change, spot.primitive, idle=True)
        elif called == {spot.primitive} or called == {self._primitives[spot.primitive].for_null}:
            if change.kind == REMOVE:
                self._remove(spot, change)
            else:
                self._other(spot, change, *called)

    def _remove(self, spot: Spot, change: Change) -> None:
        classes = self._primitives[spot.primitive].classes
        sites = _inside(spot, self._places, self._named)
        if sites is None or any(c.startswith(_STRUCTURAL) for c in classes):
            return
        wrong = self._unpaired(spot.name) if any(c.startswith(_PAIRED) for c in classes) else None
        if wrong is not None:
            self.refused[change] = wrong
            return
        self.keys[change] = (spot.name, REMOVED)
        if sites:
            self.inner[spot.name] = sites

    def _other(self, spot: Spot, change: Change, called: str, *, idle: bool = False) -> None:
        """Another primitive in the place of the one that is ``called``."""
        old = self._primitives[called]
        name = old.shape if change.to == PLAIN else change.to
        new = self._primitives[name]
        if any(c.startswith(_STRUCTURAL) for c in old.classes) or not same_deed(old, new):
            return
        if {"load", "store"} & {old.name, new.name} and self._keeps:
            return
        kernel = self._program.kernel
        rows = [_row(self._model, p, kernel, self._config) for p in (old, new)]
        if None in rows:
            return
        if idle or not _same(*rows):
            self.keys[change] = (spot.name, name)
        elif not ({"load", "store"} & {old.name, new.name} and self._flags):
            self.keys[change] = None

    def _unpaired(self, site: str) -> InputError | None:
        """What the compiler would say of the locks that are left without the calls at the site."""
        if site not in self._paired:
            self._paired[site] = _without_site(site, self._program)
        return self._paired[site]


def _rounds(program: Program) -> frozenset[frozenset[str]]:
    ends = (block.end for thread in program.threads for block in thread.blocks)
    return frozenset(
        frozenset(origin.site for origin in end.leaves)
        for end in ends
        if isinstance(end, Branch) and end.leaves
    )


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


def _inside(
    spot: Spot, places: Iterable[_Where], named: Mapping[int, str]
) -> tuple[str, ...] | None:
    """The accesses in the call's arguments; None where these do something else besides."""
    outer = spot.span
    nodes = [n for a in spot.node.args for n in walk(a)]
    if any(isinstance(n, Call | PointerCall | Assign | IncDec) for n in nodes):
        return None
    found = [
        site
        for site, span in places
        if site != spot.name
        and span.source is outer.source
        and outer.start <= span.start
        and span.end <= outer.end
    ]
    if not found:
        return ()
    if None in found:
        return None
    # All that one use of a macro becomes stands in one place, and so does what an argument becomes
    # that is used twice: only the tree tells what is inside of what.
    own = {named.get(id(n)) for n in nodes}
    elsewhere = {name for name in named.values() if name not in own}
    inner = [site for site in found if site is not None and site not in elsewhere]
    return tuple(inner) if own.issuperset(inner) else None


def _flags(model: Model, program: Program) -> bool:
    """Whether the model may tell plain accesses from marked ones by something else than events:
    data races are looked for in more iterations of a loop where it reads plainly."""
    freeing = frees(program)
    return any(c.forfeits and c.asks(frees=freeing) for c in model.compiled.checks)


def _without_site(site: str, program: Program) -> InputError | None:
    known = primitives(program.kernel)
    for thread in program.threads:
        if not any(_calls(site, instr) for block in thread.blocks for instr in block.instrs):
            continue  # as it was when the program was compiled
        blocks = tuple(replace(b, instrs=tuple(_without(site, b.instrs))) for b in thread.blocks)
        wrong = _misused(blocks, known, program)
        if wrong is not None and _misused(thread.blocks, known, program) is None:
            return wrong  # it is the change that leaves a lock behind
        if wrong is not None:
            try:
                check_locks(blocks, known, program.cells, may_keep=True)
            except InputError as error:
                return error
    return None


def _misused(
    blocks: tuple[Block, ...], known: Mapping[str, Primitive], program: Program
) -> InputError | None:
    try:
        check_locks(blocks, known, program.cells)
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
