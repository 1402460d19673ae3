"""Write docs/models.md from the saved reports and the registered models: `python docs/models.py`.

What models are stands in src/mirada/models/known.toml, what they do and cost in
docs/reports/*.json, which `mirada experiment` wrote (summary.json of its report).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mirada.config import Settings
from mirada.experiments.config import AXES
from mirada.experiments.grid import said_of
from mirada.experiments.markdown import rows_of
from mirada.experiments.wording import COSTS, asked, cost, difference, points, span
from mirada.known import known_models
from mirada.search.fuse import WORDS_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY: Final = Path(__file__).parent.parent
PAGE: Final = REPOSITORY / "docs" / "models.md"
REPORTS: Final = REPOSITORY / "docs" / "reports"

USUAL: Final = Settings()
DEFAULTS: Final = {
    "encoder": USUAL.encoder,
    "segmenter": USUAL.segmenter,
    "captioner": USUAL.captioner,
    "words_weight": WORDS_WEIGHT,
    "rerank": True,
}
"""What `mirada index` and `mirada search` do by themselves."""


class System(NamedTuple):
    """A system that the thesis names: what it does in mirada, and what of it was run."""

    name: str
    roles: str  # with the names of known.toml
    how: str  # mirada uses it
    run: str  # by the tests of this repository
    command: str  # that uses it where it can be had


TINY: Final = (
    "a tiny random checkpoint of the same classes, from index to search by the command line"
)
THESIS: Final = (
    System(
        "CLIP",
        "encoder `clip`, `clip-large`, `openclip`, `mobileclip2`, `siglip2`, `siglip2-so400m`",
        "vectors of pictures, of crops of their regions and of texts; its own logit scale gives the"
        " confidence, by which it checks captions; exported to ONNX it runs without torch",
        f"{TINY}; its export against torch to 1e-4 (`tests/models/test_hub_encoders.py`,"
        " `test_open_clip.py`, `test_export.py`)",
        "mirada index --encoder clip",
    ),
    System(
        "BLIP",
        "captioner `blip`, reranker `blip-itm`",
        "captions of the whole and of regions, which the encoder checks; its image-text matching"
        " looks again at the ten best pictures of a query",
        f"{TINY} (`tests/models/test_hub_captioners.py`, `test_hub_rerankers.py`)",
        "mirada index --captioner blip --reranker blip-itm",
    ),
    System(
        "BLIP-2",
        "captioner `blip2`",
        "as BLIP, with a language model behind a Q-Former",
        f"{TINY} (`tests/models/test_hub_captioners.py`)",
        "mirada index --captioner blip2",
    ),
    System(
        "LLaVA",
        "captioner `llava`, `qwen3-vl`; reranker of the same kind",
        "asked by its chat template for a sentence (whole) or a phrase (region), in English or"
        " Spanish; as reranker for yes or no, by the logits of the answer",
        f"{TINY} (`tests/models/test_hub_captioners.py`, `test_hub_rerankers.py`)",
        "mirada index --captioner llava",
    ),
    System(
        "GPT-4V",
        "captioner, tagger, reranker `remote`",
        "by OpenAI's protocol, so its successors and servers of one's own too: captions, tags and"
        " yes/no checks by a JSON schema, cached, within a budget ([remote.md](remote.md))",
        "a tiny checkpoint behind `transformers serve`, with faults put between"
        " (`tests/models/remote`); no service was called",
        "mirada index --captioner remote:MODEL",
    ),
    System(
        "SAM",
        "segmenter `sam`, `slimsam`, `sam2`; with words: detector `owlv2`, `grounding-dino`",
        "masks of a grid of points become regions; at query time a detector finds the boxes of the"
        " query's own phrases in the ten best pictures",
        f"{TINY} (`tests/models/test_hub_segmenters.py`, `test_hub_detectors.py`)",
        "mirada index --segmenter sam2 --detector owlv2",
    ),
)

NOT_RUN: Final = """\
Real weights of these six are **not run or measured here**: where this repository is made, no hub
of models and no such service can be reached, and there is no GPU. So the tests build small random
models with the classes of transformers and open_clip, save them as the hub would, and use them for
real; that shows that the code runs, not how good the answers are. Figures of papers are of other
pictures and other questions. With a connection, each is one command, and `mirada experiment`
measures it on your own pictures beside the embedded models ([experiments.md](experiments.md))."""

OPTIONS: Final = """\
`mirada index --encoder NAME` (`--segmenter`, `--captioner`, `--tagger`, `--detector`, `--reranker`)
uses a model from now on; an empty name switches a tagger, detector or reranker off. `--preset` sets
all of them and the roles that look at pictures. Options of plug-ins stand in `mirada.toml`, for all
their roles or for one:

```toml
[models.hub]
device = "cuda"             # auto, cpu, cuda, cuda:1, mps; also by MIRADA_DEVICE
precision = "bfloat16"      # auto, float32, bfloat16, float16; also by MIRADA_PRECISION
batch_size = 16             # halved by itself where memory does not hold so many
trust_remote_code = false   # true needs `mirada trust` too

[models.hub.captioner]
languages = ["en"]

[models.hub.segmenter]
points = 16                 # a side of the grid that SAM is asked at
```

Wrong options are errors that list the right ones. Those that change answers are part of the name
that is recorded ("+" and six digits), so what was described otherwise becomes due.

`hub:ORG/NAME` takes the commit that is in the hub's own cache, without a request, or fetches the
newest; it stays at that one. `@COMMIT` pins one; `@main` or another branch is looked up every time.
The same holds for `open-clip:hf-hub:ORG/NAME`; names of open_clip's own list are fetched as
open_clip does it, without a commit. HF_HUB_OFFLINE is respected. There is no tagger like RAM++: no
kept package of one was found."""

COLUMNS: Final = ["role", "name", "what", "size", "languages", "runs on", "licence"]
KNOWN: Final = """\
From `src/mirada/models/known.toml`, as `mirada models` lists them. Sizes and licences of models
that do not come with mirada are what their authors were last known to tell: read the licence
before you use one. Any other checkpoint is `hub:ORG/NAME`, `hub:FOLDER` or
`open-clip:MODEL/WEIGHTS`; `hub:ORG/NAME@COMMIT` pins it."""


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
        KNOWN,
        rows_of(
            ["role", "name", "what", "size", "languages", "runs on", "licence"], list(_known())
        ),
        OPTIONS,
        "Another model is one file and two lines of toml: [plugin.md](plugin.md).",
        "## The systems that the thesis names",
        NOT_RUN,
        *(_system(one) for one in THESIS),
        *_measured(),
    ]
    return "\n\n".join(parts) + "\n"


def _known() -> Iterator[list[str]]:
    for model in known_models():
        size = f"{model.megabytes:,g} MB" if model.megabytes else ""
        size += f", {model.dim} dimensions" if model.dim else ""
        yield [
            model.role.removesuffix("s"),
            f"`{model.name}`",
            model.about,
            size,
            ", ".join(model.languages),
            ", ".join(model.runs_on),
            model.licence,
        ]


def _system(one: System) -> str:
    return (
        f"### {one.name}\n\n"
        f"- **Role**: {one.roles}.\n- **How**: {one.how}.\n- **Run here**: {one.run}.\n"
        f"- **To run it**: `{one.command}`"
    )


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
