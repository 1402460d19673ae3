"""`mirada show`: what the index knows of pictures, in the terminal, as a page or as data."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mirada.cli.browser import opened
from mirada.cli.options import collection_here, home_option
from mirada.cli.output import print_json, shown_path, wants_preview
from mirada.cli.search import preview_option
from mirada.errors import ConfigError, MiradaError
from mirada.paths import absolute, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from PIL.Image import Image

    from mirada.collection import Collection
    from mirada.types import ImageRecord

PAGE_ENDINGS: Final = (".html", ".htm")
PAGE_NAME: Final = "show.html"
MOST_ON_A_PAGE: Final = 200  # pictures: some 30 MB
AT_ONCE: Final = 32  # records read together


@click.command(epilog="Example: mirada show holidays/beach.jpg --html --open")
@click.argument("images", metavar="[IMAGE|DIR]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--html",
    "page",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Write one page instead, into FILE (its name ends in .html) or beside the index, "
    "and print its path.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a picture, one a line.")
@click.option(
    "--sample", type=click.IntRange(min=1), metavar="N", help="N of the pictures, drawn by lot."
)
@click.option("--seed", default=0, show_default=True, help="Another lot for --sample.")
@preview_option
@home_option
def show(
    images: tuple[Path, ...],
    page: str | None,
    open_page: bool,
    as_json: bool,
    sample: int | None,
    seed: int,
    preview: bool | None,
    home: Path | None,
) -> None:
    """Show what the index knows of pictures: of each IMAGE, of all in DIR, or of a --sample.

    That is captions, tags, regions with their boxes, text, phrases, facts and metadata, each with
    its probability and the model that said so.
    """
    if page and not page.lower().endswith(PAGE_ENDINGS):
        images, page = (Path(page), *images), ""  # `--html IMAGE`: never write over a picture
    if not images and not sample:
        raise click.UsageError("name a picture or a folder, or draw some with --sample 20")
    collection = collection_here(home)
    ids = chosen_ids(collection, images, sample=sample, seed=seed)
    if page is not None or open_page:
        _write_page(collection, ids, Path(page) if page else None, open_page=open_page)
    elif as_json:
        _print_data(collection, ids)
    else:
        _print_text(collection, ids, preview=preview)


def chosen_ids(
    collection: Collection, paths: Sequence[Path], *, sample: int | None, seed: int
) -> list[str]:
    """Ids of the pictures at or below these paths, or of all, each once; or some of them.

    Raises:
        MiradaError: a path is not in the index; the message says whether it exists.
    """
    files = {file.path: image_id for file, image_id in collection.store.files().items()}
    ordered = sorted(files, key=os.fsencode)
    chosen: dict[str, None] = dict.fromkeys(files[path] for path in ordered if not paths)
    for path in paths:
        wanted = absolute(path)
        found = [wanted] if wanted in files else [p for p in ordered if p.is_relative_to(wanted)]
        if not found:
            raise MiradaError(_unknown(path))
        chosen.update(dict.fromkeys(files[one] for one in found))
    ids = list(chosen)
    if sample is None or sample >= len(ids):
        return ids
    kept = {*random.Random(seed).sample(sorted(ids), sample)}  # noqa: S311 no secret
    return [image_id for image_id in ids if image_id in kept]


def _unknown(path: Path) -> str:
    name = readable(path)
    if path.is_dir():
        return f"{name} holds no picture that is in the index: run `mirada index {name}`"
    if path.exists():
        folder = readable(path.parent)
        return f"{name} exists, but is not in the index: run `mirada index` on its folder, {folder}"
    return (
        f"{name} does not exist and is not in the index: check the name, "
        "or run `mirada index` on its folder if the picture was moved"
    )


def _records(collection: Collection, ids: Sequence[str]) -> Iterator[ImageRecord]:
    for start in range(0, len(ids), AT_ONCE):
        try:
            yield from collection.records(ids[start : start + AT_ONCE])
        except KeyError as error:
            raise MiradaError(
                "another process has just changed the index: run this again"
            ) from error


def _print_data(collection: Collection, ids: Sequence[str]) -> None:
    from mirada.show.data import record_as_data  # noqa: PLC0415

    for record in _records(collection, ids):
        paths = [str(file.path) for file in record.files]
        encoder = collection.store.encoder
        print_json({**record_as_data(record), "paths": paths, "encoder": encoder})


def _print_text(collection: Collection, ids: Sequence[str], *, preview: bool | None) -> None:
    from rich.console import Console  # noqa: PLC0415 0.1 s: only where it is drawn

    from mirada.show.text import describe  # noqa: PLC0415

    console = Console(highlight=False)
    draws = wants_preview(preview)
    for record in _records(collection, ids):
        for at, file in enumerate(record.files):
            click.secho(shown_path(file.path), bold=at == 0)
        if draws:
            _draw(record)
        console.print(describe(record, encoder=collection.store.encoder))


def _draw(record: ImageRecord) -> None:
    from mirada.cli.preview import draw_large  # noqa: PLC0415 asks the terminal what it can do
    from mirada.show.draw import draw_boxes  # noqa: PLC0415 brings decoders
    from mirada.show.pictures import pixels_of  # noqa: PLC0415

    def boxed(size: int) -> Image:
        return draw_boxes(pixels_of(record, size), [region.box for region in record.regions])

    draw_large(boxed)


def _write_page(
    collection: Collection, ids: Sequence[str], path: Path | None, *, open_page: bool
) -> None:
    from mirada.show.page import page  # noqa: PLC0415 brings decoders

    if len(ids) > MOST_ON_A_PAGE:
        raise ConfigError(
            f"{len(ids):,} pictures are too many for a page, which takes {MOST_ON_A_PAGE}: "
            "draw some with --sample 40"
        )
    path = absolute(path or _usual_page(collection))
    records: Iterable[ImageRecord] = _records(collection, ids)
    title = f"{len(ids)} pictures"
    if len(ids) == 1:
        (record,) = records = list(records)
        title = readable(record.path.name)
    pieces = page(records, total=len(ids), title=title, encoder=collection.store.encoder)
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(pieces)
    except OSError as error:
        raise ConfigError(f"{readable(path)} cannot be written: {error.strerror}") from error
    click.echo(str(path))
    if open_page and not opened(path.as_uri()):
        click.echo("no browser could be opened here: open the page yourself", err=True)


def _usual_page(collection: Collection) -> Path:
    """In the home of the collection; where that is read-only, among the temporary files."""
    home = collection.home
    return (home if os.access(home, os.W_OK) else Path(tempfile.mkdtemp())) / PAGE_NAME
