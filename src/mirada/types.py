"""The nouns of mirada: frozen values that every step of the pipeline passes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]
    """(dim,), of unit length."""
    Matrix: TypeAlias = NDArray[np.float32]
    """(n, dim), rows of unit length."""
    FeatureMap: TypeAlias = NDArray[np.float32]
    """(rows, columns, channels): what an image tower saw in each part of an image."""


def __getattr__(name: str) -> Any:
    """The shapes of arrays, for those who import them to run; numpy is slow to load."""
    if name not in {"Vector", "Matrix", "FeatureMap"}:
        raise AttributeError(name)
    import numpy as np  # noqa: PLC0415 not every command needs it
    from numpy.typing import NDArray  # noqa: PLC0415

    return NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of an image's width and height; the origin is its top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """Share of the image, in [0, 1]."""
        return max(self.x1 - self.x0, 0.0) * max(self.y1 - self.y0, 0.0)


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
"""The box of the whole image."""
COLOURS: Final = (
    *("black", "white", "grey", "red", "orange", "yellow"),
    *("green", "blue", "purple", "pink", "brown"),
)
"""The names of colours: the eleven basic colour terms of English (Berlin & Kay 1969)."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file on disk as the scan saw it."""

    path: Path  # absolute; may hold surrogate escapes where the name is not UTF-8
    size: int  # bytes
    mtime_ns: int  # nanoseconds since the epoch


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not be used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A word or short phrase by which an image can be found."""

    name: str  # lower case, such as "dog" or "golden hour"
    confidence: float  # calibrated probability in [0, 1] that it fits
    source: str  # what it came from: model, region, caption, text or user
    state: str = "auto"  # auto, accepted or rejected


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence that says what an image or a region shows, checked against its pixels."""

    text: str
    language: str  # "en" or "es"
    confidence: float  # calibrated probability in [0, 1] that it fits


@dataclass(frozen=True, slots=True)
class Ask:
    """A wish for captions of one part of an image in one language."""

    box: Box
    language: str
    candidates: int  # different ones, at most


@dataclass(frozen=True, slots=True)
class Keyphrase:
    """What people would type to find an image, taken from its captions and tags."""

    text: str  # lemmas joined by spaces, such as "brown dog" or "man ride horse"
    kind: str  # noun, adjective_noun, noun_verb or noun_relation_noun
    source: str  # caption, region or tag


@dataclass(frozen=True, slots=True)
class Swatch:
    """A named colour and how much of the pixels have it."""

    colour: str  # such as "red"
    share: float  # in (0, 1]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text read in an image."""

    text: str
    box: Box
    confidence: float  # the reader's own, in [0, 1]; never a ranking score


@dataclass(frozen=True, slots=True)
class Proposal:
    """A part of an image that a segmenter holds for a thing."""

    box: Box
    confidence: float  # in [0, 1]: how much it looks like a thing, by the segmenter's own measure
    mask: NDArray[np.bool_] | None = field(default=None, compare=False)
    """(rows, columns) over the whole image, at the segmenter's own resolution."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an image, described."""

    box: Box
    vector: Vector = field(compare=False)
    confidence: float  # of the proposal, in [0, 1]
    tags: tuple[Tag, ...] = ()  # by falling confidence
    captions: tuple[Caption, ...] = ()
    palette: tuple[Swatch, ...] = ()  # by falling share

    @property
    def label(self) -> str | None:
        """Its surest tag."""
        return self.tags[0].name if self.tags else None


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The regions of some images as arrays, largest first.

    Each image has as many rows as the one with most regions; those in excess are zeros.
    """

    boxes: NDArray[np.float32]  # (images, parts, 4): x0, y0, x1, y1
    vectors: NDArray[np.float32]  # (images, parts, dim), of unit length
    present: NDArray[np.bool_]  # (images, parts): whether there is such a region
    colours: NDArray[np.float32]  # (images, parts, len(COLOURS)): shares of the middle of each box


@dataclass(frozen=True, slots=True)
class Facts:
    """What pixels say without a model."""

    palette: tuple[Swatch, ...]  # by falling share
    black_and_white: bool
    sharpness: float  # in [0, 1]
    brightness: float  # mean luminance in [0, 1]
    fingerprint: str  # perceptual hash, hexadecimal: near copies differ in few bits


@dataclass(frozen=True, slots=True)
class Metadata:
    """What files say of an image: EXIF, IPTC, XMP, sidecars; None where nothing does."""

    taken_at: datetime | None = None  # aware where the time zone is known, else local time
    taken_from: str | None = None  # what said so: exif, xmp, iptc, takeout, name or file
    camera: str | None = None
    lens: str | None = None
    iso: int | None = None
    f_number: float | None = None
    exposure_time: float | None = None  # seconds
    focal_length: float | None = None  # millimetres
    latitude: float | None = None  # degrees, north positive
    longitude: float | None = None  # degrees, east positive
    place: str | None = None  # such as "Havana, La Habana, Cuba"
    rating: int | None = None  # stars, 0 to 5; -1: rejected
    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """The stored document of one image: copies of the same bytes share it.

    What a role has not looked at yet is empty, and the role is not in `models`.
    """

    image_id: str  # sha256 of the file's bytes, hexadecimal
    files: tuple[SourceFile, ...]  # every place where these bytes lie, sorted by path
    width: int  # pixels, after orientation
    height: int  # pixels, after orientation
    format: str  # JPEG, PNG, WEBP ... as Pillow names it
    indexed_at: datetime  # UTC
    models: Mapping[str, str] = field(default_factory=dict)
    """What described it: role (facts, metadata, regions, tags ...) -> name with revision."""
    facts: Facts | None = None
    metadata: Metadata | None = None
    regions: tuple[Region, ...] = ()  # largest first, without the whole image
    tags: tuple[Tag, ...] = ()  # by falling confidence
    captions: tuple[Caption, ...] = ()  # at most one a language
    phrases: tuple[Keyphrase, ...] = ()
    text_lines: tuple[TextLine, ...] = ()

    @property
    def path(self) -> Path:
        """The first of its paths."""
        return self.files[0].path


@dataclass(frozen=True, slots=True)
class Ranking:
    """Image ids best first, with scores comparable only inside this ranking."""

    source: str
    ids: tuple[str, ...]
    scores: NDArray[np.float32]  # (n,), falling


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far an image meets one clause of a query, and what says so."""

    kind: str  # scene, phrase, position, relation, count, negation, filter or words
    clause: str  # as people would say it: "red car", "dog left of red car", "no people"
    degree: float  # in [0, 1]
    source: str
    """What says so: vector, region, words or metadata; of a second look detector or reranker."""
    boxes: tuple[Box, ...] = ()
    """Where, in the order of the things of the clause; a reranker knows only the boxes of regions
    that were there before."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One image that answers a query."""

    record: ImageRecord
    rank: int  # from 1
    score: float  # orders the results, before a second look at the best
    confidence: float | None  # probability in [0, 1] that it matches; None: nothing to judge by
    evidence: tuple[Evidence, ...] = ()  # clause by clause, in the order of the query
    again: float | None = None
    """What a second look makes of it, in [0, 1]: geometric mean over the clauses. It orders the
    hits, those of which a clause plainly fails coming last. None: nobody looked again."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the scores of one encoder turn into probabilities; see `mirada.search.calibrate`."""

    distractors: Matrix  # vectors of texts on common subjects
    temperature: float  # of the soft maximum over them, in units of the score
    scale: float  # of the logistic
    offset: float
    prior: float  # share of matching pairs that the logistic was fitted for


