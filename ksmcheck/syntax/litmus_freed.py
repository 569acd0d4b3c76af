"""``kfree_rcu(p, head)``: ``call_rcu`` of the object's head with a function that frees it.

include/linux/rcupdate.h and kernel/rcu/tree.c (6.12): nothing happens for a null pointer, and what
is freed is the object around the head. This is done to the tokens, before ``litmus_callbacks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.record import Struct, field
from ksmcheck.syntax.litmus_calls import TokenCall, defines, respelt
from ksmcheck.syntax.pp_macros import in_private
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Source

FREEING = ("kfree_rcu", "kvfree_rcu")
_FILE = "<linux/rcupdate.h>"
_HINT = "call_rcu() of a function that frees it says the same"


class _Head(Struct, frozen=True):
    """A member of type ``struct rcu_head`` in ``struct tag``, by its ``path`` there."""

    tag: str
    path: str

    @property
    def function(self) -> str:
        return f"kfree_rcu_{self.tag}_{self.path.replace('.', '_')}"


def freed_later(tokens: list[Token]) -> list[Token]:
    """The tokens with ``call_rcu`` for each ``kfree_rcu``, and with the functions that it calls.

    A test that defines the name itself means its own. Raises InputError where no struct, or more
    than one, has such a head.
    """
    if not {token.text for token in tokens}.intersection(FREEING) or defines(tokens, FREEING):
        return tokens
    heads = _heads(tokens)
    used: dict[_Head, None] = {}

    def spelling(call: TokenCall, _: Sequence[Token]) -> list[Token]:
        head = _head(call, heads)
        used[head] = None
        return _called(call, respelt(call.arguments[0], FREEING, spelling), head)

    changed = respelt(tokens, FREEING, spelling)
    return [*_functions(used), *changed]


def _heads(tokens: Sequence[Token]) -> list[_Head]:
    """Each RCU head in a struct with a tag, in order."""
    found: list[_Head] = []
    open_: list[_Braces] = [_Braces("")]
    for at, token in enumerate(tokens[:-3]):
        if token.text == "{":
            tagged = at > 1 and tokens[at - 2].text == "struct" and tokens[at - 1].kind == "id"
            open_.append(_Braces(tokens[at - 1].text if tagged else ""))
        elif token.text == "}" and len(open_) > 1:
            closed = open_.pop()
            after = tokens[at + 1]
            member = f"{after.text}." if after.kind == "id" else ""
            open_[-1].heads += [f"{member}{path}" for path in closed.heads]
            if closed.tag:
                found += [_Head(closed.tag, path) for path in closed.heads]
        elif token.text == "struct" and tokens[at + 1].text in _TAGS and tokens[at + 3].text == ";":
            open_[-1].heads.append(tokens[at + 2].text)
    return found


_TAGS = ("rcu_head", "callback_head")


class _Braces(Struct):
    """A block that is open; of a struct its tag. ``heads``: by what they are called from there."""

    tag: str
    heads: list[str] = field(default_factory=list)


def _head(call: TokenCall, heads: Sequence[_Head]) -> _Head:
    name, arguments = call.name, call.arguments
    path = "".join(token.text for token in arguments[-1])
    if len(arguments) != 2 or not arguments[0] or not path:
        hint = None
        if len(arguments) == 1 and path:
            hint = f"{name.text}_mightsleep(p), or synchronize_rcu() and kfree(p)"
        raise InputError(f"{name.text} takes a pointer and the name of a head", name.span, hint)
    found = [head for head in heads if head.path == path]
    if len(found) == 1:
        return found[0]
    those = " and ".join(f"struct {head.tag}" for head in found)
    several = f"{those} have a head of the name {path}"
    none = f"no struct of the test has an rcu_head of the name {path}"
    raise InputError(several if found else none, arguments[1][0].span, hint=_HINT)


def _called(call: TokenCall, pointer: list[Token], head: _Head) -> list[Token]:
    """All at the call's place but for what is written there."""
    first = f"({{ struct {head.tag} *freed__ = ("
    last = f"); if (freed__) call_rcu(&freed__->{head.path}, {head.function}); }})"
    return [*call.here(_tokens(first)), *pointer, *call.here(_tokens(last))]


def _functions(used: Iterable[_Head]) -> list[Token]:
    text = "".join(
        f"static void {head.function}(struct rcu_head *head)\n{{\n"
        f"\t__ksmcheck_freed(*container_of(head, struct {head.tag}, {head.path}));\n}}\n"
        for head in used
    )
    return _tokens(text)


def _tokens(text: str) -> list[Token]:
    return in_private(tokenize(Source(_FILE, text))[:-1])
