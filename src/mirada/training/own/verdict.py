"""Whether a tuned model is to be used: before and after, on pictures that it never learnt from.

It must be significantly better on those held out, and where there is a general dev set no worse
on that than a point of R@10.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mirada.evaluation.compared import Comparison, compare
from mirada.evaluation.encoding import encode_texts
from mirada.evaluation.measures import first_ranks
from mirada.models.small import SmallEncoder, open_session, unit_rows
from mirada.models.weights import IMAGE_HEAD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.types import Matrix

BEFORE, AFTER = "before", "after"
CUTS: Final = (1, 5, 10)
DECIDES: Final = "RR"
"""The reciprocal rank decides: with few pictures R@10 is near its ceiling and tells little."""
GENERAL: Final = "R@10"  # on the dev set
LEVEL: Final = 0.05
MOST_LOST: Final = 0.01  # of R@10 on the dev set


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures with texts by which each is to be found among all of them."""

    pooled: NDArray[np.float32]  # (n, channels)
    texts: Sequence[str]
    relevant: Sequence[Sequence[int]]  # for each text the rows that it fits
    owners: Sequence[int]  # for each text the row of which it was said


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both models on both sets."""

    former: str  # name of the model
    tuned: str
    held_out: Comparison
    dev: Comparison | None  # None: there was no dev set

    @property
    def is_better(self) -> bool:
        """On the pictures held out, beyond chance."""
        told = self.held_out.systems[AFTER][DECIDES].difference
        return told is not None and told.interval.mean > 0 and told.p < LEVEL

    @property
    def lost(self) -> float:
        """R@10 lost on the dev set, as a share; 0 without one."""
        told = self.dev.systems[AFTER][GENERAL].difference if self.dev else None
        return -told.interval.mean if told else 0.0

    @property
    def is_to_be_used(self) -> bool:
        """Better here, and not much worse elsewhere."""
        return self.is_better and self.lost <= MOST_LOST

    def __str__(self) -> str:
        """One sentence that says what follows and why."""
        told = self.held_out.systems[AFTER][DECIDES].difference
        p = told.p if told else 1.0
        if not self.is_better:
            return (
                f"{self.tuned} is not significantly better on the pictures held out ({_shown(p)})"
            )
        if self.lost > MOST_LOST:
            return (
                f"{self.tuned} is better on the pictures held out ({_shown(p)}), but loses "
                f"{100 * self.lost:.1f} points of {GENERAL} on the dev set"
            )
        general = f", and loses {100 * max(self.lost, 0):.1f} points of {GENERAL} on the dev set"
        beside = general if self.dev else "; there was no dev set to see what it costs elsewhere"
        return f"{self.tuned} is better on the pictures held out ({_shown(p)}){beside}"


def judge(
    former: SmallEncoder, tuned: SmallEncoder, held_out: Gallery, dev: Gallery | None
) -> Verdict:
    """Let every text of a gallery search it with both models."""
    both = [_compared(former, tuned, gallery) if gallery else None for gallery in (held_out, dev)]
    found, general = both
    if found is None:
        raise ValueError("no pictures were held out")
    return Verdict(former.name, tuned.name, found, general)


def place(folder: Path, pooled: NDArray[np.float32]) -> Matrix:
    """(n, dim) unit rows of pooled maps, by the image head of the model in a folder."""
    given = {"pooled": np.ascontiguousarray(pooled, np.float32)}
    return unit_rows(open_session(folder / IMAGE_HEAD).run(None, given)[0])


def as_markdown(verdict: Verdict) -> str:
    """Both tables with the verdict."""
    lines = [f"# {verdict.tuned} against {verdict.former}", "", f"{verdict}.", ""]
    for title, one in (("Pictures held out", verdict.held_out), ("Dev set", verdict.dev)):
        if one is not None:
            lines += [f"## {title}: {one.groups:,} pictures, {one.queries:,} texts", ""]
            lines += [*_table(one), ""]
    lines.append(
        "Percent; intervals are 95% of a bootstrap over pictures, p of a paired randomisation test "
        "over pictures."
    )
    return "\n".join(lines) + "\n"


def as_json(verdict: Verdict) -> dict[str, Any]:
    """All figures, as shares."""
    return asdict(verdict) | {"is_to_be_used": verdict.is_to_be_used, "said": str(verdict)}


def _table(compared: Comparison) -> list[str]:
    rows = ["| measure | before | after | difference | p |", "|---|---|---|---|---|"]
    for measure, before in compared.systems[BEFORE].items():
        after = compared.systems[AFTER][measure]
        if after.difference is not None:
            span, p = after.difference.interval.times(100), after.difference.p
            rows.append(
                f"| {measure} | {100 * before.mean.mean:.1f} | {100 * after.mean.mean:.1f} | "
                f"{span.mean:+.1f} ({span.low:+.1f} to {span.high:+.1f}) | {p:.4f} |"
            )
    return rows


def _compared(former: SmallEncoder, tuned: SmallEncoder, gallery: Gallery) -> Comparison:
    values = {
        name: _values(encoder, gallery) for name, encoder in ((BEFORE, former), (AFTER, tuned))
    }
    return compare(values, baseline=BEFORE, groups=gallery.owners)


def _values(encoder: SmallEncoder, gallery: Gallery) -> dict[str, NDArray[np.float64]]:
    queries = encode_texts(encoder, gallery.texts).rows
    ranks = first_ranks(queries, place(encoder.folder, gallery.pooled), gallery.relevant)
    found = {f"R@{cut}": (ranks <= cut).astype(np.float64) for cut in CUTS}
    return found | {"RR": 1 / ranks}


def _shown(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
