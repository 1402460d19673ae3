"""Sets of models that go together, and which of them suits a machine."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FAST, BALANCED, BEST = "fast", "balanced", "best"

DESCRIBED: Final = 0.4
"""Pictures that are wholly described while one more gets its vector alone, as `python -m benchmarks
describing` had it (ratio .42)."""

PATIENCE: Final = 2.0  # pictures a second below which describing them all is a long wait


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice of models."""

    name: str
    about: str
    settings: Mapping[str, str | list[str]]  # of mirada.toml
    memory: float  # gigabytes
    gpu: float = 0.0  # gigabytes of a GPU; 0: none is needed
    download: int = 0  # megabytes of weights, fetched once
    extra: str = ""  # of mirada, which it needs

    @property
    def needs(self) -> str:
        """What a machine must have for it, in words."""
        needed = [f"{self.memory:g} GB of memory"]
        needed += [f"a GPU with {self.gpu:g} GB"] if self.gpu else []
        needed += [f"the extra {self.extra}"] if self.extra else []
        needed += [f"{self.download / 1000:g} GB of downloads"] if self.download else []
        return ", ".join(needed)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a computer brings."""

    cores: int
    memory: float | None  # gigabytes; None where the system does not tell
    gpu: str | None  # its name
    gpu_memory: float | None  # gigabytes


@cache
def presets() -> tuple[Preset, ...]:
    """All of them, the least first."""
    text = resources.files("mirada.models").joinpath("presets.toml").read_text("utf-8")
    table: dict[str, dict[str, Any]] = tomllib.loads(text)
    return tuple(Preset(name=name, **told) for name, told in table.items())


def preset(name: str) -> Preset:
    """The preset of that name; KeyError where there is none."""
    return {one.name: one for one in presets()}[name]


def recommend(machine: Machine, rate: float) -> tuple[Preset, str]:
    """The preset that suits a machine, and why.

    Args:
        machine: what it brings.
        rate: pictures a second that get a vector of the embedded encoder, measured.
    """
    best, balanced, fast = preset(BEST), preset(BALANCED), preset(FAST)
    memory = machine.memory if machine.memory is not None else best.memory  # where nobody tells
    large = (machine.gpu_memory or 0.0) >= best.gpu
    if large and memory >= best.memory:
        return best, f"{machine.gpu} has {machine.gpu_memory:.0f} GB"
    described = DESCRIBED * rate
    if memory < balanced.memory:
        return fast, f"{memory:.1f} GB of memory are little"
    if described < PATIENCE:
        return fast, f"describing pictures wholly would run at {described:.1f} a second"
    lacks = f"{best.name} wants {best.memory:g} GB of memory" if large else "no large GPU"
    return balanced, f"about {described:.0f} pictures a second, wholly described; {lacks}"
