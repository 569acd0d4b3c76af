"""Bits of a bitmap of several words, with numbers that are computed.

``set_bit(nr, p)`` is for any number: ``p += BIT_WORD(nr)`` (include/asm-generic/bitops/atomic.h).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

HEAD = "C t\nunsigned long w[3];\nint a[2];\n{ int n = 65; }\n"


def verdict(code: str, folder: Path, model: str = "lkmm", engine: str = "lazy") -> tuple[str, str]:
    path = folder / "t.litmus"
    path.write_text(HEAD + code + "\n")
    checker = fresh_checker()
    request = Request(path, model, engine=engine)
    found = checker.check(request)  # a witness has passed the replay
    return found.verdict, str(checker.states(request).observation)


@pytest.mark.parametrize("engine", ["lazy", "explicit"])
@pytest.mark.parametrize(
    "code",
    [
        "unsigned long nr = 65; set_bit(nr, w);",
        "int nr = READ_ONCE(*n); set_bit(nr, w);",
        "short nr = 1; nr += 64; __set_bit(nr, w);",
        "int r = test_and_set_bit(READ_ONCE(*n), &w[0]); BUG_ON(r); BUG_ON(!test_bit(65, w));",
        "for (int i = 62; i < 66; i++) change_bit(i, w); w[0] = 0; clear_bit(*n - 1, w);",
        "bit_spin_lock(*n, w);",
    ],
)
def test_a_computed_number_finds_its_word(code: str, engine: str, tmp_path: Path) -> None:
    text = f"P0(int *n) {{ {code} }}\nforall (w={{0,2,0}})"
    assert verdict(text, tmp_path, "sc", engine) == ("SAFE", "Always")


@pytest.mark.parametrize("engine", ["lazy", "explicit"])
@pytest.mark.parametrize(
    "code",
    [
        "set_bit(65, (void *)&w);",
        "void *map = w; __set_bit(65, map);",
        "volatile void *map = w; int r = test_and_set_bit(65, map);",
        "const void *map = w; set_bit(1, (void *)w + 8); BUG_ON(!test_bit(65, map));",
        "for_two(w);",
    ],
)
def test_a_bitmap_is_passed_as_a_pointer_to_void(code: str, engine: str, tmp_path: Path) -> None:
    """The parameter is an ``unsigned long *`` (C17 6.5.16.1 p1); so __kvm_make_request() has it."""
    made = "static void for_two(void *map) { bit_spin_lock(65, map); }\n"
    text = f"{made}P0(int *n) {{ {code} }}\nforall (w={{0,2,0}})"
    assert verdict(text, tmp_path, "sc", engine) == ("SAFE", "Always")


def test_void_is_no_bitmap_of_other_words(tmp_path: Path) -> None:
    """Bit 0 of an ``int`` as of an ``unsigned long``: an access that is wider than the object."""
    with pytest.raises(InputError, match="wider or narrower"):
        verdict("P0(int *n) { set_bit(0, (void *)a); }\nforall (true)", tmp_path, "sc")


@pytest.mark.parametrize("number", ["*n + 127", "*n - 66"])
def test_a_number_beyond_the_bitmap_is_a_bad_address(number: str, tmp_path: Path) -> None:
    """Bits 192 and -1 of three words."""
    text = f"P0(int *n) {{ set_bit({number}, w); }}\nforall (true)"
    assert verdict(text, tmp_path, "sc")[0] == "VIOLATED"


def test_the_word_may_be_known_before_the_number(tmp_path: Path) -> None:
    """The compiler knows the address of bit ``r0 & 63``, and then nothing keeps the read back."""
    text = """P0(int *n) { set_bit(2, w); smp_wmb(); WRITE_ONCE(*n, 2); }
P1(int *n) { int r0 = READ_ONCE(*n); int r1 = test_bit(r0 & 63, w); }
exists (1:r0=2 /\\ 1:r1=0)"""
    for model in ("lkmm", "armv8", "power"):
        assert verdict(text, tmp_path, model)[1] == "Sometimes"


def test_no_bits_are_no_access(tmp_path: Path) -> None:
    """lib/bitmap.c: nothing is read or written where there is nothing to set."""
    threads = """P0(int *n) { bitmap_set(w, 5, *n - 65); bitmap_clear(w, 70, 0); }
P1(void) { WRITE_ONCE(w[0], 3); WRITE_ONCE(w[1], 4); }
forall (w={3,4,0})"""
    assert verdict(threads, tmp_path) == ("SAFE", "Always")
