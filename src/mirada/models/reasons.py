"""Why a checkpoint cannot be loaded, in one line: what libraries say is long, or of another use."""

from __future__ import annotations

from pickle import UnpicklingError

SHAPES = "mismatched"  # in what transformers says of shapes, which it shows in a table besides


def reason(error: Exception) -> str:
    """The first line of what an error says, or what it means; without a full stop."""
    if isinstance(error, UnpicklingError):  # torch advises to load it with its code
        return "its weights are damaged, or hold more than numbers"
    if isinstance(error, EOFError):
        return "its weights end too early"
    if isinstance(error, RuntimeError) and SHAPES in str(error):
        return "its weights have other shapes than its configuration tells of"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
