from __future__ import annotations

import json
import sys
from functools import partial
from shutil import copytree
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

import mirada
from mirada.cli import cli
from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.boxes import corners, iou
from mirada.plugins import load_segmenter
from mirada.testing import SegmenterContract
from mirada.testing.checks import Seen, check_proposals, picture
from mirada.testing.segmenters import check_mask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from mirada.models.hub.masks import Asking, Prompted, extents, sampled  # noqa: E402
from mirada.models.hub.segmenters import HubSegmenter  # noqa: E402
from mirada.models.hub.squares import MEAN, SPREAD, Square  # noqa: E402
from tests.tiny_hub import made_once  # noqa: E402
from tests.tiny_segmenters import SEGMENTERS, SIDE, tiny_sam  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return made_once(SEGMENTERS, tmp_path_factory.mktemp("hub"))


def shapes(width: int = 120, height: int = 80) -> Image.Image:
    """A red square and a blue disc on white."""
    image = Image.new("RGB", (120, 80), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, 40, 40), fill="red")
    draw.ellipse((70, 30, 110, 70), fill="blue")
    return image.resize((width, height))


@pytest.mark.parametrize("kind", SEGMENTERS)
class TestTheyKeepTheContract(SegmenterContract):
    @pytest.fixture
    def segmenter(self, kind: str, folder_of: Callable[[str], Path]) -> HubSegmenter:
        return HubSegmenter(folder_of(kind), device="cpu")

    @pytest.fixture
    def encoder(self, kind: str) -> None:
        return None


@pytest.mark.parametrize("kind", SEGMENTERS)
def test_what_stands_out_is_found_with_its_mask(
    kind: str, folder_of: Callable[[str], Path]
) -> None:
    found = HubSegmenter(folder_of(kind), least_stability=0.9).segment(Seen(shapes(), None))
    assert found
    check_proposals(found)
    for one in found:
        assert one.mask is not None
        assert one.mask.shape == (85, 128)  # 120 x 80 pixels, 128 cells across
        check_mask(one, 1.5)
        assert one.mask.mean() < 0.85
    boxes = corners([one.box for one in found])
    assert (iou(boxes, boxes) - np.eye(len(boxes))).max(initial=0) <= 0.7


@pytest.mark.parametrize("kind", ["sam", "sam-2"])
def test_a_point_gives_the_same_masks_whatever_is_asked_beside_it(
    kind: str, folder_of: Callable[[str], Path]
) -> None:
    looks = Seen(shapes(), None)
    few, all_at_once = (
        HubSegmenter(folder_of(kind), batch_size=size).segment(looks) for size in (7, 64)
    )
    assert len(few) == len(all_at_once) > 1
    for one, other in zip(few, all_at_once, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


def test_more_points_are_asked_for_more(folder_of: Callable[[str], Path]) -> None:
    counts = [
        len(HubSegmenter(folder_of("sam-2"), points=points).segment(Seen(shapes(), None)))
        for points in (1, 8)
    ]
    assert counts[0] < counts[1] <= 20


def test_masks_that_the_model_holds_for_bad_or_that_waver_are_left_out(
    folder_of: Callable[[str], Path],
) -> None:
    looks, place = Seen(shapes(), None), folder_of("sam")
    every = HubSegmenter(place, least_iou=0, least_stability=0).segment(looks)
    steady = HubSegmenter(place, least_stability=0.95).segment(looks)
    assert 0 < len(steady) < len(every)
    assert HubSegmenter(place, least_iou=0.99).segment(looks) == []  # it foretells .95 at most
    assert all(0.88 * 0.95 <= one.confidence <= 1 for one in steady)


def test_cells_of_a_mask_lie_where_they_lie_in_the_image() -> None:
    """The image fills 32 x 16 of the 64 x 64 cells: its right edge is a half of the square."""
    across = (torch.arange(64) + 0.5).expand(1, 64, 64)  # logits that tell their own place
    columns = sampled(across, (0.5, 0.25), (8, 16))[0]
    assert columns.shape == (8, 16)
    np.testing.assert_allclose(columns[0], 2 * np.arange(16) + 1, atol=1e-4)
    rows = sampled(across.mT, (0.5, 0.25), (8, 16))[0]
    np.testing.assert_allclose(rows[:, 0], 2 * np.arange(8) + 1, atol=1e-4)


def test_masks_are_those_that_transformers_gives_at_the_size_of_the_image() -> None:
    """Its way: blown up to the square that the model looks at, cut, brought to the image."""
    blow_up = partial(torch.nn.functional.interpolate, mode="bilinear")
    logits = blow_up(torch.randn(1, 3, 6, 6, generator=torch.manual_seed(0)), (32, 32))
    cut = blow_up(logits, (128, 128))[..., :85, :128]  # an image of 128 x 85 pixels in the square
    theirs = blow_up(cut, (43, 64))[0]
    ours = sampled(logits[0], (1.0, 85 / 128), (43, 64))
    assert (ours - theirs).abs().max() < 0.05  # of values of about 1; they interpolate twice
    assert ((ours > 0) == (theirs > 0)).float().mean() > 0.99


class Drawing:
    """In place of a model: a square of 16 pixels around each point, in the square that it sees."""

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self) -> None:
        self.embedded = 0
        self.asked: list[int] = []

    def get_image_embeddings(self, pixels: Any) -> Any:
        self.embedded += 1
        return pixels

    def __call__(self, *, input_points: Any, **told: Any) -> SimpleNamespace:
        points = input_points[0, :, 0]
        self.asked.append(len(points))
        cells = torch.arange(SIDE) + 0.5
        across = (cells - points[:, :1]).abs() <= 8
        down = (cells - points[:, 1:]).abs() <= 8
        masks = 20.0 * (down[:, :, None] & across[:, None, :]) - 10
        sure = torch.tensor([0.9, 0.8, float("nan")]).expand(len(points), 3)
        return SimpleNamespace(
            pred_masks=masks[None, :, None].expand(1, -1, 3, -1, -1), iou_scores=sure[None]
        )


