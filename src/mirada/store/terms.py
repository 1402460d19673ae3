"""The words by which an image is found without its vector: what BM25 reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.language.terms import index_text, query_terms
from mirada.metadata.text import searchable

if TYPE_CHECKING:
    from mirada.types import ImageRecord


def terms_of(record: ImageRecord) -> str:
    """Normalised words of all that is known of an image, separated by blanks."""
    return index_text(
        captions=record.captions,
        tags=[tag for tag in record.tags if tag.state != "rejected"],
        phrases=record.phrases,
        text_lines=record.text_lines,
        extra=searchable(record.metadata) if record.metadata else "",
    )


def terms_of_query(text: str) -> dict[str, float]:
    """The words of a query, normalised in the same way -> what each counts for, in (0, 1]."""
    return query_terms(text)
