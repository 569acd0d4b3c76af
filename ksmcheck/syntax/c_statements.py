"""Statements (C17 6.8, GNU case ranges)."""

from __future__ import annotations

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    Block,
    Break,
    Call,
    Case,
    Continue,
    Declaration,
    DeclGroup,
    DoWhile,
    Expr,
    ExprStmt,
    For,
    Goto,
    Guard,
    If,
    Label,
    Name,
    Return,
    Stmt,
    StringLit,
    Switch,
    While,
)
from ksmcheck.syntax.c_local_declarations import LocalDeclarations
from ksmcheck.syntax.c_unknown import declares, unknown_loop, unknown_macro
from ksmcheck.syntax.c_words import (
    KEYWORDS,
    REFUSED_WORDS,
    STATIC_ASSERTS,
    VOLATILE_WORDS,
)
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError, Span

_LOOPS = frozenset({"while", "do", "for"})
_ASM = frozenset({"asm", "__asm__", "__asm"})


class Statements(LocalDeclarations):
    """The statement part of the parser."""

    def block(self) -> Block:
        start = self.at
        opening = self.expect("{", "to begin a block")
        body: list[Stmt] = []
        self.scopes.append({})
        self.labels.append({})
        while (token := self.tokens[self.at]).text != "}":
            if token.kind == "eof":
                span = opening.span
                raise InputError("this '{' is not closed", span, "add '}' where the block ends")
            body += self.with_literals()
        self.scopes.pop()
        self.labels.pop()
        self.at += 1
        return Block(tuple(body), self.span_from(start))

    def statement(self) -> Stmt:
        token = self.tokens[self.at]
        if token.kind == "pragma" or token.text == "__unroll":
            return self._annotated_loop(token)
        if token.kind != "id":
            return self._unnamed_statement(token)
        if token.text in _LOOPS:
            return self._loop(token.text, None)
        if token.text in _ASM:
            return self._asm(token)
        if token.text in STATIC_ASSERTS:
            condition, span, why = self.static_assert()
            told = () if why is None else (why,)
            call = Call(Name("static_assert", token.span), (condition, *told), span)
            return ExprStmt(call, span)
        keyword = _BY_KEYWORD.get(token.text)
        if keyword is not None:
            return keyword(self)
        return self._ordinary(token)

    def _ordinary(self, token: Token) -> Stmt:
        """A statement that begins with no keyword."""
        if token.text == "fallthrough" and self.ahead(1).text == ";":
            self.at += 1
            return self._empty()
        if self.ahead(1).text == ":" and token.text not in KEYWORDS:
            return self._label()
        lock = self.lock_macro()
        if lock is not None:
            return self.declared_lock(lock)
        static = token.text == "static"
        macro = self.ahead(static)
        called = declares(macro.text) and self.ahead(static + 1).text == "("
        if called and not self.is_declared(macro.text):
            raise unknown_macro(macro)
        if self.declaration_starts(token):
            return self.declaration()
        return self._expression_statement()

    def static_assert(self) -> tuple[Expr, Span, StringLit | None]:
        """``static_assert(condition, "message");``, or without the message."""
        start, word, why = self.at, self.token, None
        self.at += 1
        self.expect("(", f"after {word.text}")
        condition = self.conditional()
        if self.accept(",") and self.token.kind == "str":
            why = self.strings()
        self.expect(")", f"after the condition of {word.text}")
        span = self.span_from(start)
        self.expect(";", f"after {word.text}")
        return condition, span, why

    def _asm(self, token: Token) -> Stmt:
        """``asm volatile("" ::: "memory")``, which is what barrier() is; no other assembly."""
        start, opening = self.at, self.at + 1
        while self.tokens[opening].text in VOLATILE_WORDS:
            opening += 1
        end = self.closing(opening) if self.tokens[opening].text == "(" else opening
        if "".join(t.text for t in self.tokens[opening : end + 1]) != '("":::"memory")':
            hint = 'only asm volatile("" ::: "memory"), which is barrier(), is read'
            raise InputError(REFUSED_WORDS[token.text], token.span, hint)
        self.at = end + 1
        span = self.span_from(start)
        self.expect(";", "after the assembly")
        return ExprStmt(Call(Name("barrier", span), (), span), span)

    def _unnamed_statement(self, token: Token) -> Stmt:
        if token.text == "{":
            return self.block()
        if token.text == ";":
            return self._empty()
        return self._expression_statement()

    def _empty(self) -> Stmt:
        start = self.at
        self.expect(";", "after 'fallthrough'")
        return Block((), self.span_from(start))

    def _expression_statement(self) -> Stmt:
        start = self.at
        expr = self.expression()
        if isinstance(expr, Call) and self.token.text != ";":
            self._not_a_loop(self.tokens[start])
        self.expect(";", "after the expression")
        return ExprStmt(expr, self.span_from(start))

    def _not_a_loop(self, head: Token) -> None:
        """Raises InputError where a call stands as if it were the head of a loop."""
        from ksmcheck.syntax.pp_headers import include_hint

        name = head.text
        hint = include_hint(name)
        if hint is None and "for_each" in name and not self.is_declared(name):
            raise unknown_loop(head)
        if hint is None and self.token.text == "{":
            hint = f"if '{name}' is a macro for a loop, #define it"
        if hint is not None:
            self.expected("';' after the expression", hint)

    # --- loops ------------------------------------------------------------------------------

    def _annotated_loop(self, token: Token) -> Stmt:
        self.at += 1
        if token.kind == "pragma":
            bound = token
        else:
            self.expect("(", "after __unroll")
            bound = self.token
            self.at += 1
            self.expect(")", "after the bound of __unroll")
        if not bound.text.isdecimal() or not 1 <= int(bound.text[:9]) <= 10_000:
            raise InputError("the unrolling bound is a number from 1 to 10000", bound.span)
        if self.token.text not in _LOOPS:
            self.expected("a loop (while, do or for) after its unrolling bound")
        return self._loop(self.token.text, int(bound.text))

    def _loop(self, keyword: str, unroll: int | None) -> Stmt:
        if keyword == "while":
            return self._while(unroll)
        return self._do(unroll) if keyword == "do" else self._for(unroll)

    def _condition(self, keyword: str) -> Expr:
        self.expect("(", f"after '{keyword}'")
        count = len(self.literals)
        condition = self.expression()
        if keyword in _LOOPS:
            self.no_literal_since(count)
        self.expect(")", f"after the condition of '{keyword}'")
        return condition

    def _body(self, keyword: str) -> Stmt:
        """The statement that ``keyword`` controls; it cannot be a bare declaration."""
        self.scopes.append({})
        first = self.token
        body = self.one_statement()
        self.scopes.pop()
        if first.text == "typedef" or first.text in STATIC_ASSERTS:  # C17 6.7 p1
            raise _declares(body, keyword)
        if isinstance(body, Declaration | DeclGroup):
            return self.declared_alone(body, keyword)
        if self.type_starts(first) and isinstance(body, Block):
            raise _declares(body, keyword)
        return body

    def declared_alone(self, body: Declaration | DeclGroup, keyword: str) -> Stmt:
        """A declaration where C wants a statement."""
        raise _declares(body, keyword)

    def _while(self, unroll: int | None) -> Stmt:
        start = self.at
        self.at += 1
        condition = self._condition("while")
        body = self._body("while")
        return While(condition, body, self.span_from(start), unroll)

    def _do(self, unroll: int | None) -> Stmt:
        start = self.at
        self.at += 1
        body = self._body("do")
        self.expect("while", "after the body of 'do'")
        condition = self._condition("while")
        self.expect(";", "after 'do ... while (...)'")
        return DoWhile(body, condition, self.span_from(start), unroll)

    def _for(self, unroll: int | None) -> Stmt:
        start = self.at
        self.at += 1
        self.expect("(", "after 'for'")
        self.scopes.append({})
        init = () if self.accept(";") else (self._for_init(),)
        for guard in self.cleaning:
            message = "a variable with a cleanup in the head of a loop is not supported"
            raise InputError(message, guard.span, "declare it before the loop, in a block")
        count = len(self.literals)
        condition = None if self.token.text == ";" else self.expression()
        self.expect(";", "after the condition of 'for'")
        step = None if self.token.text == ")" else self.expression()
        self.no_literal_since(count)
        self.expect(")", "after the head of 'for'")
        body = self._body("for")
        self.scopes.pop()
        return For(init, condition, step, body, self.span_from(start), unroll)

    def _for_init(self) -> Stmt:
        starts = self.token.kind == "id" and self.declaration_starts(self.token)
        return self.declaration() if starts else self._expression_statement()

    # --- branches and jumps -----------------------------------------------------------------

    def _if(self) -> Stmt:
        start = self.at
        self.at += 1
        condition = self._condition("if")
        then = self._body("if")
        otherwise = self._body("else") if self.accept("else") else None
        return If(condition, then, otherwise, self.span_from(start))

    def _switch(self) -> Stmt:
        start = self.at
        self.at += 1
        value = self._condition("switch")
        body = self._body("switch")
        return Switch(value, body, self.span_from(start))

    def _case(self) -> Stmt:
        start = self.at
        self.at += 1
        low = self.conditional()
        high = self.conditional() if self.accept("...") else None
        self.expect(":", "after the value of 'case'")
        body = self._labelled()
        return Case(low, high, body, self.span_from(start))

    def _default(self) -> Stmt:
        start = self.at
        self.at += 1
        self.expect(":", "after 'default'")
        body = self._labelled()
        return Case(None, None, body, self.span_from(start))

    def _label(self) -> Stmt:
        start, name = self.at, self.token.text
        self.at += 2
        body = self._labelled()
        return Label(self.label_name(name), body, self.span_from(start))

    def _labelled(self) -> Stmt:
        """The statement behind a label; an empty one before ``}``."""
        if self.token.text == "}":
            return Block((), self.token.span)
        return self.one_statement()

    def _goto(self) -> Stmt:
        start = self.at
        self.at += 1
        if self.token.text == "*":
            raise InputError("computed goto is not supported", self.token.span)
        label = self.identifier("a label after 'goto'").text
        self.expect(";", "after 'goto'")
        return Goto(self.label_name(label), self.span_from(start))

    def _break(self) -> Stmt:
        start = self.at
        self.at += 1
        self.expect(";", "after 'break'")
        return Break(self.span_from(start))

    def _continue(self) -> Stmt:
        start = self.at
        self.at += 1
        self.expect(";", "after 'continue'")
        return Continue(self.span_from(start))

    def _return(self) -> Stmt:
        start = self.at
        self.at += 1
        value = None if self.token.text == ";" else self.expression()
        self.expect(";", "after 'return'")
        return Return(value, self.span_from(start))

    # --- guards -----------------------------------------------------------------------------

    def _guard(self) -> Stmt:
        """``guard(kind)(args);``"""
        if not self._calls_nothing():
            return self._ordinary(self.token)
        start = self.at
        self.at += 2
        kind = self.identifier("what the guard is, as in guard(spinlock)(&lock)").text
        self.expect(")", "after what the guard is")
        self.expect("(", f"for the argument of guard({kind})", f"write guard({kind})(...);")
        args = [] if self.token.text == ")" else self._guarded()
        self.expect(")", f"after the argument of guard({kind})")
        span = self.span_from(start)
        self.expect(";", f"after guard({kind})(...)")
        return self._noted(Guard(kind, tuple(args), None, span))

    def _scoped_guard(self) -> Stmt:
        """``scoped_guard(kind, args) statement``"""
        if not self._calls_nothing():
            return self._ordinary(self.token)
        start = self.at
        self.at += 2
        kind = self.identifier("what the guard is, as in scoped_guard(spinlock, &lock)").text
        args = self._guarded() if self.accept(",") else []
        self.expect(")", "after what scoped_guard takes")
        span = self.span_from(start)
        body = self._body("scoped_guard")
        return self._noted(Guard(kind, tuple(args), body, span))

    def _scoped_cond_guard(self) -> Stmt:
        if not self._calls_nothing():
            return self._ordinary(self.token)
        start = self.at
        self.at += 2
        kind = self.identifier("what the guard is, as in scoped_cond_guard(mutex_try, ...)").text
        self.expect(",", "after what the guard is")
        fail = self._failing()
        args = self._guarded()
        self.expect(")", "after what scoped_cond_guard takes")
        span = self.span_from(start)
        body = self._body("scoped_cond_guard")
        return self._noted(Guard(kind, tuple(args), body, span, fail))

    def _failing(self) -> Stmt:
        """The statement that ends at the next comma, as macros take it."""
        end, depth = self.at, 0
        while (text := self.tokens[end].text) != "," or depth:
            depth += (text in ("(", "{", "[")) - (text in (")", "}", "]"))
            if depth < 0 or self.tokens[end].kind == "eof":
                self.expected("',' after what scoped_cond_guard does where it fails")
            end += 1
        comma = self.tokens[end]
        self.tokens[end] = replace(comma, text=";")
        fail = self.one_statement()
        self.tokens[end] = comma
        if self.at == end:  # a block, which has an end of its own
            self.at += 1
        return fail

    def _calls_nothing(self) -> bool:
        """At a name: whether it is called, and the test has nothing of the name."""
        return self.ahead(1).text == "(" and not self.is_declared(self.token.text)

    def _guarded(self) -> list[Expr]:
        args = [self.assignment()]
        while self.accept(","):
            args.append(self.assignment())
        return args

    def _noted(self, guard: Guard) -> Guard:
        self.guards.append(guard)
        return guard

    def _else(self) -> Stmt:
        hint = "the body of 'if' before it ends at its first ';' or '}'"
        raise InputError("'else' without 'if'", self.token.span, hint)


_BY_KEYWORD = {
    "if": Statements._if,
    "else": Statements._else,
    "switch": Statements._switch,
    "case": Statements._case,
    "default": Statements._default,
    "goto": Statements._goto,
    "__label__": Statements.local_labels,
    "break": Statements._break,
    "continue": Statements._continue,
    "return": Statements._return,
    "guard": Statements._guard,
    "scoped_guard": Statements._scoped_guard,
    "scoped_cond_guard": Statements._scoped_cond_guard,
}


def _declares(body: Stmt, keyword: str) -> InputError:
    message = f"a declaration cannot be the whole body of '{keyword}'"
    return InputError(message, body.span, "put it into { ... }")
