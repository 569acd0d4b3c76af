"""What a seed stands for: a random program under a shipped model, or under a random one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from ksmcheck.check.alarm import Overrun, guarded
from ksmcheck.check.check import Checker
from ksmcheck.model.load import shipped_models
from ksmcheck.text import InputError
from tests.random.agree import Compared, Disagreement, Setting, compare
from tests.random.cats import cat_text
from tests.random.programs import program
from tests.random.tree import Program, litmus

CASE_SECONDS = 120.0
"""A case that takes longer hangs, whatever its engines promise."""


@dataclass(frozen=True, slots=True)
class Case:
    """``cat`` is the text of a random model, None where ``model`` is a shipped one."""

    seed: int
    program: Program
    kernel: str
    model: str
    config: str
    cat: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """``kind`` is ``disagreement``, ``hang`` or the name of an exception."""

    kind: str
    text: str


def case(seed: int, checker: Checker) -> Case:
    """The case of a seed: every fourth has a random model."""
    random = Random(f"case {seed}")
    if seed % 4 == 0:
        return Case(seed, program(seed), "6.12", "random", "default", cat_text(seed))
    kernel = random.choice(("6.12", "6.12", "6.12", "3.9"))
    models = [m for m in shipped_models() if kernel in checker.workshop.model(m).kernels]
    model = random.choice([*models, "lkmm", "lkmm"])
    config = random.choice(checker.workshop.model(model).configs(kernel))
    return Case(seed, program(seed, kernel, rcu=model == "lkmm"), kernel, model, config)


def run_case(case: Case, checker: Checker, changes: bool = True) -> Compared | Failure:
    """The outcome of a case. Raises nothing but an interrupt by the user."""
    try:
        with _model_of(case) as model, guarded(CASE_SECONDS):
            fresh = checker if case.cat is None else Checker()
            setting = Setting(model, case.kernel, case.config, changes)
            return compare(litmus(case.program), setting, fresh)
    except Disagreement as found:
        return Failure("disagreement", str(found))
    except Overrun:
        return Failure("hang", f"not done after {CASE_SECONDS:g} s")
    except InputError as error:
        return Failure("refused model", str(error))
    except Exception as error:
        return Failure(type(error).__name__, _trace(error))


def _trace(error: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(error))


@contextmanager
def _model_of(case: Case) -> Iterator[str]:
    """The model's name, or the path of its cat file while that is needed."""
    if case.cat is None:
        yield case.model
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, f"random-{case.seed}.cat")
        path.write_text(case.cat, encoding="utf-8")
        yield str(path)


def run_seeds(
    seeds: Sequence[int], changed: Collection[int] | None = None
) -> list[tuple[int, Compared | Failure]]:
    """The outcomes of some seeds, in one process; of those ``changed``, or of all, the programs are
    changed too, which takes twice as long as all the rest."""
    checker = Checker()
    return [
        (seed, run_case(case(seed, checker), checker, changed is None or seed in changed))
        for seed in seeds
    ]
