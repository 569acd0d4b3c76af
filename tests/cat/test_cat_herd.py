"""What models mean in herd7, each expectation from its sources, for both evaluators.

Values: herd/interpreter.ml, where `{}` is `V.Empty` and `_` is `V.Unv`, of no sort of their own;
names: herd/machModelChecker.ml; the library: herd/libdir.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ksmcheck.cat.compile import compile_cat
from ksmcheck.cat.graph import Graph, rel_bits, set_bits
from ksmcheck.cat.load import load_text
from ksmcheck.check.check import check
from ksmcheck.execution.plain_cat import evaluate
from ksmcheck.execution.plain_names import Universe
from ksmcheck.syntax.cat_parser import parse_cat
from ksmcheck.text import InputError, Source

# 0 and 2 are writes, 1 an Mb fence between them, 3 reads from 2 in another thread.
SETS = {"W": {0, 2}, "R": {3}, "F": {1}, "Mb": {1}, "Once": {0}}
RELATIONS = {
    "po": {(0, 1), (1, 2), (0, 2)},
    "rf": {(2, 3)},
    "loc": {(a, b) for a in (0, 2, 3) for b in (0, 2, 3)},
    "int": {(a, b) for a in range(3) for b in range(3)} | {(3, 3)},
    "ext": {(a, 3) for a in range(3)} | {(3, a) for a in range(3)},
}
U = Universe.of(range(4), SETS, RELATIONS)
GRAPH = Graph(
    4,
    {k: set_bits(v) for k, v in SETS.items()},
    {k: rel_bits(4, v) for k, v in RELATIONS.items()},
)
# Not in the order of the names.
ENUM = "enum E = 'wmb || 'once || 'mb\n"


def judged(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The checks that fail and the flags raised; of both evaluators where the model compiles."""
    model = load_text(ENUM + text)
    plain = evaluate(model.tree, U)
    if model.interpreted is None:
        cat = compile_cat(model)
        failed = tuple(c.name for c in cat.violated(GRAPH, first=False))
        assert (plain.failed, plain.flags) == (failed, tuple(c.name for c in cat.flags(GRAPH)))
    return plain.failed, plain.flags


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        # A name of `_` or `{}` is of the sort that each place needs (`Unv,r -> r` in Inter, ...).
        ("let u = _ empty (po \\ u) | (po & ~u) empty R \\ u", True),
        ("let u = _ empty po & u", False),
        ("let e = {} empty (po & e) | (e ; po) | [e] | (e * R) empty R & e", True),
        ("let e = {} empty po | e", False),
        ("let e = {} empty R | e", False),
        ("let e = {} empty e+ empty e^-1 empty e* \\ id empty domain e", True),
        ("let u = _ acyclic u", False),
        # So is what a function is given and gives, and a part of a tuple.
        ("let same x = x empty same({}) | po", False),
        ("let f x = R & x let g x = po & x empty f({}) empty g({})", True),
        ("let f(x, y) = x & y empty f(po, _)", False),
        ("let f(x, y) = x & y empty f(_, R)", False),
        ("let a, b = ({}, _) empty po & a empty R \\ b empty po \\ b", True),
        ("procedure p(r, s) = empty r & s end call p({}, po) call p({}, R) call p(_, 0)", True),
        # Operators on them alone (Comp, eval_diff), and what a condition or `try` chooses.
        ("let u = ~{} let e = _ \\ u | {} empty R \\ u empty po \\ u empty po & e", True),
        ("let x = if {'mb} = {'mb} then {} else po empty x & po empty x | x", True),
        ("let x = try nothing with {} empty x | po", False),
        # Beside tags they are sets of tags: none, or all of the enum.
        ("let e = {} empty if e | {'mb} = {'mb} && 'mb ++ e = {'mb} then 0 else po", True),
        ("let u = _ empty if u \\ {'mb} = {'wmb, 'once} then 0 else po", True),
        ("let e = {} forall t in e do empty po end", True),
        ("let e = {} empty match e with {} -> 0 || t ++ ts -> po end", True),
        ("empty let rec f S = match S with {} -> {} || t ++ S -> f S | [tag2events t] end in"
         " f E \\ id", True),
        # `match` takes the least member away, tags being compared as strings (ValOrder).
        ("let first S = match S with {} -> emptyset || t ++ S -> tag2events t end"
         " empty Mb \\ first E empty Once \\ first {'wmb, 'once}", True),
        ("let first S = match S with {} -> {} || t ++ S -> t end"
         " empty if first {{'wmb}, {'once, 'mb}} = {'mb, 'once} then 0 else po", True),
        # The check of a recursion is asked in each round (env_rec_vals): r is empty in the first.
        ("let rec r = a and a = po when ~empty r", False),
        ("let rec r = po \\ r when empty r", False),
        ("let rec r = po | (r ; r) when acyclic r", True),
        # Prim inter_transitive: the pairs of the second that the first has a path for.
        ("empty inter_transitive(po, loc) \\ (po & loc)", True),
        ("empty (po & loc) \\ inter_transitive(po, loc)", True),
        # The first form of a condition on variants (doc/herd.tex, "Conditional execution").
        ('if variant "x" empty po else empty po & rf end', True),
        ('let a = if not variant "x" && not "y" then 0 else po empty a', True),
        ("let variant = rf empty variant \\ rf", True),
        # Power sets (doc/herd.tex, "Bindings").
        ("let rec power S = match S with || {} -> { {} } || e ++ S -> let rec add_e RR ="
         " match RR with || {} -> { } || R ++ RR -> R ++ (e ++ R) ++ add_e RR end"
         " in add_e (power S) end let p = power {'mb, 'once}"
         " empty if p = {{}, {'mb}, {'once}, {'mb, 'once}} && {} in p then 0 else po"
         " with x from power po empty po \\ x acyclic x", True),
        # A fixpoint may be a set of tags (`stabilised` has ValSet).
        ("let rec s = {'mb} | t and t = {'once} | s"
         " empty if s = {'mb, 'once} then 0 else po", True),
        # A tag beside `{}` is the set of it (union_args, tag2set), what a choice gives too.
        ("empty if {} | 'wmb = {'wmb} then 0 else po", True),
        ("empty if ~(if 'mb in E then {'mb} else {}) = {'once, 'wmb} then 0 else po", True),
        ("empty if (match 'mb with 'mb -> {'mb} || _ -> {} end) | 'once = {'mb, 'once}"
         " then 0 else po", True),
        ("empty if ~(try nope with {'mb}) = {'once, 'wmb} then 0 else po", True),
        # herd7 7.58 says: EXEC are the accesses, not the fences; `sm` and `si` are of accesses too.
        ("empty ((R | W) \\ EXEC) | (F & EXEC) | SPEC", True),
        ("empty ([R | W] \\ (si & sm)) | ([F] & (si | sm)) | (si \\ id)", True),
        ("empty [F] & same-instance", False),
        # herd7 7.58 says: no order of events one of which comes before itself, by others be it.
        ("empty if linearisations(W, (W * R) | (R * W)) = {} then 0 else po", True),
        ("empty if linearisations(W, (R * W) | (R * R)) = {} then po else 0", True),
        ("empty if LFENCE in {LFENCE, R} then PoD | BR else R", True),
        ("empty if {} in {F \\ F, R} then 0 else po empty if {} in {F, R} then po else 0", True),
        # herd7 7.58 says: an `enum` takes no machine's own sets away.
        ("empty po & (LFENCE * DMB.SY) empty try Fence.rw.rw with R", True),
        # herd7 7.58 says: ctrlcfence takes two arguments (its files gave it one before), udr gives
        # both ends of a relation.
        ("empty ctrlcfence(po, F) \\ fencerel(F)", True),
        ("empty fencerel(F) \\ ctrlcfence(po, F)", True),
        ("let both = (po, F) empty fencerel(F) \\ ctrlcfence both empty ctrlcfence(F)", True),
        ("empty udr(rf) \\ (domain(rf) | range(rf)) empty R \\ udr(rf)", True),
        # herd7 7.58 says: a definition is looked at where it is used, and there it may be tried.
        ("let x = po | W let y = nowhere let a, b = po let f(r) = r | nowhere empty 0", True),
        ("let x = nowhere empty try x with 0", True),
        ("let x = po | W and y = 0 empty y", True),
        # A pair or event that is added, taken apart, and looked for (Add, MatchSet, In).
        ("empty let rec f r = match r with {} -> 0 || p ++ r -> (p ++ 0)^-1 | f r end in"
         " f rf \\ rf^-1", True),
        ("let pairs e = let rec go ws = match ws with {} -> fun k -> k || w ++ ws ->"
         " let rest = go ws in fun k -> (e, w) ++ rest k end in go"
         " empty match R with {} -> 0 || e ++ _es -> pairs e W 0 \\ (R * W) end", True),
    ],
)  # fmt: skip
def test_as_herd7_has_it(text: str, fine: bool) -> None:
    failed, _ = judged(text)
    assert (not failed) == fine


