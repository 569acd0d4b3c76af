"""What is known without running: constants, from a branch onwards, along every way on.

A test whose outcome is known is no branch, and the way that it never takes does not count in
control dependence: ``if (flags == LOCK)`` in a function that was called with a constant. What is
known starts with the values that the program's text has fixed so far, and is lost where ways with
different values meet (conditional constant propagation: Wegman, Zadeck 1991).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from ksmcheck.execution.bodies import Answer, Consult, Key, Known, Outlook, Parts
from ksmcheck.execution.concrete import NOTHING, Concrete, convert
from ksmcheck.execution.flow import Point
from ksmcheck.execution.interpreter import Interpreter
from ksmcheck.execution.joins import join_of, meets_before
from ksmcheck.execution.known import RETURNED, given_parts, imagine, is_result, known_now
from ksmcheck.execution.machine import Call, InMemory, Variable
from ksmcheck.execution.performed import Done, Record
from ksmcheck.execution.private_places import Home
from ksmcheck.kernel.types import FunctionOf, StructType
from ksmcheck.record import Struct, replace
from ksmcheck.syntax import c_ast as c
from ksmcheck.text import InternalError, Span


class Unknown(Exception):
    """The expression's value hangs on what is not fixed."""


class Endless(Exception):
    """A function is called that never returns."""


def outlook(interpreter: Interpreter, call: Call, branch: Point) -> Outlook:
    """Looks along all ways on from a branch whose outcome is not fixed.

    What is seen is kept: it follows from the text, from what is fixed here and from where the
    private variables lie.
    """
    known, situation = _known(call), _situation(interpreter)
    key = (branch.number, call.lenient, frozenset(known.items()), situation)
    seen = call.body.outlooks.get(key)
    if seen is not None and _valid(seen.called, interpreter.types.functions):
        return seen
    mind = _Mind(interpreter, call, situation)
    if seen is not None and mind.stands(seen.consults):
        found = replace(seen, called=tuple(mind.notes.called.values()))
    else:
        mind = _Mind(interpreter, call, situation)
        found = _look(mind, call, branch, known)
    call.body.outlooks[key] = found
    return found


def outcome(interpreter: Interpreter, e: c.Expr) -> Concrete | None:
    """The value of an expression that is passed over, if it is known."""
    call = interpreter.call
    mind = _Mind(interpreter, call, _situation(interpreter))
    imagine(mind.call, _known(call), call.variables)
    mind.scope = interpreter.scope
    found = mind.known_ahead(e)
    interpreter.consulted.update(mind.notes.called)
    return found


def _known(call: Call) -> Known:
    visible = call.body.declarations
    return {k: v for k, v in known_now(call).items() if not k[0] or k[0] in visible}


def _situation(interpreter: Interpreter) -> Hashable:
    places = interpreter.record.places
    return (
        interpreter.record.thread,
        *(frozenset(interpreter.starts.items()), tuple(places.known.items())),
        tuple(places.owners.items()),
    )


def _valid(called: Iterable[c.Function], functions: Mapping[str, c.Function]) -> bool:
    return all(functions.get(f.name) is f for f in called)


def _look(mind: _Mind, call: Call, branch: Point, known: Known) -> Outlook:
    loops = call.body.loops
    seen = _Propagation(mind, known, call.variables, branch)
    ways = seen.ways
    join = join_of(loops, branch, lambda point: ways.get(point.number, point.next))
    meets = meets_before(loops, branch, lambda point: ways.get(point.number, point.next), join)
    before = seen.before
    if loops.around(join):  # what is fixed when it is come to first, not in every round
        mind.call = Call(call.body, call.lenient, call.result_type)
        before = _Propagation(mind, known, call.variables, branch, until=(join,)).before
    fixed, here = before.get(join, {}), before
    if meets and loops.bodies:
        mind.call = Call(call.body, call.lenient, call.result_type)
        ends = (join, *loops.bodies)
        here = _Propagation(mind, known, call.variables, branch, until=ends).before
    some = {number: here[number] for number in meets if number in here}
    return Outlook(join, fixed, tuple(mind.notes.called.values()), mind.notes.all(), some)


class _Passed(Struct, frozen=True):
    """A point looked at: what is known ``after`` it, the ``ways`` on, the types of the variables
    that it knows, and what it asked of which functions."""

    after: Known
    ways: list[Point]
    variables: dict[int, Variable]
    called: tuple[c.Function, ...]
    consults: tuple[Consult, ...]


