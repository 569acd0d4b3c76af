"""Generated sections made runnable; they remember what does not change between candidates."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from ksmcheck.cat import bits
from ksmcheck.cat.codegen import Section
from ksmcheck.cat.evaluate import unsettled
from ksmcheck.cat.graph import Graph, Shape, shape

Values: TypeAlias = dict[str, int]
# How many results of ``fixed`` to keep: fewer where relations are large.
_MOST_KEPT, _KEPT_PAIRS = 512, 500_000
# Byte code is for one Python version. (importlib.util has a finer mark, and costs a millisecond.)
_PYTHON = sys.version.encode()
_OPERATORS = ("compose", "closure", "cyclic", "transpose", "product", "identity", "domain")


def code_of(section: Section) -> tuple[bytes, bytes]:
    """The section's byte code with the mark of the Python version that it is for."""
    return _PYTHON, marshal.dumps(compile(section.source, "<cat model>", "exec"))


class Machine:
    """One section, executable. Keeps the results of ``fixed`` for the candidates last seen."""

    def __init__(self, section: Section, code: tuple[bytes, bytes]) -> None:
        self.section = section
        scope: dict[str, Any] = {name: getattr(bits, name) for name in _OPERATORS}
        scope.update(codomain=bits.codomain, unsettled=unsettled)
        if code[0] != _PYTHON:
            code = code_of(section)
        exec(marshal.loads(code[1]), scope)
        self._fixed: Callable[..., tuple[tuple[int, ...], Values]] = scope["fixed"]
        self._varying: Callable[..., tuple[list[int], Values | None]] = scope["varying"]
        self._kept: dict[tuple[int, ...], tuple[tuple[int, ...], Values]] = {}

    def run(
        self, graph: Graph, first: bool, keep: bool = False, earlier: Values | None = None
    ) -> tuple[list[int], Values | None]:
        """The numbers of the checks that fire, in order (only the first if so asked); and, if any
        does or ``keep``, every value that was computed, by local name.

        ``earlier``: all that the section computed for this graph which this one builds on.
        """
        k = shape(graph.n)
        rels = graph.rels
        static, _ = self._static(graph, k)
        given = [earlier[name] for name in self.section.given] if earlier else ()
        return self._varying(k, static, given, rels.get("rf", 0), rels.get("co", 0), first, keep)

    def judge(self, graph: Graph) -> Callable[[int, int], bool]:
        """Whether any check fires, from rf and co alone: the rest is as in the graph."""
        k = shape(graph.n)
        static, _ = self._static(graph, k)
        varying = self._varying
        return lambda rf, co: bool(varying(k, static, (), rf, co, True, False)[0])

    def values(self, graph: Graph, computed: Values) -> Values:
        """All locals of both parts: ``computed`` as ``run`` returned it, and the kept ones."""
        return {**self._static(graph, shape(graph.n))[1], **computed}

    def _static(self, graph: Graph, k: Shape) -> tuple[tuple[int, ...], Values]:
        sets, rels = graph.sets, graph.rels
        inputs = [
            (sets if sort == "set" else rels).get(name, 0) for sort, name in self.section.inputs
        ]
        key = (graph.n, *inputs)
        found = self._kept.get(key)
        if found is None:
            found = self._fixed(k, inputs)
            if len(self._kept) >= min(_MOST_KEPT, 4 + _KEPT_PAIRS // (k.n * k.n + 1)):
                self._kept.clear()
            self._kept[key] = found
        return found
