"""Macro expansion on tokens (C17 6.10.3; hide sets after Dave Prosser's algorithm).

Every token that a definition brings gets the span of the macro's use in the user's text, with
``via`` at its place in the definition; tokens of arguments keep their own place.
"""

from __future__ import annotations

from ksmcheck.record import Struct, replace
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Note, Source, Span

_MOST_TOKENS = 100_000
_VA_ARGS = "__VA_ARGS__"
# A key among the arguments where those behind the named ones are left out.
_OMITTED = ""


class Macro(Struct, frozen=True):
    """``params`` is None for an object-like macro; a variadic one's last is the rest's name."""

    name: Token
    params: tuple[str, ...] | None
    variadic: bool
    body: tuple[Token, ...]

    def same(self, other: Macro) -> bool:
        """Whether a second definition only repeats the first (C17 6.10.3 p2, blanks aside)."""
        spelled = [t.text for t in self.body] == [t.text for t in other.body]
        return spelled and self.params == other.params and self.variadic == other.variadic


def read_definition(tokens: list[Token]) -> Macro:
    """The macro that the tokens behind ``#define`` define."""
    name = tokens[0]
    at, params, variadic = 1, None, False
    if len(tokens) > 1 and tokens[1].text == "(" and tokens[1].start == name.end:
        params, variadic, at = _read_params(tokens)
    body = tuple(tokens[at:])
    for index, token in enumerate(body):
        if token.text == "#" and params is not None:
            following = body[index + 1].text if index + 1 < len(body) else ""
            if following not in params:
                raise InputError("'#' in a macro stands before a parameter", token.span)
        if token.text in ("__VA_OPT__",) or (
            token.text == _VA_ARGS and _VA_ARGS not in (params or ())
        ):
            raise InputError(f"'{token.text}' has no meaning in this macro", token.span)
    for end in body[:1] + body[-1:]:
        if end.text == "##":
            raise InputError("'##' stands between two tokens", end.span)
    return Macro(name, params, variadic, body)


def _read_params(tokens: list[Token]) -> tuple[tuple[str, ...], bool, int]:
    """Names, whether variadic, and the index behind ``)``."""
    names: list[str] = []
    texts = [token.text for token in tokens] + [""] * 3
    at = 2
    if texts[at] == ")":
        return (), False, at + 1
    while True:
        variadic = texts[at] == "..."
        if not variadic and (at >= len(tokens) or tokens[at].kind != "id"):
            raise InputError(
                "expected a parameter of the macro", tokens[min(at, len(tokens) - 1)].span
            )
        if texts[at] in names:
            raise InputError(f"two parameters named '{texts[at]}'", tokens[at].span)
        names.append(_VA_ARGS if variadic else texts[at])
        at += 1
        if not variadic and texts[at] == "...":
            variadic, at = True, at + 1
        if texts[at] == ")":
            return tuple(names), variadic, at + 1
        if texts[at] != "," or variadic:
            here = tokens[min(at, len(tokens) - 1)]
            raise InputError("expected ')' after the parameters of the macro", here.span)
        at += 1


def in_private(tokens: list[Token]) -> list[Token]:
    """Of what comes with ksmcheck: the variables of its macros, ``like_this__``, get names that no
    test can have. Else ``size_add(a__, 1)`` would initialise a variable with itself."""
    return [
        replace(token, text=f"{token.text[:-2]}#") if _is_private(token) else token
        for token in tokens
    ]


def _is_private(token: Token) -> bool:
    text = token.text
    return text.endswith("__") and token.kind == "id" and not text.startswith("_")


class Expander:
    """The macros that are defined, and expansion by them."""

    def __init__(self) -> None:
        self.macros: dict[str, Macro] = {}
        self.left = _MOST_TOKENS

    def expand(self, tokens: list[Token]) -> list[Token]:
        """All macros of ``tokens`` expanded, theirs too. Raises InputError."""
        out: list[Token] = []
        work = tokens[::-1]
        macros = self.macros
        while work:
            token = work.pop()
            if token.kind != "id" or token.text not in macros or token.text in token.blocked:
                out.append(token)
                continue
            macro = macros[token.text]
            if macro.params is None:
                new = self._replace(macro, {}, token, token.end, token.blocked)
            elif work and work[-1].text == "(":
                new = self._call(macro, token, work)
            else:
                out.append(token)
                continue
            self._pay(len(new), token)
            work.extend(reversed(new))
        return out

    def _pay(self, tokens: int, use: Token) -> None:
        self.left -= tokens + 1
        if self.left < 0:
            raise InputError("macro expansion does not come to an end in reasonable size", use.span)

    def _call(self, macro: Macro, use: Token, work: list[Token]) -> list[Token]:
        assert macro.params is not None
        opening = work.pop()
        most = len(macro.params) if macro.variadic else _MOST_TOKENS
        given, closing = _split_arguments(use, opening, work, most)
        args = _bind(macro, use, given)
        same = closing.source is use.source
        end = max(closing.end, use.end) if same else use.end
        return self._replace(macro, args, use, end, use.blocked & closing.blocked)

    def _replace(
        self,
        macro: Macro,
        args: dict[str, list[Token]],
        use: Token,
        end: int,
        blocked: frozenset[str],
    ) -> list[Token]:
        """The body with arguments put in, ``#`` and ``##`` done."""
        hidden = blocked | {macro.name.text}
        out: list[Token] = []
        body, at = macro.body, 0
        while at < len(body):
            token = body[at]
            pasted = at + 1 < len(body) and body[at + 1].text == "##"
            if token.text == "#" and macro.params is not None:
                at += 1
                piece = [_stringify(token, args[body[at].text])]
            elif token.text == "##":
                at += 2
                right = _operand(body[at - 1], args)
                if not _comma_before_rest(macro, at - 2):
                    out[-1:] = [_join(out[-1] if out else _placemarker(token), right[0], token)]
                    out += right[1:]
                elif right[0].kind == "void" and (_OMITTED in args or len(args) == 1):
                    out.pop()
                else:
                    out += right
                continue
            elif token.text in args:
                raw = args[token.text]
                piece = (list(raw) or [_placemarker(token)]) if pasted else self.expand(raw)
            else:
                piece = [token]
            out += piece
            at += 1
        return [_at_use(t, macro, use, end, hidden) for t in out if t.kind != "void"]


