"""The end of a process that has said all."""

from __future__ import annotations

import atexit
import os
import sys


def leave(code: object) -> None:
    """Ends the process without taking its objects apart one by one, which is a twentieth of a tiny
    check: the memory is the system's again a moment later. Comes back where something else than
    objects may still have to be ended."""
    if not isinstance(code, int) or not _alone():
        return
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:  # the reader has gone, or the disk is full: the usual end says so
        return
    atexit._run_exitfuncs()
    os._exit(code)


def _alone() -> bool:
    """No other thread or process, and nobody who watches this one."""
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return False
    watched = sys.gettrace() is not None or sys.getprofile() is not None or sys.flags.interactive
    return not watched and "multiprocessing" not in sys.modules
