"""The pictures of an experiment, as files, and what is asked of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from mirada.errors import DatasetError
from mirada.evaluation.datasets import read_dataset
from mirada.evaluation.graded import UNJUDGED
from mirada.evaluation.spatial_truth import WORDS, judge, spatial_queries
from mirada.evaluation.trec import Qrels, read_qrels
from mirada.experiments.cache import digest_of
from mirada.judging.topics import read_topics
from mirada.training.wordings import read_wordings, wordings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.experiments.config import Dataset, Limits

ASKED: Final = {
    "captions": "captions",
    "spatial": "how things lie to one another",
    "judged": "judged queries",
}
LANGUAGE: Final = {"en": "English", "es": "Spanish"}
A_RELATION: Final = 200  # spatial queries at most, as `mirada eval spatial`

Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True)
class Query:
    """One question."""

    id: str
    text: str


@dataclass(frozen=True)
class Gallery:
    """Pictures with questions about them, and the answers."""

    name: str
    images: Mapping[str, CaptionedImage]  # image id, the sha256 of its bytes -> picture
    queries: tuple[Query, ...]
    qrels: Qrels  # in the order of the queries
    judged_only: bool  # whether pictures that nobody judged are left out of rankings

    @cached_property
    def images_digest(self) -> str:
        """Of the bytes of all pictures."""
        return digest_of(sorted(self.images))

    @cached_property
    def queries_digest(self) -> str:
        """Of the questions and their answers."""
        asked = {one.id: one.text for one in self.queries}
        grades = {one: dict(grades) for one, grades in self.qrels.grades.items()}
        return digest_of({"queries": asked, "grades": grades, "judged_only": self.judged_only})

    def unpack(self, folder: Path) -> list[Path]:
        """The pictures as files in a folder of their own; those that are there stay."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for image_id, image in self.images.items():
            path = folder / f"{image_id[:32]}{Path(image.name).suffix}"
            if not path.exists():
                beside = path.with_name(f".{path.name}")
                beside.write_bytes(image.source.read())
                beside.replace(path)
            paths.append(path)
        return paths


def read_gallery(dataset: Dataset, limits: Limits, base: Path) -> Gallery:
    """The pictures and questions of a dataset, or the fixed sample of them that limits ask for.

    Args:
        dataset: which, and what is asked.
        limits: on images and queries, and the seed of the sample.
        base: what paths are relative to.

    Raises:
        DatasetError: naming the file and what is wrong with it.
    """
    folder = located(dataset.folder, base)
    images = _by_id(read_dataset(folder, split=dataset.split or None))
    told = " ".join(part for part in (folder.resolve().name, dataset.split) if part)
    gallery = _MAKERS[dataset.queries](dataset, limits, base, images)
    queries = drawn(gallery.queries, limits.queries, limits.seed, lambda one: one.id)
    if not queries:
        raise DatasetError(f"{folder}: nothing can be asked of its pictures")
    grades = {one.id: gallery.qrels.grades.get(one.id, {}) for one in queries}
    return replace(
        gallery,
        name=f"{told}: {ASKED[dataset.queries]}, {LANGUAGE[dataset.language]}",
        queries=queries,
        qrels=Qrels(grades),
    )


def located(path: str, base: Path) -> Path:
    """Where a path of an experiment leads: `~` and variables such as $DATA are filled in."""
    return base / Path(os.path.expandvars(path)).expanduser()


def drawn(
    some: Iterable[Drawn], count: int, seed: int, name: Callable[[Drawn], str]
) -> tuple[Drawn, ...]:
    """`count` of them, or all for 0, in their order; what others there are matters little.

    Each has a number drawn from the seed and its name, and the lowest are taken: a set that
    grows keeps most of its sample.
    """
    everything = list(some)
    if not count or count >= len(everything):
        return tuple(everything)
    lots = [sha256(f"{seed} {name(one)}".encode()).digest() for one in everything]
    kept = set(sorted(range(len(everything)), key=lots.__getitem__)[:count])
    return tuple(one for place, one in enumerate(everything) if place in kept)


