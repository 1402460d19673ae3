"""Which images meet filters: the same as `holds`, for whole columns at once.

What was typed never becomes part of a query of the table: columns are read and compared here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mirada.store.conditions import Exactly, Part, Pattern, Span, Words
from mirada.store.folding import fold, words
from mirada.store.holds import COLOUR_SHARE, place_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.store.conditions import Condition, Wanted
    from mirada.store.rows import PathCodec


class Values(NamedTuple):
    """What a source says, row by row; a row may have none or several."""

    rows: NDArray[np.intp]
    values: pa.Array


class Columns:
    """Columns of a table, read when first asked for, with their texts folded but once."""

    def __init__(self, count: int, read: Callable[[list[str]], pa.Table], codec: PathCodec) -> None:
        """Columns of `count` rows.

        Args:
            count: rows.
            read: names of columns -> the columns.
            codec: of the paths.
        """
        self.count = count
        self.codec = codec
        self._read = read
        self._whole: dict[str, pa.Array] = {}
        self._values: dict[tuple[str, str], Values] = {}

    def column(self, name: str) -> pa.Array:
        """All of a column."""
        if name not in self._whole:
            whole = self._read([name])[name].combine_chunks()
            self._whole[name] = (
                pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
            )
        return self._whole[name]

    def values(self, source: str, form: str) -> Values:
        """The values of a source: "plain", "folded" or as "words"."""
        key = (source, form)
        if key not in self._values:
            if form == "plain":
                rows, values = _VALUES[source](self)
                known = np.asarray(pc.is_valid(values))
                self._values[key] = Values(rows[known], values.filter(pa.array(known)))
            elif form == "folded":
                rows, values = self.values(source, "plain")
                self._values[key] = Values(rows, fold(values))
            else:
                rows, values = self.values(source, "folded")
                self._values[key] = Values(rows, words(values))
        return self._values[key]


def columns_of(conditions: Iterable[Condition]) -> list[str]:
    """The columns that these conditions need."""
    sources = (source for condition in conditions for source in condition.sources)
    return sorted({column for source in sources for column in COLUMNS[source]})


def rows_where(conditions: Sequence[Condition], columns: Columns) -> NDArray[np.bool_]:
    """(count,) whether each row meets all conditions."""
    met = np.ones(columns.count, np.bool_)
    for condition in conditions:
        met &= _where(condition, columns)
    return met


def _where(condition: Condition, columns: Columns) -> NDArray[np.bool_]:
    met = np.zeros(columns.count, np.bool_)
    known = np.full(columns.count, not condition.only_known)
    for source in condition.sources:
        rows, values = columns.values(source, _form(condition.wanted))
        met[rows[_matches(values, condition.wanted)]] = True
        known[rows] = True
    return np.asarray(known & (met != condition.negated))


def _form(wanted: Wanted) -> str:
    if isinstance(wanted, Words):
        return "words"
    return "folded" if isinstance(wanted, Part | Pattern) else "plain"


def _matches(values: pa.Array, wanted: Wanted) -> NDArray[np.bool_]:
    match wanted:
        case Span():
            numbers = values.to_numpy(zero_copy_only=False)
            above = numbers >= wanted.low if wanted.with_low else numbers > wanted.low
            below = numbers <= wanted.high if wanted.with_high else numbers < wanted.high
            return np.asarray(above & below)
        case Words():
            found = pc.match_substring(values, pattern=wanted.words)
        case Part():
            found = pc.match_substring(values, pattern=wanted.text)
        case Pattern():
            found = pc.match_substring_regex(values, pattern=wanted.expression)
        case Exactly():
            found = pc.equal(values, pa.scalar(wanted.name, pa.string()))
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def _rows_of(lists: pa.Array) -> NDArray[np.intp]:
    """The row of each element of a column of lists."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return np.repeat(np.arange(len(lists)), lengths)


def _listed(column: str, field: str | None = None) -> Callable[[Columns], Values]:
    """The elements of a column of lists, or a field of theirs."""

    def values(columns: Columns) -> Values:
        lists = columns.column(column)
        flat = pc.list_flatten(lists)
        return Values(_rows_of(lists), pc.struct_field(flat, field) if field else flat)

    return values


def _metadata(name: str, kind: pa.DataType = None) -> Callable[[Columns], Values]:
    def values(columns: Columns) -> Values:
        found = pc.struct_field(columns.column("metadata"), name)
        return _each(found.cast(kind) if kind else found)

    return values


