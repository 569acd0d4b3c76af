"""Counterfactuals: what a program's orderings are for.

``from ksmcheck import whatif`` gives this package, which can be called as ``api.whatif`` is: a name
cannot stand for a function and for the package of that name at once.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Any:
        """Questions about a litmus file: see ``api.whatif``."""
        from ksmcheck.whatif.api import whatif

        return whatif(*args, **options)


sys.modules[__name__].__class__ = _Callable
