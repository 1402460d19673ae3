from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from mirada.models import checksums
from mirada.models.checksums import digest_of_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as large, and a cache of its own."""
    monkeypatch.setenv("MIRADA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checksums, "LARGE", 3)
    path = tmp_path / "weights.bin"
    path.write_bytes(b"abcd")
    return path


def hashed_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    with monkeypatch.context() as patch:
        patch.setattr(checksums, "hash_file", lambda _: "again")
        return digest_of_file(path) == "again"


def test_a_large_file_is_hashed_once(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert digest_of_file(large) == sha256(b"abcd").hexdigest()
    assert not hashed_again(large, monkeypatch)


def test_it_is_hashed_again_when_its_size_or_time_has_changed(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest_of_file(large)
    os.utime(large, ns=(1, 1))
    assert hashed_again(large, monkeypatch)
    large.write_bytes(b"abcde")
    assert hashed_again(large, monkeypatch)


def test_small_files_are_always_hashed(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "LARGE", 5)
    digest_of_file(large)
    assert hashed_again(large, monkeypatch)


def test_a_damaged_or_forbidden_memory_costs_time_alone(large: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / checksums.KEPT).write_text("{")
    assert digest_of_file(large) == sha256(b"abcd").hexdigest()
    (tmp_path / "cache" / checksums.KEPT).unlink()
    (tmp_path / "cache" / checksums.KEPT).mkdir()
    assert digest_of_file(large) == sha256(b"abcd").hexdigest()
