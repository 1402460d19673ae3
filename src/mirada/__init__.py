"""mirada finds pictures by their description, offline.

>>> import mirada
>>> photos = mirada.open("~/Pictures")      # doctest: +SKIP
>>> photos.index()                          # doctest: +SKIP
>>> photos.search("a dog on a beach")       # doctest: +SKIP
"""

from mirada.collection import Collection
from mirada.collection import open_collection as open  # noqa: A004 reads as mirada.open(folder)
from mirada.errors import MiradaError
from mirada.search.results import Results
from mirada.types import Hit, ImageRecord

__version__ = "0.1.0"

__all__ = ["Collection", "Hit", "ImageRecord", "MiradaError", "Results", "open"]