def _by_id(images: Sequence[CaptionedImage]) -> dict[str, CaptionedImage]:
    """Image id -> picture; of equal files the first."""
    found: dict[str, CaptionedImage] = {}
    for image in images:
        found.setdefault(sha256(image.source.read()).hexdigest(), image)
    return found


def _sample(
    images: Mapping[str, CaptionedImage], limits: Limits, always: frozenset[str] = frozenset()
) -> dict[str, CaptionedImage]:
    """So many images, those that must be there among them."""
    others = [one for one in images if one not in always]
    room = max(limits.images - len(always), 1) if limits.images else 0
    kept = always.union(drawn(others, room, limits.seed, lambda one: one))
    return {one: image for one, image in images.items() if one in kept}


def _captions(
    dataset: Dataset, limits: Limits, base: Path, images: Mapping[str, CaptionedImage]
) -> Gallery:
    """Every caption asks for its own picture."""
    chosen = _sample(images, limits)
    own = list(chosen.values())
    wordings = (
        read_wordings(located(dataset.captions, base), own)
        if dataset.captions
        else wordings_of(own, dataset.language)
    )
    queries, grades = [], {}
    for (image_id, image), texts in zip(chosen.items(), wordings, strict=True):
        for number, text in enumerate(texts, 1):
            queries.append(Query(f"{image.name}#{number}", text))
            grades[queries[-1].id] = {image_id: 1}
    return Gallery("", chosen, tuple(queries), Qrels(grades), judged_only=False)


def _spatial(
    dataset: Dataset, limits: Limits, base: Path, images: Mapping[str, CaptionedImage]
) -> Gallery:
    """Things by how they lie to one another; truth is told by boxes, and not of every picture."""
    boxed = {one: image for one, image in images.items() if image.boxes}
    if not boxed:
        raise DatasetError(
            f"{located(dataset.folder, base)} has no boxes: rows need"
            " boxes [{label, x0, y0, x1, y1}]"
        )
    chosen = _sample(boxed, limits)
    seen, ids = list(chosen.values()), list(chosen)
    made = spatial_queries(seen, relations=tuple(WORDS), limit=A_RELATION)
    asked = list({one.text: one for one in reversed(made)}.values())[::-1]
    queries = tuple(Query(one.text.replace(" ", "_"), one.text) for one in asked)
    grades = {
        query.id: {
            image_id: int(grade)
            for image_id, grade in zip(ids, row, strict=True)
            if grade != UNJUDGED
        }
        for query, row in zip(queries, judge(asked, seen), strict=True)
    }
    return Gallery("", chosen, queries, Qrels(grades), judged_only=True)


def _judged(
    dataset: Dataset, limits: Limits, base: Path, images: Mapping[str, CaptionedImage]
) -> Gallery:
    """The topics and judgements of two files; pictures go by their id or by their name."""
    qrels = read_qrels(located(dataset.qrels, base))
    ids = {image.name: one for one, image in images.items()} | {one: one for one in images}
    grades = {
        query: {ids[one]: grade for one, grade in own.items() if one in ids}
        for query, own in qrels.grades.items()
    }
    if not any(grades.values()):
        raise DatasetError(
            f"{located(dataset.qrels, base)} judges no picture of {dataset.folder}: it must name"
            " them by their file in the dataset or by the sha256 of their bytes"
        )
    topics = [one for one in read_topics(located(dataset.topics, base)) if one.id in grades]
    relevant = frozenset(
        image for own in grades.values() for image, grade in own.items() if grade > 0
    )
    queries = tuple(Query(one.id, one.text) for one in topics)
    return Gallery("", _sample(images, limits, relevant), queries, Qrels(grades), judged_only=False)


_MAKERS: Final[Mapping[str, Callable[..., Gallery]]] = {
    "captions": _captions,
    "spatial": _spatial,
    "judged": _judged,
}
