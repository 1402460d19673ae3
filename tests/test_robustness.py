"""Bad files and sudden ends: every good picture is found, nothing acknowledged is lost."""

import json
import os
from pathlib import Path

from tests.bad_files import make_bad_folder
from tests.kills import kill_often


def test_a_folder_of_bad_files_is_indexed_with_each_listed_and_every_good_one_found(
    album: Path, mirada
) -> None:
    for path in album.glob("*.png"):
        path.unlink()
    good, bad = make_bad_folder(album / "mess")
    assert len(bad) >= 30
    report = json.loads(mirada("index", "--json").stdout)
    assert report["indexed"] == len(good)
    reasons = {os.fsencode(one["path"]): one["reason"] for one in report["skipped"]}
    assert reasons.keys() == {os.fsencode(path) for path in bad}
    for path, reason in bad.items():
        assert reason in reasons[os.fsencode(path)]
    found = mirada("search", "red", "-n", "1000", "-0").stdout.split("\0")[:-1]
    assert {os.fsencode(path) for path in found} == {os.fsencode(path) for path in good}


def test_an_index_killed_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    tally = kill_often(tmp_path, 3, seed=1)
    assert tally.kills == 3
    assert tally.acknowledged > 0
