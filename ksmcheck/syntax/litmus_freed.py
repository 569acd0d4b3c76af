"""``kfree_rcu(p, head)``: ``call_rcu`` of the object's head with a function that frees it.

include/linux/rcupdate.h and kernel/rcu/tree.c (6.12): nothing happens for a null pointer, and what
is freed is the object around the head. ``kfree_rcu_mightsleep(p)`` has no head, and frees what p
points to: it waits for a grace period only where no memory is left for a list of what is to be
freed, so that who calls it must not rely on that. This is done to the tokens, before
``litmus_callbacks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax.litmus_callbacks import FREE
from ksmcheck.syntax.litmus_calls import TokenCall, defines, respelt
from ksmcheck.syntax.pp_macros import in_private
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Source

_HEADLESS = ("kfree_rcu_mightsleep", "kvfree_rcu_mightsleep")
FREEING = ("kfree_rcu", "kvfree_rcu", *_HEADLESS)
_FILE = "<linux/rcupdate.h>"
_HINT = "call_rcu() of a function that frees it says the same"


class _Head(Struct, frozen=True):
    """A member of type ``struct rcu_head`` in ``struct tag``, by its ``path`` there (none: "")."""

    tag: str
    path: str

    @property
    def function(self) -> str:
        name = f"kfree_rcu_{self.tag}"
        return f"{name}_{self.path.replace('.', '_')}" if self.path else name

    @property
    def around(self) -> str:
        """The object, by its ``head``."""
        if not self.path:
            return f"(struct {self.tag} *)head"
        return f"container_of(head, struct {self.tag}, {self.path})"


def freed_later(tokens: list[Token]) -> list[Token]:
    """The tokens with ``call_rcu`` for each ``kfree_rcu``, and with the functions that it calls.

    A test that defines the name itself means its own. Raises InputError where no struct, or more
    than one, has such a head.
    """
    if not {token.text for token in tokens}.intersection(FREEING) or defines(tokens, FREEING):
        return tokens
    heads = _heads(tokens)
    used: dict[_Head, None] = {}

    def spelling(call: TokenCall, before: Sequence[Token]) -> list[Token]:
        headless = call.name.text in _HEADLESS
        head = _headless(call, before) if headless else _head(call, heads, before)
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


def _head(call: TokenCall, heads: Sequence[_Head], before: Sequence[Token]) -> _Head:
    name, arguments = call.name, call.arguments
    path = "".join(token.text for token in arguments[-1])
    if len(arguments) != 2 or not arguments[0] or not path:
        hint = None
        if len(arguments) == 1 and path:
            hint = f"without a head it is {name.text}_mightsleep(p)"
        raise InputError(f"{name.text} takes a pointer and the name of a head", name.span, hint)
    found = [head for head in heads if head.path == path]
    if len(found) > 1 and (tag := _pointee(arguments[0], before)) is not None:
        found = [head for head in found if head.tag == tag] or found
    if len(found) == 1:
        return found[0]
    those = " and ".join(f"struct {head.tag}" for head in found)
    several = f"{those} have a head of the name {path}"
    none = f"no struct of the test has an rcu_head of the name {path}"
    raise InputError(several if found else none, arguments[1][0].span, hint=_HINT)


def _headless(call: TokenCall, before: Sequence[Token]) -> _Head:
    """What is freed by its address alone, as the pointer is cast or declared."""
    name, arguments = call.name, call.arguments
    if len(arguments) != 1 or not arguments[0]:
        raise InputError(f"{name.text} takes a pointer", name.span)
    tag = _pointee(arguments[0], before)
    if tag is None:
        hint = f"cast it: {name.text}((struct node *)p)"
        raise InputError(f"{name.text} of what?", arguments[0][0].span, hint)
    return _Head(tag, "")


def _pointee(pointer: Sequence[Token], before: Sequence[Token]) -> str | None:
    words = [token.text for token in pointer]
    if words[:2] == ["(", "struct"] and words[3:5] == ["*", ")"]:
        return words[2]
    return _pointed(words[-1], before)


def _pointed(name: str, before: Sequence[Token]) -> str | None:
    """What a variable or member was last declared to point to. If that was another one of the name,
    the types differ, and the parser's reader refuses it."""
    for at in range(len(before) - 1, 2, -1):
        if before[at].text == name and before[at - 1].text == "*":
            start = at - 2
            while start > 1 and before[start - 1].text != "struct" and _in_list(before[start].text):
                start -= 1
            if before[start - 1].text == "struct" and before[start].kind == "id":
                return before[start].text
    return None


def _in_list(text: str) -> bool:
    """Whether it may stand before a declarator, in the declaration that another one begins."""
    return text not in (";", "{", "}")


def _called(call: TokenCall, pointer: list[Token], head: _Head) -> list[Token]:
    """All at the call's place but for what is written there."""
    first = f"({{ struct {head.tag} *freed__ = ("
    # The kernel links the head into a list where it has no other, by plain stores.
    linked = f"({{ freed__->{head.path}.next = 0; &freed__->{head.path}; }})"
    what = linked if head.path else "freed__"
    last = f"); if (freed__) {FREE}({what}, {head.function}); }})"
    return [*call.here(_tokens(first)), *pointer, *call.here(_tokens(last))]


def _functions(used: Iterable[_Head]) -> list[Token]:
    text = "".join(
        f"static void {head.function}(struct rcu_head *head)\n{{\n\tkfree({head.around});\n}}\n"
        for head in used
    )
    made: list[Token] = []
    for token in _tokens(text):  # an execution shows the text itself
        after_name = bool(made) and made[-1].text == _FREED
        made.append(replace(token, text=_FREED) if token.text == "kfree" else token)
        if after_name:
            made.append(replace(token, kind="op", text="*"))
    return made


_FREED = "__ksmcheck_freed"


def _tokens(text: str) -> list[Token]:
    return in_private(tokenize(Source(_FILE, text, made=True))[:-1])
