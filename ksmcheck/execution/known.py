"""Which values of a call's variables the program's text fixes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.execution.bodies import Key, Known
from ksmcheck.execution.concrete import Concrete
from ksmcheck.execution.machine import Call, Variable
from ksmcheck.record import replace

_RETURN = "return"  # the name that results go by: no variable has it
RETURNED: Key = (0, _RETURN, -1)


def known_now(call: Call) -> dict[Key, Concrete]:
    """The fixed values among a call's variables, and its result if that is fixed."""
    found: dict[Key, Concrete] = {}
    for key, variable in _variables(call):
        for offset, value in variable.parts.items():
            if value.fixed:
                found[key, variable.name, offset] = value
    if call.returned is not None and call.returned.fixed:
        found[RETURNED] = call.returned
    if call.struct is not None:
        for offset, value in call.struct.parts.items():
            if value.fixed:
                found[0, _RETURN, offset] = value
    return found


def is_result(key: Key) -> bool:
    """Of what a call gives, or of a part of the struct that it gives."""
    return key[1] == _RETURN


def given_parts(known: Known) -> dict[int, Concrete]:
    """Of the struct that a call gives, the values that are known, by offset."""
    return {key[2]: value for key, value in known.items() if is_result(key) and key != RETURNED}


def keep_fixed(call: Call, known: Known) -> None:
    """Where ways have met: a value that depends on the way taken is not fixed any more."""
    for key, variable in _variables(call):
        for offset, value in variable.parts.items():
            if value.fixed and (key, variable.name, offset) not in known:
                variable.parts[offset] = replace(value, fixed=False)
    if call.returned is not None and RETURNED not in known:
        call.returned = replace(call.returned, fixed=False)
    if call.struct is not None:
        for offset, value in call.struct.parts.items():
            if value.fixed and (0, _RETURN, offset) not in known:
                call.struct.parts[offset] = replace(value, fixed=False)


def forget(call: Call, names: set[str]) -> None:
    """The variables of these names may have been changed, or not."""
    for _, variable in _variables(call):
        if variable.name in names:
            for offset, value in variable.parts.items():
                variable.parts[offset] = replace(value, fixed=False)


def imagine(call: Call, known: Known, variables: Mapping[int, Variable]) -> None:
    """Sets the variables of a call to what is known, and nothing else; ``variables`` tells their
    types, by declaration."""
    call.variables, call.registers = {}, {}
    call.returned = known.get(RETURNED)
    call.struct = None
    if parts := given_parts(known):
        assert call.result_type is not None
        call.struct = Variable(call.body.function.name, call.result_type, parts=parts)
    for key, value in known.items():
        if is_result(key):
            continue
        number, name, offset = key
        if number == 0:
            call.registers[name] = Variable(name, value.type, parts={offset: value})
        elif number in call.variables:
            call.variables[number].parts[offset] = value
        else:
            kind = variables[number]
            made = Variable(name, kind.type, volatile=kind.volatile, parts={offset: value})
            call.variables[number] = made


def _variables(call: Call) -> Iterator[tuple[int, Variable]]:
    for key, variable in call.variables.items():
        if variable.address is None:
            yield key, variable
    for variable in call.registers.values():
        yield 0, variable
