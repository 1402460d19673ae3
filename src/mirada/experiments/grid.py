"""The systems of an experiment: every combination of its grid."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from mirada.errors import ConfigError
from mirada.experiments.config import AXES, NONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.experiments.config import Grid


@dataclass(frozen=True, slots=True)
class Sight:
    """What looks at the pictures: systems with the same share an index."""

    encoder: str
    segmenter: str
    captioner: str


@dataclass(frozen=True, slots=True)
class System:
    """One way to look at pictures and to search them."""

    sight: Sight
    words_weight: float
    rerank: bool

    @property
    def settings(self) -> dict[str, Any]:
        """Axis -> value, in the order of `AXES`."""
        sight = self.sight
        values = (sight.encoder, sight.segmenter, sight.captioner, self.words_weight, self.rerank)
        return dict(zip(AXES, values, strict=True))


def systems_of(grid: Grid) -> list[System]:
    """Every combination, the last axis changing fastest."""
    return [
        System(Sight(encoder, segmenter, captioner), weight, rerank)
        for encoder, segmenter, captioner, weight, rerank in product(
            grid.encoders, grid.segmenters, grid.captioners, grid.words_weights, grid.rerank
        )
    ]


def baseline_of(systems: Sequence[System], wanted: Mapping[str, Any]) -> System:
    """The first system with these settings.

    Raises:
        ConfigError: there is none.
    """
    for system in systems:
        if all(system.settings[axis] == value for axis, value in wanted.items()):
            return system
    told = ", ".join(f"{axis} = {value!r}" for axis, value in wanted.items())
    raise ConfigError(f"no system that can run is the baseline, {told}: the grid must hold it")


def label_of(system: System, systems: Sequence[System]) -> str:
    """What sets a system apart from the others, such as "grid · no captions · reranked"."""
    settings = system.settings
    varied = [axis for axis in AXES if len({one.settings[axis] for one in systems}) > 1]
    return " · ".join(said_of(axis, settings[axis]) for axis in varied) or settings["encoder"]


def said_of(axis: str, value: Any) -> str:
    """A setting in words."""
    match axis:
        case "words_weight":
            return f"words {value:g}"
        case "rerank":
            return "reranked" if value else "fused"
        case "segmenter" if value == NONE:
            return "no regions"
        case "captioner" if value == NONE:
            return "no captions"
        case _:
            return str(value)
