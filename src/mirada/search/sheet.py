"""Contact sheets: results as one self-contained HTML page, or as a piece of a notebook."""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from mirada.errors import UnreadableImage
from mirada.indexing.images import thumbnail_jpeg
from mirada.paths import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.results import Results
    from mirada.types import Hit

THUMBNAIL = 384  # pixels, the longer side


def page(answers: Sequence[Results], *, title: str = "mirada") -> str:
    """A whole HTML document that needs no other file; each picture links to its original."""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(readable(title))}</title></head>\n<body>{contact_sheet(answers)}</body></html>\n"
    )


def contact_sheet(answers: Sequence[Results]) -> str:
    """An HTML fragment with its own style: a heading and a grid of pictures for each query."""
    style = files("mirada.search").joinpath("sheet.css").read_text(encoding="utf-8")
    sections = "\n".join(_section(results) for results in answers)
    return f"<div class='mirada-sheet'><style>{style}</style>\n{sections}\n</div>"


def _section(results: Results) -> str:
    count = f"best {len(results)} of {results.considered:,} · {results.took_ms:.0f} ms"
    cards = "\n".join(_card(hit) for hit in results.hits)
    body = f"<ol>{cards}</ol>" if cards else "<p class='none'>Nothing is indexed yet.</p>"
    heading = f"<h2>{escape(readable(str(results.query)))}</h2><p class='count'>{count}</p>"
    return f"<section>{heading}{body}</section>"


def _card(hit: Hit) -> str:
    path, record = hit.record.path, hit.record
    name, folder = escape(readable(path.name)), escape(readable(str(path.parent)))
    if hit.confidence is None:
        sure = f"<span class='score'>similarity {hit.score:.2f}</span>"
    else:
        sure = (
            f"<span class='bar' title='confidence {hit.confidence:.0%}'>"
            f"<i style='width:{hit.confidence:.0%}'></i></span>"
            f"<span class='score'>{hit.confidence:.0%}</span>"
        )
    size = f"<span class='size'>{record.width} × {record.height}</span>"
    return (
        f"<li><a href='{path.absolute().as_uri()}' title='{folder}'>{_picture(hit)}</a>"
        f"<div class='line'><b>{hit.rank}</b><span class='name' title='{name}'>{name}</span></div>"
        f"<div class='line'>{sure}{size}</div>{_caption(hit)}</li>"
    )


def _caption(hit: Hit) -> str:
    """The first caption, with the tags as its title."""
    if not hit.record.captions:
        return ""
    tags = ", ".join(tag.name for tag in hit.record.tags if tag.state != "rejected")
    text = escape(readable(hit.record.captions[0].text))
    return f"<p class='caption' title='{escape(readable(tags))}'>{text}</p>"


def _picture(hit: Hit) -> str:
    try:
        jpeg = thumbnail_jpeg(hit.record.path, THUMBNAIL)
    except UnreadableImage as error:
        return f"<span class='lost'>{escape(str(error))}</span>"
    data = base64.b64encode(jpeg).decode("ascii")
    name = escape(readable(hit.record.path.name))
    return f"<img alt='{name}' loading='lazy' src='data:image/jpeg;base64,{data}'>"
