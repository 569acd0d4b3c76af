"""``call_rcu(head, function)``: the callback is a thread of its own, behind a grace period.

Documentation/RCU/whatisRCU.rst and the comment on call_rcu() of kernel/rcu/tree.c (6.12): the
function is invoked once a grace period has passed that began after the call, and a full barrier
lies between the two. So the call is a store of ``head``, a release, into a variable that nobody
else stores to; the thread takes it from there with an acquire, waits for a grace period, and calls
the function. An execution in which the call was made and the thread has not seen it is none that
ends: a filter leaves it out, so that in the end each callback has run. ``rcu_barrier()`` waits for
those whose call it sees. ``kfree_rcu`` (``litmus_freed``) is such a call before 5.6. Since then it
collects what it is to free, and ``kvfree_rcu_barrier()`` waits for that (kernel/rcu/tree.c).

This is done to the tokens, so that all that reads a test finds plain C.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.record import Struct, replace
from ksmcheck.syntax.c_ast import Name
from ksmcheck.syntax.litmus_ast import Content, PropTree, Register
from ksmcheck.syntax.litmus_calls import TokenCall, defines, respelt
from ksmcheck.syntax.preprocessor import kernel_version
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Source, Span

CALL, BARRIER = "call_rcu", "rcu_barrier"
FREE, FREE_BARRIER = "__ksmcheck_free_rcu", "kvfree_rcu_barrier"
"""``__ksmcheck_free_rcu(p, function)``: a call for the object p, which needs no head."""
_COLLECTED, _AWAITED = kernel_version("5.6"), kernel_version("6.12")
_FILE = "<linux/rcupdate.h>"
_HINT = "write a thread that waits for what says so, calls synchronize_rcu(), and then the function"


class Callback(Struct, frozen=True):
    """One call of ``call_rcu``, the ``number``-th, with the function that it names, and what waits
    for it (nothing: "")."""

    number: int
    function: str
    span: Span
    barrier: str

    @property
    def called(self) -> str:
        """The variable that holds the head once the call is made."""
        return f"rcu_callback_{self.number}"

    @property
    def done(self) -> str:
        """The variable that says that the function has returned."""
        return f"rcu_callback_{self.number}_done"


def callbacks(tokens: list[Token], kernel: str) -> tuple[list[Token], tuple[Callback, ...]]:
    """The tokens with a variable in place of each call's function; and the calls.

    A test that defines one of the names itself means its own. Raises InputError for a call whose
    function is not named.
    """
    barriers = _barriers(tokens, kernel)
    names = [FREE] if defines(tokens, (CALL, BARRIER)) else [FREE, CALL]
    found: list[Callback] = []

    def spelling(call: TokenCall, _: Sequence[Token]) -> list[Token]:
        span = call.name.span
        barrier = barriers.get(call.name.text, "")
        callback = Callback(len(found), _function(call.arguments, span), span, barrier)
        found.append(callback)
        return _respelt(call, callback, respelt(call.arguments[0], names, spelling))

    changed = respelt(tokens, names, spelling)
    return _declared(changed, found, barriers.values()), tuple(found)


def _barriers(tokens: list[Token], kernel: str) -> dict[str, str]:
    """What the test waits with for the calls of each name."""
    texts = {token.text for token in tokens if token.kind == "id"}
    version, found = kernel_version(kernel), {}
    if BARRIER in texts and not defines(tokens, (CALL, BARRIER)):
        found[CALL] = BARRIER
        if version < _COLLECTED:
            found[FREE] = BARRIER
    if FREE_BARRIER in texts and version >= _AWAITED and not defines(tokens, (FREE_BARRIER,)):
        found[FREE] = FREE_BARRIER
    return found


def _function(arguments: list[list[Token]], call: Span) -> str:
    if len(arguments) != 2 or not arguments[0]:
        raise InputError(f"{CALL} takes the head and the function", call)
    names = [t for t in arguments[1] if t.text != "&"]
    if len(names) != 1 or names[0].kind != "id" or len(arguments[1]) > 2:
        raise InputError(f"{CALL} of a function that is not named here", call, _HINT)
    return names[0].text


def _respelt(call: TokenCall, callback: Callback, head: list[Token]) -> list[Token]:
    """``call_rcu(&rcu_callback_0, head)``, all at the call's place, with what is done to it."""
    # The kernel links the head into a list of the CPU by a plain store, which a NULL shows.
    first, last = "({ struct rcu_head *rcu_head__ = (", "); rcu_head__->next = 0; rcu_head__; })"
    if call.name.text == FREE:
        first, last = "(struct rcu_head *)(", ")"
    name = replace(call.name, text=CALL)
    before, after = call.here(_tokens(f"(&{callback.called}, {first}")), call.here(_tokens(last))
    return [name, *before, *head, *after, call.end]


def _declared(
    tokens: list[Token], calls: Sequence[Callback], barriers: Iterable[str]
) -> list[Token]:
    """Before everything else the variables, and what waits for all callbacks."""
    text = "".join(f"static struct rcu_head *{call.called};\n" for call in calls)
    for barrier in sorted(set(barriers)):
        awaited = [call for call in calls if call.barrier == barrier]
        text += "".join(f"static int {call.done};\n" for call in awaited)
        waits = "".join(
            f"\tif (rcu_do_batch(&{call.called}))\n"
            f"\t\twhile (!rcu_do_batch(&{call.done}))\n\t\t\tcpu_relax();\n"
            for call in awaited
        )
        text += f"static void {barrier}(void)\n{{\n{waits}}}\n"
    return [*_tokens(text), *tokens]


def _tokens(text: str) -> list[Token]:
    return tokenize(Source(_FILE, text, made=True))[:-1]


def thread_tokens(callback: Callback, number: int) -> list[Token]:
    """The thread that calls the function."""
    done = f"\trcu_barrier_callback(&{callback.done}, 1);\n" if callback.barrier else ""
    return tokenize(
        Source(
            _FILE,
            f"void P{number}(void)\n{{\n"
            f"\tstruct rcu_head *head = rcu_do_batch(&{callback.called});\n\n"
            "\tif (!head)\n\t\treturn;\n\tsynchronize_rcu();\n"
            f"\t{callback.function}(head);\n{done}}}\n",
            made=True,
        )
    )


def all_run(calls: Sequence[Callback], first: int, given: PropTree | None) -> PropTree | None:
    """The filter: each thread, from number ``first`` on, has seen whether its call was made."""
    tree = given
    for number, call in enumerate(calls, first):
        seen = Register(number, "head", call.span)
        made = Content(Name(call.called, call.span), call.span)
        same = PropTree("eq", (), (seen, made), call.span)
        tree = same if tree is None else PropTree("and", (tree, same), (), call.span)
    return tree
