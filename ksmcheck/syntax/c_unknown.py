"""What to say of a name that nothing defines, where the parser can tell what it stands for."""

from __future__ import annotations

import re

from ksmcheck.syntax.c_words import DEFINE_MACROS
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError
from ksmcheck.text.spelling import did_you_mean

_DECLARES = re.compile(r"(DECLARE|DEFINE)_[A-Z0-9_]+", re.A)
_LOUD = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", re.A)


def declares(name: str) -> bool:
    """Whether it is called as the kernel's macros that declare something are."""
    return _DECLARES.fullmatch(name) is not None


def is_loud(name: str) -> bool:
    """Whether it is called as macros are, and hardly a type: ``MODULE_PARM_DESC``."""
    return _LOUD.fullmatch(name) is not None


def unknown_macro(token: Token) -> InputError:
    from ksmcheck.syntax.pp_headers import defined_names, include_hint

    near = [n for n in (*DEFINE_MACROS, *defined_names()) if is_loud(n) and _alike(n, token.text)]
    hint = (
        include_hint(token.text)
        or did_you_mean(token.text, near)
        or "#define it, or write what it declares"
    )
    return InputError(f"the macro {token.text} is not known", token.span, hint)


def _alike(name: str, other: str) -> bool:
    """Whether they are so behind DECLARE_ or DEFINE_, in which most are alike."""
    return did_you_mean(name.split("_", 1)[1], [other.split("_", 1)[1]]) is not None


def unknown_loop(name: Token) -> InputError:
    """Of the head of a loop: ``for_each_set_bit(b, map, 64)``."""
    from ksmcheck.syntax.pp_headers import defined_names, include_hint

    near = [known for known in defined_names() if "for_each" in known]
    hint = (
        include_hint(name.text)
        or did_you_mean(name.text, near)
        or f"if '{name.text}' is a macro for a loop, #define it"
    )
    return InputError(f"'{name.text}' is not known", name.span, hint)
