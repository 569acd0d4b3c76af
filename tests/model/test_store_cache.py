"""The cache: it gives back what was put, and nothing else."""

from __future__ import annotations

import marshal
import os
import pickle
from itertools import product
from pathlib import Path

import pytest

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph
from ksmcheck.cat.in_order import Kinds
from ksmcheck.model.compiled import cat_tree, compiled_cat, stricter_cat
from ksmcheck.store.cache import Cache, content_key, default_cache
from ksmcheck.store.paths import models_dir

KEY = content_key(b"some", b"content")


def entry(folder: Path) -> Path:
    """The one entry of a cache, but for the cat parser's tables."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "key")
    found = [path for path in files if "cat-grammar" not in path.parts]
    assert len(found) == 1
    return found[0]


def test_what_is_put_is_got(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert cache.get("verdict", KEY) is None
    cache.put("verdict", KEY, b"body")
    assert Cache(tmp_path / "cache").get("verdict", KEY) == b"body"
    assert cache.get("cat", KEY) is None


def test_parts_do_not_run_together() -> None:
    assert content_key(b"ab", b"c") != content_key(b"a", b"bc")


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 200])
def test_a_damaged_entry_is_absent(tmp_path: Path, damage: bytes) -> None:
    cache = Cache(tmp_path)
    cache.put("cat", KEY, b"body" * 50)
    entry(tmp_path).write_bytes(damage)
    assert cache.get("cat", KEY) is None
    cache.put("cat", KEY, b"new")
    assert cache.get("cat", KEY) == b"new"


def test_one_flipped_bit_is_noticed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("cat", KEY, b"body")
    path = entry(tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    assert cache.get("cat", KEY) is None


@pytest.mark.parametrize(
    ("kind", "key"), [("cat", content_key(b"other")), ("outcome", KEY)], ids=["key", "kind"]
)
def test_an_entry_of_another_key_or_kind_is_refused(tmp_path: Path, kind: str, key: str) -> None:
    """An answer to another question is authentic too."""
    cache = Cache(tmp_path)
    cache.put("cat", KEY, b"body")
    target = tmp_path / kind / key[:2] / key
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(entry(tmp_path).read_bytes())
    assert cache.get(kind, key) is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602])
def test_a_secret_that_others_can_read_is_not_trusted(tmp_path: Path, mode: int) -> None:
    cache = Cache(tmp_path)
    cache.put("cat", KEY, b"body")
    os.chmod(tmp_path / "key", mode)
    assert cache.get("cat", KEY) is None


def test_a_secret_that_somebody_else_put_there_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knows the key can write entries that are authentic."""
    cache, user = Cache(tmp_path), os.getuid()
    cache.put("cat", KEY, b"body")
    monkeypatch.setattr(os, "getuid", lambda: user + 1)
    assert cache.get("cat", KEY) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put("cat", KEY, b"body")
    assert cache.get("cat", KEY) is None


def test_no_cache() -> None:
    Cache(None).put("cat", KEY, b"body")
    assert Cache(None).get("cat", KEY) is None


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KSMCHECK_CACHE", str(tmp_path / "mine"))
    assert default_cache().folder == tmp_path / "mine"
    monkeypatch.setenv("KSMCHECK_CACHE", "off")
    assert default_cache().folder is None
    monkeypatch.delenv("KSMCHECK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache().folder == tmp_path / "ksmcheck"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says the XDG specification
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache().folder == tmp_path / ".cache" / "ksmcheck"


class Trap:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.path), "w")


def test_a_planted_pickle_is_not_run_even_if_authentic(tmp_path: Path) -> None:
    """Twice safe: the entry is signed here as if by us, and still only data is made of it."""
    cache, cat = Cache(tmp_path / "cache"), models_dir() / "sc" / "sc.cat"
    compiled_cat(cat, cache)
    path = entry(tmp_path / "cache")
    cache.put("cat", path.name, pickle.dumps(Trap(tmp_path / "sprung")))
    model = compiled_cat(cat, cache)
    assert model.name == "sc"
    assert not (tmp_path / "sprung").exists()


# Made without arguments and then given a list of values, as pickle does with dataclasses.
AS_DATACLASS = b"\x80\x04cksmcheck.cat.compile\nCompiled\n)\x81]Vsc\nab."
SHORTER = b"\x80\x04cksmcheck.cat.compile\nCompiled\nVsc\n\x85R."
NO_RECORD = b"\x80\x04cksmcheck.cat.compile\nCompiledCat\nVsc\n\x85R."


