"""One stage of training: steps, averaged weights, log, and checkpoints that a kill cannot hurt.

A step draws its batch and its dropout from (seed, stage, step) alone, so a run that was killed
and resumed ends with the same weights as one that was not (in `tail`, to rounding).
"""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mirada.training.checkpoint import load, save, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mirada.training.recipe import Schedule

CLIP = 1.0  # norm of the gradient
SECONDS_A_CHECKPOINT = 120.0


@dataclass(frozen=True, slots=True)
class Group:
    """Weights that are trained alike."""

    weights: tuple[nn.Parameter, ...]
    rate: float  # peak
    decay: float
    clipped: bool = False  # whether their gradient is kept within `CLIP`


class Stage(ABC):
    """What differs between stages: which weights move, and what loss moves them."""

    name: str
    schedule: Schedule
    epoch_steps: int
    groups: Sequence[Group]
    patience: int | None = None  # epochs without a better score after which the stage ends

    @abstractmethod
    def loss(self, step: int) -> Tensor:
        """The loss of a step, counted from 0 over all epochs."""

    def learn(self, step: int) -> float:
        """Put the gradient of a step into the weights that move; the loss."""
        loss = self.loss(step)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    @abstractmethod
    def evaluate(self) -> dict[str, Any]:
        """Figures on the dev set, for the log."""

    def score(self, figures: Mapping[str, Any]) -> float:  # noqa: ARG002 for stages that override
        """What decides the best epoch, the higher the better; alike: the last one."""
        return 0.0

    @abstractmethod
    def train(self, mode: bool) -> None:
        """Switch dropout on or off."""

    @property
    def steps(self) -> int:
        """Of the whole stage."""
        return self.epoch_steps * self.schedule.epochs

    @property
    def moving(self) -> list[nn.Parameter]:
        """All weights that the stage trains."""
        return [weight for group in self.groups for weight in group.weights]


class Average:
    """A running mean of weights (Polyak & Juditsky, 1992), quick at the start."""

    def __init__(self, weights: Sequence[Tensor], decay: float):
        self.decay, self.count = decay, 0
        self.mean = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def add(self, weights: Sequence[Tensor]) -> None:
        """Take in the weights after a step."""
        self.count += 1
        keep = min(self.decay, (1 + self.count) / (10 + self.count))
        for mean, weight in zip(self.mean, weights, strict=True):
            mean.lerp_(weight, 1 - keep)

    @torch.no_grad()
    def swap(self, weights: Sequence[Tensor]) -> None:
        """Exchange the mean with the weights; a second call undoes the first."""
        for mean, weight in zip(self.mean, weights, strict=True):
            kept = weight.clone()
            weight.copy_(mean)
            mean.copy_(kept)


@dataclass(slots=True)
class State:
    """Where a stage stands."""

    step: int
    losses: list[float]  # of the epoch so far
    best: list[Tensor] | None  # averaged weights of the epoch with the best score
    score: float  # of those
    waited: int = 0  # epochs since a score was better than all before


def run(stage: Stage, folder: Path, *, seed: int, tell: Callable[[str], None]) -> None:
    """Train the stage to its end and leave the averaged weights of its best epoch in its modules.

    Args:
        stage: whose modules are changed.
        folder: holds `<stage>.pt`, the checkpoint, and `log.jsonl`.
        seed: of batches and dropout.
        tell: gets a line now and then.
    """
    moving = stage.moving
    clipped = [weight for group in stage.groups if group.clipped for weight in group.weights]
    optimizer = _optimizer(stage)
    average = Average(moving, stage.schedule.averaging)
    checkpoint = folder / f"{stage.name}.pt"
    state = _resume(checkpoint, moving, optimizer, average)
    saved = started = time.monotonic()
    first = state.step
    while state.step < stage.steps and not _given_up(stage, state):
        torch.manual_seed(_mix(seed, stage.name, state.step))
        _set_rates(optimizer, stage, state.step)
        stage.train(True)
        optimizer.zero_grad()
        loss = stage.learn(state.step)
        nn.utils.clip_grad_norm_(clipped, CLIP)
        optimizer.step()
        average.add(moving)
        state.losses.append(loss)
        state.step += 1
        ended = state.step % stage.epoch_steps == 0
        if ended:
            _end_epoch(stage, folder, average, state, tell)
        if ended or time.monotonic() - saved > SECONDS_A_CHECKPOINT:
            save(checkpoint, _as_saved(state, moving, optimizer, average))
            saved = time.monotonic()
            left = (saved - started) / (state.step - first) * (stage.steps - state.step) / 60
            tell(f"{stage.name}: step {state.step} of {stage.steps}, {left:.0f} min left")
    with torch.no_grad():
        for weight, kept in zip(moving, state.best or average.mean, strict=True):
            weight.copy_(kept)
    stage.train(False)


