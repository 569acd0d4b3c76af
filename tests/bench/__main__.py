"""``make bench``: medians of whole-process times, beside a fixed calibration loop.

Figures are CPU time where nothing else is said: the wall time of a loaded machine says little. The
calibration loop is fixed pure-Python work timed in the same run: divide by it to compare figures
from different machines or days. With ``--corpus DIR`` also the families of litmus tests below DIR,
and with ``--herd PATH`` beside herd7 on the same files.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from tests.bench.corpus import Herd, corpus_section
from tests.bench.figures import calibration, median
from tests.bench.whatif import whatif_figures
from tests.bench.whole import whole_figures


def main(args: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(args)
    unit = median(calibration, options.runs)
    print(f"{'calibration loop':48} {unit:8.3f} s")
    if not options.only_corpus:
        peak = whole_figures(options.runs, unit, quick=options.quick)
        print(f"{'peak memory of the largest process':48} {peak:8.0f} MB")
        whatif_figures(unit, quick=options.quick)
    if options.corpus:
        corpus_section(options.corpus, _herd(options), options.family)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each short figure")
    parser.add_argument("--quick", action="store_true", help="leave the long figures out")
    parser.add_argument("--corpus", type=Path, help="folder of family folders with expected.tsv")
    parser.add_argument("--only-corpus", action="store_true", help="nothing but that section")
    parser.add_argument("--family", action="append", default=[], help="only this family")
    parser.add_argument("--herd", help="a herd7 binary to compare with")
    parser.add_argument("--herd-args", default="", help="arguments for it in every family")
    parser.add_argument(
        "--herd-family",
        action="append",
        default=[],
        metavar="NAME=ARGS",
        help="its arguments for one family, instead of its own model for the tests' language",
    )
    parser.add_argument(
        "--kernel-tree", type=Path, help="herd7 reads tests in C with DIR/tools/memory-model"
    )
    return parser


def _herd(options: argparse.Namespace) -> Herd | None:
    if options.herd is None:
        return None
    pairs = (text.partition("=") for text in options.herd_family)
    own = {name: tuple(shlex.split(args)) for name, _, args in pairs}
    return Herd(options.herd, tuple(shlex.split(options.herd_args)), own, options.kernel_tree)


if __name__ == "__main__":
    main()
