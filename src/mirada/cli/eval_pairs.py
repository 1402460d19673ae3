"""`mirada eval pairs`: whether a picture's true caption is told from a false one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from mirada.cli.output import print_json
from mirada.cli.pairs_output import (
    Line,
    choice_lines,
    finite,
    print_choices,
    print_head,
    print_statements,
    statement_lines,
    write_lines,
)
from mirada.cli.pairs_systems import SYSTEMS, Setting
from mirada.cli.progress import bar
from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirada.evaluation.pairs.benchmark import Benchmark
    from mirada.evaluation.pairs.evaluate import ChoiceReport, StatementReport
    from mirada.evaluation.pairs.examples import Choice, Statement
    from mirada.evaluation.pairs.pictures import Gallery
    from mirada.evaluation.pairs.systems import Scored, System

KINDS = ("sugarcrepe", "vsr", "nlvr2", "nlvr")


@click.command(
    epilog="Example: mirada eval pairs vsr/test.jsonl --images coco --tune vsr/dev.jsonl"
)
@click.argument("dataset", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--kind", type=click.Choice(KINDS), help="The benchmark. [default: told by its fields]"
)
@click.option(
    "--images",
    "folders",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="Folder with the pictures, loose at any depth or with index.jsonl; give it again for"
    " more. [default: beside DATASET]",
)
@click.option(
    "--tune",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Other statements of the same kind, on which the thresholds are chosen. [default: the"
    " calibrated cut of the search]",
)
@click.option(
    "--system",
    "names",
    type=click.Choice(list(SYSTEMS)),
    multiple=True,
    default=tuple(SYSTEMS),
    show_default=True,
    help="What scores: the vector of the whole image, or every clause on every region as `mirada"
    " search` does; the first is what the other is set against.",
)
@click.option("--encoder", default="mirada-small", show_default=True, help="Of the vectors.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the images and their index, kept for the next run. [default: none is kept]",
)
@click.option(
    "--per-query",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a JSON line for each example: its scores and what came out.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of intervals and tests.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def pairs(
    dataset: Path,
    kind: str | None,
    folders: tuple[Path, ...],
    tune: Path | None,
    names: tuple[str, ...],
    encoder: str,
    work: Path | None,
    per_query: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Tell a picture's true caption from a false one, or true statements from false ones.

    DATASET is a file or a folder as published: SugarCrepe (swap_att.json ...), VSR (test.jsonl),
    NLVR2 or NLVR (dev.json); their pictures are not part of it. Photos of a pair are put side by
    side. Of equal scores the wrong one counts. A threshold is never chosen on what is tested.
    """
    from mirada.evaluation.pairs.benchmark import read_benchmark  # noqa: PLC0415 only when it runs

    benchmark = read_benchmark(dataset, kind=kind)
    tuning = read_benchmark(tune, kind=benchmark.kind) if tune else None
    beside = tuple(one if one.is_dir() else one.parent for one in (dataset, tune) if one)
    with TemporaryDirectory() as scratch:
        asked = _prepare(benchmark, tuning, folders or beside, work or Path(scratch))
        setting = Setting(asked.gallery.images, asked.texts, encoder, work or Path(scratch))
        made = [SYSTEMS[name](setting) for name in dict.fromkeys(names)]
        systems = {one.name: one for one in made}
        found = _choose(asked, systems, seed) if asked.choices else _judge(asked, systems, seed)
    if per_query is not None:
        write_lines(per_query, found.lines)
    told = {"dataset": dataset.name, "seed": seed, **asked.told()}
    if as_json:
        print_json({**told, **finite(asdict(found.report))})
    else:
        print_head(told)
        found.show()


