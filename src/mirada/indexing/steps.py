"""The steps behind the roles: each asks one model and writes its answer into the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirada import plugins
from mirada.config import ROLES, Settings
from mirada.errors import ModelUnavailable
from mirada.indexing.crops import region_vectors
from mirada.indexing.describe import Describer
from mirada.indexing.facts import FACTS_VERSION, look_at
from mirada.indexing.formats import quiet
from mirada.indexing.palette import Palette
from mirada.indexing.tags import load_tagger
from mirada.indexing.verify import load_checker
from mirada.language.phrases import VERSION as PHRASES_VERSION
from mirada.language.phrases import caption_keyphrases, tag_keyphrases
from mirada.metadata.reader import metadata_version, read_metadata, recorded_tags_of
from mirada.plugins import load_captioner, load_encoder, load_reader, load_segmenter
from mirada.protocols import MapEncoder, batch_size_of, is_calibrated, origin_of
from mirada.types import WHOLE, Ask, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from mirada.indexing.describe import Draft, Step
    from mirada.indexing.tags import Tagger
    from mirada.indexing.verify import Checker
    from mirada.protocols import Captioner, Encoder, Segmenter, TextReader
    from mirada.protocols import Tagger as Namer
    from mirada.types import ImageRecord, Tag

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

    def __init__(
        self, segmenter: Segmenter, encoder: Encoder, mapper: MapEncoder | None = None
    ) -> None:
        self.name = f"{segmenter.name}, {encoder.name}"
        # parts that are cut out should not be blurred
        parts = encoder.image_size * (1 if isinstance(encoder, MapEncoder) else 2)
        self.side = max(parts, _side(segmenter, mapper))
        self._segmenter, self._encoder = segmenter, encoder

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `regions`, still without tags and captions."""
        proposals = sorted(self._segmenter.segment(draft.sight), key=lambda one: -one.box.area)
        boxes = [proposal.box for proposal in proposals]
        vectors = region_vectors(draft.sight.own, self._encoder, boxes)
        colours = Palette(draft.sight.image)
        regions = tuple(
            Region(one.box, vector, one.confidence, palette=colours.of(one.box))
            for one, vector in zip(proposals, vectors, strict=True)
        )
        return replace(draft.record, regions=regions)


class TagsStep:
    """Words that fit, from the vectors alone; what the user said of them stays.

    A second tagger may look at the whole image and add words of its own.
    """

    def __init__(self, tagger: Tagger, namer: Namer | None = None) -> None:
        self.name = f"{tagger.name}, {namer.name}" if namer else tagger.name
        self.side = namer.image_size if namer else 0
        self._tagger, self._namer = tagger, namer

    def __call__(self, draft: Draft) -> ImageRecord:
        """Set `tags`, those of the regions too."""
        record = draft.record
        found, by_region = self._tagger.tag(draft.vector, [one.vector for one in record.regions])
        if self._namer:
            found = surest([*found, *self._namer.tag(draft.sight.image)])
        regions = tuple(
            replace(region, tags=tags)
            for region, tags in zip(record.regions, by_region, strict=True)
        )
        return replace(record, tags=with_judged(found, record.tags), regions=regions)


class CaptionsStep:
    """Sentences that fit: several are tried, the encoder checks them, the best is kept or none."""

    def __init__(
        self,
        captioner: Captioner,
        checker: Checker,
        encoder: Encoder,
        mapper: MapEncoder | None = None,
    ) -> None:
        self.name = f"{captioner.name}, {checker.name}"
        self.side = max(encoder.image_size, _side(captioner, mapper))
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