class _Propagation:
    """``before`` is what is known before each point reached, ``ways`` the ways on from it.

    It begins with both ways on from ``branch``, without one at the entry of the call that ``mind``
    is in, and ends at the points ``until`` or at the exit.
    """

    def __init__(
        self,
        mind: _Mind,
        known: Known,
        variables: Mapping[int, Variable],
        branch: Point | None = None,
        until: tuple[int, ...] = (),
    ) -> None:
        self.mind = mind
        self.call = mind.call
        self.variables = dict(variables)
        self.branch = branch
        self.until = until
        self.before: dict[int, Known] = {}
        self.ways: dict[int, list[Point]] = {}
        waiting: list[Point] = []
        for target in [mind.call.body.flow.entry] if branch is None else branch.next:
            self._arrive(target, known, waiting)
        while waiting:
            point = waiting.pop()
            after, ways = self._pass(point, self.before[point.number])
            self.ways[point.number] = list(point.next) if point is branch else ways
            for target in self.ways[point.number]:
                self._arrive(target, after, waiting)

    def _arrive(self, point: Point, known: Known, waiting: list[Point]) -> None:
        old = self.before.get(point.number)
        met = known if old is None else {k: v for k, v in old.items() if known.get(k) == v}
        if old is None or len(met) != len(old):
            self.before[point.number] = met
            if point.number not in self.until:
                waiting.append(point)

    def _pass(self, point: Point, known: Known) -> tuple[Known, list[Point]]:
        """What is known after a point, and the ways that it can take."""
        if point.item is None:
            return known, point.next
        mind = self.mind
        key = (id(point), self.call.lenient, frozenset(known.items()), mind.situation)
        passed: _Passed | None = mind.seen_ahead.get(key)
        if passed is None:
            with mind.noting() as notes:
                after, ways, variables = self._looked_at(point, known)
            called = tuple(notes.called.values())
            passed = mind.seen_ahead[key] = _Passed(after, ways, variables, called, notes.all())
        mind.notes.add(passed.called, passed.consults)
        self.variables |= passed.variables
        return passed.after, passed.ways

    def _looked_at(
        self, point: Point, known: Known
    ) -> tuple[Known, list[Point], dict[int, Variable]]:
        self.mind.call = self.call  # what was given up half-way may have left another
        imagine(self.call, known, self.variables)
        self.mind.scope, self.mind.steps = point.scope, 0
        try:
            with self.mind.inside():  # it may be known although it reads: READ_ONCE(x) ? 1 : 1
                following = self.mind.step(self.call, point)
        except Endless:
            return known, [], {}
        except (Unknown, InternalError):
            return {k: v for k, v in known.items() if _survives(k, point)}, point.next, {}
        return known_now(self.mind.call), [following], self.mind.call.variables


def _survives(key: Key, point: Point) -> bool:
    if is_result(key):
        return point.kind != "return"
    return key[1] not in point.assigned


class _Notes:
    """Functions that were looked into, by identity, and what was asked of those called first."""

    def __init__(self) -> None:
        self.called: dict[int, c.Function] = {}
        self._consults: dict[Hashable, Consult] = {}

    def add(self, called: Iterable[c.Function], consults: Iterable[Consult]) -> None:
        self.called.update((id(f), f) for f in called)
        for consult in consults:
            key = (consult.name, *map(_fixed, consult.arguments))
            self._consults.setdefault(key, consult)

    def all(self) -> tuple[Consult, ...]:
        return tuple(self._consults.values())


