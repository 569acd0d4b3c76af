"""An alarm for what does not look at the clock: parsing, bounds, encodings of very large programs.

The searches keep their limits by themselves, to the tenth of a second. The alarm rings some time
after that, wherever the run then is.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from time import monotonic
from types import FrameType

from ksmcheck.solve.limits import Limits, Meter

LONGEST = 10_000_000
"""Seconds that a limit may be, some four months: an alarm has no room for any number."""

_TICK = 0.5
"""Seconds between two looks. It goes on after the first alarm: Python swallows an exception in a
destructor or in a callback of its garbage collector."""


class Overrun(BaseException):
    """It took much longer, or more memory, than its limit, which its text names. What was shared
    with other runs is not to be trusted any more. No ``except Exception`` may catch it."""


@contextmanager
def guarded(seconds: float | None, memory_mb: int | None = None) -> Iterator[None]:
    """Raises Overrun some time after a limit is reached, if the search does not keep it by itself.

    One within another has the alarm to itself until it ends. Without limits, and outside of the
    main thread, it does nothing.
    """
    if (seconds is None and memory_mb is None) or current_thread() is not main_thread():
        yield
        return
    later = None if seconds is None else min(LONGEST, seconds * 1.25 + 1)  # NaN is LONGEST too
    more = None if memory_mb is None else memory_mb + memory_mb // 4 + 1
    meter = Meter(Limits(later, more, asked=seconds, asked_mb=memory_mb))

    def ring(_signal: int, _frame: FrameType | None) -> None:
        reason = meter.exceeded()
        if reason is not None:
            raise Overrun(reason)

    def swallowed(what: sys.UnraisableHookArgs) -> None:
        # The next tick raises again. To tell anybody of this one helps nobody.
        if not isinstance(what.exc_value, Overrun):
            told(what)

    told, sys.unraisablehook = sys.unraisablehook, swallowed
    before = signal.signal(signal.SIGALRM, ring)
    first = _TICK if later is None or more is not None else later
    outer, interval = signal.setitimer(signal.ITIMER_REAL, first, _TICK)
    begun = monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.unraisablehook = told
        if outer:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, outer - monotonic() + begun), interval)
