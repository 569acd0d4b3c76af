"""What only the interpreter has: sets that the execution makes, taken apart and put together.

Expectations by the definitions in "Syntax and semantics of the weak consistency model specification
language cat" (Alglave, Cousot, Maranget, 2016).
"""

from __future__ import annotations

import pytest

from ksmcheck.cat.load import load_text
from ksmcheck.execution.plain_cat import choices, evaluate
from ksmcheck.execution.plain_names import Universe
from ksmcheck.execution.plain_relations import classes, linearisations, rows_of, set_of
from ksmcheck.text import InputError


def universe(**rels: set[tuple[int, int]]) -> Universe:
    """Writes 0, 1, 2 of one place and 3 of another, a read 4 of the first."""
    places = ({0, 1, 2, 4}, {3})
    loc = {(a, b) for p in places for a in p for b in p}
    return Universe.of(
        range(5),
        {"W": {0, 1, 2, 3}, "R": {4}, "IW": {0, 3}},
        {"loc": loc, **rels},
    )


U = universe(po={(1, 2), (1, 4), (2, 4)}, rf={(2, 4)}, co={(0, 1), (1, 2), (0, 2)})

UNION = """
let rec union S = match S with {} -> 0 || r ++ S -> r | union S end
let pair e = e ++ {}
"""


def fails(text: str, u: Universe = U) -> bool:
    return bool(evaluate(load_text(text).tree, u).failed)


@pytest.mark.parametrize(
    "text",
    [
        # A set of events, one at a time: the union of what each is alone is the set.
        "let rec all S = match S with {} -> {} || e ++ S -> {e} | all S end empty W \\ all W",
        "let rec all S = match S with {} -> {} || e ++ S -> {e} | all S end empty all W \\ W",
        "let rec all r = match r with || {} -> 0 || p ++ r -> p | all r end empty po \\ all po",
        "let rec mid S = match S with {} -> {} || a | e ++ b -> {e} | mid a | mid b end"
        " empty W \\ mid W",
        # map gives a set: the images of all members, each once.
        "empty union (map (fun e -> W * {e}) R) \\ (W * R)",
        "empty if map (fun e -> 0) W = {0} then 0 else po",
        # Of events it gives a set of events, of pairs a relation: `f e ++ map f S` (stdlib.cat).
        "empty if map (fun e -> e) W = W then 0 else po",
        "empty if map (fun p -> p^-1) po = po^-1 then 0 else po",
        # The inverse of a pair is a pair, which may be added, and taken apart as a tuple is.
        "let rec turn r = match r with {} -> {} || p ++ r -> p^-1 ++ turn r end"
        " empty turn po \\ po^-1",
        "let swap(a, b) = (b, a)"
        " let rec turn r = match r with {} -> 0 || p ++ r -> swap p ++ turn r end"
        " empty turn po \\ po^-1",
        "let second(a, b) = b empty if map second po = range(po) then 0 else po",
        # A tuple of events added to nothing is a set of tuples, but added to a relation a pair.
        "empty if map (fun e -> (e, e)) R = {(R & {}, R & {})} then po else 0",
        # `{}` beside relations is the empty relation.
        "empty if {{}, 0} = {0} then 0 else po",
        # Two classes of writes, by place.
        "empty if classes-loc W = {W & domain(loc & (_ * R)), {3-of-its-own}} then 0 else 0",
        "empty if R in classes-loc R then 0 else po",
        # Orders of the three writes of one place that keep po: 3 of 6.
        "let os = linearisations(W & domain(loc & (_ * R)), po)"
        " let rec two S = match S with {} -> 0 || o ++ S -> (match S with {} -> 0 || p ++ T ->"
        " (match T with {} -> po || q ++ V -> (match V with {} -> 0 || x ++ Y -> po end) end) end)"
        " end empty two os",
        # A product of choices: one relation of each set, united.
        "empty if cross({{po, rf}, {co}}) = {po | co, rf | co} then 0 else po",
        "empty if cross({}) = {0} then 0 else po",
        "empty if cross({{}, {co}}) = {} then 0 else po",
        # Pairs.
        "let rec turn r = match r with {} -> 0 || p ++ r -> p^-1 | turn r end"
        " empty turn po \\ po^-1",
        "let rec ends r = match r with {} -> {} || p ++ r -> domain p | ends r end"
        " empty ends po \\ domain(po)",
        "empty if po subset po+ then 0 else po",
        "empty if po = co then po else 0",
        "empty try fail(po) with 0",
        "empty (0 ++ {po}) & {po, rf} \\ {po}",
    ],
)
def test_sets_taken_apart(text: str) -> None:
    assert not fails(UNION + text.replace("{3-of-its-own}", "IW & {}"))


