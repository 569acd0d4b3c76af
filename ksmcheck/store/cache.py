"""A cache on disk: bytes by content key. Losing it, or never having one, changes nothing but time.

Entries are authenticated with a key that only this user can read, so that a file which somebody
else put there, or which was damaged, is as good as absent. Writing is by atomic replacement:
several processes may share a cache. Nothing here ever raises for the state of the disk.
"""

from __future__ import annotations

import hmac
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ksmcheck.record import Struct

_KEY_BYTES = 32
_TAG_BYTES = 32
_LARGEST = 64 << 20


class Cache(Struct, frozen=True):
    """``folder`` None: nothing is kept."""

    folder: Path | None

    def get(self, kind: str, key: str) -> bytes | None:
        """The bytes kept under ``key`` (see ``content_key``), or None."""
        secret = self._secret(create=False)
        if secret is None:
            return None
        data = _read(self._path(kind, key))
        if data is None or len(data) < _TAG_BYTES:
            return None
        tag, body = data[:_TAG_BYTES], data[_TAG_BYTES:]
        return body if hmac.compare_digest(tag, _tag(secret, kind, key, body)) else None

    def put(self, kind: str, key: str, body: bytes) -> None:
        """Keeps ``body``; does nothing where that is not possible."""
        secret = self._secret(create=True)
        if secret is not None and len(body) <= _LARGEST:
            _write(self._path(kind, key), _tag(secret, kind, key, body) + body)

    def _path(self, kind: str, key: str) -> Path:
        assert self.folder is not None
        return self.folder / kind / key[:2] / key

    def _secret(self, create: bool) -> bytes | None:
        if self.folder is None:
            return None
        path = self.folder / "key"
        secret = _private(path)
        if secret is None and create and not os.path.lexists(path):
            _write(path, os.urandom(_KEY_BYTES), replace=False)
            secret = _private(path)
        return secret


def default_cache() -> Cache:
    """The user's cache: ``KSMCHECK_CACHE`` (``off`` for none), else the platform's cache folder."""
    chosen = os.environ.get("KSMCHECK_CACHE")
    if chosen is not None:
        return Cache(None if chosen in ("", "off", "0") else Path(chosen))
    base = os.environ.get("XDG_CACHE_HOME")
    if base and os.path.isabs(base):
        return Cache(Path(base) / "ksmcheck")
    try:
        return Cache(Path.home() / ".cache" / "ksmcheck")
    except RuntimeError:  # no home folder at all
        return Cache(None)


def content_key(*parts: bytes) -> str:
    """A key that tells any two different sequences of parts apart."""
    total = sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


def _tag(secret: bytes, kind: str, key: str, body: bytes) -> bytes:
    return hmac.digest(secret, f"{kind}/{key}\0".encode() + body, "sha256")


def _private(path: Path) -> bytes | None:
    """The secret, provided that it is ours and nobody else can read or replace it."""
    try:
        with open(path, "rb") as file:
            state = os.fstat(file.fileno())
            secret = file.read(_KEY_BYTES + 1)
    except OSError:
        return None
    if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o077):
        return None
    return secret if len(secret) == _KEY_BYTES else None


def _read(path: Path) -> bytes | None:
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + _TAG_BYTES + 1)
    except OSError:
        return None
    return data if len(data) <= _LARGEST + _TAG_BYTES else None


def _write(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Writes a file as a whole or not at all; unless ``replace``, an existing one stays."""
    from tempfile import mkstemp

    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if replace:
            os.replace(temporary, path)
            temporary = None
        else:
            os.link(temporary, path)
    except OSError:
        pass
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
