"""`mirada judge --export`: judgements as qrels, and how far the judges agree."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING, Any

import click

from mirada.cli.output import print_json
from mirada.evaluation.trec import Qrels, write_qrels
from mirada.judging.agreement import agreements
from mirada.judging.judgements import read_judgements, settled, topics_of
from mirada.judging.log import FOLDER
from mirada.judging.topics import topics_beside, write_topics

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.collection import Collection
    from mirada.judging.agreement import Agreement


def export_judgements(collection: Collection, path: Path, *, as_json: bool) -> None:
    """Write the qrels to `path` and the topics beside it; print what was written.

    Raises:
        DatasetError: there are no judgements, or a file cannot be read or written.
    """
    judgements = read_judgements(collection.home / FOLDER)
    topics, grades = topics_of(judgements), settled(judgements)
    beside = topics_beside(path)
    write_qrels(path, Qrels(grades))
    write_topics(beside, topics)
    found = agreements(judgements)
    count = sum(map(len, grades.values()))
    if as_json:
        print_json(
            {
                "qrels": str(path),
                "topics": str(beside),
                "queries": len(topics),
                "judged": count,
                "agreement": [_as_json(one) for one in found],
            }
        )
        return
    click.echo(f"{path}: {count:,} pictures judged for {len(topics):,} queries")
    click.echo(f"{beside}: the queries")
    for one in found:
        click.echo(_told(one))


def _told(found: Agreement) -> str:
    first, second = found.judges
    return (
        f"{first} and {second}: {found.pictures:,} pictures in common, "
        f"{100 * found.same:.0f}% with the same grade, Cohen's kappa {_shown(found.kappa)}, "
        f"linearly weighted {_shown(found.weighted_kappa)}"
    )


def _shown(kappa: float) -> str:
    return "undefined" if isnan(kappa) else f"{kappa:.2f}"


def _as_json(found: Agreement) -> dict[str, Any]:
    """NaN, for which JSON has no number, comes as null."""
    return {
        name: None if isinstance(value, float) and isnan(value) else value
        for name, value in asdict(found).items()
    }
