"""One request, one verdict."""

from __future__ import annotations

from ksmcheck.check.check import Checker, check, load
from ksmcheck.check.verdict import Request, Verdict

__all__ = ["Checker", "Request", "Verdict", "check", "load"]
