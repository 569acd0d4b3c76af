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
    shared = [i for i in used if i in fixed.known]
    varying.known.update(shared, given)
    _emit_varying(varying, algebra, checks, [i for i in used if varies[i]])
    wanted = [i for i in shared if f"x{i}" in varying.read]
    names = "".join(f"x{i}, " for i in wanted)
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


class _Emitter(Struct):
    """``known``: nodes whose locals exist. ``read``: names of the locals that were read."""

    algebra: Algebra
    free: list[frozenset[int]]
    lines: list[str] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    read: set[str] = field(default_factory=set)

    def emit(self, nodes: list[int], indent: str, inside: frozenset[int] = frozenset()) -> None:
        """Code for the nodes (ascending) whose variables all belong to the groups ``inside``."""
        for i in nodes:
            node = self.algebra.nodes[i]
            if i in self.known or node.op in _CONSTANTS or not self.free[i] <= inside:
                continue
            if node.op == "fix":
                self._group(self._find(node.group), indent, inside)
            elif node.op != "var":
                self.lines.append(f"{indent}x{i} = {self._expression(node)}")
                self.known.add(i)

    def ref(self, i: int) -> str:
        """The text of a node's value."""
        constant = _CONSTANTS.get(self.algebra.nodes[i].op)
        self.read.add(constant or f"x{i}")
        return constant or f"x{i}"

    def _expression(self, node: Node) -> str:
        if node.op == "base":
            return node.name
        operands = [self.ref(a) for a in node.args]
        if node.op == "complement":
            return f"{'U' if node.sort == 'set' else 'A'} & ~{operands[0]}"
        return _TEMPLATES[node.op].format(*operands)

    def _find(self, group: int) -> Group:
        return next(g for g in self.algebra.groups if g.id == group)

    def _group(self, group: Group, indent: str, inside: frozenset[int]) -> None:
        """A loop that recomputes each definition with the newest values until none changes."""
        deeper, same = indent + "    ", f"same{group.id}"
        self.lines += [f"{indent}x{v} = 0" for v in group.variables]
        self.lines.append(
            f"{indent}while True:" if group.monotone else f"{indent}for _ in range(4*n*n + 16):"
        )
        self.lines.append(f"{deeper}{same} = True")
        settled = {i for i in self.known if not self.free[i]}
        for variable, body in zip(group.variables, group.bodies, strict=True):
            below = sorted(cone(self.algebra.nodes, [body], settled))
            again = [i for i in below if group.id in self.free[i]]
            self.known.difference_update(again)
            self.emit(below, deeper, inside | {group.id})
            new = self.ref(body)
            update = f"x{variable}, {same} = {new}, False"
            self.lines.append(f"{deeper}if {new} != x{variable}: {update}")
        self.lines.append(f"{deeper}if {same}: break")
        if not group.monotone:
            self.lines.append(f"{indent}else: raise unsettled({group.names[0]!r})")
        for node in self.algebra.nodes:
            if node.op == "fix" and node.group == group.id:
                self.lines.append(f"{indent}x{node.id} = x{group.variables[node.index]}")
                self.known.add(node.id)
