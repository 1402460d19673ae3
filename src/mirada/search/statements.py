"""A query as short sentences that an image either shows or not: what a reranker is asked.

Each is positive ("people", and not "no people"): what looks at an image and a text tells well
whether the one shows the other, and seldom minds a "no".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirada.language.tables import words_of
from mirada.search.explain import counted, denied, placed, related

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirada.types import ParsedQuery, Phrase, Relation

ARTICLES: Final = frozenset(
    ("a", "an", "the", "un", "una", "unos", "unas", "el", "la", "los", "las")
)
PLACES: Final = {
    "en": {
        "left": "on the left",
        "right": "on the right",
        "top": "at the top",
        "bottom": "at the bottom",
        "center": "in the center",
        "top-left": "at the top left",
        "top-right": "at the top right",
        "bottom-left": "at the bottom left",
        "bottom-right": "at the bottom right",
        "corner": "in a corner",
        "background": "in the background",
        "foreground": "in the foreground",
    },
    "es": {
        "left": "a la izquierda",
        "right": "a la derecha",
        "top": "arriba",
        "bottom": "abajo",
        "center": "en el centro",
        "top-left": "arriba a la izquierda",
        "top-right": "arriba a la derecha",
        "bottom-left": "abajo a la izquierda",
        "bottom-right": "abajo a la derecha",
        "corner": "en una esquina",
        "background": "al fondo",
        "foreground": "en primer plano",
    },
}
RELATIONS: Final = {
    "en": {
        "left_of": "to the left of",
        "right_of": "to the right of",
        "above": "above",
        "below": "below",
        "on": "on",
        "inside": "inside",
        "in_on": "in or on",
        "next_to": "next to",
        "touching": "touching",
        "behind": "behind",
        "in_front_of": "in front of",
        "between": "between",
        "far_from": "far from",
        "outside": "outside",
    },
    "es": {
        "left_of": "a la izquierda de",
        "right_of": "a la derecha de",
        "above": "encima de",
        "below": "debajo de",
        "on": "sobre",
        "inside": "dentro de",
        "in_on": "en",
        "next_to": "junto a",
        "touching": "tocando",
        "behind": "detrás de",
        "in_front_of": "delante de",
        "between": "entre",
        "far_from": "lejos de",
        "outside": "fuera de",
    },
}
BOUNDS: Final = {
    "en": {">=": "at least", "<=": "at most", ">": "more than", "<": "fewer than"},
    "es": {">=": "al menos", "<=": "como mucho", ">": "más de", "<": "menos de"},
}
AND: Final = {"en": "and", "es": "y"}

_ARTICLE = re.compile(rf"\b({'|'.join(sorted(ARTICLES))}|del|al)\s+$", re.IGNORECASE)
_CONTRACTED = {"del": "el", "al": "el"}


@dataclass(frozen=True, slots=True)
class Statement:
    """What an image may show, and the clauses of the query that this decides."""

    text: str  # in the language of the query: "a dog to the left of a red car"
    clauses: tuple[tuple[str, str], ...]  # kind and clause of an `Evidence`
    denied: bool = False  # the query asks that it be not so


def statements(query: ParsedQuery, *, geometry: bool = True) -> tuple[Statement, ...]:
    """All that a query says of an image, in its language, no sentence twice.

    First the words as a whole, then its things, places, counts and relations, then what must not
    be there. A query that says but one thing is one statement, in its own words.

    Args:
        query: without alternatives.
        geometry: whether to ask for places, counts and relations too; a detector knows them better.
    """
    merged: dict[tuple[str, bool], Statement] = {}
    for one in _all(query, geometry=geometry):
        key = _plain(one.text, query.lang), one.denied
        known = merged.get(key)
        if known is not None:
            one = Statement(known.text, (*known.clauses, *one.clauses), one.denied)  # noqa: PLW2901
        merged[key] = one
    return tuple(merged.values())


def needed(query: ParsedQuery) -> list[int]:
    """Places of the phrases that must be seen: "a cat not on a sofa" needs no sofa."""
    apart = {place for one in query.relations if one.negated for place in one.objs}
    held = {
        place for one in query.relations if not one.negated for place in (one.subj, *one.objs)
    } | {one.subj for one in query.relations}
    return [place for place in range(len(query.phrases)) if place not in apart - held]


def _all(query: ParsedQuery, *, geometry: bool) -> Iterator[Statement]:
    whole = query.full_text.strip()
    if whole:
        yield Statement(whole, (("scene", query.full_text),))
    for place in needed(query):
        yield from _of_phrase(query, query.phrases[place], geometry=geometry)
    for relation in query.relations if geometry else ():
        said = whole if _says_only(query, relation) else _relation(query, relation)
        clause = "relation", related(relation, query.phrases)
        yield Statement(said, (clause,), relation.negated)
    for phrase in query.negations:
        said = " ".join((phrase.text, *_places(phrase, query.lang)))
        yield Statement(said, (("negation", denied(phrase)),), denied=True)


def _of_phrase(query: ParsedQuery, phrase: Phrase, *, geometry: bool) -> Iterator[Statement]:
    alone = query.full_text.strip() if _is_alone(query) else ""
    thing = ("phrase", phrase.text)
    if phrase.count and geometry:
        said = alone if alone and not phrase.pos else _thing(query, phrase)
        yield Statement(said, (("count", counted(phrase)),))
    else:
        said = alone if alone and not (phrase.pos or phrase.count) else _thing(query, phrase, "")
        yield Statement(said, (thing,))
    if phrase.pos and geometry:
        said = alone or " ".join((_thing(query, phrase), *_places(phrase, query.lang)))
        yield Statement(said, (("position", placed(phrase)),))


def _is_alone(query: ParsedQuery) -> bool:
    """Whether one thing is all that a query tells of."""
    return not query.scene.strip() and len(query.phrases) == 1


def _says_only(query: ParsedQuery, relation: Relation) -> bool:
    """Whether a relation is all that a query tells of, so that its own words say it best."""
    if relation.negated or len(query.relations) > 1 or query.scene.strip():
        return False
    involved = {relation.subj, *relation.objs}
    return len(involved) == len(query.phrases) and not any(one.pos for one in query.phrases)


def _relation(query: ParsedQuery, relation: Relation) -> str:
    subject, *objects = (
        _thing(query, query.phrases[one]) for one in (relation.subj, *relation.objs)
    )
    name = RELATIONS[query.lang][relation.rel]
    said = f"{subject} {name} {f' {AND[query.lang]} '.join(objects)}"
    if query.lang == "es":
        said = re.sub(r"\bde el\b", "del", said)
        said = re.sub(r"\ba el\b", "al", said)
    return said


def _thing(query: ParsedQuery, phrase: Phrase, count: str | None = None) -> str:
    """A thing as a noun phrase, with its count ("" for none), or else the article it was given."""
    count = (phrase.count if count is None else count) or ""
    if count:
        return f"{_number(count, query.lang)} {phrase.text}"
    article = None if phrase.count else _ARTICLE.search(query.raw[: phrase.span[0]])
    if article is None:
        return phrase.text
    word = article[1].lower()
    return f"{_CONTRACTED.get(word, word)} {phrase.text}"


def _number(count: str, language: str) -> str:
    """A count in words: "two", "at least 40"."""
    bound = re.match("[<>]=?|", count)
    sign = bound[0] if bound else ""
    digits = count.removeprefix(sign).strip()
    words = {value: word for word, value in reversed(list(words_of("number", language).items()))}
    number = words.get(digits, digits)
    return f"{BOUNDS[language][sign]} {number}" if sign else number


def _places(phrase: Phrase, language: str) -> Iterable[str]:
    return (PLACES[language][one] for one in phrase.pos)


def _plain(text: str, language: str) -> str:
    """What two texts that say the same have in common: words without articles, digits."""
    numbers = words_of("number", language)
    words = re.findall(r"[\w-]+", text.casefold())
    return " ".join(numbers.get(one, one) for one in words if one not in ARTICLES)
