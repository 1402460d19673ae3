"""Counts and negations in captions: what a text claims besides naming things."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


COUNTS: Final = {
    word: str(count)
    for count, words in enumerate(
        (
            _words("one single lone solo sola"),
            _words("two both pair couple dos ambos ambas par pareja"),
            _words("three trio tres"),
            _words("four cuatro"),
            _words("five cinco"),
            _words("six seis"),
            _words("seven siete"),
            _words("eight ocho"),
            _words("nine nueve"),
            _words("ten diez"),
        ),
        1,
    )
    for word in words
}
"""English and Spanish words for numbers, as digits; "un" and "una" are articles here."""

MANY: Final = _words(
    "several many few some group crowd bunch lots dozens"
    " varios varias muchos muchas pocos pocas algunos algunas grupo multitud"
)
NEGATIONS: Final = _words(
    "no not without nobody none nothing never neither nor empty isn't aren't doesn't don't"
    " sin ningún ninguna ninguno nadie nada nunca ni tampoco vacío vacía"
)
PASSING: Final = _words("a an the of is are with un una el la los las de del está están es son con")
"""Words that come and go with a claim: "dogs", "a group of dogs"; "a man with no hat"."""

ENDINGS: Final = ("es", "s", "n")  # of nouns, and of verbs: "run" and "runs", "corre" and "corren"
MIN_STEM: Final = 3  # letters that are left of a word

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")


def drops_claim(text: str, fuller: str) -> bool:
    """Whether `text` says what `fuller` says but for a count or a negation that it leaves out.

    "Dogs run" and "a dog runs" leave out the count of "two dogs run"; "a street" leaves out the
    negation of "a street without people". Another count is no omission: "one" against "two".
    """
    claims, rest = _read(text)
    full_claims, full_rest = _read(fuller)
    if not claims < full_claims:
        return False
    denied = full_claims["no"] > claims["no"]  # with a negation goes what it denied
    return rest <= full_rest if denied else rest == full_rest


def _read(text: str) -> tuple[Counter[str], frozenset[str]]:
    """The claims of a text, and its other words without their endings."""
    words = _WORD.findall(text.lower())
    claims = Counter(_claim(word) for word in words if _claim(word))
    others = (word for word in words if not _claim(word) and word not in PASSING)
    return claims, frozenset(_stem(word) for word in others)


def _claim(word: str) -> str:
    """What a word claims: a number, "many", "no", or nothing."""
    if word in NEGATIONS:
        return "no"
    if word in MANY:
        return "many"
    return word if word.isdigit() else COUNTS.get(word, "")


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e")
