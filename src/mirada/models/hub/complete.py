"""Models with all their weights: what a checkpoint lacks, transformers would make up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirada.models.hub.source import Source


def complete(
    source: Source,
    from_pretrained: Callable[..., Any],
    *,
    kind: str = "the model that its config.json tells of",
    advice: str = "fetch it again",
    **options: Any,
) -> Any:
    """What a `from_pretrained` of transformers makes of the weights of a checkpoint.

    Args:
        source: the checkpoint.
        from_pretrained: of the class of the model.
        kind: of model, for messages.
        advice: what to do where it lacks weights.
        options: for `from_pretrained`.

    Raises:
        ModelUnavailable: they cannot be had, are damaged, or are not those of the model.
        MemoryError: they are too many.
    """
    model, told = source.load(from_pretrained, output_loading_info=True, **options)
    needed = {name for name, _ in model.named_parameters()}  # old ones lack buffers, rightly
    if missing := sorted(needed & set(told["missing_keys"])):
        raise ModelUnavailable(
            f"{source.place} lacks {len(missing)} weights of {kind}, such as {missing[0]}: {advice}"
        )
    return model
