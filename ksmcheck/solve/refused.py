"""What the exact encoding cannot do, or had better not."""

from __future__ import annotations


class Refused(Exception):
    """The exact encoding of this model and structure is not possible, or too large; the message
    says why, for the user."""
