"""One image on its way through the roles: what is costly is made when first asked for, and once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mirada.errors import ModelUnavailable, UnreadableImage
from mirada.indexing.crops import image_vector
from mirada.indexing.images import decode_image
from mirada.indexing.scan import read_file
from mirada.once import once
from mirada.protocols import MapEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from mirada.indexing.images import DecodedImage
    from mirada.protocols import Encoder, Look
    from mirada.types import FeatureMap, Vector


class Sight:
    """A `Look` at a file; for one thread."""

    def __init__(
        self,
        path: Path,
        encoder: Encoder,
        *,
        side: int,
        mapper: MapEncoder | None = None,
        image_id: str | None = None,
    ):
        """Nothing is read yet.

        Args:
            path: of the file.
            encoder: of the vectors.
            side: pixels that decoding should aim at.
            mapper: whose feature map is shared; by default the encoder, where it makes maps.
            image_id: what the file's bytes must hash to; None where nobody knows yet.
        """
        self.path = path
        self._encoder = encoder
        self._mapper = mapper or (encoder if isinstance(encoder, MapEncoder) else None)
        self._side = side
        self._expected = image_id

    @once
    def raw(self) -> bytes:
        """The bytes of the file.

        Raises:
            UnreadableImage: it cannot be read, or holds other bytes than expected.
        """
        raw = read_file(self.path)
        if self._expected and hashlib.sha256(raw).hexdigest() != self._expected:
            raise UnreadableImage("changed while it was being indexed: run `mirada index` again")
        return raw

    @once
    def image_id(self) -> str:
        """The sha256 of the bytes, hexadecimal."""
        return self._expected or hashlib.sha256(self.raw).hexdigest()

    @once
    def decoded(self) -> DecodedImage:
        """The pixels with their size and format; raises UnreadableImage."""
        return decode_image(self.raw, self._side)

    @property
    def image(self) -> Image:
        """The pixels, RGB; raises UnreadableImage."""
        return self.decoded.pixels

    @once
    def vector(self) -> Vector:
        """(dim,) of the whole image, by the encoder; raises UnreadableImage."""
        return image_vector(self.own, self._encoder)

    @once
    def own(self) -> Look:
        """The same image for the encoder: where it makes maps, they are its own."""
        if isinstance(self._encoder, MapEncoder) and self._encoder is not self._mapper:
            return _Own(self, self._encoder)
        return self

    @once
    def maps(self) -> FeatureMap:
        """The shared feature map.

        Raises:
            ModelUnavailable: nobody makes one.
        """
        if self._mapper is None:
            raise ModelUnavailable(
                f'{self._encoder.name} makes no feature maps: choose segmenter = "grid" and '
                "another captioner in mirada.toml, see `mirada models`"
            )
        return self._mapper.read_map(self.image)


class _Own:
    """A `Look` with the maps of one encoder."""

    def __init__(self, sight: Sight, encoder: MapEncoder) -> None:
        self._sight, self._encoder = sight, encoder

    @property
    def image(self) -> Image:
        return self._sight.image

    @once
    def maps(self) -> FeatureMap:
        return self._encoder.read_map(self.image)
