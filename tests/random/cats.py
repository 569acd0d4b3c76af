"""Random memory models: cat files that both evaluators and all engines have to read alike.

Nothing makes the expressions sensible, so that every operator meets every other; coherence and
atomicity are there in most models, as the engines treat them in a way of their own.
"""

from __future__ import annotations

from random import Random

RELATIONS = (
    *("po", "rf", "co", "fr", "rfe", "rfi", "coe", "fre", "po-loc", "addr", "data", "ctrl"),
    *("rmw", "loc", "ext", "int", "id", "com", "po", "rf", "fr"),
)
SETS = ("R", "W", "M", "F", "IW", "Once", "Acquire", "Release", "Mb", "Rmb", "Wmb", "RMW", "_")
BINARY = ("|", "|", "&", "\\", ";", ";")
POSTFIX = ("+", "*", "?", "^-1")


# The words of LKMM's lowering: a model has to know them, whether it orders anything by them or not.
VOCABULARY = (
    *("Once", "Acquire", "Release", "Noreturn", "Mb", "Rmb", "Wmb", "Barrier"),
    *("Before-atomic", "After-atomic", "After-spinlock", "After-unlock-lock"),
    *("After-srcu-read-unlock", "Rcu-lock", "Rcu-unlock", "Sync-rcu"),
    *("Srcu-lock", "Srcu-unlock", "Sync-srcu", "LKR", "LKW", "UL", "LF", "RL", "RU"),
    *("Freed", "Lock-init"),
)


class CatWriter:
    """``known`` relations may be used by name in what follows."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"cat {seed}")
        self.known = list(RELATIONS)
        self.functions: list[str] = []

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def events(self, depth: int) -> str:
        if depth == 0 or self.random.random() < 0.5:
            return self.one(*SETS)
        one, other = self.events(depth - 1), self.events(depth - 1)
        return self.one(
            f"({one} | {other})", f"({one} & {other})", f"({one} \\ {other})", f"~{one}"
        )

    def relation(self, depth: int) -> str:
        if depth == 0 or self.random.random() < 0.2:
            return self.one(*self.known)
        one, other = self.relation(depth - 1), self.relation(depth - 1)
        kind = self.random.randrange(14)
        if kind < 6:
            return f"({one} {self.one(*BINARY)} {other})"
        if kind < 8:
            return f"({one}){self.one(*POSTFIX)}"
        if kind < 10:
            return f"([{self.events(1)}] ; {one} ; [{self.events(1)}])"
        if kind == 10 and self.functions:
            return f"{self.one(*self.functions)}({one})"
        return self.one(
            f"({self.events(1)} * {self.events(1)})",
            f"fencerel({self.one('Mb', 'Rmb', 'Wmb', 'F')})",
            f"[{self.one('domain', 'range')}({one})]",
            f"(~{one})",
            f"(let q = {one} in q ; {other})",
        )

    def definition(self, number: int) -> str:
        name = f"r{number}"
        kind = self.random.randrange(5)
        body = self.relation(2)
        if kind == 0:
            self.functions.append(f"f{number}")
            left, op, right = self.one("x", body), self.one(*BINARY), self.one("x", "po")
            return f"let f{number}(x) = {left} {op} {right}"
        self.known += [name, name]
        if kind == 1:
            return f"let rec {name} = {body} | ({name} ; {name})"
        if kind == 2:
            other = self.relation(1)
            text = (
                f"let rec {name} = {body} | s{number} and s{number} = {other} | ({name} ; {body})"
            )
            self.known.append(f"s{number}")
            return text
        return f"let {name} = {body}"

    def check(self, number: int) -> str:
        kind = self.one("acyclic", "acyclic", "acyclic", "irreflexive", "irreflexive", "empty")
        return f"{kind} {self.relation(3)} as c{number}"

    def flag(self, number: int) -> str:
        return (
            f"flag {self.one('~empty', '~empty', '~irreflexive')} {self.relation(2)} as g{number}"
        )

    def text(self) -> str:
        lines = ['"random"', "let com = rf | co | fr", f"let known = {' | '.join(VOCABULARY)}"]
        if self.random.random() < 0.85:
            lines += ["acyclic po-loc | com as coherence", "empty rmw & (fre ; coe) as atomic"]
        lines += [self.definition(n) for n in range(self.random.randrange(4))]
        lines += [self.check(n) for n in range(self.random.randint(1, 2))]
        lines += [self.flag(n) for n in range(self.random.randrange(2))]
        return "\n".join(lines) + "\n"


def cat_text(seed: int) -> str:
    """The model of a seed."""
    return CatWriter(seed).text()