def make_describer(
    roles: Iterable[str], settings: Settings, encoder: Encoder, home: Path
) -> Describer:
    """The steps behind the roles, with the models that the settings name.

    Segmenters and captioners that read feature maps get those of the encoder they were made for,
    whichever makes the vectors.

    Raises:
        ModelUnavailable: a model is not installed, or cannot be had.
        ConfigError: the vocabulary in `home` is malformed, or an option is wrong.
    """
    wanted, options = {*roles}, settings.models
    segmenter = load_segmenter(settings.segmenter, options) if "regions" in wanted else None
    captioner = _captioner(settings, encoder) if "captions" in wanted else None
    namer = _namer(settings) if "tags" in wanted else None
    mapper = mapper_for([segmenter, captioner], encoder)
    makers: dict[str, Callable[[], Step | None]] = {
        "facts": FactsStep,
        "metadata": MetadataStep,
        "regions": lambda: RegionsStep(segmenter, encoder, mapper) if segmenter else None,
        "tags": lambda: TagsStep(load_tagger(encoder, home), namer),
        "captions": lambda: (
            CaptionsStep(captioner, load_checker(encoder), encoder, mapper) if captioner else None
        ),
        "text": lambda: TextStep(load_reader(settings.reader, options)),
        "phrases": PhrasesStep,
    }
    steps = {role: makers[role]() for role in ROLES if role in wanted}
    return Describer(
        {role: step for role, step in steps.items() if step is not None},
        mapper,
        batch_size=max(map(batch_size_of, (segmenter, captioner, namer))),
    )


def mapper_for(
    models: Iterable[Segmenter | Captioner | None], encoder: Encoder
) -> MapEncoder | None:
    """The encoder whose feature maps these models read; None where they read none.

    It is the encoder of the vectors where that makes them, else one of the same installation.

    Raises:
        ModelUnavailable: they read maps of several encoders, or of one that is not installed.
    """
    readers = [model for model in models if model is not None and model.maps_of is not None]
    names = {str(model.maps_of) for model in readers}
    if not names:
        return None
    if len(names) > 1:
        told = ", ".join(f"{model.name} those of {model.maps_of}" for model in readers)
        raise ModelUnavailable(
            f"one feature map is shared, but {told}: choose another in mirada.toml, "
            "see `mirada models`"
        )
    (name,) = names
    if origin_of(encoder) == name and isinstance(encoder, MapEncoder):
        return encoder
    made = load_encoder(name.partition("/")[0])
    if origin_of(made) != name or not isinstance(made, MapEncoder):
        raise ModelUnavailable(
            f"{readers[0].name} reads the feature maps of {name}, {made.name} is installed: "
            "choose another in mirada.toml, see `mirada models`"
        )
    return made


def _captioner(settings: Settings, encoder: Encoder) -> Captioner | None:
    """The captioner of the settings; the one by default needs an encoder that can check it."""
    if settings.captioner == Settings().captioner and not is_calibrated(encoder):
        return None
    return load_captioner(settings.captioner, settings.models)


def _namer(settings: Settings) -> Namer | None:
    return plugins.load_tagger(settings.tagger, settings.models) if settings.tagger else None


def surest(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """One tag of each name, the surest, by falling confidence."""
    best: dict[str, Tag] = {}
    for tag in tags:
        if tag.name not in best or tag.confidence > best[tag.name].confidence:
            best[tag.name] = tag
    return tuple(sorted(best.values(), key=lambda tag: (-tag.confidence, tag.name)))


def _side(model: Segmenter | Captioner, mapper: MapEncoder | None) -> int:
    """Pixels that a model needs, itself or in the map that it reads."""
    of_map = mapper.image_size if mapper and model.maps_of else 0
    return max(model.image_size, of_map)


def with_judged(found: Sequence[Tag], former: Sequence[Tag]) -> tuple[Tag, ...]:
    """New automatic tags, under what the user has accepted, rejected or added before."""
    judged = {tag.name: tag for tag in former if tag.state != "auto" or tag.source == "user"}
    fresh = [tag for tag in found if tag.name not in judged]
    return tuple(sorted([*judged.values(), *fresh], key=lambda tag: (-tag.confidence, tag.name)))
