"""`mirada tag`: what mirada found, written into the files that other programs read."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.options import home_option
from mirada.cli.output import print_json, shown_path
from mirada.collection import Collection
from mirada.errors import MiradaError
from mirada.paths import absolute, readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirada.tagging.decisions import Decisions
    from mirada.tagging.embed import Embedder
    from mirada.tagging.journal import Journal
    from mirada.tagging.writer import Moved, Plan
    from mirada.types import ImageRecord, SourceFile

BATCH = 256  # pictures looked up, or followed in the index, at a time
WIDTHS = (30, 36, 24)  # characters of the columns before the caption


@click.command(epilog="Example: mirada tag ~/Pictures --reject cat --write")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Write the tags; without it they are only shown.")
@click.option(
    "--embed", is_flag=True, help="Into the photos themselves, by ExifTool, not XMP sidecars."
)
@click.option("--accept", multiple=True, metavar="NAME", help="A tag that fits, however unsure.")
@click.option("--reject", multiple=True, metavar="NAME", help="A tag that does not fit.")
@click.option("--add", multiple=True, metavar="NAME", help="A tag of your own.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.7,
    show_default=True,
    help="Of tags that nobody decided on, and of captions.",
)
@click.option("--undo", is_flag=True, help="Restore the files that the last --write changed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
def tag(
    paths: tuple[Path, ...],
    write: bool,
    embed: bool,
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    add: tuple[str, ...],
    min_confidence: float,
    undo: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Show which tags would be written for indexed pictures, and write them with --write.

    PATHS are folders or pictures (default: this folder). Tags go into XMP sidecars (photo.jpg.xmp)
    as keywords that every photo program reads, merged with what is there; keywords of others are
    never removed. Decisions (--accept, --reject, --add) are kept in the index.
    """
    from mirada.tagging.decisions import Decisions  # noqa: PLC0415 commands start quickly
    from mirada.tagging.writer import Planner  # noqa: PLC0415 brings decoders

    roots = tuple(map(absolute, paths)) or (Path.cwd(),)
    collection = Collection(roots[0], home=home)
    decisions = Decisions(accept, reject, add)
    if undo:
        if write or embed or decisions:
            raise click.UsageError("--undo takes no other action with it")
        _undo(collection, as_json=as_json)
        return
    files = _files_below(collection, roots)
    if decisions:
        _decide(collection, files, decisions)
    planner = Planner(roots, embed=embed, min_confidence=min_confidence)
    plans = [planner.plan(record, file) for record, file in _records(collection, files)]
    if write:
        plans = _write(collection, plans, embed=embed)
    if as_json:
        print_json({"written": write, "pictures": [_as_json(plan) for plan in plans]})
    else:
        _print_table(plans)
    _say_what_next(plans, written=write)


def _files_below(collection: Collection, roots: Sequence[Path]) -> dict[SourceFile, str]:
    """The indexed files at or below the roots, by path, with their image ids.

    Raises:
        MiradaError: nothing at one of the roots is indexed.
    """
    everything = collection.store.files()
    found: dict[SourceFile, str] = {}
    for root in roots:
        below = {file: one for file, one in everything.items() if file.path.is_relative_to(root)}
        if not below:
            raise MiradaError(f"{readable(root)} is not in the index: run `mirada index` on it")
        found.update(below)
    return dict(sorted(found.items(), key=lambda pair: str(pair[0].path)))


def _records(
    collection: Collection, files: dict[SourceFile, str]
) -> Iterator[tuple[ImageRecord, SourceFile]]:
    pairs = list(files.items())
    for start in range(0, len(pairs), BATCH):
        batch = pairs[start : start + BATCH]
        ids = list(dict.fromkeys(image_id for _, image_id in batch))
        records = dict(zip(ids, collection.store.get(ids), strict=True))
        yield from ((records[image_id], file) for file, image_id in batch)


def _decide(collection: Collection, files: dict[SourceFile, str], decisions: Decisions) -> None:
    from mirada.tagging.decisions import save_decisions  # noqa: PLC0415 as above

    with collection.writing():
        ids = list(dict.fromkeys(files.values()))
        count = save_decisions(collection.store, ids, decisions)
    click.echo(f"decided in {count:,} of {_count(len(ids), 'picture')}", err=True)


