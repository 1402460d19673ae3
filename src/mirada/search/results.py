"""What a search gives back: hits in order, ready to loop over, print or show in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.types import Hit


@dataclass(frozen=True)
class Query:
    """What was asked: words, a picture, or both."""

    text: str | None = None
    image: Path | None = None

    def __str__(self) -> str:
        """The words, the name of the picture, or both."""
        parts = [self.text or "", f"like {self.image.name}" if self.image else ""]
        return " + ".join(part for part in parts if part)


@dataclass(frozen=True)
class Results(Sequence["Hit"]):
    """Hits, best first, and how they came about."""

    query: Query
    hits: tuple[Hit, ...]
    considered: int  # images that were in the running
    took_ms: float

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
