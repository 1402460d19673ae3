"""Wins and losses of each system as HTML: the query, the right picture, what each put first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.experiments.wins import changes, tally
from mirada.show.html import Html, element, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.experiments.gallery import Gallery
    from mirada.experiments.record import Record
    from mirada.experiments.run import Answered, Compared
    from mirada.experiments.thumbnails import Thumbnails
    from mirada.experiments.wins import Change


def changes_of(found: Compared, told: Record, thumbnails: Thumbnails) -> Html:
    """A part for each system but the baseline; that of the best one is open."""
    others = [
        (one, row["label"], number, row)
        for number, (one, row) in enumerate(zip(found.systems, told["systems"], strict=True), 1)
        if one.system != found.baseline
    ]
    if not others:
        return element("p", "There is the baseline alone.", class_="dim")
    best = max(others, key=lambda other: next(iter(other[3]["measures"].values()))["mean"])
    return join(
        *(
            _system(found, one, f"{number}  {label}", thumbnails, is_open=number == best[2])
            for one, label, number, _ in others
        )
    )


def _system(
    found: Compared, system: Answered, label: str, thumbnails: Thumbnails, *, is_open: bool
) -> Html:
    better, worse = tally(found, system)
    wins, losses = changes(found, system)
    counts = f"{better:,} queries have a right picture earlier, {worse:,} later"
    columns = element(
        "div",
        _column("Wins", wins, found.gallery, thumbnails),
        _column("Losses", losses, found.gallery, thumbnails),
        class_="changes",
    )
    summary = element("summary", label, element("small", counts))
    return element("details", summary, columns, open="" if is_open else None)


def _column(name: str, some: Sequence[Change], gallery: Gallery, thumbnails: Thumbnails) -> Html:
    if not some:
        return element("div", element("h4", name), element("p", "None.", class_="dim"))
    rows = [_change(one, gallery, thumbnails) for one in some]
    return element("div", element("h4", name), element("ol", *rows))


def _change(one: Change, gallery: Gallery, thumbnails: Thumbnails) -> Html:
    ranks = f"rank {one.before or '–'} → {one.after or '–'}"
    trio = element(
        "div",
        _shown(one.right, "right", gallery, thumbnails, is_right=True),
        _shown(one.first_after, "it put first", gallery, thumbnails, is_right=one.right_first[1]),
        _shown(
            one.first_before, "baseline put first", gallery, thumbnails, is_right=one.right_first[0]
        ),
        class_="trio",
    )
    query = element("p", one.text, class_="query")
    return element("li", query, element("small", ranks), trio, class_="change")


def _shown(
    image_id: str | None, what: str, gallery: Gallery, thumbnails: Thumbnails, *, is_right: bool
) -> Html:
    picture = (
        element("div", class_="thumb")
        if image_id is None
        else thumbnails.show(image_id, gallery.images[image_id])
    )
    return element("div", picture, element("small", what), class_="right" if is_right else None)
