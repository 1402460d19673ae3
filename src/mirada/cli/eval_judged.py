"""`mirada eval judged`: the systems of a collection on what people judged."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mirada.cli.compared_output import print_compared
from mirada.cli.options import collection_here, home_option
from mirada.cli.output import print_json
from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirada.evaluation.compared import Comparison
    from mirada.evaluation.trec import Qrels
    from mirada.judging.topics import Topic

MEASURES: Final = ("nDCG@10", "AP", "R@10")
LIMIT: Final = 100  # results a query
BASELINE: Final = "vectors"


@click.command(
    epilog="""\b
Examples:
  mirada eval judged ~/Pictures/.mirada/judgements
  mirada eval judged qrels.txt --home ~/Pictures/.mirada --json"""
)
@click.argument("judged", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--topics",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The queries of qrels, one a line: id, tab, words. [default: beside the qrels]",
)
@click.option("--seed", default=0, show_default=True, help="Of bootstraps and tests.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
def judged(judged: Path, topics: Path | None, seed: int, as_json: bool, home: Path | None) -> None:
    """Search by every query that was judged, in each of four ways, and compare what they find.

    JUDGED is a folder or file of judgements, as `mirada judge` keeps them beside the index, or
    qrels in TREC format. Every query counts; what nobody judged counts as not fitting, and its
    share is told. Each way is set against vectors alone by a paired randomisation test, with
    p-values corrected after Holm.
    """
    from mirada.cli.systems import search_by_all  # noqa: PLC0415 only when it runs
    from mirada.evaluation.compared import compare  # noqa: PLC0415
    from mirada.evaluation.judged import run_of, unjudged_share  # noqa: PLC0415
    from mirada.evaluation.measures import groups_of, measure_run, parse_measures  # noqa: PLC0415

    qrels, asked = _read(judged, topics)
    measures = parse_measures(MEASURES)  # fails before long work where the extra is missing
    found = search_by_all(collection_here(home), [one.text for one in asked], limit=LIMIT)
    rankings = {
        system: {topic.id: own[system] for topic, own in zip(asked, found, strict=True)}
        for system in found[0]
    }
    runs = {system: run_of(system, own) for system, own in rankings.items()}
    values = {system: measure_run(run, qrels, measures) for system, run in runs.items()}
    unjudged = {system: unjudged_share(own, qrels) for system, own in rankings.items()}
    report = compare(values, baseline=BASELINE, groups=groups_of(qrels), seed=seed)
    empty = sum(not qrels.relevant(query) for query in qrels.grades)
    if as_json:
        told = {"unjudged@10": unjudged, "without_relevant": empty, "seed": seed}
        print_json({**asdict(report), **told})
    else:
        _print(report, unjudged, empty)


def _read(path: Path, topics: Path | None) -> tuple[Qrels, list[Topic]]:
    """The judgements, and their queries in the same order."""
    from mirada.evaluation.trec import Qrels, read_qrels  # noqa: PLC0415
    from mirada.judging.judgements import (  # noqa: PLC0415
        ENDING,
        read_judgements,
        settled,
        topics_of,
    )
    from mirada.judging.topics import read_topics, topics_beside  # noqa: PLC0415

    if path.is_dir() or path.suffix == ENDING:
        judgements = read_judgements(path)
        if not judgements:
            raise DatasetError(f"{path}: every judgement was taken back: judge some pictures")
        return Qrels(settled(judgements)), topics_of(judgements)
    qrels = read_qrels(path)
    beside = topics or topics_beside(path)
    if not beside.is_file():
        raise DatasetError(f"{beside} is not there: name the file of the queries with --topics")
    known = {topic.id: topic for topic in read_topics(beside)}
    missing = qrels.grades.keys() - known.keys()
    if missing:
        raise DatasetError(f"{beside} lacks query {min(missing)}, which {path} judges")
    return qrels, [known[query] for query in qrels.grades]


def _print(report: Comparison, unjudged: Mapping[str, float], empty: int) -> None:
    click.echo(
        f"{report.queries:,} queries, {report.groups:,} independent, {empty:,} with nothing "
        f"that fits; against {report.baseline}"
    )
    print_compared(report)
    shares = ", ".join(f"{system} {100 * share:.1f}%" for system, share in unjudged.items())
    click.echo(f"unjudged among the first ten: {shares}")
