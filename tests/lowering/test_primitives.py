"""What primitives compute (from the kernel's documents), and at which versions they exist."""

from __future__ import annotations

import pytest

from ksmcheck.kernel.formula import Formula, parse_formula
from ksmcheck.kernel.ints import OPERATORS, S32, U64, IntType
from ksmcheck.kernel.primitives import all_primitives, lifetime, primitives, version_key


def value(text: str, type: IntType, names: dict[str, int]) -> int:
    def walk(formula: Formula) -> int:
        if formula[0] == "int":
            assert isinstance(formula[1], int)
            return formula[1]
        if formula[0] == "name":
            return names[str(formula[1])]
        given = [walk(part) for part in formula[1:] if isinstance(part, tuple)]
        return type.wrap(OPERATORS[str(formula[0])](*given))

    return walk(parse_formula(text))


# name, type of the cell, arguments and old value, then (outcome, new value, result). Worked out by
# hand from Documentation/atomic_t.txt and atomic_bitops.txt.
CASES = [
    ("atomic_add", S32, {"i": 5, "old": 7}, None, 12, None),
    ("atomic_sub_return", S32, {"i": 5, "old": 7}, None, 2, 2),
    ("atomic_fetch_inc", S32, {"old": 7}, None, 8, 7),
    ("atomic_inc_return", S32, {"old": 2**31 - 1}, None, -(2**31), -(2**31)),
    ("atomic_fetch_andnot", S32, {"i": 3, "old": 7}, None, 4, 7),
    ("atomic_dec_and_test", S32, {"old": 1}, None, 0, 1),
    ("atomic_dec_and_test", S32, {"old": 2}, None, 1, 0),
    ("atomic_add_negative", S32, {"i": -3, "old": 2}, None, -1, 1),
    ("atomic_add_negative", S32, {"i": -2, "old": 2}, None, 0, 0),
    ("atomic_xchg", S32, {"v": 9, "old": 2}, None, 9, 2),
    ("atomic_cmpxchg", S32, {"expected": 2, "v": 9, "old": 2}, 1, 9, 2),
    ("atomic_cmpxchg", S32, {"expected": 3, "v": 9, "old": 2}, 0, None, 2),
    ("atomic_add_unless", S32, {"a": 1, "u": 0, "old": 0}, 0, None, 0),
    ("atomic_add_unless", S32, {"a": 1, "u": 0, "old": 4}, 1, 5, 1),
    ("atomic_inc_not_zero", S32, {"old": 0}, 0, None, 0),
    ("atomic_dec_if_positive", S32, {"old": 0}, 0, None, -1),
    ("atomic_dec_if_positive", S32, {"old": 1}, 1, 0, 0),
    ("atomic_inc_unless_negative", S32, {"old": -1}, 0, None, 0),
    ("atomic_dec_unless_positive", S32, {"old": 0}, 1, -1, 1),
    ("refcount_inc", S32, {"old": 2}, None, 3, None),
    ("refcount_dec_and_test", S32, {"old": 1}, 1, 0, 1),
    ("refcount_dec_and_test", S32, {"old": 2}, 0, 1, 0),
    ("refcount_inc_not_zero", S32, {"old": 0}, 0, None, 0),
    ("refcount_dec_not_one", S32, {"old": 1}, 0, None, 0),
    ("set_bit", U64, {"nr": 40, "old": 1}, None, (1 << 40) + 1, None),
    ("clear_bit", U64, {"nr": 1, "old": 7}, None, 5, None),
    ("test_and_set_bit", U64, {"nr": 1, "old": 5}, 1, 7, 0),
    ("test_and_set_bit", U64, {"nr": 0, "old": 5}, 0, 5, 1),
    ("test_and_clear_bit", U64, {"nr": 2, "old": 5}, 1, 1, 1),
    ("test_and_change_bit", U64, {"nr": 0, "old": 5}, None, 4, 1),
    ("test_bit", U64, {"nr": 63, "old": 1 << 63}, None, None, 1),
    ("xor_unlock_is_negative_byte", U64, {"mask": 1, "old": 0x81}, None, 0x80, 1),
    ("clear_bit_unlock_is_negative_byte", U64, {"nr": 0, "old": 0x81}, None, 0x80, 1),
    ("clear_bit_unlock_is_negative_byte", U64, {"nr": 0, "old": 0x141}, None, 0x140, 0),
    ("spin_trylock", S32, {"old": 0}, 1, 1, 1),
    ("spin_trylock", S32, {"old": 1}, 0, None, 0),
    ("spin_is_locked", S32, {"old": 1}, 1, None, 1),
    ("spin_unlock", S32, {}, None, 0, None),
]


@pytest.mark.parametrize(("name", "type", "names", "ok", "new", "result"), CASES)
def test_arithmetic(
    name: str,
    type: IntType,
    names: dict[str, int],
    ok: int | None,
    new: int | None,
    result: int | None,
) -> None:
    primitive = all_primitives()[name]
    assert (primitive.test is None) == (ok is None)
    if primitive.test is not None:
        assert bool(value(primitive.test, type, names)) == ok
        names = {**names, "ok": int(bool(ok))}
    if new is not None:
        assert primitive.new is not None
        assert value(primitive.new, type, names) == new
    assert (primitive.result is None) == (result is None)
    if primitive.result is not None:
        assert value(primitive.result, type, names) == result


