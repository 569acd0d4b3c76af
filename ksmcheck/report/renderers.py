"""The forms in which a gate's report can be had, by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ksmcheck.report.findings import Report

FORMS = ("text", "json", "junit", "sarif", "github", "markdown")


def renderer(form: str) -> Callable[[Report], str]:
    """The function that renders ``form``, one of ``FORMS``; only its module is imported."""
    found = getattr(import_module(f"ksmcheck.report.findings_{form}"), f"report_{form}")
    assert callable(found)
    return found  # type: ignore[no-any-return]
