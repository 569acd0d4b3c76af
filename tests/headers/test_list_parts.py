"""<linux/list.h> and <linux/llist.h>: whole lists and parts of them, and the walks.

What a list holds afterwards is read off as a number, an entry for a digit, forwards and backwards:
both directions have to agree. What is expected follows from what include/linux/list.h says of each.
"""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def check(
    text: str, folder: Path, model: str = "sc", kernel: str = "6.12", **more: object
) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return fresh_checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


# The list a holds 1, 2, 3 and b holds 4; c is empty and alone is on none.
_TWO = """#include <linux/list.h>
struct foo {{ int n; struct list_head list; }};
struct foo e1 = {{ .n = 1 }}, e2 = {{ .n = 2 }}, e3 = {{ .n = 3 }}, e4 = {{ .n = 4 }};
struct foo alone = {{ .n = 6 }};
LIST_HEAD(a);
LIST_HEAD(b);
LIST_HEAD(c);
static long digits(struct list_head *head)
{{
	struct list_head *at;
	long forth = 0, back = 0, ten = 1;

	list_for_each(at, head)
		forth = 10 * forth + container_of(at, struct foo, list)->n;
	list_for_each_prev(at, head) {{
		back += ten * container_of(at, struct foo, list)->n;
		ten *= 10;
	}}
	return forth == back ? forth : -1;
}}
{{ }}
P0(void)
{{
	struct foo *p = &e2, *q;
	struct list_head *at, *next;
	long n = 0;

	INIT_LIST_HEAD(&alone.list);
	list_add_tail(&e1.list, &a);
	list_add_tail(&e2.list, &a);
	list_add_tail(&e3.list, &a);
	list_add_tail(&e4.list, &b);
	{code};
	long in_a = digits(&a), in_b = digits(&b), in_c = digits(&c);
}}
forall ({expected})"""


def _digits(code: str, expected: str, folder: Path, kernel: str) -> None:
    expected = " /\\ ".join(f"0:{one}" for one in expected.split(", "))
    text = _TWO.format(code=code, expected=expected)
    assert check(text, folder, kernel=kernel).verdict == "SAFE"


_PARTS = [
    # The head that is spliced still points to what is gone.
    ("list_splice(&b, &a); INIT_LIST_HEAD(&b)", "in_a=4123"),
    ("list_splice_tail(&b, &a); INIT_LIST_HEAD(&b)", "in_a=1234"),
    ("list_splice(&c, &a)", "in_a=123"),
    ("list_splice_init(&b, &a)", "in_a=4123, in_b=0"),
    ("list_splice_tail_init(&b, &a)", "in_a=1234, in_b=0"),
    ("list_splice_tail_init(&c, &a)", "in_a=123, in_c=0"),
    ("list_splice_init(&a, &c)", "in_a=0, in_c=123"),
    ("list_replace_init(&e2.list, &alone.list); n = list_empty(&e2.list)", "in_a=163, n=1"),
    ("list_rotate_left(&a); list_rotate_left(&c)", "in_a=231, in_c=0"),
    ("list_cut_position(&c, &a, &e2.list)", "in_a=3, in_c=12"),
    ("list_cut_position(&c, &a, &e3.list)", "in_a=0, in_c=123"),
    ("list_cut_position(&c, &a, &a)", "in_a=123, in_c=0"),
    ("list_cut_position(&a, &c, &e2.list)", "in_a=123, in_c=0"),
]


