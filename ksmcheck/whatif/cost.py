"""What a set of orderings costs on a machine, by the model folder's ``cost.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from ksmcheck.check.verdict import Request
from ksmcheck.kernel.primitives import all_primitives, primitives
from ksmcheck.lowering.template import Step
from ksmcheck.model.model import Model
from ksmcheck.program.change import Change
from ksmcheck.program.inventory import Spot
from ksmcheck.record import Struct
from ksmcheck.text import InputError
from ksmcheck.whatif.minimal import KEEP


class Costs(Struct, frozen=True):
    """Weights on one machine, in the scale that the file explains: of an event by its tags, and of
    primitives as a whole where those do not say it."""

    model: Model
    request: Request
    events: Mapping[str, float]
    whole: Mapping[str, float]

    def of(self, primitive: str) -> float:
        """What its events cost together, where it succeeds, in the dearest configuration."""
        known = primitives(self.request.kernel).get(primitive)
        if primitive in self.whole or known is None:
            return float(self.whole.get(primitive, 0))
        given = self.request.config
        costs = [0.0]
        for config in (given,) if given else self.model.configs(self.request.kernel):
            try:
                row = self.model.row(known, self.request.kernel, config)
            except InputError:
                continue  # it has no meaning on this machine: the program is refused before
            costs.append(sum(self._of(step) for step in row.always or row.ok or ()))
        return max(costs)

    def _of(self, step: Step) -> float:
        return float(sum(self.events.get(tag, 0) for tag in step.tags))

    def kept(self, kept: Iterable[tuple[str, str]], spots: Iterable[Spot]) -> float:
        """Of what a minimal set keeps, in the forms that it has there."""
        primitive = {spot.name: spot.primitive for spot in spots}
        return sum((self.of(primitive[site] if form == KEEP else form) for site, form in kept), 0.0)

    def added(self, changes: Iterable[Change], spots: Iterable[Spot]) -> float:
        """Of what a repair adds to the program."""
        primitive = {spot.name: spot.primitive for spot in spots}
        return sum((self.of(c.to) - self.of(primitive.get(c.site, "")) for c in changes), 0.0)


def load_costs(model: Model, request: Request) -> Costs | None:
    """The costs of a model at the request's kernel point, None where its folder has no
    ``cost.toml``. Raises InputError."""
    path = model.folder / "cost.toml"
    if not path.is_file():
        return None
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    events, whole = (_weights(given.get(part, {}), str(path)) for part in ("event", "cost"))
    for tag in events:
        if tag not in model.compiled.tags:
            raise InputError(f"{path}: the model has no events {tag!r}")
    for name in whole:
        if name not in all_primitives():
            raise InputError(f"{path}: there is no primitive {name!r}")
    return Costs(model, request, events, whole)


def _weights(table: Any, path: str) -> Mapping[str, float]:
    if not isinstance(table, dict) or not all(map(_is_weight, table.values())):
        raise InputError(f"{path}: a cost is a number that is not negative")
    return table


def _is_weight(weight: Any) -> bool:
    """JSON has no word for what TOML calls ``inf``, and ``true`` is a number to Python alone."""
    return type(weight) in (int, float) and 0 <= weight < inf
