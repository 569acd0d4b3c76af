"""What names mean: scopes, functions, tags, includes; and what is refused, where and why."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.graph import Graph, pairs, rel_bits, set_bits
from ksmcheck.cat.load import CatModel, load_cat, load_text
from ksmcheck.text import InputError


def graph() -> Graph:
    """0 -po-> 1 -po-> 2, 2 -rf-> 0; event 1 is a fence."""
    po = rel_bits(3, [(0, 1), (1, 2), (0, 2)])
    sets = {"R": 0b001, "W": 0b100, "F": 0b010, "MFENCE": 0b010}
    return Graph(3, sets, {"po": po, "rf": rel_bits(3, [(2, 0)])})


def value(text: str, expression: str) -> set[tuple[int, int]]:
    """The pairs of a relation after the definitions in ``text``."""
    cat = compile_cat(load_text(f"{text}\nempty {expression} as probe"))
    root, candidate = cat.root(cat.checks[-1]), graph()
    got = cat.value(candidate, root)
    # The generated code agrees.
    assert bool(cat.violated(candidate)) == bool(got)
    if got and cat.nodes[root].op != "id":
        assert cat._values(candidate, len(cat.checks) - 1)[f"x{root}"] == got
    return set(pairs(3, got))


def test_a_later_definition_shadows() -> None:
    assert value("let po = rf", "po") == {(2, 0)}
    assert value("let r = po let r = r & rf", "r") == set()


def test_a_function_sees_the_names_of_its_definition() -> None:
    text = "let r = rf\nlet f(x) = r | x\nlet r = po"
    assert value(text, "f(0)") == {(2, 0)}


def test_a_parameter_hides_an_outer_name_only_inside() -> None:
    text = "let f(po) = po ; po"
    assert value(text, "f(rf)") == set()
    assert value(text, "po") == {(0, 1), (1, 2), (0, 2)}


def test_derived_relations_do_not_follow_a_new_rf() -> None:
    # As in herd7: fr and the like were made before the model began.
    assert value("let rf = 0\nlet co = 0", "rf^-1 | fr") == set()
    assert value("let int = 0", "rfi") == set()


def test_and_binds_in_the_outer_scope() -> None:
    assert value("let r = rf let r = po and s = r", "s") == {(2, 0)}


def test_functions_as_values_and_of_tuples() -> None:
    text = "let compose = fun (a, b) -> a ; b\nlet apply(f, x, y) = f(x, y)"
    assert value(text, "apply(compose, po, po)") == {(0, 2)}


def test_let_in_and_nested_let_rec() -> None:
    text = "let r = let rec t = po | rf | (t ; t) in t & id"
    assert value(text, "r") == {(0, 0), (1, 1), (2, 2)}


def test_let_rec_inside_let_rec() -> None:
    # The inner y is x+. By hand: x = po at first, so y = po; then x = po | (po ; rf), with
    text = "let rec x = po | (let rec y = x | (y ; x) in y ; rf)"
    # (0, 2) ; rf and (1, 2) ; rf. From 2 nothing begins: it has no successor in po.
    assert value(text, "x") == {(0, 1), (1, 2), (0, 2), (0, 0), (1, 0)}


def test_try_falls_back_where_a_name_is_missing() -> None:
    assert value("let r = try nothing-here with po", "r & rf") == set()
    assert value("let r = try po with rf", "r & rf") == set()
    assert value("let r = try nothing-here with rf", "r") == {(2, 0)}


def test_variants_choose() -> None:
    text = 'let r = if "x" && not "y" then po else rf\nempty r as c'
    for variants, expected in (({"x"}, 3), ({"x", "y"}, 1), (set(), 1)):
        cat = compile_cat(load_text(text, variants=frozenset(variants)))
        assert cat.value(graph(), cat.root(cat.checks[0])).bit_count() == expected


def test_tags_are_the_free_names_of_sets() -> None:
    model = load_text("let f(S) = [S] ; po ; [Acquire]\nempty f(DMB.ISH) | fencerel(mfence) as c")
    assert model.tags == {"Acquire", "DMB.ISH", "mfence"}


def test_predefined_names_are_not_tags() -> None:
    names = "(R | W | M | F | IW | I | FW | B | emptyset | _)"
    assert load_text(f"empty {names} as c").tags == frozenset()
    # The events of locks are left out of RMW.
    assert load_text("empty RMW as c").tags == {"LKR", "LKW"}


def test_a_quoted_tag_is_the_set_with_a_capital() -> None:
    # herd7 makes the set Mb for the annotation 'mb.
    assert load_text("empty fencerel('mb) & fencerel(Mb) as c").tags == {"Mb"}


def test_enum_declares_tags() -> None:
    model = load_text("enum E = 'mb || 'wmb\ninstructions F[{'mb}]\nempty fencerel(Mb) as c")
    assert model.tags == {"Mb", "Wmb"}


def test_checks_with_and_without_names() -> None:
    text = "acyclic po as a\nempty po\nflag ~empty rf as b\nundefined_unless acyclic rf as u"
    checks = load_text(text).checks
    assert [c.name for c in checks] == ["a", "empty@2", "b", "u"]
    assert [c.flag for c in checks] == [False, False, True, True]
    # `undefined_unless acyclic`: raised where there is a cycle.
    assert [c.negated for c in checks] == [False, False, True, True]


def test_procedures() -> None:
    procedure = "procedure p(r, s) = let t = r ; s acyclic t as c end"
    text = f"{procedure}\ncall p(po, rf) as first\ncall p(po, po)"
    cat = compile_cat(load_text(text))
    assert [c.name for c in cat.checks] == ["first.c", "c"]
    assert cat.violated(graph(), first=False) == (cat.checks[0],)


def test_coherence_generators_are_taken_as_given() -> None:
    text = 'include "cos.cat"\nwith co from generate_cos(co0)\nacyclic co as c'
    assert [c.name for c in load_text(text).checks] == ["c"]


def test_lock_cat_is_provided_as_its_checks() -> None:
    model = load_text('include "lock.cat"')
    flags = ["mixed-lock-accesses", "unpaired-LKR", "unpaired-LKW", "unmatched-unlock"]
    assert [c.name for c in model.checks] == flags
    cat = compile_cat(model)
    # lock (0, 1), unlock (2), unlock again (3), all of one lock and one thread.
    order = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    rels = {"po": rel_bits(4, order), "loc": 2**16 - 1, "rmw": rel_bits(4, [(0, 1)])}
    sets = {"R": 0b0001, "W": 0b1110, "LKR": 0b0001, "LKW": 0b0010, "UL": 0b1100}
    assert [c.name for c in cat.flags(Graph(4, sets, rels))] == ["unmatched-unlock"]
    plain = Graph(4, {**sets, "UL": 0b0100}, rels)
    assert [c.name for c in cat.flags(plain)] == ["mixed-lock-accesses"]


def test_include_and_bell(tmp_path: Path) -> None:
    (tmp_path / "m.bell").write_text("enum Barriers = 'mb\nlet x = po")
    (tmp_path / "part.cat").write_text("let y = x ; rf")
    (tmp_path / "m.cat").write_text('"The title"\ninclude "part.cat"\nacyclic y as c')
    model = load_cat(tmp_path / "m.cat")
    assert (model.name, model.title, set(model.tags)) == ("m", "The title", {"Mb"})
    assert len(model.tree) == 4
    cat = compile_cat(model)
    assert cat.violated(graph()) == cat.checks
    (tmp_path / "part.cat").write_text("let y = x ; rf ")
    assert load_cat(tmp_path / "m.cat").digest != model.digest


def test_include_of_itself_and_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "m.cat").write_text('include "m.cat"')
    with pytest.raises(InputError, match="includes itself"):
        load_cat(tmp_path / "m.cat")
    (tmp_path / "n.cat").write_text('let a = po\ninclude "gone.cat"')
    with pytest.raises(InputError, match="there is no file `gone") as caught:
        load_cat(tmp_path / "n.cat")
    assert caught.value.diagnostic.span is not None
    assert caught.value.diagnostic.span.line == 2
    with pytest.raises(InputError, match="cannot read"):
        load_cat(tmp_path / "absent.cat")


@pytest.mark.parametrize(
    ("text", "at", "message", "hint"),
    [
        ("acyclic po | hbb", "hbb", "`hbb` is not defined", None),
        ("let happens = po\nacyclic hapens", "hapens", "is not defined", "did you mean `happens`?"),
        ("acyclic po-lock", "po-lock", "is not defined", "did you mean `po-loc`?"),
        ("acyclic po ; MFENCE", "MFENCE", "is not defined", "`[MFENCE]`"),
        ("acyclic R", "R", "a relation is expected here, but this is a set", "`[S]`"),
        ("acyclic po ; R", "R", "a relation is expected", "`[S]`"),
        ("acyclic [po]", "po", "a set of events is expected here, but this is a relation", None),
        ("acyclic po | R", "R", "a relation is expected", None),
        ("empty R | po", "po", "a set of events is expected", None),
        ("empty fencerel(po)", "(po)", "a set of events is expected", None),
        ("empty domain(R)", "(R)", "a relation is expected", None),
        ("empty R+", "R", "a relation is expected", None),
        ("let f(x) = x\nempty f", "f", "`f` is a function", "apply it"),
        ("let f(x) = x\nempty f(po, po)", "x", "`x` is a tuple", None),
        ("empty po po", "po po", "this is not a function", "operator missing"),
        ("empty g(po)", "g", "the function `g` is not defined", None),
        ("let rec x = rf \\ x", "x = rf \\ x", "recursive through a difference", "grow"),
        ("let rec x = co | (~x)", "x = co | (~x)", "recursive through a difference", "grow"),
        ("call p(po)", "call p(po)", "`p` is not a procedure", None),
        ("enum E = 'mb\nempty fencerel Mbb", "Mbb", "nor a declared tag", "did you mean `Mb`?"),
        ("enum E = 'mb\nempty E", "E", "a group of tags", None),
        ("let rec f(x) = f(x) empty f(po)", "f(x)", "`f` calls itself without end", None),
        ("procedure rec p(x) = call p(x) end call p(po)", "call p(x)", "without end", None),
        (
            "let (a, b) = po empty a",
            "po",
            "a tuple of 2 is expected here, this is a set or relation",
            None,
        ),
        ("let f = fun (a, b) -> a empty f(po)", "f(po)", "`f` takes 2 arguments, not 1", None),
        ("empty match 'a with 'b -> po end", None, "none of the cases fits", None),
        ("enum E = 'a match 'a with 'b -> empty po end", None, "no case for 'a", None),
        ("empty match (po, po) with || {} -> 0 || e ++ S -> po end", None, "on a tuple", None),
        ("empty {'a, nothing}", "nothing", "`nothing` is not defined", None),
        ("empty if ~{'a} = {'a} then 0 else po", "{'a}", "tags of an enum are needed", None),
        ("empty ~{'a}", "{'a}", "a group of tags", None),
        ("empty tag2events(po)", "(po)", "a tag is expected here", None),
        ("empty same-oa(po)", "same-oa(po)", "page tables", None),
    ],
)
def test_refused(text: str, at: str | None, message: str, hint: str | None) -> None:
    with pytest.raises(InputError) as caught:
        load_text(text)
    diagnostic = caught.value.diagnostic
    assert message in diagnostic.message
    assert diagnostic.span is not None
    if at is not None:
        assert diagnostic.span.text == at
    if hint is not None:
        assert hint in (diagnostic.hint or "")


def test_an_error_inside_a_function_names_the_call() -> None:
    with pytest.raises(InputError) as caught:
        load_text("let f(x) = x ; po\nempty f(R)")
    (note,) = caught.value.diagnostic.notes
    assert note.span is not None
    assert (note.span.text, note.span.line) == ("f(R)", 2)


def test_definitions_that_need_each_other_only_one_way_are_not_one_recursion() -> None:
    # z cuts y away, but y does not need z: y is every pair (0, 1, 2 are on a cycle), so y ; rf^-1
    # are the pairs that end in 2.
    text = "let rec z = po \\ (y ; rf^-1 | y & rf^-1) and y = po | (y ; y) | rf"
    assert value(text, "z") == {(0, 1)}


def test_recursion_that_never_settles_is_an_error() -> None:
    # x = po \\ x changes for ever, as soon as there is a pair of po.
    cat = compile_cat(load_text(r"let rec x = po \ x" + "\nempty x as c"))
    with pytest.raises(InputError, match="does not settle"):
        cat.violated(graph())
    with pytest.raises(InputError, match="does not settle"):
        cat.value(graph(), cat.root(cat.checks[0]))


def test_nesting_beyond_reason_is_an_error() -> None:
    with pytest.raises(InputError, match="nested too deeply") as caught:
        load_text("let a = po\nempty " + " ; ".join(["a"] * 20_000) + " as c")
    assert caught.value.diagnostic.span is not None
    assert caught.value.diagnostic.span.line == 2
    assert load_text("empty " + " ; ".join(["po"] * 2000) + " as c").interpreted is None


def test_compiled_models_survive_pickling() -> None:
    model = load_text("let rec x = po | (x ; x)\nacyclic x | rf as c\nflag ~empty rf as f")
    cat = compile_cat(model)
    again: CompiledCat = pickle.loads(pickle.dumps(cat))
    assert [c.name for c in again.violated(graph())] == ["c"]
    assert [c.name for c in again.flags(graph())] == ["f"]
    assert again.raises(graph(), again.checks[1])
    # Checks of one copy are understood by the other.
    assert len(again.explain(graph(), cat.checks[0])) == 1
    copy: CatModel = pickle.loads(pickle.dumps(model))
    assert copy.digest == model.digest


def test_code_of_another_python_is_made_again() -> None:
    cat = compile_cat(load_text("acyclic po | rf as c"))
    old = (b"other", b"not byte code")
    from ksmcheck.record import replace

    other = CompiledCat(replace(cat.compiled, codes=(old, old)))
    assert [c.name for c in other.violated(graph())] == ["c"]


def test_names_of_definitions_are_kept() -> None:
    # `f` is a function and `unused` is in no check, so neither has a node.
    text = "let unused = po ; po let hb = po | rf let f(x) = x let hb = hb+ acyclic hb as c"
    algebra = load_text(text).algebra
    assert [name for name, _ in algebra.names] == ["hb", "hb"]
    assert algebra.names[-1][1] == algebra.roots[0]


def test_the_unmatched_brackets_recursion() -> None:
    """Non-monotone but settling: pairs of nested brackets, the innermost first, as the kernel's
    model matches rcu_read_lock and rcu_read_unlock. 0 ( 1 ( 2 ) 3 ) 4 ( : by counting, 1-2, 0-3."""
    text = r"""
    let m = let rec
        l = L \ domain(matched)
    and u = U \ range(matched)
    and lu = l | u
    and lupo = [lu] ; po ; [lu]
    and l-to-u = [l] ; po ; [u]
    and matched = matched | (l-to-u \ (lupo ; lupo))
    in matched
    empty m as c"""
    po = rel_bits(5, [(a, b) for a in range(5) for b in range(a + 1, 5)])
    brackets = Graph(5, {"L": set_bits([0, 1, 4]), "U": set_bits([2, 3])}, {"po": po})
    cat = compile_cat(load_text(text))
    assert cat.violated(brackets) == cat.checks
    root = cat.root(cat.checks[0])
    assert pairs(5, cat._values(brackets, 0)[f"x{root}"]) == [(0, 3), (1, 2)]
    assert pairs(5, cat.value(brackets, root)) == [(0, 3), (1, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "(try po & R with po) | po",  # a relation and a set have no intersection
        "po | (try po & R with po)",
        "(try (try po with nothing) & R with po)",  # po has a meaning, whatever R would want
        "(try po & R with (let f(x) = x in f(po))) | po",
    ],
)
def test_what_is_tried_has_no_meaning_for_being_of_the_wrong_sort(text: str) -> None:
    assert value(f"let r = {text}", "r") == value("let r = po", "r") != set()