def rate_at(step: int, steps: int, schedule: Schedule) -> float:
    """Factor of the peak rate: a linear rise, then half a cosine down to zero."""
    rise = max(1, round(steps * schedule.warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def read_log(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows written so far, oldest first."""
    path = folder / "log.jsonl"
    if path.exists():
        yield from (json.loads(line) for line in path.read_text("utf-8").splitlines())


def _optimizer(stage: Stage) -> torch.optim.AdamW:
    """Biases, norms and scales are not decayed."""
    groups = []
    for group in stage.groups:
        for decay, chosen in (
            (group.decay, [weight for weight in group.weights if weight.ndim > 1]),
            (0.0, [weight for weight in group.weights if weight.ndim <= 1]),
        ):
            if chosen:
                groups.append({"params": chosen, "weight_decay": decay, "peak": group.rate})
    return torch.optim.AdamW(groups, lr=0.0)


def _set_rates(optimizer: torch.optim.AdamW, stage: Stage, step: int) -> None:
    factor = rate_at(step, stage.steps, stage.schedule)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


def _end_epoch(
    stage: Stage, folder: Path, average: Average, state: State, tell: Callable[[str], None]
) -> None:
    """Evaluate the averaged weights, keep them if they are the best, add a row to the log."""
    average.swap(stage.moving)
    stage.train(False)
    with torch.inference_mode():
        figures = stage.evaluate()
    average.swap(stage.moving)
    score = stage.score(figures)
    better = state.best is None or score > state.score
    state.waited = 0 if better else state.waited + 1
    if state.best is None or score >= state.score:
        state.best, state.score = [weight.clone() for weight in average.mean], score
    epoch = state.step // stage.epoch_steps
    row = {
        "stage": stage.name,
        "epoch": epoch,
        "loss": round(sum(state.losses) / max(1, len(state.losses)), 4),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **figures,
    }
    state.losses = []
    rows = [*(row for row in read_log(folder) if not _same_epoch(row, stage.name, epoch)), row]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    write_atomically(folder / "log.jsonl", lambda beside: beside.write_text(text, "utf-8"))
    tell(json.dumps(row))


def _given_up(stage: Stage, state: State) -> bool:
    return stage.patience is not None and state.waited >= stage.patience


def _same_epoch(row: dict[str, Any], stage: str, epoch: int) -> bool:
    return bool(row["stage"] == stage and row["epoch"] == epoch)


def _as_saved(
    state: State,
    moving: Sequence[nn.Parameter],
    optimizer: torch.optim.AdamW,
    average: Average,
) -> dict[str, Any]:
    return {
        "step": state.step,
        "losses": state.losses,
        "best": state.best,
        "score": state.score,
        "waited": state.waited,
        "weights": [weight.detach() for weight in moving],
        "optimizer": optimizer.state_dict(),
        "mean": average.mean,
        "count": average.count,
    }


def _resume(
    checkpoint: Path,
    moving: Sequence[nn.Parameter],
    optimizer: torch.optim.AdamW,
    average: Average,
) -> State:
    """What the checkpoint holds, if there is one."""
    if not checkpoint.exists():
        return State(0, [], None, 0.0)
    saved = load(checkpoint)
    with torch.no_grad():
        for weight, kept in zip(moving, saved["weights"], strict=True):
            weight.copy_(kept)
        for mean, kept in zip(average.mean, saved["mean"], strict=True):
            mean.copy_(kept)
    average.count = int(saved["count"])
    optimizer.load_state_dict(saved["optimizer"])
    return State(
        int(saved["step"]),
        list(saved["losses"]),
        saved["best"],
        saved["score"],
        int(saved.get("waited", 0)),
    )


def _mix(seed: int, stage: str, step: int) -> int:
    return (seed * 1_000_003 + sum(map(ord, stage))) * 10_000_019 + step
