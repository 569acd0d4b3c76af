"""Types and declarators (C17 6.7): specifiers, pointers, arrays, struct, union and enum."""

from __future__ import annotations

from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax.c_ast import (
    ArrayType,
    EnumDef,
    Expr,
    Field,
    IntLit,
    Name,
    NamedType,
    StructDef,
    TagType,
    TopLevel,
    TypeExpr,
    TypeofType,
)
from ksmcheck.syntax.c_declarators import Declarator, Declarators, Specifiers
from ksmcheck.syntax.c_freed import FREES, FREES_POINTER
from ksmcheck.syntax.c_unknown import declares, unknown_macro
from ksmcheck.syntax.c_words import (
    ATTRIBUTE_WORDS,
    CACHE_LINE,
    CACHE_LINE_WORDS,
    DROPPED_ATTRIBUTES,
    DROPPED_WORDS,
    INTEGER_WORDS,
    KEYWORDS,
    PER_CPU_WORDS,
    REFUSED_WORDS,
    STORAGE_WORDS,
    TYPEOF_WORDS,
    VOLATILE_WORDS,
    canonical_integer,
)
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError, Span

# What stands before ``struct s;`` that declares the tag, and is no member or other declaration.
_ENDS = frozenset({";", "{", "}", ":", ")"})
_ASIDE = ATTRIBUTE_WORDS | DROPPED_WORDS | CACHE_LINE_WORDS | {"__aligned", "__cleanup"}


class _Words(Struct):
    """Specifier words as they come in."""

    integer: list[str] = field(default_factory=list)
    other: TypeExpr | None = None
    storage: str | None = None
    volatile: bool = False
    per_cpu: bool = False
    aligned: list[Expr] = field(default_factory=list)


