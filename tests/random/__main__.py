"""``make random COUNT=10000 SEED=1``: random programs on which everything has to agree.

Each case is a random litmus program under a shipped model or a random cat file. The engines (lazy,
tuple, explicit), the back ends (CaDiCaL, z3), the verdict with its replayed witness and both cat
evaluators must give the same answer. A failing case is made smaller and written to a folder, with
its seed. Exit code 0: all agree, 1: some do not.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

from ksmcheck.check.check import Checker
from tests.random.agree import Compared
from tests.random.cases import Case, Failure, case, run_case, run_seeds
from tests.random.shrink import shrink
from tests.random.tree import Program, litmus

_CHUNK = 10


def main(args: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(args)
    started = perf_counter()
    seeds = options.only or range(options.seed, options.seed + options.count)
    outcomes, failures = Counter[str](), 0
    for number, (seed, found) in enumerate(_results(list(seeds), options.jobs), 1):
        outcomes[_word(found)] += 1
        if isinstance(found, Failure):
            failures += 1
            _save(seed, options.failures, shrinking=not options.no_shrink)
        if number % 500 == 0:
            print(f"{number} cases, {failures} failures", flush=True)
    print(f"{sum(outcomes.values())} cases in {perf_counter() - started:.0f} s", end="")
    print("".join(f"; {count} {word}" for word, count in outcomes.most_common()))
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.random",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=10_000, help="cases")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument("--only", type=int, action="append", help="this seed alone; repeatable")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="processes")
    parser.add_argument("--failures", type=Path, default=Path("random-failures"), help="folder")
    parser.add_argument("--no-shrink", action="store_true", help="write failing cases as they are")
    return parser


def _word(found: Compared | Failure) -> str:
    if isinstance(found, Failure):
        return f"FAILED ({found.kind})"
    if found.refused is not None:
        return "refused"
    return f"answered by {found.answers} engines"


def _results(seeds: list[int], jobs: int) -> Iterator[tuple[int, Compared | Failure]]:
    chunks = [seeds[i : i + _CHUNK] for i in range(0, len(seeds), _CHUNK)]
    if jobs <= 1:
        for chunk in chunks:
            yield from run_seeds(chunk)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        for found in pool.map(run_seeds, chunks):
            yield from found


def _save(seed: int, folder: Path, *, shrinking: bool) -> None:
    """Writes the failing case, made smaller, as a litmus file with what went wrong in front."""
    checker = Checker()
    whole = case(seed, checker)
    kind = run_case(whole, checker)
    small = whole
    if shrinking and isinstance(kind, Failure):
        small = replace(whole, program=_shrunk(whole, kind.kind))
    found = run_case(small, checker)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"random-{seed}.litmus"
    path.write_text(_text(small, found), encoding="utf-8")
    if small.cat is not None:
        path.with_suffix(".cat").write_text(small.cat, encoding="utf-8")
    print(f"seed {seed}: {_word(found)}, written to {path}", flush=True)


def _shrunk(whole: Case, kind: str) -> Program:
    def fails(program: Program) -> bool:
        found = run_case(replace(whole, program=program), Checker())
        return isinstance(found, Failure) and found.kind == kind

    return shrink(whole.program, fails)


def _text(small: Case, found: Compared | Failure) -> str:
    said = found.text if isinstance(found, Failure) else "agrees when run again"
    about = f"seed {small.seed}, {small.model} ({small.config}), kernel {small.kernel}"
    comment = f"(* {about}\n{said}*)".replace("*)", "* )")[:-3] + "\n*)"
    first, rest = litmus(small.program).split("\n", 1)
    return f"{first}\n{comment}\n{rest}"


if __name__ == "__main__":
    sys.exit(main())
