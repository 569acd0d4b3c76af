"""Where the models and litmus tests that come with ksmcheck are.

An installed wheel carries them inside the package (``ksmcheck/_data``); in a checkout they are the
repository's top-level folders.
"""

from __future__ import annotations

from pathlib import Path

from ksmcheck.text import InputError


def models_dir() -> Path:
    """The folder of the shipped models, one folder each."""
    return _data("models")


def litmus_dir() -> Path:
    """The folder of the shipped litmus tests."""
    return _data("litmus")


def headers_dir() -> Path:
    """The folder of the kernel headers that tests may include."""
    return Path(__file__).resolve().parent.parent / "kernel" / "include"


def _data(name: str) -> Path:
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_data" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise InputError(f"this installation of ksmcheck lacks its folder of {name}")
