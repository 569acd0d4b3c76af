"""Ordering tokens that stand in a function's text and that no skeleton has: found by reading the
text as words, so that a blind spot of the extractor is not one of the mutations too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ksmcheck.gate.drift import Comparison
from ksmcheck.gate.drift_data import Followed
from ksmcheck.gate.kernel_tree_text import uncommented
from ksmcheck.gate.skeleton_parse import parse_definition
from tests.drift.mutate import functions_of, sites_of

_TOKEN = re.compile(r"(\w+)\s*\(|(?:->|\.)\s*(\w+)")


def blind_spots(comparison: Comparison, followed: Followed) -> Iterator[str]:
    """Calls of primitives and of words that are operations, and uses of shared fields, in the body
    of a function (and of those followed into) that are part of no operation."""
    words = comparison.contents.words
    skeleton = comparison.kernel(followed)
    for file, name in functions_of(comparison, followed, skeleton):
        definition = next(d for d in comparison.tree.defined(name, file) if not d.macro)
        sites = sites_of(parse_definition(definition), definition.span, skeleton)
        if not sites and name != followed.name:
            continue  # not followed into from here
        text = uncommented(definition.span.source.text[: definition.span.end])
        for found in _TOKEN.finditer(text, definition.body):
            template = words.template(found[1]) if found[1] else None
            is_call = found[1] and (words.primitive(found[1]) or (template and template.operation))
            at = found.start(1) if found[1] else found.start(2)
            covered = any(site.start <= at < site.end for site in sites)
            if (is_call or found[2] in words.fields) and not covered:
                yield f"{name}: {found[0]} in line {text.count(chr(10), 0, at) + 1} of {file}"
