"""NLVR (Suhr et al., ACL 2017): a sentence about a drawing of three boxes with shapes.

Files such as dev.json, a line each: {"identifier": "1373-0", "sentence", "label": "true",
"directory", "structured_rep", ...}. Of the drawings of an example, which differ in the order of the
boxes, the first is taken: dev-1373-0-0.png.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.evaluation.pairs.examples import Format, Row, Statement, text_of, truth

if TYPE_CHECKING:
    from pathlib import Path


def _read(row: Row, key: str, path: Path) -> Statement:  # noqa: ARG001 rows have keys of their own
    identifier = text_of(row, "identifier")
    return Statement(
        identifier,
        "drawings",
        (f"{path.stem}-{identifier}-0",),
        text_of(row, "sentence"),
        truth(row["label"]),
        identifier.split("-")[0],
    )


NLVR = Format("nlvr", frozenset(("identifier", "sentence", "label", "structured_rep")), _read)
