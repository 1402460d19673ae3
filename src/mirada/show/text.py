"""A record as text with style, for terminals; a pipe gets the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mirada.show import words
from mirada.show.marks import INK, colour_of, swatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from mirada.types import Caption, ImageRecord, Region, Swatch, Tag

DIM: Final = "dim"
LABELS: Final = 13  # columns for the names of the parts


def describe(record: ImageRecord, *, encoder: str) -> Group:
    """All that is known of a picture but its files; `encoder` is the model behind the vector."""
    parts: list[RenderableType] = [_said(record), _sheet(_tags(record))]
    if record.regions:
        parts.append(_regions(record.regions))
    parts += [_sheet(_written(record)), _sheet(_known(record)), _sheet(_looked(record, encoder))]
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in parts if not _is_empty(part)))


def _said(record: ImageRecord) -> Text:
    """Captions, why there are none, and what to run."""
    lines = [
        _caption(caption, "bold" if at == 0 else "italic")
        for at, caption in enumerate(record.captions)
    ]
    empty = [] if record.captions else [words.nothing_found(record, "captions")]
    empty += [] if record.regions else [words.nothing_found(record, "regions")]
    empty += [] if record.tags else [words.nothing_found(record, "tags")]
    lines += [Text(why, DIM) for why in empty if why]
    missing = words.missing(record)
    if missing:
        lines.append(Text.assemble((f"{missing[0]}: ", DIM), missing[1]))
    return Text("\n").join(lines)


def _caption(caption: Caption, style: str = "") -> Text:
    sure = f"  {words.percent(caption.confidence)}"
    return Text.assemble((words.shown(caption.text), style), (sure, DIM))


def _tags(record: ImageRecord) -> list[tuple[str, Text]]:
    """One row for each source."""
    rows = [
        Text.assemble((f"{heading}: ", DIM), _listed(tags))
        for heading, tags in words.by_source(record.tags)
    ]
    return [("" if at else "tags", row) for at, row in enumerate(rows)]


def _listed(tags: Iterable[Tag]) -> Text:
    return Text(", ").join(_tag(tag) for tag in tags)


def _tag(tag: Tag) -> Text:
    style = {"rejected": "strike dim", "accepted": "bold"}.get(tag.state, "")
    sure = words.judged(tag)
    return Text.assemble((words.shown(tag.name), style), (f" {sure}" if sure else "", DIM))


def _regions(regions: Sequence[Region]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    table.add_column("region", justify="right")
    table.add_column("shows", ratio=2)
    table.add_column("colours", ratio=1)
    table.add_column("covers", justify="right")
    table.add_column("proposal", justify="right")
    for number, region in enumerate(regions):
        table.add_row(
            Text.assemble((f" {number + 1} ", f"bold {INK} on {colour_of(number)}")),
            Text("\n").join([_listed(region.tags), *map(_caption, region.captions)]),
            _colours(region.palette),
            words.percent(region.box.area),
            words.percent(region.confidence),
        )
    return table


def _colours(palette: Sequence[Swatch], *, shares: bool = False) -> Text:
    return Text(", ").join(
        Text.assemble(
            ("● ", swatch(one.colour) or ""),
            one.colour,
            (f" {words.percent(one.share)}" if shares else "", DIM),
        )
        for one in palette
    )


def _written(record: ImageRecord) -> list[tuple[str, Text]]:
    rows = []
    if record.text_lines:
        lines = (
            Text.assemble(
                f"“{words.shown(line.text)}”", (f"  {words.percent(line.confidence)}", DIM)
            )
            for line in record.text_lines
        )
        rows.append(("text", Text("\n").join(lines)))
    elif why := words.nothing_found(record, "text"):
        rows.append(("text", Text(why, DIM)))
    if record.phrases:
        rows.append(("found by", Text(words.shown(", ".join(one.text for one in record.phrases)))))
    return rows


def _known(record: ImageRecord) -> list[tuple[str, Text]]:
    rows = [(label.lower(), Text(value)) for label, value in words.details(record)]
    if record.facts and record.facts.palette:
        rows.append(("colours", _colours(record.facts.palette, shares=True)))
    return rows


def _looked(record: ImageRecord, encoder: str) -> list[tuple[str, Text]]:
    by = words.looked_by(record, encoder)
    models = ", ".join(f"{role}: {model}" for role, model in by)
    return [
        ("looked at by", Text(models, DIM)),
        ("indexed", Text(words.moment(record.indexed_at), DIM)),
        ("sha256", Text(record.image_id, DIM)),
    ]


def _sheet(rows: Sequence[tuple[str, Text]]) -> Table:
    """Names on the left, what they are on the right."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style=DIM, min_width=LABELS)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table


def _is_empty(part: RenderableType) -> bool:
    return (isinstance(part, Text) and not part) or (isinstance(part, Table) and not part.row_count)
