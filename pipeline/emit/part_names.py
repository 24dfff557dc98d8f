"""The one or two characters that tell the parts of a dataset from each other (SDTMIG 3.4 section 4.1.7)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from string import ascii_uppercase, digits

from pipeline.errors import BuildFailed

_SIGNS = ascii_uppercase + digits
_NUMBERS = digits[1:] + ascii_uppercase


def part_suffixes(categories: Sequence[str], named: Mapping[str, str]) -> list[str]:
    """One suffix a part, all different; ``categories`` tells each part's category, that of several repeatedly.

    A category of one part has the suffix that ``named`` gives it, else its first two letters or digits, or
    its first and a later one if another part has those. The parts of one category are numbered behind its
    first letter. Depends on its arguments only.
    """
    parts = Counter(categories)
    given = {name: named[name] for name in parts if name in named and parts[name] == 1}
    taken, suffixes = set(given.values()), []
    for name in categories:
        suffix = given.get(name) or _first_free(_candidates(name, named, parts[name] > 1), taken)
        taken.add(suffix)
        suffixes.append(suffix)
    return suffixes


def _first_free(candidates: Iterator[str], taken: set[str]) -> str:
    for each in candidates:
        if each not in taken:
            return each
    raise BuildFailed(
        "split", f"more than {len(taken)} parts", "two characters do not tell more of them apart"
    )


def _candidates(category: str, named: Mapping[str, str], numbered: bool) -> Iterator[str]:
    signs = re.sub(r"[^A-Z0-9]", "", named.get(category, category).upper()) or "X"
    if not numbered:
        yield from (signs[0] + each for each in signs[1:])
    yield from (signs[0] + each for each in _NUMBERS)
    yield from ("".join(each) for each in product(_SIGNS, repeat=2))
