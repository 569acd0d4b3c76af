"""C types as the checker sees them: LP64 integers, pointers, arrays, structs.

Types are values: two equal types are the same type. A struct is known by its tag; its members are
in ``kernel.layout``, so that a struct may point to itself.
"""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.kernel.ints import ADDRESS, BOOL, S32, S64, U8, U32, U64, IntType
from ksmcheck.record import Struct

S8 = IntType(8, True)
S16 = IntType(16, True)
U16 = IntType(16, False)


class IntegerType(Struct, frozen=True):
    """``name`` is only for messages: types of equal range are compatible."""

    name: str
    ints: IntType

    def __str__(self) -> str:
        return self.name

    @property
    def size(self) -> int:
        """Bytes; ``bool`` takes one."""
        return max(1, self.ints.width // 8)


class PointerTo(Struct, frozen=True):
    """``volatile``: what it points to is volatile, so plain accesses through it are marked."""

    target: CType
    volatile: bool = False

    def __str__(self) -> str:
        if isinstance(self.target, FunctionOf):
            return self.target.named("(*)")
        qualified = f"volatile {self.target}" if self.volatile else str(self.target)
        return f"{qualified}*" if qualified.endswith("*") else f"{qualified} *"


class ArrayOf(Struct, frozen=True):
    """``length`` None: of unknown length (a parameter, or before its initialiser is seen)."""

    element: CType
    length: int | None

    def __str__(self) -> str:
        return f"{self.element}[{'' if self.length is None else self.length}]"


class FunctionOf(Struct, frozen=True):
    """What a pointer to a function points to; ``variadic``: there may be more arguments."""

    result: CType
    params: tuple[CType, ...]
    variadic: bool = False

    def __str__(self) -> str:
        return self.named("")

    def named(self, name: str) -> str:
        """The type as one declares ``name`` to be of it."""
        params = [*map(str, self.params), *(["..."] if self.variadic else [])]
        before = str(self.result)
        gap = "" if before.endswith("*") else " "
        return f"{before}{gap}{name}({', '.join(params) or 'void'})"


class StructType(Struct, frozen=True):
    """``kind`` is ``struct`` or ``union``; ``tag`` may be a typedef's name (``atomic_t``).

    ``tail``: how many elements an object has in a flexible array member. Of expressions it is 0.
    """

    kind: str
    tag: str
    tail: int = 0

    def __str__(self) -> str:
        if self.tag.startswith("<"):  # without a tag: the typedef's name, if it has one
            return self.tag.partition(": ")[2].removesuffix(">") or self.tag
        return self.tag if self.kind == "typedef" else f"{self.kind} {self.tag}"


class VoidType(Struct, frozen=True):
    def __str__(self) -> str:
        return "void"


class BitField(Struct, frozen=True):
    """``bits`` bits from bit ``at`` on of a ``word`` in memory, which is what is accessed.

    It is of ``declared`` type, cut to that width; no scalar, for no access is of it alone.
    """

    word: IntegerType
    at: int
    bits: int
    declared: IntegerType

    def __str__(self) -> str:
        return f"{self.declared}:{self.bits}"

    @property
    def ints(self) -> IntType:
        """The word's width, with the sign of the field's values."""
        return IntType(self.word.ints.width, self.declared.ints.signed)

    @property
    def alone(self) -> bool:
        """Whether the word holds nothing else: then a store need not read it."""
        return self.bits == self.word.ints.width

    @property
    def value(self) -> IntegerType:
        """C17 6.3.1.1: ``int`` if that holds all its values, as for narrow types, or else
        ``unsigned int`` if that does, whatever the declared type."""
        if self.declared.ints == BOOL:
            return BOOLEAN
        if self.bits > 32:
            return self.declared
        return INT if self.bits < 32 or self.declared.ints.signed else UNSIGNED


CType: TypeAlias = IntegerType | PointerTo | ArrayOf | FunctionOf | StructType | VoidType | BitField

INT = IntegerType("int", S32)
UNSIGNED = IntegerType("unsigned int", U32)
LONG = IntegerType("long", S64)
UNSIGNED_LONG = IntegerType("unsigned long", U64)
BOOLEAN = IntegerType("bool", BOOL)
VOID = VoidType()
VOID_POINTER = PointerTo(VOID)
RESULTS: dict[str, CType] = {"int": INT, "unsigned": UNSIGNED, "bool": BOOLEAN, "void": VOID}
"""The types behind ``Primitive.result_type``, but for ``cell``."""

BASIC: dict[str, IntType] = {
    "char": S8,
    "signed char": S8,
    "unsigned char": U8,
    "short": S16,
    "unsigned short": U16,
    "int": S32,
    "unsigned int": U32,
    "long": S64,
    "unsigned long": U64,
    "long long": S64,
    "unsigned long long": U64,
    "_Bool": BOOL,
}
"""C's own integer types (ISO C17 6.2.5) under LP64; plain ``char`` is signed, as on x86. From
``UNSIGNED_CHAR`` on it is not, nor before that on some machines."""

UNSIGNED_CHAR = "6.2"
"""The kernel that is built with -funsigned-char on all machines (its commit 3bc753c06dd0)."""

KERNEL_TYPEDEFS: dict[str, IntType] = {
    "bool": BOOL,
    **{f"{p}8": U8 for p in ("u", "__u")},
    **{f"{p}16": U16 for p in ("u", "__u")},
    **{f"{p}32": U32 for p in ("u", "__u")},
    **{f"{p}64": U64 for p in ("u", "__u")},
    **{f"{p}8": S8 for p in ("s", "__s")},
    **{f"{p}16": S16 for p in ("s", "__s")},
    **{f"{p}32": S32 for p in ("s", "__s")},
    **{f"{p}64": S64 for p in ("s", "__s")},
    "__le16": U16,
    "__le32": U32,
    "__le64": U64,
    "__be16": U16,
    "__be32": U32,
    "__be64": U64,
    "__virtio16": U16,
    "__virtio32": U32,
    "__virtio64": U64,
    "uint8_t": U8,
    "uint16_t": U16,
    "uint32_t": U32,
    "uint64_t": U64,
    "int8_t": S8,
    "int16_t": S16,
    "int32_t": S32,
    "int64_t": S64,
    "uchar": U8,
    "ushort": U16,
    "uint": U32,
    "ulong": U64,
    **dict.fromkeys(("u_char", "unchar", "u_int8_t"), U8),
    **dict.fromkeys(("u_short", "u_int16_t", "umode_t", "uid16_t", "gid16_t", "__sum16"), U16),
    **dict.fromkeys(("u_int", "u_int32_t", "dev_t", "mode_t", "nlink_t", "uid_t", "gid_t"), U32),
    **dict.fromkeys(("slab_flags_t", "fmode_t", "vm_fault_t", "__wsum", "__poll_t"), U32),
    **dict.fromkeys(("u_long", "u_int64_t", "ino_t", "sector_t", "blkcnt_t", "dma_addr_t"), U64),
    **dict.fromkeys(("resource_size_t", "irq_hw_number_t"), U64),
    **dict.fromkeys(("pid_t", "daddr_t", "key_t", "timer_t", "clockid_t"), S32),
    **dict.fromkeys(("off_t", "suseconds_t", "clock_t", "ktime_t", "time64_t"), S64),
    "size_t": U64,
    "ssize_t": S64,
    "ptrdiff_t": S64,
    "intptr_t": S64,
    "uintptr_t": U64,
    "loff_t": S64,
    "pgoff_t": U64,
    "gfp_t": U32,
    "phys_addr_t": U64,
    "vm_flags_t": U64,
    "isolate_mode_t": U32,
}
"""include/linux/types.h, mm_types.h, time64.h and asm-generic/int-ll64.h."""

WORDS: dict[tuple[str, str], tuple[str, IntegerType]] = {
    ("typedef", "atomic_t"): ("counter", INT),
    ("typedef", "atomic_long_t"): ("counter", LONG),
    ("typedef", "atomic64_t"): ("counter", LONG),
    ("typedef", "spinlock_t"): ("lock", UNSIGNED),
    ("typedef", "raw_spinlock_t"): ("lock", UNSIGNED),
    ("typedef", "rwlock_t"): ("lock", UNSIGNED),
    ("struct", "mutex"): ("lock", UNSIGNED),
    ("struct", "rw_semaphore"): ("count", UNSIGNED),
    ("struct", "srcu_struct"): ("index", INT),
    ("struct", "rcu_head"): ("next", UNSIGNED_LONG),
    ("struct", "callback_head"): ("next", UNSIGNED_LONG),
    ("typedef", "refcount_t"): ("counter", INT),
}
"""Types that the kernel hides behind functions: here each is one word with the member named."""


def is_scalar(type: CType) -> bool:
    kind = type.__class__
    return kind is IntegerType or kind is PointerTo


def alike(one: CType, other: CType) -> bool:
    """Whether two types are the same but for the names of integers (C17 6.2.7)."""
    if isinstance(one, IntegerType) and isinstance(other, IntegerType):
        return one.ints == other.ints
    if isinstance(one, PointerTo) and isinstance(other, PointerTo):
        return one.volatile == other.volatile and alike(one.target, other.target)
    if isinstance(one, FunctionOf) and isinstance(other, FunctionOf):
        if len(one.params) != len(other.params) or one.variadic != other.variadic:
            return False
        return alike(one.result, other.result) and all(map(alike, one.params, other.params))
    return one == other


def copied_as(source: CType, target: CType) -> bool:
    """Whether the bytes of one are a value of the other, member by member."""
    if isinstance(source, IntegerType) and isinstance(target, IntegerType):
        alike = source.size == target.size and BOOL not in (source.ints, target.ints)
        return alike or source.ints == target.ints
    return source == target or (isinstance(source, PointerTo) and isinstance(target, PointerTo))


def is_whole(type: CType) -> bool:
    """Whether it is a struct of the test's: an ``atomic_t`` stands for its counter."""
    return isinstance(type, StructType) and (type.kind, type.tag) not in WORDS


def passed(type: CType) -> CType:
    """The type of a value: a function is passed as a pointer to it."""
    return PointerTo(type) if isinstance(type, FunctionOf) else type


def passed_words(type: CType) -> CType:
    """What a pointer is where it is passed as an ``unsigned long *``, as C17 6.5.16.1 p1 has it of
    ``void *``; any other is as it was."""
    if isinstance(type, PointerTo) and isinstance(type.target, VoidType):
        return PointerTo(UNSIGNED_LONG, type.volatile)
    return type


def ints_of(type: CType) -> IntType:
    """How a scalar's values are represented; addresses are unsigned 64-bit numbers."""
    if type.__class__ is PointerTo:
        return ADDRESS
    assert isinstance(type, IntegerType), type
    return type.ints


def promote(type: IntegerType) -> IntegerType:
    """The integer promotions (C17 6.3.1.1): what fits in ``int`` becomes ``int``."""
    if type.ints.width < 32:
        return INT
    return type


def common(left: IntegerType, right: IntegerType) -> IntegerType:
    """The usual arithmetic conversions (C17 6.3.1.8); width stands for rank, as LP64 allows."""
    a, b = promote(left), promote(right)
    if a.ints == b.ints:
        return a
    if a.ints.width == b.ints.width:
        return a if not a.ints.signed else b
    return a if a.ints.width > b.ints.width else b