def _comma_before_rest(macro: Macro, at: int) -> bool:
    """Whether the ``##`` at index ``at`` is GNU's ``, ## __VA_ARGS__``, which drops the comma if
    there is no such argument: not if it is empty, but where it is the only one."""
    if not macro.variadic or macro.params is None:
        return False
    return macro.body[at - 1].text == "," and macro.body[at + 1].text == macro.params[-1]


def _operand(token: Token, args: dict[str, list[Token]]) -> list[Token]:
    """The operand of ``##``: an argument as written, a placemarker if it is empty."""
    if token.text not in args:
        return [token]
    return list(args[token.text]) or [_placemarker(token)]


def _placemarker(token: Token) -> Token:
    return replace(token, kind="void", text="")


def _join(left: Token, right: Token, at: Token) -> Token:
    if left.kind == "void" or right.kind == "void":
        return right if left.kind == "void" else left
    text = left.text + right.text
    made = tokenize(Source("<pasted>", text))
    if len(made) != 2 or made[0].text != text or made[0].kind == "bad":
        message = f"'##' makes '{text}' of '{left.text}' and '{right.text}', which is no token"
        raise InputError(message, at.span)
    return replace(left, kind=made[0].kind, text=text, blocked=left.blocked & right.blocked)


def _stringify(hash_: Token, arg: list[Token]) -> Token:
    text = ""
    for index, token in enumerate(arg):
        if index and not _adjacent(arg[index - 1], token):
            text += " "
        quoted = token.kind in ("str", "chr")
        text += token.text.replace("\\", "\\\\").replace('"', '\\"') if quoted else token.text
    return replace(hash_, kind="str", text=f'"{text}"')


def _adjacent(left: Token, right: Token) -> bool:
    """Whether no blank stood between them, in the definition or in the user's text."""
    one_use = (left.start, left.end) == (right.start, right.end)
    if one_use and left.via is not None and right.via is not None:
        return left.via.source is right.via.source and left.via.end == right.via.start
    return left.source is right.source and left.end == right.start


def _at_use(token: Token, macro: Macro, use: Token, end: int, hidden: frozenset[str]) -> Token:
    """A body token moved to the use; an argument's token stays, both may not expand again."""
    blocked = token.blocked | hidden
    if not _from_body(token, macro):
        source, start, end, via = token.source, token.start, token.end, token.via
    else:
        # Of a use within another macro: where that stands in its definition, and then in this one.
        source, start, via = use.source, use.start, _within(use, token.span)
    return Token(token.kind, token.text, source, start, end, via, blocked)


def _within(use: Token, place: Span) -> Span:
    """Where the use stands, if that is in a macro's definition, and there the place in its own."""
    outer = use.via
    if outer is None:
        return place
    return Span(outer.source, outer.start, outer.end, place)


def _from_body(token: Token, macro: Macro) -> bool:
    first, last = macro.body[0], macro.body[-1]
    inside = first.start <= token.start and token.end <= last.end
    return token.source is first.source and token.via is None and inside


def _split_arguments(
    use: Token, opening: Token, work: list[Token], most: int
) -> tuple[list[list[Token]], Token]:
    """The arguments up to the closing parenthesis, which are taken off ``work``.

    Commas beyond argument number ``most`` belong to that argument (the variable ones).
    """
    args: list[list[Token]] = [[]]
    depth = 0
    while work:
        token = work.pop()
        if token.text == ")" and depth == 0:
            return args, token
        if token.text == "," and depth == 0 and len(args) < most:
            args.append([])
            continue
        depth += (token.text == "(") - (token.text == ")")
        args[-1].append(token)
    raise InputError(f"the arguments of the macro '{use.text}' are not closed", opening.span)


def _bind(macro: Macro, use: Token, given: list[list[Token]]) -> dict[str, list[Token]]:
    params = macro.params or ()
    if not params and given == [[]]:
        return {}
    if macro.variadic and len(given) == len(params) - 1:
        return {**dict(zip(params, [*given, []], strict=True)), _OMITTED: []}
    if len(given) == len(params):
        return dict(zip(params, given, strict=True))
    count = f"{len(given)} argument{'s' * (len(given) != 1)}"
    takes = f"{len(params) - macro.variadic}{' or more' * macro.variadic}"
    message = f"the macro '{use.text}' takes {takes}, but gets {count}"
    notes = (Note("defined here", macro.name.span),)
    raise InputError(message, use.span, None, notes)
