"""From the algebra to Python source: straight-line code over integers, one local a node.

A section evaluates some checks. Its code is two functions: ``fixed`` computes what does not depend
on rf and co (its results are kept between candidates), ``varying`` computes the rest and tests the
checks in order, stopping at the first that fires if so asked. What an earlier section has computed
of it is given to it.
"""

from __future__ import annotations

from ksmcheck.cat.algebra import Algebra, Group, Node
from ksmcheck.cat.dependence import free_groups, varying_nodes
from ksmcheck.cat.recursion import cone
from ksmcheck.record import Struct, field

_CONSTANTS = {"universe": "U", "id": "I", "empty": "0"}
_TEMPLATES = {
    "union": "{0} | {1}",
    "inter": "{0} & {1}",
    "diff": "{0} & ~{1}",
    "seq": "compose({0}, {1}, k)",
    "inverse": "transpose({0}, k)",
    "plus": "closure({0}, k)",
    "star": "closure({0}, k) | I",
    "opt": "{0} | I",
    "identity": "identity({0}, k)",
    "product": "product({0}, {1}, k)",
    "domain": "domain({0}, k)",
    "range": "codomain({0}, k)",
}
_TESTS = {"acyclic": "cyclic({0}, k)", "irreflexive": "{0} & I", "empty": "{0}"}


class Section(Struct, frozen=True):
    """Generated code for some checks.

    ``checks``  their numbers in the algebra.
    ``inputs``  the sets and relations that ``fixed`` takes, in order, as (sort, name).
    ``given``   the locals of an earlier section that ``varying`` takes, in order.
    ``source``  of a module with ``fixed(k, inputs)`` and ``varying(k, fixed, given, rf, co, first,
                keep)``; k is a Shape. ``fixed`` returns (what ``varying`` takes, all its locals);
                ``varying`` returns (numbers of the checks that fire, all its locals; None where
                none fires, unless ``keep``). The local of node i is ``x<i>``.
    """

    checks: tuple[int, ...]
    inputs: tuple[tuple[str, str], ...]
    given: tuple[str, ...]
    source: str


def generate(algebra: Algebra, checks: tuple[int, ...], earlier: tuple[int, ...] = ()) -> Section:
    """The section that evaluates these checks, where those of ``earlier`` have been before."""
    varies, free = varying_nodes(algebra), free_groups(algebra)
    nodes, roots = algebra.nodes, algebra.roots
    known = {
        i
        for i in cone(nodes, [roots[c] for c in earlier])
        if varies[i] and not free[i] and nodes[i].op not in ("base", *_CONSTANTS)
    }
    used = sorted(cone(nodes, [roots[c] for c in checks], known))
    given = [i for i in used if i in known]
    fixed, varying = _Emitter(algebra, free), _Emitter(algebra, free)
    inputs = [n for n in (algebra.nodes[i] for i in used) if n.op == "base" and not varies[n.id]]
    fixed.known.update(n.id for n in inputs)
    fixed.emit([i for i in used if not varies[i]], "    ")
    started = _emit_starts(fixed, algebra, used, varies)
    shared = [i for i in used if i in fixed.known]
    varying.known.update(shared, given)
    varying.started.update(started)
    _emit_varying(varying, algebra, checks, [i for i in used if varies[i]])
    wanted = [i for i in shared if f"x{i}" in varying.read]
    names = "".join([*(f"x{i}, " for i in wanted), *(f"s{v}, " for v in started)])
    source = "\n".join(
        [
            "def fixed(k, inputs):",
            "    U, I, A, n = k.row, k.diagonal, k.full, k.n",
            f"    ({''.join(f'x{n.id}, ' for n in inputs)}) = inputs",
            *fixed.lines,
            f"    return ({names}), locals()",
            "",
            "def varying(k, fixed, given, rf, co, first, keep):",
            "    U, I, A, n = k.row, k.diagonal, k.full, k.n",
            f"    ({names}) = fixed",
            f"    ({''.join(f'x{i}, ' for i in given)}) = given",
            "    hits = []",
            *varying.lines,
            "    return hits, locals() if hits or keep else None",
            "",
        ]
    )
    taken = tuple(f"x{i}" for i in given)
    return Section(checks, tuple((n.sort, n.name) for n in inputs), taken, source)


