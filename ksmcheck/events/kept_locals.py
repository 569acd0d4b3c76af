"""Locals that C has in memory and a compiler in registers: their address stays in the thread.

A local whose address is taken is an object in memory. Accesses of one place are ordered among each
other, and hand on order: what a store to it waits for holds back all that comes from the next one.
But once the functions that get the address are inlined, a compiler keeps the local in registers
(``mem2reg`` and SROA in LLVM, SRA in GCC), and there is no place any more: what is assigned
depends on what it was computed from, and on nothing that the local held before. So plain accesses
of such a local are no events. It is carried along like a register, under the name of its cell,
whatever its address was computed from: which of several locals a pointer means decides like the
condition of ``?:``, since a compiler may make a branch of it.

Which locals these are shows in the walk. It begins with all of them, and is done again without
those of which the address is stored anywhere but in one of them, to which anything but a plain
access is done, or at which some other access may be (``lost``): these are memory like all else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from ksmcheck.events.alternatives import REMOVED, Options
from ksmcheck.events.draft import Draft, DraftEvent, DraftSearch
from ksmcheck.events.instantiate import Operand, Place
from ksmcheck.events.taint import CLEAN, Taint, by_branch, by_way, under, union, without_ways
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.events.value_sets import closure
from ksmcheck.events.values import Analysis
from ksmcheck.kernel.ints import ADDRESS, BOOL, S32, IntType, unsigned
from ksmcheck.kernel.memory import STEP
from ksmcheck.program.ir import Access, Branch, Cell, Const, End, Jump, Local, Thread
from ksmcheck.record import Struct

Locals = frozenset[Local]

NONE: Locals = frozenset()

_MOST_CHOICES = 1000
"""In an address; one with more is left to memory, with all locals that it may be of."""

Registers = dict[str, Operand]

Changed = tuple[str, Term]
"""What is held, by its name, and when it has become another."""

Emit = Callable[[Place, list[Operand]], Operand | None]
"""Emits the events of the access at hand in this place, with these operands."""


class _Arm(Struct, frozen=True):
    """What an address is where ``condition`` holds. ``cells`` are those of locals that it may be
    of; none: it is elsewhere."""

    condition: Term
    address: Term
    cells: tuple[Cell, ...]


class KeptLocals:
    """The locals of one thread that are thought to be in registers (``kept``); ``cells`` are all
    there are."""

    def __init__(self, draft: Draft, cells: Sequence[Cell], kept: Locals, options: Options) -> None:
        self.draft = draft
        self.options = options
        self.terms: TermTable = draft.terms
        self.cells = sorted(cells if kept else (), key=lambda cell: cell.address)
        self.kept = kept
        self.addresses = [cell.address for cell in self.cells]
        self.own = [cell for cell in self.cells if cell.local in kept]
        self.at = {cell.address: (cell,) for cell in self.own}
        self.names = frozenset(cell.name for cell in self.own)
        self.meant: dict[int, Locals] = {}

    def start(self) -> Registers:
        """What they hold before the thread begins."""
        return {
            cell.name: Operand(self.terms.const(cell.init, _raw(cell)), CLEAN) for cell in self.own
        }

    def within(self, term: Term) -> Locals:
        """The locals whose address is in a value. What a comparison with one gives is no address,
        nor is the condition that chose it."""
        for part in closure([term], self.meant):
            if part.op == "const":
                self.meant[part.id] = self._near(part.payload)
            elif part.type == BOOL:
                self.meant[part.id] = NONE
            else:
                self.meant[part.id] = NONE.union(*(self.meant[a.id] for a in part.args))
        return self.meant[term.id]

    def _near(self, number: int) -> Locals:
        """The local that an address is in, or beside: objects lie ``STEP`` apart."""
        above = bisect_right(self.addresses, number)
        for index in (above - 1, above):
            if 0 <= index < len(self.cells) and abs(self.addresses[index] - number) < STEP // 2:
                local = self.cells[index].local
                return frozenset((local,)) if local is not None and local in self.kept else NONE
        return NONE

    def concerns(self, access: Access, args: Sequence[Operand]) -> bool:
        """Whether this is a plain access that may be of one of them. One that may yet become
        another is not: a marked access is what a compiler has to perform."""
        if not self.names or access.name not in ("load", "store"):
            return False
        return access.origin.site not in self.options.forms and bool(self.within(args[0].term))

    # Accesses.

    def load(
        self,
        access: Access,
        args: list[Operand],
        place: Place,
        held: dict[str, Operand],
        emit: Emit,
    ) -> Operand | None:
        """The value read; ``held`` are the registers."""
        arms = self._arms(args[0].term, access, self.terms.true)
        if arms is None:
            return emit(place, args)
        found = [(here, held[cell.name]) for arm in arms for here, cell in self._at(arm)]
        elsewhere = [arm for arm in arms if not arm.cells]
        if elsewhere:
            other = emit(*self._elsewhere(elsewhere, args, place))
            assert other is not None
            found.append((self.terms.either(*(arm.condition for arm in elsewhere)), other))
        if self._search(arms, access, place):  # what is not there counts as 0
            found.append((self.terms.true, Operand(self.terms.const(0, S32), CLEAN)))
        inside = self.terms.either(*(arm.condition for arm in arms if arm.cells))
        return self._chosen(found, access, under(self.terms, inside, by_branch(args[0].taint)))

    def _chosen(
        self, found: list[tuple[Term, Operand]], access: Access, chosen_by: Taint
    ) -> Operand | None:
        type = access.result_type or access.cell_type
        assert type is not None
        value: Term | None = None
        for condition, operand in reversed(found):
            one = self._as(type, access, operand.term)
            value = one if value is None else self.terms.ite(type, condition, one, value)
        if value is None:
            return None
        taints = [under(self.terms, condition, operand.taint) for condition, operand in found]
        return Operand(value, union(self.terms, [*taints, chosen_by]))

    def store(
        self,
        access: Access,
        args: list[Operand],
        place: Place,
        held: dict[str, Operand],
        emit: Emit,
    ) -> list[Changed]:
        """Assigns, and tells when what is held has become another by that. An assignment in the
        arguments of a call that was removed (``_stays`` does not hold) is none."""
        arms = self._arms(args[0].term, access, self._stays(access.origin.site))
        if arms is None:
            emit(place, args)
            return []
        changes: list[Changed] = []
        new = Operand(args[1].term, union(self.terms, [args[1].taint, by_branch(args[0].taint)]))
        assigned = union(self.terms, [new.taint, by_way(place.control)])
        for condition, cell in [found for arm in arms for found in self._at(arm)]:
            old = held[cell.name]
            given = Operand(self._as(_raw(cell), access, new.term), new.taint)
            other = self.terms.both(place.guard, condition, self._differs(given, old))
            changes.append((cell.name, other))
            held[cell.name] = self._either(condition, Operand(given.term, assigned), old)
        self._search(arms, access, place)
        elsewhere = [arm for arm in arms if not arm.cells]
        if elsewhere:
            emit(*self._elsewhere(elsewhere, args, place))
        return changes

    def _stays(self, site: str) -> Term:
        """No call that it is an argument of has been removed."""
        removed = (self.draft.selector(c, REMOVED) for c in self.options.around.get(site, ()))
        return self.terms.both(*map(self.terms.no, removed))

    def _differs(self, new: Operand, old: Operand) -> Term:
        """The same number that was read again is another value: it depends on another read. Which
        way assigned it does not count, for without that it depends on less."""
        if without_ways(new.taint) != without_ways(old.taint):
            return self.terms.true
        return self.terms.op("ne", BOOL, new.term, old.term)

    def _either(self, condition: Term, new: Operand, old: Operand) -> Operand:
        terms = self.terms
        value = terms.ite(old.term.type, condition, new.term, old.term)
        taints = under(terms, condition, new.taint), under(terms, terms.no(condition), old.taint)
        return Operand(value, union(terms, taints))

    def _as(self, type: IntType, access: Access, value: Term) -> Term:
        assert access.cell_type is not None
        return self.terms.op("cast", type, self.terms.op("cast", access.cell_type, value))

    # Addresses.

    def _at(self, arm: _Arm) -> Iterator[tuple[Term, Cell]]:
        """The cells that it may be of, and when it is."""
        terms = self.terms
        for cell in arm.cells:
            here = terms.op("eq", BOOL, arm.address, terms.const(cell.address, ADDRESS))
            condition = terms.both(arm.condition, here)
            if condition is not terms.false:
                yield condition, cell

    def _search(self, arms: list[_Arm], access: Access, place: Place) -> bool:
        """Notes, and tells, where an element of an array may be none that there is."""
        open_ended = [arm for arm in arms if arm.cells and not arm.address.is_const]
        for arm in open_ended:
            guard = self.terms.both(place.guard, arm.condition)
            there = frozenset(cell.address for cell in arm.cells)
            self.draft.searches.append(
                DraftSearch(guard, place.thread, arm.address, there, access.origin)
            )
        return bool(open_ended)

    def _elsewhere(
        self, arms: list[_Arm], args: list[Operand], place: Place
    ) -> tuple[Place, list[Operand]]:
        """What is done where the address is none of a local."""
        terms = self.terms
        address = arms[-1].address
        for arm in arms[-2::-1]:
            address = terms.ite(ADDRESS, arm.condition, arm.address, address)
        guard = terms.both(place.guard, terms.either(*(arm.condition for arm in arms)))
        inner = Place(place.thread, guard, place.control)
        return inner, [Operand(address, args[0].taint), *args[1:]]

    def _arms(self, address: Term, access: Access, when: Term) -> list[_Arm] | None:
        """None where there are too many, or all are elsewhere. An address that is chosen on several
        ways is looked at once, for the later terms come first."""
        found: dict[int, Term] = {}
        todo = {address.id: when}
        for _ in range(_MOST_CHOICES):
            if not todo:
                break
            number = max(todo)
            condition, term = todo.pop(number), self.terms[number]
            choice = self._choice(term)
            if choice is None:
                self._also(found, term, condition)
            else:
                chosen, then, otherwise = choice
                self._also(todo, then, self.terms.both(condition, chosen))
                self._also(todo, otherwise, self.terms.both(condition, self.terms.no(chosen)))
        terms = [(condition, self.terms[number]) for number, condition in found.items()]
        arms = [_Arm(condition, term, self._cells(term, access)) for condition, term in terms]
        return None if todo or not any(arm.cells for arm in arms) else arms

    def _also(self, conditions: dict[int, Term], term: Term, condition: Term) -> None:
        """Notes one more condition under which an address is this."""
        if condition is not self.terms.false:
            known = conditions.get(term.id, self.terms.false)
            conditions[term.id] = self.terms.either(known, condition)

    def _choice(self, term: Term) -> tuple[Term, Term, Term] | None:
        """An address that a condition chooses among some of which one is in a local, as the
        condition and both; also where more is computed from it (``(c ? &s : t)->member``)."""
        if not term.args or not self.within(term):
            return None
        if term.op == "ite":
            return term.args[0], term.args[1], term.args[2]
        for place, arg in enumerate(term.args):
            inner = self._choice(arg)
            if inner is not None:
                before, after = term.args[:place], term.args[place + 1 :]
                then, otherwise = (
                    self.terms.op(term.op, term.type, *before, one, *after) for one in inner[1:]
                )
                return inner[0], then, otherwise
        return None

    def _cells(self, address: Term, access: Access) -> tuple[Cell, ...]:
        """The cells that may be at an address that nothing chooses: of constant one the one there,
        of others all that the locals have of this width."""
        locals = self.within(address)
        assert access.cell_type is not None
        width = access.cell_type.width
        own = self.at.get(address.payload, ()) if address.is_const else self.own
        return tuple(c for c in own if c.local in locals and c.type.width == width)


def live_cells(kept: KeptLocals, thread: Thread, asked: Iterable[str]) -> list[set[str]]:
    """By block, what of the locals may be read there or later, or is ``asked`` for in the end."""
    names = {cell.address: cell.name for cell in kept.own}
    live: list[set[str]] = [set() for _ in thread.blocks]
    for block in reversed(thread.blocks):
        now, end = live[block.id], block.end
        if isinstance(end, End):
            now.update(kept.names.intersection(asked))
        elif isinstance(end, Jump):
            now |= live[end.target]
        elif isinstance(end, Branch):
            now |= live[end.then] | live[end.otherwise]
        for instr in reversed(block.instrs):
            if isinstance(instr, Access) and instr.name in ("load", "store"):
                _live_before(instr, names, kept, now)
    return live


def _live_before(access: Access, names: dict[int, str], kept: KeptLocals, live: set[str]) -> None:
    address = access.args[0]
    if not isinstance(address, Const):
        live |= kept.names
    elif (name := names.get(address.value)) is not None:
        if access.name == "load" or access.origin.site in kept.options.around:
            live.add(name)
        else:
            live.discard(name)


def _raw(cell: Cell) -> IntType:
    return unsigned(cell.type.width)


def lost(kept: KeptLocals, events: Iterable[DraftEvent], analysis: Analysis) -> Locals:
    """The locals that are none to keep, since one of the events is at them, or writes an address
    of them. What is written to no cell at all (through NULL, say) is a finding of its own."""
    found = NONE
    for event in events:
        access = event.kind != "F"
        if access and not analysis.live[event.id]:
            continue
        if event.address is not None:
            found |= kept.within(event.address)
        if event.kind == "W" and event.value is not None and analysis.cells[event.id]:
            found |= kept.within(event.value)
    return found
