"""A model with one requirement more: that executions are interleavings, or nearly so."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.cat.algebra import Algebra, AlgebraBuilder, Check
from ksmcheck.cat.compile import CompiledCat, compile_algebra
from ksmcheck.cat.library import from_reads
from ksmcheck.text import Source, Span

Kinds = tuple[str, str]
"""R or W of an access and of a later one of its thread."""


def in_order(cat: CompiledCat, but: Sequence[Kinds] = ()) -> CompiledCat:
    """The model, its flags left out, where program order, rf, co and fr together have no cycle
    (Lamport 1979; Shasha and Snir 1988): all steps of program order between accesses ``but`` those
    from one kind of access to another.

    Raises InputError for a model that is not compiled.
    """
    builder = AlgebraBuilder(list(cat.algebra.nodes), list(cat.algebra.groups))
    builder.known.update(
        ((n.op, n.sort, n.args, n.name, n.group, n.index), n.id) for n in builder.nodes
    )
    required = [(c, r) for c, r in zip(cat.checks, cat.algebra.roots, strict=True) if not c.flag]
    span = Span(Source("in order", ""), 0, 0)
    checks = (*(check for check, _ in required), Check("in-order", "acyclic", False, False, span))
    roots = (*(root for _, root in required), _steps(builder, but))
    algebra = Algebra(tuple(builder.nodes), cat.algebra.groups, checks, roots)
    kinds = " ".join(map("".join, but))
    return compile_algebra(
        algebra, cat.name, cat.compiled.title, f"{cat.digest} in order {kinds}", cat.tags
    )


def _steps(b: AlgebraBuilder, but: Sequence[Kinds]) -> int:
    reads, writes = b.base("set", "R"), b.base("set", "W")
    accesses = b.union(reads, writes)
    order = b.inter(b.base("rel", "po"), b.product(accesses, accesses))
    for first, second in but:
        order = b.diff(order, b.product(b.base("set", first), b.base("set", second)))
    steps = b.union(order, b.base("rel", "rf"))
    return b.union(b.union(steps, b.base("rel", "co")), from_reads(b))
