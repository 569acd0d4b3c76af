"""Locks that are released without being held, or never released, where that is certain."""

from __future__ import annotations

from ksmcheck.program.ir import Block


def check_locks(blocks: tuple[Block, ...]) -> None:
    """Raises InputError for unbalanced use of a lock at a constant address."""
