"""Queries on how things lie to one another, and the images that boxes say answer them.

Truth is told by plain margins on the edges of boxes, never by the degrees that searches use.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib import resources
from itertools import permutations
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.graded import RELEVANT, UNJUDGED, WRONG
from mirada.evaluation.labels import GROUPS, Likeness, likeness, noun_of
from mirada.language.analysis import analyse
from mirada.language.words import lexicon
from mirada.models.boxes import corners, iou

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.types import Box

SLACK: Final = 0.02
"""By how much edges may pass each other where one thing is said to be beside another."""

FACING: Final = 0.25
"""Share of the smaller side that must lie opposite the other thing: diagonal is no direction."""

SAME: Final = 0.8  # IoU from which two labelled boxes are of one thing
SMALLEST: Final = 0.03  # side of a thing that a query may ask for
A_IMAGE: Final = 2  # queries a relation and image
A_TEXT: Final = 5  # pairs with one text

WORDS: Final[Mapping[str, str]] = {
    "left_of": "to the left of",
    "right_of": "to the right of",
    "above": "above",
    "below": "below",
    "on": "on",
    "inside": "inside",
}


@cache
def _words() -> Mapping[str, frozenset[str]]:
    """Kind -> nouns, as spatial_words.tsv lists them."""
    table = resources.files("mirada.evaluation").joinpath("spatial_words.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {kind: frozenset(words.replace("_", " ") for words in row.split()) for kind, row in rows}


@dataclass(frozen=True, slots=True)
class SpatialQuery:
    """What one image shows and its twin, in which the things have changed places, does not."""

    text: str  # "a dog to the left of a man"
    twin: str  # "a man to the left of a dog"
    relation: str
    subject: str
    object: str
    image: str  # name of the image it was made from


@dataclass(frozen=True, slots=True)
class Thing:
    """One box of an image with all that it was called."""

    box: Box
    labels: tuple[str, ...]

    def is_like(self, asked: str) -> Likeness:
        """How surely it is what was asked for, by its surest label."""
        return max(likeness(asked, label) for label in self.labels)


def spatial_queries(
    images: Sequence[CaptionedImage], *, relations: Sequence[str], limit: int
) -> list[SpatialQuery]:
    """Up to `limit` queries for each relation, spread over images and texts; always the same ones.

    A query is made of two things that nothing else in their image may be meant by.
    """
    chosen: list[SpatialQuery] = []
    found: dict[str, list[SpatialQuery]] = {name: [] for name in relations}
    for image in images:
        for query in _queries_of(image, relations):
            found[query.relation].append(query)
    for queries in found.values():
        queries.sort(key=lambda one: sha256(f"{one.image} {one.text}".encode()).digest())
        of_image: Counter[str] = Counter()
        of_text: Counter[str] = Counter()
        kept: list[SpatialQuery] = []
        for query in queries:
            room = of_image[query.image] < A_IMAGE and of_text[query.text] < A_TEXT
            if room and len(kept) < limit:
                kept.append(query)
                of_image[query.image] += 1
                of_text[query.text] += 1
        chosen += kept
    return chosen


def judge(queries: Sequence[SpatialQuery], images: Sequence[CaptionedImage]) -> NDArray[np.int8]:
    """(queries, images) RELEVANT, WRONG or UNJUDGED: whether what a query says holds somewhere.

    An image is wrong where no two things may be meant, or where each such pair clearly lies
    another way; it is unjudged where they are there and margins do not tell.
    """
    seen = [things(image) for image in images]
    asked = {label for query in queries for label in (query.subject, query.object)}
    holding = {label: _holding(label, seen) for label in sorted(asked)}
    grades = np.full((len(queries), len(images)), WRONG, np.int8)
    for row, query in enumerate(queries):
        for place in sorted(holding[query.subject] & holding[query.object]):
            grades[row, place] = _grade(query, seen[place])
    return grades


def _holding(label: str, seen: Sequence[Sequence[Thing]]) -> set[int]:
    """Places of the images in which something may be meant by the label."""
    return {
        place
        for place, found in enumerate(seen)
        if any(likeness(label, own) for one in found for own in one.labels)
    }


def things(image: CaptionedImage) -> list[Thing]:
    """The things of an image: boxes that nearly coincide are one with several labels."""
    rows = corners([one.box for one in image.boxes])
    same = iou(rows, rows) >= SAME
    found: dict[int, list[str]] = {}
    for place, one in enumerate(image.boxes):
        first = next((other for other in found if same[place, other]), place)
        found.setdefault(first, []).append(one.label)
    return [
        Thing(image.boxes[place].box, tuple(dict.fromkeys(labels)))
        for place, labels in found.items()
    ]


def holds(relation: str, a: Box, b: Box) -> bool:
    """Whether the edges clearly say that a lies so to b."""
    return _RULES[relation](a, b)


def _left_of(a: Box, b: Box) -> bool:
    shared = min(a.y1, b.y1) - max(a.y0, b.y0)
    return a.x1 <= b.x0 + SLACK and shared >= FACING * min(a.y1 - a.y0, b.y1 - b.y0)


def _above(a: Box, b: Box) -> bool:
    shared = min(a.x1, b.x1) - max(a.x0, b.x0)
    return a.y1 <= b.y0 + SLACK and shared >= FACING * min(a.x1 - a.x0, b.x1 - b.x0)


def _on(a: Box, b: Box) -> bool:
    """The foot of a is within b, its top well above that of b, most of the narrower over b."""
    shared = min(a.x1, b.x1) - max(a.x0, b.x0)
    foot = b.y0 - SLACK <= a.y1 <= b.y1 + SLACK
    rises = a.y0 < b.y0 - 2 * SLACK and a.y0 + a.y1 < b.y0 + b.y1
    return foot and rises and shared >= 0.7 * min(a.x1 - a.x0, b.x1 - b.x0)


def _inside(a: Box, b: Box) -> bool:
    """Whether b encloses a and is at least twice as large."""
    within = min(a.x0 - b.x0, a.y0 - b.y0, b.x1 - a.x1, b.y1 - a.y1) >= -SLACK / 2
    return within and a.area <= b.area / 2


_RULES: Final[Mapping[str, Callable[[Box, Box], bool]]] = {
    "left_of": _left_of,
    "right_of": lambda a, b: _left_of(b, a),
    "above": _above,
    "below": lambda a, b: _above(b, a),
    "on": _on,
    "inside": _inside,
}


def _denied(relation: str, a: Box, b: Box) -> bool:
    """Whether the edges clearly say that a lies to b in another way."""
    if any(holds(relation, *pair) for pair in ((b, a),)):
        return True
    if relation in ("on", "inside"):
        return a.x1 < b.x0 or b.x1 < a.x0 or a.y1 < b.y0 - 2 * SLACK or b.y1 < a.y0
    if relation in ("left_of", "right_of"):
        return holds("above", a, b) or holds("above", b, a)
    return holds("left_of", a, b) or holds("left_of", b, a)


def _grade(query: SpatialQuery, seen: Sequence[Thing]) -> int:
    subjects = [one for one in seen if one.is_like(query.subject)]
    objects = [one for one in seen if one.is_like(query.object)] if subjects else []
    pairs = [(a, b) for a in subjects for b in objects if a is not b]
    told = [
        (a, b)
        for a, b in pairs
        if a.is_like(query.subject) == b.is_like(query.object) == Likeness.SURE
    ]
    if any(holds(query.relation, a.box, b.box) for a, b in told):
        return RELEVANT
    wrong = all(_denied(query.relation, a.box, b.box) for a, b in pairs)
    return WRONG if wrong else UNJUDGED


def _queries_of(image: CaptionedImage, relations: Sequence[str]) -> Iterator[SpatialQuery]:
    seen = things(image)
    clear = [(label, one) for one in seen for label in one.labels if _is_clear(label, one, seen)]
    for (subject, a), (target, b) in permutations(clear, 2):
        if a is b or likeness(subject, target) or likeness(target, subject):
            continue
        for relation in relations:
            if _makes_sense(relation, subject, target) and holds(relation, a.box, b.box):
                words = WORDS[relation]
                yield SpatialQuery(
                    f"{_named(subject)} {words} {_named(target)}",
                    f"{_named(target)} {words} {_named(subject)}",
                    relation,
                    subject,
                    target,
                    image.name,
                )


def _is_clear(label: str, one: Thing, seen: Sequence[Thing]) -> bool:
    """Whether the label can be asked for, and means this thing and no other of its image."""
    box = one.box
    large = min(box.x1 - box.x0, box.y1 - box.y0) >= SMALLEST
    others = (other for other in seen if other is not one)
    return large and is_askable(label) and not any(other.is_like(label) for other in others)


@lru_cache(maxsize=20_000)
def is_askable(label: str) -> bool:
    """Whether a label is a plain noun that people would ask for."""
    tokens = analyse(label, "en").tokens
    own, head = noun_of(label)
    unfit = GROUPS.union(*(_words()[kind] for kind in ("vague", "body", "worn")))
    # expressions are joined by "_" and known as such
    known = all("_" in token.form or token.form in lexicon("en") for token in tokens)
    nouns = known and all(token.is_noun for token in tokens)
    return bool(tokens) and nouns and not {own, head, label} & unfit


def _makes_sense(relation: str, subject: str, target: str) -> bool:
    """Whether people would say so: things stand on a bench or lie in a box, places do not."""
    wanted = {"on": "support", "inside": "container"}.get(relation)
    words = _words()
    return wanted is None or (target in words[wanted] and subject not in words["place"])


def _named(label: str) -> str:
    """The label with its article: "a dog", "an umbrella", "jeans", "water"."""
    last = analyse(label, "en").tokens[-1]
    plural = last.form != last.lemma.replace(" ", "_") or label.endswith("s")
    if label in _words()["mass"] or (plural and not label.endswith(("ss", "us", "is"))):
        return label
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"
