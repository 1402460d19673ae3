"""Copies and near copies among the pictures of an index, with the one to keep first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from mirada.search.hamming import linked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.search.hamming import Places
    from mirada.types import ImageRecord, Matrix, SourceFile

    Vectors: TypeAlias = Callable[[Sequence[str]], Matrix]
    """The vectors of some image ids, such as `Store.vectors`."""

EXACT, NEAR = "exact", "near"

DIGITS: Final = 36  # of a fingerprint: 144 bits
CERTAIN: Final = 16
"""Bits in which near copies may differ. Of 4.3 million pairs of different training photos none
differ in so few; of 36 million pairs with shop pictures, which share templates, 10."""
LIKELY: Final = 28
"""Bits in which they may differ if their vectors are alike too."""
ALIKE: Final = 0.9
"""Cosine of such vectors; a crop of 3% or a turn of 2 degrees leaves that in 95 of 100."""

_FINENESS = 10  # steps of sharpness: a smaller difference is no reason to prefer one


@dataclass(frozen=True, slots=True)
class Copy:
    """One file of a group."""

    file: SourceFile
    record: ImageRecord


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Files that show the same, at least two."""

    kind: str  # exact: the same bytes; near: some differ, if only in size or quality
    copies: tuple[Copy, ...]  # the best to keep first

    @property
    def best(self) -> Copy:
        """The one to keep: most pixels, then sharpest, then most bytes, then oldest."""
        return self.copies[0]

    @property
    def spare_bytes(self) -> int:
        """What all but the best take on disk."""
        return sum(copy.file.size for copy in self.copies[1:])


def find_duplicates(
    records: Iterable[ImageRecord],
    *,
    vectors: Vectors | None = None,
    exact: bool = True,
    near: bool = True,
) -> list[DuplicateGroup]:
    """Groups of files that show the same, those that take most space first.

    Args:
        records: of the pictures to compare; near copies are found among those with a fingerprint.
        vectors: gives the vectors of some of them; with it, copies that were cropped or turned
            a little are found too.
        exact: groups of equal files.
        near: groups with files that differ.
    """
    known = {record.image_id: record for record in records}
    together: list[list[str]] = []
    if near:
        fingerprints = {
            image_id: record.facts.fingerprint for image_id, record in known.items() if record.facts
        }
        together = near_groups(fingerprints, vectors=vectors)
    groups = [_group(NEAR, [known[image_id] for image_id in ids]) for ids in together]
    if exact:
        grouped = {image_id for ids in together for image_id in ids}
        alone = [one for one in known.values() if one.image_id not in grouped]
        groups += [_group(EXACT, [record]) for record in alone if len(record.files) > 1]
    return sorted(groups, key=lambda group: (-group.spare_bytes, str(group.best.file.path)))


def near_groups(
    fingerprints: Mapping[str, str], *, vectors: Vectors | None = None
) -> list[list[str]]:
    """Image ids of near copies in groups of two or more, sorted; fingerprints by image id.

    Copies of a copy belong together. Pictures without a fingerprint, or with one that is not of
    this version, are in no group.
    """
    ids = sorted(one for one, digits in fingerprints.items() if len(digits) == DIGITS)
    joined = b"".join(bytes.fromhex(fingerprints[one]) for one in ids)
    codes = np.frombuffer(joined, dtype=np.uint8).reshape(len(ids), DIGITS // 2)

    def confirm(pairs: Places) -> NDArray[np.bool_]:
        return _are_alike(pairs, ids, vectors) if vectors else np.zeros(len(pairs), dtype=np.bool_)

    groups: defaultdict[int, list[str]] = defaultdict(list)
    for image_id, group in zip(ids, linked(codes, CERTAIN, LIKELY, confirm).tolist(), strict=True):
        groups[group].append(image_id)
    return [members for members in groups.values() if len(members) > 1]


def _are_alike(pairs: Places, ids: Sequence[str], vectors: Vectors) -> NDArray[np.bool_]:
    """(m,) whether the vectors of (m, 2) places say that the pictures are the same."""
    places, row_of = np.unique(pairs, return_inverse=True)
    if not len(places):
        return np.zeros(0, dtype=np.bool_)
    rows = vectors([ids[place] for place in places])
    left, right = rows[row_of.reshape(pairs.shape).T]
    alike: NDArray[np.bool_] = np.einsum("ij,ij->i", left, right) >= ALIKE
    return alike


def _group(kind: str, records: Iterable[ImageRecord]) -> DuplicateGroup:
    copies = [Copy(file, record) for record in records for file in record.files]
    return DuplicateGroup(kind, tuple(sorted(copies, key=_preference)))


def _preference(copy: Copy) -> tuple[int, int, int, int, str]:
    facts = copy.record.facts
    return (
        -copy.record.width * copy.record.height,
        -round(facts.sharpness * _FINENESS) if facts else 0,
        -copy.file.size,
        copy.file.mtime_ns,
        str(copy.file.path),
    )
