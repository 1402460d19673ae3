"""`mirada parse`: what mirada understands of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

from mirada.cli.output import print_json
from mirada.search.parsing.as_json import parsed_as_json
from mirada.search.query import parse as parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirada.types import Filter, ParsedQuery, Phrase, Relation

_NAMES = {"en": "English", "es": "Spanish"}


@click.command(epilog='Example: mirada parse "a red car on the left, no people, before 2020"')
@click.argument("query", required=False)
@click.option(
    "--batch",
    type=click.File("r", encoding="utf-8", errors="surrogateescape"),
    help="A file of queries, one a line, or - for stdin. Prints one JSON line for each.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def parse(query: str | None, batch: TextIO | None, as_json: bool) -> None:
    """Show how QUERY is understood: things, their places and relations, filters.

    Words that no rule could place are listed too: they count for the picture as a whole.
    """
    if (query is None) == (batch is None):
        raise click.UsageError("give either a QUERY or --batch FILE")
    if batch is not None:
        for line in batch:
            if line.strip():
                print_json(parsed_as_json(parse_query(line.strip())))
    elif as_json:
        print_json(parsed_as_json(parse_query(query or "")))
    else:
        parsed = parse_query(query or "")
        click.echo("\n".join(tree(parsed)))
        for warning in parsed.warnings:
            click.echo(f"warning: {warning}", err=True)


def tree(parsed: ParsedQuery) -> Iterator[str]:
    """The lines of a parse, as a tree."""
    yield f"{parsed.raw.strip() or '(nothing)'}  ({_NAMES[parsed.lang]})"
    if parsed.alternatives:
        yield from _branches([("either", list(tree(one))) for one in parsed.alternatives])
    else:
        yield from _branches(list(_parts(parsed)))


def _parts(parsed: ParsedQuery) -> Iterator[tuple[str, list[str]]]:
    """Label and lines of each part that is there."""
    if parsed.scene:
        yield "scene", [parsed.scene]
    for index, phrase in enumerate(parsed.phrases):
        links = [one for one in parsed.relations if one.subj == index]
        below = [(_relation(one), [_objects(one, parsed.phrases)]) for one in links]
        yield "thing", [_phrase(phrase), *_branches(below)]
    for phrase in parsed.negations:
        yield "without", [_phrase(phrase)]
    for one in parsed.filters:
        yield "filter", [_filter(one)]
    if parsed.unplaced:
        yield "not placed", [", ".join(parsed.unplaced)]


def _branches(parts: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    for index, (label, lines) in enumerate(parts):
        last = index == len(parts) - 1
        first, *others = lines
        yield f"{'└' if last else '├'}─ {label}: {first}"
        yield from (f"{' ' if last else '│'}  {line}" for line in others)


def _phrase(phrase: Phrase) -> str:
    said = [f"count {phrase.count}"] if phrase.count else []
    said += [f"at {place}" for place in phrase.pos]
    if phrase.head != phrase.text:
        said.insert(0, phrase.head)
    return f"{phrase.text}  [{', '.join(said)}]" if said else phrase.text


def _relation(relation: Relation) -> str:
    return f"not {relation.rel}" if relation.negated else relation.rel


def _objects(relation: Relation, phrases: Sequence[Phrase]) -> str:
    return " and ".join(phrases[one].text for one in relation.objs)


def _filter(one: Filter) -> str:
    return f"{one.field} {one.op} {one.value}"
