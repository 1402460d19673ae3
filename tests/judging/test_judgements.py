"""What judges said: kept whatever happens, read again, settled where they differ."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.errors import CollectionBusy, ConfigError, DatasetError
from mirada.judging.judgements import read_judgements, settled, topics_of
from mirada.judging.log import JudgementLog
from mirada.judging.topics import Topic
from tests.conftest import REPOSITORY
from tests.judging.marks import judgement

CAT, DOG = judgement("c" * 64, 2), judgement("d" * 64, 0, query="una niña", query_id="2")


def test_what_is_noted_is_read_again(tmp_path: Path) -> None:
    with JudgementLog(tmp_path, "ana") as log:
        log.note(CAT)
        log.note(DOG)
    assert read_judgements(log.path) == read_judgements(tmp_path) == [CAT, DOG]
    with JudgementLog(tmp_path, "ana") as again:
        assert again.former == [CAT, DOG]


def test_the_last_word_of_a_judge_counts_and_none_where_it_was_taken_back(tmp_path: Path) -> None:
    with JudgementLog(tmp_path, "ana") as log:
        log.note(CAT)
        log.note(judgement(CAT.image_id, 1))
        log.note(DOG)
        log.note(DOG, made=False)
    assert read_judgements(tmp_path) == [judgement(CAT.image_id, 1)]


def test_judges_have_files_of_their_own(tmp_path: Path) -> None:
    with JudgementLog(tmp_path, "ana") as ana, JudgementLog(tmp_path, "Luis  M/..") as luis:
        ana.note(CAT)
        luis.note(judgement(CAT.image_id, 0, judge=luis.judge))
    assert [(one.judge, one.grade) for one in read_judgements(tmp_path)] == [
        ("ana", 2),
        ("luis m/..", 0),
    ]
    assert {path.parent for path in (ana.path, luis.path)} == {tmp_path}


def test_a_judge_is_one_process_at_a_time(tmp_path: Path) -> None:
    with JudgementLog(tmp_path, "ana"), pytest.raises(CollectionBusy, match="--judge NAME"):
        JudgementLog(tmp_path, "Ana")
    JudgementLog(tmp_path, "ana").__exit__(None, None, None)


@pytest.mark.parametrize("name", ["", "  ", "a" * 41, "a\0b", ".."])
def test_some_names_are_no_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="no name for a judge"):
        JudgementLog(tmp_path, name)
    assert [*tmp_path.iterdir()] == []


def test_wherever_a_write_was_cut_the_marks_before_and_after_it_are_there(tmp_path: Path) -> None:
    with JudgementLog(tmp_path, "ana") as log:
        log.note(CAT)
        first = len(log.path.read_bytes())
        log.note(DOG)
    whole = log.path.read_bytes()
    for end in range(first + 1, len(whole) - 1):
        log.path.write_bytes(whole[:end])
        with pytest.warns(UserWarning, match="line 2 was cut short"), JudgementLog(tmp_path, "ana"):
            log.note(judgement("e" * 64, 1))
        with pytest.warns(UserWarning, match="line 2 was cut short"):
            assert read_judgements(tmp_path) == [CAT, judgement("e" * 64, 1)]


def test_blocks_that_a_power_cut_left_empty_are_left_out(tmp_path: Path) -> None:
    with JudgementLog(tmp_path, "ana") as log:
        log.note(CAT)
    log.path.write_bytes(log.path.read_bytes() + bytes(512))
    with pytest.warns(UserWarning, match="line 2"):
        assert read_judgements(tmp_path) == [CAT]


KILLED = """
import sys
from pathlib import Path
from mirada.judging.log import JudgementLog
from tests.judging.marks import judgement
with JudgementLog(Path(sys.argv[1]), "ana") as log:
    for number in range(10**9):
        log.note(judgement(f"{number:064x}", number % 3))
        print(number, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_killed_judge_loses_no_mark_that_was_acknowledged(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    assert process.stdout
    heard = [int(process.stdout.readline()) for _ in range(50)]
    process.send_signal(signal.SIGKILL)
    heard += map(int, process.communicate()[0].split())
    kept = {one.image_id: one.grade for one in read_judgements(tmp_path)}
    assert {f"{number:064x}": number % 3 for number in heard}.items() <= kept.items()
    with JudgementLog(tmp_path, "ana") as log:  # the lock died with the process
        assert len(log.former) == len(kept)


@pytest.mark.parametrize(
    "line",
    [
        "1 0 abc 2",
        "{}",
        "[]",
        '{"at":"2026-05-17","judge":"a","query_id":"1","query":"q","image_id":"i","grade":3}',
        '{"at":"2026-05-17","judge":"a","query_id":"1","query":"q","image_id":"i","grade":true}',
        '{"at":"some day","judge":"a","query_id":"1","query":"q","image_id":"i","grade":2}',
        '{"at":"2026-05-17","judge":"","query_id":"1","query":"q","image_id":"i","grade":2}',
    ],
)
def test_a_line_that_is_no_judgement_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(DatasetError, match=r"some.jsonl line 2 is not a judgement"):
        read_judgements(path)


def test_no_judgements_say_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="mirada judge QUERIES"):
        read_judgements(tmp_path)
    with pytest.raises(DatasetError, match="mirada judge"):
        read_judgements(tmp_path / "none.jsonl")


def test_of_judges_who_differ_the_median_counts_of_two_the_lower() -> None:
    def said(*grades: int) -> int:
        marks = [judgement("i", one, judge=f"j{n}") for n, one in enumerate(grades)]
        return settled(marks)["1"]["i"]

    assert [said(2), said(2, 0), said(2, 1), said(2, 2, 0), said(2, 1, 0)] == [2, 0, 1, 2, 1]


@given(st.lists(st.sampled_from((0, 1, 2)), min_size=1))
def test_a_settled_grade_is_one_that_somebody_gave(grades) -> None:
    marks = [judgement("i", one, judge=f"j{n}") for n, one in enumerate(grades)]
    assert settled(marks)["1"]["i"] in grades


def test_one_id_is_one_query() -> None:
    assert topics_of([CAT, DOG, CAT]) == [Topic("1", "a cat"), Topic("2", "una niña")]
    with pytest.raises(DatasetError, match="id 1 stands for"):
        topics_of([CAT, judgement("d", 0, query="a dog")])
