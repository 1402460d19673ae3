"""Metadata to the words by which people look for it, in English and Spanish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.metadata.countries import in_spanish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirada.types import Metadata

# fmt: off
MONTHS = (
    ("January", "enero"), ("February", "febrero"), ("March", "marzo"), ("April", "abril"),
    ("May", "mayo"), ("June", "junio"), ("July", "julio"), ("August", "agosto"),
    ("September", "septiembre"), ("October", "octubre"), ("November", "noviembre"),
    ("December", "diciembre"),
)
# fmt: on


def searchable(metadata: Metadata) -> str:
    """One text for word search; "" when there is nothing to find.

    A date that only the file's date on disk tells is left out: it is that of a copy too often.
    """
    return "\n".join(_pieces(metadata))


def _pieces(metadata: Metadata) -> Iterator[str]:
    for text in (metadata.title, metadata.description, *metadata.keywords):
        if text:
            yield text
    if metadata.place:
        yield metadata.place
        if spanish := in_spanish(metadata.place.rsplit(", ", 1)[-1]):
            yield spanish
    if metadata.taken_at and metadata.taken_from != "file":
        english, spanish = MONTHS[metadata.taken_at.month - 1]
        yield f"{english} {spanish} {metadata.taken_at.year}"
    for name in (metadata.camera, metadata.lens):
        if name:
            yield name
