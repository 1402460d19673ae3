"""The steps behind the roles: each asks one model and writes its answer into the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirada.config import Settings
from mirada.errors import ModelUnavailable
from mirada.indexing.crops import region_vectors
from mirada.indexing.facts import FACTS_VERSION, look_at
from mirada.indexing.formats import quiet
from mirada.indexing.palette import Palette
from mirada.indexing.tags import load_tagger
from mirada.indexing.verify import load_checker
from mirada.language.phrases import VERSION as PHRASES_VERSION
from mirada.language.phrases import caption_keyphrases, tag_keyphrases
from mirada.metadata.reader import metadata_version, read_metadata, recorded_tags_of
from mirada.plugins import load_captioner, load_reader, load_segmenter
from mirada.protocols import MapEncoder, origin_of
from mirada.types import WHOLE, Ask, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from mirada.indexing.describe import Draft, Step
    from mirada.indexing.tags import Tagger
    from mirada.indexing.verify import Checker
    from mirada.protocols import Captioner, Encoder, Segmenter, TextReader
    from mirada.types import ImageRecord, Tag

GRID: Final = "grid"  # the segmenter that needs no model
FACTS_SIDE: Final = 256  # pixels: enough for sharpness as well as colours
CANDIDATES: Final = 5  # captions tried for the whole image
FOREIGN_CANDIDATES: Final = 2  # in every language but the first
REGION_CANDIDATES: Final = 2
CAPTIONED_REGIONS: Final = 3  # the largest: the rest have tags


class FactsStep:
    """What pixels say without a model."""

    name = FACTS_VERSION
    side = FACTS_SIDE

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `facts`."""
        return replace(draft.record, facts=look_at(draft.sight.image))


class MetadataStep:
    """What the file, and the files beside it, say."""

    side = 0

    def __init__(self) -> None:
        self.name = metadata_version()

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `metadata`, and take over what the user had decided on tags that are in the file."""
        path, raw = draft.sight.path, draft.sight.raw
        with quiet():
            metadata, recorded = read_metadata(path, raw), recorded_tags_of(path, raw)
        decided = [tag for tag in recorded if tag.state != "auto"]
        tags = with_judged(draft.record.tags, [*decided, *draft.record.tags])
        return replace(draft.record, metadata=metadata, tags=tags)


class RegionsStep:
    """Where the things are: boxes with their vectors and colours."""

    def __init__(self, segmenter: Segmenter, encoder: Encoder) -> None:
        self.name = f"{segmenter.name}, {encoder.name}"
        # parts that are cut out should not be blurred
        self.side = encoder.image_size * (1 if isinstance(encoder, MapEncoder) else 2)
        self._segmenter, self._encoder = segmenter, encoder

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `regions`, still without tags and captions."""
        proposals = sorted(self._segmenter.segment(draft.sight), key=lambda one: -one.box.area)
        boxes = [proposal.box for proposal in proposals]
        vectors = region_vectors(draft.sight, self._encoder, boxes)
        colours = Palette(draft.sight.image)
        regions = tuple(
            Region(one.box, vector, one.confidence, palette=colours.of(one.box))
            for one, vector in zip(proposals, vectors, strict=True)
        )
        return replace(draft.record, regions=regions)


class TagsStep:
    """Words that fit, from the vectors alone; what the user said of them stays."""

    side = 0

    def __init__(self, tagger: Tagger) -> None:
        self.name = tagger.name
        self._tagger = tagger

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `tags`, those of the regions too."""
        record = draft.record
        found, by_region = self._tagger.tag(draft.vector, [one.vector for one in record.regions])
        regions = tuple(
            replace(region, tags=tags)
            for region, tags in zip(record.regions, by_region, strict=True)
        )
        return replace(record, tags=with_judged(found, record.tags), regions=regions)


class CaptionsStep:
    """Sentences that fit: several are tried, the encoder checks them, the best is kept or none."""

    def __init__(self, captioner: Captioner, checker: Checker, encoder: Encoder) -> None:
        self.name = f"{captioner.name}, {checker.name}"
        self.side = encoder.image_size
        self._captioner, self._checker = captioner, checker

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `captions`, those of the largest regions too."""
        record = draft.record
        first, *others = self._captioner.languages
        largest = record.regions[:CAPTIONED_REGIONS]
        asks = [
            Ask(WHOLE, first, CANDIDATES),
            *(Ask(WHOLE, language, FOREIGN_CANDIDATES) for language in others),
            *(Ask(region.box, first, REGION_CANDIDATES) for region in largest),
        ]
        tried = self._captioner.caption(draft.sight, asks)
        whole = len(asks) - len(largest)
        vectors = [draft.vector] * whole + [region.vector for region in largest]
        said = [
            self._checker.choose(texts, vector, language=ask.language, part=ask.box != WHOLE)
            for ask, texts, vector in zip(asks, tried, vectors, strict=True)
        ]
        regions = tuple(
            replace(region, captions=(caption,) if caption else ())
            for region, caption in zip(largest, said[whole:], strict=True)
        )
        return replace(
            record,
            captions=tuple(caption for caption in said[:whole] if caption),
            regions=(*regions, *record.regions[CAPTIONED_REGIONS:]),
        )


