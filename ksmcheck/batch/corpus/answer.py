"""One test's answer. Whatever happens to it, the run goes on."""

from __future__ import annotations

from time import perf_counter, process_time

from ksmcheck.batch.corpus.states import normal_states
from ksmcheck.batch.corpus.tests import MODEL_OF_KIND, CorpusTest
from ksmcheck.check.alarm import Overrun, guarded
from ksmcheck.check.check import Checker
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import Observed, Request
from ksmcheck.record import Struct, replace
from ksmcheck.text import InputError

ANSWERED, TIMEOUT, UNSUPPORTED, ERROR = "answered", "timeout", "unsupported", "error"
STATES, VERDICT, TABLE = "states", "verdict", "table"


class Settings(Struct, frozen=True):
    """What all tests of a run have in common.

    ``mode`` ``states`` asks for all final states and flags, ``verdict`` for the observation alone;
    ``table`` for the states too, but of tests of which a table has the observation alone.
    ``model`` None: the one of each test's language. ``timeout`` in seconds a test.
    """

    mode: str = STATES
    model: str | None = None
    kernel: str = "6.12"
    unroll: int | None = None
    solver: str = "cadical"
    engine: str = "lazy"
    timeout: float | None = None
    memory: int | None = None


class Answer(Struct, frozen=True):
    """``status`` is answered, timeout, unsupported (the test's fault or our gap) or error (ours).

    ``observation``, ``states`` (in normal form) and ``flags`` are None where they were not asked
    for. ``reason`` says why there is no answer, ``place`` where (file:line:column), ``detail`` is
    the diagnostic or the traceback in full. ``seconds`` is wall time, ``cpu`` processor time.
    """

    file: str
    kind: str
    model: str
    digest: str
    status: str
    observation: str | None = None
    states: tuple[str, ...] | None = None
    flags: tuple[str, ...] | None = None
    reason: str | None = None
    place: str | None = None
    detail: str | None = None
    seconds: float = 0.0
    cpu: float = 0.0


def listed(settings: Settings, test: CorpusTest) -> bool:
    """Whether all final states and flags of a test are asked for."""
    word_alone = test.expected is not None and test.expected.states is None
    return settings.mode == STATES or (settings.mode == TABLE and not word_alone)


class Answerer(Struct):
    """Answers tests one after the other; models stay loaded."""

    settings: Settings
    checker: Checker

    @classmethod
    def start(cls, settings: Settings) -> Answerer:
        return cls(settings, Checker(Workshop(answers=None), direct=True))

    def answer(self, test: CorpusTest) -> Answer:
        """Never raises but for an interrupt by the user."""
        wall, cpu = perf_counter(), process_time()
        found = self._guarded(test)
        self.checker.forget(terms=True)  # no execution is shown
        return replace(found, seconds=perf_counter() - wall, cpu=process_time() - cpu)

    def _guarded(self, test: CorpusTest) -> Answer:
        nothing = Answer(test.file, test.kind, test.model, test.digest, UNSUPPORTED)
        try:
            # The checker has the same guard; this one is for all around it.
            with guarded(self.settings.timeout):
                observed = self._observed(test)
                return _answered(nothing, observed, listed(self.settings, test))
        except InputError as error:
            return _refused(nothing, error)
        except TimeoutError as limit:
            return replace(nothing, status=TIMEOUT, reason=str(limit))
        except Overrun as limit:
            self.checker.renew()
            return replace(nothing, status=TIMEOUT, reason=str(limit))
        except Exception as error:
            return _failed(nothing, error)

    def _observed(self, test: CorpusTest) -> Observed:
        if not test.model and test.kind:
            raise InputError(
                f"no model for tests in {test.kind}",
                hint=f"--model NAME; known languages: {', '.join(MODEL_OF_KIND)}",
            )
        settings = self.settings
        request = Request(
            test.path,
            test.model or "lkmm",
            settings.kernel,
            unroll=settings.unroll,
            solver=settings.solver,
            engine=settings.engine,
            timeout=settings.timeout,
            memory=settings.memory,
        )
        return self.checker.states(request, listed=listed(self.settings, test))


def _answered(nothing: Answer, observed: Observed, listed: bool) -> Answer:
    return replace(
        nothing,
        status=ANSWERED,
        observation=observed.observation,
        states=normal_states(observed) if listed else None,
        flags=tuple(sorted(observed.flags)) if listed else None,
    )


def _refused(nothing: Answer, error: InputError) -> Answer:
    found = error.diagnostic
    place = str(found.span) if found.span else None
    return replace(nothing, reason=found.message, place=place, detail=found.render())


def _failed(nothing: Answer, error: Exception) -> Answer:
    import traceback

    text = "".join(traceback.format_exception(error))
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{last.filename.rpartition('/')[2]}:{last.lineno}, {last.name}"
    reason = f"{type(error).__name__}: {error}"
    return replace(nothing, status=ERROR, reason=reason, place=place, detail=text)
