"""Checkers for tests: each knows of nothing but the models that come with ksmcheck.

To load those is a good part of a small test's time, so that all tests of a process share them, and
nothing else: a test or its programs, an answer, what a search has learned. Tests of loading and of
what is kept make a ``Checker()`` of their own.
"""

from __future__ import annotations

from functools import cache

from ksmcheck.check.check import Checker
from ksmcheck.check.prepare import Workshop
from ksmcheck.model.load import shipped_models
from ksmcheck.whatif.asker import Asker


@cache
def _loaded() -> Workshop:
    return Workshop()


def fresh_workshop() -> Workshop:
    """A model of the user's is loaded anew: a test may write another into the same file."""
    loaded = _loaded()
    for name in loaded._models.keys() - set(shipped_models()):
        del loaded._models[name]
    for key in [key for key in loaded._stricter if key[0] not in loaded._models]:
        del loaded._stricter[key]
    return loaded.with_models_only()


class _Fresh(Checker):
    def renew(self) -> None:
        """What was broken off anywhere may have left the shared models half made."""
        _loaded.cache_clear()
        Checker.renew(self)


def fresh_checker() -> Checker:
    return _Fresh(fresh_workshop())


def fresh_asker() -> Asker:
    return Asker(fresh_workshop())
