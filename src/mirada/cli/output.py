"""How results leave: table, TSV, JSON, paths, or a contact sheet."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mirada.errors import ConfigError
from mirada.paths import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.results import Results
    from mirada.types import Hit, ImageRecord


def print_results(results: Results, form: str | None, *, preview: bool | None = None) -> None:
    """Print hits on stdout in the form asked for; None means a table."""
    match form:
        case "json":
            print_json(results_as_json(results))
        case "nl":
            for hit in results.hits:
                print_json(hit_as_json(hit))
        case "paths" | "null":
            end = "\n" if form == "paths" else "\0"
            sys.stdout.writelines(f"{hit.record.path}{end}" for hit in results.hits)
        case "tsv":
            _print_tsv(results.hits)
        case _:
            _print_table(results, preview=preview)


def write_sheet(answers: Sequence[Results], path: Path) -> None:
    """Write a contact sheet and say where, on stderr."""
    from mirada.search.sheet import page  # noqa: PLC0415 decodes pictures: only if asked for

    title = str(answers[0].query) if len(answers) == 1 else "mirada"
    try:
        path.write_text(page(answers, title=title), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {path}", err=True)


def print_json(value: object) -> None:
    """One JSON value on one line; names that are not UTF-8 come as surrogate escapes."""
    print(json.dumps(value))


def results_as_json(results: Results) -> dict[str, Any]:
    """Query, hits and time, ready for `json.dumps`."""
    return {
        "query": str(results.query),
        "hits": [hit_as_json(hit) for hit in results.hits],
        "considered": results.considered,
        "took_ms": round(results.took_ms, 2),
    }


def hit_as_json(hit: Hit) -> dict[str, Any]:
    """A hit with the whole record behind it, ready for `json.dumps`."""
    return {
        "path": str(hit.record.path),
        "score": round(hit.score, 6),
        "confidence": None if hit.confidence is None else round(hit.confidence, 4),
        "rank": hit.rank,
        **record_as_json(hit.record),
    }


def record_as_json(record: ImageRecord) -> dict[str, Any]:
    """A record, ready for `json.dumps`."""
    return {
        "image_id": record.image_id,
        "paths": [str(file.path) for file in record.files],
        "width": record.width,
        "height": record.height,
        "format": record.format,
        "indexed_at": record.indexed_at.isoformat(),
        "captions": {one.language: one.text for one in record.captions},
        "tags": [tag.name for tag in record.tags if tag.state != "rejected"],
    }


def shown_path(path: Path) -> str:
    """A path for people: relative where it lies below the current folder, on one line."""
    with suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return readable(path)


def _print_tsv(hits: Sequence[Hit]) -> None:
    print("rank", "score", "confidence", "path", sep="\t")
    for hit in hits:
        sure = "" if hit.confidence is None else f"{hit.confidence:.4f}"
        print(hit.rank, f"{hit.score:.6f}", sure, readable(hit.record.path), sep="\t")


def _print_table(results: Results, *, preview: bool | None) -> None:
    if not results.hits:
        click.echo("the index is empty: run `mirada index DIR`", err=True)
        return
    draw = _preview_printer(preview)
    click.secho(f"{'rank':>4}  {'score':>6}  {'conf.':>5}  path", dim=True)
    for hit in results.hits:
        sure = "-" if hit.confidence is None else f"{hit.confidence:.0%}"
        line = f"{hit.rank:>4}  {hit.score:>6.3f}  {sure:>5}  {shown_path(hit.record.path)}"
        click.secho(line, bold=hit.rank == 1)
        if hit.record.captions:
            click.secho(f"{'':>21}{hit.record.captions[0].text}", dim=True)
        if draw:
            draw(hit.record.path)
    click.secho(
        f"{len(results)} of {results.considered:,} pictures in {results.took_ms:.0f} ms",
        dim=True,
        err=True,
    )


def wants_preview(preview: bool | None) -> bool:
    """Whether pictures are to be drawn: as told; None means where the terminal is known for it."""
    if preview is False or (preview is None and not _terminal_shows_pictures()):
        return False
    return not sys.stdout.isatty() or _terminal_can_be_asked()


def _preview_printer(preview: bool | None) -> Any:
    """A function that draws a picture in the terminal, or None where that is not wanted."""
    if not wants_preview(preview):
        return None
    from mirada.cli.preview import draw  # noqa: PLC0415 asks the terminal what it can do

    return draw


def _terminal_can_be_asked() -> bool:
    """Whether the terminal knows its size, and can answer how large its cells are."""
    return sys.stdin.isatty() and 0 not in os.get_terminal_size(sys.stdout.fileno())


def _terminal_shows_pictures() -> bool:
    """Whether stdout is a terminal known for a graphics protocol, told by its variables."""
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        return False
    program, term = os.environ.get("TERM_PROGRAM", ""), os.environ.get("TERM", "")
    return (
        program in {"iTerm.app", "WezTerm", "ghostty"}
        or "kitty" in term
        or "KITTY_WINDOW_ID" in os.environ
        or "sixel" in term
        or "foot" in term
    )
