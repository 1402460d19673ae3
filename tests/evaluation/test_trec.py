from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.errors import DatasetError
from mirada.evaluation.trec import Qrels, Run, read_qrels, read_run, write_qrels, write_run

if TYPE_CHECKING:
    from pathlib import Path

QRELS = Qrels({"q1": {"a": 1, "b": 0}, "q2": {"b": 2}})
RUN = Run("words", {"q1": {"b": 0.25, "a": 0.5}, "q2": {"c": -1.0, "b": -1.0}})


def test_qrels_are_four_columns(tmp_path: Path) -> None:
    write_qrels(tmp_path / "q.txt", QRELS)
    assert (tmp_path / "q.txt").read_text() == "q1 0 a 1\nq1 0 b 0\nq2 0 b 2\n"
    assert read_qrels(tmp_path / "q.txt") == QRELS
    assert QRELS.relevant("q1") == {"a"}
    assert QRELS.relevant("nobody asked") == frozenset()


def test_a_run_is_written_best_first_and_ties_by_id(tmp_path: Path) -> None:
    write_run(tmp_path / "words.run", RUN)
    assert (tmp_path / "words.run").read_text().splitlines() == [
        "q1 Q0 a 1 0.5 words",
        "q1 Q0 b 2 0.25 words",
        "q2 Q0 b 1 -1.0 words",
        "q2 Q0 c 2 -1.0 words",
    ]
    assert read_run(tmp_path / "words.run") == RUN


def test_compressed_files_are_told_by_their_content(tmp_path: Path) -> None:
    write_run(tmp_path / "run.gz", RUN)
    (tmp_path / "run.gz").rename(tmp_path / "run.txt")
    assert gzip.decompress((tmp_path / "run.txt").read_bytes()).startswith(b"q1 Q0 a")
    assert read_run(tmp_path / "run.txt") == RUN


def test_what_other_tools_write_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.run").write_text("1\tQ0\td-7\t0\t1e-3\tbm25\n\n1  Q0 d-8  1  -2  bm25  \n")
    assert read_run(tmp_path / "a.run") == Run("bm25", {"1": {"d-7": 0.001, "d-8": -2.0}})
    (tmp_path / "nothing.run").write_text("\n")
    assert read_run(tmp_path / "nothing.run") == Run("nothing", {})


ids = st.text(st.characters(codec=None), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(ids, st.dictionaries(ids, st.floats(-9, 9), min_size=1), min_size=1), ids)
def test_any_names_come_back(tmp_path_factory: Any, scores: Any, name: str) -> None:
    folder = tmp_path_factory.mktemp("trec")
    write_run(folder / "a.run", Run(name, scores))
    assert read_run(folder / "a.run") == Run(name, scores)
    write_qrels(
        folder / "q", Qrels({query: dict.fromkeys(own, 1) for query, own in scores.items()})
    )
    assert read_qrels(folder / "q").grades.keys() == scores.keys()


def test_names_with_spaces_stay_one_column(tmp_path: Path) -> None:
    qrels = Qrels({"a dog": {"my photo 100%.jpg": 1}})
    write_qrels(tmp_path / "q", qrels)
    assert (tmp_path / "q").read_text() == "a%20dog 0 my%20photo%20100%25.jpg 1\n"
    assert read_qrels(tmp_path / "q") == qrels


def test_an_id_with_a_percent_sign_that_means_nothing_is_itself(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("%ff 0 50%-off 1")
    assert read_qrels(tmp_path / "q") == Qrels({"%ff": {"50%-off": 1}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q 0 a 1\nq 0 b", r"q\.txt, line 2: expected `query 0 image grade`"),
        ("q 0 a much", r"line 1: expected a whole number, not 'much'"),
        ("q 0 a 1\nq 0 a 0", r"line 2: a comes twice for this query"),
        ("", r"q\.txt judges nothing"),
    ],
)
def test_wrong_qrels_are_told_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "q.txt").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_qrels(tmp_path / "q.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q 0 a 1", r"r\.txt, line 1: expected `query Q0 image rank score name`"),
        ("q Q0 a 1 high x", r"line 1: expected a number, not 'high'"),
        ("q Q0 a 1 nan x", r"line 1: the score nan has no place in a ranking"),
        ("q Q0 a 1 1 x\nq Q0 a 2 0 x", r"line 2: a comes twice"),
        ("q Q0 a 1 1 x\nq Q0 b 2 0 y", r"line 2: run 'y' after 'x'"),
    ],
)
def test_wrong_runs_are_told_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.txt").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_run(tmp_path / "r.txt")


def test_files_that_cannot_be_read_or_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none cannot be read: .*No such file"):
        read_run(tmp_path / "none")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"q 0 a 1\n")[:-9])
    with pytest.raises(DatasetError, match=r"cut\.gz cannot be read"):
        read_qrels(tmp_path / "cut.gz")
    with pytest.raises(DatasetError, match="cannot be written"):
        write_run(tmp_path / "no folder" / "a.run", RUN)
    with pytest.raises(DatasetError, match="an id is empty"):
        write_qrels(tmp_path / "q", Qrels({"": {"a": 1}}))
    assert [path.name for path in tmp_path.iterdir()] == ["cut.gz"]
