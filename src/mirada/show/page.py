"""Records as one HTML page that needs no other file and no network."""

from __future__ import annotations

import base64
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Final

from mirada.show.article import Place, article
from mirada.show.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirada.types import ImageRecord

LARGE, SMALL = 1600, 1024  # pixels, the longer side of the embedded pictures
FEW: Final = 4  # pictures up to this number are embedded large
BODY: Final = "<!-- photos -->"


def page(records: Iterable[ImageRecord], *, total: int, title: str, encoder: str) -> Iterator[str]:
    """The page piece by piece, so that many pictures need no more memory than one.

    `total` is the number of records, `encoder` the name of the model behind the vectors.
    """
    start, end = _frame(title, total)
    yield start
    size = LARGE if total <= FEW else SMALL
    for number, record in enumerate(records, 1):
        yield article(record, Place(number, total), encoder=encoder, size=size) + "\n"
    yield end


def _frame(title: str, total: int) -> tuple[str, str]:
    """What comes before and after the articles."""
    script = _read("page.js")
    digest = base64.b64encode(sha256(script.encode()).digest()).decode("ascii")
    whole = Template(_read("page.html")).substitute(
        title=escape(shown(title)),
        style=_read("page.css"),
        script=script,
        digest=digest,
        many="many" if total > 1 else "one",
    )
    start, _, end = whole.partition(BODY)
    return start, end


def _read(name: str) -> str:
    return files("mirada.show").joinpath(name).read_text(encoding="utf-8")