def test_a_flag_has_its_own_name() -> None:
    """exec_test of `Flagged` records the check's name; a call's is for skipping it (Call)."""
    text = "procedure p(r) = flag ~empty r as racy empty r as none end call p(po) as q"
    assert judged(text) == (("q.none",), ("racy",))


def test_a_model_may_have_its_own_generate_cos() -> None:
    """`with` evaluates what is written (WithFrom); the library's file has no say in it."""
    own = "let generate_cos(x) = {0} with co from generate_cos(po & loc) empty 0"
    assert judged(own) == ((), ())
    library = own.replace("let generate_cos(x) = {0}", "")
    assert evaluate(load_text(library).tree, U).failed == ("no choice",)


def test_sets_of_sets_are_taken_apart_alike_in_each_process() -> None:
    """ValOrder compares sets member by member, so nothing hangs on how Python hashes them."""
    program = (
        "from ksmcheck.cat.load import load_text\n"
        "from ksmcheck.execution.plain_cat import evaluate\n"
        "from ksmcheck.execution.plain_names import Universe\n"
        "text = '''let first S = match S with {} -> {} || t ++ S -> t end\n"
        "let sets = {{'p, 'q}, {'r, 's}, {'k, 'z}, {'d, 'y}, {'c, 'x}}\n"
        "empty if first sets = {'c, 'x} then 0 else po'''\n"
        "u = Universe.of(range(2), {}, {'po': {(0, 1)}})\n"
        "print(evaluate(load_text(text).tree, u).failed)\n"
    )
    for seed in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout == "()\n"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        # eval of a Tag: "tag '%s is undefined".
        ("empty if 'onec in {'once} then 0 else po", (2, 10), "`'onec` is not a tag"),
        ("instructions R[{'onec}]", (2, 17), "`'onec` is not a tag"),
        # Events: "event type %s is not part of legal", "expected a set of tags".
        ("instructions Q[{'once}]", (2, 1), "`Q` is no kind of instruction"),
        ("instructions R[po]", (2, 16), "tags are expected here"),
        # Add: "this expression should be a set"; compare: "Heterogeneous set elements".
        ("empty if 'mb ++ 'once = E then 0 else po", (2, 10), "a tag cannot be added to a tag"),
        ("empty if 'mb = {'mb} then 0 else po", (2, 10), "a tag is no set of tags"),
        # `let` is lazy: who uses it is told what is wrong with it.
        ("let x = po | W\nflag ~empty x as used", (2, 14), "a relation is expected here"),
        ("let x = nowhere and y = 0\nlet z = x | y\nempty z", (2, 9), "`nowhere` is not defined"),
        ("let f(r) = r | nowhere\nlet z = f(po)\nempty z", (2, 16), "`nowhere` is not defined"),
    ],
)
def test_refused_as_by_herd7(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_text(ENUM + text)
    span = caught.value.diagnostic.span
    assert span is not None
    assert (span.line, span.column) == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lift(classes(loc), po)", "`lift` is about classes of events"),
        ("bisimulation(po, rf)", "`bisimulation` is about classes of events"),
        ("loc2events('mb)", "`loc2events` is about locations"),
        ("tag2scope('mb)", "`tag2scope` is about scopes"),
    ],
)
def test_functions_of_what_candidates_have_not(text: str, message: str) -> None:
    """Primitives of interpreter.ml (add_primitives); the reader is told that they are known."""
    with pytest.raises(InputError, match=message):
        evaluate(load_text(f"{ENUM} empty {text}").tree, U)


