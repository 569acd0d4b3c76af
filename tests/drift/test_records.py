"""Records: what stays when one is written anew, and what a wrong one is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ksmcheck.gate.drift import encodings_against_records, open_comparison, record
from ksmcheck.gate.drift_data import load_correspondence
from ksmcheck.gate.drift_record import read_record
from ksmcheck.store.paths import litmus_dir
from ksmcheck.text import InputError
from tests.drift.conftest import TOY


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The toy, to be written to."""
    return Path(shutil.copytree(TOY, tmp_path / "toy"))


def test_the_shipped_encodings_do_what_is_recorded_of_the_kernel() -> None:
    assert encodings_against_records() == ()


def test_the_shipped_record_covers_every_function_and_has_each_reason_used() -> None:
    data = load_correspondence(litmus_dir() / "ksm" / "kernel.toml")
    used = set()
    for version in ("6.1", "6.12"):
        entries = read_record(data.record_path(version), data.reasons)
        assert set(entries) == {f.name for f in data.functions}
        used |= {o.omitted.reason for e in entries.values() for o in e.lines if o.omitted}
    assert used == set(data.reasons)


def test_a_changed_encoding_is_noticed_without_a_tree(copy: Path) -> None:
    data = copy / "kernel.toml"
    assert encodings_against_records(data) == ()
    text = data.read_text()
    defined = text.replace(
        'file = "door.h"\n', 'file = "door.h"\ndefines = ["VARIANT_no_rmb"]\n', 1
    )
    data.write_text(defined)
    (finding,) = encodings_against_records(data)
    assert finding.kind == "encoding"
    assert "the kernel has smp_rmb(), enter has READ_ONCE(lodge.key)" in finding.message


def test_a_record_that_is_written_anew_keeps_its_reasons(copy: Path, tmp_path: Path) -> None:
    before = read_record(
        copy / "kernel-1.0.skeletons", load_correspondence(copy / "kernel.toml").reasons
    )
    source = copy / "kernel" / "mm" / "door.c"
    source.write_text(source.read_text().replace("\tsmp_wmb();\n", "\tsmp_mb();\n"))
    models = Path(shutil.copytree(litmus_dir().parent / "models", tmp_path / "models"))
    record(copy / "kernel", correspondence=copy / "kernel.toml", models=models)
    after = read_record(
        copy / "kernel-1.0.skeletons", load_correspondence(copy / "kernel.toml").reasons
    )
    for name, entry in before.items():
        old = [(r.line.text, r.omitted) for r in entry.lines]
        new = [(r.line.text, r.omitted) for r in after[name].lines]
        assert new == [(text.replace("smp_wmb", "smp_mb"), why) for text, why in old]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    smp_wmb()", "  - taste: smp_wmb()", "no reason 'taste' is given"),
        ("    smp_wmb()", "smp_wmb()", "a line is"),
        ("enter follows door_enter\n", "", "expected 'FUNCTION follows FUNCTION'"),
        ("leave(<key>)  -> smp_rmb()", "leave(<key>)  -> nowhere()", "no line says 'nowhere()'"),
    ],
)
def test_a_wrong_record(copy: Path, old: str, new: str, said: str) -> None:
    path = copy / "kernel-1.0.skeletons"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as raised:
        encodings_against_records(copy / "kernel.toml")
    assert said in str(raised.value) and "kernel-1.0.skeletons:" in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        # A branch that still decides, left out without a word on its way.
        ("    if `ENTER_LOCKED`", "  - debug: if `ENTER_LOCKED`", "both ways go on differently"),
        # What is behind a way not taken has to have a reason too.
        ("  - closing: call door_close", "    call door_close", "is never reached"),
        # A reason for what the encoding has.
        ("    smp_wmb()", "  - debug: smp_wmb()", "move has smp_wmb()"),
    ],
)
def test_an_omission_that_does_not_fit(copy: Path, old: str, new: str, said: str) -> None:
    path = copy / "kernel-1.0.skeletons"
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    found = encodings_against_records(copy / "kernel.toml")
    assert any(said in finding.message for finding in found)


def test_an_addition_that_is_not_there(copy: Path) -> None:
    data = copy / "kernel.toml"
    data.write_text(data.read_text() + '[functions.move.added."1.0"]\n"smp_mb()" = "why not"\n')
    with pytest.raises(InputError, match=r"door_move has no 'smp_mb\(\)'"):
        encodings_against_records(data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fields\n", "kernel.toml: "),
        ("[fields]\n", "says too little: 'functions'"),
        ('[fields]\n[functions.f]\nfile = "f.h"\n', "says too little: 'roles'"),
    ],
)
def test_a_wrong_correspondence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "kernel.toml").write_text(text)
    with pytest.raises(InputError) as raised:
        load_correspondence(tmp_path / "kernel.toml")
    assert said in str(raised.value)


def test_a_version_that_nobody_recorded(copy: Path) -> None:
    makefile = copy / "kernel" / "Makefile"
    makefile.write_text(makefile.read_text().replace("PATCHLEVEL = 0", "PATCHLEVEL = 7"))
    with pytest.raises(InputError, match=r"nothing is recorded for kernel 1\.7"):
        open_comparison(copy / "kernel", copy / "kernel.toml")
    assert open_comparison(copy / "kernel", copy / "kernel.toml", "1.0").version == "1.0"
