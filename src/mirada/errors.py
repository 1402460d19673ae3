"""What can go wrong, as a tree; every message says what to do next.

MiradaError
├── ConfigError            mirada.toml or an option is wrong
├── CollectionNotFound     no index here or above
├── CollectionBusy         another process is writing
├── StoreError             the index cannot be read or written
│   ├── SchemaTooNew       made by a newer mirada
│   └── ModelMismatch      made with another model
├── ModelUnavailable       a model or its extra is missing
├── ModelFailed            a model had no answer of use for one image
├── UnreadableImage        one file cannot be decoded
└── DatasetError           captions or qrels of a dataset are wrong
"""

from __future__ import annotations


class MiradaError(Exception):
    """Base of all errors that mirada raises on purpose."""


class ConfigError(MiradaError):
    """`mirada.toml`, a variable or an option is wrong."""


class CollectionNotFound(MiradaError):
    """There is no collection in the folder or above it."""


class CollectionBusy(MiradaError):
    """Another process is writing to the collection."""


class StoreError(MiradaError):
    """The index cannot be read or written."""


class SchemaTooNew(StoreError):
    """The index was made by a newer mirada."""


class ModelMismatch(StoreError):
    """The index was made with another model."""

    @classmethod
    def between(cls, held: str, used: str) -> ModelMismatch:
        """An index holds vectors of one encoder, and another is in use."""
        if held.partition("@")[0] == used.partition("@")[0]:
            return cls(
                f"the index holds vectors of {held}, whose weights have changed (now {used}): "
                "`mirada index --encoder NAME`, with the same NAME, looks at the pictures anew, or "
                "put the former weights back"
            )
        return cls(
            f"the index holds vectors of {held}, the model in use is {used}: `mirada index "
            "--encoder NAME` changes the model without downtime, or name the one of the index in "
            "mirada.toml"
        )


class ModelUnavailable(MiradaError):
    """A model, its weights or the extra it needs is missing."""


class ModelFailed(MiradaError):
    """A model had no answer of use for one image, which it may have another time."""


class UnreadableImage(MiradaError):
    """One image cannot be decoded; the message says why, without the path."""


class DatasetError(MiradaError):
    """The captions, boxes or judgements of a dataset are wrong."""
