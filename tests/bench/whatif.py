"""Counterfactuals beside plain checks."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter, process_time

from tests.bench.figures import report

ROOT = Path(__file__).parents[2]


def whatif_figures(unit: float, *, quick: bool) -> None:
    """Prints them: path-a under five models; without ``quick`` the whole suite."""
    for model in ("sc", "armv8", "power", "alpha", "lkmm"):
        whatif_path_a(model, unit)
    if not quick:
        whatif_suite(unit)


def whatif_path_a(model: str, unit: float) -> None:
    """All single-site removals and weakenings of path-a in one process, beside its plain check:
    engine time, start-up and parsing left out, witnesses replayed."""
    from ksmcheck.check import Checker, Request
    from ksmcheck.whatif.asker import Asker
    from ksmcheck.whatif.matrix import answers, chosen_changes, questions

    marked = (("MARKED_STORES", "1"),)
    request = Request(ROOT / "litmus/ksm/path-a.litmus", model, "3.9", defines=marked)
    checker = Checker()
    assert checker.workshop.model(model).tree  # the plain evaluator's tree, for the witnesses
    checker.workshop.program(request)
    started = process_time()
    checker.check(request)
    plain = process_time() - started
    asker = Asker(checker.workshop)
    changes = chosen_changes(asker.spots(request))
    started = process_time()
    cells = sum(1 for q in questions([request], changes) for _ in answers(asker, q))
    seconds = process_time() - started
    report(f"whatif path-a, {model}, {cells} cells (CPU)", seconds, unit)
    print(f"{'':48} {seconds / plain:8.2f} x its plain check ({plain:.3f} s)", flush=True)


def whatif_suite(unit: float) -> None:
    """The necessity matrices of the whole suite, all models and kernel points, on two processes."""
    from ksmcheck.batch.jobs import applicable, jobs_of
    from ksmcheck.batch.suite import load_suite
    from ksmcheck.whatif.asker import Asker
    from ksmcheck.whatif.matrix import chosen_changes, questions
    from ksmcheck.whatif.sweep import sweep

    suite = load_suite(ROOT / "litmus" / "ksm")
    asked = []
    for job in applicable(jobs_of(suite)):
        changes = chosen_changes(Asker().spots(job.request))
        asked += questions([job.request], changes)
    started = perf_counter()
    cells = sum(1 for _ in sweep(asked, jobs=2))
    report(f"whatif, whole suite, {cells} cells, 2 jobs", perf_counter() - started, unit)
