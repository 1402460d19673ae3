"""`mirada tags`: the words that pictures are tagged with, and how often each was found."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mirada.cli.options import collection_here, home_option
from mirada.cli.output import print_json
from mirada.config import home_for_index
from mirada.errors import ConfigError
from mirada.vocabulary.entries import EDITED, SHIPPED, TEMPLATES, read_vocabulary, vocabulary_of

if TYPE_CHECKING:
    from mirada.collection import Collection
    from mirada.vocabulary.entries import Vocabulary

BATCH = 256  # pictures looked up at a time
IN_HOME = ""  # of --vocabulary without a file


@click.command(epilog="Example: mirada tags --kind animal; mirada tags --vocabulary my-tags.tsv")
@click.option(
    "--vocabulary",
    metavar="[FILE]",
    is_flag=False,
    flag_value=IN_HOME,
    help="Use the words of FILE; without FILE, say where the words of this collection can be"
    " edited, after copying the shipped ones there.",
)
@click.option("--kind", type=click.Choice(sorted(TEMPLATES)), help="Only tags of this kind.")
@click.option("--all", "everything", is_flag=True, help="Also those that no picture has.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
def tags(
    vocabulary: str | None,
    kind: str | None,
    everything: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """List the tags of this collection with how many pictures have each.

    The words that are looked for are a table that you may edit: see --vocabulary. The next
    `mirada index` then makes the tags anew, and nothing else.
    """
    if vocabulary is not None:
        place = home_for_index((Path.cwd(),), home=home) / EDITED
        _set_vocabulary(place, Path(vocabulary) if vocabulary != IN_HOME else None)
        return
    collection = collection_here(home)
    words = vocabulary_of(collection.home)
    rows = [
        row
        for row in _rows(words, _counts(collection))
        if (everything or row["pictures"]) and kind in (None, row["kind"])
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['pictures']:>7,}  {row['name']:<28} {row['kind']:<10} {row['spanish']}")
    total = f"{_tags(len(rows))} of {len(words):,}, in {len(collection):,} pictures"
    click.echo(total if everything else f"{total}; --all lists them", err=True)


def _set_vocabulary(place: Path, file: Path | None) -> None:
    """Put a checked copy of `file` at `place`, or of the shipped words if nothing is there."""
    if file is None and place.is_file():
        words = read_vocabulary(place)
    else:
        source = file or SHIPPED
        words = read_vocabulary(source)
        _copy(source, place)
    click.echo(
        f"{_tags(len(words))}: edit the file and run `mirada index`; delete it to go back to those "
        "that mirada brings",
        err=True,
    )
    click.echo(str(place))


def _copy(source: Path, place: Path) -> None:
    content = source.read_bytes()  # before anything is written: it may be the same file
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f"{place.name}.new")
        beside.write_bytes(content)
        beside.replace(place)
    except OSError as error:
        raise ConfigError(f"{place} cannot be written: {error.strerror}") from error


def _tags(count: int) -> str:
    return f"{count:,} tag" if count == 1 else f"{count:,} tags"


def _counts(collection: Collection) -> Counter[str]:
    """Name -> pictures that have the tag; what the user rejected does not count."""
    store = collection.store
    found: Counter[str] = Counter()
    ids = list(store.ids())
    for start in range(0, len(ids), BATCH):
        for record in store.get(ids[start : start + BATCH]):
            found.update({tag.name for tag in record.tags if tag.state != "rejected"})
    return found


def _rows(words: Vocabulary, counts: Counter[str]) -> list[dict[str, Any]]:
    """By falling count, then by name; tags of the user's own and of former vocabularies too."""
    known = {entry.name: (entry.kind, entry.spanish) for entry in words.entries}
    rows = [
        {"name": name, "kind": kind, "spanish": spanish, "pictures": counts[name]}
        for name, (kind, spanish) in {**dict.fromkeys(counts, ("", "")), **known}.items()
    ]
    return sorted(rows, key=lambda row: (-int(row["pictures"]), str(row["name"])))
