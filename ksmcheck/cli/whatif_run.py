"""What ``ksmcheck whatif`` does with its options: which of its questions is asked, and how."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from ksmcheck.batch.exit_codes import AS_EXPECTED, INCONCLUSIVE
from ksmcheck.batch.single import Options, requests_for
from ksmcheck.check.verdict import BOUNDED, UNKNOWN, Request
from ksmcheck.cli.chosen import chosen_models
from ksmcheck.cli.output import Output, missing_model, nothing_asked
from ksmcheck.cli.whatif_growing import growing
from ksmcheck.cli.whatif_show import check_shown
from ksmcheck.explain.story import Story
from ksmcheck.explain.tell import simply_told
from ksmcheck.program.change import DROP, INSERT, MOVE, REMOVE, REPLACE, STRENGTHEN, WEAKEN, Change
from ksmcheck.program.inventory import find_spot
from ksmcheck.record import Struct, replace
from ksmcheck.store.written import check_writable, write_whole
from ksmcheck.syntax.files import is_standard_input
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.matrix import ALL_KINDS, Answer, chosen_changes, questions
from ksmcheck.whatif.patch import as_named, patched_copy
from ksmcheck.whatif.sweep import sweep


class Asked(Struct, frozen=True):
    """The command line, option by option."""

    file: Path
    models: tuple[str, ...]
    config: str | None
    variant: str
    kernel: str
    defines: tuple[tuple[str, str], ...]
    unroll: int | None
    sites: tuple[str, ...]
    kinds: tuple[str, ...]
    everything: bool
    remove: tuple[str, ...]
    weaken: tuple[str, ...]
    strengthen: tuple[str, ...]
    replace: tuple[str, ...]
    move: tuple[str, ...]
    drop: tuple[str, ...]
    insert: tuple[str, ...]
    patch: tuple[Path, ...]
    minimal: bool
    lattice: bool
    repair: bool
    most: int
    why: bool
    witness: bool
    show: tuple[str, ...]
    full: bool
    no_input: bool
    svg: Path | None
    jobs: int
    scheduler: str | None
    solver: str
    engine: str
    timeout: float | None
    memory: int | None
    liveness: bool
    allow_bounded: bool
    as_json: bool
    written: Mapping[str, str]
    original: Path | None = None


_OF_MATRIX = ("sites", "kinds", "everything", "why", "witness", "show", "svg", "scheduler")
_CHANGES = ("remove", "weaken", "strengthen", "replace", "move", "drop", "insert")


def _refuse_idle(asked: Asked) -> None:
    """Raises InputError for options that do nothing for what is asked, and for two questions."""
    changes = [asked.written[name] for name in (*_CHANGES, "patch") if name in asked.written]
    sets = [asked.written[name] for name in ("minimal", "repair") if name in asked.written]
    if len(sets) + bool(changes) > 1:
        raise InputError("one question at a time: changes, --minimal or --repair")
    for name in _OF_MATRIX:
        if (changes or sets) and name in asked.written:
            raise InputError(
                f"{asked.written[name]} with {(changes or sets)[0]}",
                hint=f"{asked.written[name]} is for the matrix of all sites",
            )
    for name, needed in (("lattice", "minimal"), ("most", "repair")):
        if name in asked.written and needed not in asked.written:
            hint = f"{asked.written[name]} is for --{needed}"
            raise InputError(f"{asked.written[name]} without --{needed}", hint=hint)


def _refuse_unreadable(asked: Asked) -> None:
    """Raises InputError where somebody else would have to read standard input again."""
    again = [name for name in ("jobs", "scheduler", "patch") if name in asked.written]
    if again and is_standard_input(asked.file):
        raise InputError(f"{asked.written[again[0]]} with standard input", hint="give a file")


def run(asked: Asked) -> int:
    """Answers and prints; gives the exit code. Raises InputError."""
    _refuse_idle(asked)
    _refuse_unreadable(asked)
    if not asked.patch:
        return _run(asked)
    with TemporaryDirectory(prefix="ksmcheck-") as folder:
        patched = _patched(asked, Path(folder))
        try:
            return _run(patched)
        except InputError as error:
            raise as_named(error, patched.file.parent, asked.file.parent) from None


def _patched(asked: Asked, folder: Path) -> Asked:
    asker = Asker()
    test = asker.workshop.source(_requests(asked, asker)[0])
    copy = patched_copy(test, asked.file, asked.patch, folder)
    return replace(asked, file=copy, original=asked.file)


def _run(asked: Asked) -> int:
    asker = Asker()
    requests = _requests(asked, asker)
    changes = single_changes(asked, asker, requests[0])
    if changes or asked.patch:
        return _single(asked, asker, requests, changes)
    if asked.minimal:
        from ksmcheck.cli.whatif_sets import run_minimal

        return run_minimal(
            asker,
            requests,
            lattice=asked.lattice,
            allow_bounded=asked.allow_bounded,
            as_json=asked.as_json,
            jobs=asked.jobs,
        )
    if asked.repair:
        from ksmcheck.cli.whatif_sets import run_repair

        return run_repair(
            asker,
            requests,
            allow_bounded=asked.allow_bounded,
            as_json=asked.as_json,
            most=asked.most,
            jobs=asked.jobs,
        )
    return _matrix(asked, asker, requests)


def _requests(asked: Asked, asker: Asker) -> list[Request]:
    """One a model; of all models, those that there are at the kernel point."""
    models = chosen_models(asked.models or ("all",), asked.config)
    options = Options(
        kernel=asked.kernel,
        config=asked.config,
        variant=asked.variant,
        defines=asked.defines,
        unroll=asked.unroll,
        solver=asked.solver,
        engine=asked.engine,
        timeout=asked.timeout,
        memory=asked.memory,
        liveness=asked.liveness,
    )
    found = list(requests_for(asked.file, models, options))
    for request in found:
        asker.workshop.model(request.model)  # what is none is said before a line of the answer
    if "all" in models:
        reasons = [missing_model(asker, request) for request in found]
        found = [r for r, reason in zip(found, reasons, strict=True) if reason is None]
        if not found:
            raise nothing_asked(reasons[-1])
    return found


def single_changes(asked: Asked, asker: Asker, request: Request) -> tuple[Change, ...]:
    """The changes of --remove, --weaken and so on, with full site names. Raises InputError."""
    found = [Change(site, REMOVE) for site in _names("remove", asked.remove)]
    found += [Change(site, DROP) for site in _names("drop", asked.drop)]
    for kind, texts in (
        (WEAKEN, asked.weaken),
        (STRENGTHEN, asked.strengthen),
        (REPLACE, asked.replace),
        (MOVE, asked.move),
    ):
        found += [_change(kind, text) for text in _names(kind, texts)]
    spots = asker.spots(request) if found else ()
    found = [replace(c, site=find_spot(c.site, spots).name) for c in found]
    return (*found, *(_insertion(text) for text in _names("insert", asked.insert)))


def _names(option: str, texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        parts = [part.strip() for part in text.split(",")]
        if not all(parts):
            raise InputError(f"--{option} {text!r} names nothing", hint=f"write --{option} SITE")
        yield from parts


def _change(kind: str, text: str) -> Change:
    site, equals, to = text.rpartition("=")
    if not equals or not site or not to:
        raise InputError(
            f"--{kind} {text}: what shall it become?", hint=f"write --{kind} SITE=WHAT"
        )
    return Change(site, kind, to)


def _insertion(text: str) -> Change:
    barrier, _, place = text.partition("@")
    if not barrier or not place.partition(":")[0] or ":" not in place:
        raise InputError(f"--insert {text}: where?", hint="write --insert smp_mb@FILE:LINE")
    return Change(place, INSERT, barrier)


# Single questions.


def _single(
    asked: Asked, asker: Asker, requests: list[Request], changes: tuple[Change, ...]
) -> int:
    output = Output(asker, asked.as_json, asked.allow_bounded, asked.full)
    if asked.original is not None:
        output.called = (f"{asked.file.parent}/", folder_of(asked.original))
    for request in requests:
        output.show(asker.ask(request, changes))
    return output.exit_code()


def folder_of(file: Path) -> str:
    """What stands before a file's name, as it was given."""
    return "" if file.parent == Path() else f"{file.parent}/".replace("//", "/")


