"""The part of an article that stands below its picture: details, text, phrases, files, models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.paths import readable
from mirada.show import words
from mirada.show.blocks import nothing, paint, section
from mirada.show.html import Html, element, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.types import ImageRecord, SourceFile, Swatch


def known_of(record: ImageRecord, encoder: str, key: str) -> Html:
    """What is known of the picture besides; `key` names its parts, as in the overlay."""
    return element(
        "div",
        _details(record),
        _text(record, key),
        _phrases(record),
        _files(record.files),
        _models(record, encoder),
        class_="knowing",
    )


def _details(record: ImageRecord) -> Html:
    rows = [
        join(element("dt", label), element("dd", value)) for label, value in words.details(record)
    ]
    palette = record.facts.palette if record.facts else ()
    if palette:
        rows.append(join(element("dt", "Colours"), element("dd", _strip(palette))))
    return section("Details", element("dl", *rows), by=record.models.get("metadata"))


def _strip(palette: Sequence[Swatch]) -> Html:
    """The picture's colours, as wide as their shares, over their names."""
    parts = (paint(one.colour, one.share) for one in palette)
    names = ", ".join(f"{one.colour} {words.percent(one.share)}" for one in palette)
    return join(element("span", *parts, class_="strip"), element("span", names))


def _text(record: ImageRecord, key: str) -> Html | None:
    by = record.models.get("text")
    if not record.text_lines:
        why = nothing(record, "text")
        return section("Text", why, by=by) if why else None
    lines = (
        element(
            "li",
            element("span", line.text, class_="quote"),
            " ",
            element("small", words.percent(line.confidence)),
            tabindex=0,
            data_part=f"{key}-t{number}",
        )
        for number, line in enumerate(record.text_lines, 1)
    )
    return section("Text", element("ol", *lines, class_="lines"), by=by)


def _phrases(record: ImageRecord) -> Html | None:
    if not record.phrases:
        return None
    items = (
        element("li", phrase.text, title=f"{phrase.kind.replace('_', ' + ')}, of a {phrase.source}")
        for phrase in record.phrases
    )
    return section(
        "Found by", element("ul", *items, class_="phrases"), by=record.models.get("phrases")
    )


def _files(files: Sequence[SourceFile]) -> Html:
    items = (
        element(
            "li",
            element("a", readable(file.path), href=file.path.absolute().as_uri()),
            " ",
            element("small", words.file_size(file.size)),
        )
        for file in files
    )
    heading = "File" if len(files) == 1 else f"{len(files)} copies"
    return section(heading, element("ul", *items, class_="files"))


def _models(record: ImageRecord, encoder: str) -> Html:
    rows = (
        join(element("dt", role), element("dd", model))
        for role, model in words.looked_by(record, encoder)
    )
    when = words.moment(record.indexed_at)
    return section(
        "Looked at by",
        element("dl", *rows, class_="models"),
        element("p", f"indexed {when}", class_="nothing"),
        element("p", f"sha256 {record.image_id}", class_="nothing hash"),
    )
