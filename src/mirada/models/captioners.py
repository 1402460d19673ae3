"""mirada's own captioner: a small bilingual decoder over the feature map of the embedded encoder.

Run by ONNX Runtime on a CPU, as `mirada.models.small`; importing this module loads no runtime and
no weights.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from mirada.models.decoding import Rules, write
from mirada.models.maps import pool_boxes, tiles
from mirada.models.small import open_session
from mirada.models.weights import CELLS, TOKENIZER, WORDS, kept_names, read_captioner_manifest
from mirada.types import WHOLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.models.small import Session
    from mirada.models.weights import CaptionerManifest
    from mirada.protocols import Look
    from mirada.types import Ask, Box, FeatureMap

WEIGHTS = Path(__file__).with_name("mirada_small_captioner")

SENTENCE, PHRASE = "human", "phrase"
"""Kinds of text that the decoder was taught; the first piece says which is wanted."""

END = "<end>"


class SmallCaptioner:
    """Sentences for whole images and noun phrases for parts of them, in English or Spanish.

    Safe to share between threads; the graphs are loaded by the first call.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        manifest = read_captioner_manifest(folder)
        self.name = manifest.name
        self.maps_of: str | None = manifest.maps_of
        self.image_size = 0
        self.languages = manifest.languages
        self._manifest = manifest
        self._folder = folder
        self._loading = Lock()
        self._graphs: dict[str, Session] = {}

    def caption(self, look: Look, asks: Sequence[Ask]) -> list[list[str]]:
        """Different texts for each wish, likeliest first; all are written side by side.

        The box of the whole image gets sentences, others get phrases such as "a brown dog". They
        are in lower case, without a full stop.

        Raises:
            ValueError: for a language not among `languages`.
        """
        for ask in asks:
            if ask.language not in self.languages:
                raise ValueError(f"{ask.language!r} is not one of {', '.join(self.languages)}")
        if not any(ask.candidates > 0 for ask in asks):
            return [[] for _ in asks]
        marks = [self._mark(ask.box, ask.language) for ask in asks]
        seen = self._see(look.maps, [ask.box for ask in asks])
        writer = _Writer(self._manifest, self._graph(WORDS), seen)
        drafts = write(writer, marks, [ask.candidates for ask in asks], self._rules)
        return [self._texts(some) for some in drafts]

    def _see(self, maps: FeatureMap, boxes: Sequence[Box]) -> list[NDArray[np.float32]]:
        grid = self._manifest.grid
        different = list(dict.fromkeys(boxes))
        pooled = [pool_boxes(maps, tiles(box, grid, grid)) for box in different]
        kept: list[NDArray[np.float32]] = self._graph(CELLS).run(None, {"cells": np.stack(pooled)})
        rows = [different.index(box) for box in boxes]
        return [one[rows] for one in kept]

    def _mark(self, box: Box, language: str) -> int:
        kind = SENTENCE if box == WHOLE else PHRASE
        found: int = self._tokenizer.token_to_id(f"<{language}-{kind}>")
        return found

    def _texts(self, drafts: Sequence[Sequence[int]]) -> list[str]:
        texts = [self._tokenizer.decode(list(ids)).strip() for ids in drafts]
        return [text for text in dict.fromkeys(texts) if text]

    @cached_property
    def _rules(self) -> Rules:
        special = self._tokenizer.get_added_tokens_decoder()
        end = self._tokenizer.token_to_id(END)
        others = tuple(piece for piece in special if piece != end)
        return Rules(end=end, banned=others, length=self._manifest.length)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # noqa: PLC0415 only writing needs it

        return Tokenizer.from_file(str(self._folder / TOKENIZER))

    def _graph(self, name: str) -> Session:
        with self._loading:
            if name not in self._graphs:
                self._graphs[name] = open_session(self._folder / name)
            return self._graphs[name]


class _Writer:
    """One step of many texts after the other, with the keys and values of what came before."""

    def __init__(
        self, shape: CaptionerManifest, graph: Session, seen: Sequence[NDArray[np.float32]]
    ) -> None:
        self._graph, self._boxes = graph, list(seen)
        self._names = (kept_names("past", shape.layers), kept_names("seen", shape.layers))
        self._places = np.eye(shape.length, dtype=np.float32)
        self._shape = shape
        self._past: list[NDArray[np.float32]] = []
        self._seen: list[NDArray[np.float32]] = []
        self._owners = np.empty(0, np.int64)
        self._step = 0

    def begin(self, owners: NDArray[np.int64]) -> None:
        """Start one text for each of these boxes."""
        heads, part, length = self._shape.heads, self._shape.part, self._shape.length
        shapes = [(len(owners), heads, part, length), (len(owners), heads, length, part)]
        self._past = [
            np.zeros(one, np.float32) for _ in range(self._shape.layers) for one in shapes
        ]
        self._seen = [kept[owners] for kept in self._boxes]
        self._owners, self._step = owners, 0

    def step(self, ids: NDArray[np.int64], parents: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, pieces) logits; see `mirada.models.decoding.Writer`."""
        self._follow(parents)
        given = {
            "ids": ids,
            "place": self._places[self._step],
            **dict(zip(self._names[0], self._past, strict=True)),
            **dict(zip(self._names[1], self._seen, strict=True)),
        }
        logits, kept = self._graph.run(None, given)
        for layer, (key, value) in enumerate(kept):
            self._past[2 * layer][:, :, :, self._step] = key
            self._past[2 * layer + 1][:, :, self._step] = value
        self._step += 1
        found: NDArray[np.float32] = logits
        return found

    def _follow(self, parents: NDArray[np.int64]) -> None:
        """Let each text go on from its parent; boxes are read anew only where they change."""
        if np.array_equal(parents, np.arange(len(self._owners))):
            return
        self._past = [kept[parents] for kept in self._past]
        owners = self._owners[parents]
        if not np.array_equal(owners, self._owners):
            self._seen = [kept[owners] for kept in self._boxes]
            self._owners = owners
