"""What people said of their pictures, each text with where it comes from.

Texts that machines wrote are left out unless a person has judged that they fit.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from mirada.errors import DatasetError
from mirada.evaluation.datasets import CaptionedImage, ImageBytes
from mirada.judging.judgements import FITS, UNFIT, settled
from mirada.vocabulary.entries import with_article

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mirada.judging.judgements import Judgement
    from mirada.training.own.recipe import OwnRecipe
    from mirada.types import ImageRecord

DESCRIPTION, TITLE, TAGS, JUDGEMENT, CAPTION = (
    *("descriptions in files", "titles in files", "accepted tags", "judgements"),
    "captions of the dataset",
)
MACHINE: Final = "captions by machines that nobody judged"
SILENT: Final = "pictures of which nobody said anything"
ELSEWHERE: Final = "judgements of other pictures"
UNREADABLE: Final = "pictures that cannot be read"
PARTS: Final = ("learnt from", "watched", "held out")
FEWEST: Final = 20  # pictures with a text: of fewer nothing could be learnt and tested

_WORD = re.compile(r"[^\W\d_]*[a-zà-ÿ][^\W\d_]+")  # "Sunset", but neither "IMG" nor "DSC_0001"


@dataclass(frozen=True, slots=True)
class Said:
    """A text that fits a picture."""

    text: str
    origin: str  # DESCRIPTION, TITLE, TAGS, JUDGEMENT or CAPTION
    tags: frozenset[str] = frozenset()  # that it names: it fits every picture which has them all


@dataclass(frozen=True, slots=True)
class OwnPicture:
    """A picture with what was said of it."""

    image: CaptionedImage  # its captions are the texts
    said: tuple[Said, ...]
    unfit: frozenset[str] = frozenset()  # texts that do not fit it, by the judges
    tags: frozenset[str] = frozenset()  # that a person gave or accepted


@dataclass(frozen=True, slots=True)
class Examples:
    """All there is to learn from."""

    pictures: tuple[OwnPicture, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)  # what -> how many

    @property
    def origins(self) -> dict[str, int]:
        """Origin -> texts."""
        return dict(Counter(one.origin for picture in self.pictures for one in picture.said))

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any picture or text."""
        lines = (
            f"{one.image.name}\t{[(said.text, said.origin) for said in one.said]}"
            f"\t{sorted(one.unfit)}"
            for one in self.pictures
        )
        return sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:12]


def of_collection(records: Iterable[ImageRecord], judgements: Sequence[Judgement] = ()) -> Examples:
    """What the files, the tags and the judges of a collection say, picture by picture.

    Args:
        records: of the pictures.
        judgements: grade 2 makes a text fit, grade 0 makes it one that only seems to.
    """
    queries = {one.query_id: one.query for one in judgements}
    fit: dict[str, list[str]] = {}
    unfit: dict[str, set[str]] = {}
    for query, grades in settled(judgements).items():
        for image_id, grade in grades.items():
            if grade == FITS:
                fit.setdefault(image_id, []).append(queries[query])
            elif grade == UNFIT:
                unfit.setdefault(image_id, set()).add(queries[query])
    left_out: Counter[str] = Counter()
    pictures = []
    for record in sorted(records, key=lambda one: one.image_id):
        own = record.image_id
        judged = [Said(text, JUDGEMENT) for text in fit.pop(own, [])]
        refused = frozenset(unfit.pop(own, ()))
        picture, machines = _of_record(record, judged, refused)
        left_out[MACHINE] += machines
        if picture.said or picture.unfit:
            pictures.append(picture)
        else:
            left_out[SILENT] += 1
    left_out[ELSEWHERE] = sum(map(len, fit.values())) + sum(map(len, unfit.values()))
    return Examples(tuple(pictures), +left_out)


def of_dataset(images: Sequence[CaptionedImage]) -> Examples:
    """The captions of a dataset, but for those of which it says that machines wrote them."""
    left_out = Counter({MACHINE: sum(len(one.captions) for one in images if one.kind == "machine")})
    pictures = tuple(
        OwnPicture(one, tuple(Said(text, CAPTION) for text in dict.fromkeys(one.captions)))
        for one in images
        if one.kind != "machine"
    )
    return Examples(pictures, +left_out)


def divide(examples: Examples, recipe: OwnRecipe) -> tuple[Examples, Examples, Examples]:
    """The pictures to learn from, to watch, and to hold out for the verdict.

    The same for the same seed, in whatever order they come; pictures that were only refused are
    learnt from.

    Raises:
        DatasetError: too few of them have a text.
    """
    told = [one for one in examples.pictures if one.said]
    if len(told) < FEWEST:
        raise DatasetError(
            f"only {len(told)} pictures have a text by people, {FEWEST} are needed: write "
            "descriptions, accept tags with `mirada tag`, judge results with `mirada judge`, or "
            "give a folder of pictures with captions"
        )
    told.sort(key=lambda one: sha256(f"{recipe.seed} {one.image.name}".encode()).digest())
    held = max(2, round(len(told) * recipe.held_out))
    watched = held + max(2, round((len(told) - held) * recipe.watched))
    silent = tuple(one for one in examples.pictures if not one.said)
    return (
        Examples((*told[watched:], *silent), examples.left_out),
        Examples(tuple(told[held:watched])),
        Examples(tuple(told[:held])),
    )


def _of_record(
    record: ImageRecord, judged: Sequence[Said], refused: frozenset[str]
) -> tuple[OwnPicture, int]:
    """The picture, and how many texts of machines were passed over."""
    machine = {caption.text for caption in record.captions}
    said = [one for one in _in_files(record) if one.text not in machine]
    tags = frozenset(
        tag.name
        for tag in record.tags
        if tag.state == "accepted" or (tag.source == "user" and tag.state != "rejected")
    )
    if tags:
        said.append(Said(_named(sorted(tags)), TAGS, tags))
    said += judged
    kept = {one.text: one for one in said if one.text not in refused}
    source = ImageBytes(record.path)
    image = CaptionedImage(record.image_id, source, tuple(kept), "collection", "", kind="human")
    passed = len(machine - {one.text for one in judged})
    return OwnPicture(image, tuple(kept.values()), refused, tags), passed


def _in_files(record: ImageRecord) -> list[Said]:
    """What the file says in words; names that cameras give are none."""
    if record.metadata is None:
        return []
    found = ((record.metadata.description, DESCRIPTION), (record.metadata.title, TITLE))
    kept = ((" ".join(text.split()), origin) for text, origin in found if text)
    return [Said(text, origin) for text, origin in kept if _WORD.search(text)]


def _named(tags: Sequence[str]) -> str:
    """A short text with these tags: "a photo of a dog, beach"."""
    first, *others = tags
    return ", ".join((f"a photo of {with_article(first)}", *others))
