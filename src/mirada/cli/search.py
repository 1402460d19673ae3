"""`mirada search` and `mirada similar`: find pictures by words, by a picture, or both."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from mirada.cli.options import collection_here, format_options, home_option, limit_option
from mirada.cli.output import print_json, print_results, results_as_json, write_sheet
from mirada.errors import ConfigError, MiradaError

if TYPE_CHECKING:
    from mirada.collection import Collection
    from mirada.search.results import Results

BATCH_KEYS: dict[str, type[Any]] = {
    "query": str,
    "image": str,
    "limit": int,
}  # of a JSON line, none of them required

html_option = click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a contact sheet to this file.",
)
preview_option = click.option(
    "--preview/--no-preview",
    default=None,
    help="Thumbnails in the terminal. [default: where it has a graphics protocol]",
)


@click.command(epilog='Example: mirada search "a red car in the snow" -n 5 --html hits.html')
@click.argument("text", metavar="QUERY", required=False)
@click.option("--image", type=click.Path(path_type=Path), help="A picture to look for.")
@click.option(
    "--batch",
    type=click.File("r", encoding="utf-8", errors="surrogateescape"),
    help="A file of queries, or - for stdin: one a line, as words or as a JSON object with "
    '"query", "image" and "limit". Prints one JSON line for each.',
)
@limit_option
@format_options
@html_option
@preview_option
@home_option
def search(
    text: str | None,
    image: Path | None,
    batch: TextIO | None,
    limit: int,
    form: str | None,
    html: Path | None,
    preview: bool | None,
    home: Path | None,
) -> None:
    """Find pictures by QUERY, in English or Spanish, by --image, or by both together."""
    collection = collection_here(home)
    failed = 0
    if batch is None:
        results = collection.search(text, image=image, limit=limit)
        print_results(results, form, preview=preview)
        answers = [results]
    else:
        if text or image or form:
            raise click.UsageError("--batch brings its own queries and always prints JSON lines")
        answers, failed = _answer_batch(collection, batch, limit, keep=html is not None)
    if html:
        write_sheet(answers, html)
    if failed:
        sys.exit(1)


@click.command(epilog="Example: mirada similar holidays/beach.jpg --paths")
@click.argument("path", type=click.Path(path_type=Path))
@limit_option
@format_options
@html_option
@preview_option
@home_option
def similar(
    path: Path,
    limit: int,
    form: str | None,
    html: Path | None,
    preview: bool | None,
    home: Path | None,
) -> None:
    """Find the pictures that look most like the one at PATH."""
    results = collection_here(home).similar(path, limit=limit)
    print_results(results, form, preview=preview)
    if html:
        write_sheet([results], html)


def _answer_batch(
    collection: Collection, lines: TextIO, limit: int, *, keep: bool
) -> tuple[list[Results], int]:
    """Print one JSON line for each query, at once; a bad line gets a line with its error.

    Returns the answers, if they are to be kept, and the count of bad lines.
    """
    answers: list[Results] = []
    failed = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            results = _answer(collection, line.strip(), limit)
        except MiradaError as error:
            failed += 1
            print_json({"query": line.strip(), "line": number, "error": str(error), "hits": []})
        else:
            if keep:
                answers.append(results)
            print_json(results_as_json(results))
        sys.stdout.flush()
    return answers, failed


def _answer(collection: Collection, line: str, limit: int) -> Results:
    if not line.startswith("{"):
        return collection.search(line, limit=limit)
    try:
        query = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not a JSON object: {error}") from error
    for key, value in query.items():
        if key not in BATCH_KEYS:
            raise ConfigError(f"unknown key {key!r}; known: {', '.join(BATCH_KEYS)}")
        if not isinstance(value, BATCH_KEYS[key]) or (key == "limit" and value < 1):
            raise ConfigError(f"{key} must be a {BATCH_KEYS[key].__name__}, not {value!r}")
    limit = query.get("limit", limit)
    return collection.search(query.get("query"), image=query.get("image"), limit=limit)
