"""A verdict for the terminal: one line that says it, and the execution beside its source lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ksmcheck.check.prepare import ASSEMBLY
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Verdict, Witness
from ksmcheck.execution.execution import LIVENESS
from ksmcheck.program.ir import Origin
from ksmcheck.record import Struct
from ksmcheck.report.console import Paper, Styled

if TYPE_CHECKING:
    from ksmcheck.explain.story import Story
    from ksmcheck.program.becomes import Respelt
    from ksmcheck.report.expectation import Expectation

STYLE = {SAFE: "bold green", VIOLATED: "bold red", VACUOUS: "bold magenta"}


class Said(Struct, frozen=True):
    """What is known of a verdict besides itself. ``full``: every step and cell is shown;
    ``titles`` say what each thread does, ``becomes`` what lines say in a changed program.
    ``assumed``: what was said to be assumed of this test before, and under which model."""

    story: Story | None = None
    expectation: Expectation | None = None
    titles: tuple[str, ...] = ()
    full: bool = False
    becomes: tuple[Respelt, ...] = ()
    assumed: Mapping[str, str] = {}


def print_verdict(paper: Paper, verdict: Verdict, said: Said) -> None:
    """Writes one verdict and, where there is one, the execution and why it is possible."""
    paper.line(
        (f"{word(verdict)}  ", STYLE.get(verdict.verdict, "bold yellow")),
        f"{verdict.test}  {_subject(verdict)}".rstrip(),
        (f"\n  {_circumstances(verdict)}", "dim"),
        *(_expectation(verdict, said.expectation) if said.expectation is not None else ()),
    )
    for line in _remarks(verdict, said):
        paper.line(f"  {line}")
    if verdict.witness:
        print_witness(paper, verdict.witness, said)
        if said.story:
            why = said.story.sentence.replace("; ", ";\n       ")
            paper.line((f"why:   {why}", "bold"))
    paper.line()


def _expectation(verdict: Verdict, expectation: Expectation) -> Iterable[str | Styled]:
    if expectation.met_by(verdict):
        yield ", as expected", "dim"
    elif verdict.verdict == UNKNOWN:
        yield f", expected: {expectation.word}", "dim"
    else:
        yield f"\n  NOT AS EXPECTED: {expectation.word}", "bold red"
        yield f" ({expectation.reason})" if expectation.reason else ""


def _circumstances(verdict: Verdict) -> str:
    request = verdict.request
    config = f" ({verdict.config})" if verdict.config not in ("", "default") else ""
    kernel = "" if verdict.config == ASSEMBLY else f"kernel {request.kernel}, "
    rechecked = ", witness re-checked" if verdict.witness else ""
    engine = "enumeration" if request.engine == "explicit" else request.solver
    return f"{request.model}{config}, {kernel}{engine}, {verdict.seconds * 1000:.0f} ms{rechecked}"


def word(verdict: Verdict) -> str:
    """The verdict in a word: ``SAFE``, ``SAFE up to 4``, ``Sometimes``, ..."""
    if verdict.verdict == BOUNDED:
        return f"{verdict.observation or 'SAFE'} up to {verdict.bound}"
    if verdict.verdict == SAFE and verdict.observation:
        return verdict.observation
    return verdict.verdict


def _subject(verdict: Verdict) -> str:
    if verdict.witness and verdict.verdict == VIOLATED:
        return verdict.witness.failure.text
    return verdict.subject


def _remarks(verdict: Verdict, said: Said) -> Iterable[str]:
    if verdict.verdict in (UNKNOWN, VACUOUS) and verdict.reason:
        yield verdict.reason
    if not verdict.properties and verdict.verdict in (SAFE, BOUNDED):
        yield "it asks for nothing: there is no exists, ~exists, forall or assertion in it"
    if verdict.verdict == BOUNDED:
        where = ", ".join(str(s) for s in verdict.bound_loops)
        yield f"the unrolling bound can be reached: {where} (raise --unroll)"
    if verdict.observation and verdict.flags:
        yield f"flag: {', '.join(verdict.flags)}"
    lines = assumptions(verdict, said.full)
    earlier = list(dict.fromkeys(said.assumed[line] for line in lines if line in said.assumed))
    yield from (line for line in lines if line not in said.assumed)
    if earlier:
        whole = all(line in said.assumed for line in lines)
        what = "assuming the same of the compiler as" if whole else "and what is assumed of it"
        yield f"{what} under {' and '.join(earlier)}"
    yield from (note for note in verdict.notes if not note.startswith(_ASSUMING))


def assumptions(verdict: Verdict, full: bool) -> list[str]:
    """What a verdict takes on trust of the compiler, a line each."""
    lines = [note for note in verdict.notes if note.startswith(_ASSUMING)]
    if verdict.request.model == "lkmm":  # which looks for data races instead
        return lines
    stores = _assumption(verdict.assumed, "neither tears, fuses nor moves plain stores", full)
    reads = _assumption(verdict.reads, "neither repeats, fuses nor moves plain reads", full)
    return [*stores, *reads, *lines]


_ASSUMING = "assuming the compiler"


def _assumption(places: Sequence[Origin], trusted: str, full: bool) -> Iterator[str]:
    """What a hardware SAFE takes on trust; the first few accesses, or all."""
    if not places:
        return
    told = places if full else places[:3]
    more = f", and {len(places) - len(told)} more (--full)" if len(told) < len(places) else ""
    yield f"{_ASSUMING} {trusted}: {', '.join(_site(o) for o in told)}{more}"


def _site(origin: Origin) -> str:
    from ksmcheck.explain.story import span_text

    return f"{origin.site} ({span_text(origin.span)})"


def print_witness(paper: Paper, witness: Witness, said: Said) -> None:
    """The execution, a column a thread, in telling order; then how it ends."""
    from ksmcheck.explain.story import span_text
    from ksmcheck.report.columns import arranged, title_rows
    from ksmcheck.report.context import source_line
    from ksmcheck.report.effects import words_for
    from ksmcheck.report.witness import final_line, titles_of, witness_lines

    layout, lines = witness_lines(
        witness, said.story, paper.width, full=said.full, becomes=said.becomes
    )
    paper.line()
    for row in title_rows(layout, titles_of(layout, witness, said.titles)):
        paper.line((row, "bold"))
    for lead, text, rest, style in arranged(layout, lines):
        paper.line((lead, "dim"), (text, style), (rest, "dim"))
    paper.line()
    failed = witness.failure
    if failed.span is not None and failed.text.startswith(f"{failed.name} at"):
        at = f"fails: {span_text(failed.span)}  {source_line(failed.span, said.becomes)}"
        paper.line((at, "bold"))
    elif failed.name == LIVENESS:
        paper.line((f"fails: {failed.text}", "bold"))
    words = words_for(witness.cells, witness.thread_names)
    final = final_line(witness, said.story, words, full=said.full)
    paper.line(f"final: {final}")
