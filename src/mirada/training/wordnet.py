"""Synonyms, wider and narrower words of common nouns, compiled from WordNet 3.1.

Fellbaum (ed.), WordNet: An Electronic Lexical Database, 1998. A word's first sense is often not
the one that a photo shows (a hot dog, a kite, a mug): things that can be seen go first, and
`senses.tsv` corrects the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from mirada.language.shared import translations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ANIMAL, ARTIFACT, BODY, FOOD, NATURE, PERSON, PLANT = 5, 6, 8, 13, 17, 18, 20
SEEN = {ANIMAL: 5.0, ARTIFACT: 5.0, FOOD: 5.0, PLANT: 5.0, BODY: 3.0, NATURE: 3.0, PERSON: 3.0}
"""Lexicographer file -> what it is worth, as if the sense had been counted so often more."""
UNSEEN = -5.0  # of all others
LATER = 0.5  # that each sense is worth less than the one before it
HEIGHT = 10  # steps up at most: a cat is an animal in seven
MOST = 40  # narrower words that are kept
TOO_WIDE = frozenset(
    (
        "abstraction", "action", "activity", "agency", "agent", "animate", "artefact", "article",
        "artifact", "being", "causal", "cause", "commodity", "concept", "container",
        "conveyance", "covering", "creation", "curve", "device", "dummy", "enclosure", "entity",
        "environment", "equipment", "event", "facility", "group", "implement", "information",
        "instrument", "instrumentality", "instrumentation", "living", "location", "material",
        "matter", "object", "organism", "part", "period", "physical", "piece", "power",
        "project", "property", "region", "series", "skeleton", "solid", "structure", "substance",
        "thing", "tube", "unit", "way", "whole",
    )
)  # fmt: skip
"""Words that say too little of a thing to look for it by them."""


@dataclass(frozen=True, slots=True)
class Synset:
    """Words with one meaning."""

    words: tuple[str, ...]  # with blanks
    wider: tuple[int, ...]  # offsets
    file: int  # lexicographer file: what sort of thing it is


class Nouns:
    """The nouns of WordNet, from the folder `dict` of its release."""

    def __init__(self, folder: Path) -> None:
        self.synsets = dict(_synsets(folder / "data.noun"))
        self._senses = dict(_senses(folder / "index.noun"))
        self._counts = _counts(folder / "index.sense")

    def sense(self, word: str) -> int | None:
        """The offset of the meaning that a photo would show; None for unknown words and names."""
        senses = self._senses.get(word, ())
        ranked = sorted(enumerate(senses), key=lambda entry: (-self._worth(word, *entry), entry))
        if not ranked or word.title() in self.synsets[ranked[0][1]].words:
            return None
        return ranked[0][1]

    def sense_under(self, word: str, kind: str) -> int | None:
        """The meaning that is, or lies under, one with the word `kind`."""
        for offset in self._senses.get(word, ()):
            above = [offset, *(one for one, _ in self.above(offset))]
            if any(kind in self.synsets[one].words for one in above):
                return offset
        return None

    def above(self, offset: int) -> Iterator[tuple[int, int]]:
        """Wider meanings with their distance, nearest first."""
        seen, level = {offset}, [offset]
        for steps in range(1, HEIGHT + 1):
            level = [one for here in level for one in self.synsets[here].wider if one not in seen]
            seen.update(level)
            yield from ((one, steps) for one in dict.fromkeys(level))

    def _worth(self, word: str, rank: int, offset: int) -> float:
        synset = self.synsets[offset]
        if any(name[0].isupper() for name in synset.words):
            return 2 * UNSEEN
        return self._counts[word, offset] + SEEN.get(synset.file, UNSEEN) - LATER * rank


def _synsets(path: Path) -> Iterator[tuple[int, Synset]]:
    for fields in _lines(path):
        words = int(fields[3], 16)
        names = tuple(fields[4 + 2 * n].replace("_", " ") for n in range(words))
        at = 4 + 2 * words
        pointers = [fields[at + 1 + 4 * n : at + 5 + 4 * n] for n in range(int(fields[at]))]
        wider = tuple(int(one[1]) for one in pointers if one[0] == "@" and one[2] == "n")
        yield int(fields[0]), Synset(names, wider, int(fields[1]))


def _senses(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    for fields in _lines(path):
        yield fields[0].replace("_", " "), tuple(map(int, fields[-int(fields[2]) :]))


def _counts(path: Path) -> Counter[tuple[str, int]]:
    found: Counter[tuple[str, int]] = Counter()
    for key, offset, _, count in _lines(path):
        word, _, sense = key.partition("%")
        if sense[0] == "1":
            found[word.replace("_", " "), int(offset)] += int(count)
    return found


def _lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line[0] != " ":
                yield line.split(" | ")[0].split()


def build_kin(nouns: Nouns, uses: Mapping[str, int]) -> list[list[str]]:
    """Rows of word, synonyms, wider and narrower words, each by falling use, with commas.

    Two words are kin only when the meanings chosen for both are: so a lounge, taken for a room,
    is no synonym of a sofa.
    """
    words = {*uses, *kinds()} - translations("en").keys()
    chosen = {word: offset for word in words if (offset := _chosen(nouns, word)) is not None}
    named: dict[int, list[str]] = defaultdict(list)
    for word in sorted(chosen, key=lambda word: (-uses.get(word, 0), word)):
        named[chosen[word]].append(word)
    wider = {word: _wider(nouns, offset, named) for word, offset in chosen.items()}
    narrower: dict[str, list[str]] = defaultdict(list)
    for word in sorted(wider, key=lambda word: (-uses.get(word, 0), word)):
        for other in wider[word]:
            narrower[other].append(word)
    rows = []
    for word in sorted(chosen):
        same = [other for other in named[chosen[word]] if other != word]
        lists = (same, wider[word], narrower[word][:MOST])
        if any(lists):
            rows.append([word, *(",".join(one) for one in lists)])
    return rows


def _chosen(nouns: Nouns, word: str) -> int | None:
    kind = kinds().get(word)
    if kind is None:
        return nouns.sense(word)
    return nouns.sense_under(word, kind) if kind else None


def _wider(nouns: Nouns, offset: int, named: Mapping[int, Sequence[str]]) -> list[str]:
    found = (word for above, _ in nouns.above(offset) for word in named.get(above, ()))
    return [word for word in dict.fromkeys(found) if word not in TOO_WIDE]


@cache
def kinds() -> dict[str, str]:
    """Word -> a word for what it is, where its first meaning misleads; "" for no kin."""
    text = resources.files(__package__).joinpath("senses.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line[:1] != "#")
    return {row[0].replace("_", " "): row[1].replace("_", " ") for row in rows}