# The matrix.


def _matrix(asked: Asked, asker: Asker, requests: list[Request]) -> int:
    kinds = [k.strip() for k in ",".join(asked.kinds).split(",") if k.strip()]
    for kind in kinds or [""]:
        if kind not in ALL_KINDS:
            raise InputError(
                f"no kind of change {kind!r}", hint=f"there are {', '.join(ALL_KINDS)}"
            )
    if asked.svg is not None:
        check_writable(asked.svg)
    if asked.show and asked.as_json:
        raise InputError("--show with --json", hint="the JSON has the execution of every cell")
    spots = asker.spots(requests[0])
    check_shown(asked.show, (spot.name for spot in spots), [r.model for r in requests])
    changes = chosen_changes(spots, kinds, asked.sites, everything=asked.everything)
    parts = 1 if asked.jobs <= len(requests) and asked.scheduler is None else asked.jobs
    every = questions(requests, changes, parts)
    cells: list[Answer] = []
    with growing(every, shown=not asked.as_json) as grow:
        for answer in sweep(every, jobs=asked.jobs, scheduler=asked.scheduler):
            cells.append(answer)
            grow(cells)
            if asked.as_json:
                _print_json(asker, answer)
    if not asked.as_json:
        _print_matrix(asked, asker, cells)
    if asked.why:
        _print_why(asked, requests, cells)
    if asked.svg is not None:
        from ksmcheck.report.matrix_svg import matrix_svg

        write_whole(asked.svg, matrix_svg(cells))
    _offer(asked, asker, cells)
    return exit_code(cells, asked.allow_bounded)


