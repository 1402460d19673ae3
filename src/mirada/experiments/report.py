"""The record of an experiment as one HTML page that needs no other file and no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.errors import ModelUnavailable
from mirada.experiments.changes import changes_of
from mirada.experiments.frame import page, table
from mirada.experiments.grid import said_of
from mirada.experiments.plot import Dot, plot
from mirada.experiments.thumbnails import Thumbnails
from mirada.experiments.wording import (
    COSTS,
    HOW,
    asked,
    cost,
    difference,
    differs,
    points,
    span,
    verdict,
)
from mirada.show.html import Html, element, join

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mirada.experiments.record import Record
    from mirada.experiments.run import Compared

FOREST = 170, 22  # pixels of a drawn interval


def html_of(record: Record, found: Sequence[Compared]) -> str:
    """The page.

    Args:
        record: of the experiment.
        found: the same with the pictures.
    """
    thumbnails = Thumbnails()
    galleries = [
        _gallery(told, one, record, thumbnails, key=f"g{number}")
        for number, (told, one) in enumerate(zip(record["galleries"], found, strict=True), 1)
    ]
    head = element(
        "header",
        element("h1", record["name"]),
        element("p", record["note"], class_="verdict") if record["note"] else None,
        element("p", _start(record), class_="dim"),
    )
    body = join(head, *galleries, _circumstances(record))
    return page(record["name"], body, style=thumbnails.rules())


def _start(record: Record) -> str:
    systems = len(record["galleries"][0]["systems"])
    return f"{systems} systems compared by mirada, {record['made_at'][:10]}. {HOW}"


def _gallery(
    told: Record, found: Compared, record: Record, thumbnails: Thumbnails, *, key: str
) -> Html:
    first = record["measures"][0]
    digests = f"pictures {told['images_digest'][:12]}, queries {told['queries_digest'][:12]}"
    return element(
        "section",
        element("h2", told["name"]),
        element("p", f"{asked(told)}. Digests: {digests}.", class_="dim"),
        element("p", verdict(told, first), class_="verdict"),
        element("h3", "How good"),
        _qualities(told, record["measures"]),
        element("h3", "What each costs"),
        _costs(told),
        _plot(told, first, key),
        element("h3", "Every difference to the baseline"),
        _differences(told, record["measures"]),
        element("h3", "Wins and losses against the baseline"),
        changes_of(found, told, thumbnails),
    )


def _name(number: int, system: Record, told: Record) -> Html:
    is_base = system["label"] == told["baseline"]
    name = element("span", system["label"], class_="base" if is_base else None)
    return join(element("span", str(number), class_="no"), name)


def _qualities(told: Record, measures: Sequence[str]) -> Html:
    systems, first = told["systems"], measures[0]
    best = {name: max(one["measures"][name]["mean"] for one in systems) for name in measures}
    reach = _reach(systems, first)
    rows = []
    for number, one in enumerate(systems, 1):
        own = one["measures"]
        rows.append(
            [
                _name(number, one, told),
                _value(own[first], best[first], interval=True),
                _forest(own[first], reach),
                *(_value(own[name], best[name]) for name in measures[1:]),
            ]
        )
    return table(
        ["system", first, f"{first} against the baseline", *measures[1:]], rows, class_="q"
    )


def _value(own: Mapping[str, Any], best: float, *, interval: bool = False) -> Html:
    sign = {1: "up", -1: "down"}.get(differs(own))
    classes = " ".join(
        part for part in (sign, "best" if own["mean"] == best else None) if part is not None
    )
    number = element("span", points(own["mean"]), class_=classes or None)
    return join(number, element("small", span(own)) if interval else None)


def _reach(systems: Sequence[Record], name: str) -> float:
    """The farthest that any interval goes from 0."""
    ends = [
        abs(apart[side])
        for one in systems
        if (apart := one["measures"][name].get("difference"))
        for side in ("low", "high")
    ]
    return max(ends, default=0) or 1


def _forest(own: Mapping[str, Any], reach: float) -> Html:
    """A difference with its interval, drawn on one scale for all systems, and told below."""
    apart = own.get("difference")
    if apart is None:
        return element("small", "")
    width, height = FOREST
    sign = {1: "up", -1: "down"}.get(differs(own))

    def across(value: float) -> str:
        return f"{width / 2 + value / reach * (width / 2 - 6):.1f}"

    middle = height / 2
    zero = element("line", x1=width / 2, x2=width / 2, y1=0, y2=height, class_="zero")
    whole = element(
        "line", x1=across(apart["low"]), x2=across(apart["high"]), y1=middle, y2=middle, class_=sign
    )
    dot = element("circle", cx=across(apart["mean"]), cy=middle, r=4, class_=sign)
    drawn = element(
        "svg", zero, whole, dot, class_="forest", role="img", aria_label=difference(own)
    )
    return join(drawn, element("small", difference(own)))


def _costs(told: Record) -> Html:
    rows = [
        [_name(number, one, told), *(cost(one["costs"], name) for name in COSTS)]
        for number, one in enumerate(told["systems"], 1)
    ]
    return table(["system", *COSTS.values()], rows, class_="c")


def _differences(told: Record, measures: Sequence[str]) -> Html:
    rows = [
        [
            _name(number, one, told),
            *(
                element(
                    "span",
                    difference(one["measures"][name]),
                    class_={1: "up", -1: "down"}.get(differs(one["measures"][name])),
                )
                for name in measures
            ),
        ]
        for number, one in enumerate(told["systems"], 1)
        if one["label"] != told["baseline"]
    ]
    inner = table(["system", *measures], rows, class_="d")
    return element("details", element("summary", f"{len(measures)} measures"), inner)


def _plot(told: Record, measure: str, key: str) -> Html:
    panels = [
        ("ms a query (median)", _dots(told, measure, "milliseconds_a_query", 1)),
        ("ms a picture, indexing", _dots(told, measure, "seconds_a_picture", 1000)),
    ]
    try:
        svg = Html(plot([one for one in panels if one[1]], f"{measure}, %", key=key))
    except ModelUnavailable as error:
        return element("p", f"No plot of quality against cost: {error}", class_="dim")
    caption = (
        "Quality against cost, with 95% intervals; numbers as in the tables, the square is the"
        " baseline. Systems on the line are not beaten by any that costs as little."
    )
    return element("figure", svg, element("figcaption", caption))


def _dots(told: Record, measure: str, name: str, scale: float) -> list[Dot]:
    return [
        Dot(
            number,
            scale * one["costs"][name],
            100 * own["mean"],
            100 * own["low"],
            100 * own["high"],
            is_baseline="difference" not in own,
        )
        for number, one in enumerate(told["systems"], 1)
        if one["costs"][name] is not None
        for own in [one["measures"][measure]]
    ]


def _circumstances(record: Record) -> Html:
    machine, versions = record["machine"], record["versions"]
    models = {
        f"{model['name']} ({role})": model["digest"][:16]
        for gallery in record["galleries"]
        for one in gallery["systems"]
        for role, model in one["models"].items()
    }
    left_out = [
        element("li", f"{' · '.join(said_of(*pair) for pair in one.items())}: {why}")
        for one in (dict(row) for row in record["left_out"])
        for why in [one.pop("why")]
    ]
    return element(
        "section",
        element("h2", "How it was made"),
        element("h3", "Left out, since it cannot be put together") if left_out else None,
        element("ul", *left_out, class_="dim") if left_out else None,
        element("h3", "Machine and versions"),
        _facts(
            {
                "made": record["made_at"],
                "machine": f"{machine['system']}, {machine['processor']}, {machine['cores']} cores",
                "versions": ", ".join(f"{name} {one}" for name, one in versions.items()),
                **models,
            }
        ),
        element("h3", "The experiment"),
        element("pre", record["toml"]),
    )


def _facts(facts: Mapping[str, str]) -> Html:
    pairs = [join(element("dt", name), element("dd", told)) for name, told in facts.items()]
    return element("dl", *pairs, class_="facts")
