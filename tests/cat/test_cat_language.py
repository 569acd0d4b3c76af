"""Constructs of the language that the text of a model settles: tags, their sets, tuples, choices.

The expectations follow the definition of cat (Alglave, Cousot, Maranget, 2016) and herd7's own
grammar (lib/modelParser.mly). Each text is judged by both evaluators, which have to agree.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.cat.compile import compile_cat
from ksmcheck.cat.graph import Graph, rel_bits, set_bits
from ksmcheck.cat.load import load_cat, load_text
from ksmcheck.execution.plain_cat import evaluate
from ksmcheck.execution.plain_names import Universe
from ksmcheck.syntax.cat_parser import parse_cat
from ksmcheck.text import InputError, Source

# 0 and 2 are writes, 1 an Mb fence between them, 3 reads from 2 in another thread.
SETS = {"W": {0, 2}, "R": {3}, "F": {1}, "Mb": {1}, "Once": {0}, "A": {3}}
RELATIONS = {
    "po": {(0, 1), (1, 2), (0, 2)},
    "rf": {(2, 3)},
    "int": {(a, b) for a in range(3) for b in range(3)} | {(3, 3)},
    "ext": {(a, 3) for a in range(3)} | {(3, a) for a in range(3)},
}
U = Universe.of(range(4), SETS, RELATIONS)
GRAPH = Graph(
    4,
    {k: set_bits(v) for k, v in SETS.items()},
    {k: rel_bits(4, v) for k, v in RELATIONS.items()},
)
ENUM = "enum E = 'mb || 'wmb || 'once\n"


def judged(text: str) -> tuple[set[str], set[str]]:
    """Names of the checks that fail and of the flags raised."""
    model = load_text(text)
    assert model.interpreted is None
    cat = compile_cat(model)
    failed = {c.name for c in cat.violated(GRAPH, first=False)}
    flags = {c.name for c in cat.flags(GRAPH)}
    plain = evaluate(model.tree, U)
    assert (set(plain.failed), set(plain.flags)) == (failed, flags)
    return failed, flags


def holds(condition: str, before: str = "") -> bool:
    failed, _ = judged(f"{before}\n{condition} as probe")
    return not failed


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        # `match` on a tag takes the first case that fits; `_` fits all.
        ("empty match 'mb with 'wmb -> rf || 'mb -> 0 end", True),
        ("empty match 'once with 'wmb -> 0 || _ -> rf end", False),
        # A tag is the set of the events that carry it, where a set is wanted.
        ("empty ['mb] & ['once]", True),
        ("empty tag2events('mb) \\ Mb", True),
        ("empty po & tag2fenced('mb)", False),
        # Sets of tags.
        ("empty if 'mb in {'mb, 'once} then 0 else rf", True),
        ("empty if 'mb in E \\ {'mb} then rf else 0", True),
        ("empty if {'mb} | {'once} = {'once, 'mb} then 0 else rf", True),
        ("empty if ~{'mb} = {'wmb, 'once} then 0 else rf", True),
        ("empty if {'mb} subset E && not {'mb} = E then 0 else rf", True),
        ("empty if 'mb ++ {'once} = {'mb, 'once} then 0 else rf", True),
        # Recursion over a set of tags: every tag of E has some event but 'wmb.
        ("empty all(E) \\ (Mb | Once)", True),
        ("empty (Mb | Once) \\ all(E)", True),
        ("empty all({'wmb})", True),
        # Tuples, as arguments and as patterns.
        ("empty let (a, b) = (rf, po) in a & b", True),
        ("empty let a, b = (rf, po) in a | b", False),
        ("empty let p = (po, rf) in pick p \\ po", True),
        ("empty first(0, po)", True),
        ("empty let (_, b) = (rf, po) in b & rf", True),
        # `_` is everything of the sort that its place wants.
        ("empty po \\ _", True),
        ("empty ~(po | _)", True),
        ("empty _ \\ (R | W | F)", True),
        ('empty (if "v" then _ else 0) & po', True),
        # `begin e end` is `(e)`, `^ -1` is `^-1`, application binds tightest and takes `[S]`.
        ("empty begin po & rf end", True),
        ("empty po^ -1 & po", True),
        ("empty domain [R] & W", True),
        ("empty (domain rf) \\ W", True),
        # What cannot be evaluated has a fallback.
        ("empty try po & R with 0", True),
        ("empty try nothing with 0", True),
        ("empty [try Nothing with R]", False),
        # Predefined relations.
        ("empty as_transitive(po) \\ po+", True),
        ("empty co0", True),
        ("empty lxsx | amo | iico_order", True),
        ("empty oa-changes(emptyset, po)", True),
    ],
)
def test_conditions(condition: str, expected: bool) -> None:
    functions = r"""
    let rec all S = match S with {} -> emptyset || t ++ S -> tag2events(t) | all(S) end
    let pick(a, b) = a | (b & 0)
    let first = fun (a, b) -> a
    """
    assert holds(condition, ENUM + functions) == expected


@pytest.mark.parametrize(
    "condition",
    [
        # herd7's grammar: an expression may be a tuple without parentheses (`baseortuple`) ...
        "empty let a, b = po, rf in a & b",
        "empty let p = po, rf in let (a, b) = p in a & b",
        "empty if 'mb, 'once in {('mb, 'once)} then 0 else rf",
        # ... and so is the body of a `fun`: this is no pair of a function and a relation.
        "empty let f = fun x -> x, po in let (a, b) = f rf in a & b",
        # Parentheses around one name, or none, are a pattern like any other.
        "empty let (a) = po in a & rf",
        "empty let () = po in po & rf",
        # A function of one parameter takes whatever it is given, a tuple or `()` too; one of
        # several takes a tuple apart (interpreter.ml, `add_args`). Predefined ones are alike.
        "empty let f x = po in f () & rf",
        "empty let f x = (let (a, b) = x in a & b) in f (po, rf)",
        "empty let g(a, b) = a & b in let f x = g x in f (po, rf)",
        "empty let t = (po, po, po) in nodetour t \\ po",
        # `_` beside a set of tags is all tags of their enum; a tag is the set of it alone.
        "empty if _ \\ {'mb} = {'wmb, 'once} then 0 else rf",
        "empty if _ & {'mb} = {'mb} && {'mb} \\ _ = {} then 0 else rf",
        "empty if _ \\ 'mb = 'wmb | 'once then 0 else rf",
        "empty if _ | {'mb} = E then 0 else rf",
        # `let rec f = fun x -> e` is a function that may call itself.
        "empty let rec f = fun S -> match S with {} -> emptyset"
        " || t ++ S -> tag2events(t) | f S end in f E \\ (Mb | Once)",
    ],
)
def test_tuples_and_the_universe_of_tags(condition: str) -> None:
    model = load_text(f"{ENUM} {condition}")
    assert evaluate(model.tree, U).failed == ()
    if model.interpreted is None:
        assert holds(condition, ENUM)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("empty let f x = x in f (po, rf)", "`x` is a tuple"),
        ("empty let f(a, b) = a in f po", "`f` takes 2 arguments, not 1"),
        ("let t = (po, rf) empty nodetour t", "`nodetour` takes 3 arguments"),
        # A union of tags is a set of tags, and none of events.
        ("empty ['mb | 'once]", "is a group of tags"),
        # A set of tags that has none does not tell of which enum it is.
        ("empty if _ \\ ({'mb} \\ E) = E then 0 else po", "of which it is"),
    ],
)
def test_tuples_that_do_not_fit(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_text(f"{ENUM} {text}")


def test_functions_recurse_over_hundreds_of_tags() -> None:
    # Each call takes one tag away; herd7 has no limit to that.
    tags = " || ".join(f"'t{n}" for n in range(500))
    text = r"let rec all S = match S with {} -> emptyset || t ++ S -> tag2events(t) | all S end"
    assert holds("empty all(E)", f"enum E = {tags} {text}")


def test_a_split_in_three() -> None:
    # One member in the middle, the rest on both sides, together the whole set.
    text = r"""
    let rec count S = match S with {} -> emptyset
      || xs | x ++ ys -> tag2events(x) | count(xs) | count(ys) end
    """
    assert holds("empty (Mb | Once) \\ count(E)", ENUM + text)


def test_forall_is_its_body_for_each_tag() -> None:
    text = "forall t in E do flag ~empty tag2events(t) as some empty tag2events(t) & R as none end"
    assert judged(ENUM + text) == (set(), {"some"})
    assert judged(ENUM + "forall t in {'mb} do empty tag2events(t) as none end")[0] == {"none"}


def test_names_of_a_forall_end_with_it() -> None:
    with pytest.raises(InputError, match="`x` is not defined"):
        load_text(ENUM + "forall t in E do let x = po end empty x")


def test_match_around_statements() -> None:
    text = "match 'mb with 'mb -> empty po as fails || _ -> empty rf as other end"
    assert judged(ENUM + text)[0] == {"fails"}


def test_procedures_that_call_themselves() -> None:
    text = """
    procedure rec each(S) =
      let rec last S = match S with {} -> emptyset || t ++ _ -> tag2events(t) end
      flag ~empty last(S) as seen
    end
    call each(E)
    """
    assert judged(ENUM + text) == (set(), {"seen"})


def test_procedures_of_the_library() -> None:
    text = "call subseteq(R, W) as s call inclusion(po, po) as i call total(po, W) as t"
    failed, _ = judged(text)
    # R is no part of W; po relates 0 and 2, but `total` asks for (0, 0) too.
    assert {name.partition(".")[0] for name in failed} == {"s", "t"}


def test_assert_is_a_flag_on_its_opposite() -> None:
    assert judged("assert empty po as broken assert empty po & rf as fine") == (set(), {"broken"})


def test_when_is_asked_of_the_recursion() -> None:
    text = "let rec r = po | rf | (r ; r) when acyclic r as straight"
    assert judged(text)[0] == set()
    assert judged(text.replace("| rf", "| po^-1"))[0] == {"straight"}


def test_coherence_extends_what_it_is_generated_from() -> None:
    # The candidate has no co: one that contains (0, 2) is none of its coherence orders.
    same = "let loc = W * W\n"
    assert judged(same + "with co from generate_cos(0)")[0] == set()
    cat = compile_cat(load_text("with co from generate_cos(po)"))
    near = Graph(4, GRAPH.sets, {**GRAPH.rels, "loc": rel_bits(4, [(0, 2), (2, 0)])})
    ordered = Graph(4, GRAPH.sets, {**near.rels, "co": rel_bits(4, [(0, 2)])})
    assert [c.name for c in cat.violated(near)] == ["with co"]
    assert cat.violated(ordered) == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("X86 TSO let a = po", "TSO"),
        ('RISCV "Risc V" let a = po', "Risc V"),
        ("stdlib let a = po", "stdlib"),
        ('"a title" withoutco let a = po', "a title"),
        ("catdep let a = po", ""),
        ("let a = po", ""),
        ('"two\nlines" let a = po', "two\nlines"),
    ],
)
def test_titles_and_options(text: str, title: str) -> None:
    tree = parse_cat(Source("t", text))
    assert (tree.title, len(tree.statements)) == (title, 1)


@pytest.mark.parametrize(
    "text",
    [
        "let a = po in let b = a",
        'if "v" empty po else empty rf end',
        'if not "v" || "w" then empty rf end',
        "default R[{'once}]",
        "instructions SRCU[]",
        "let rec f x = f x and g _ = po",
        "show po | rf as both, rf unshow po",
        "procedure rec p _ = end",
        "let _ = po",
        "let (_) = po",
        "let f = fun _x->_x let t' = match 'a' with 'a'->t' end",
        "show a, b | c as d debug match a with 'b -> c || _ -> d end",
        "\ufeff let a = po",
    ],
)
def test_forms_of_herd7(text: str) -> None:
    assert parse_cat(Source("t", text)).statements


def test_files_of_the_library_where_they_are_missing(tmp_path: Path) -> None:
    # The shape of a small model of herd7's: a machine and its name, library files, old filters.
    text = """X86 TSO
    include "x86fences.cat"
    include "filters.cat"
    include "cos.cat"
    acyclic po-loc | amo | com as uniproc
    let com = rf | fr | co
    let implied = MA(WR(po)) | AM(WR(po))
    acyclic mfence | implied | WW(po) | RM(po) | rfe | fr | co as tso
    """
    text = text.replace("acyclic po-loc | amo | com as uniproc\n", "")
    (tmp_path / "small.cat").write_text(text)
    model = load_cat(tmp_path / "small.cat")
    assert {"MFENCE", "X", "LOCK"} <= model.tags
    # A file of that name beside the model is the one that is read.
    (tmp_path / "x86fences.cat").write_text("let mfence = fencerel(MY)")
    assert "MFENCE" not in load_cat(tmp_path / "small.cat").tags


def test_what_is_no_utf8_has_a_place(tmp_path: Path) -> None:
    (tmp_path / "bad.cat").write_bytes(b"let a = po\nlet b = \xff rf")
    (tmp_path / "own.cat").write_text('include "bad.cat"')
    with pytest.raises(InputError, match="not UTF-8") as caught:
        load_cat(tmp_path / "own.cat")
    span, (note,) = caught.value.diagnostic.span, caught.value.diagnostic.notes
    assert span is not None
    assert (span.source.name, span.line, span.column) == (str(tmp_path / "bad.cat"), 2, 9)
    assert note.message == "included here"


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "own.cat").write_bytes(b'\xef\xbb\xbf"title"\r\nlet a = po\r\nacyclic a')
    assert load_cat(tmp_path / "own.cat").title == "title"


def test_cos_opt_forbids_that_a_thread_sees_coherence_go_back() -> None:
    # 0 and 1 are writes of one location in program order, and co has them the other way round.
    cat = compile_cat(load_text('include "cos-opt.cat"'))
    rels = {"po": rel_bits(2, [(0, 1)]), "loc": 0b1111, "co": rel_bits(2, [(1, 0)])}
    assert [c.name for c in cat.violated(Graph(2, {"W": 0b11}, rels))] == ["ConsCo"]
    fine = {**rels, "co": rel_bits(2, [(0, 1)])}
    assert cat.violated(Graph(2, {"W": 0b11}, fine)) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("empty po ++ rf", "a set of events taken apart"),
        ("empty {R}", "a set of sets"),
        ("with x from {po, rf}", "`with ... from`"),
        ("with co from cross({})", "the function `cross`"),
        ("forall x in classes(loc) do empty x end", "the function `classes`"),
        ("let f x = x empty map f po", "the function `map`"),
        ("empty (if R = W then po else rf)", "a condition that compares sets"),
        ("empty match R with {} -> 0 || e ++ S -> po end", "`match` on a set of events"),
        ("let rec r = po and f x = r empty f(po)", "a recursion of functions and relations"),
        ("let rec r = po \\ r when acyclic r", "`when` of a recursion through a difference"),
    ],
)
def test_what_only_an_interpreter_knows(text: str, why: str) -> None:
    model = load_text(f"acyclic po as kept flag ~empty rf as seen {text}")
    assert model.interpreted is not None
    assert why in model.interpreted
    assert [c.name for c in model.checks][:2] == ["kept", "seen"]
    cat = compile_cat(model)
    for use in (lambda: cat.violated(GRAPH), lambda: cat.flags(GRAPH), lambda: cat.nodes):
        with pytest.raises(InputError, match="is not compiled"):
            use()


def test_an_interpreted_models_tags_are_its_free_names() -> None:
    text = "let A = try A with 0 let f S = S & Own in with x from {[A], [Mb ; f(Mb)]} empty [B2]"
    assert load_text(text).tags == {"A", "Own", "Mb", "B2"}


@pytest.mark.parametrize(
    ("before", "tags"),
    [
        ("let f x = x", "f {'mb} | f {'wmb}"),
        ("let f x = {x}", "f 'mb | f 'wmb"),
        ("", "(let a = {'mb} in a) | (let b = {'wmb} in b)"),
        ("let f x = x\nlet S = f {'mb} | f {'wmb}", "S"),
        ("let f x = E \\ x", "f {'once} & f {}"),
        ("let f x = ~x", "f {'mb} & f {'once} | f {'wmb, 'once}"),
        ("let g S = let T = S in T\nlet f S = g S | g {'mb}", "f {'wmb}"),
        (
            "let rec f S = match S with {} -> {} || t ++ S -> f S | {t} end",
            "f {'mb} | f {'wmb}",
        ),
    ],
)
def test_sets_of_tags_that_functions_give(before: str, tags: str) -> None:
    """Under an operator as anywhere; of E some event has 'mb, and one 'once, and none 'wmb."""
    text = f"{ENUM}{before}\nforall t in {tags} do flag ~empty tag2events(t) as some end"
    if "~x" in before or "E" in before:
        text = text.replace("E \\ x", "{'mb, 'wmb, 'once} \\ x")
    failed, flags = judged(text)
    assert not failed and flags <= {"some"}
    again = f"{ENUM}{before}\nforall t in ({tags}) \\ {{'mb}} do empty tag2events(t) as none end"
    again = again.replace("E \\ x", "{'mb, 'wmb, 'once} \\ x")
    assert judged(again)[0] <= {"none"}


def test_a_function_that_gives_tags_and_calls_itself_is_called_once_a_round() -> None:
    tags = [f"'t{n}" for n in range(30)]
    text = f"enum Many = {' || '.join(tags)}\n"
    text += "let rec f S = match S with {} -> {} || t ++ S -> f S | {t} end\n"
    text += "forall t in f Many | f {} do empty rf \\ rf as none end"
    assert judged(text) == (set(), set())
