"""Counterfactuals beside plain checks."""

from __future__ import annotations

import gc
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from tests.bench.figures import report

ROOT = Path(__file__).parents[2]
MARKED = (("MARKED_STORES", "1"),)


def whatif_figures(unit: float, *, quick: bool) -> None:
    """Prints them: path-a under five models; without ``quick`` the whole suite."""
    from ksmcheck.batch.collector import calm_collector

    calm_collector()  # as every command does
    for model in ("sc", "armv8", "power", "alpha", "lkmm"):
        warm_up(model)
        whatif_path_a(model, unit)
        structural_path_a(model)
    if not quick:
        whatif_suite(unit)
        repairs(unit)


def warm_up(model: str) -> None:
    """The model and all modules are loaded, numpy too, which a tiny test does without: a matrix of
    one, with a witness."""
    import ksmcheck.cat.dense  # noqa: F401
    from ksmcheck.check import Request
    from ksmcheck.whatif.asker import Asker
    from ksmcheck.whatif.matrix import answers, chosen_changes, questions

    asker = Asker()
    request = Request(ROOT / "litmus/classic/MP/MP+wmb+rmb.litmus", model, "3.9")
    changes = chosen_changes(asker.spots(request))
    for question in questions([request], changes):
        for _ in answers(asker, question):
            pass


def whatif_path_a(model: str, unit: float) -> None:
    """All single-site removals and weakenings of path-a in one process, beside its plain check:
    engine time, start-up and parsing left out, witnesses replayed."""
    from ksmcheck.check import Checker, Request
    from ksmcheck.whatif.asker import Asker
    from ksmcheck.whatif.matrix import answers, chosen_changes, questions

    request = Request(ROOT / "litmus/ksm/path-a.litmus", model, "3.9", defines=MARKED)
    checker = Checker()
    assert checker.workshop.model(model).tree  # the plain evaluator's tree, for the witnesses
    checker.workshop.program(request)
    started = process_time()
    checker.check(request)
    plain = process_time() - started
    asker = Asker(checker.workshop.with_models_only())  # what the check learned is not to help it
    asker.workshop.program(request)
    changes = chosen_changes(asker.spots(request))
    gc.collect()  # of what was measured before
    started = process_time()
    cells = sum(1 for q in questions([request], changes) for _ in answers(asker, q))
    seconds = process_time() - started
    report(f"whatif path-a, {model}, {cells} cells (CPU)", seconds, unit)
    print(f"{'':48} {seconds / plain:8.2f} x its plain check ({plain:.3f} s)", flush=True)


def structural_path_a(model: str) -> None:
    """Each change of path-a that may make a new program (moved, strengthened, replaced, dropped),
    as CPU time beside the plain check of the program as it is."""
    from ksmcheck.check import Checker, Request
    from ksmcheck.whatif.asker import Asker
    from ksmcheck.whatif.matrix import ALL_KINDS, DEFAULT_KINDS, answer, chosen_changes

    request = Request(ROOT / "litmus/ksm/path-a.litmus", model, "3.9", defines=MARKED)
    checker = Checker()
    assert checker.workshop.model(model).tree
    started = process_time()
    checker.check(request)
    plain = process_time() - started
    kinds = [kind for kind in ALL_KINDS if kind not in DEFAULT_KINDS]
    asker = Asker(checker.workshop, kinds=())
    ratios = []
    for change in chosen_changes(asker.spots(request), kinds, everything=True):
        started = process_time()
        answer(asker, request, (change,))
        ratios.append((process_time() - started) / plain)
    print(
        f"{f'structural changes of path-a, {model}, {len(ratios)} cells':48} "
        f"{median(ratios):8.2f} x its plain check, at most {max(ratios):.2f} x",
        flush=True,
    )


def whatif_suite(unit: float) -> None:
    """The necessity matrices of the whole suite, all models and kernel points, on two processes."""
    from ksmcheck.batch.jobs import applicable, jobs_of
    from ksmcheck.batch.suite import load_suite
    from ksmcheck.whatif.asker import Asker
    from ksmcheck.whatif.matrix import Question, chosen_changes, questions
    from ksmcheck.whatif.sweep import sweep

    suite = load_suite(ROOT / "litmus" / "ksm")
    asked: list[Question] = []
    for job in applicable(jobs_of(suite)):
        changes = chosen_changes(Asker().spots(job.request))
        asked += questions([job.request], changes)
    started = perf_counter()
    cells = sum(1 for _ in sweep(asked, jobs=2))
    report(f"whatif, whole suite, {cells} cells, 2 jobs", perf_counter() - started, unit)


def repairs(unit: float) -> None:
    """All least repairs of each violated program of the suite, per model, as CPU time."""
    from ksmcheck.batch.jobs import applicable, jobs_of
    from ksmcheck.batch.suite import load_suite
    from ksmcheck.whatif.api import WhatIf

    seconds = []
    for job in applicable(jobs_of(load_suite(ROOT / "litmus" / "ksm"))):
        asked = WhatIf((job.request,))
        if not job.request.defines and asked.ask()[0].verdict == "VIOLATED":
            started = process_time()
            list(asked.repairs())
            seconds.append(process_time() - started)
    report(f"repairs of {len(seconds)} programs of the suite (CPU)", sum(seconds), unit)
    print(f"{'':48} the longest {max(seconds):.1f} s", flush=True)
