"""The ``ksmcheck`` command, also as ``python -m ksmcheck``."""

from __future__ import annotations


def run() -> None:
    """The whole process: as ``main``, and its end without more ado."""
    try:
        main()
    except SystemExit as end:
        from ksmcheck.batch.leaving import leave

        leave(end.code)
        raise


def main() -> None:
    """Calms the collector before anything large is imported; the rest is ``cli.main``."""
    from ksmcheck.batch.collector import calm_collector

    calm_collector()
    from ksmcheck.cli import main

    main()


if __name__ == "__main__":
    run()