def _write(collection: Collection, plans: Sequence[Plan], *, embed: bool) -> list[Plan]:
    """Write what is to be written; plans come back with the problems met.

    Raises:
        ConfigError: something cannot be written; nothing was.
        ModelUnavailable: ExifTool is not there; nothing was written.
    """
    from mirada.tagging.embed import Embedder  # noqa: PLC0415 as above
    from mirada.tagging.exiftool import ExifTool  # noqa: PLC0415
    from mirada.tagging.follow import follow  # noqa: PLC0415
    from mirada.tagging.journal import Journal  # noqa: PLC0415
    from mirada.tagging.targets import refuse_read_only  # noqa: PLC0415

    refuse_read_only(plan.target for plan in plans if plan.edit.changes)
    moves: list[Moved] = []
    done: list[Plan] = []
    with ExitStack() as stack:
        stack.enter_context(collection.writing())
        embedder = Embedder(stack.enter_context(ExifTool())) if embed else None
        journal = Journal(collection.home)
        stack.callback(lambda: follow(collection.store, moves))
        for plan in plans:
            written, moved = _write_one(plan, journal, embedder)
            done.append(written)
            moves += [moved] if moved else []
    return done


def _write_one(
    plan: Plan, journal: Journal, embedder: Embedder | None
) -> tuple[Plan, Moved | None]:
    from mirada.tagging.packet import Untaggable  # noqa: PLC0415 as above
    from mirada.tagging.writer import write  # noqa: PLC0415

    if not plan.edit.changes:
        return plan, None
    try:
        return plan, write(plan, journal, embedder)
    except Untaggable as error:
        return replace(plan, problem=str(error)), None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return replace(plan, problem=f"cannot be written: {reason}"), None


def _undo(collection: Collection, *, as_json: bool) -> None:
    """Restore files and the index; ends with 1 where a file was refused."""
    from mirada.tagging.follow import follow  # noqa: PLC0415 as above
    from mirada.tagging.journal import Journal  # noqa: PLC0415
    from mirada.tagging.undo import undo_last  # noqa: PLC0415

    with collection.writing():
        undone = undo_last(Journal(collection.home))
        follow(collection.store, [one.moved for one in undone if one.moved])
    if as_json:
        rows = [{"path": str(one.path), "problem": one.problem} for one in undone]
        print_json({"undone": rows})
    restored = [one for one in undone if one.problem is None]
    for one in undone:
        if one.problem:
            click.echo(f"{shown_path(one.path)}: {one.problem}", err=True)
    said = f"restored {_count(len(restored), 'file')}" if undone else "nothing to undo"
    click.echo(said, err=as_json)
    if len(restored) < len(undone):
        sys.exit(1)


def _print_table(plans: Sequence[Plan]) -> None:
    click.secho(_row("file", "to add", "already there", "caption"), dim=True)
    for plan in plans:
        edit = plan.edit
        if plan.problem is None and (edit.changes or edit.present):
            added = ", ".join((*edit.add, *(f"-{word}" for word in edit.remove)))
            there = ", ".join(edit.present)
            click.echo(_row(shown_path(plan.photo), added, there, edit.caption or ""))


def _row(*cells: str) -> str:
    """Columns in line; a cell that is too long keeps its end if it is a path, else its start."""
    first, *others, last = cells
    width = WIDTHS[0]
    first = first if len(first) <= width else f"…{first[1 - width :]}"
    cut = [
        text if len(text) <= w else f"{text[: w - 1]}…"
        for text, w in zip(others, WIDTHS[1:], strict=True)
    ]
    fixed = (f"{text:<{w}}" for text, w in zip((first, *cut), WIDTHS, strict=True))
    return "  ".join((*fixed, readable(last))).rstrip()


def _say_what_next(plans: Sequence[Plan], *, written: bool) -> None:
    """What was or would be done, on stderr; ends with 1 where writing met a problem."""
    problems = [plan for plan in plans if plan.problem]
    for plan in problems:
        click.echo(f"skipped {shown_path(plan.photo)}: {plan.problem}", err=True)
    changed = [plan for plan in plans if plan.edit.changes and plan.problem is None]
    tags = sum(len(plan.edit.add) for plan in changed)
    captions = sum(bool(plan.edit.captions) for plan in changed)
    count = f"{_count(tags, 'tag')} and {_count(captions, 'caption')}"
    if not written:
        click.echo(
            f"would add {count} to {_count(len(changed), 'picture')}: --write does it", err=True
        )
        return
    undo = "; `mirada tag --undo` takes it back" if changed else ""
    click.echo(f"added {count} to {_count(len(changed), 'picture')}{undo}", err=True)
    if problems:
        sys.exit(1)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _as_json(plan: Plan) -> dict[str, object]:
    return {
        "path": str(plan.photo),
        "target": str(plan.target),
        "add": list(plan.edit.add),
        "remove": list(plan.edit.remove),
        "present": list(plan.edit.present),
        "caption": plan.edit.caption,
        "changes": plan.edit.changes,
        "problem": plan.problem,
    }
