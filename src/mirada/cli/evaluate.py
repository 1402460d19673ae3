"""`mirada eval`: how good mirada is, measured on a dataset."""

from __future__ import annotations

import click

from mirada.cli.lazy import LazyGroup

COMMANDS = {
    "answers": "mirada.cli.eval_answers:answers",
    "cache": "mirada.cli.eval_cache:cache",
    "captions": "mirada.cli.eval_captions:captions",
    "judged": "mirada.cli.eval_judged:judged",
    "pairs": "mirada.cli.eval_pairs:pairs",
    "parser": "mirada.cli.eval_parser:parser",
    "regions": "mirada.cli.eval_regions:regions",
    "retrieval": "mirada.cli.eval_retrieval:retrieval",
    "runs": "mirada.cli.eval_runs:runs",
    "sources": "mirada.cli.eval_sources:sources",
    "spatial": "mirada.cli.eval_spatial:spatial",
    "tags": "mirada.cli.eval_tags:tags",
}


@click.group(
    "eval",
    cls=LazyGroup,
    table=COMMANDS,
    usual="retrieval",
    epilog="Example: mirada eval data/dev --split coco, which is `mirada eval retrieval ...`",
)
def evaluate() -> None:
    """Measure on a dataset: retrieval (the usual one), regions, captions, spatial, parser ..."""
