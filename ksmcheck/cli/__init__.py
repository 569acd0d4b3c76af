"""The ``ksmcheck`` command. Each subcommand is a module of its own, imported only when it runs."""

from __future__ import annotations

import errno
import sys
from codecs import register_error
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

import click

from ksmcheck import __version__

_COMMANDS = {
    "verify": "Verify the KSM suite (or other suites) under every model.",
    "check": "Check one litmus file: is its property safe? If not, show the execution.",
    "whatif": "Ask what each barrier is for: remove, weaken, move it; least sets; repairs.",
    "states": "List all final states of a litmus file, as herd7 prints them.",
    "corpus": "Run many litmus tests and compare them with recorded answers (herd7's, say).",
    "drift": "Compare a kernel tree with what the suite encodes and the models rest on.",
    "models": "List the memory models, their configurations and sources.",
    "sites": "List the barriers, marked accesses and locks of a litmus file by name.",
    "show": "Show the events and dependencies that a litmus file becomes under a model.",
    "gate": "Check that no verdict and no barrier changed since the baseline was recorded.",
    "export": "Write the check as SMT-LIB, or an execution as Graphviz.",
}

EXIT_CODES = """\b
Exit codes:
  0  as expected (where nothing is expected: SAFE)
  1  not as expected (where nothing is expected: VIOLATED)
  2  wrong input: file, line, column and what was expected are printed
  3  a bug in ksmcheck
  4  inconclusive: UNKNOWN, or safe only up to the unrolling bound
  5  vacuous: no execution reaches the property
130, 141  interrupted by Ctrl-C; the reader of the output has gone (`| head`)
"""


_UNREAD = 141
"""Nobody reads the output any more (``| head -1``): as a shell says it of SIGPIPE. No verdict."""

_STDOUT, _STDERR = 1, 2

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class _Unread(Exception):
    """A broken pipe, of which click would make exit code 1: a verdict's."""


class _Lazy(click.Group):
    """Finds a subcommand's module by name, so that ``--version`` need not import them all."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _Unread from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        from importlib import import_module

        command = import_module(f"ksmcheck.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # The one-line helps stand in the table above: no subcommand is imported to print them.
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, 1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None


@click.group(cls=_Lazy, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ksmcheck")
def _root() -> None:
    """Check Linux-kernel C against weak memory models.

    A test is a litmus file in kernel C: a start state, one function for each thread, and a
    property. ksmcheck searches for an execution on the given machine that breaks the property,
    and shows it.

    \b
      ksmcheck verify                        the KSM page-migration suite under every model
      ksmcheck models                        which machines there are
      ksmcheck check FILE --model armv8      one test, one machine
      ksmcheck sites FILE                    its barriers and marked accesses by name
      ksmcheck check FILE --remove smp_wmb@publish
                                             is that barrier needed? see the execution

    Each command has its own --help with examples. KSMCHECK_DEBUG=1 shows a traceback where
    ksmcheck itself fails; NO_COLOR=1 turns colours off.
    """


def main(args: list[str] | None = None) -> None:
    """Entry point: runs the command and exits with its documented code."""
    _forgive_encodings()
    try:
        _demand_output()
        code = _root.main(args=args, prog_name="ksmcheck", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        _tell(error.show)
        code = 2
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        code = 130
    except (_Unread, BrokenPipeError):
        _give_up(_STDOUT)
        code = _UNREAD
    except Exception as error:
        code = _told(error)
    sys.exit(code if isinstance(code, int) else 0)


def _demand_output() -> None:
    """Python has no stream where the shell closed one (``>&-``): said before anything is asked."""
    if sys.stdout is None:
        from ksmcheck.text import InputError

        raise InputError("standard output is closed", hint="> /dev/null throws it away")


def _give_up(stream: int) -> None:
    """Away with what is still to be written: Python would try again when it ends."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), stream)


def _tell(show: Callable[[], object]) -> None:
    """Shows something on standard error. Where nobody can read it the exit code still counts:
    Python would end with its own, 1, which is a verdict's."""
    try:
        show()
    except OSError:
        _give_up(_STDERR)


def _say(text: str) -> None:
    _tell(lambda: click.echo(text, err=True))


def _forgive_encodings() -> None:
    """What a terminal cannot show is drawn by other signs, or becomes ``?``; it does not end the
    run."""
    register_error("ksmcheck", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="ksmcheck")


_PLAIN = str.maketrans("\u2502\u2500\u253c", "|-+")
"""The rules of an execution's columns, in ASCII."""


def _plainly(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(c if c.isascii() else "?" for c in text), error.end


def _told(error: Exception) -> int:
    """Says what is wrong, on standard error, and gives the exit code."""
    from ksmcheck.text import Inconclusive, InputError, InternalError

    if isinstance(error, InputError):
        _say(error.diagnostic.render())
        return error.exit_code
    if isinstance(error, Inconclusive):
        _say(f"UNKNOWN: {error}")
        return error.exit_code
    if isinstance(error, InternalError):
        _trace(error)
        _say(f"ksmcheck: internal error: {error}\nThis is a bug in ksmcheck.")
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _FULL:
        _give_up(_STDOUT)
        _say(f"error: cannot write: {error.strerror}")
        return 2
    return _unexpected(error)


def _unexpected(error: Exception) -> int:
    import os
    import traceback

    _trace(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    _say(
        f"ksmcheck: internal error: {type(error).__name__}: {error} "
        f"(in {last.name}, {os.path.basename(last.filename)}:{last.lineno})\n"
        "This is a bug in ksmcheck; KSMCHECK_DEBUG=1 shows where it came from."
    )
    return 3


def _trace(error: Exception) -> None:
    """The way to a bug, for who asks. It is printed and not raised: Python's own exit code is 1."""
    import os

    if os.environ.get("KSMCHECK_DEBUG"):
        import traceback

        _say("".join(traceback.format_exception(error)).rstrip())
