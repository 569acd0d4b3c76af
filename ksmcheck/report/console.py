"""The one place where a terminal is opened for writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Standard output; colours only on a terminal and without NO_COLOR in the environment."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)
