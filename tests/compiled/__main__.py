"""``make compiled COUNT=1000 SEED=1``: what a compiler makes of threads is no weaker than they are.

Random threads in C are checked under the model of a machine, and so is the assembly that gcc -O2
for that machine makes of them. Each final state of the assembly has to be one of the C; where it is
not, a SAFE of the C that rules it out has to name the dependency that the compiler left out. For
that the kernel's primitives are macros of the machine's own instructions. Needs the compilers
aarch64-linux-gnu-gcc, powerpc64le-linux-gnu-gcc, riscv64-linux-gnu-gcc, or some of them. Exit code
0: no state is missed, 1: some is, 2: there is no such compiler.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ksmcheck.check import Checker
from tests.compiled.compare import MISSED, compare
from tests.compiled.machines import MACHINES
from tests.compiled.threads import random_threads


def main(args: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(args)
    machines = {n: m for n, m in MACHINES.items() if m.installed and n in options.machine}
    if not machines:
        print("none of the compilers is installed", file=sys.stderr)
        return 2
    missed = 0
    for name, machine in machines.items():
        words: Counter[str] = Counter()
        checker = Checker(direct=True)
        with TemporaryDirectory() as folder:
            for seed in range(options.seed, options.seed + options.count):
                word = compare(random_threads(seed), machine, Path(folder), checker)
                words[word] += 1
                if word == MISSED:
                    print(f"{name}: seed {seed}\n{random_threads(seed).litmus()}")
        missed += words[MISSED]
        print(f"{name}: " + "; ".join(f"{count} {word}" for word, count in words.most_common()))
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.compiled",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=1000, help="pairs of threads for a machine")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument("--machine", nargs="*", choices=list(MACHINES), default=list(MACHINES))
    return parser


if __name__ == "__main__":
    sys.exit(main())