def _each(values: pa.Array) -> Values:
    return Values(np.arange(len(values)), values)


def _number(name: str) -> Callable[[Columns], Values]:
    return lambda columns: _each(columns.column(name).cast(pa.float64()))


def _tags(columns: Columns) -> Values:
    rows, tags = _listed("tags")(columns)
    kept = pc.not_equal(pc.struct_field(tags, "state"), "rejected")
    return Values(rows[np.asarray(kept)], pc.struct_field(tags, "name").filter(kept))


def _keywords(columns: Columns) -> Values:
    lists = pc.struct_field(columns.column("metadata"), "keywords")
    return Values(_rows_of(lists), pc.list_flatten(lists))


def _paths(columns: Columns) -> Values:
    rows, stored = _listed("files", "path")(columns)
    texts = columns.codec.texts(stored)
    plain = texts if os.sep == "/" else pc.replace_substring(texts, os.sep, "/")
    inner = pc.utf8_ltrim(plain, characters="/")
    return Values(rows, pc.binary_join_element_wise("/", inner, "/", ""))


def _size(columns: Columns) -> Values:
    """Of the first file: the others are copies of it."""
    rows, sizes = _listed("files", "size")(columns)
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    return Values(rows[first], sizes.take(pa.array(first)).cast(pa.float64()))


def _colours(columns: Columns) -> Values:
    facts = columns.column("facts")
    lists = pc.struct_field(facts, "palette")
    swatches = pc.list_flatten(lists)
    enough = pc.greater_equal(pc.struct_field(swatches, "share"), COLOUR_SHARE)
    names = pc.struct_field(swatches, "colour").filter(enough)
    without = pc.fill_null(pc.struct_field(facts, "black_and_white"), fill_value=False)
    grey = np.flatnonzero(np.asarray(without))
    return Values(
        np.concatenate([_rows_of(lists)[np.asarray(enough)], grey]),
        pa.concat_arrays([names, pa.array(["bw"] * len(grey), pa.string())]),
    )


def _orientations(columns: Columns) -> Values:
    width, height = columns.column("width"), columns.column("height")
    upright = pc.if_else(pc.greater(height, width), "portrait", "landscape")
    return _each(pc.if_else(pc.equal(width, height), "square", upright))


def _days(columns: Columns) -> Values:
    """ISO text begins with the local day."""
    taken = pc.struct_field(columns.column("metadata"), "taken_at")
    digits = pc.replace_substring(pc.utf8_slice_codeunits(taken, 0, 10), "-", "")
    return _each(digits.cast(pa.int32()).cast(pa.float64()))


def _places(columns: Columns) -> Values:
    """Each named but once in both languages: there are few different ones."""
    names = pc.struct_field(columns.column("metadata"), "place").dictionary_encode()
    spoken = pa.array([place_text(one) for one in names.dictionary.to_pylist()], pa.string())
    return _each(spoken.take(names.indices))


_METADATA_TEXTS: Final = ("title", "description", "camera", "lens")
_METADATA_NUMBERS: Final = ("rating", "iso", "f_number", "focal_length")

_VALUES: Final[Mapping[str, Callable[[Columns], Values]]] = {
    "captions": _listed("captions", "text"),
    "tags": _tags,
    "phrases": _listed("phrases", "text"),
    "text_lines": _listed("text_lines", "text"),
    "keywords": _keywords,
    "paths": _paths,
    "color": _colours,
    "orientation": _orientations,
    "format": lambda columns: _each(pc.utf8_lower(columns.column("format"))),
    "size": _size,
    "width": _number("width"),
    "height": _number("height"),
    "day": _days,
    "place": _places,
    **{name: _metadata(name) for name in _METADATA_TEXTS},
    **{name: _metadata(name, pa.float64()) for name in _METADATA_NUMBERS},
}

_OTHERS: Final = {
    "paths": ("files",),
    "size": ("files",),
    "color": ("facts",),
    "orientation": ("width", "height"),
}
_THEMSELVES: Final = ("captions", "tags", "phrases", "text_lines", "format", "width", "height")
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_VALUES, ("metadata",)),
    **{name: (name,) for name in _THEMSELVES},
    **_OTHERS,
}
"""Source -> the columns it reads."""
