"""Calls of what has no body, on ways that a constant closes: ``if (IS_ENABLED(CONFIG_X)) f();``.

The kernel's compiler drops such a way, and the kernel relies on it; so nothing is needed there. A
way that is not open when the call is come by may still be opened, by a jump that comes later in the
text: this is asked once the whole thread is a graph.
"""

from __future__ import annotations

from ksmcheck.kernel.ints import S32
from ksmcheck.kernel.types import INT, CType, StructType, VoidType, ints_of
from ksmcheck.program.context import Context
from ksmcheck.program.graph import Forget
from ksmcheck.program.ir import Use
from ksmcheck.program.values import NOTHING, Value
from ksmcheck.syntax.c_ast import Function
from ksmcheck.text import InputError, Note, Span


class Bodiless(Context):
    """Calls that lead nowhere, and are not made."""

    def not_made(
        self, name: str, function: Function | None, problem: InputError, span: Span
    ) -> Value:
        """The value of a call on a closed way. Raises ``problem`` where the way is open; what a
        ``function`` that nobody declares gives is an int, as it was before C99."""
        asked = not self.graph.kept and function is not None  # for its type alone
        if not asked and self.graph.reaches(self.graph.here):
            raise problem
        self.graph.closed.append((self.graph.here, problem))
        type: CType = INT if function is None else self.declarations.resolve(function.result)
        if isinstance(type, VoidType):
            return NOTHING
        register = self.graph.fresh(f"{name}()")
        for path, scalar in self.scalars(type, span):
            self.graph.emit(Forget(register + path, ints_of(scalar)))
        return Value(Use(register, S32 if isinstance(type, StructType) else ints_of(type)), type)

    def check_closed(self) -> None:
        """Raises InputError for a call of what has no body if some jump leads there after all."""
        for node, problem in self.graph.closed:
            if self.graph.reaches(node):
                raise problem


def no_body(function: Function, span: Span) -> InputError:
    declared = (Note(f"{function.name} is declared here", function.span),)
    hint = f"define {function.name}"
    return InputError(f"{function.name} has no body", span, hint=hint, notes=declared)
