"""Callbacks as mm/rmap.c and mm/migrate.c have them: a walk over the page tables with functions in
a control structure, operations of an address space, and allocation by the caller's function."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.explain.tell import telling_of
from ksmcheck.gate.outline import inventory_of
from ksmcheck.report.console import Paper
from ksmcheck.report.text import Said, print_verdict
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import Source
from tests.fresh import fresh_checker

MIGRATE = """C migrate
struct mapping;
struct folio { int data; int mapped; struct mapping *mapping; };
struct vma { struct folio *pte; struct vma *next; };
typedef struct folio *new_folio_t(struct folio *folio, unsigned long private);
typedef void free_folio_t(struct folio *folio, unsigned long private);

struct operations {
	int (*migrate_folio)(struct mapping *, struct folio *dst, struct folio *src);
	bool (*is_partially_uptodate)(struct folio *, unknown_t from, size_t count);
};
struct mapping { const struct operations *a_ops; struct vma *first; };

struct rmap_walk_control {
	void *arg;
	bool (*rmap_one)(struct folio *folio, struct vma *vma, void *arg);
	int (*done)(struct folio *folio);
	bool (*invalid_vma)(struct vma *vma, void *arg);
};

static int copy_folio(struct mapping *mapping, struct folio *dst, struct folio *src)
{
	WRITE_ONCE(dst->data, READ_ONCE(src->data));
	WRITE_ONCE(dst->mapping, mapping);
	smp_wmb();
	return 0;
}

static int fail_to_copy(struct mapping *mapping, struct folio *dst, struct folio *src)
{
	return -EAGAIN;
}

static const struct operations simple = { .migrate_folio = copy_folio };
static const struct operations broken = { .migrate_folio = fail_to_copy };

struct vma second; struct vma first = { .next = &second };
struct mapping of_file = { .a_ops = &simple, .first = &first };
struct folio old = { .data = 1, .mapped = 2, .mapping = &of_file };
struct folio spare;

static void rmap_walk(struct folio *folio, struct rmap_walk_control *rwc)
{
	struct vma *vma;

	for (vma = folio->mapping->first; vma; vma = vma->next) {
		if (rwc->invalid_vma && rwc->invalid_vma(vma, rwc->arg))
			continue;
		if (!rwc->rmap_one(folio, vma, rwc->arg))
			break;
		if (rwc->done && rwc->done(folio))
			break;
	}
}

static bool unmap_one(struct folio *folio, struct vma *vma, void *arg)
{
	WRITE_ONCE(vma->pte, NULL);
	folio->mapped--;
	return true;
}

static int not_mapped(struct folio *folio)
{
	return !folio->mapped;
}

static bool map_one(struct folio *folio, struct vma *vma, void *arg)
{
	struct folio *to = arg;

	WRITE_ONCE(vma->pte, to);
	return true;
}

static struct folio *take_spare(struct folio *folio, unsigned long private)
{
	return (struct folio *)private;
}

static void forget(struct folio *folio, unsigned long private)
{
	WRITE_ONCE(folio->data, 9);
}

static int migrate(struct folio *src, new_folio_t get_new_folio, free_folio_t put_new_folio,
	unsigned long private)
{
	struct rmap_walk_control unmap = { .rmap_one = unmap_one, .done = not_mapped };
	struct rmap_walk_control map = { .rmap_one = map_one };
	struct mapping *mapping = src->mapping;
	struct folio *dst = get_new_folio(src, private);
	int rc;

	if (!dst)
		return -ENOMEM;
	rmap_walk(src, &unmap);
	BUG_ON(src->mapped);
	rc = mapping->a_ops->migrate_folio(mapping, dst, src);
	if (rc)
		put_new_folio(dst, private);
	map.arg = rc ? src : dst;
	rmap_walk(src, &map);
	return rc;
}

{ first.pte = &old; second.pte = &old; }

P0(void)
{
	int rc = migrate(&old, take_spare, forget, (unsigned long)&spare);
}

P1(void)
{
	struct folio *folio = READ_ONCE(second.pte);
	int data = 1;

	if (folio)
		data = READ_ONCE(folio->data);
}

forall (1:data=1 /\\ (0:rc=0 => second.pte=&spare))
"""
BROKEN = MIGRATE.replace(".a_ops = &simple", ".a_ops = &broken")
MODELS = ("sc", "tso", "armv8", "power", "riscv", "lkmm")


def written(text: str, folder: Path) -> Path:
    path = folder / "migrate.litmus"
    path.write_text(text)
    return path


@pytest.mark.parametrize("model", MODELS)
def test_migration(model: str, tmp_path: Path) -> None:
    """The barrier in the callback is what the reader's address dependency needs: stores stay in
    order without it under sc and tso alone."""
    path = written(MIGRATE, tmp_path)
    assert fresh_checker().check(Request(path, model, unroll=3)).verdict == "SAFE"
    without = Request(path, model, unroll=3, removed=frozenset(("smp_wmb@copy_folio",)))
    verdict = "SAFE" if model in ("sc", "tso") else "VIOLATED"
    assert fresh_checker().check(without).verdict == verdict


def test_the_story_tells_who_was_called(tmp_path: Path) -> None:
    path = written(MIGRATE, tmp_path)
    request = Request(path, "armv8", unroll=3, removed=frozenset(("smp_wmb@copy_folio",)))
    checker = fresh_checker()
    found = checker.check(request)
    assert found.witness is not None
    origins = [e.origin for e in found.witness.execution.events if e.origin is not None]
    chains = {(*(f.function for f in origin.stack),) for origin in origins}
    assert {("migrate", "copy_folio"), ("migrate", "rmap_walk", "map_one")} <= chains
    assert "WRITE_ONCE@copy_folio" in {origin.site for origin in origins}
    out = StringIO()
    print_verdict(Paper(out), found, Said(telling_of(checker, found), full=True))
    assert "migrate > copy_folio" in out.getvalue()
    assert "0x7f" not in out.getvalue()


def test_an_operation_that_fails(tmp_path: Path) -> None:
    """Then the old folio is mapped again, which the callback of the caller has not touched."""
    text = BROKEN.replace("0:rc=0 =>", "0:rc=-11 =>").replace("second.pte=&spare", "spare.data=9")
    assert (
        fresh_checker().check(Request(written(text, tmp_path), "armv8", unroll=3)).verdict == "SAFE"
    )


def test_the_gate_sees_another_operation() -> None:
    """Which function a table holds, and what a pointer is given, is part of a test's outline."""

    def lines(text: str) -> set[str]:
        test = parse_litmus(Source("migrate.litmus", text))
        return {line for o in inventory_of(test, "6.12").outlines for line in o.lines}

    known = lines(MIGRATE)
    assert any("migrate_folio(mapping,dst,src)" in line.replace(" ", "") for line in known)
    for change in (
        (".migrate_folio = copy_folio", ".migrate_folio = fail_to_copy"),
        (".rmap_one = map_one", ".rmap_one = unmap_one"),
        ("take_spare, forget,", "take_spare, NULL,"),
        ("rwc->done(folio)", "rwc->rmap_one(folio, vma, NULL)"),
    ):
        assert lines(MIGRATE.replace(*change)) != known, change
