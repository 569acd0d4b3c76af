"""One file, one or more models: the requests of ``ksmcheck check``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ksmcheck.batch.suite import load_suite
from ksmcheck.check.verdict import Request
from ksmcheck.model.load import shipped_models
from ksmcheck.record import Struct, replace
from ksmcheck.text import InputError


class Options(Struct, frozen=True):
    """The command line's choices, as ``Request`` has them."""

    kernel: str = "6.12"
    config: str | None = None
    variant: str = "shipped"
    defines: tuple[tuple[str, str], ...] = ()
    removed: frozenset[str] = frozenset()
    unroll: int | None = None
    solver: str = "cadical"
    engine: str = "lazy"
    timeout: float | None = None
    memory: int | None = None
    liveness: bool = False


def requests_for(path: Path, models: Sequence[str], options: Options) -> Iterable[Request]:
    """A request per model; ``all`` stands for every shipped model.

    A variant is looked up in the suite that the file belongs to. Raises InputError.
    """
    names = shipped_models() if "all" in models else tuple(dict.fromkeys(models))
    defines, removed = options.defines, options.removed
    if options.variant != "shipped":
        variant = _variant(path, options)
        defines += tuple((name, "1") for name in variant[0])
        removed |= frozenset(variant[1])
    request = Request(
        path,
        "",
        options.kernel,
        options.config,
        options.variant,
        defines,
        removed,
        options.unroll,
        options.solver,
        options.engine,
        options.timeout,
        options.memory,
        liveness=options.liveness,
    )
    return [replace(request, model=name) for name in names]


def _variant(path: Path, options: Options) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not (path.parent / "suite.toml").exists():
        raise InputError(
            f"--variant {options.variant}: {path} does not belong to a suite",
            hint="variants are defined in the suite.toml beside the litmus file",
        )
    variant = load_suite(path.parent).variant(options.variant)
    reason = variant.na.get(options.kernel) or variant.na_in.get(path.stem)
    if reason:
        raise InputError(f"variant {variant.name} is not applicable here: {reason}")
    return variant.defines, variant.remove