@pytest.mark.parametrize(
    ("code", "expected", "kernel"),
    [(*part, kernel) for part, kernel in zip(_PARTS, cycle(("3.9", "6.12")), strict=False)],
)
def test_parts(code: str, expected: str, kernel: str, tmp_path: Path) -> None:
    """Both kernel points have all of them."""
    _digits(code, expected, tmp_path, kernel)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("list_rotate_to_front(&e3.list, &a)", "in_a=312"),
        ("list_swap(&e1.list, &e3.list)", "in_a=321"),
        ("list_swap(&e1.list, &e2.list)", "in_a=213"),
        ("list_swap(&e2.list, &e1.list)", "in_a=213"),
        ("list_swap(&e2.list, &e4.list)", "in_a=143, in_b=2"),
        ("list_bulk_move_tail(&a, &e1.list, &e2.list)", "in_a=312"),
        ("list_bulk_move_tail(&b, &e2.list, &e3.list)", "in_a=1, in_b=423"),
        ("list_cut_before(&c, &a, &e3.list)", "in_a=3, in_c=12"),
        ("list_cut_before(&c, &a, &e1.list)", "in_a=123, in_c=0"),
        ("n = 10 * list_count_nodes(&a) + list_count_nodes(&c)", "n=30"),
        ("n = list_next_entry_circular(&e3, &a, list)->n", "n=1"),
        ("n = list_prev_entry_circular(&e1, &a, list)->n", "n=3"),
        ("n = list_prev_entry_circular(&e2, &a, list)->n", "n=1"),
        ("n = !list_first_entry_or_null(&c, struct foo, list)", "n=1"),
        ("at = &e1.list; list_for_each_continue(at, &a) n++", "n=2"),
        ("list_for_each_entry_from_reverse(p, &a, list) n = 10 * n + p->n", "n=21"),
        ("list_for_each_reverse(at, &a) n++", "n=3"),
    ],
)
def test_parts_of_late(code: str, expected: str, tmp_path: Path) -> None:
    """Kernel 3.9 has none of them."""
    _digits(code, expected, tmp_path, "6.12")
    with pytest.raises(InputError):
        _digits(code, expected, tmp_path, "3.9")


_SEEN = "n = 10 * n + p->n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("list_for_each_prev_safe(at, next, &a) { n++; list_del(at); }", "n=3, in_a=0"),
        (
            f"list_for_each_entry_safe_reverse(p, q, &a, list) {{ {_SEEN}; list_del(&p->list); }}",
            "n=321, in_a=0",
        ),
        (f"list_for_each_entry_continue(p, &a, list) {_SEEN}", "n=3"),
        (f"list_for_each_entry_continue_reverse(p, &a, list) {_SEEN}", "n=1"),
        (f"list_for_each_entry_from(p, &a, list) {_SEEN}", "n=23"),
        (
            f"p = &e1; list_for_each_entry_safe_continue(p, q, &a, list) {{ {_SEEN};"
            " list_del(&p->list); }",
            "n=23, in_a=1",
        ),
        (
            f"list_for_each_entry_safe_from(p, q, &a, list) {{ {_SEEN}; list_del(&p->list); }}",
            "n=23, in_a=1",
        ),
        (
            "p = NULL; p = list_prepare_entry(p, &a, list);"
            f" list_for_each_entry_continue(p, &a, list) {_SEEN}",
            "n=123",
        ),
        (
            "p = list_prepare_entry(p, &a, list);"
            f" list_for_each_entry_continue(p, &a, list) {_SEEN}",
            "n=3",
        ),
        # What is next is looked at once more: 2 is no longer there.
        (
            f"list_for_each_entry_safe(p, q, &a, list) {{ {_SEEN}; if (p->n == 1) {{"
            " list_del(&e2.list); list_safe_reset_next(p, q, list); } }",
            "n=13",
        ),
    ],
)
@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_walks(code: str, expected: str, kernel: str, tmp_path: Path) -> None:
    _digits(code, expected, tmp_path, kernel)