def _emit_varying(
    out: _Emitter, algebra: Algebra, checks: tuple[int, ...], nodes: list[int]
) -> None:
    for check in checks:
        root, test = algebra.roots[check], algebra.checks[check]
        settled = {i for i in out.known if not out.free[i]}
        below = set(cone(algebra.nodes, [root], settled))
        out.emit([i for i in nodes if i in below], "    ")
        fires = _TESTS[test.kind].format(out.ref(root))
        # A requirement fires when it fails, a flag when it holds.
        if test.flag != test.negated:
            fires = f"not ({fires})"
        out.lines += [
            f"    if {fires}:",
            f"        hits.append({check})",
            "        if first: return hits, locals()",
        ]


def _emit_starts(out: _Emitter, algebra: Algebra, used: list[int], varies: list[bool]) -> list[int]:
    """Code for what a least fixpoint has at least, whatever rf and co are: its variables grow from
    there. They are given by number; their locals are ``s<i>``."""
    started: list[int] = []
    for group in algebra.groups:
        mine = frozenset((group.id,))
        if not group.monotone or not set(group.variables) & set(used):
            continue
        if not varies[group.variables[0]] or any(out.free[b] != mine for b in group.bodies):
            continue
        least = _Least(out, varies, group.variables)
        bodies = [least.text(body) for body in group.bodies]
        if any(bodies):
            out.lines += [f"    s{v} = 0" for v in group.variables]
            out.lines += ["    while True:", "        same = True"]
            for v, body in zip(group.variables, bodies, strict=True):
                out.lines += [f"        now = {body or 0}"]
                out.lines += [f"        if now != s{v}: s{v}, same = now, False"]
            out.lines += ["        if same: break"]
            started += group.variables
    return started


_LONG = 800
"""Characters of an expression: Python takes some two hundred parentheses inside each other."""


class _Least(Struct):
    """Expressions for what the nodes of a group have at least; None: nothing is certain, or it
    takes too long to say.

    Every operator grows with its operands, but for what a difference or complement takes away.
    """

    out: _Emitter
    varies: list[bool]
    variables: tuple[int, ...]

    def text(self, body: int) -> str | None:
        ends = {i for i, varies in enumerate(self.varies) if not varies}
        found: dict[int, str | None] = {}
        for i in cone(self.out.algebra.nodes, [body], ends.union(self.variables)):
            said = self._of(i, found)
            found[i] = None if said is not None and len(said) > _LONG else said
        return found[body]

    def _of(self, i: int, found: dict[int, str | None]) -> str | None:
        """The text of a node, given those of its operands."""
        node = self.out.algebra.nodes[i]
        if i in self.variables:
            return f"s{i}"
        if not self.varies[i]:
            # What only a node that is given is made of has not been computed here.
            there = i in self.out.known or node.op in _CONSTANTS
            return self.out.ref(i) if there else None
        if node.op in ("base", "var", "fix", "complement"):
            return None
        if node.op == "diff" and self.varies[node.args[1]]:
            return None
        operands = [found[a] for a in node.args]
        if node.op in ("union", "opt", "star"):
            operands = [o for o in operands if o]
            constant = [] if node.op == "union" else ["I"]
            if node.op == "star" and operands:
                operands = [f"closure({operands[0]}, k)"]
            return "(" + " | ".join([*map(str, operands), *constant]) + ")" if operands else None
        if None in operands:
            return None
        return "(" + _TEMPLATES[node.op].format(*operands) + ")"


