"""Has the kernel moved away from what the suite encodes?

``drift`` reads the functions that ``kernel.toml`` names out of a kernel tree, takes their ordering
skeletons, and compares them twice: with the recorded ones of that kernel version, line by line, so
that no operation comes, goes or moves unseen, also where the encoding leaves it out; and, without
what is left out with a reason, with the skeletons of our own encodings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ksmcheck.gate.drift_data import Correspondence, Encoded, Followed, load_correspondence
from ksmcheck.gate.drift_finding import DriftReport, Finding, Place
from ksmcheck.gate.drift_function import Seen, against_encoding, against_record
from ksmcheck.gate.drift_lowering import against_definitions, record_definitions, record_path
from ksmcheck.gate.drift_patch import read_change
from ksmcheck.gate.drift_record import Entry, read_record, rerecord, write_record
from ksmcheck.gate.drift_words import Behind, against_words, behind_words, words_path, write_words
from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.gate.skeleton_content import Contents
from ksmcheck.gate.skeleton_encoding import EncodedFile, read_encoding
from ksmcheck.gate.skeleton_graph import Skeleton, from_listing, listing
from ksmcheck.gate.skeleton_kernel import kernel_skeleton
from ksmcheck.record import Struct, field, replace
from ksmcheck.store.paths import litmus_dir, models_dir
from ksmcheck.text import InputError

__all__ = ["DriftReport", "Finding", "Place", "drift"]


class Comparison(Struct):
    """One kernel tree against one correspondence, at one kernel version."""

    tree: KernelTree
    data: Correspondence
    version: str
    _encodings: dict[tuple[Path, tuple[tuple[str, str], ...]], EncodedFile] = field(
        default_factory=dict
    )
    _contents: Contents | None = None

    @property
    def contents(self) -> Contents:
        if self._contents is None:
            self._contents = Contents(self.tree, self.data.kernel_words(self.version))
        return self._contents

    def with_text(self, file: str, text: str) -> Comparison:
        """The same with a file of the tree replaced. What functions hold is not looked at again,
        except of those that were not asked for before."""
        tree = self.tree.with_text(file, text)
        contents = Contents(tree, self.contents.words, dict(self.contents.known))
        return replace(self, tree=tree, _contents=contents)

    def kernel(self, followed: Followed) -> Skeleton:
        words = self.contents.words
        return kernel_skeleton(
            self.tree, followed.file, followed.name, followed.roles, words, self.contents
        )

    def encoding(self, function: Encoded) -> Skeleton:
        key = (function.file, function.defines)
        if key not in self._encodings:
            words = self.data.encoding_words()
            self._encodings[key] = read_encoding(
                function.file, words, self.data.point, function.defines
            )
        return self._encodings[key].skeleton(function.name, function.roles)

    def words(self) -> Iterator[Behind]:
        """What stands behind the words, of this tree."""
        lines = [line for _, f in self.followed() for line in listing(self.kernel(f))]
        return behind_words(self.tree, self.data, self.version, self.contents, lines)

    def followed(self) -> list[tuple[Encoded, Followed]]:
        """The functions that follow one of this version."""
        found = ((f, f.follows.get(self.version)) for f in self.data.functions)
        return [(function, followed) for function, followed in found if followed is not None]

    def function(self, function: Encoded, followed: Followed, entry: Entry | None) -> list[Finding]:
        """All findings of one function. Raises InputError where it is not there or not readable."""
        where = self.tree.defined(followed.name, followed.file)
        skeleton = self.kernel(followed)
        if entry is None or entry.follows != followed.name or not where:
            message = f"{followed.name}: no skeleton of it is recorded for {self.version}"
            spot = where[0].span if where else skeleton.nodes[0].span
            return [Finding("record", Place.of(spot), message, followed.name)]
        seen = Seen.of(followed.name, where[0].span, skeleton, entry)
        found = against_record(seen)
        encoded = self.encoding(function)
        added = _added(encoded, followed)
        return found + against_encoding(seen, encoded, function.name, added, clean=not found)


def _added(encoded: Skeleton, followed: Followed) -> dict[int, str | None]:
    """The nodes of an encoding that the kernel has not, by the data's word. Raises InputError for
    an addition that is not there."""
    found: dict[int, str | None] = {}
    left = set(followed.added)
    for line in listing(encoded):
        for key in (line.text, f"{line.text} => true", f"{line.text} => false"):
            if key in followed.added:
                found[line.node] = key.partition(" => ")[2] or None
                left.discard(key)
    if left:
        raise InputError(f"kernel.toml: the encoding of {followed.name} has no {min(left)!r}")
    return found


def drift(
    tree: Path,
    *,
    correspondence: Path | None = None,
    models: Path | None = None,
    version: str | None = None,
    patch: str | None = None,
) -> DriftReport:
    """Compares the kernel tree in a folder with the suite's encodings and the models' lowering.

    ``correspondence`` is a ``kernel.toml`` (default: that of the shipped KSM suite), ``models`` a
    folder of models (default: the shipped ones; with a correspondence of one's own, definitions
    are compared where some are recorded for the version), ``version`` the kernel version to compare
    with (default: the tree's own). ``patch`` is a unified diff, applied to the tree or not yet:
    then only what it makes different is reported, and the tree is read with it applied.

    Raises InputError: no tree, a version that nobody recorded, a file or function that cannot be
    read, a patch that does not fit.
    """
    if patch is None:
        return _drift(tree, {}, correspondence, models, version)
    change = read_change(KernelTree(tree), patch)
    before = _drift(tree, change.before, correspondence, models, version)
    after = _drift(tree, change.after, correspondence, models, version)
    known = {finding.identity for finding in before.findings}
    fresh = tuple(f for f in after.findings if f.identity not in known)
    return replace(after, findings=fresh)


def encodings_against_records(correspondence: Path | None = None) -> tuple[Finding, ...]:
    """Every encoding against what is recorded of the kernel functions that it follows, at every
    version. It needs no kernel tree: the places are those of the record. Raises InputError."""
    data = load_correspondence(correspondence or _shipped())
    found: list[Finding] = []
    for version in data.versions:
        comparison = Comparison(KernelTree(Path()), data, version)
        record = read_record(data.record_path(version), data.reasons)
        for function, followed in comparison.followed():
            entry = record.get(function.name)
            if entry is None or entry.span is None:
                raise InputError(f"{data.record_path(version)} has no {function.name}")
            lines = tuple(one.line for one in entry.lines)
            seen = Seen(followed.name, entry.span, from_listing(lines, entry.span), lines, entry)
            encoded = comparison.encoding(function)
            added = _added(encoded, followed)
            found += against_encoding(seen, encoded, function.name, added, clean=True)
    return tuple(found)


def _shipped() -> Path:
    return litmus_dir() / "ksm" / "kernel.toml"


def _drift(
    tree: Path,
    replaced: Mapping[str, str],
    correspondence: Path | None,
    models: Path | None,
    version: str | None,
) -> DriftReport:
    comparison = open_comparison(tree, correspondence, version, replaced)
    data = comparison.data
    record = read_record(data.record_path(comparison.version), data.reasons)
    findings: list[Finding] = []
    pairs = comparison.followed()
    for function, followed in pairs:
        findings += comparison.function(function, followed, record.get(function.name))
    path = words_path(data, comparison.version)
    findings += against_words(path, comparison.words(), comparison.contents)
    folder, definitions = models or models_dir(), 0
    if correspondence is None or record_path(folder, comparison.version).is_file():
        lowering, definitions = against_definitions(
            comparison.tree, folder, comparison.version, data.point
        )
        findings += lowering
    return DriftReport(comparison.version, tuple(findings), len(pairs), definitions)


def open_comparison(
    tree: Path,
    correspondence: Path | None = None,
    version: str | None = None,
    replaced: Mapping[str, str] | None = None,
) -> Comparison:
    """The tree and the data, read as far as needed to know that they fit."""
    data = load_correspondence(correspondence or _shipped())
    kernel = KernelTree(tree, replaced or {})
    chosen = version or kernel.version()
    if chosen not in data.versions:
        known = ", ".join(data.versions)
        hint = f"recorded are {known}; --as {data.versions[-1]} compares with that one all the same"
        raise InputError(f"nothing is recorded for kernel {chosen}", hint=hint)
    return Comparison(kernel, data, chosen)


def record(
    tree: Path,
    *,
    correspondence: Path | None = None,
    models: Path | None = None,
    version: str | None = None,
) -> tuple[Path, Path]:
    """Writes the records of a kernel version anew: of the functions, of the models' definitions.

    Lines that stay keep their reasons. The new ones have none: each has to be in the encoding or be
    given a reason by hand.
    """
    comparison = open_comparison(tree, correspondence, version)
    data, path = comparison.data, comparison.data.record_path(comparison.version)
    old = read_record(path, data.reasons) if path.exists() else {}
    entries = []
    for function, followed in comparison.followed():
        lines = listing(comparison.kernel(followed))
        entries.append(rerecord(function.name, followed.name, lines, old.get(function.name)))
    write_record(path, entries, _HEADING.format(version=comparison.tree.release()))
    heading = _WORDS_HEADING.format(version=comparison.tree.release())
    write_words(words_path(data, comparison.version), comparison.words(), heading)
    folder = models or models_dir()
    definitions = record_definitions(comparison.tree, folder, comparison.version, data.point)
    return path, definitions


_HEADING = """SPDX-License-Identifier: GPL-2.0-only

What the functions of Linux {version} that the encodings follow do to shared memory, in order, in
our own words (docs/drift.md). `- REASON:` marks what the encoding leaves out, see kernel.toml.
Written by `ksmcheck drift --record`; the reasons are put in by hand."""

_WORDS_HEADING = """SPDX-License-Identifier: GPL-2.0-only

What stands behind the words of kernel.toml in Linux {version}: a digest of each (docs/drift.md).
Written by `ksmcheck drift --record`."""
