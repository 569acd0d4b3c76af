"""Terms as SMT-LIB: a boolean term as a Bool, any other as a bit vector of its type's width.

``kernel.ints`` gives operators their meaning on mathematical integers, wrapped to the type of the
result. A bit-vector operator is the same where all types are equal; where they are not, operands
are extended, each by its own sign, to a width that holds all values.
"""

from __future__ import annotations

from collections.abc import Callable

from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import BOOL, IntType
from ksmcheck.text import InternalError

_RING = {"add": "bvadd", "sub": "bvsub", "mul": "bvmul", "and": "bvand", "or": "bvor",
         "xor": "bvxor", "neg": "bvneg", "bitnot": "bvnot", "cast": ""}  # fmt: skip
_COMPARED = {"lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
_SHIFT_LIMIT = 64


class SmtTerms:
    """Names of terms; ``lines`` grows by a definition for each operator that is used.

    ``leaf`` gives the text of ``read``, ``final`` and ``choice`` leaves.
    """

    def __init__(self, lines: list[str], leaf: Callable[[Term], str]) -> None:
        self._lines = lines
        self._leaf = leaf
        self._texts: dict[int, str] = {}
        self._undefined: dict[int, str] = {}

    def text(self, term: Term) -> str:
        """An expression for the term's value, of sort Bool if its type is BOOL."""
        parts: dict[int, Term] = {}
        stack = [term]
        while stack:
            part = stack.pop()
            if part.id not in parts and part.id not in self._texts:
                parts[part.id] = part
                stack.extend(part.args)
        for number in sorted(parts):
            if number not in self._texts:  # a final value may have needed it before
                self._define(parts[number])
        return self._texts[term.id]

    def bits(self, term: Term, width: int) -> str:
        """An expression for the value as a bit vector of this width: extended or cut."""
        text = self.text(term)
        if term.type == BOOL:
            return f"(ite {text} {constant(1, width)} {constant(0, width)})"
        return resized(text, term.type, width)

    def truth(self, term: Term) -> str:
        """An expression for: not 0."""
        text = self.text(term)
        return text if term.type == BOOL else f"(distinct {text} {constant(0, term.type.width)})"

    def undefined(self, term: Term) -> str:
        """An expression for: C gives the term no value; ``false`` for nearly all terms."""
        self.text(term)
        return self._undefined.get(term.id, "false")

    def _define(self, term: Term) -> None:
        if term.is_const:
            text = ("true" if term.payload else "false") if term.type == BOOL else None
            self._texts[term.id] = text or constant(term.payload, term.type.width)
        elif not term.args:
            self._texts[term.id] = self._leaf(term)
        else:
            self._texts[term.id] = self._named(f"t{term.id}", sort(term.type), self._operator(term))
            missing = self._missing(term)
            if missing != "false":
                self._undefined[term.id] = self._named(f"u{term.id}", "Bool", missing)

    def _named(self, name: str, of: str, text: str) -> str:
        self._lines.append(f"(define-fun {name} () {of} {text})")
        return name

    # Values.

    def _operator(self, term: Term) -> str:
        op, args = term.op, term.args
        if op == "ite":
            return self._ite(term)
        if op in ("lnot", "land", "lor", "eq", "ne", *_COMPARED):
            text = self._boolean(term)
            return text if term.type == BOOL else self._from_bool(text, term.type.width)
        if op in _RING:
            operands = [self.bits(a, term.type.width) for a in args]
            text = f"({_RING[op]} {' '.join(operands)})" if _RING[op] else operands[0]
        elif op in ("lowest", "highest", "weight"):
            text = _of_bits(op, self.bits(args[0], term.type.width), term.type.width)
        elif op in ("div", "mod"):
            text = self._quotient(term)
        elif op in ("shl", "shr"):
            text = self._shifted(term)
        else:
            raise InternalError(f"operator {op} has no SMT-LIB form")
        return f"(= {text} #b1)" if term.type == BOOL else text

    def _ite(self, term: Term) -> str:
        condition, *arms = term.args
        width = term.type.width
        texts = [self.truth(a) if term.type == BOOL else self.bits(a, width) for a in arms]
        return f"(ite {self.truth(condition)} {' '.join(texts)})"

    def _boolean(self, term: Term) -> str:
        op, args = term.op, term.args
        if op == "lnot":
            return f"(not {self.truth(args[0])})"
        if op in ("land", "lor"):
            return f"({op[1:]} {' '.join(map(self.truth, args))})"
        if op in ("eq", "ne") and all(a.type == BOOL for a in args):
            return f"({'=' if op == 'eq' else 'distinct'} {' '.join(map(self.text, args))})"
        operands, signed = self._common(args)
        if op in ("eq", "ne"):
            return f"({'=' if op == 'eq' else 'distinct'} {' '.join(operands)})"
        return f"(bv{'s' if signed else 'u'}{_COMPARED[op]} {' '.join(operands)})"

    def _common(self, args: tuple[Term, ...]) -> tuple[list[str], bool]:
        """The operands in one width that holds all their values, and whether it is signed."""
        types = {a.type for a in args}
        if len(types) == 1:
            ((only,)) = types
            return [self.bits(a, only.width) for a in args], only.signed
        width = max(t.width for t in types) + 1
        return [self.bits(a, width) for a in args], True

    def _quotient(self, term: Term) -> str:
        operands, signed = self._common(term.args)
        same = all(a.type == term.args[0].type for a in term.args)
        width = term.args[0].type.width if same else max(a.type.width for a in term.args) + 1
        operator = {"div": ("bvudiv", "bvsdiv"), "mod": ("bvurem", "bvsrem")}[term.op][signed]
        text = f"({operator} {' '.join(operands)})"
        return resized(text, IntType(width, signed), term.type.width)

    def _shifted(self, term: Term) -> str:
        value, amount = term.args
        width = max(8, value.type.width, amount.type.width, term.type.width)
        operator = "bvshl" if term.op == "shl" else "bvashr" if value.type.signed else "bvlshr"
        # The amount is below 64 where the shift has a meaning, so that its sign does not matter.
        unsigned = IntType(amount.type.width, False)
        by = self.bits(amount, width)
        if amount.type != BOOL:
            by = resized(self.text(amount), unsigned, width)
        text = f"({operator} {self.bits(value, width)} {by})"
        return resized(text, IntType(width, False), term.type.width)

    @staticmethod
    def _from_bool(text: str, width: int) -> str:
        return f"(ite {text} {constant(1, width)} {constant(0, width)})"

    # Where C gives no value.

    def _missing(self, term: Term) -> str:
        own = self._own_missing(term)
        below = [self._undefined.get(a.id, "false") for a in term.args]
        if term.op == "ite":
            if below[1] == below[2] == "false":
                return below[0]
            return any_of((below[0], f"(ite {self.truth(term.args[0])} {below[1]} {below[2]})"))
        if term.op in ("land", "lor") and any(x != "false" for x in below):
            # The right side counts only where the left one does not decide.
            left = self.truth(term.args[0])
            reached = f"(not {left})" if term.op == "lor" else left
            return any_of((below[0], f"(and {reached} {below[1]})"))
        return any_of((own, *below))

    def _own_missing(self, term: Term) -> str:
        if term.op not in ("div", "mod", "shl", "shr"):
            return "false"
        by = term.args[1]
        divides = term.op in ("div", "mod")
        if by.is_const:
            fine = by.payload != 0 if divides else 0 <= by.payload < _SHIFT_LIMIT
            return "false" if fine else "true"
        if by.type == BOOL:
            return f"(not {self.text(by)})" if divides else "false"
        text, width = self.text(by), by.type.width
        if divides:
            return f"(= {text} {constant(0, width)})"
        # Read without its sign, a negative amount is too large as well.
        return f"(bvuge {text} {constant(_SHIFT_LIMIT, width)})"


def sort(type: IntType) -> str:
    """The SMT-LIB sort of a type."""
    return "Bool" if type == BOOL else f"(_ BitVec {type.width})"


def constant(value: int, width: int) -> str:
    """A bit-vector constant."""
    value &= (1 << width) - 1
    return f"#b{value:0{width}b}" if width % 4 else f"#x{value:0{width // 4}x}"


def resized(text: str, type: IntType, width: int) -> str:
    """A bit vector of a type cut, or extended by the type's sign, to another width."""
    if width < type.width:
        return f"((_ extract {width - 1} 0) {text})"
    if width == type.width:
        return text
    return f"((_ {'sign' if type.signed else 'zero'}_extend {width - type.width}) {text})"


def any_of(texts: tuple[str, ...] | list[str]) -> str:
    """The disjunction of Bool expressions."""
    kept = [x for x in dict.fromkeys(texts) if x != "false"]
    if len(kept) < 2:
        return kept[0] if kept else "false"
    return f"(or {' '.join(kept)})"


def _of_bits(op: str, text: str, width: int) -> str:
    """The lowest or highest bit that is 1, of 0 the last one asked about, or how many are."""
    bits = [f"((_ extract {at} {at}) {text})" for at in range(width)]
    if op == "weight":
        return f"(bvadd {' '.join(resized(bit, BOOL, width) for bit in bits)})"
    order = range(width) if op == "lowest" else range(width - 1, -1, -1)
    *asked, last = order
    whole = constant(last, width)
    for at in reversed(asked):
        whole = f"(ite (= {bits[at]} #b1) {constant(at, width)} {whole})"
    return whole