class _Emitter(Struct):
    """``known``: nodes whose locals exist. ``closed``: nodes whose closures do, as ``c<i>``.
    ``read``: names of the locals that were read. ``started``: variables that need not grow from
    empty, but from the local ``s<i>``."""

    algebra: Algebra
    free: list[frozenset[int]]
    lines: list[str] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    started: set[int] = field(default_factory=set)

    def emit(self, nodes: list[int], indent: str, inside: frozenset[int] = frozenset()) -> None:
        """Code for the nodes (ascending) whose variables all belong to the groups ``inside``."""
        for i in nodes:
            node = self.algebra.nodes[i]
            if i in self.known or node.op in _CONSTANTS or not self.free[i] <= inside:
                continue
            if node.op == "fix":
                self._group(self._find(node.group), indent, inside)
            elif node.op != "var":
                if node.op in ("plus", "star"):
                    self._close(node.args[0], indent)
                self.lines.append(f"{indent}x{i} = {self._expression(node)}")
                self.known.add(i)

    def _close(self, i: int, indent: str) -> None:
        """The closure is one for ``r+`` and ``r*``."""
        if i not in self.closed:
            self.lines.append(f"{indent}c{i} = closure({self.ref(i)}, k)")
            self.closed.add(i)

    def ref(self, i: int) -> str:
        """The text of a node's value."""
        constant = _CONSTANTS.get(self.algebra.nodes[i].op)
        self.read.add(constant or f"x{i}")
        return constant or f"x{i}"

    def _expression(self, node: Node) -> str:
        if node.op == "base":
            return node.name
        if node.op in ("plus", "star"):
            self.read.add("I")
            return f"c{node.args[0]}" + (" | I" if node.op == "star" else "")
        operands = [self.ref(a) for a in node.args]
        if node.op == "complement":
            return f"{'U' if node.sort == 'set' else 'A'} & ~{operands[0]}"
        return _TEMPLATES[node.op].format(*operands)

    def _find(self, group: int) -> Group:
        return next(g for g in self.algebra.groups if g.id == group)

    def _group(self, group: Group, indent: str, inside: frozenset[int]) -> None:
        """A loop that recomputes each definition with the newest values until none changes; one
        whose variables have not changed since is left as it is."""
        deeper, variables = indent + "    ", group.variables
        settled = {i for i in self.known if not self.free[i]}
        below = [sorted(cone(self.algebra.nodes, [body], settled)) for body in group.bodies]
        for v in variables:
            self.lines.append(f"{indent}x{v} = {f's{v}' if v in self.started else 0}")
            self.lines.append(f"{indent}again{v} = True")
        again = " or ".join(f"again{v}" for v in variables)
        self.lines.append(
            f"{indent}while {again}:" if group.monotone else f"{indent}for _ in range(4*n*n + 16):"
        )
        if not group.monotone:
            self.lines.append(f"{deeper}if not ({again}): break")
        for variable, body, nodes in zip(variables, group.bodies, below, strict=True):
            users = [v for v, used in zip(variables, below, strict=True) if variable in used]
            self.lines += [f"{deeper}if again{variable}:", f"{deeper}    again{variable} = False"]
            hanging = {i for i in nodes if group.id in self.free[i]}
            self.known -= hanging
            self.closed -= hanging
            self.emit(nodes, deeper + "    ", inside | {group.id})
            new = self.ref(body)
            self.lines.append(f"{deeper}    if {new} != x{variable}:")
            self.lines.append(f"{deeper}        x{variable} = {new}")
            self.lines += [f"{deeper}        again{v} = True" for v in users]
        if not group.monotone:
            self.lines.append(f"{indent}else: raise unsettled({group.names[0]!r})")
        for node in self.algebra.nodes:
            if node.op == "fix" and node.group == group.id:
                self.lines.append(f"{indent}x{node.id} = x{variables[node.index]}")
                self.known.add(node.id)