class _Mind(Interpreter):
    """An interpreter without a record: whatever it would have to look up is unknown.

    Inside a function that is called (``depth``), what is read is carried along as a value that is
    not fixed. Where it branches on such a value, all its ways are looked along, for what they all
    return.
    """

    most_steps = 5_000

    def __init__(self, interpreter: Interpreter, call: Call, situation: Hashable) -> None:
        record = interpreter.record
        ahead = Record(record.thread, (), record.places.copy())
        super().__init__(interpreter.world, ahead, interpreter.sight)
        self.path = interpreter.path
        self.starts = interpreter.starts
        self.call = Call(call.body, call.lenient, call.result_type)
        self.notes = _Notes()
        self.seen_ahead = interpreter.seen_ahead
        self.situation = situation
        self.depth = 0

    def unknown(self) -> NoReturn:
        raise Unknown

    def home(self, place: InMemory) -> Home | None:
        """What a local in memory holds is as little known as what else is read there."""
        return None

    def perform(self, name: str, place: InMemory | None, names: dict[str, Concrete]) -> Done:
        if not self.depth:
            self.unknown()
        return Done(True, None if place is None else Concrete(place.type, 0), ())

    def called(self, e: c.Call) -> Concrete:
        """``if (enabled()) return;`` with a function that gives what is fixed, whatever it does
        besides; its arguments need not be."""
        if self.types.functions.get(e.callee.name) is None:
            return super().called(e)
        with self.inside():
            return super().called(e)

    def called_through(self, e: c.PointerCall) -> Concrete:
        with self.inside():
            return super().called_through(e)

    def led_to(
        self, pointer: Concrete, type: FunctionOf, passed: list[Concrete | Variable], span: Span
    ) -> Concrete:
        """Of a call that may lead to several functions nothing is known, but that there is a way
        on: the pointer may lead nowhere."""
        if pointer.fixed:
            return super().led_to(pointer, type, passed, span)
        return self.nothing(type.result, fixed=False)

    def known_ahead(self, e: c.Expr) -> Concrete | None:
        with self.inside():
            try:
                value = self.value(e)
            except (Unknown, Endless, InternalError):
                return None
        return value if value.fixed else None

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What is given up half-way leaves no trace of where it was."""
        kept = self.call, self.scope, self.path
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
            self.call, self.scope, self.path = kept

    def enter(self, function: c.Function, arguments: list[Concrete | Variable]) -> Concrete:
        answer = self.answer(function, arguments)
        consult = Consult(function.name, tuple(arguments), answer.value)
        self.notes.add(answer.called, (consult,))
        return self.said(function, answer)

    def answer(self, function: c.Function, arguments: list[Concrete | Variable]) -> Answer:
        """What is known of a call, from before if that still stands."""
        call = self.new_call(function)
        key = (self.situation, *map(_fixed, arguments))
        answer = call.body.answers.get(key)
        if answer is not None and _valid(answer.called, self.types.functions):
            return answer
        with self.noting() as notes:
            notes.called[id(function)] = function
            if call.result_type is None:  # it is asked nothing but whether it ends
                answer = Answer(NOTHING, ()) if self.ends(function.name) else None
            elif answer is not None and not self.stands(answer.consults):
                answer = None
        if answer is None:
            with self.noting() as notes:
                notes.called[id(function)] = function
                answer = Answer(self.found(call, function, arguments), (), notes.all())
        answer = call.body.answers[key] = replace(answer, called=tuple(notes.called.values()))
        return answer

    def stands(self, consults: Iterable[Consult]) -> bool:
        """Whether functions, some of which are others now, still give what they gave."""
        kept = self.call, self.scope, self.depth
        self.depth = 1
        try:
            for consult in consults:
                function = self.types.functions[consult.name]
                answer = self.answer(function, list(consult.arguments))
                self.notes.add(answer.called, (consult,))
                if answer.value != consult.value:
                    return False
        finally:
            self.call, self.scope, self.depth = kept
        return True

    @contextmanager
    def noting(self) -> Iterator[_Notes]:
        """What is asked of functions meanwhile is noted by itself."""
        outer, self.notes = self.notes, _Notes()
        try:
            yield self.notes
        finally:
            self.notes = outer

    def said(self, function: c.Function, answer: Answer) -> Concrete:
        if isinstance(answer.value, Concrete):
            return answer.value
        if isinstance(answer.value, tuple):
            type = self.resolve(function.result)
            self.struct = Variable(function.name, type, parts=dict(answer.value))
            return NOTHING
        raise answer.value

    def found(
        self, call: Call, function: c.Function, arguments: list[Concrete | Variable]
    ) -> Concrete | Parts | type[Exception]:
        struct = isinstance(call.result_type, StructType)
        try:
            value = super().enter(function, arguments)
            return self.fixed_parts() if struct else value
        except (Unknown, Endless) as nothing:
            if isinstance(nothing, Endless):
                return Endless
        except InternalError:
            return Unknown
        try:
            return self.returned_anyway(call, function, arguments)
        except (Unknown, Endless) as nothing:
            return type(nothing)
        except InternalError:
            return Unknown

    def fixed_parts(self) -> Parts:
        """Of the struct that a function has given."""
        if self.struct is None:
            self.unknown()
        return _fixed_parts(self.struct)

    def ends(self, name: str) -> bool:
        """Whether a function comes to its end whatever way it takes."""
        function = self.types.functions.get(name)
        if function is None:
            return True  # a primitive
        self.notes.called[id(function)] = function
        calls = self.new_call(function).body.calls
        return calls is not None and all(map(self.ends, calls))

    def returned_anyway(
        self, call: Call, function: c.Function, arguments: list[Concrete | Variable]
    ) -> Concrete | Parts:
        """What all ways through a function return."""
        depth, self.depth, self.call = self.depth, 0, call
        try:
            self.hand_over(function, arguments)
            seen = _Propagation(self, known_now(call), call.variables).before.get(-1)
        finally:
            self.depth = depth
        if seen is None:
            raise Endless
        if call.result_type is None:
            return NOTHING
        if isinstance(call.result_type, StructType):
            return tuple(sorted(given_parts(seen).items()))
        if RETURNED not in seen:
            self.unknown()
        return seen[RETURNED]

    def go_round_for_ever(self) -> None:
        self.unknown()

    def branch(self, call: Call, point: Point, value: Concrete) -> None:
        if not value.fixed:
            self.unknown()

    def checked(self, e: c.Call) -> Concrete:
        if not self.depth:
            self.unknown()
        return super().checked(e)

    def value(self, e: c.Expr) -> Concrete:
        value = super().value(e)
        if not value.fixed and not self.depth:
            self.unknown()
        return value

    def conditional(self, e: c.Conditional) -> Concrete:
        """Only the arm that is taken has to be known."""
        if e.then is None or self.depth:
            return super().conditional(e)
        chosen = e.then if self.value(e.condition).truth else e.otherwise
        return convert(self.value(chosen), self.joined_type(e.then, e.otherwise))


def _fixed(argument: Concrete | Variable) -> Concrete | Parts | None:
    """What an argument contributes to what is known of a call."""
    if isinstance(argument, Variable):
        return _fixed_parts(argument)
    return argument if argument.fixed else None


def _fixed_parts(struct: Variable) -> Parts:
    return tuple((offset, value) for offset, value in sorted(struct.parts.items()) if value.fixed)
