"""What gcc makes of the threads on three machines, as litmus tests in their assembly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import zip_longest
from shutil import which
from subprocess import run

from ksmcheck.record import Struct
from tests.compiled.threads import RESULTS, SHARED, Threads

_VOLATILE = """#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) do { *(volatile __typeof__(x) *)&(x) = (v); } while (0)
#define barrier() __asm__ __volatile__("" : : : "memory")
"""
_FENCE = '#define {}() __asm__ __volatile__("{}" : : : "memory")\n'
_FLAGS = ("-O2", "-w", "-S", "-o", "-", "-fno-stack-protector", "-fno-pic", "-fwrapv")
_FLAGS_OF_DEBUGGING = ("-fno-asynchronous-unwind-tables", "-fomit-frame-pointer")


def _fences(**names: str) -> str:
    return "".join(_FENCE.format(name, text) for name, text in names.items())


def _around(release: str, acquire: str) -> str:
    """A release with a fence before it, an acquire with one behind it."""
    asm = '__asm__ __volatile__("{}" : : : "memory");'
    return (
        "#define smp_load_acquire(p) ({ int __v = READ_ONCE(*p); "
        f"{asm.format(acquire)} __v; }})\n"
        "#define smp_store_release(p, v) do { "
        f"{asm.format(release)} WRITE_ONCE(*p, v); }} while (0)\n"
    )


class Machine(Struct, frozen=True):
    """``words``: the primitives as the kernel has them there; ``arguments``: the registers that
    parameters come in; ``tidy`` makes an instruction one that litmus tests have."""

    compiler: str
    flags: tuple[str, ...]
    kind: str
    model: str
    words: str
    arguments: tuple[str, ...]
    leave: str
    tidy: Callable[[str], str]

    @property
    def installed(self) -> bool:
        """Whether the compiler is there."""
        return which(self.compiler) is not None

    def assembly(self, threads: Threads) -> str:
        """The litmus test of what the compiler makes."""
        text = _VOLATILE + self.words + threads.functions("void ") + "\n"
        flags = (*_FLAGS, *_FLAGS_OF_DEBUGGING, *self.flags)
        made = run(
            [self.compiler, *flags, "-x", "c", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        columns = [self._column(made.stdout, f"P{n}") for n in (0, 1)]
        rows = [f" {a} | {b} ;" for a, b in zip_longest(*columns, fillvalue="")]
        names = (*SHARED, *RESULTS)
        given = list(zip(self.arguments, names, strict=True))
        start = " ".join(f"{n}:{register}={name};" for n in (0, 1) for register, name in given)
        head = f"{self.kind} {threads.name}\n{{ {start} }}\n P0 | P1 ;\n"
        return head + "\n".join(rows) + f"\nlocations [{'; '.join(names)}]\nexists (x=-1)\n"

    def _column(self, text: str, function: str) -> list[str]:
        found = []
        for line in _lines(text, function):
            if re.fullmatch(r"\.?L\w+:", line):
                found.append(line.lstrip("."))
            elif re.match(r"(ret|blr)\b", line):
                found.append(f"{self.leave} LEND")
            else:
                found.append(self.tidy(re.sub(r"\s+", " ", line).replace(".L", "L")))
        return [*found, "LEND:"]


def _lines(text: str, function: str) -> Iterable[str]:
    """The labels and instructions of a function."""
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith(f"{function}:"):
            inside = True
        elif line.startswith(".size"):
            inside = False
        elif inside and re.match(r"\.?L(?!FB|FE)\w+:|[a-z]", line):
            yield line


def _aarch64(line: str) -> str:
    return re.sub(r"(, )(-?\d+)\b", r"\1#\2", line)


def _power(line: str) -> str:
    return line.replace("%", "")


_RISCV = {f"a{n}": f"x{10 + n}" for n in range(8)}
_RISCV |= {f"t{n}": f"x{5 + n if n < 3 else 25 + n}" for n in range(7)}
_RISCV |= {f"s{n}": f"x{8 + n if n < 2 else 16 + n}" for n in range(12)}


def _riscv(line: str) -> str:
    return re.sub(r"\b([ast]\d+)\b", lambda name: _RISCV[name[1]], line)


MACHINES = {
    "aarch64": Machine(
        "aarch64-linux-gnu-gcc",
        (),
        "AArch64",
        "armv8",
        _fences(smp_mb="dmb ish", smp_rmb="dmb ishld", smp_wmb="dmb ishst")
        + "#define smp_load_acquire(p) ({ int __v; "
        '__asm__ __volatile__("ldar %w0, %1" : "=r"(__v) : "Q"(*p) : "memory"); __v; })\n'
        "#define smp_store_release(p, v) do { int __w = (v); "
        '__asm__ __volatile__("stlr %w1, %0" : "=Q"(*p) : "rZ"(__w) : "memory"); } while (0)\n',
        ("X0", "X1", "X2", "X3", "X4"),
        "b",
        _aarch64,
    ),
    "power": Machine(
        "powerpc64le-linux-gnu-gcc",
        ("-mregnames",),
        "PPC",
        "power",
        _fences(smp_mb="sync", smp_rmb="lwsync", smp_wmb="lwsync") + _around("lwsync", "lwsync"),
        ("r3", "r4", "r5", "r6", "r7"),
        "b",
        _power,
    ),
    "riscv": Machine(
        "riscv64-linux-gnu-gcc",
        ("-march=rv64ima", "-mabi=lp64"),
        "RISCV",
        "riscv",
        _fences(smp_mb="fence rw,rw", smp_rmb="fence r,r", smp_wmb="fence w,w")
        + _around("fence rw,w", "fence r,rw"),
        ("x10", "x11", "x12", "x13", "x14"),
        "j",
        _riscv,
    ),
}