class Types(Declarators):
    """Types; ``defined`` collects struct and enum definitions in the order they end."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self.defined: list[TopLevel] = []
        self.unnamed = 0
        # The functions that clean up behind the variable that is being declared.
        self.cleanups: list[tuple[Name, Span]] = []
        # The alignments of typedef names that have some.
        self.aligned_names: dict[str, tuple[Expr, ...]] = {}
        # Whether an object of a typedef name is volatile.
        self.volatile_names: dict[str, bool] = {}

    # --- specifiers -------------------------------------------------------------------------

    def type_name(self) -> TypeExpr:
        """A type without a name: ``struct page **``."""
        return self._type_name().type

    def _type_name(self) -> Declarator:
        specifiers = self.specifiers("a type")
        if specifiers.storage:
            raise InputError(f"'{specifiers.storage}' has no meaning here", specifiers.type.span)
        self.not_aligned(specifiers)
        declarator = self.declarator(specifiers)
        if declarator.name:
            raise InputError("expected a type without a name", declarator.name.span)
        return declarator

    def specifiers(self, what: str) -> Specifiers:
        """Specifiers and qualifiers in any order; ``what`` is said to be expected if none is."""
        start, words = self.at, _Words()
        while self._specifier(words):
            pass
        if words.integer:
            name = canonical_integer(words.integer)
            if words.other is not None:
                message = f"'{words.other.span.text}' beside '{words.integer[0]}' is not understood"
                raise InputError(message, words.other.span, "an annotation? #define it as nothing")
            if name is None:
                said = " ".join(words.integer)
                raise InputError(f"'{said}' is not a type here", self.span_from(start))
            words.other = NamedType(name, self.span_from(start))
        if words.other is None:
            self.expected(what)
        self._no_annotation(words.other)
        words.volatile |= self._is_volatile(words.other)
        aligned = tuple(words.aligned)
        return Specifiers(words.other, words.storage, words.volatile, words.per_cpu, aligned)

    def _is_volatile(self, named: TypeExpr) -> bool:
        """C17 6.7.8 p3: a typedef name is the type as it was declared, qualifiers and all."""
        if not isinstance(named, NamedType) or not self.is_type(named.name):
            return False
        return self.volatile_names.get(named.name, False)

    def _no_annotation(self, named: TypeExpr) -> None:
        """Raises InputError where a type follows what would be the name of one, but is not known:
        ``__checked bool f(void)``, ``__checked struct s *p``."""
        if not isinstance(named, NamedType) or self.is_type(named.name):
            return
        token, after = self.token, self.ahead(1)
        if named.name in KEYWORDS or not self.type_starts(token) or named.span == token.span:
            return
        if named.span.text == named.name and (after.kind == "id" or after.text == "*"):
            message = f"'{named.name}' beside '{token.text}' is not understood"
            raise InputError(message, named.span, "an annotation? #define it as nothing")

    def _specifier(self, words: _Words) -> bool:
        """Read one specifier word into ``words``; False if the next token is none."""
        token = self.tokens[self.at]
        if token.kind != "id":
            return False
        text = token.text
        if text in INTEGER_WORDS:
            words.integer.append(text)
            self.at += 1
        elif text in DROPPED_WORDS or text in VOLATILE_WORDS:
            words.volatile |= text in VOLATILE_WORDS
            self.at += 1
        elif text in ATTRIBUTE_WORDS:
            self.attribute(words.aligned)
        elif text in CACHE_LINE_WORDS or text == "__aligned":
            self._aligned(words.aligned)
        elif text == "__cleanup":
            self._cleanup()
        elif text in PER_CPU_WORDS:
            words.per_cpu = True
            self.at += 1
        elif text in STORAGE_WORDS:
            if words.storage not in (None, text):
                raise InputError(f"'{text}' after '{words.storage}'", token.span)
            words.storage = text
            self.at += 1
        elif words.other is None and not words.integer:
            words.other = self._other_specifier(token, words)
            return words.other is not None
        else:
            return False
        return True

    def _other_specifier(self, token: Token, words: _Words) -> TypeExpr | None:
        text = token.text
        if text in ("struct", "union"):
            return self._struct(text)
        if text == "enum":
            return self._enum()
        if text in TYPEOF_WORDS:
            return self._typeof(words)
        if text in KEYWORDS:
            return None
        if text in REFUSED_WORDS:
            raise InputError(REFUSED_WORDS[text], token.span)
        self.at += 1
        local = self.local_type(text)
        if local is None:
            return NamedType(text, token.span)
        words.volatile |= local.volatile
        if isinstance(local.type, TypeofType):
            self.mentioned.append((text, self.depth_of(text)))
        return replace(local.type, span=token.span)

    def attribute(self, aligned: list[Expr] | None = None) -> None:
        """Read ``__attribute__((...))``; refuse one that may change the meaning. Alignments go to
        ``aligned``, where one may stand."""
        self.at += 1
        self.expect("(", "after __attribute__")
        self.expect("(", "after __attribute__(")
        while self.token.text != ")":
            name = self.identifier("an attribute") if self.token.text != "const" else self.token
            if name is self.token:
                self.at += 1
            if name.text.strip("_") == "aligned" and aligned is not None:
                aligned.append(self._alignment(name))
            elif name.text.strip("_") == "cleanup" and len(self.scopes) > 1:
                self.at -= 1
                self._cleanup()
            elif name.text.strip("_") not in DROPPED_ATTRIBUTES:
                raise InputError(f"the attribute '{name.text}' is not supported", name.span)
            if self.token.text == "(":
                self.at = self.closing(self.at) + 1
            if not self.accept(","):
                break
        self.expect(")", "after the attributes")
        self.expect(")", "after the attributes")

    def attributes(self, aligned: list[Expr] | None = None) -> None:
        """Skip attributes and annotations that may follow a declarator. Alignments go to
        ``aligned``; elsewhere they are refused, but those to a cache line, which nothing sees."""
        while (text := self.tokens[self.at].text) in _ASIDE:
            if text in ATTRIBUTE_WORDS:
                self.attribute(aligned)
            elif text == "__cleanup":
                self._cleanup()
            elif text in DROPPED_WORDS or (text in CACHE_LINE_WORDS and aligned is None):
                self.at += 1
            elif aligned is not None:
                self._aligned(aligned)
            else:
                raise InputError("'__aligned' is not supported here", self.token.span)

    def _cleanup(self) -> None:
        """At ``__cleanup(f)``: the function that is called where the variable's scope ends."""
        start = self.at
        self.at += 1
        self.expect("(", "after the attribute")
        function = self.identifier("the function that cleans up")
        if not self.is_declared(function.text) and function.text not in FREES:
            message = f"'{function.text}' is no function of the test here"
            hint = "define it before this place"
            if function.text.startswith(FREES_POINTER):
                name = function.text.removeprefix(FREES_POINTER)
                hint = f"{hint}: DEFINE_FREE({name}, type, ...)"
            raise InputError(message, function.span, hint)
        self.expect(")", "after the function that cleans up")
        self.cleanups.append((Name(function.text, function.span), self.span_from(start)))

    def no_cleanup(self) -> None:
        """Raises InputError where one has been read that is of no local variable."""
        for _, span in self.cleanups:
            message = "only a variable of a function has a cleanup"
            raise InputError(message, span, "declare it by itself, in a block")

    def _aligned(self, aligned: list[Expr]) -> None:
        """At ``__aligned(n)``, or a word that aligns to a cache line."""
        word = self.token
        self.at += 1
        if word.text in CACHE_LINE_WORDS:
            aligned.append(IntLit(CACHE_LINE, str(CACHE_LINE), word.span))
        else:
            aligned.append(self._alignment(word))

    def not_aligned(self, specifiers: Specifiers) -> None:
        """Raises InputError for an alignment where it would have no meaning."""
        for expr in specifiers.aligned:
            raise InputError("an alignment is not supported here", expr.span)

    def alignments(self, specifiers: Specifiers, declared: TypeExpr) -> list[Expr]:
        """Those that what is declared has by its specifiers; a pointer to it has none of the type
        that a name stands for."""
        found = list(specifiers.aligned)
        while isinstance(declared, ArrayType):
            declared = declared.element
        if isinstance(declared, NamedType) and declared is specifiers.type:
            found += self.aligned_names.get(declared.name, ())
        return found

    def _alignment(self, word: Token) -> Expr:
        self.expect("(", f"after {word.text}")
        value = self.conditional()
        self.expect(")", f"after the number of {word.text}")
        return value

    def closing(self, opening: int) -> int:
        """The index of the token that closes the parenthesis at index ``opening``."""
        depth = 0
        for index in range(opening, len(self.tokens)):
            text = self.tokens[index].text
            if text in ("(", "[", "{"):
                depth += 1
            elif text in (")", "]", "}"):
                depth -= 1
                if depth == 0:
                    return index
        raise InputError("this parenthesis is not closed", self.tokens[opening].span)

    def _typeof(self, words: _Words) -> TypeExpr:
        """A type that is named there keeps its qualifiers."""
        start = self.at
        self.at += 1
        self.expect("(", "after typeof")
        operand: Expr | TypeExpr
        if self.type_starts(self.token):
            named = self._type_name()
            operand, words.volatile = named.type, words.volatile or named.volatile
        else:
            operand = self.expression()
        self.expect(")", "after the operand of typeof")
        return TypeofType(operand, self.span_from(start))

    # --- struct, union, enum ----------------------------------------------------------------

    def _tag(self) -> tuple[Token, Token | None]:
        keyword = self.token
        self.at += 1
        self.attributes()
        self.refuse_word(self.token)
        named = self.token.kind == "id" and self.token.text not in KEYWORDS
        tag = self.identifier("a tag") if named else None
        if tag is None and self.token.text != "{":
            self.expected(f"a tag or '{{' after '{keyword.text}'")
        if self.token.text == "{" and self.in_parameters:
            message = f"{keyword.text} definitions among parameters are not supported"
            raise InputError(message, keyword.span, "define it before the function")
        return keyword, tag

    def _struct(self, kind: str) -> TypeExpr:
        start = self.at
        _, tag = self._tag()
        name = self._tag_named(kind, tag)
        if self.accept("{"):
            fields: list[Field] = []
            count = len(self.mentioned)
            while not self.accept("}"):
                fields += self._fields(kind)
            self.not_of_function(count, start)
            self.no_cleanup()
            aligned: list[Expr] = []
            self.attributes(aligned)
            self.refuse_word(self.token)
            span = self.span_from(start)
            self.defined.append(StructDef(kind, name, tuple(fields), span, tuple(aligned)))
        return TagType(kind, name, self.span_from(start))

    def _tag_named(self, kind: str, tag: Token | None) -> str:
        """What it is called; ``struct s;`` and ``struct s {`` are of this scope (C17 6.7.2.3)."""
        if tag is not None:
            alone = self.token.text == ";" and self.ahead(-2).text == kind != "enum"
            own = self.token.text == "{" or (alone and self.ahead(-3).text in _ENDS)
            return self.own_tag(tag.text) if own else self.tag_meaning(tag.text)
        self.unnamed += 1
        name = self._typedef_name()
        return f"<unnamed {kind} {self.unnamed}{f': {name}' if name else ''}>"

    def _typedef_name(self) -> str:
        """The name that ``typedef struct { ... } name;`` gives, at the brace; else nothing."""
        if self.ahead(-2).text != "typedef" or self.token.text != "{":
            return ""
        depth = 0
        for index in range(self.at, len(self.tokens) - 2):
            depth += {"{": 1, "}": -1}.get(self.tokens[index].text, 0)
            if not depth:
                name, end = self.tokens[index + 1 : index + 3]
                return name.text if name.kind == "id" and end.text in (";", ",") else ""
        return ""

    def _fields(self, kind: str) -> list[Field]:
        start = self.at
        if self.accept(";"):
            return []
        if declares(self.token.text) and self.ahead(1).text == "(":
            raise unknown_macro(self.token)
        specifiers = self.specifiers(f"a member or '}}' in this {kind}")
        if specifiers.storage:
            message = f"'{specifiers.storage}' has no meaning for a member"
            raise InputError(message, self.tokens[start].span)
        if self.accept(";"):
            return self._nameless(specifiers, start)
        fields = [self._field(specifiers)]
        while self.accept(","):
            fields.append(self._field(specifiers))
        self.expect(";", "after the member")
        return fields

    def _nameless(self, specifiers: Specifiers, start: int) -> list[Field]:
        type_ = specifiers.type
        if isinstance(type_, TagType) and type_.tag.startswith("<") and type_.kind != "enum":
            return [Field(None, type_, self.span_from(start), aligned=specifiers.aligned)]
        raise InputError("this declares no member", self.span_from(start), "add a name")

    def _field(self, specifiers: Specifiers) -> Field:
        start = self.at
        if self.token.text == ":":
            self.at += 1
            bits = self.conditional()
            return Field(None, specifiers.type, self.span_from(start), bits)
        declarator = self.declarator(specifiers)
        if declarator.name is None:
            self.expected("a member name")
        width = self.conditional() if self.accept(":") else None
        aligned = self.alignments(specifiers, declarator.type)
        if width is not None:
            self.not_aligned(specifiers)
        self.attributes(aligned if width is None else None)
        span, name = declarator.span, declarator.name.text
        return Field(name, declarator.type, span, width, declarator.volatile, tuple(aligned))

    def _enum(self) -> TypeExpr:
        start = self.at
        _, tag = self._tag()
        name = self._tag_named("enum", tag)
        if self.accept("{"):
            members: list[tuple[str, Expr | None, Span]] = []
            count = len(self.mentioned)
            while self.token.text != "}":
                member = self.identifier("the name of an enumerator")
                value = self.conditional() if self.accept("=") else None
                members.append((self._enumerator(member), value, member.span))
                if not self.accept(","):
                    break
            self.expect("}", "or ',' after an enumerator")
            self.not_of_function(count, start)
            self.attributes()
            self.defined.append(EnumDef(name, tuple(members), self.span_from(start)))
        return TagType("enum", name, self.span_from(start))

    def _enumerator(self, token: Token) -> str:
        """What it is called from here on (C17 6.2.1: behind its own value)."""
        scope, name = self.scopes[-1], token.text
        if len(self.scopes) == 1:
            scope[name] = False
            return name
        if name in scope:
            raise InputError(f"{name} is declared twice in this block", token.span)
        scope[name] = moved = self.at_file_level(name)
        return moved
