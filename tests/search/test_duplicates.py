"""Groups of copies and near copies, and which file is worth keeping."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.search.duplicates import CERTAIN, LIKELY, find_duplicates, near_groups
from mirada.search.hamming import linked
from mirada.types import Facts, ImageRecord, Matrix, SourceFile

BLANK = "0" * 36


def digits(*flipped: int) -> str:
    """A fingerprint in which some of 144 bits are set."""
    return f"{sum(1 << bit for bit in flipped):036x}"


def away(bits: int) -> str:
    """A fingerprint that differs from the blank one in so many bits."""
    return digits(*range(bits))


def record(
    name: str,
    fingerprint: str | None = None,
    *,
    paths: tuple[str, ...] = (),
    side: int = 100,
    size: int = 1000,
    sharpness: float = 0.5,
    day: int = 1,
) -> ImageRecord:
    facts = None
    if fingerprint is not None:
        facts = Facts((), False, sharpness, 0.5, fingerprint)
    files = [SourceFile(Path(path), size, day * 86_400 * 10**9) for path in paths or (f"/{name}",)]
    return ImageRecord(name, tuple(files), side, side, "JPEG", datetime.now(UTC), facts=facts)


def names(groups: list) -> list[list[str]]:
    return [[str(copy.file.path) for copy in group.copies] for group in groups]


def test_one_record_with_two_files_is_a_group_of_equal_copies() -> None:
    (group,) = find_duplicates([record("a", paths=("/x", "/y")), record("b")])
    assert group.kind == "exact"
    assert names([group]) == [["/x", "/y"]]
    assert group.spare_bytes == 1000


def test_few_bits_make_near_copies_and_many_don_t() -> None:
    records = [record("a", BLANK), record("b", away(CERTAIN)), record("c", away(CERTAIN + 60))]
    (group,) = find_duplicates(records)
    assert group.kind == "near"
    assert names([group]) == [["/a", "/b"]]


def test_copies_of_a_copy_belong_together() -> None:
    records = [record("a", BLANK), record("b", away(12)), record("c", away(24))]
    assert names(find_duplicates(records)) == [["/a", "/b", "/c"]]


def test_equal_files_of_a_near_copy_join_its_group() -> None:
    records = [record("a", BLANK, paths=("/1", "/2")), record("b", away(3))]
    (group,) = find_duplicates(records)
    assert group.kind == "near"
    assert len(group.copies) == 3


def test_either_kind_can_be_asked_for_alone() -> None:
    records = [record("a", BLANK, paths=("/1", "/2")), record("b", away(3))]
    assert names(find_duplicates(records, near=False)) == [["/1", "/2"]]
    others = [*records, record("c", paths=("/3", "/4"))]
    assert [group.kind for group in find_duplicates(others, exact=False)] == ["near"]


def vectors_at(cosine: float) -> Matrix:
    return np.array([[1, 0], [cosine, (1 - cosine**2) ** 0.5]], dtype=np.float32)


def test_where_bits_leave_doubt_the_vectors_decide() -> None:
    prints = {"a": BLANK, "b": away(LIKELY)}
    assert near_groups(prints) == []
    assert near_groups(prints, vectors=lambda ids: vectors_at(0.95)) == [["a", "b"]]
    assert near_groups(prints, vectors=lambda ids: vectors_at(0.8)) == []


def test_where_bits_are_sure_no_vector_is_read() -> None:
    def never(ids: object) -> Matrix:
        raise AssertionError(ids)

    assert near_groups({"a": BLANK, "b": away(2)}, vectors=never) == [["a", "b"]]


def test_pictures_without_a_fingerprint_of_this_version_are_in_no_group() -> None:
    records = [record("a", ""), record("b", ""), record("c"), record("d", "00"), record("e", "00")]
    assert find_duplicates(records) == []


def test_nothing_gives_no_groups() -> None:
    assert find_duplicates([]) == []
    assert find_duplicates([record("a", BLANK)]) == []


PREFERRED = [
    {"side": 200, "sharpness": 0.1, "size": 10, "day": 9},  # the most pixels
    {"sharpness": 0.8, "size": 10, "day": 9},  # then the sharpest
    {"sharpness": 0.52, "size": 2000, "day": 9},  # then the most bytes
    {"day": 1},  # then the oldest
    {"day": 2},
]


def test_the_best_has_most_pixels_then_is_sharpest_then_has_most_bytes_then_is_oldest() -> None:
    records = [record(str(place), BLANK, **one) for place, one in enumerate(PREFERRED)]
    (group,) = find_duplicates(reversed(records))
    assert names([group]) == [["/0", "/1", "/2", "/3", "/4"]]
    assert str(group.best.file.path) == "/0"
    assert group.spare_bytes == 10 + 2000 + 1000 + 1000


def test_groups_that_take_most_space_come_first() -> None:
    small = record("a", paths=("/1", "/2"), size=10)
    large = record("b", paths=("/3", "/4"), size=20)
    assert [group.spare_bytes for group in find_duplicates([small, large])] == [20, 10]


def by_comparing_each_with_each(codes: np.ndarray, distance: int) -> list[int]:
    group = list(range(len(codes)))
    for i, j in combinations(range(len(codes)), 2):
        if (codes[i] != codes[j]).sum() <= distance:
            low, high = sorted((group[i], group[j]))
            group = [low if one == high else one for one in group]
    return group


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 40), distance=st.integers(0, 28))
def test_the_groups_are_those_that_comparing_each_with_each_finds(
    seed: int, count: int, distance: int
) -> None:
    chance = np.random.default_rng(seed)
    codes = np.unpackbits(chance.integers(0, 256, (count, 18), dtype=np.uint8), axis=1)
    for row in range(2, count):
        codes[row] = codes[chance.integers(row)]
        codes[row, chance.choice(144, chance.integers(0, 36), replace=False)] ^= 1
    packed = np.packbits(codes, axis=1)
    found = linked(packed, distance, distance, lambda pairs: np.zeros(len(pairs), dtype=bool))
    assert found.tolist() == by_comparing_each_with_each(codes, distance)


def test_doubtful_pairs_are_asked_about_only_where_nothing_else_links_them() -> None:
    codes = np.zeros((3, 144), dtype=np.uint8)
    codes[1, :10] = 1
    codes[2, :20] = 1
    asked = []

    def confirm(pairs: np.ndarray) -> np.ndarray:
        asked.extend(pairs.tolist())
        return np.ones(len(pairs), dtype=bool)

    assert linked(np.packbits(codes, axis=1), 10, 20, confirm).tolist() == [0, 0, 0]
    assert asked == []
    assert linked(np.packbits(codes[[0, 2]], axis=1), 10, 20, confirm).tolist() == [0, 0]
    assert asked == [[0, 1]]


def test_a_crowd_of_similar_codes_is_still_connected() -> None:
    chance = np.random.default_rng(0)
    codes = np.zeros((1000, 144), dtype=np.uint8)
    for code in codes:
        code[chance.choice(144, 3, replace=False)] = 1
    prints = {f"{i:04}": np.packbits(code).tobytes().hex() for i, code in enumerate(codes)}
    assert [len(group) for group in near_groups(prints)] == [1000]


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_the_order_of_the_records_does_not_matter(share: float) -> None:
    records = [record(f"{i:02}", away(int(i * share)), side=i + 1) for i in range(20)]
    moved = [replace(one) for one in reversed(records)]
    assert names(find_duplicates(records)) == names(find_duplicates(moved))
