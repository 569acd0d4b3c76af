"""What the command line's arguments select."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ksmcheck.batch.suite import Suite, load_suite
from ksmcheck.text import InputError


def chosen_suites(
    paths: Sequence[Path], scenarios: Sequence[str]
) -> Iterable[tuple[Suite, Sequence[str]]]:
    """Suites with the scenarios chosen in each, () for all. No paths: the KSM suite.

    Raises InputError for a path that is neither a suite's folder nor a litmus file of one.
    """
    from ksmcheck.store.paths import litmus_dir

    for path in paths or (litmus_dir() / "ksm",):
        if not path.is_dir():
            if scenarios:
                raise InputError(
                    f"--scenario with the file {path}",
                    hint="give the suite's folder and --scenario, or the file alone",
                )
            suite = _suite(path.parent, path)
            yield suite, _scenarios_of(suite, path)
        else:
            yield _suite(path, path), scenarios


def _suite(folder: Path, given: Path) -> Suite:
    if not given.exists():
        raise InputError(f"cannot read {given}: no such file or folder")
    if not (folder / "suite.toml").is_file():
        raise InputError(
            f"{given} does not belong to a suite: {folder} has no suite.toml",
            hint=f"for one litmus file: ksmcheck check {given}",
        )
    return load_suite(folder)


def _scenarios_of(suite: Suite, path: Path) -> list[str]:
    """All scenarios made of one litmus file."""
    found = [s.id for s in suite.scenarios if s.path.name == path.name]
    if not found:
        raise InputError(
            f"the suite in {suite.folder} has no scenario of {path.name}",
            hint=f"its scenarios: {', '.join(s.id for s in suite.scenarios)}",
        )
    return found


def chosen_model(file: Path, model: str | None, kernel_tree: Path | None) -> str:
    """The model of ``--model``, or that of ``--kernel-tree``, or the test's own. Raises
    InputError."""
    from ksmcheck.check.assembly import usual_model

    if kernel_tree is not None:
        return _kernels_own(kernel_tree)
    return model or usual_model(file)


def _kernels_own(kernel_tree: Path) -> str:
    from ksmcheck.model.load import KERNEL_MODEL

    if not (kernel_tree / KERNEL_MODEL).is_dir():
        raise InputError(
            f"--kernel-tree {kernel_tree}: there is no {KERNEL_MODEL} in it",
            hint="give the root of a kernel's sources, of 4.17 or later",
        )
    return str(kernel_tree)


def chosen_models(
    models: Sequence[str], config: str | None, kernel_tree: Path | None = None
) -> tuple[str, ...]:
    """The models of ``--model`` and ``--kernel-tree``; raises InputError where options contradict
    each other."""
    if kernel_tree is not None:
        models = (*models, _kernels_own(kernel_tree))
    chosen = tuple(dict.fromkeys(models or ("lkmm",)))
    if "all" in chosen and len(chosen) > 1:
        raise InputError(
            "--model all and other models", hint="`all` is every shipped model already"
        )
    if config is not None and (len(chosen) > 1 or "all" in chosen):
        raise InputError(
            "--config with several models",
            hint="a configuration belongs to one model: check it alone",
        )
    return chosen
