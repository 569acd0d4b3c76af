"""From a verdict to the sentence that names the missing order."""

from __future__ import annotations

from contextlib import suppress

from ksmcheck.cat.algebra import USE_AFTER_FREE
from ksmcheck.cat.graph import pairs
from ksmcheck.check.check import Checker
from ksmcheck.check.prepare import ASSEMBLY
from ksmcheck.check.verdict import VIOLATED, Request, Verdict, Witness
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.graph import graph_of
from ksmcheck.explain.lost import Site, lost_of, site_of
from ksmcheck.explain.simplest import simplest
from ksmcheck.explain.story import Story, race_story, story, used_when_freed
from ksmcheck.explain.why import why
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row
from ksmcheck.model.model import Model
from ksmcheck.program.change import REMOVE, WEAKEN
from ksmcheck.program.ir import Access
from ksmcheck.record import replace
from ksmcheck.text import InputError


def story_of(checker: Checker, verdict: Verdict) -> str | None:
    """The sentence for a verdict with an execution; None for any other."""
    told = telling_of(checker, verdict)
    return None if told is None else told.sentence


def simply_told(checker: Checker, verdict: Verdict) -> tuple[Verdict, Story | None]:
    """The verdict with the execution to show for it (see ``simplest``), and its story."""
    shown = simplest(checker, verdict)
    return shown, telling_of(checker, shown)


def telling_of(checker: Checker, verdict: Verdict) -> Story | None:
    """Why the execution of a verdict is possible: the missing order, or the accesses that race.

    None where there is no execution, for a flag that is not about pairs of accesses, and for an
    assembly test under a cat file that comes without a table, or one that knows no full barrier.
    """
    witness = verdict.witness
    if witness is None:
        return None
    model = checker.workshop.model(verdict.request.model)
    used = ""
    if verdict.flags and verdict.verdict == VIOLATED:
        met = flagged_pairs(model, verdict.flags[0], witness)
        if not met or verdict.flags[0] != USE_AFTER_FREE:
            return race_story(met, witness.thread_names) if met else None
        used = f"{used_when_freed(met, witness.thread_names)}: "
    kernel = verdict.request.kernel
    config = verdict.config.partition("+")[0]  # the first of those that an `exists` was asked for
    if config == ASSEMBLY and model.foreign:
        return None  # nothing says which fence is the full barrier of a user's cat file
    if config == ASSEMBLY:
        kernel = model.kernels[-1]  # the machine's full barrier, however C gets at it
        config = model.configs(kernel)[0]
    try:
        row = model.row(primitives(kernel)["smp_mb"], kernel, config)
    except InputError:
        return None  # a cat file that knows no full barrier: that is no fault of the test
    lost = lost_of(
        witness.execution.events, _weakened(checker, verdict.request, model, config, row)
    )
    marked = _marked(model, kernel, config)
    found = why(witness.execution, model.compiled, row, lost, marked)
    told = story(found, witness.thread_names, model.name)
    return replace(told, sentence=used + told.sentence)


def _marked(model: Model, kernel: str, config: str) -> dict[str, frozenset[str]]:
    """Of R and W the tags of READ_ONCE and WRITE_ONCE, if they are more than plain accesses and no
    fence is with them."""
    found = {}
    for kind, name in (("R", "READ_ONCE"), ("W", "WRITE_ONCE")):
        with suppress(InputError):
            row = model.row(primitives(kernel)[name], kernel, config)
            if row.always is not None and len(row.always) == 1:
                found[kind] = frozenset(row.always[0].tags)
    return found


def _weakened(
    checker: Checker, request: Request, model: Model, config: str, full: Row
) -> list[Site]:
    """Where a call was removed or weakened."""
    names = request.removed | {c.site for c in request.changes if c.kind in (REMOVE, WEAKEN)}
    if not names:
        return []
    asked = replace(request, removed=frozenset(), changes=())
    known = primitives(request.kernel)
    sites: dict[Site, None] = {}
    for thread in checker.workshop.program(asked).threads:
        for instruction in (i for block in thread.blocks for i in block.instrs):
            if isinstance(instruction, Access) and instruction.origin.site in names:
                with suppress(InputError):  # one that the model has no meaning for orders nothing
                    row = model.row(known[instruction.name], request.kernel, config)
                    sites.setdefault(site_of(thread.index, instruction.origin, row, full))
    return list(sites)


def flagged_pairs(
    model: Model, flag: str, witness: Witness
) -> tuple[tuple[ExecutedEvent, ExecutedEvent], ...]:
    """The pairs of accesses that a flag ``~empty r`` finds in an execution, each once; several
    flags may bear the name."""
    execution = witness.execution
    cat = model.compiled
    roots = [cat.root(c) for c in cat.checks if c.flag and c.name == flag]
    roots = [root for root in roots if cat.nodes[root].sort == "rel"]
    if not roots:
        return ()
    graph, bits = graph_of(execution), 0
    for root in roots:
        bits |= cat.value(graph, root)
    events = execution.events
    unordered = {(min(p), max(p)) for p in pairs(len(events), bits)}
    return tuple(
        (events[a], events[b])
        for a, b in sorted(unordered)
        if all(events[e].thread >= 0 and events[e].kind != "F" for e in (a, b))
    )