class TextStep:
    """What is written in the image."""

    def __init__(self, reader: TextReader) -> None:
        self.name = reader.name
        self.side = reader.image_size
        self._reader = reader

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `text_lines`."""
        return replace(draft.record, text_lines=tuple(self._reader.read(draft.sight.image)))


class PhrasesStep:
    """Captions and tags as people would type them."""

    name = PHRASES_VERSION
    side = 0

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `phrases`."""
        record = draft.record
        whole = [(caption, "caption") for caption in record.captions]
        parts = [(caption, "region") for region in record.regions for caption in region.captions]
        phrases = [
            phrase
            for caption, source in (*whole, *parts)
            for phrase in caption_keyphrases(caption, source=source)
        ]
        phrases += tag_keyphrases([tag for tag in record.tags if tag.state != "rejected"])
        return replace(record, phrases=tuple(dict.fromkeys(phrases)))


def make_steps(
    roles: Iterable[str], settings: Settings, encoder: Encoder, home: Path
) -> dict[str, Step]:
    """Role -> the step behind it, with the models that the settings name.

    The embedded segmenter and captioner read the maps of one encoder: with another one, regions
    are a grid and there are no captions, unless the settings name models that can.

    Raises:
        ModelUnavailable: a model is not installed, or reads the maps of another encoder.
        ConfigError: the vocabulary in `home` is malformed.
    """
    makers: dict[str, Callable[[], Step | None]] = {
        "facts": FactsStep,
        "metadata": MetadataStep,
        "regions": lambda: RegionsStep(_segmenter(settings, encoder), encoder),
        "tags": lambda: TagsStep(load_tagger(encoder, home)),
        "captions": lambda: _captions_step(settings, encoder),
        "text": lambda: TextStep(load_reader(settings.reader, settings.models)),
        "phrases": PhrasesStep,
    }
    steps = {role: makers[role]() for role in roles}
    return {role: step for role, step in steps.items() if step is not None}


def _segmenter(settings: Settings, encoder: Encoder) -> Segmenter:
    segmenter = load_segmenter(settings.segmenter, settings.models)
    if _reads(segmenter, encoder):
        return segmenter
    if settings.segmenter == Settings().segmenter:
        return load_segmenter(GRID)
    raise _other_maps(segmenter, encoder)


def _captions_step(settings: Settings, encoder: Encoder) -> CaptionsStep | None:
    captioner = load_captioner(settings.captioner, settings.models)
    if _reads(captioner, encoder):
        return CaptionsStep(captioner, load_checker(encoder), encoder)
    if settings.captioner == Settings().captioner:
        return None
    raise _other_maps(captioner, encoder)


def _reads(model: Segmenter | Captioner, encoder: Encoder) -> bool:
    return model.maps_of in (None, origin_of(encoder))


def _other_maps(model: Segmenter | Captioner, encoder: Encoder) -> ModelUnavailable:
    return ModelUnavailable(
        f"{model.name} reads the feature maps of {model.maps_of}, the encoder is {encoder.name}: "
        "choose another in mirada.toml, see `mirada models`"
    )


def with_judged(found: Sequence[Tag], former: Sequence[Tag]) -> tuple[Tag, ...]:
    """New automatic tags, under what the user has accepted, rejected or added before."""
    judged = {tag.name: tag for tag in former if tag.state != "auto" or tag.source == "user"}
    fresh = [tag for tag in found if tag.name not in judged]
    return tuple(sorted([*judged.values(), *fresh], key=lambda tag: (-tag.confidence, tag.name)))
