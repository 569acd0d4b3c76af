"""How long and how much a session may use."""

from __future__ import annotations

from time import monotonic

from ksmcheck.record import Struct, field


class Limits(Struct, frozen=True):
    """None: no limit.

    ``seconds``     wall-clock time of a whole session, counted from its start.
    ``memory_mb``   resident memory of the process in MiB.
    ``iterations``  candidates looked at in one query.
    ``asked``       seconds that the user gave, where some were spent before the session.
    ``asked_mb``    MiB that the user gave, where the limit is a wider one.
    """

    seconds: float | None = None
    memory_mb: int | None = None
    iterations: int | None = None
    asked: float | None = None
    asked_mb: int | None = None


class Meter(Struct):
    """Measures a session against its limits."""

    limits: Limits
    start: float = field(default_factory=monotonic)

    @property
    def seconds(self) -> float:
        """Since the session's start."""
        return monotonic() - self.start

    @property
    def watched(self) -> bool:
        """Whether a search has to be looked after while it runs."""
        return self.limits.seconds is not None or self.limits.memory_mb is not None

    def exceeded(self, iterations: int = 0) -> str | None:
        """Which limit has been reached, in words; None: go on."""
        limits = self.limits
        if limits.seconds is not None and self.seconds >= limits.seconds:
            asked = limits.seconds if limits.asked is None else limits.asked
            return f"time limit of {asked:g} s reached"
        if limits.memory_mb is not None and resident_mb() >= limits.memory_mb:
            most = limits.memory_mb if limits.asked_mb is None else limits.asked_mb
            return f"memory limit of {most} MiB reached"
        if limits.iterations is not None and iterations >= limits.iterations:
            return f"limit of {limits.iterations} candidates reached"
        return None


def resident_mb() -> float:
    """Resident memory now; where the system does not tell, the largest so far."""
    import resource

    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / (1 << 20)
