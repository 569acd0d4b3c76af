"""Loading models by name and by path, and what is said where something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.kernel.primitives import all_primitives, primitives
from ksmcheck.lowering.template import Step
from ksmcheck.model.load import load_model, shipped_models
from ksmcheck.model.model import Model
from ksmcheck.store.cache import Cache
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError, Source, Span

NO_CACHE = Cache(None)
TINY = '"tiny"\nacyclic po | rf | co | (rf^-1 ; co) as sc\n'


def load(name: str | Path) -> Model:
    return load_model(str(name), cache=NO_CACHE)


def test_shipped_models_load() -> None:
    assert shipped_models() == (
        "sc",
        "tso",
        "armv7",
        "armv8",
        "power",
        "riscv",
        "alpha",
        "alpha-letter",
        "lkmm",
    )
    for name in shipped_models():
        assert load(name).name == name
        assert load(name).title


def test_configurations() -> None:
    assert load("armv8").configs("6.12") == ("llsc", "lse")
    assert load("armv8").configs("3.9") == ("llsc",)
    assert load("tso").configs("3.9") == ("default",)


def test_riscv_is_younger_than_39() -> None:
    with pytest.raises(InputError, match=r"riscv has no rows for kernel 3.9: .* since kernel 4.15"):
        load("riscv").configs("3.9")


def test_a_primitive_of_another_time() -> None:
    source = Source("t.litmus", "smp_load_acquire(p)")
    call = Span(source, 0, 16)
    with pytest.raises(InputError, match=r"kernel 3\.9 has no `smp_load_acquire`") as caught:
        load("tso").row(all_primitives()["smp_load_acquire"], "3.9", "default", call)
    assert caught.value.diagnostic.span is call
    assert caught.value.diagnostic.hint == "it exists since 3.14"


def test_a_configuration_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="no configuration 'lse'") as caught:
        load("armv8").row(primitives("3.9")["smp_mb"], "3.9", "lse")
    assert "llsc" in (caught.value.diagnostic.hint or "")


def test_grace_periods_need_lkmm() -> None:
    with pytest.raises(InputError, match="no meaning under armv8: it waits for RCU readers"):
        load("armv8").row(primitives("6.12")["synchronize_rcu"], "6.12", "llsc")


@pytest.mark.parametrize(
    ("name", "meant"), [("x86", "tso"), ("arm64", "armv8"), ("ppc64", "power"), ("linux", "lkmm")]
)
def test_what_the_kernel_calls_a_machine(name: str, meant: str) -> None:
    with pytest.raises(InputError) as caught:
        load_model(name)
    assert (caught.value.diagnostic.hint or "").startswith(f"did you mean {meant}?")


def test_unknown_name_offers_the_near_one() -> None:
    with pytest.raises(InputError, match="no model 'amrv8'") as caught:
        load("amrv8")
    assert "armv8" in (caught.value.diagnostic.hint or "")


def test_a_users_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.cat").write_text(TINY)
    (folder / "lowering.toml").write_text('[smp_mb]\n"6.12" = ""\n')
    mine = load(folder)
    assert (mine.name, mine.title) == ("mine", "tiny")
    assert mine.row(primitives("6.12")["smp_mb"], "6.12", "default").always == ()
    with pytest.raises(InputError, match="mine has no row for `smp_wmb`"):
        mine.row(primitives("6.12")["smp_wmb"], "6.12", "default")


def test_a_row_with_a_tag_unknown_to_the_cat_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.cat").write_text(TINY)
    (tmp_path / "lowering.toml").write_text('[model]\ncat = "m.cat"\n[smp_mb]\nall = "F[MB]"\n')
    with pytest.raises(InputError, match=r"`smp_mb` emits 'MB', which m\.cat does not know"):
        load(tmp_path)


def test_a_cat_alone_speaks_lkmm(tmp_path: Path) -> None:
    cat = tmp_path / "own.cat"
    cat.write_text('"own"\nacyclic po | rf | fencerel(Mb) as x\n')
    row = load(cat).row(primitives("6.12")["smp_mb"], "6.12", "default")
    assert row.always is not None
    assert row.always[0].tags == ("Mb",)


def test_a_cat_alone_that_speaks_otherwise_is_no_guess(tmp_path: Path) -> None:
    cat = tmp_path / "own.cat"
    cat.write_text('"own"\nacyclic po | rf | fencerel(DMB.ISH) as x\n')
    with pytest.raises(InputError, match=r"no lowering table.*DMB\.ISH"):
        load(cat).row(primitives("6.12")["smp_mb"], "6.12", "default")


@pytest.mark.parametrize(
    "more",
    [
        # A tag of the model's own is a set that no primitive is in, as under herd7.
        "enum Barriers = 'mb || 'mine\nempty fencerel(Mine) & rf as y",
        'include "filters.cat"\nempty AA(rf) & co as y',
        "let lxsx = rmw \\ amo\nempty lxsx & co as y",
    ],
)
def test_a_variant_of_lkmm_may_speak_of_more(tmp_path: Path, more: str) -> None:
    cat = tmp_path / "own.cat"
    cat.write_text(f'"own"\n{more}\nacyclic po | rf | fencerel(Mb) as x\n')
    assert load(cat).row(primitives("6.12")["smp_mb"], "6.12", "default").always is not None


def test_a_tag_that_a_variant_does_not_declare_may_be_a_slip(tmp_path: Path) -> None:
    cat = tmp_path / "own.cat"
    cat.write_text('"own"\nacyclic po | rf | fencerel(Mb) | fencerel(Mbb) as x\n')
    with pytest.raises(InputError, match=r"no lowering table.*Mbb"):
        load(cat).row(primitives("6.12")["smp_mb"], "6.12", "default")


def test_a_folder_with_two_models_asks_which(tmp_path: Path) -> None:
    (tmp_path / "a.cat").write_text(TINY)
    (tmp_path / "b.cat").write_text(TINY)
    with pytest.raises(InputError, match=r"a\.cat, b\.cat"):
        load(tmp_path)


def test_a_variant_of_a_shipped_machine_is_a_few_lines(tmp_path: Path) -> None:
    """asm-generic's test_and_clear_bit of 4.19 to 5.19: on failure one plain load."""
    armv8 = models_dir() / "armv8"
    (tmp_path / "lowering.toml").write_text(
        f'''
[model]
cat = "{armv8 / "armv8.cat"}"
lowering = "{armv8 / "lowering.toml"}"
[test_and_clear_bit]
"6.12/llsc" = {{ ok = "R? R* W*[L] F[DMB.ISH]", fail = "R" }}
"6.12/lse" = {{ ok = "R? R*[A,AMO] W*[L,AMO]", fail = "R" }}
'''
    )
    variant, known = load(tmp_path), primitives("6.12")
    assert variant.configs("6.12") == ("llsc", "lse")
    changed = variant.row(known["test_and_clear_bit"], "6.12", "llsc")
    assert changed.fail == (Step("R"),)
    same = variant.row(known["test_and_set_bit"], "6.12", "llsc")
    assert same.always == load("armv8").row(known["test_and_set_bit"], "6.12", "llsc").always
