"""Vectors of texts that come again and again: "a man", "green grass" are said of many pictures."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.protocols import Encoder
    from mirada.types import Matrix, Vector

MOST: Final = 4096  # texts: 6 MB at 384 dimensions


class TextVectors:
    """Encodes texts, those used last from memory; safe to call from threads."""

    def __init__(self, encoder: Encoder, *, most: int = MOST) -> None:
        self._encoder, self._most = encoder, most
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self._lock = Lock()

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """(n, dim) unit rows, as of `Encoder.encode_texts`."""
        if not texts:
            return self._encoder.encode_texts(texts)
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        found |= dict(zip(new, self._encoder.encode_texts(new), strict=True))
        with self._lock:
            for text in texts:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return np.stack([found[text] for text in texts])
