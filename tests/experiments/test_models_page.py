"""docs/models.md says what the reports and the registered models say now."""

from __future__ import annotations

import importlib.util
import json
import re
from typing import TYPE_CHECKING

from mirada.experiments.config import example
from mirada.known import find_model
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from types import ModuleType


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("models", REPOSITORY / "docs" / "models.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_script_makes() -> None:
    module = script()
    text = (REPOSITORY / "docs" / "models.md").read_text("utf-8")
    assert text == module.models_page(), "run `python docs/models.py`"


def test_every_system_of_the_thesis_has_its_part_and_is_told_of_as_not_measured() -> None:
    module = script()
    names = [one.name for one in module.THESIS]
    assert names == ["CLIP", "BLIP", "BLIP-2", "LLaVA", "GPT-4V", "SAM"]
    assert "not run or measured here" in module.NOT_RUN
    for one in module.THESIS:
        for test in re.findall(r"`((?:tests/models/)?test_\w+\.py|tests/\S+)`", one.run):
            place = test if test.startswith("tests/") else f"tests/models/{test}"
            assert (REPOSITORY / place).exists(), f"{one.name} names {place}"
        for option, name in re.findall(r"--(\w+) (\S+)", one.command):
            assert find_model(f"{option}s", name.partition(":")[0]), f"{option} {name}"


def test_saved_reports_hold_no_queries_and_come_with_their_experiment() -> None:
    reports = sorted((REPOSITORY / "docs" / "reports").glob("*.json"))
    assert reports
    for path in reports:
        record = json.loads(path.read_text("utf-8"))
        assert path.with_suffix(".toml").exists()
        for gallery in record["galleries"]:
            assert "asked" not in gallery
            assert all("values" not in one for one in gallery["systems"])


def test_the_documented_example_is_the_one_that_is_printed() -> None:
    page = (REPOSITORY / "docs" / "experiments.md").read_text("utf-8")
    assert f"```toml\n{example().rstrip()}\n```" in page
