"""Files of models are compared with the checksums that were published."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mirada.integrity import check_model
from mirada.models.segmenters import WEIGHTS
from mirada.models.weights import promised_files

if TYPE_CHECKING:
    from pathlib import Path


def test_only_files_with_a_checksum_are_counted(tmp_path: Path) -> None:
    folder = shutil.copytree(WEIGHTS, tmp_path / "own")
    (folder / "README.md").write_text("what I did")
    (folder / "report.json").write_text("{}")
    (name,) = promised_files(folder)
    assert check_model(str(folder)) == (1, [])
    (folder / name).write_bytes(b"other")
    assert check_model(str(folder)) == (1, [folder / name])