def _print_json(asker: Asker, answer: Answer) -> None:
    from ksmcheck.report.matrix import answer_object

    if answer.verdict is None:
        click.echo(json.dumps(answer_object(answer, None)))
        return
    verdict, story = simply_told(asker, answer.verdict)
    answer = replace(answer, verdict=verdict)
    click.echo(json.dumps(answer_object(answer, story)))


def _print_matrix(asked: Asked, asker: Asker, cells: list[Answer]) -> None:
    from ksmcheck.cli.whatif_show import chosen_cells
    from ksmcheck.report.console import paper
    from ksmcheck.report.matrix import numbered, print_matrix

    print_matrix(paper(), cells)
    for cell in numbered(cells) if asked.witness else chosen_cells(asked.show, cells):
        _show(asked, asker, cell)


def _show(asked: Asked, asker: Asker, cell: Answer) -> None:
    from ksmcheck.program.respelt import respelt
    from ksmcheck.report.console import paper
    from ksmcheck.report.text import Said, print_verdict

    assert cell.verdict is not None
    out = paper()
    out.line(f"{'; '.join(map(str, cell.changes)) or 'as it is'}:")
    becomes = respelt(cell.changes, asker.spots(cell.request))
    verdict, story = simply_told(asker, cell.verdict)
    print_verdict(out, verdict, Said(story, full=asked.full, becomes=becomes))


def _offer(asked: Asked, asker: Asker, cells: list[Answer]) -> None:
    """Where somebody is at the terminal: any cell's execution by a key or two."""
    from ksmcheck.cli.whatif_show import can_ask, pick
    from ksmcheck.report.console import paper
    from ksmcheck.report.matrix import print_matrix

    if not (asked.no_input or asked.as_json or asked.witness or asked.show) and can_ask():
        click.echo()
        pick(
            cells,
            lambda cell: _show(asked, asker, cell),
            lambda: print_matrix(paper(), cells),
        )


def _print_why(asked: Asked, requests: list[Request], cells: list[Answer]) -> None:
    """For each model that is safe what that rests on; for each violated cell what is missing."""
    from ksmcheck.report.why import grounds_object, grounds_text, missing_texts
    from ksmcheck.whatif.why import grounds

    asker = Asker()
    for request in requests:
        found = grounds(asker, request)
        if found is not None:
            click.echo(json.dumps(grounds_object(found)) if asked.as_json else grounds_text(found))
        asker.close_encodings()
    broken = {cell.request: cell.word for cell in cells if not cell.changes}
    told: list[tuple[Answer, Story]] = []
    for cell in cells if not asked.as_json else ():
        as_it_is = broken.get(replace(cell.request, changes=()))
        if cell.verdict is None or (cell.changes and cell.word == as_it_is):
            continue  # what is broken as it is has its line
        story = simply_told(asker, cell.verdict)[1]
        if story is not None:
            told.append((cell, story))
    for line in missing_texts(told):
        click.echo(line)


def exit_code(cells: list[Answer], allow_bounded: bool) -> int:
    """0, or 4 where a cell is UNKNOWN or safe only up to a bound."""
    open_ = {UNKNOWN} if allow_bounded else {UNKNOWN, BOUNDED}
    if any(c.verdict is not None and c.verdict.verdict in open_ for c in cells):
        return INCONCLUSIVE
    return AS_EXPECTED
