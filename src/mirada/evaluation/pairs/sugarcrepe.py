"""SugarCrepe (Hsieh et al., NeurIPS 2023): a caption against a fluent one that is a little wrong.

Files such as swap_att.json: {"0": {"filename", "caption", "negative_caption"}, ...}, one for each
way to be wrong; the pictures are those of COCO val2017.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from mirada.evaluation.pairs.examples import Choice, Format, Row, text_of


def _read(row: Row, key: str, path: Path) -> Choice:
    return Choice(
        f"{path.stem}/{key}",
        path.stem,
        (PurePosixPath(text_of(row, "filename")).stem,),
        text_of(row, "caption"),
        text_of(row, "negative_caption"),
    )


SUGARCREPE = Format("sugarcrepe", frozenset(("filename", "caption", "negative_caption")), _read)