@pytest.mark.parametrize(
    ("name", "old", "misused"),
    # include/linux/refcount.h: increment from zero, drop of a count that is not there, leak; beyond
    # INT_MAX, or back from there. lib/refcount.c: dec_not_one underflows at 0. ``i`` is 2.
    [
        ("refcount_inc", 0, True),
        ("refcount_inc", 1, False),
        ("refcount_inc", 2**31 - 1, True),
        ("refcount_add", 0, True),
        ("refcount_add", 2**31 - 3, False),
        ("refcount_add", 2**31 - 2, True),
        ("refcount_inc_not_zero", 0, False),
        ("refcount_inc_not_zero", 2**31 - 1, True),
        ("refcount_add_not_zero", 2**31 - 3, False),
        ("refcount_add_not_zero", 2**31 - 2, True),
        ("refcount_add_not_zero", -1, True),
        ("refcount_sub_and_test", 1, True),
        ("refcount_sub_and_test", 2, False),
        ("refcount_dec_not_one", 0, True),
        ("refcount_dec_not_one", 1, False),
        ("refcount_dec_and_test", 0, True),
        ("refcount_dec_and_test", 1, False),
        ("refcount_dec", 1, True),
        ("refcount_dec", 2, False),
    ],
)
def test_misuse_of_a_reference_count(name: str, old: int, misused: bool) -> None:
    misuse = all_primitives()[name].misuse
    assert misuse is not None
    assert bool(value(misuse, S32, {"old": old, "i": 2})) == misused


def test_versions_compare_by_number() -> None:
    assert version_key("3.9") < version_key("3.14") < version_key("6.12")


# From the kernel's change log: 47933ad41a86 (3.14), b899a850431e (4.15), the removal of
# smp_read_barrier_depends (5.9), fetch_* (4.8), folio_unlock's xor (6.7).
@pytest.mark.parametrize(
    ("name", "at_39", "at_612"),
    [
        ("smp_load_acquire", False, True),
        ("smp_store_release", False, True),
        ("ACCESS_ONCE", True, False),
        ("smp_read_barrier_depends", True, False),
        ("smp_mb__after_clear_bit", True, False),
        ("smp_mb__after_atomic", False, True),
        ("atomic_fetch_add", False, True),
        ("atomic_cmpxchg", True, True),
        ("atomic_cmpxchg_acquire", False, True),
        ("xor_unlock_is_negative_byte", False, True),
        ("clear_bit_unlock", True, True),
        ("test_and_set_bit_lock", True, True),
        ("set_mb", True, False),
        ("smp_store_mb", False, True),
        ("READ_ONCE", True, True),
        # asm-generic/barrier.h; linux/atomic.h of 3.9 (atomic64_t: the ports'); linux/refcount.h
        ("dma_rmb", False, True),
        ("atomic_inc_unless_negative", True, True),
        ("atomic64_dec_if_positive", True, True),
        ("atomic64_inc_unless_negative", False, True),
        ("atomic_long_dec_if_positive", False, True),
        ("refcount_inc_not_zero_acquire", False, True),
        ("cmpxchg64_local", True, True),
        ("xa_lock_irq", False, True),
        ("try_cmpxchg_local", False, True),
    ],
)
def test_lifetimes(name: str, at_39: bool, at_612: bool) -> None:
    assert (name in primitives("3.9")) == at_39
    assert (name in primitives("6.12")) == at_612


def test_lifetime_is_told_in_words() -> None:
    assert lifetime(all_primitives()["smp_load_acquire"]) == "since 3.14"
    assert lifetime(all_primitives()["ACCESS_ONCE"]) == "until 4.15"


def test_argument_order_is_the_kernels() -> None:
    # include/linux/atomic.h: atomic_add(i, v), but atomic_set(v, i), atomic_cmpxchg(v, old, new).
    assert all_primitives()["atomic_add"].params == ("val", "ptr")
    assert all_primitives()["atomic_set"].params == ("ptr", "val")
    assert all_primitives()["atomic_cmpxchg"].params == ("ptr", "val", "val")
    assert all_primitives()["set_bit"].params == ("bit", "ptr")
    assert all_primitives()["atomic_try_cmpxchg"].params == ("ptr", "inout", "val")


def test_every_lkmm_primitive_is_known() -> None:
    """The names of tools/memory-model/linux-kernel.def of 6.12, copied by hand from that file."""
    orders = ("", "_relaxed", "_acquire", "_release")
    names = set(LKMM_NAMES.split())
    for order in orders:
        names |= {
            f"xchg{order}",
            f"cmpxchg{order}",
            f"atomic_xchg{order}",
            f"atomic_cmpxchg{order}",
        }
        for op in ("add", "sub", "inc", "dec"):
            names |= {f"atomic_{op}_return{order}", f"atomic_fetch_{op}{order}"}
    assert names <= set(primitives("6.12"))


LKMM_NAMES = """
READ_ONCE WRITE_ONCE smp_store_release smp_load_acquire rcu_assign_pointer
rcu_dereference smp_store_mb smp_mb smp_rmb smp_wmb smp_mb__before_atomic
smp_mb__after_atomic smp_mb__after_spinlock smp_mb__after_unlock_lock barrier
smp_mb__after_srcu_read_unlock spin_lock spin_unlock spin_trylock
spin_is_locked rcu_read_lock rcu_read_unlock synchronize_rcu
synchronize_rcu_expedited srcu_read_lock srcu_read_unlock srcu_down_read
srcu_up_read synchronize_srcu synchronize_srcu_expedited atomic_read
atomic_set atomic_read_acquire atomic_set_release atomic_add atomic_sub
atomic_inc atomic_dec atomic_sub_and_test atomic_dec_and_test
atomic_inc_and_test atomic_add_negative
"""
