"""Contact sheets: results as one self-contained HTML page, or as a piece of a notebook."""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from mirada.errors import UnreadableImage
from mirada.indexing.images import thumbnail_jpeg
from mirada.paths import readable
from mirada.search.drawn import boxes_on_picture, clause_list, marks_of
from mirada.search.wording import closest, fault, left_out, looked_again, nothing
from mirada.show.words import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.results import Results
    from mirada.types import Hit

THUMBNAIL = 384  # pixels, the longer side
EXPLAINED = 720  # of a picture with its boxes


def page(
    answers: Sequence[Results], *, title: str = "mirada", why: bool = False, below: bool = False
) -> str:
    """A whole HTML document that needs no other file; each picture links to its original.

    Args:
        answers: of searches.
        title: of the document.
        why: draw the evidence on the pictures and list it beside them.
        below: also show the pictures below the cut, under a heading of their own.
    """
    sheet = contact_sheet(answers, why=why, below=below)
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(readable(title))}</title></head>\n<body>{sheet}</body></html>\n"
    )


def contact_sheet(answers: Sequence[Results], *, why: bool = False, below: bool = False) -> str:
    """An HTML fragment with its own style: a heading and a grid of pictures for each query."""
    style = files("mirada.search").joinpath("sheet.css").read_text(encoding="utf-8")
    sections = "\n".join(_section(results, why=why, below=below) for results in answers)
    return f"<div class='mirada-sheet'><style>{style}</style>\n{sections}\n</div>"


def _section(results: Results, *, why: bool, below: bool) -> str:
    parts = [f"<h2>{escape(readable(str(results.query)))}</h2>"]
    if results.hits:
        count = f"best {len(results)} of {results.considered:,} · {results.took_ms:.0f} ms"
        parts.append(f"<p class='count'>{count}</p>")
    else:
        parts.append(_nothing(results))
    parts += [f"<p class='note'>{escape(readable(note))}</p>" for note in _notes(results)]
    parts.append(_grid(results.hits, why=why))
    if below and results.below:
        cut = "" if results.cut is None else f" of {results.cut:.0%}"
        parts.append(f"<h3>Below the cut{cut}: no answers, but the nearest</h3>")
        parts.append(_grid(results.below, why=why, class_="below"))
    return f"<section>{''.join(parts)}</section>"


def _nothing(results: Results) -> str:
    """Why there is no answer, and what came closest."""
    lines = [escape(readable(_sentence(nothing(results))))]
    hit = closest(results)
    if hit is not None:
        path = hit.record.path
        link = f"<a href='{path.absolute().as_uri()}'>{escape(readable(path.name))}</a>"
        sure = "" if hit.confidence is None else f" ({percent(hit.confidence)})"
        lines.append(f"The closest is {link}{sure}: {escape(readable(fault(hit)))}.")
    return f"<p class='none'>{'<br>'.join(lines)}</p>"


def _notes(results: Results) -> list[str]:
    """Warnings, what was left out, and who looked again."""
    notes = (*results.warnings, left_out(results), looked_again(results))
    return [_sentence(one) for one in notes if one]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _grid(hits: Sequence[Hit], *, why: bool, class_: str = "") -> str:
    if not hits:
        return ""
    cards = "\n".join(_card(hit, why=why and bool(hit.evidence)) for hit in hits)
    return f"<ol class='{'why ' if why else ''}{class_}'>{cards}</ol>"


def _card(hit: Hit, *, why: bool) -> str:
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
    marks = marks_of(hit.evidence) if why else []
    picture = _picture(hit, EXPLAINED if why else THUMBNAIL)
    if why:
        sides = f"--w:{record.width};--h:{record.height}"
        picture = f"<span class='frame' style='{sides}'>{picture}{boxes_on_picture(marks)}</span>"
    return (
        f"<li><a href='{path.absolute().as_uri()}' title='{folder}'>{picture}</a><div>"
        f"<div class='line'><b>{hit.rank}</b><span class='name' title='{name}'>{name}</span></div>"
        f"<div class='line'>{sure}{size}</div>{_caption(hit)}"
        f"{clause_list(hit.evidence, marks) if why else ''}</div></li>"
    )


def _caption(hit: Hit) -> str:
    """The first caption, with the tags as its title."""
    if not hit.record.captions:
        return ""
    tags = ", ".join(tag.name for tag in hit.record.tags if tag.state != "rejected")
    text = escape(readable(hit.record.captions[0].text))
    return f"<p class='caption' title='{escape(readable(tags))}'>{text}</p>"


def _picture(hit: Hit, size: int) -> str:
    try:
        jpeg = thumbnail_jpeg(hit.record.path, size)
    except UnreadableImage as error:
        return f"<span class='lost'>{escape(str(error))}</span>"
    data = base64.b64encode(jpeg).decode("ascii")
    name = escape(readable(hit.record.path.name))
    return f"<img alt='{name}' loading='lazy' src='data:image/jpeg;base64,{data}'>"
