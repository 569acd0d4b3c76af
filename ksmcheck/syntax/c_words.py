"""The words of kernel C: keywords, what is dropped, what is refused, and type names.

The parser needs to know type names only where C is ambiguous without them (``(T) * x``); what a
type is, and whether it exists, is the business of ``kernel/``.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


INTEGER_WORDS = frozenset({"void", "char", "short", "int", "long", "signed", "unsigned", "_Bool"})

TAG_WORDS = frozenset({"struct", "union", "enum"})

TYPEOF_WORDS = frozenset({"typeof", "__typeof__", "__typeof", "typeof_unqual"})

STORAGE_WORDS = frozenset({"typedef", "static", "extern"})

PER_CPU_WORDS = frozenset({"__ksmcheck_per_cpu"})
"""What <linux/percpu.h> puts before the type of a variable that each CPU has a copy of."""

VOLATILE_WORDS = frozenset({"volatile", "__volatile__", "__volatile"})

ATTRIBUTE_WORDS = frozenset({"__attribute__", "__attribute"})

# Qualifiers and annotations that change neither values nor order in any execution.
DROPPED_WORDS = _words(
    """const __const __const__ register auto restrict __restrict __restrict__ inline __inline
    __inline__ noinline __always_inline __extension__ _Noreturn __noreturn __maybe_unused
    __always_unused __used __must_check __init __exit __initdata __read_mostly __ro_after_init
    __user __kernel __rcu __percpu __iomem __force __nocast __cold __hot __weak __pure asmlinkage
    notrace noinstr __sched __visible __randomize_layout __no_randomize_layout
    __lockfunc __latent_entropy __meminit __kprobes __cpuidle __private noinline_for_stack
    nokprobe_inline __ref __refdata __refconst __initconst __nosavedata __bss_decrypted"""
)

# Attributes that may be dropped for the same reason; every other one is refused.
DROPPED_ATTRIBUTES = _words(
    """unused maybe_unused used noinline always_inline pure const cold hot noreturn deprecated
    warn_unused_result may_alias format nonnull returns_nonnull fallthrough section weak malloc
    no_sanitize no_sanitize_thread noclone no_instrument_function gnu_inline flatten leaf
    visibility error warning"""
)

# Each aligns a member or a struct to a cache line (include/linux/cache.h), 64 bytes here.
CACHE_LINE_WORDS = _words(
    """____cacheline_aligned ____cacheline_aligned_in_smp ____cacheline_internodealigned_in_smp
    __cacheline_aligned __cacheline_aligned_in_smp"""
)
CACHE_LINE = 64

FLOAT_WORDS = _words(
    "float double _Complex __float128 _Float16 _Float32 _Float64 _Float128 _Imaginary"
)

# Refused wherever they stand, with the reason.
REFUSED_WORDS: dict[str, str] = {
    **dict.fromkeys(("asm", "__asm__", "__asm"), "inline assembly is not supported"),
    **dict.fromkeys(FLOAT_WORDS, "floating point is not supported"),
    "_Generic": "_Generic is not supported",
    "_Atomic": "_Atomic (C11 atomics) is not supported: use the kernel's atomic_t",
    "_Thread_local": "thread-local variables are not supported",
    "__thread": "thread-local variables are not supported",
    "_Alignas": "_Alignas is not supported",
    "_Alignof": "_Alignof is not supported",
    "__label__": "'__label__' stands at the beginning of a block",
    "__packed": "__packed is not supported: it changes the layout",
    "__int128": "128-bit integers are not supported",
    "__builtin_va_arg": "variable arguments are not supported",
}

STATEMENT_WORDS = _words("if else while do for switch case default break continue return goto")

KEYWORDS = (
    INTEGER_WORDS
    | TAG_WORDS
    | TYPEOF_WORDS
    | STORAGE_WORDS
    | PER_CPU_WORDS
    | VOLATILE_WORDS
    | ATTRIBUTE_WORDS
    | STATEMENT_WORDS
    | frozenset({"__cleanup", "sizeof", "inline", "const", "register", "restrict", "auto"})
)

# Typedef names that need no declaration: the kernel's own and those of herd7's C.
TYPEDEF_NAMES = _words(
    """bool u8 u16 u32 u64 s8 s16 s32 s64 __u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64
    __le16 __le32 __le64 __be16 __be32 __be64 __virtio16 __virtio32 __virtio64
    int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t
    u_int8_t u_int16_t u_int32_t u_int64_t __sum16 __wsum __poll_t
    uchar ushort uint ulong u_char u_short u_int u_long unchar size_t ssize_t ptrdiff_t off_t loff_t
    dev_t ino_t mode_t umode_t nlink_t daddr_t key_t suseconds_t timer_t clockid_t clock_t
    uid_t gid_t uid16_t gid16_t blkcnt_t slab_flags_t fmode_t vm_fault_t resource_size_t
    irq_hw_number_t pgoff_t gfp_t pid_t sector_t dma_addr_t phys_addr_t cycles_t ktime_t time64_t
    atomic_t atomic_long_t atomic64_t refcount_t kref_t spinlock_t raw_spinlock_t arch_spinlock_t
    rwlock_t seqlock_t seqcount_t mutex_t wait_queue_head_t vm_flags_t swp_entry_t pte_t pmd_t
    pgprot_t isolate_mode_t nodemask_t cpumask_t srcu_struct_t"""
)

# File-level macros of the kernel that declare a variable: name -> the variable's type.
DEFINE_MACROS: dict[str, tuple[str | None, str]] = {
    "DEFINE_SPINLOCK": (None, "spinlock_t"),
    "DEFINE_RAW_SPINLOCK": (None, "raw_spinlock_t"),
    "DEFINE_RWLOCK": (None, "rwlock_t"),
    "DEFINE_MUTEX": ("struct", "mutex"),
    "DECLARE_RWSEM": ("struct", "rw_semaphore"),
    "DEFINE_SRCU": ("struct", "srcu_struct"),
    "DEFINE_STATIC_SRCU": ("struct", "srcu_struct"),
}

STATIC_ASSERTS = frozenset({"static_assert", "_Static_assert"})

# File-level macros of the kernel that concern the linker only.
DROPPED_MACROS = _words(
    """EXPORT_SYMBOL EXPORT_SYMBOL_GPL MODULE_LICENSE MODULE_AUTHOR MODULE_DESCRIPTION module_init
    module_exit subsys_initcall core_initcall late_initcall"""
)

TYPE_START = (
    INTEGER_WORDS
    | TAG_WORDS
    | TYPEOF_WORDS
    | STORAGE_WORDS
    | PER_CPU_WORDS
    | VOLATILE_WORDS
    | ATTRIBUTE_WORDS
    | DROPPED_WORDS
    | FLOAT_WORDS
    | {"__cleanup"}
)

_ALONE = {"signed": "int", "unsigned": "unsigned int"}
_ORDERED = ("signed", "unsigned", "char", "short", "long", "int")


def canonical_integer(words: list[str]) -> str | None:
    """C's name for a multiset of integer type words, None where C has none (``short char``).

    ``long unsigned int`` is "unsigned long"; plain ``char`` and ``signed char`` stay apart
    (C17 6.7.2, table of type specifiers).
    """
    if len(words) == 1:
        return _ALONE.get(words[0], words[0])
    count = {word: words.count(word) for word in _ORDERED}
    if sum(count.values()) != len(words) or max(count.values()) > 2:
        return None
    if any(count[w] > 1 for w in _ORDERED if w != "long") or (
        count["signed"] and count["unsigned"]
    ):
        return None
    sizes = [w for w in ("char", "short", "long") if count[w]]
    if len(sizes) > 1 or (count["char"] and count["int"]):
        return None
    sign = "unsigned " if count["unsigned"] else ""
    if sizes == ["char"]:
        return "signed char" if count["signed"] else f"{sign}char"
    return sign + ("long " * count["long"] or "short " * count["short"] or "int").strip()