@pytest.mark.parametrize("older", [AS_DATACLASS, SHORTER, NO_RECORD])
def test_an_entry_of_another_version_is_absent(tmp_path: Path, older: bytes) -> None:
    cache, cat = Cache(tmp_path), models_dir() / "sc" / "sc.cat"
    compiled_cat(cat, cache)
    cache.put("cat", entry(tmp_path).name, older)
    names = [check.name for check in compiled_cat(cat, cache).checks]
    assert names == ["interleaving", "atomicity", "use-after-free"]


def test_planted_code_is_not_run(tmp_path: Path) -> None:
    cache, cat = Cache(tmp_path / "cache"), models_dir() / "sc" / "sc.cat"
    compiled_cat(cat, cache)
    path = entry(tmp_path / "cache")
    code = compile(f"open({str(tmp_path / 'sprung')!r}, 'w')", "<trap>", "exec")
    path.write_bytes(b"\0" * 32 + marshal.dumps(code))
    assert compiled_cat(cat, cache).name == "sc"
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["tso", "lkmm"])
def test_a_model_from_the_cache_is_the_same_model(tmp_path: Path, name: str) -> None:
    cat = models_dir() / name / f"{name}.cat"
    fresh = compiled_cat(cat, Cache(tmp_path))
    kept = compiled_cat(cat, Cache(tmp_path))
    assert kept is not fresh
    assert kept.digest == fresh.digest
    assert [check.name for check in kept.checks] == [check.name for check in fresh.checks]
    # Two events in a cycle of rf and po: no model accepts that.
    graph = Graph(2, {"R": 1, "W": 2}, {"po": 2, "rf": 4, "loc": 15, "int": 15})
    assert [c.name for c in kept.violated(graph)] == [c.name for c in fresh.violated(graph)] != []


def test_a_model_in_the_cache_is_not_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cat = models_dir() / "lkmm" / "lkmm.cat"
    compiled_cat(cat, Cache(tmp_path))

    def never(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("ksmcheck.model.compiled.load_cat", never)
    assert compiled_cat(cat, Cache(tmp_path)).name == "lkmm"


def test_stricter_models_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each model and each way of being out of order one, and none is made again."""
    models = [compiled_cat(models_dir() / n / f"{n}.cat", Cache(tmp_path)) for n in ("sc", "tso")]
    ways: tuple[list[Kinds], ...] = ([], [("W", "R")], [("R", "R")])
    made: dict[tuple[str, str], list[CompiledCat]] = {}
    for _ in range(2):
        for model, way in product(models, ways):
            found = stricter_cat(model, way, Cache(tmp_path))
            made.setdefault((model.name, str(way)), []).append(found)
        monkeypatch.setattr("ksmcheck.cat.in_order.in_order", None)
    assert len({fresh.digest for fresh, _ in made.values()}) == 6
    for (name, _), (fresh, kept) in made.items():
        assert fresh is not kept
        assert fresh.name == kept.name == name
        assert fresh.digest == kept.digest
        assert [c.name for c in fresh.checks] == [c.name for c in kept.checks]


def test_a_tree_from_the_cache_is_the_same_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cat = models_dir() / "lkmm" / "lkmm.cat"
    fresh = cat_tree(cat, Cache(tmp_path))

    def never(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr("ksmcheck.model.compiled.load_cat", never)
    kept = cat_tree(cat, Cache(tmp_path))
    assert kept is not fresh
    assert repr(kept) == repr(fresh)
    assert kept[-1].span.text == fresh[-1].span.text != ""


def test_a_tree_that_is_too_deep_is_not_kept(tmp_path: Path) -> None:
    cat = tmp_path / "m.cat"
    cat.write_text('"m"\nempty ' + "|".join(["po"] * 400) + " as deep\n")
    cache = Cache(tmp_path / "cache")
    assert len(cat_tree(cat, cache)) == len(cat_tree(cat, cache)) == 1


@pytest.mark.parametrize("name", ["../common.cat", "parts/common.cat", "common.inc"])
def test_a_changed_include_is_another_entry(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    (folder / "parts").mkdir(parents=True)
    cat, common, cache = folder / "m.cat", folder / name, Cache(tmp_path / "cache")
    cat.write_text(f'"m"\n(* odd " quote *) include (* here *) "{name}"\n')
    for check in ("first", "other"):
        common.write_text(f"acyclic po as {check}\n")
        assert [c.name for c in compiled_cat(cat, cache).checks] == [check]
        assert cat_tree(cat, cache)[0].span.text.endswith(check)


def test_a_changed_cat_file_is_another_entry(tmp_path: Path) -> None:
    cat = tmp_path / "m.cat"
    cache = Cache(tmp_path / "cache")
    cat.write_text('"m"\nacyclic po as first\n')
    assert [c.name for c in compiled_cat(cat, cache).checks] == ["first"]
    cat.write_text('"m"\nacyclic po as other\n')
    assert [c.name for c in compiled_cat(cat, cache).checks] == ["other"]