# The list a holds 1, 2; b is empty, and 3 is on none. Backwards a node knows what points to it.
_HASHED = """#include <linux/list.h>
struct foo {{ int n; struct hlist_node node; }};
struct foo e1 = {{ .n = 1 }}, e2 = {{ .n = 2 }}, e3 = {{ .n = 3 }};
HLIST_HEAD(a);
HLIST_HEAD(b);
static long digits(struct hlist_head *head)
{{
	struct hlist_node **from = &head->first;
	long n = 0;

	while (*from) {{
		BUG_ON((*from)->pprev != from);
		n = 10 * n + container_of(*from, struct foo, node)->n;
		from = &(*from)->next;
	}}
	return n;
}}
{{ }}
P0(void)
{{
	struct foo *p = &e1;
	struct hlist_node *at, *next;
	long n = 0;

	hlist_add_head(&e2.node, &a);
	hlist_add_head(&e1.node, &a);
	{code};
	long in_a = digits(&a), in_b = digits(&b);
}}
forall ({expected})"""


@pytest.mark.parametrize(
    ("code", "expected", "kernels"),
    [
        ("hlist_add_before(&e3.node, &e1.node)", "in_a=312", "3.9 6.12"),
        ("hlist_add_before(&e3.node, &e2.node)", "in_a=132", "3.9 6.12"),
        ("hlist_add_after(&e1.node, &e3.node)", "in_a=132", "3.9"),
        ("hlist_add_after(&e2.node, &e3.node)", "in_a=123", "3.9"),
        ("hlist_add_behind(&e3.node, &e1.node)", "in_a=132", "6.12"),
        ("hlist_add_behind(&e3.node, &e2.node)", "in_a=123", "6.12"),
        ("hlist_move_list(&a, &b)", "in_a=0, in_b=12", "3.9 6.12"),
        ("hlist_move_list(&b, &a)", "in_a=0, in_b=0", "3.9 6.12"),
        (
            "hlist_add_fake(&e3.node); n = hlist_unhashed(&e3.node); hlist_del_init(&e3.node);"
            " n = 10 * n + hlist_unhashed(&e3.node)",
            "n=1, in_a=12",
            "3.9 6.12",
        ),
        ("hlist_add_fake(&e3.node); n = hlist_fake(&e3.node)", "n=1", "6.12"),
        ("n = hlist_fake(&e1.node)", "n=0", "6.12"),
        ("n = hlist_is_singular_node(&e1.node, &a)", "n=0", "6.12"),
        ("hlist_del(&e2.node); n = hlist_is_singular_node(&e1.node, &a)", "n=1, in_a=1", "6.12"),
        ("hlist_splice_init(&a, &e2.node, &b)", "in_a=0, in_b=12", "6.12"),
        (
            "hlist_add_head(&e3.node, &b); hlist_splice_init(&a, &e2.node, &b)",
            "in_a=0, in_b=123",
            "6.12",
        ),
        ("n = 10 * hlist_count_nodes(&a) + hlist_count_nodes(&b)", "n=20", "6.12"),
        ("hlist_for_each_safe(at, next, &a) { n++; hlist_del(at); }", "n=2, in_a=0", "3.9 6.12"),
        (
            f"hlist_for_each_entry_safe(p, at, &a, node) {{ {_SEEN}; hlist_del(&p->node); }}",
            "n=12, in_a=0",
            "3.9 6.12",
        ),
        (f"hlist_for_each_entry_continue(p, node) {_SEEN}", "n=2", "3.9 6.12"),
        (f"hlist_for_each_entry_from(p, node) {_SEEN}", "n=12", "3.9 6.12"),
    ],
)
def test_lists_with_a_head_of_one_pointer(
    code: str, expected: str, kernels: str, tmp_path: Path
) -> None:
    text = _HASHED.format(
        code=code, expected=" /\\ ".join(f"0:{one}" for one in expected.split(", "))
    )
    for kernel in ("3.9", "6.12"):
        if kernel in kernels.split():
            assert check(text, tmp_path, kernel=kernel).verdict == "SAFE"
        else:
            with pytest.raises(InputError):
                check(text, tmp_path, kernel=kernel)


