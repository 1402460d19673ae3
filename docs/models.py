"""Write docs/models.md from the saved reports and the registered models: `python docs/models.py`.

What a model is for and under which licence it comes stands here; what it does and costs stands in
docs/reports/*.json, which `mirada experiment` wrote (summary.json of its report).
"""

from __future__ import annotations

import json
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mirada.config import Settings
from mirada.experiments.config import AXES
from mirada.experiments.grid import said_of
from mirada.experiments.markdown import rows_of
from mirada.experiments.models import size_of
from mirada.experiments.wording import COSTS, asked, cost, difference, points, span
from mirada.search.fuse import WORDS_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY: Final = Path(__file__).parent.parent
PAGE: Final = REPOSITORY / "docs" / "models.md"
REPORTS: Final = REPOSITORY / "docs" / "reports"

ROLES: Final = ("encoders", "segmenters", "captioners", "readers")
TAGGER: Final = REPOSITORY / "src" / "mirada" / "vocabulary"
USUAL: Final = Settings()
DEFAULTS: Final = {
    "encoder": USUAL.encoder,
    "segmenter": USUAL.segmenter,
    "captioner": USUAL.captioner,
    "words_weight": WORDS_WEIGHT,
    "rerank": True,
}
"""What `mirada index` and `mirada search` do by themselves."""


class About(NamedTuple):
    """What no program can find out about a model."""

    licence: str
    purpose: str


OWN: Final = "Apache-2.0 with mirada; its training data: [model card](model-card.md)"
ABOUT: Final = {
    "mirada-small": About(OWN, "pictures and texts, English and Spanish, in one space"),
    "feature-map": About(OWN, "boxes of the things that people would point out"),
    "grid": About("Apache-2.0", "the same 20 boxes for every picture, for any encoder"),
    "felzenszwalb": About(
        "Apache-2.0; scikit-image: BSD-3-Clause", "patches of even colour, with masks"
    ),
    "mirada-small-captioner": About(
        OWN, "sentences for pictures and phrases for parts, English and Spanish"
    ),
    "rapidocr": About("Apache-2.0", "reads text in pictures; extra `ocr` brings its weights"),
}

ADAPTED: Final = "as it is or adapted by `mirada train lora`"
THESIS: Final = {
    "CLIP": ("encoder", f"a plug-in of `mirada.encoders` (SigLIP too), {ADAPTED}"),
    "BLIP": ("captioner", f"a plug-in of `mirada.captioners`, {ADAPTED}"),
    "BLIP-2": ("captioner", f"a plug-in of `mirada.captioners`, {ADAPTED}"),
    "LLaVA": ("captioner", "a plug-in of `mirada.captioners` around a server of your own"),
    "GPT-4V": (
        "captioner",
        "a plug-in of `mirada.captioners` around its service: pictures leave the machine",
    ),
    "SAM": ("segmenter", "a plug-in of `mirada.segmenters` that makes proposals of its masks"),
}
"""System that the thesis names -> its role here, and how to measure it."""

