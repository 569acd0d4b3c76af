"""What a set of orderings costs on a machine, by the model folder's ``cost.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping

from ksmcheck.model.model import Model
from ksmcheck.program.change import Change
from ksmcheck.program.inventory import Spot
from ksmcheck.record import Struct
from ksmcheck.text import InputError
from ksmcheck.whatif.minimal import KEEP


class Costs(Struct, frozen=True):
    """Weights of primitives on one machine, in the scale that the file explains."""

    model: str
    weights: Mapping[str, float]

    def kept(self, kept: Iterable[tuple[str, str]], spots: Iterable[Spot]) -> float:
        """Of what a minimal set keeps, in the forms that it has there."""
        primitive = {spot.name: spot.primitive for spot in spots}
        forms = (primitive[site] if form == KEEP else form for site, form in kept)
        return sum(self.weights.get(form, 0) for form in forms)

    def added(self, changes: Iterable[Change], spots: Iterable[Spot]) -> float:
        """Of what a repair adds to the program."""
        primitive = {spot.name: spot.primitive for spot in spots}
        return sum(
            self.weights.get(c.to, 0) - self.weights.get(primitive.get(c.site, ""), 0)
            for c in changes
        )


def load_costs(model: Model) -> Costs | None:
    """The model's costs, None where its folder has no ``cost.toml``. Raises InputError."""
    path = model.folder / "cost.toml"
    if not path.is_file():
        return None
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    weights = given.get("cost", {})
    if not isinstance(weights, dict) or not all(
        isinstance(w, int | float) and w >= 0 for w in weights.values()
    ):
        raise InputError(f"{path}: a cost is a number that is not negative")
    return Costs(model.name, weights)
