from __future__ import annotations

import json
import sys
from shutil import copytree
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

from mirada.cli import cli
from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.boxes import corners, iou
from mirada.plugins import load_detector
from mirada.testing import DetectorContract
from mirada.testing.checks import picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("scipy")  # without torchvision the pictures of OWLv2 need it

from mirada.models.hub.detectors import HubDetector  # noqa: E402
from mirada.models.hub.grounded import OwlFinder, prompt_of, sentence_of  # noqa: E402
from mirada.models.thin import stretched  # noqa: E402
from tests.tiny_hub import made_once  # noqa: E402
from tests.tiny_segmenters import DETECTORS, SIDE, tiny_owlv2  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return made_once(DETECTORS, tmp_path_factory.mktemp("hub"))


@pytest.mark.parametrize("kind", DETECTORS)
class TestTheyKeepTheContract(DetectorContract):
    @pytest.fixture
    def detector(self, kind: str, folder_of: Callable[[str], Path]) -> HubDetector:
        return HubDetector(folder_of(kind), device="cpu")


@pytest.mark.parametrize("kind", DETECTORS)
def test_each_phrase_has_boxes_of_its_own_apart_from_each_other(
    kind: str, folder_of: Callable[[str], Path]
) -> None:
    detector = HubDetector(folder_of(kind), threshold=0.02)
    dog, ball = detector.detect(picture(37, 41), ["dog", "red ball"])
    assert dog
    assert ball
    assert [one.confidence for one in dog] != [one.confidence for one in ball]
    for found in (dog, ball):
        boxes = corners([one.box for one in found])
        overlaps = iou(boxes, boxes)
        assert all(overlaps[i, j] <= 0.6 for i in range(len(boxes)) for j in range(i))


