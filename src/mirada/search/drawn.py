"""Why a picture matched, for contact sheets: its clauses as a list, their boxes on the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirada.search.wording import DOUBTFUL, clauses_in_words, degree_in_words
from mirada.show.html import Html, element, join
from mirada.show.marks import badges, colour_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.show.marks import Badge
    from mirada.types import Box, Evidence

LABEL = (0.24, 0.075)  # room for a label, in shares of the picture


@dataclass(frozen=True, slots=True)
class Mark:
    """A box on the picture and what it is said to show."""

    box: Box
    label: str
    colour: str


def marks_of(evidence: Sequence[Evidence]) -> list[Mark]:
    """A box for each thing found, the largest first so that smaller ones lie on top.

    A box in which several things were found is drawn once, with all of their names.
    """
    labels: dict[Box, list[str]] = {}
    for one in evidence:
        for box in one.boxes if one.kind == "phrase" else ():
            labels.setdefault(box, []).append(_named(one))
    marks = [
        Mark(box, " · ".join(names), colour_of(number))
        for number, (box, names) in enumerate(labels.items())
    ]
    return sorted(marks, key=lambda mark: -mark.box.area)


def boxes_on_picture(marks: Sequence[Mark]) -> Html:
    """The boxes, to be laid over a picture that fills its frame."""
    places = badges([mark.box for mark in marks], width=LABEL[0], height=LABEL[1])
    frames = (_frame(mark) for mark in marks)
    labels = (_label(mark, badge) for mark, badge in zip(marks, places, strict=True))
    return join(*frames, *labels)


def clause_list(evidence: Sequence[Evidence], marks: Sequence[Mark]) -> Html:
    """The clauses with their degrees; dots tell the boxes."""
    colours = {mark.box: mark.colour for mark in marks}
    lines = zip(evidence, clauses_in_words(evidence), strict=True)
    return element("ul", *(_clause(one, said, colours) for one, said in lines), class_="clauses")


def _named(one: Evidence) -> str:
    """What a box is said to show; a reranker says how sure that is of the picture, not of a box."""
    return one.clause if one.source == "reranker" else f"{one.clause} {degree_in_words(one)}"


def _clause(one: Evidence, said: str, colours: dict[Box, str]) -> Html:
    dots = (
        element("i", class_="dot", style=f"--c:{colours[box]}")
        for box in dict.fromkeys(one.boxes)
        if box in colours
    )
    met = "met" if one.degree >= 0.5 else "doubt" if one.degree >= DOUBTFUL else "unmet"
    bar = element("span", element("i", style=f"width:{one.degree:.0%}"), class_="bar")
    return element(
        "li",
        element("span", *dots, said, class_="clause"),
        bar,
        element("span", degree_in_words(one), class_="degree"),
        element("small", one.source),
        class_=met,
    )


def _frame(mark: Mark) -> Html:
    box = mark.box
    sides = (
        f"left:{_at(box.x0)};top:{_at(box.y0)};"
        f"width:{_at(box.x1 - box.x0)};height:{_at(box.y1 - box.y0)}"
    )
    return element("i", class_="box", style=f"{sides};--c:{mark.colour}")


def _label(mark: Mark, badge: Badge) -> Html:
    across = f"right:{_at(1 - badge.x)}" if badge.right else f"left:{_at(badge.x)}"
    down = f"bottom:{_at(1 - badge.y)}" if badge.low else f"top:{_at(badge.y)}"
    return element("span", mark.label, class_="label", style=f"{across};{down};--c:{mark.colour}")


def _at(share: float) -> str:
    return f"{100 * max(share, 0):.2f}%"
