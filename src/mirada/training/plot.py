"""The log of a training run as a picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

RECALLS = ("R@1", "R@5", "R@10")


def plot_log(rows: Sequence[Mapping[str, Any]], to: Path) -> None:
    """Loss and dev R@10 by epoch, the contrastive stages one after the other."""
    import matplotlib as mpl  # noqa: PLC0415 an extra, only for pictures

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    shown = [row for row in rows if row["stage"] != "distil"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    epochs = range(1, len(shown) + 1)
    left.plot(epochs, [row["loss"] for row in shown], color="black")
    left.set(xlabel="epoch", title="training loss")
    for name in sorted({name for row in shown for name, value in row.items() if _is_recall(value)}):
        tenth = [row[name][RECALLS.index("R@10")] for row in shown]
        right.plot(epochs, tenth, label=name, linestyle="--" if name.endswith("es") else "-")
    right.set(xlabel="epoch", title="dev R@10, text to image")
    right.legend()
    for before, (row, after) in enumerate(pairwise(shown), 1):
        if row["stage"] != after["stage"]:
            for axes in (left, right):
                axes.axvline(before + 0.5, color="grey", linewidth=0.5)
    figure.savefig(to, dpi=100)
    plt.close(figure)


def plot_perplexities(rows: Sequence[Mapping[str, Any]], to: Path) -> None:
    """Loss of a captioner and its dev perplexity for each kind of text, by epoch."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    epochs = range(1, len(rows) + 1)
    left.plot(epochs, [row["loss"] for row in rows], color="black")
    left.set(xlabel="epoch", title="training loss")
    for name in sorted({name for row in rows for name in row if name.endswith("perplexity")}):
        right.plot(epochs, [row[name] for row in rows], label=name.removesuffix(" perplexity"))
    right.set(xlabel="epoch", title="dev perplexity of a word piece")
    right.legend()
    figure.savefig(to, dpi=100)
    plt.close(figure)


def _is_recall(value: object) -> bool:
    return isinstance(value, list) and len(value) == len(RECALLS)