UNMEASURED: Final = """\
CLIP, BLIP, BLIP-2, LLaVA, GPT-4V and SAM are **not measured here**: their weights could not be had
where these figures were made, and figures of papers are of other pictures and other questions. To
measure one, make it a plug-in (one class, and two lines in the metadata of its package;
`mirada.testing` holds the tests that it must pass), name it in an experiment beside the embedded
models and run `mirada experiment FILE.toml`."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(models_page(), encoding="utf-8")


def models_page() -> str:
    """The page as it should be."""
    parts = [
        "# The models, one by one",
        "Written by `python docs/models.py` from the registered models and from the reports in"
        " [reports](reports); a test fails when it is out of date. [experiments.md](experiments.md)"
        " tells how to measure others.",
        "## What there is",
        rows_of(["role", "name", "size", "licence", "what it is for"], list(_registered())),
        *_measured(),
        "## The systems that the thesis names",
        UNMEASURED,
        rows_of(
            ["system", "role in mirada", "as"],
            [[name, *told] for name, told in THESIS.items()],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _registered() -> Iterator[list[str]]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    for role in ROLES:
        for name, target in project["entry-points"][f"mirada.{role}"].items():
            about = ABOUT.get(name) or About("see its documentation", _docstring(target))
            yield [role.removesuffix("s"), f"`{name}`", _size(target), about.licence, about.purpose]
    learnt = (TAGGER / "weights.npz").stat().st_size
    yield [
        "tagger",
        "of the vocabulary",
        _megabytes(learnt),
        OWN,
        "words for pictures and their parts",
    ]


def _docstring(target: str) -> str:
    return (_class(target).__doc__ or "").strip().splitlines()[0].rstrip(".")


def _class(target: str) -> type:
    module, _, name = target.partition(":")
    found: type = getattr(import_module(module), name)
    return found


def _size(target: str) -> str:
    size = size_of(_class(target))
    return "in its package" if size is None else _megabytes(size)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size else "none"


def _measured() -> Iterator[str]:
    """A part for each report: one model is exchanged at a time."""
    for path in sorted(REPORTS.glob("*.json")):
        record = json.loads(path.read_text("utf-8"))
        machine, limits = record["machine"], record["limits"]
        yield f"## {record['name']}"
        yield (
            f"`mirada experiment docs/reports/{path.stem}.toml` (images {limits['images']}, queries"
            f" {limits['queries']}, seed {limits['seed']}), {record['made_at'][:10]},"
            f" {machine['system']}, {machine['processor']}, {machine['cores']} cores, mirada"
            f" {record['versions']['mirada']}. One model is exchanged at a time; the others are"
            " those that mirada takes by itself. Hundredths with 95% intervals; p after Holm. Small"
            " samples tell large differences only."
        )
        if record["note"]:
            yield str(record["note"])
        for gallery in record["galleries"]:
            yield f"### {gallery['name'][:1].upper()}{gallery['name'][1:]}"
            yield (
                f"{asked(gallery)}; pictures `{gallery['images_digest'][:12]}`, queries"
                f" `{gallery['queries_digest'][:12]}`. The baseline is {gallery['baseline']}."
            )
            yield _exchanged(gallery, record["measures"][0])
    yield (
        "Tags and regions by themselves: `mirada eval tags`, `mirada eval regions`, figures in the"
        " [model card](model-card.md) and the [README](../README.md). The reader of text is not"
        " measured here: the photos hold hardly any."
    )


def _exchanged(gallery: dict[str, Any], measure: str) -> str:
    """The systems that differ from mirada's own choice in one axis at most, by axis."""
    usual = _usual(gallery)
    rows = []
    for axis in AXES:
        alike = [
            one
            for one in gallery["systems"]
            if all(one["settings"][other] == usual[other] for other in AXES if other != axis)
        ]
        if len(alike) > 1 or axis == "encoder":
            rows += [_row(axis, one, measure) for one in alike]
    columns = {name: head for name, head in COSTS.items() if name != "peak_memory"}
    return rows_of(["what", "", measure, "against the baseline", *columns.values()], rows)


def _usual(gallery: dict[str, Any]) -> dict[str, Any]:
    """Settings that mirada takes by itself, or of the first system where a report lacks those."""
    found: dict[str, Any] = dict(DEFAULTS)
    for axis in AXES:
        known = [one["settings"][axis] for one in gallery["systems"]]
        found[axis] = found[axis] if found[axis] in known else known[0]
    return found


def _row(axis: str, system: dict[str, Any], measure: str) -> list[str]:
    own = system["measures"][measure]
    model = system["models"].get(axis)
    costs = [cost(system["costs"], name) for name in COSTS if name != "peak_memory"]
    return [
        {"words_weight": "fusion", "rerank": "ranking"}.get(axis, axis),
        model["name"] if model else said_of(axis, system["settings"][axis]),
        f"{points(own['mean'])} {span(own)}",
        difference(own),
        *costs,
    ]


if __name__ == "__main__":
    main()
