"""NLVR2 (Suhr et al., ACL 2019): a sentence about two photos side by side, true or false.

Files such as dev.json, a line each: {"identifier": "dev-850-0-1", "sentence", "label": "True",
"left_url", "right_url", ...}; the photos are dev-850-0-img0.png and dev-850-0-img1.png.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.evaluation.pairs.examples import Format, Row, Statement, text_of, truth

if TYPE_CHECKING:
    from pathlib import Path


def _read(row: Row, key: str, path: Path) -> Statement:  # noqa: ARG001 rows have keys of their own
    identifier = text_of(row, "identifier")
    parts = identifier.split("-")
    if len(parts) != 4:
        raise ValueError(f"the identifier {identifier!r} is not SPLIT-SET-PAIR-SENTENCE")
    pair = "-".join(parts[:3])
    return Statement(
        identifier,
        "pairs",
        (f"{pair}-img0", f"{pair}-img1"),
        text_of(row, "sentence"),
        truth(row["label"]),
        "-".join(parts[:2]),  # pairs of a set share photos
    )


NLVR2 = Format("nlvr2", frozenset(("identifier", "sentence", "label", "left_url")), _read)
