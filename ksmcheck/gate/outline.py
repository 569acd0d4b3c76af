"""The outline of each function: its barriers and other primitives, in order, where they stand.

The names of ``program.sites`` tell places apart, but not their order. An outline does: every
primitive, and between them the shared accesses, the calls, the conditions and the jumps, each under
the branches and loops around it. So does one for what the test starts with and asks for. Line
numbers, comments and white space are no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ksmcheck.gate.declared import declared, is_volatile, volatile_cast, volatile_types
from ksmcheck.gate.ordering import ordering_functions
from ksmcheck.gate.overwritten import overwritten
from ksmcheck.gate.place import place_of
from ksmcheck.gate.spelling import spelt
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.calls import CHECKS, FREED
from ksmcheck.program.contents import functions
from ksmcheck.program.reach import reached, taken
from ksmcheck.program.sites import list_sites, site_names
from ksmcheck.program.tree import Tree, children, walk
from ksmcheck.program.wording import wording
from ksmcheck.record import Struct
from ksmcheck.report.findings import Place
from ksmcheck.syntax.c_ast import (
    Assign,
    Binary,
    Break,
    Call,
    Case,
    Conditional,
    Continue,
    Declaration,
    DoWhile,
    Expr,
    For,
    Function,
    Goto,
    If,
    IncDec,
    Label,
    Name,
    PointerCall,
    Return,
    StatementExpr,
    Switch,
    While,
)
from ksmcheck.syntax.litmus_ast import Content, InitEntry, LitmusTest, PropExpr, PropTree, Register
from ksmcheck.text import Span

_HERD_COMMENT = re.compile(r"\(\*\s.*?\*\)", re.S)

_NONE_WAITS = "no thread waits for ever"

FREED_NOW, FREED_LATER = "obj#", "freed#"
"""The variables of ``kfree(p)`` and ``kfree_rcu(p, head)`` that hold what they are given."""

ASKED = "(start and condition)"
"""The outline of what the test starts with and asks for, in place of a function's name."""

PATHS = (
    *("if", "else", "&&", "||", "?then", "?else", "switch"),
    *("while", "while-test", "do", "do-test", "for", "for-test"),
)
"""The constructs of a path. A loop's test stands apart from its body."""


class Token(Struct, frozen=True):
    """One line of an outline. ``path``: the constructs around it, outermost first, as one text.

    ``site``: it orders memory (a primitive, or a call of a function that has some). ``name`` is the
    site's name, empty where it has none; ``primitive`` what is called.
    """

    text: str
    path: str
    site: bool
    name: str
    primitive: str
    place: Place

    @property
    def line(self) -> str:
        """As the baseline has it: ``if: smp_wmb()``; sites are marked with a star."""
        star = "* " if self.site else "  "
        return f"{star}{self.path}: {self.text}" if self.path else f"{star}{self.text}"


def split(line: str) -> tuple[str, str]:
    """What stands before a line's text, star and path, and the text."""
    path, colon, text = line[2:].partition(": ")
    if colon and all(word in PATHS for word in path.split()):
        return f"{line[:2]}{path}: ", text
    return line[:2], line[2:]


