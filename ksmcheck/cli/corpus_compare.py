"""``ksmcheck corpus --compare``."""

from __future__ import annotations

from pathlib import Path

import click


def compare_runs(old: Path, new: Path) -> int:
    """Prints what changed; 1 if a test is answered otherwise or is in one run only."""
    from ksmcheck.batch.corpus.changes import changes
    from ksmcheck.batch.corpus.record import read_run
    from ksmcheck.report.corpus_changes import changes_text

    found = changes(read_run(old), read_run(new))
    click.echo(changes_text(found))
    return 1 if found.answers or found.old_only or found.new_only else 0
