"""One request, one verdict.

``from ksmcheck import check`` gives this package, which can be called as ``check.check`` is: a name
cannot stand for a function and for the package of that name at once.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ksmcheck.check.check import Checker, check, load
from ksmcheck.check.verdict import Request, Verdict

__all__ = ["Checker", "Request", "Verdict", "check", "load"]


class _Callable(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Verdict:
        """Checks one litmus file under one model: see ``check.check``."""
        return check(*args, **options)


sys.modules[__name__].__class__ = _Callable
