"""Source text, positions in it, and what is said to the user about it."""

from ksmcheck.text.diagnostic import (
    Diagnostic,
    Inconclusive,
    InputError,
    InternalError,
    NoMeaning,
    Note,
)
from ksmcheck.text.source import STDIN, Source, Span

__all__ = [
    "STDIN",
    "Diagnostic",
    "Inconclusive",
    "InputError",
    "InternalError",
    "NoMeaning",
    "Note",
    "Source",
    "Span",
]