class Outline(Struct, frozen=True):
    """One function as one test has it. ``key`` is ``file:function``."""

    file: str
    function: str
    place: Place
    tokens: tuple[Token, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(t.line for t in self.tokens)


class Inventory(Struct, frozen=True):
    """The outlines of one test at one kernel point. ``barriers`` names the sites that necessity is
    asked of, with their places."""

    outlines: tuple[Outline, ...]
    barriers: tuple[Token, ...]


def inventory_of(test: LitmusTest, kernel: str, *, liveness: bool = False) -> Inventory:
    """The functions that any thread calls, in source order, and what the test asks for; with
    ``liveness``, that no thread waits for ever."""
    sites = {site.name: site for site in list_sites(test, kernel)}
    names = site_names(test)
    bodies = {f.name: f for f in functions(test)}
    called, targets = reached(test), taken(test)
    ordering = ordering_functions(bodies, names, set(sites), targets)
    some = not ordering.isdisjoint(targets)
    found = []
    for function in bodies.values():
        if function.name in called:
            walker = _Walker(kernel, names, set(sites), ordering, set(bodies), some)
            tokens = tuple(walker.function(function))
            place = place_of(function.span)
            found.append(Outline(place.file, function.name, place, tokens))
    found += _asked(test, liveness, names)
    found += _declared(test, kernel)
    known = primitives(kernel)
    barriers = tuple(
        token
        for outline in found
        for token in outline.tokens
        if token.name in sites
        and sites[token.name].removable
        and known[token.primitive].shape == "fence"
        and token.primitive != "cpu_relax"
        and "rcu-marker" not in known[token.primitive].classes
    )
    return Inventory(tuple(o for o in found if not _comes_with_ksmcheck(o)), barriers)


def _comes_with_ksmcheck(outline: Outline) -> bool:
    """Whether it is a function of a kernel header (``<linux/seqlock.h>``), which no user edits."""
    return outline.file.startswith("<linux/")


def _asked(test: LitmusTest, liveness: bool, names: dict[int, str]) -> Iterator[Outline]:
    """What the test starts with, its filter and its condition; there also where it has none. So is
    what the condition's locals are given instead of what was read."""
    said = [(_start(entry), entry.span) for entry in test.init]
    said += _tables(test)
    if test.filter is not None:
        said.append((f"filter {proposition(test.filter)}", test.filter.span))
    if test.condition is not None:
        asked = f"{test.condition.quantifier} {proposition(test.condition.tree)}"
        said.append((asked, test.condition.span))
    said += _registers(test, names)
    if liveness:
        said.append((_NONE_WAITS, test.span))
    tokens = tuple(
        Token(spelt(_HERD_COMMENT.sub(" ", text)), "", False, "", "", place_of(span))
        for text, span in said
    )
    place = place_of(test.span)
    yield Outline(place.file, ASKED, place, tokens)


def _declared(test: LitmusTest, kernel: str) -> Iterator[Outline]:
    for one in declared(test, kernel):
        lines = (Token(t, "", is_volatile(t), "", "", place) for t, place in one.lines)
        yield Outline(one.place.file, one.name, one.place, tuple(lines))


def _tables(test: LitmusTest) -> Iterator[tuple[str, Span]]:
    """The variables at file level that begin as pointers to functions of the test."""
    here, own = reached(test), {f.name for f in test.top if isinstance(f, Function)}
    for item in test.top:
        if not isinstance(item, Declaration) or item.init is None or item.name not in here:
            continue
        if any(isinstance(n, Name) and n.name in own for n in walk(item.init)):
            yield f"{item.name} = {wording(item.init)}", item.span


def _registers(test: LitmusTest, names: dict[int, str]) -> Iterator[tuple[str, Span]]:
    trees = [test.filter, None if test.condition is None else test.condition.tree]
    inside = [node for tree in trees if tree is not None for node in walk(tree)]
    asked = [node for node in inside if isinstance(node, Register)]
    for number, thread in enumerate(test.threads):
        wanted = {register.name for register in asked if register.thread == number}
        for text, span in overwritten(thread, wanted, names):
            yield f"{number}:{text}", span


def _start(entry: InitEntry) -> str:
    thread = "" if entry.thread is None else f"{entry.thread}:"
    type = "" if entry.type is None else f"{wording(entry.type)} "
    value = "" if entry.value is None else f" = {wording(entry.value)}"
    return f"{type}{thread}{wording(entry.target)}{value}"


_SPELLED = {
    "and": "/\\",
    "or": "\\/",
    "not": "~",
    "implies": "=>",
    "eq": "=",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}


def proposition(tree: PropTree) -> str:
    """A condition as one text, with what macros bring, as the code is told."""
    parts = [_operand(operand) for operand in tree.operands]
    parts += [f"({proposition(child)})" for child in tree.children]
    op = _SPELLED.get(tree.op, tree.op)
    return f"{op} {parts[0]}" if len(parts) == 1 else f" {op} ".join(parts) or op


def _operand(operand: PropExpr) -> str:
    if isinstance(operand, Register):
        return f"{operand.thread}:{operand.name}"
    if isinstance(operand, Content):
        return f"[{wording(operand.location)}]"
    return wording(operand)


class _Walker:
    """One function's tokens in source order. ``leads_to_some``: a pointer may be to a function of
    those that order memory."""

    def __init__(
        self,
        kernel: str,
        names: dict[int, str],
        sites: set[str],
        ordering: set[str],
        own: set[str],
        leads_to_some: bool,
    ) -> None:
        self.known = primitives(kernel)
        self.names = names
        self.sites = sites
        self.ordering = ordering
        self.own = own
        self.leads_to_some = leads_to_some
        self.inside: Function | None = None

    def function(self, function: Function) -> Iterator[Token]:
        """Its parameters first: another order of them is another meaning of each call."""
        self.inside = function
        names = ", ".join(wording(param) for param in function.params)
        place = place_of(function.span)
        yield Token(spelt(f"({names})", declares=True), "", False, "", "", place)
        for name, at in volatile_types(function):
            yield self._token(f"volatile {name}", (), at.span, site=True)
        yield from self.tokens(function.body, ())

    def tokens(self, node: Tree, path: tuple[str, ...]) -> Iterator[Token]:
        if isinstance(node, If):
            yield from self._test("if", node.condition, path)
            yield from self.tokens(node.then, (*path, "if"))
            if node.otherwise is not None:
                yield from self.tokens(node.otherwise, (*path, "else"))
        elif isinstance(node, While | DoWhile | For):
            yield from self._loop(node, path)
        elif isinstance(node, Switch):
            yield from self._test("switch", node.value, path)
            yield from self.tokens(node.body, (*path, "switch"))
        elif isinstance(node, Binary) and node.op in ("&&", "||"):
            yield from self._arms(node.left, {node.op: node.right}, path)
        elif isinstance(node, Conditional):
            arms = {"?then": node.then, "?else": node.otherwise}
            yield from self._arms(node.condition, arms, path)
        else:
            yield from self._step(node, path)

    def _step(self, node: Tree, path: tuple[str, ...]) -> Iterator[Token]:
        """What does not branch."""
        if isinstance(node, Goto | Break | Continue | Label | Case):
            yield self._token(_jump(node), path, node.span)
        inside: Iterable[Tree] = children(node)
        if isinstance(node, StatementExpr) and (freed := _freed(node)) is not None:
            yield from self.tokens(freed, path)
            yield self._token(f"kfree({wording(freed)})", path, node.span)
            return
        if isinstance(node, Declaration) and node.name == FREED_LATER and node.init is not None:
            # Which of the objects, that its head alone does not tell.
            yield self._token(f"kfree_rcu({wording(node.init)})", path, node.init.span)
        if volatile_cast(node):
            yield self._token(f"(volatile *){wording(node.operand)}", path, node.span, site=True)
        elif isinstance(node, Call):
            yield from self._call(node, path)
            inside = node.args
        elif isinstance(node, PointerCall):
            yield self._token(wording(node), path, node.span, site=self.leads_to_some)
        elif isinstance(node, Name) and node.name in self.own:  # which function a pointer gets
            yield self._token(f"&{node.name}", path, node.span)
        elif isinstance(node, Assign) and id(node.target) in self.names:
            yield self._token(wording(node), path, node.span)
            inside = (*children(node.target), node.value)
        elif isinstance(node, IncDec) and id(node.operand) in self.names:
            yield self._token(wording(node), path, node.span)
            inside = children(node.operand)
        elif id(node) in self.names:
            yield self._token(wording(node), path, node.span)
        for child in inside:
            yield from self.tokens(child, path)
        if isinstance(node, Return):
            value = "" if node.value is None else f" {wording(node.value)}"
            yield self._token(f"return{value}", path, node.span)

    def _arms(
        self, asked: Tree, arms: Mapping[str, Tree | None], path: tuple[str, ...]
    ) -> Iterator[Token]:
        """What is evaluated under a condition; that is told where there is something in it."""
        yield from self.tokens(asked, path)
        inside = [
            token
            for word, arm in arms.items()
            if arm is not None
            for token in self.tokens(arm, (*path, word))
        ]
        if inside:
            yield self._token(f"({wording(asked)}) {next(iter(arms))}", path, asked.span)
        yield from inside

    def _loop(self, node: While | DoWhile | For, path: tuple[str, ...]) -> Iterator[Token]:
        """In the order in which it is run."""
        word = _LOOPS[type(node)]
        for first in node.init if isinstance(node, For) else ():
            yield from self.tokens(first, path)
        test = (*path, f"{word}-test")
        if isinstance(node, DoWhile):
            yield from self.tokens(node.body, (*path, word))
            yield from self._test(word, node.condition, test)
            return
        yield from self._test(word, node.condition, test)
        yield from self.tokens(node.body, (*path, word))
        if isinstance(node, For) and node.step is not None:
            yield from self._test("step", node.step, test)

    def _test(self, word: str, asked: Tree | None, path: tuple[str, ...]) -> Iterator[Token]:
        """What is evaluated, and then the whole of it: sites are matched by what is before them."""
        if asked is not None:
            yield from self.tokens(asked, path)
            yield self._token(f"{word} ({wording(asked)})", path, asked.span)

    def _call(self, node: Call, path: tuple[str, ...]) -> Iterator[Token]:
        callee = node.callee.name
        text = spelt(wording(node))
        if callee in self.own:
            # Their own sites are in an outline of their own; that they are called counts here.
            yield self._token(text, path, node.span, site=callee in self.ordering)
        elif callee in self.known:
            name = self.names.get(id(node), "")
            site, place = name in self.sites, place_of(node.span)
            yield Token(text, " ".join(path), site, name, callee, place)
        else:
            told = f"{text}{self._of(node)}"
            yield Token(told, " ".join(path), False, "", "", place_of(node.span))

    def _of(self, node: Call) -> str:
        """What the locals of an assertion or assumption hold instead of what was read."""
        if node.callee.name not in CHECKS and node.callee.name != "__assume":
            return ""
        wanted = {n.name for n in walk(node) if isinstance(n, Name)}
        assert self.inside is not None
        told = [text for text, _ in overwritten(self.inside, wanted, self.names)]
        return f" of {'; '.join(told)}" if told else ""

    def _token(
        self,
        text: str,
        path: tuple[str, ...],
        span: Span,
        *,
        site: bool = False,
    ) -> Token:
        where = " ".join(path)
        return Token(spelt(text), where, site, "", "", place_of(span))


_LOOPS = {While: "while", DoWhile: "do", For: "for"}


def _freed(node: StatementExpr) -> Expr | None:
    """What a ``kfree`` is given, where the block is what one has become (``syntax.pp_idioms``)."""
    calls = (n.callee.name for n in walk(node.body) if isinstance(n, Call))
    first = node.body.body[0] if node.body.body else None
    if not isinstance(first, Declaration) or first.name != FREED_NOW or FREED not in calls:
        return None
    return first.init


def _jump(node: Goto | Break | Continue | Label | Case) -> str:
    """A jump, or where one leads to."""
    match node:
        case Goto():
            return f"goto {node.label}"
        case Break():
            return "break"
        case Continue():
            return "continue"
        case Label():
            return f"{node.name}:"
    if node.low is None:
        return "default"
    ends = [wording(end) for end in (node.low, node.high) if end is not None]
    return f"case {'...'.join(ends)}"
