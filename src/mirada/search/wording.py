"""Evidence and empty answers in words: what the terminal and contact sheets say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.search.explain import failed, said
from mirada.show.words import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.results import Results
    from mirada.types import Box, Evidence, Hit, ParsedQuery, Phrase

DOUBTFUL: Final = 0.1  # from here on a clause is in doubt, below it is not met
MOST: Final = 0.6  # share of a picture from which a box has no side of its own
THIRDS: Final = (("left", "top"), ("", ""), ("right", "bottom"))


def clauses_in_words(evidence: Sequence[Evidence]) -> list[str]:
    """What each line of evidence is about: "dog", "dog left of man", "as a whole"."""
    named = any(one.kind == "phrase" for one in evidence)  # then the query need not be repeated
    return [_clause(one, named=named) for one in evidence]


def degree_in_words(one: Evidence) -> str:
    """A percentage, or "yes" where it is no matter of degree."""
    return "yes" if one.kind == "filter" and one.degree == 1 else percent(one.degree)


def place_in_words(box: Box) -> str:
    """Where a box lies: "top left", "center", "most of it"."""
    if box.area >= MOST:
        return "most of it"
    column, row = _third(box.x0 + box.x1), _third(box.y0 + box.y1)
    return " ".join(filter(None, (THIRDS[row][1], THIRDS[column][0]))) or "center"


def sides_in_words(box: Box) -> str:
    """A box as percentages of the picture, across and down: "25-50% × 50-83%"."""
    return f"{100 * box.x0:.0f}-{box.x1:.0%} × {100 * box.y0:.0f}-{box.y1:.0%}"


def closest(results: Results) -> Hit | None:
    """The nearest picture, where none is an answer."""
    return results.below[0] if results.below and not results.hits else None


def fault(hit: Hit) -> str:
    """What speaks most against a hit: "no giraffe found (1%)"."""
    worst = failed(hit.evidence)
    if worst is None:
        return "no clause fails alone, but all of them together are too unsure"
    sure, doubtful = percent(worst.degree), worst.degree >= DOUBTFUL
    match worst.kind:
        case "phrase" if doubtful:
            return f"it is not sure to show {worst.clause} ({sure})"
        case "phrase":
            return f"no {worst.clause} found ({sure})"
        case "scene":
            return f"the whole {'hardly looks' if doubtful else 'does not look'} like it ({sure})"
    return f"“{worst.clause}” {'is in doubt' if doubtful else 'does not hold'} ({sure})"


def nothing(results: Results) -> str:
    """Why there is no answer at all, without a word on what came closest."""
    if not results.considered:
        return "no other picture is indexed" if results.query.image else "the index is empty"
    sentence = f"nothing matches “{results.query}”"
    filters = [said(one) for part in _parts(results.parsed) for one in part.filters]
    if filters and not results.below and not results.removed:
        return f"{sentence}: no picture has {' and '.join(dict.fromkeys(filters))}"
    return sentence


def left_out(results: Results) -> str | None:
    """How many pictures show what must not be there: "45 pictures left out: ..."; None: none."""
    if not results.removed:
        return None
    denied = [_denied(one) for part in _parts(results.parsed) for one in part.negations]
    things = " or ".join(dict.fromkeys(denied))
    if results.removed == 1:
        return f"1 picture left out: it seems to show {things}"
    return f"{results.removed:,} pictures left out: they seem to show {things}"


def looked_again(results: Results) -> str | None:
    """Who judged the best pictures again: "the best 10 were looked at again by ..."; None: none."""
    recheck = results.recheck
    if recheck is None or not recheck.pictures:
        return None
    whose = "best one was" if recheck.pictures == 1 else f"best {recheck.pictures} were"
    return f"the {whose} looked at again by {' and '.join(recheck.models)}"


def _clause(one: Evidence, *, named: bool) -> str:
    what = {"scene": "as a whole", "words": "in its words"}.get(one.kind)
    if what is None:
        return one.clause
    return what if named else f"{what}: {one.clause}"


def _denied(phrase: Phrase) -> str:
    return f"{phrase.text} ({' '.join(phrase.pos)})" if phrase.pos else phrase.text


def _parts(parsed: ParsedQuery | None) -> tuple[ParsedQuery, ...]:
    return (parsed.alternatives or (parsed,)) if parsed else ()


def _third(twice: float) -> int:
    """0, 1 or 2, of twice a middle in [0, 1]."""
    return min(max(int(1.5 * twice), 0), 2)