@dataclass(frozen=True, slots=True, eq=False)
class Grounding:
    """How well a text fits a part of an image, learnt for one encoder.

    Beside the dot product of their vectors it weighs what the whole image shows and how large the
    part is; see `mirada.search.grounding` for the formula.
    """

    text: NDArray[np.float32]  # (dim, rank): what matters of a text
    region: NDArray[np.float32]  # (dim, rank): what answers to it in the part
    whole: NDArray[np.float32]  # (dim, rank): what answers to it in the whole image
    shape: NDArray[np.float32]  # (6, dim): texts that boxes of a shape favour
    favour: NDArray[np.float32]  # (dim,): texts that fit more than their vector says
    sharpness: float  # of the dot product
    distractors: Matrix  # vectors of texts on common subjects
    scale: float  # of the logistic
    offset: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """A thing that a query asks for."""

    text: str  # as written, without article, count and position: "big white dog lying"
    head: str  # lemma of what it is, with the nouns that name it: "dog", "coffee mug"
    attrs: tuple[str, ...] = ()  # words said of it, as written: "big", "white", "lying"
    count: str | None = None  # "2", ">=3", "<=2"; None: any number
    pos: tuple[str, ...] = ()
    """Where in the image: left, right, top, bottom, center, top-left, top-right, bottom-left,
    bottom-right, corner, background, foreground."""
    span: tuple[int, int] = (0, 0)  # its characters in the query as written; (0, 0): not written


@dataclass(frozen=True, slots=True)
class Relation:
    """How a thing of a query lies to others."""

    rel: str
    """left_of, right_of, above, below, on, inside, in_on (Spanish "en": inside or on), next_to,
    touching, behind, in_front_of, between, far_from or outside."""
    subj: int  # its place among the phrases
    objs: tuple[int, ...]  # one, or two for "between"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What the files or the words of an image must say; never a matter of degree."""

    field: str
    """any (every text of the image), text (read in it), tag, caption, path, date, camera, lens,
    place, color ("bw": black and white), orientation, format, size ("5mb"), width, height (pixels),
    rating, iso, aperture, focal (millimetres) as `search/lexicon/fields.tsv` lists them."""
    op: str  # "=", "!=", "<", "<=", ">" or ">="; of texts "=" means that they contain the value
    value: (
        str  # lower case; dates as "2020-01-31"; after "!=" also as "2020", "2020-06", "start..end"
    )


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """What a query means: every content word is in one of its parts."""

    raw: str  # as typed
    lang: str  # "en" or "es"
    full_text: str  # without filters and what is negated: what is embedded for the whole image
    scene: str = ""  # what is said of the image as a whole, and what was not understood
    phrases: tuple[Phrase, ...] = ()
    relations: tuple[Relation, ...] = ()
    negations: tuple[Phrase, ...] = ()  # what must not be seen
    filters: tuple[Filter, ...] = ()  # all must hold
    warnings: tuple[str, ...] = ()  # what was typed and could not be used
    unplaced: tuple[str, ...] = ()  # words of the scene that no rule understood
    alternatives: tuple[ParsedQuery, ...] = ()
    """Of "A OR B": the queries of which one must hold. The fields above are then empty, but for
    raw, lang, full_text and warnings."""
