"""`mirada eval runs`: compare runs of any systems on the same judgements."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.compared_output import print_compared, print_rows
from mirada.cli.output import print_json
from mirada.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mirada.evaluation.compared import Comparison
    from mirada.evaluation.trec import Qrels, Run

    Values = Mapping[str, Mapping[str, NDArray[np.float64]]]

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog="Example: mirada eval runs qrels.txt old.run new.run -m R@10 -m nDCG@10")
@click.argument("qrels", type=FILE)
@click.argument("runs", type=FILE, nargs=-1, required=True, metavar="RUN...")
@click.option(
    "-m",
    "--measure",
    "measures",
    multiple=True,
    help="As ir_measures writes it; give it again for more. [default: R@1 R@5 R@10 RR AP nDCG@10]",
)
@click.option("--baseline", help="Name or file of the run that others are set against: the first.")
@click.option(
    "--per-query",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write each query's values to this file, tab-separated.",
)
@click.option("--seed", default=0, show_default=True, help="Of bootstraps and tests.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def runs(
    qrels: Path,
    runs: tuple[Path, ...],
    measures: tuple[str, ...],
    baseline: str | None,
    per_query: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Measure RUNs against QRELS, all in the formats of TREC (.gz too), and compare them.

    Means come with 95% bootstrap intervals. Each run is set against the first by a paired
    randomisation test of 10,000 rounds; p-values are corrected after Holm for the number of runs.
    Every query of the qrels counts, also where a run found nothing. Queries with the same relevant
    images, such as the captions of one image, are drawn together.
    """
    from mirada.evaluation.compared import compare  # noqa: PLC0415 only when it runs
    from mirada.evaluation.measures import (  # noqa: PLC0415
        USUAL,
        groups_of,
        measure_run,
        median_rank,
        parse_measures,
    )
    from mirada.evaluation.trec import read_qrels  # noqa: PLC0415

    names = parse_measures(measures or USUAL)
    judged = read_qrels(qrels)
    systems = _read(runs)
    first = _baseline(baseline, systems, runs)
    values = {name: measure_run(run, judged, names) for name, run in systems.items()}
    medians = {name: median_rank(run, judged) for name, run in systems.items()}
    found = compare(values, baseline=first, groups=groups_of(judged), seed=seed)
    if per_query:
        _write_queries(per_query, judged, values)
    if as_json:
        told = {name: one if isfinite(one) else None for name, one in medians.items()}
        print_json({**asdict(found), "median_rank": told, "seed": seed})
    else:
        _print(found, medians)


def _read(paths: Sequence[Path]) -> dict[str, Run]:
    """The runs by name or, where two have the same, by file."""
    from mirada.evaluation.trec import read_run  # noqa: PLC0415

    read = [read_run(path) for path in paths]
    if len({run.name for run in read}) == len(read):
        return {run.name: run for run in read}
    by_file = dict(zip(map(str, paths), read, strict=True))
    if len(by_file) < len(read):
        raise ConfigError("a run is named twice: name each file once")
    return by_file


def _baseline(wanted: str | None, systems: Mapping[str, Run], paths: Sequence[Path]) -> str:
    if wanted is None:
        return next(iter(systems))
    of_file = dict(zip(map(str, paths), systems, strict=True))
    name = wanted if wanted in systems else of_file.get(wanted)
    if name is None:
        raise ConfigError(f"no run is called {wanted!r}: choose of {', '.join(systems)}")
    return name


def _write_queries(path: Path, judged: Qrels, values: Values) -> None:
    from mirada.paths import readable  # noqa: PLC0415

    first = next(iter(values.values()))
    lines = ["\t".join(["query", "measure", *values])]
    for row, query in enumerate(judged.grades):
        for measure in first:
            own = (f"{of[measure][row]:.6f}" for of in values.values())
            lines.append("\t".join([readable(query), measure, *own]))
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _print(found: Comparison, medians: Mapping[str, float]) -> None:
    click.echo(f"{found.queries:,} queries, {found.groups:,} independent; against {found.baseline}")
    print_compared(found)
    print_rows("median", {system: f"{one:>8g}" for system, one in medians.items()}, found)
