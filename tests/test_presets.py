from __future__ import annotations

import pytest

from mirada.config import with_chosen
from mirada.known import find_model
from mirada.plugins import list_plugins
from mirada.presets import Machine, presets, recommend

OLD = Machine(cores=2, memory=1.0, gpu=None, gpu_memory=None)
LAPTOP = Machine(cores=8, memory=16.0, gpu=None, gpu_memory=None)
SMALL_GPU = Machine(cores=8, memory=32.0, gpu="a card", gpu_memory=8.0)
LARGE_GPU = Machine(cores=16, memory=64.0, gpu="a card", gpu_memory=24.0)
UNKNOWN = Machine(cores=4, memory=None, gpu=None, gpu_memory=None)


@pytest.mark.parametrize(
    ("machine", "rate", "name"),
    [
        (OLD, 50, "fast"),
        (LAPTOP, 4, "fast"),  # 1.6 described pictures a second
        (LAPTOP, 40, "balanced"),
        (SMALL_GPU, 40, "balanced"),
        (LARGE_GPU, 4, "best"),
        (UNKNOWN, 40, "balanced"),
        (Machine(8, None, "a card", 24.0), 40, "best"),
        (Machine(8, 12.0, "a card", 24.0), 40, "balanced"),
        (Machine(8, 32.0, "a card", 15.8), 40, "best"),
    ],
)
def test_the_preset_follows_memory_gpu_and_the_measured_rate(
    machine: Machine, rate: float, name: str
) -> None:
    found, why = recommend(machine, rate)
    assert found.name == name
    assert why


def test_presets_say_what_they_need() -> None:
    needs = {one.name: one.needs for one in presets()}
    assert needs["balanced"] == "2 GB of memory"
    assert needs["best"].endswith("a GPU with 15 GB, the extra hub, 9.5 GB of downloads")


@pytest.mark.parametrize("chosen", presets(), ids=lambda one: one.name)
def test_presets_name_models_and_settings_that_exist(chosen) -> None:
    from mirada.config import Settings

    settings = with_chosen(Settings(), chosen.settings)
    for role in ("encoder", "segmenter", "captioner", "detector", "reranker"):
        name = getattr(settings, role)
        known = {one.name for one in list_plugins(f"{role}s")}
        assert not name or find_model(f"{role}s", name) or name in known
