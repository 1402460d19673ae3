"""`mirada search` and `mirada similar`: find pictures by words, by pictures, or both."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from mirada.cli.as_json import results_as_json
from mirada.cli.options import collection_here, format_options, home_option, limit_option
from mirada.cli.output import print_json, print_results, write_sheet
from mirada.cli.recheck import rechecking
from mirada.errors import ConfigError, MiradaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirada.collection import Collection
    from mirada.search.results import Results

BATCH_KEYS: dict[str, type[Any]] = {
    "query": str,
    "image": str,
    "like": list,
    "unlike": list,
    "limit": int,
    "all": bool,
}  # of a JSON line, none of them required; lists are of paths

path_type = click.Path(path_type=Path)
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What one search asks for."""

    text: str | None = None
    image: Path | None = None
    like: tuple[Path, ...] = ()
    unlike: tuple[Path, ...] = ()
    limit: int = 20
    below: bool = False  # also show pictures below the cut
    recheck: bool = True  # look at the best pictures again, where the settings say with what

    @property
    def can_be_checked(self) -> bool:
        """Whether it asks in words alone."""
        return self.recheck and bool(self.text) and not (self.image or self.like or self.unlike)


@click.command(
    epilog="""\b
Examples:
  mirada search "a red car in the snow" -n 5 --html hits.html
  mirada search "a dog left of a man, no cars" --why
  mirada search "a beach" --like good.jpg --unlike bad.jpg"""
)
@click.argument("text", metavar="QUERY", required=False)
@click.option("--image", type=path_type, help="A picture to look for, indexed or not.")
@click.option(
    "--like",
    type=path_type,
    multiple=True,
    help="An indexed picture that is right: what is like it comes first. May be repeated.",
)
@click.option(
    "--unlike",
    type=path_type,
    multiple=True,
    help="An indexed picture that is wrong: what is like it comes last. May be repeated.",
)
@click.option(
    "--all",
    "below",
    is_flag=True,
    help="Also what is below the cut: pictures too unsure to be answers.",
)
@click.option(
    "--why",
    is_flag=True,
    help="Say of each picture how far it meets each clause of QUERY; with --html, draw it.",
)
@click.option(
    "--no-recheck",
    "recheck",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Don't look at the best pictures again, as `reranker` and `detector` in mirada.toml say.",
)
@click.option(
    "--batch",
    type=click.File("r", encoding="utf-8", errors="surrogateescape"),
    help="A file of queries, or - for stdin: one a line, as words or as a JSON object with "
    '"query", "image", "like", "unlike", "limit" and "all". Prints one JSON line for each.',
)
@limit_option
@format_options
@html_option
@preview_option
@home_option
def search(
    text: str | None,
    image: Path | None,
    like: tuple[Path, ...],
    unlike: tuple[Path, ...],
    below: bool,
    why: bool,
    recheck: bool,
    batch: TextIO | None,
    limit: int,
    form: str | None,
    html: Path | None,
    preview: bool | None,
    home: Path | None,
) -> None:
    """Find pictures by QUERY, in English or Spanish, by --image, or by both together.

    A QUERY may say where things are ("a dog left of a man"), what must not be there ("no cars")
    and when or how it was taken: `mirada parse` shows how it is understood. Pictures that are no
    answer are not shown.
    """
    collection = collection_here(home)
    failed = 0
    if batch is None:
        asked = Asked(text, image, like, unlike, limit, recheck=recheck)
        with rechecking(collection, wanted=asked.can_be_checked):
            results = _answer(collection, asked)
        print_results(results, form, preview=preview, why=why, below=below)
        answers = [results]
    else:
        if text or image or like or unlike or form:
            raise click.UsageError("--batch brings its own queries and always prints JSON lines")
        asked = Asked(limit=limit, below=below, recheck=recheck)
        with rechecking(collection, wanted=recheck):
            answers, failed = _answer_batch(collection, batch, asked, keep=html is not None)
    if html:
        write_sheet(answers, html, why=why, below=below)
    if failed:
        sys.exit(1)


@click.command(
    epilog="""\b
Examples:
  mirada similar holidays/beach.jpg --paths
  mirada similar holidays/beach.jpg --region 2"""
)
@click.argument("path", type=path_type)
@click.option(
    "--region",
    type=click.IntRange(min=1),
    metavar="N",
    help="Look for its region N alone, as `mirada show` numbers them.",
)
@limit_option
@format_options
@html_option
@preview_option
@home_option
def similar(
    path: Path,
    region: int | None,
    limit: int,
    form: str | None,
    html: Path | None,
    preview: bool | None,
    home: Path | None,
) -> None:
    """Find the pictures that look most like the one at PATH, or like one of its regions."""
    results = collection_here(home).similar(path, region=region, limit=limit)
    print_results(results, form, preview=preview)
    if html:
        write_sheet([results], html)


def _answer(collection: Collection, asked: Asked) -> Results:
    """The answer, with no more pictures below the cut than there is room for."""
    if asked.image and (asked.like or asked.unlike):
        raise ConfigError("like and unlike go with words, not with an image to look for")
    if asked.unlike and not asked.like and not (asked.text and asked.text.strip()):
        raise ConfigError("unlike says only what is wrong: give words too, or a picture to be like")
    results = collection.search(
        asked.text,
        image=asked.image,
        like=asked.like,
        unlike=asked.unlike,
        limit=asked.limit,
        recheck=asked.recheck,
    )
    return replace(results, below=results.below[: asked.limit - len(results)])


def _answer_batch(
    collection: Collection, lines: TextIO, asked: Asked, *, keep: bool
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
            query = _read(line.strip(), asked)
            results = _answer(collection, query)
        except MiradaError as error:
            failed += 1
            print_json({"query": line.strip(), "line": number, "error": str(error), "hits": []})
        else:
            if keep:
                answers.append(results)
            print_json(results_as_json(results, below=query.below))
        sys.stdout.flush()
    return answers, failed


def _read(line: str, asked: Asked) -> Asked:
    """What a line of a batch asks for; `asked` says what holds where it is silent."""
    if not line.startswith("{"):
        return replace(asked, text=line)
    try:
        query = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not a JSON object: {error}") from error
    _check(query)
    return Asked(
        text=query.get("query"),
        image=Path(query["image"]) if "image" in query else None,
        like=tuple(map(Path, query.get("like", ()))),
        unlike=tuple(map(Path, query.get("unlike", ()))),
        limit=query.get("limit", asked.limit),
        below=query.get("all", asked.below),
        recheck=asked.recheck,
    )


def _check(query: Mapping[str, Any]) -> None:
    for key, value in query.items():
        if key not in BATCH_KEYS:
            raise ConfigError(f"unknown key {key!r}; known: {', '.join(BATCH_KEYS)}")
        kind = BATCH_KEYS[key]
        if not _fits(value, kind) or (key == "limit" and value < 1):
            said = "list of paths" if kind is list else kind.__name__
            raise ConfigError(f"{key} must be a {said}, not {value!r}")


def _fits(value: Any, kind: type[Any]) -> bool:
    """Whether it is exactly of that kind: true is no number here."""
    return type(value) is kind and (kind is not list or all(isinstance(v, str) for v in value))
