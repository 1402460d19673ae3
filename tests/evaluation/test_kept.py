from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mirada.errors import ConfigError
from mirada.evaluation.kept import (
    Maker,
    empty,
    kept_arrays,
    kept_folder,
    kept_texts,
    key_of,
    sizes,
)

MAKER = Maker("toy/1 images", ("digest", "pixels/1"))


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = kept_arrays(MAKER, tmp_path)
    assert kept.find(["a"]) == {}
    kept.keep({"a": np.array([1.5, -2], np.float32), "b": np.zeros((2, 0), np.int8)})
    found = kept_arrays(MAKER, tmp_path).find(["b", "a", "a", "none"])
    assert found.keys() == {"a", "b"}
    assert (found["a"].tolist(), found["a"].dtype) == ([1.5, -2], np.float32)
    assert (found["b"].shape, found["b"].dtype) == ((2, 0), np.int8)


def test_what_another_maker_made_is_not_found(tmp_path: Path) -> None:
    kept_arrays(MAKER, tmp_path).keep({"a": np.ones(1)})
    for other in (Maker("toy/2 images", MAKER.facts), Maker(MAKER.name, ("other", "pixels/1"))):
        assert kept_arrays(other, tmp_path).find(["a"]) == {}


def test_texts_are_kept_too(tmp_path: Path) -> None:
    kept = kept_texts(MAKER, tmp_path)
    kept.keep({"a": "un niño", "b": "", "c": "\udcff"})
    assert kept.find(["a", "b", "c"]) == {"a": "un niño", "b": "", "c": "\udcff"}


def test_a_later_value_replaces_the_former(tmp_path: Path) -> None:
    kept = kept_texts(MAKER, tmp_path)
    kept.keep({"a": "one"})
    kept.keep({"a": "two"})
    assert kept.find(["a"]) == {"a": "two"}


def test_more_keys_than_a_query_takes_are_found(tmp_path: Path) -> None:
    kept = kept_texts(MAKER, tmp_path)
    kept.keep({str(number): "x" for number in range(1_203)})
    assert len(kept.find([str(number) for number in range(2_000)])) == 1_203


def test_keys_tell_contents_apart() -> None:
    assert key_of("a dog") == key_of(b"a dog") != key_of("a cat")


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    kept = kept_texts(MAKER, tmp_path)
    kept.keep({"a": "one"})
    (file,) = tmp_path.glob("*.sqlite")
    file.write_bytes(b"no database" * 100)
    assert kept.find(["a"]) == {}
    kept.keep({"a": "one"})
    assert kept.find(["a"]) == {"a": "one"}


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="name a folder that can by MIRADA_CACHE"):
        kept_texts(MAKER, tmp_path / "file").keep({"a": "x"})


def test_threads_and_processes_keep_at_the_same_time(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from mirada.evaluation.kept import Maker, kept_texts\n"
        f"kept = kept_texts({MAKER!r}, Path(sys.argv[1]))\n"
        "for number in range(20): kept.keep({f'{sys.argv[2]} {number}': 'x'})"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name]) for name in "ab"
    ]
    kept = kept_texts(MAKER, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: kept.keep({f"c {number}": "x"}), range(20)))
    assert [one.wait(60) for one in running] == [0, 0]
    assert len(kept.find([f"{name} {number}" for name in "abc" for number in range(20)])) == 60


def test_a_write_that_fails_keeps_nothing(tmp_path: Path) -> None:
    kept = kept_texts(MAKER, tmp_path)
    kept.keep({"a": "one"})
    with pytest.raises(AttributeError):
        kept.keep({"b": "two", "c": None})  # type: ignore[dict-item]
    assert kept.find(["a", "b", "c"]) == {"a": "one"}


def test_emptying_tells_and_frees_what_was_kept(tmp_path: Path) -> None:
    kept_texts(MAKER, tmp_path).keep({"a": "x" * 10_000})
    (tmp_path / "notes.txt").write_text("not ours")
    (size,) = sizes(tmp_path)
    assert size.name == "toy-1-images"
    assert size.bytes > 10_000
    assert empty(tmp_path) == size.bytes
    assert sizes(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_folder_is_the_users_or_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRADA_CACHE", "/else/where")
    assert kept_folder() == Path("/else/where/evaluation")
    monkeypatch.delenv("MIRADA_CACHE")
    assert kept_folder().parts[-2:] == ("mirada", "evaluation")
