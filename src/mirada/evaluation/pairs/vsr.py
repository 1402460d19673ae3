"""VSR (Liu et al., TACL 2023): how two things lie to one another, said truly or falsely.

Files such as test.jsonl, a line each: {"image", "caption", "label": 0 or 1, "relation", ...}; the
pictures are those of COCO train2017 and val2017.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from mirada.evaluation.pairs.examples import Format, Row, Statement, text_of, truth


def _read(row: Row, key: str, path: Path) -> Statement:
    picture = PurePosixPath(text_of(row, "image")).stem
    return Statement(
        f"{path.stem}/{key}",
        text_of(row, "relation"),
        (picture,),
        text_of(row, "caption"),
        truth(row["label"]),
        picture,
    )


VSR = Format("vsr", frozenset(("image", "caption", "label", "relation")), _read)
