"""What files say of an image: EXIF, XMP, IPTC, sidecars, names; never what its pixels show."""

from mirada.metadata.reader import (
    METADATA_VERSION,
    metadata_version,
    read_metadata,
    recorded_tags_of,
)
from mirada.metadata.text import searchable

__all__ = [
    "METADATA_VERSION",
    "metadata_version",
    "read_metadata",
    "recorded_tags_of",
    "searchable",
]
