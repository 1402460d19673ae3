"""How results leave: table, TSV, JSON, paths, or a contact sheet."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mirada.cli.as_json import hit_as_json, results_as_json
from mirada.errors import ConfigError
from mirada.paths import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.results import Results
    from mirada.types import Hit


def print_results(
    results: Results,
    form: str | None,
    *,
    preview: bool | None = None,
    why: bool = False,
    below: bool = False,
) -> None:
    """Print hits on stdout in the form asked for; None means a table.

    What a reader must know besides goes to stderr: warnings, and why there is no answer.

    Args:
        results: of a search.
        form: json, nl, paths, null, tsv or None.
        preview: thumbnails; None means where the terminal is known for them.
        why: the evidence under each hit of a table.
        below: also the pictures below the cut.
    """
    for warning in results.warnings:
        click.echo(f"warning: {readable(warning)}", err=True)
    hits = (*results.hits, *results.below) if below else results.hits
    match form:
        case "json":
            print_json(results_as_json(results, below=below))
        case "nl":
            for hit in hits:
                print_json(hit_as_json(hit))
        case "paths" | "null":
            end = "\n" if form == "paths" else "\0"
            sys.stdout.writelines(f"{hit.record.path}{end}" for hit in hits)
        case "tsv":
            _print_tsv(hits)
        case _:
            _print_table(results, hits, preview=preview, why=why)
    _print_notes(results, below=below, table=form is None)


def write_sheet(
    answers: Sequence[Results], path: Path, *, why: bool = False, below: bool = False
) -> None:
    """Write a contact sheet and say where, on stderr.

    Args:
        answers: what it shows.
        path: of the file.
        why: draw the evidence.
        below: also the pictures below the cut.
    """
    from mirada.search.sheet import page  # noqa: PLC0415 decodes pictures: only if asked for

    title = str(answers[0].query) if len(answers) == 1 else "mirada"
    try:
        path.write_text(page(answers, title=title, why=why, below=below), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {path}", err=True)


def print_json(value: object) -> None:
    """One JSON value on one line; names that are not UTF-8 come as surrogate escapes."""
    print(json.dumps(value))


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


def _print_table(results: Results, hits: Sequence[Hit], *, preview: bool | None, why: bool) -> None:
    if not hits:
        return
    draw = _preview_printer(preview)
    again = f"{'again':>5}  " if results.recheck else ""
    click.secho(f"{'rank':>4}  {'score':>6}  {'conf.':>5}  {again}path", dim=True)
    for place, hit in enumerate(hits):
        if place == len(results.hits):
            click.secho(f"{'':>21}below the cut of {results.cut or 0:.0%}, no answers:", dim=True)
        again = "" if not results.recheck else f"{_percent(hit.again):>5}  "
        _print_row(hit, again, why=why, dim=place >= len(results.hits))
        if draw:
            draw(hit.record.path)


def _percent(chance: float | None) -> str:
    return "-" if chance is None else f"{chance:.0%}"


def _print_row(hit: Hit, again: str, *, why: bool, dim: bool) -> None:
    sure = _percent(hit.confidence)
    line = f"{hit.rank:>4}  {hit.score:>6.3f}  {sure:>5}  {again}{shown_path(hit.record.path)}"
    click.secho(line, bold=hit.rank == 1 and not dim, dim=dim)
    if hit.record.captions:
        click.secho(f"{'':>21}{hit.record.captions[0].text}", dim=True)
    if why:
        from mirada.cli.why import clause_lines  # noqa: PLC0415 brings numpy

        for clause in clause_lines(hit.evidence):
            click.echo(clause)


def _print_notes(results: Results, *, below: bool, table: bool) -> None:
    """What is not among the hits, on stderr; all but an empty answer only beside a table."""
    from mirada.cli.why import explain_hidden, explain_nothing  # noqa: PLC0415 brings numpy
    from mirada.search.wording import looked_again  # noqa: PLC0415

    if not results.hits:
        for line in explain_nothing(results, shown_path, below=below):
            click.echo(line, err=True)
    elif table:
        count = f"{len(results)} of {results.considered:,} pictures in {results.took_ms:.0f} ms"
        lines = (count, looked_again(results), *explain_hidden(results, below=below))
        for said in filter(None, lines):
            click.secho(said, dim=True, err=True)


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
