"""Finds the pictures that the examples of a benchmark are about; several become one, side by side.

Benchmarks name pictures by files that lie elsewhere: loose below any folder, or in a dataset that
`mirada eval` reads. Suffixes do not count, because collections get converted.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from mirada.errors import DatasetError
from mirada.evaluation.datasets import INDEX, CaptionedImage, ImageBytes, read_dataset
from mirada.indexing.scan import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from PIL.Image import Image

    from mirada.evaluation.pairs.examples import Choice, Statement

HEIGHT: Final = 480  # pixels of pictures that are put side by side, as COCO's are about high
QUALITY: Final = 95  # of the JPEG that they are kept as


@dataclass(frozen=True, slots=True)
class Gallery:
    """The pictures of a benchmark, each once."""

    images: Sequence[CaptionedImage]
    rows: Mapping[tuple[str, ...], int]  # pictures of an example -> its image

    def has(self, example: Choice | Statement) -> bool:
        """Whether its pictures were found."""
        return example.pictures in self.rows


def pictures_in(folders: Iterable[Path]) -> dict[str, list[CaptionedImage]]:
    """Names without suffix -> the pictures called so, in any folder below these."""
    found: dict[str, list[CaptionedImage]] = defaultdict(list)
    for folder in folders:
        if (folder / INDEX).is_file():
            for image in read_dataset(folder):
                found[PurePosixPath(image.name).stem].append(image)
            continue
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                found[path.stem].append(_loose(path))
    return dict(found)


def gallery_of(
    examples: Sequence[Choice | Statement],
    pictures: Mapping[str, Sequence[CaptionedImage]],
    work: Path,
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> Gallery:
    """The pictures of those examples whose pictures were all found.

    Args:
        examples: of a benchmark.
        pictures: of `pictures_in`.
        work: folder for pictures put side by side; those that lie there are not made again.
        advance: told how many images are ready since the last call.

    Raises:
        DatasetError: no example has its pictures, two are called the same, or one of several that
            are put side by side cannot be decoded.
    """
    wanted = list(dict.fromkeys(one.pictures for one in examples))
    there = [names for names in wanted if all(name in pictures for name in names)]
    if not there:
        raise DatasetError(
            f"none of the {len(wanted):,} pictures was found, such as {wanted[0][0]}: say where"
            " they lie with --images DIR"
        )
    images = []
    for names in there:
        parts = [_only(name, pictures[name]) for name in names]
        images.append(
            parts[0] if len(parts) == 1 else _beside(parts, work / f"{'+'.join(names)}.jpg")
        )
        advance(1)
    return Gallery(images, {names: row for row, names in enumerate(there)})


def side_by_side(images: Sequence[Image]) -> Image:
    """The pictures in one row, from left to right, all `HEIGHT` pixels high."""
    from PIL import Image as Pillow  # noqa: PLC0415 only where there are several

    scaled = [
        one.resize((max(1, round(one.width * HEIGHT / one.height)), HEIGHT)) for one in images
    ]
    row = Pillow.new("RGB", (sum(one.width for one in scaled), HEIGHT))
    left = 0
    for one in scaled:
        row.paste(one, (left, 0))
        left += one.width
    return row


def _loose(path: Path) -> CaptionedImage:
    return CaptionedImage(path.name, ImageBytes(path), (path.stem,), path.parent.name, "")


def _only(name: str, images: Sequence[CaptionedImage]) -> CaptionedImage:
    places = {(one.source.path, one.source.offset) for one in images}
    if len(places) > 1:
        first, second = sorted(str(path) for path, _ in places)[:2]
        raise DatasetError(
            f"two pictures are called {name}: {first} and {second}: give one folder by --images"
        )
    return images[0]


def _beside(parts: Sequence[CaptionedImage], path: Path) -> CaptionedImage:
    if not path.exists():
        encoded = BytesIO()
        pixels = side_by_side([one.open(HEIGHT) for one in parts])
        pixels.save(encoded, "JPEG", quality=QUALITY)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_bytes(encoded.getvalue())
        new.replace(path)  # so that a run that was stopped leaves no half picture
    return _loose(path)