@pytest.mark.parametrize(("padded", "half"), [(True, 8 / 43), (False, 8 / 64)])
def test_points_and_masks_are_told_in_fractions_of_the_image(padded: bool, half: float) -> None:
    """An image of 120 x 80 pixels fills 64 x 43 of the square, or all of it."""
    model = Drawing()
    prompted = Prompted(
        model, Square(SIDE, padded, MEAN, SPREAD), Asking(SIDE, 2, 3, 0.5, 0.5, 0.5)
    )
    found = prompted(shapes())
    assert (model.embedded, model.asked) == (1, [3, 1])
    assert len(found) == 4  # each once: the surest of the three masks at a point
    boxes = sorted((one.box.y0, one.box.x0, one.box.y1, one.box.x1) for one in found)
    expected = [
        (top - half, left - 0.125, top + half, left + 0.125)
        for top in (0.25, 0.75)
        for left in (0.25, 0.75)
    ]
    np.testing.assert_allclose(boxes, expected, atol=1 / 64)
    assert all(0.7 < one.confidence <= 0.9 for one in found)
    for one in found:
        check_mask(one, 1.5)


def test_boxes_are_the_extents_of_masks() -> None:
    masks = np.zeros((2, 4, 8), bool)
    masks[0, 1:3, 2:6] = True
    masks[1, 3, 7] = masks[1, 0, 0] = True
    np.testing.assert_allclose(extents(masks), [[0.25, 0.25, 0.75, 0.75], [0, 0, 1, 1]])


@pytest.mark.parametrize("size", [(120, 80), (37, 41), (641, 480), (64, 64)])
def test_pictures_are_prepared_as_transformers_does(size: tuple[int, int]) -> None:
    transformers = pytest.importorskip("transformers")
    image = picture(12, 8).resize(size, Image.Resampling.BICUBIC)
    theirs = transformers.SamImageProcessor(
        size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE}
    )(images=image, return_tensors="pt")
    square = Square(SIDE, True, MEAN, SPREAD)
    width, height = square.shown(image)
    assert [height, width] == theirs["reshaped_input_sizes"][0].tolist()
    np.testing.assert_allclose(square(image), theirs["pixel_values"], atol=0.05)


def test_the_name_tells_the_weights_and_the_size_what_the_model_looks_at(
    folder_of: Callable[[str], Path],
) -> None:
    for kind in SEGMENTERS:
        segmenter = load_segmenter(f"hub:{folder_of(kind)}")
        assert isinstance(segmenter, HubSegmenter)
        assert segmenter.name.startswith(f"{kind}@")
        assert len(segmenter.name) == len(kind) + 13
        assert (segmenter.image_size, segmenter.maps_of) == (SIDE, None)