def test_the_same_expressions_can_fail() -> None:
    assert fails("let rec all S = match S with {} -> {} || e ++ S -> {} end empty W \\ all W")
    assert fails("empty if cross({{po, rf}, {co}}) = {po | co} then 0 else po")


def test_linearisations_and_classes() -> None:
    # Orders of three in which 0 comes before 1: 3 of 6; in which all go in a circle: none.
    three = set_of(range(3))
    assert len(linearisations(three, rows_of([(0, 1)]))) == 3
    assert len(linearisations(three, rows_of([(0, 1), (1, 2), (2, 0)]))) == 0
    assert linearisations(set_of([7]), rows_of([(1, 2)])) == [{}]
    same = rows_of([(0, 0), (1, 1), (0, 1), (1, 0), (2, 2)])
    assert classes(same) == {set_of([0, 1]), set_of([2])}


def test_with_from_takes_any_choice_that_is_fine() -> None:
    # po has the pair of rf, co has not.
    text = "with r from {po, co} empty r & rf as apart flag ~empty r & co as took-co"
    result = evaluate(load_text(text).tree, U)
    assert (result.failed, result.flags) == ((), ("took-co",))
    assert fails("with r from {po, rf} empty r & rf")
    assert fails("with r from {}")


def test_with_co_asks_for_the_candidates_own() -> None:
    generate = "with co from cross(map (fun S -> linearisations(S, po)) (classes-loc W))"
    assert not fails(generate)
    # Here co orders 2 before 1, against po.
    assert fails(generate, universe(po={(1, 2)}, co={(0, 2), (2, 1), (0, 1)}))


def test_generated_coherence_orders_one_by_one() -> None:
    # 0 is first, 1 and 2 come in either order; the other place has one write.
    text = 'include "cross.cat" with co from generate_cos(loc & (IW * (W \\ IW)))'
    orders = {one.co for one in choices(load_text(text).tree, U)}
    assert orders == {
        frozenset({(0, 1), (0, 2), (1, 2)}),
        frozenset({(0, 1), (0, 2), (2, 1)}),
    }
    # co0 has the candidate's final write last, as in herd7, which has chosen it by then.
    (one,) = choices(load_text('include "cross.cat" with co from generate_cos(co0)').tree, U)
    assert one.co == {(0, 1), (0, 2), (1, 2)}


def test_functions_recurse_over_hundreds_of_events() -> None:
    n = 600
    many = Universe.of(range(n), {"W": set(range(n))}, {})
    text = "let rec all S = match S with {} -> {} || e ++ S -> {e} | all S end empty W \\ all W"
    assert not fails(text, many)
    calls = "procedure rec each(S) = flag ~empty S as some end " + "call each(W) " * 2000
    assert not fails(f"with x from {{po, po}} {calls}", many)


def test_recursion_of_functions_and_relations() -> None:
    # f sees r as it is in each round.
    text = "let rec r = po | step(r) and step x = x ; r empty r \\ po+ empty po+ \\ r"
    assert not fails(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("with x from y", "a set of sets or tags is needed"),
        ("with x from {po, rf} empty undefined-name", "`undefined-name` is not defined"),
        ("with x from {po, R} empty x", "the members of a set are of one kind"),
        ("with x from {po, po} empty x ; R", "a relation is needed, this is a set of events"),
        ("with x from {po, po} empty x x", "this is not a function, but a relation"),
        ("let f x = x with x from {po, po} empty map f", "is needed, this is a function"),
        ("with x from {po, po} let rec f x = f(x) empty f(po)", "calls itself without end"),
        (
            "with x from {po, po} procedure rec p(x) = call p(x) end call p(po)",
            "calls itself without end",
        ),
        ("let f(a, b) = a with x from {po, po} empty map f W", "takes 2 arguments, not 1"),
        ("with x from {po, po} let rec r = _ \\ r empty r", "does not settle"),
        ("with x from {po, po} call x(po)", "`x` is not a procedure"),
        ("with x from {po, po} forall t in po do empty t end", "a set of sets or tags is needed"),
        ("with x from {po, po} empty match 'a with 'b -> po end", "no case for 'a"),
        ("with x from {po, po} empty fail(x)", "the model fails here"),
        ("with x from {po, po} let (a, b) = x empty a", "a tuple of 2 is needed"),
        ("with x from {po, po} empty same-oa(po)", "no page tables"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        evaluate(load_text(text).tree, U)
    assert caught.value.diagnostic.span is not None
