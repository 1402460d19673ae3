"""The part of an article that stands beside its picture: captions, tags and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.show import words
from mirada.show.blocks import nothing, paint, section
from mirada.show.html import Html, element
from mirada.show.marks import colour_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.types import Caption, ImageRecord, Region, Swatch, Tag


def said_of(record: ImageRecord, key: str) -> Html:
    """What models and the user say of the picture; `key` names its parts, as in the overlay."""
    return element(
        "div",
        _captions(record),
        _missing(record),
        _tags(record),
        _regions(record, key),
        class_="said",
    )


def _captions(record: ImageRecord) -> Html | None:
    if not record.captions:
        return nothing(record, "captions")
    by = record.models.get("captions")
    return element("div", *(_caption(one, by) for one in record.captions), class_="captions")


def _caption(caption: Caption, by: str | None) -> Html:
    language = words.LANGUAGES.get(caption.language, caption.language)
    return element(
        "p",
        element("span", caption.text, lang=caption.language),
        "\xa0",
        element("small", words.percent(caption.confidence)),
        class_="caption",
        title=words.origin(language, by),
    )


def _missing(record: ImageRecord) -> Html | None:
    missing = words.missing(record)
    if missing is None:
        return None
    what, command = missing
    what = f"{what[:1].upper()}{what[1:]}. Run "
    return element("p", what, element("code", command), class_="todo")


def _tags(record: ImageRecord) -> Html | None:
    by = record.models.get("tags")
    groups: list[Html | None] = [
        element("div", element("h4", heading), _chips(tags, by), class_="source")
        for heading, tags in words.by_source(record.tags)
    ]
    inside = groups or [nothing(record, "tags")]
    return section("Tags", *inside, by=by) if any(inside) else None


def _chips(tags: Iterable[Tag], by: str | None) -> Html:
    return element("ul", *(_chip(tag, by) for tag in tags), class_="chips")


def _chip(tag: Tag, by: str | None) -> Html:
    sure = words.judged(tag)
    return element(
        "li",
        element("span", tag.name, class_="word"),
        element("small", sure) if sure else None,
        class_=f"chip {tag.state}",
        style=f"--p:{tag.confidence:.3f}",
        title=words.origin(f"from {words.SOURCES.get(tag.source, tag.source)}", by),
    )


def _regions(record: ImageRecord, key: str) -> Html | None:
    by = record.models.get("regions")
    if not record.regions:
        why = nothing(record, "regions")
        return section("Regions", why, by=by) if why else None
    items = (
        _region(region, number, f"{key}-r{number + 1}", record)
        for number, region in enumerate(record.regions)
    )
    return section("Regions", element("ol", *items, class_="regions"), by=by)


def _region(region: Region, number: int, part: str, record: ImageRecord) -> Html:
    captions = (_caption(one, record.models.get("captions")) for one in region.captions)
    body = element(
        "div",
        _chips(region.tags, record.models.get("tags")) if region.tags else None,
        *captions,
        element("p", _dots(region.palette), element("span", words.about(region)), class_="about"),
    )
    return element(
        "li",
        element("span", str(number + 1), class_="no"),
        body,
        class_="region",
        tabindex=0,
        data_part=part,
        style=f"--c:{colour_of(number)}",
    )


def _dots(palette: Sequence[Swatch]) -> Html | None:
    """A region's colours: small, and named."""
    dots = (
        element(
            "span",
            paint(one.colour),
            one.colour,
            class_="dot",
            title=f"{one.colour} {words.percent(one.share)}",
        )
        for one in palette
    )
    return element("span", *dots, class_="dots") if palette else None