def test_a_checkpoint_of_a_video_model_segments_images(
    tmp_path: Path, folder_of: Callable[[str], Path]
) -> None:
    """Those of SAM 2 on the hub say that they are `sam2_video`."""
    place = folder_of("sam-2")
    video = copytree(place, tmp_path / "video")
    config = json.loads((video / "config.json").read_text("utf-8"))
    config |= {"model_type": "sam2_video", "architectures": ["Sam2VideoModel"]}
    (video / "config.json").write_text(json.dumps(config), "utf-8")
    looks = Seen(shapes(), None)
    assert HubSegmenter(video).segment(looks) == HubSegmenter(place).segment(looks) != []


def test_what_cannot_be_had_is_told(tmp_path: Path, folder_of: Callable[[str], Path]) -> None:
    with pytest.raises(ModelUnavailable, match="damaged or incomplete"):
        HubSegmenter(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelUnavailable, match="is a bert, which is no segmenter"):
        HubSegmenter(other)
    with pytest.raises(ConfigError, match="points"):
        HubSegmenter(folder_of("sam"), points=0)
    lost = tiny_sam(tmp_path / "lost")
    (lost / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="damaged or incomplete"):
        HubSegmenter(lost).segment(Seen(shapes(), None))


@pytest.mark.parametrize("kind", SEGMENTERS)
def test_a_checkpoint_without_some_of_its_weights_is_refused(
    kind: str, tmp_path: Path, folder_of: Callable[[str], Path]
) -> None:
    """Else they would be made up, and the masks with them."""
    from safetensors.torch import load_file, save_file

    copytree(folder_of(kind), tmp_path / kind)
    weights = load_file(tmp_path / kind / "model.safetensors")
    del weights["mask_decoder.iou_prediction_head.proj_out.weight"]
    save_file(weights, tmp_path / kind / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"lacks 1 weights .*iou_prediction_head"):
        HubSegmenter(tmp_path / kind).segment(Seen(shapes(), None))


def test_options_that_decide_what_is_found_stand_in_the_name(
    folder_of: Callable[[str], Path],
) -> None:
    usual = HubSegmenter(folder_of("sam")).name
    others = [{"points": 4}, {"least_iou": 0.5}, {"least_stability": 0.9}]
    names = {HubSegmenter(folder_of("sam"), **some).name for some in others}
    assert len(names) == 3
    assert all(name.startswith(f"{usual}+") and len(name) == len(usual) + 7 for name in names)
    for same in ({"points": 8}, {"batch_size": 3}, {"least_iou": 0.88}, {"device": "cpu"}):
        assert HubSegmenter(folder_of("sam"), **same).name == usual


def test_too_little_memory_is_told_with_what_to_make_smaller(
    folder_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cramped(*_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Prompted, "_masks", cramped)
    segmenter = HubSegmenter(folder_of("sam"), batch_size=16)
    with pytest.raises(ModelUnavailable, match="not enough memory for sam@.*batch_size below 16"):
        segmenter.segment(Seen(shapes(), None))


def test_without_the_extra_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mirada.models.hub.masks", None)
    monkeypatch.delattr("mirada.models.hub.masks")
    with pytest.raises(ModelUnavailable, match=r"pip install 'mirada\[hub\]'"):
        HubSegmenter("facebook/sam-vit-base")


@pytest.mark.parametrize("kind", ["sam", "sam-2"])
def test_pictures_are_indexed_with_regions_of_the_checkpoint(
    kind: str, tmp_path: Path, folder_of: Callable[[str], Path]
) -> None:
    (tmp_path / ".mirada").mkdir()
    settings = f'segmenter = "hub:{folder_of(kind)}"\n[models.hub]\npoints = 6\n'
    (tmp_path / ".mirada" / "mirada.toml").write_text(settings, "utf-8")
    for name, size in {"wide": (360, 240), "tall": (240, 360)}.items():
        shapes(*size).save(tmp_path / f"{name}.png")
    run("index", str(tmp_path), "--without", "captions")
    home = str(tmp_path / ".mirada")
    shown = run("show", str(tmp_path), "--json", "--home", home).splitlines()
    documents = [json.loads(line) for line in shown]
    assert len(documents) == 2
    assert all(one["regions"] for one in documents)
    for record in (hit.record for hit in mirada.open(tmp_path).search("red square")):
        assert record.models["regions"].startswith(f"{kind}@")


def run(*words: str) -> str:
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