@dataclass(frozen=True, slots=True)
class Asked:
    """The examples whose pictures were found."""

    kind: str
    choices: Sequence[Choice]
    statements: Sequence[Statement]
    tuning: Sequence[Statement]
    tuned_on: str | None  # name of the file
    gallery: Gallery
    lost: int  # examples without their pictures, those for tuning included

    @property
    def texts(self) -> list[str]:
        """All that will be asked."""
        return [
            *(text for one in self.choices for text in (one.caption, one.negative)),
            *(one.text for one in (*self.statements, *self.tuning)),
        ]

    def rows(self, examples: Sequence[Choice | Statement]) -> list[int]:
        """The image of each example."""
        return [self.gallery.rows[one.pictures] for one in examples]

    def told(self) -> dict[str, Any]:
        """How much there is."""
        return {
            "kind": self.kind,
            "examples": len(self.choices) + len(self.statements),
            "tuned_on": self.tuned_on,
            "tuning": len(self.tuning),
            "images": len(self.gallery.images),
            "left_out": self.lost,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """What came out."""

    report: ChoiceReport | StatementReport
    lines: Sequence[Line]
    show: Callable[[], None]


def _prepare(
    benchmark: Benchmark, tuning: Benchmark | None, folders: Sequence[Path], work: Path
) -> Asked:
    from mirada.evaluation.pairs.decisions import refuse_leaks  # noqa: PLC0415
    from mirada.evaluation.pairs.pictures import gallery_of, pictures_in  # noqa: PLC0415

    if tuning is not None:
        refuse_leaks(benchmark, tuning)
    others = tuning.statements if tuning else ()
    examples: list[Choice | Statement] = [*benchmark.choices, *benchmark.statements, *others]
    with bar("looking for pictures", len({one.pictures for one in examples})) as advance:
        gallery = gallery_of(examples, pictures_in(folders), work / "pairs", advance=advance)
    choices = [one for one in benchmark.choices if gallery.has(one)]
    statements = [one for one in benchmark.statements if gallery.has(one)]
    kept = [one for one in others if gallery.has(one)]
    if not choices and not statements:
        raise DatasetError("only pictures to tune on were found: give those of DATASET by --images")
    lost = len(examples) - len(choices) - len(statements) - len(kept)
    tuned_on = tuning.files[0].name if tuning else None
    return Asked(benchmark.kind, choices, statements, kept, tuned_on, gallery, lost)


def _choose(asked: Asked, systems: Mapping[str, System], seed: int) -> Found:
    from mirada.evaluation.pairs.evaluate import chosen, report_choices  # noqa: PLC0415

    rows = asked.rows(asked.choices)
    true = _score(systems, [one.caption for one in asked.choices], rows)
    false = _score(systems, [one.negative for one in asked.choices], rows)
    right = {name: chosen(true[name], false[name]) for name in systems}
    report = report_choices(asked.choices, right, seed=seed)
    lines = choice_lines(asked.choices, true, false, right)
    return Found(report, lines, lambda: print_choices(report))


def _judge(asked: Asked, systems: Mapping[str, System], seed: int) -> Found:
    from mirada.evaluation.pairs.decisions import by_cut, by_threshold  # noqa: PLC0415
    from mirada.evaluation.pairs.evaluate import report_statements  # noqa: PLC0415

    statements, tuning = asked.statements, asked.tuning
    scored = _score(systems, [one.text for one in statements], asked.rows(statements))
    if asked.tuned_on is None:
        decided = {name: by_cut(own) for name, own in scored.items()}
    else:
        tuned = _score(systems, [one.text for one in tuning], asked.rows(tuning))
        decided = {
            name: by_threshold(own, tuned[name], tuning, asked.tuned_on)
            for name, own in scored.items()
        }
    report = report_statements(statements, scored, decided, seed=seed)
    lines = statement_lines(statements, scored, decided)
    return Found(report, lines, lambda: print_statements(report))


def _score(
    systems: Mapping[str, System], texts: Sequence[str], rows: Sequence[int]
) -> dict[str, Scored]:
    found = {}
    for name, system in systems.items():
        with bar(name, len(set(texts))) as advance:
            found[name] = system.score(texts, rows, advance=advance)
    return found
