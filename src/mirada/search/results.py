"""What a search gives back: hits in order, ready to loop over, print or show in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.types import Hit, ParsedQuery


@dataclass(frozen=True)
class Query:
    """What was asked: words, a picture, or both, and pictures to be like or unlike."""

    text: str | None = None
    image: Path | None = None
    like_ids: tuple[str, ...] = ()  # image ids
    unlike_ids: tuple[str, ...] = ()

    @property
    def is_words(self) -> bool:
        """Whether words are all of it, so that what knows of words alone can check an answer."""
        return bool(self.text) and not (self.image or self.like_ids or self.unlike_ids)

    def __str__(self) -> str:
        """The words, the name of the picture, or both."""
        parts = [
            self.text or "",
            f"like {self.image.name}" if self.image else "",
            f"like {len(self.like_ids)} liked" if self.like_ids else "",
            f"unlike {len(self.unlike_ids)} others" if self.unlike_ids else "",
        ]
        return " + ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Recheck:
    """That the best pictures of an answer were looked at again, and by which models."""

    models: tuple[str, ...]  # names with revision
    pictures: int  # those that could be looked at
    warnings: tuple[str, ...] = ()  # why others could not


@dataclass(frozen=True)
class Results(Sequence["Hit"]):
    """The pictures that answer a query, best first, and how they came about."""

    query: Query
    hits: tuple[Hit, ...]
    considered: int  # images in the collection
    took_ms: float
    parsed: ParsedQuery | None = None  # what the words mean; None without words
    below: tuple[Hit, ...] = ()
    """The nearest of those that are no answer, under the cut: at least one where there is any, and
    as many as the hits are fewer than asked for."""
    removed: int = 0  # images that showed what must not be there
    cut: float | None = None  # least confidence of an answer; None: nothing to judge by
    recheck: Recheck | None = None  # None: nothing was looked at again

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be used of the words, and which pictures not looked at again."""
        parsed = self.parsed.warnings if self.parsed else ()
        return (*parsed, *(self.recheck.warnings if self.recheck else ()))

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    def _repr_html_(self) -> str:
        from mirada.search.sheet import contact_sheet  # noqa: PLC0415 decodes pictures: only if shown

        return contact_sheet([self])
