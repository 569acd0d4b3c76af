"""Random threads in C that a compiler and ksmcheck both read."""

from __future__ import annotations

from random import Random

from ksmcheck.record import Struct

SHARED = ("x", "y", "z")
LOCALS = ("a", "b", "c")
RESULTS = ("o0", "o1")
"""Where each thread stores what its locals are in the end."""


class Threads(Struct, frozen=True):
    """The statements of two threads."""

    name: str
    bodies: tuple[tuple[str, ...], tuple[str, ...]]

    def functions(self, head: str) -> str:
        """Two C functions; ``head`` is what stands before their names."""
        parameters = ", ".join(f"int *{name}" for name in (*SHARED, *RESULTS))
        return "\n".join(
            f"{head}P{n}({parameters})\n{{\n\t" + "\n\t".join(body) + "\n}"
            for n, body in enumerate(self.bodies)
        )

    def litmus(self, final: str = "exists (x=-1)") -> str:
        """The test of the two; all that they store to is shown."""
        shown = "; ".join((*SHARED, *RESULTS))
        return f"C {self.name}\n{{ }}\n{self.functions('')}\nlocations [{shown}]\n{final}\n"


def random_threads(seed: int) -> Threads:
    """P0 is any thread; P1 is mostly one in order, that sees in which order P0 acts."""
    random = Random(seed)
    first = _Thread(random, 4, RESULTS[0]).any()
    partner = _Thread(random, 3, RESULTS[1])
    second = partner.in_order() if random.random() < 0.75 else partner.any()
    return Threads(f"t{seed}", (first, second))


class _Thread:
    """``left``: how many more accesses it may make."""

    def __init__(self, random: Random, left: int, result: str) -> None:
        self.random = random
        self.left = left
        self.result = result

    def any(self) -> tuple[str, ...]:
        body = [f"a = {self.read()};", *self.statements(0, self.random.randint(2, 5))]
        if self.left > 0:
            body.append(self.write())
        return self.whole(body, self.random.randint(0, 1))

    def in_order(self) -> tuple[str, ...]:
        one, other = self.random.sample(SHARED, 2)
        number, kind = self.random.randint(1, 2), self.random.randint(0, 5)
        if kind < 3:
            stored = self.random.choice(["1", "2", "a", "a + 1"])
            body = [f"a = READ_ONCE(*{one});", "smp_mb();", f"WRITE_ONCE(*{other}, {stored});"]
        elif kind == 3:
            body = [f"WRITE_ONCE(*{one}, {number});", "smp_mb();", f"a = READ_ONCE(*{other});"]
        elif kind == 4:
            body = [f"WRITE_ONCE(*{n}, {number});" for n in (one, other)]
            body.insert(1, "smp_mb();")
        else:
            body = [f"a = READ_ONCE(*{one});", "smp_mb();", f"b = READ_ONCE(*{other});"]
        return self.whole(body, 0)

    def whole(self, body: list[str], start: int) -> tuple[str, ...]:
        end = f"WRITE_ONCE(*{self.result}, a + 4 * b + 16 * c + 64 * sum);"
        return (f"int a = 0; int b = {start}; int c = 0; int sum = 0;", *body, end)

    def one_of(self, *texts: str) -> str:
        return self.random.choice(texts)

    def local(self) -> str:
        return self.one_of(*LOCALS)

    def small(self) -> str:
        return str(self.random.randint(0, 2))

    def expression(self, depth: int = 0) -> str:
        kind = self.random.random()
        if kind < 0.3:
            return self.small()
        if kind < 0.6 or depth > 1:
            return self.local()
        one, other = self.expression(depth + 1), self.expression(depth + 1)
        if kind < 0.8:
            return f"({one} {self.one_of('+', '&', '|', '^', '-')} {other})"
        condition = self.condition(depth + 1)
        return f"({condition} ? {one} : {other})" if kind < 0.9 else f"({condition})"

    def condition(self, depth: int = 0) -> str:
        kind = self.random.random()
        if kind < 0.45:
            return f"{self.local()} {self.one_of('==', '!=')} {self.small()}"
        if kind < 0.7:
            return self.one_of("", "!") + self.local()
        if kind < 0.8 or depth > 1:
            return f"{self.local()} {self.one_of('==', '!=', '<')} {self.local()}"
        one, other = self.condition(depth + 1), self.condition(depth + 1)
        return f"({one}) {self.one_of('&&', '||')} ({other})"

    def read(self) -> str:
        self.left -= 1
        place = self.one_of(*SHARED)
        return self.one_of(*[f"READ_ONCE(*{place})"] * 3, f"smp_load_acquire({place})")

    def write(self) -> str:
        self.left -= 1
        place, value = self.one_of(*SHARED), self.expression()
        store = f"WRITE_ONCE(*{place}, {value});"
        return self.one_of(*[store] * 4, f"smp_store_release({place}, {value});")

    def loop(self) -> str:
        """One that waits, or one that counts, with accesses in it or without."""
        self.left -= 1
        place, local, number = self.one_of(*SHARED), self.local(), self.small()
        read = f"READ_ONCE(*{place})"
        return self.one_of(
            f"while ({read} == {number}) barrier();",
            f"do {{ {local} = {read}; }} while ({local} == {number});",
            f"for (;;) {{ {local} = {read}; if ({local} != {number}) break; }}",
            f"{local} = {read}; while ({local} == {number}) {local} = {read};",
            f"for ({local} = 0; {local} < (a & 3); {local}++) b += {local};",
            f"{local} = {read} & 3; while ({local}) {{ sum++; {local}--; }}",
            f"for ({local} = 0; {local} < 2; {local}++) if ({read} == {number}) break;",
            f"{local} = 0; while ({local} != (a & 1)) {{ {local}++; WRITE_ONCE(*{place}, 1); }}",
        )

    def statements(self, depth: int, count: int) -> list[str]:
        return [text for _ in range(count) if (text := self.statement(depth))]

    def statement(self, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.27 and self.left > 0:
            return f"{self.local()} = {self.read()};"
        if kind < 0.45:
            return f"{self.local()} = {self.expression()};"
        if kind < 0.7 and self.left > 0:
            return self.write()
        if kind < 0.76:
            return self.one_of("smp_mb();", "smp_rmb();", "smp_wmb();", "barrier();")
        if depth > 1:
            return ""
        if kind < 0.84 and self.left > 0:
            return self.loop()
        then = " ".join(self.statements(depth + 1, self.random.randint(1, 3)))
        branch = f"if ({self.condition()}) {{ {then} }}"
        if self.random.random() < 0.5:
            return branch
        other = " ".join(self.statements(depth + 1, self.random.randint(1, 2)))
        return f"{branch} else {{ {other} }}"
