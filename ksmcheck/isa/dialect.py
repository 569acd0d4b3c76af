"""A dialect: its registers, and what its instructions do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line, split_line
from ksmcheck.isa.outside import reason
from ksmcheck.kernel.ints import S32, IntType
from ksmcheck.record import Struct

Handler = Callable[[Line], Micros]


class Dialect(Struct, frozen=True, eq=False):
    """``register`` gives the name that herd7 prints for a register, None for what is none.

    ``table`` is by mnemonic, in capitals where ``capitals``. ``shown`` is the type in which
    registers are compared and printed that the test gives none: herd7's int, however wide they are.
    """

    name: str
    register: Callable[[str], str | None]
    table: Mapping[str, Handler]
    capitals: bool = True
    shown: IntType = S32

    def decode(self, text: str) -> Micros:
        """The micro-operations of one instruction. Raises BadInstruction."""
        line = split_line(text)
        name = line.mnemonic.upper() if self.capitals else line.mnemonic.lower()
        handler = self.table.get(name)
        if handler is None:
            raise line.unknown(list(self.table), reason(self.name, line.mnemonic))
        return handler(line)