_WORK = """#include <linux/list.h>
struct foo { int n; struct list_head list; };
struct foo f;
LIST_HEAD(pending);
spinlock_t l;
{ }
P0(void)
{
	f.n = 1;
	spin_lock(&l);
	list_add_tail(&f.list, &pending);
	spin_unlock(&l);
}
P1(void)
{
	LIST_HEAD(mine);
	struct foo *p, *next;
	int r0 = 0;

	spin_lock(&l);
	list_splice_init(&pending, &mine);
	spin_unlock(&l);
	list_for_each_entry_safe(p, next, &mine, list) {
		list_del(&p->list);
		BUG_ON(p->n != 1);
		r0++;
	}
	BUG_ON(r0 > 1);
}
"""


@pytest.mark.parametrize("model", ["sc", "tso", "armv7", "armv8", "power", "riscv", "lkmm"])
def test_work_is_taken_all_at_once(model: str, tmp_path: Path) -> None:
    """What was done before the entry was added is there: the lock orders it. (And LKMM finds no
    race among the plain accesses of the list.)"""
    assert check(_WORK, tmp_path, model).verdict == "SAFE"
    both = check(_WORK + "exists (1:r0=1)", tmp_path, model)
    assert both.observation == "Sometimes"
    pair = frozenset({"spin_lock@P1", "spin_unlock@P1"})
    if model not in ("sc", "tso"):
        alone = check(_WORK, tmp_path, model, removed=pair)
        assert alone.verdict == "VIOLATED" or alone.flags == ("data-race",)


_TURNED = """#include <linux/llist.h>
struct foo {{ int n; struct llist_node node; }};
struct foo f = {{ .n = 1 }}, g = {{ .n = 2 }}, h = {{ .n = 3 }};
LLIST_HEAD(head);
{{ }}
P0(void)
{{
	llist_add(&f.node, &head);
	llist_add(&g.node, &head);
	llist_add(&h.node, &head);
}}
P1(void)
{{
	struct foo *p, *next;
	int n = 0;

	llist_for_each_entry_safe(p, next, {taken}, node)
		n = 10 * n + p->n;
}}
{asked}"""


@pytest.mark.parametrize("model", ["sc", "armv8", "power", "lkmm"])
def test_first_come_first_served(model: str, tmp_path: Path) -> None:
    """Each adds at the front: turned round, the chain is in the order of coming. What is found is
    what came first, since each add is a full barrier."""
    turned = _TURNED.format(
        taken="llist_reverse_order(llist_del_all(&head))", asked="exists (1:n=123)"
    )
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{turned}")
    found = fresh_checker().states(Request(path, model))
    assert sorted(found.states) == [(0,), (1,), (12,), (123,)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("__llist_add(&x, &a); n = llist_del_first(&a) == &x", "n=1"),
        ("n = __llist_add(&x, &a); n = 10 * n + __llist_add(&y, &a)", "n=10"),
        ("__llist_add(&x, &a); n = (__llist_del_all(&a) == &x) + 2 * llist_empty(&a)", "n=3"),
        ("x.next = &y; n = __llist_add_batch(&x, &y, &a) + 2 * (a.first->next == &y)", "n=3"),
        ("__llist_add(&x, &a); llist_del_first_init(&a); n = llist_on_list(&x)", "n=0"),
        ("n = llist_del_first_init(&a) == NULL", "n=1"),
        ("__llist_add(&x, &a); n = llist_del_first_this(&a, &x) + 2 * llist_empty(&a)", "n=3"),
        ("__llist_add(&x, &a); n = llist_del_first_this(&a, &y) + 2 * llist_empty(&a)", "n=0"),
        ("n = llist_reverse_order(NULL) == NULL", "n=1"),
    ],
)
def test_ones_own_list(code: str, expected: str, tmp_path: Path) -> None:
    text = "#include <linux/llist.h>\nstruct llist_node x, y;\nLLIST_HEAD(a);\n{ }\n"
    text += f"P0(void)\n{{\n\tint n;\n\n\t{code};\n}}\nforall (0:{expected})"
    assert check(text, tmp_path).verdict == "SAFE"
