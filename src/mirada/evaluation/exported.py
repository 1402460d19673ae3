"""An evaluation of captions as judgements and a run, for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.measures import CHUNK
from mirada.evaluation.trec import Qrels, Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.evaluation.retrieval import EncodedDataset

DEPTH: Final = 100  # images a query


def query_ids(names: Sequence[str], owners: Sequence[int]) -> list[str]:
    """An id for each caption: the name of its image and, from 0, which of its captions it is.

    Args:
        names: of the images.
        owners: for each caption, the row of its image; those of one image stand together.
    """
    ids, number = [], 0
    for place, row in enumerate(owners):
        number = number + 1 if place and owners[place - 1] == row else 0
        ids.append(f"{names[row]}#{number}")
    return ids


def caption_qrels(names: Sequence[str], owners: Sequence[int]) -> Qrels:
    """Each caption is answered by its own image alone; arguments as in `query_ids`."""
    ids = query_ids(names, owners)
    return Qrels({one: {names[row]: 1} for one, row in zip(ids, owners, strict=True)})


def caption_run(seen: EncodedDataset, names: Sequence[str], *, depth: int = DEPTH) -> Run:
    """The nearest `depth` images of each caption, with cosines as scores."""
    gallery, queries = seen.images.rows, seen.texts.rows
    ids = query_ids(names, seen.owners)
    count = min(depth, len(gallery))
    scores: dict[str, dict[str, float]] = {}
    for start in range(0, len(queries), CHUNK):
        near = queries[start : start + CHUNK] @ gallery.T
        best = np.argsort(-near, axis=1, kind="stable")[:, :count]
        for row, columns in enumerate(best):
            values = near[row, columns].tolist()
            found = (names[column] for column in columns.tolist())
            scores[ids[start + row]] = dict(zip(found, values, strict=True))
    return Run(seen.model, scores)