@pytest.mark.parametrize(
    "text",
    [
        # eval_cond, MatchSet on `V.Unv`, Add; each has its place, in statements too.
        "if po subset R then empty po end",
        "if 'mb = {'mb} then empty po end",
        "empty match _ with {} -> 0 || e ++ es -> po end",
        "empty if 'mb ++ 'once = E then 0 else po",
    ],
)
def test_the_plain_evaluator_tells_where(text: str) -> None:
    with pytest.raises(InputError) as caught:
        evaluate(parse_cat(Source("t", ENUM + text)).statements, U)
    assert caught.value.diagnostic.span is not None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("acyclic & po", "expected an expression"),
        ("let a = po; empty a", "expected an expression"),
        ("flag po", "expected `acyclic`, `irreflexive` or `empty`"),
        ("enum X = 'a | 'b", "tags and cases are separated by `||`"),
        ("empty po)", "a statement begins with let"),
    ],
)
def test_what_was_expected(text: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        load_text(text)
    assert (caught.value.diagnostic.hint or "").startswith(hint)


EXCLUSIVE = """AArch64 pair
{ 0:X1=x; 0:X3=y; 1:X1=x; 1:X3=y; }
 P0               | P1           ;
 MOV W2,#1        | LDR W0,[X3]  ;
 LDAXR W0,[X1]    | DMB SY       ;
 STLXR W4,W2,[X1] | LDR W2,[X1]  ;
 STR W2,[X3]      |              ;
exists (1:X0=1 /\\ 1:X2=0 /\\ 0:X4=0)
"""
SWAP = """AArch64 swap
{ 0:X1=x; 0:X3=y; 1:X1=x; 1:X3=y; }
 P0               | P1           ;
 MOV W2,#1        | LDR W0,[X3]  ;
 SWPAL W2,W0,[X1] | DMB SY       ;
 STR W2,[X3]      | LDR W2,[X1]  ;
exists (1:X0=1 /\\ 1:X2=0)
"""
RESERVED = """RISCV pair
{ 0:x1=x; 0:x3=y; 1:x1=x; 1:x3=y; }
 P0               | P1           ;
 ori x2,x0,1      | lw x5,0(x3)  ;
 lr.w x5,0(x1)    | fence rw,rw  ;
 sc.w x6,x2,0(x1) | lw x6,0(x1)  ;
 sw x2,0(x3)      |              ;
exists (1:x5=1 /\\ 1:x6=0 /\\ 0:x6=0)
"""
ADDED = """RISCV swap
{ 0:x1=x; 0:x3=y; 1:x1=x; 1:x3=y; }
 P0                 | P1           ;
 ori x2,x0,1        | lw x5,0(x3)  ;
 amoswap.w x5,x2,(x1) | fence rw,rw  ;
 sw x2,0(x3)        | lw x6,0(x1)  ;
exists (1:x5=1 /\\ 1:x6=0)
"""


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize(
    ("test", "empty"),
    [
        # amo: the pairs of one instruction (`po_eq`); lxsx = rmw \ amo (stdlib.cat).
        (EXCLUSIVE, "amo"),
        (SWAP, "lxsx | (rmw \\ amo)"),
        (RESERVED, "amo"),
        (ADDED, "lxsx | (rmw \\ amo)"),
        # X: `is_atomic` of AArch64Annot.ml has LSE's atomics; lr and sc are in it, herd7 7.58 says.
        (SWAP, "domain(rmw) \\ X"),
        (RESERVED, "rmw \\ (X * X)"),
        (RESERVED, "range(rmw) \\ EX"),
        (ADDED, "domain(rmw) \\ X"),
        # int is `same_proc_not_init`, ext is `not same_proc`, which initial writes are (event.ml).
        (SWAP, "(IW * IW) & (int | ext)"),
        (SWAP, "(_ * _) \\ (int | ext | (IW * IW))"),
    ],
)
def test_names_of_machines(test: str, empty: str, engine: str, tmp_path: Path) -> None:
    """The outcome needs no more than the pair's success, so it is there unless the check fails."""
    (tmp_path / "t.litmus").write_text(test)
    (tmp_path / "m.cat").write_text(f"empty {empty} as probe")
    found = check(tmp_path / "t.litmus", str(tmp_path / "m.cat"), engine=engine)
    assert found.observation == "Sometimes"
