"""Mends slips in the few words on which the structure of a query hangs: "teh", "nxet to"."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from mirada.language.words import lexicon
from mirada.search.parsing.patterns import table

if TYPE_CHECKING:
    from mirada.search.parsing.line import Line

_SHORTEST: Final = 4  # letters: shorter words have too many neighbours
_ARTICLE: Final = "the"


def mend(line: Line, language: str) -> Line:
    """The line with words that no dictionary has taken for the structural one they are near."""
    return line.corrected(lambda form: _mended(form, language))


@lru_cache(maxsize=10_000)
def _mended(form: str, language: str) -> str:
    if not form.isalpha() or len(form) < 3 or form in lexicon(language):
        return form
    if language == "en" and sorted(form) == sorted(_ARTICLE):
        return _ARTICLE
    near = [word for word in _structural(language) if _is_one_slip(form, word)]
    return near[0] if len(near) == 1 and len(form) >= _SHORTEST else form


@cache
def _structural(language: str) -> tuple[str, ...]:
    """Words that carry the structure, as `lexicon/structural.tsv` lists them."""
    return tuple(word for row in table("structural.tsv") if row[0] == language for word in row[1:])


def _is_one_slip(written: str, meant: str) -> bool:
    """Whether one letter is wrong, missing, too many, or two stand in the wrong order.

    Damerau, Communications of the ACM 1964: four in five slips are of these kinds.
    """
    if abs(len(written) - len(meant)) > 1:
        return False
    same = 0
    while same < min(len(written), len(meant)) and written[same] == meant[same]:
        same += 1
    left, right = written[same:], meant[same:]
    if len(left) != len(right):
        return left[1:] == right or left == right[1:]
    swapped = left[1:2] + left[:1] == right[:2] and left[2:] == right[2:]
    return left[1:] == right[1:] or swapped