def test_too_little_memory_is_told(
    folder_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cramped(*_: Any) -> Any:
        raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED")

    monkeypatch.setattr(OwlFinder, "find", cramped)
    with pytest.raises(ModelUnavailable, match="not enough memory for owlv2@.*device = 'cpu'"):
        HubDetector(folder_of("owlv2")).detect(picture(37, 41), ["dog"])


@pytest.mark.parametrize("kind", DETECTORS)
def test_the_threshold_decides_what_counts(kind: str, folder_of: Callable[[str], Path]) -> None:
    place, image = folder_of(kind), picture(37, 41)
    (every,) = HubDetector(place, threshold=0).detect(image, ["dog"])
    middle = sorted(one.confidence for one in every)[len(every) // 2]
    (some,) = HubDetector(place, threshold=middle).detect(image, ["dog"])
    assert 0 < len(some) < len(every)
    assert some == every[: len(some)]
    assert all(one.confidence > middle for one in some)


class Answering:
    """In place of a model: one box for each of two phrases, as its square sees them."""

    config = SimpleNamespace(text_config=SimpleNamespace(max_position_embeddings=32))
    device, dtype = torch.device("cpu"), torch.float32
    boxes = torch.tensor([[[0.25, 0.125, 0.5, 0.25], [0.5, 0.5, 0.2, 0.9]]])  # middles and sides

    def __call__(self, **inputs: Any) -> SimpleNamespace:
        logits = torch.tensor([[[4.0, -9.0], [-9.0, 2.0]]])
        return SimpleNamespace(logits=logits, pred_boxes=self.boxes)


@pytest.mark.parametrize(
    ("kind", "size", "first", "second"),
    [  # OWLv2 pads to a square at the bottom or right; OWL-ViT squeezes
        ("owlv2", (80, 40), (0.0, 0.0, 0.5, 0.5), (0.4, 0.1, 0.6, 1.0)),
        ("owlv2", (40, 80), (0.0, 0.0, 1.0, 0.25), (0.8, 0.05, 1.0, 0.95)),
        (
            "owlv2",
            (37, 41),
            (0.0, 0.0, 0.5 * 41 / 37, 0.25),
            (0.4 * 41 / 37, 0.05, 0.6 * 41 / 37, 0.95),
        ),
        ("owlvit", (80, 40), (0.0, 0.0, 0.5, 0.25), (0.4, 0.05, 0.6, 0.95)),
        ("owlvit", (37, 41), (0.0, 0.0, 0.5, 0.25), (0.4, 0.05, 0.6, 0.95)),
    ],
)
def test_boxes_are_told_in_fractions_of_the_image_not_of_what_the_model_sees(
    kind: str,
    size: tuple[int, int],
    first: tuple[float, ...],
    second: tuple[float, ...],
    folder_of: Callable[[str], Path],
) -> None:
    processor = transformers.AutoProcessor.from_pretrained(folder_of(kind))
    finder = OwlFinder(Answering(), processor, 0.1)
    (one,), (other,) = finder(picture(*size), ["dog", "cat"])
    for found, box, sure in ((one, first, 4.0), (other, second, 2.0)):
        row = (found.box.x0, found.box.y0, found.box.x1, found.box.y1)
        assert row == pytest.approx(box, abs=1e-5)
        assert found.confidence == pytest.approx(1 / (1 + 2.718281828**-sure), abs=1e-5)


def test_a_box_in_the_padding_is_no_box(folder_of: Callable[[str], Path]) -> None:
    processor = transformers.AutoProcessor.from_pretrained(folder_of("owlv2"))
    finder = OwlFinder(Answering(), processor, 0.1)
    finder.model.boxes = torch.tensor([[[0.5, 0.9, 0.2, 0.1], [0.5, 0.5, float("nan"), 0.2]]])
    assert finder(picture(80, 40), ["dog", "cat"]) == [[], []]


def test_one_box_may_be_of_two_phrases(folder_of: Callable[[str], Path]) -> None:
    """The dog is also the animal; what transformers does by itself leaves it to one."""

    class Both(Answering):
        def __call__(self, **inputs: Any) -> SimpleNamespace:
            return SimpleNamespace(
                logits=torch.tensor([[[4.0, 3.0], [-9.0, -9.0]]]), pred_boxes=self.boxes
            )

    processor = transformers.AutoProcessor.from_pretrained(folder_of("owlvit"))
    (dog,), (animal,) = OwlFinder(Both(), processor, 0.1)(picture(60, 40), ["dog", "animal"])
    assert dog.box == animal.box
    assert dog.confidence > animal.confidence


def test_phrases_are_asked_for_as_the_models_learnt_it() -> None:
    assert prompt_of("red car") == "a photo of a red car"
    assert prompt_of("orange") == "a photo of an orange"
    assert prompt_of("dogs") == "a photo of dogs"
    assert prompt_of("the Red car") == "a photo of the Red car"
    assert sentence_of("Red car") == "red car."
    assert sentence_of("St. Bernard?") == "st bernard."  # a dot would make two phrases of it


def test_very_thin_pictures_are_widened_for_the_models() -> None:
    assert stretched(picture(2, 900)).size == (113, 900)
    assert stretched(picture(900, 2)).size == (900, 113)
    assert stretched(picture(800, 100)).size == (800, 100)
    assert stretched(picture(3, 4).convert("L")).mode == "RGB"


def test_the_name_tells_the_weights_and_the_size_what_the_model_looks_at(
    folder_of: Callable[[str], Path],
) -> None:
    sides = {"owlv2": SIDE, "owlvit": SIDE, "grounding-dino": 1333, "mm-grounding-dino": 1333}
    for kind, side in sides.items():
        detector = load_detector(f"hub:{folder_of(kind)}", {"hub": {"threshold": 0.3}})
        assert isinstance(detector, HubDetector)
        assert detector.name.startswith(f"{kind}@")
        assert detector.image_size == side


def test_what_cannot_be_had_is_told(tmp_path: Path, folder_of: Callable[[str], Path]) -> None:
    with pytest.raises(ModelUnavailable, match="damaged or incomplete"):
        HubDetector(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelUnavailable, match="is a bert, which is no detector"):
        HubDetector(tmp_path)
    with pytest.raises(ConfigError, match="threshold"):
        HubDetector(folder_of("owlvit"), threshold=1.5)
    lost = tiny_owlv2(tmp_path / "lost")
    (lost / "model.safetensors").unlink()
    detector = HubDetector(lost)
    assert detector.detect(picture(8, 8), ["", " "]) == [[], []]  # nothing to look for
    with pytest.raises(ModelUnavailable, match="damaged or incomplete"):
        detector.detect(picture(8, 8), ["dog"])


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_checkpoint_without_some_of_its_weights_is_refused(
    kind: str, tmp_path: Path, folder_of: Callable[[str], Path]
) -> None:
    """Else they would be made up, and the boxes with them."""
    from safetensors.torch import load_file, save_file

    copytree(folder_of(kind), tmp_path / kind)
    weights = load_file(tmp_path / kind / "model.safetensors")
    lost = next(
        name
        for name in weights
        if name.endswith("layer_norm1.weight" if "owl" in kind else "sampling_offsets.weight")
    )
    del weights[lost]
    save_file(weights, tmp_path / kind / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match="lacks 1 weights"):
        HubDetector(tmp_path / kind).detect(picture(8, 8), ["dog"])


def test_without_the_extra_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mirada.models.hub.grounded", None)
    monkeypatch.delattr("mirada.models.hub.grounded")
    with pytest.raises(ModelUnavailable, match=r"pip install 'mirada\[hub\]'"):
        HubDetector("google/owlv2-base-patch16-ensemble")


@pytest.mark.parametrize("kind", ["owlv2", "grounding-dino"])
def test_the_best_pictures_of_a_query_are_judged_by_the_boxes_of_the_checkpoint(
    kind: str, tmp_path: Path, folder_of: Callable[[str], Path]
) -> None:
    for name, colour in {"one": "red", "two": "blue"}.items():
        image = Image.new("RGB", (120, 80), "white")
        ImageDraw.Draw(image).ellipse((20, 20, 60, 60), fill=colour)
        image.save(tmp_path / f"{name}.png")
    home = tmp_path / ".mirada"
    home.mkdir()
    (home / "mirada.toml").write_text(
        f'detector = "hub:{folder_of(kind)}"\n[models.hub]\nthreshold = 0.0\n', "utf-8"
    )
    run("index", str(tmp_path), "--without", "captions")
    told = json.loads(run("search", "a red ball on the left", "--json", "--home", str(home)))
    assert told["recheck"]["models"][0].startswith(f"{kind}@")
    drawn = [one for hit in told["hits"] for one in hit["evidence"] if one["source"] == "detector"]
    assert {one["kind"] for one in drawn} == {"phrase", "position"}
    assert any(one["boxes"] for one in drawn)


def run(*words: str) -> str:
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
