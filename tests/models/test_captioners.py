from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.errors import ModelUnavailable
from mirada.models.captioners import WEIGHTS, SmallCaptioner
from mirada.models.small import SmallEncoder
from mirada.models.weights import damaged_files, read_captioner_manifest
from mirada.protocols import Captioner
from mirada.types import WHOLE, Ask, Box
from tests import photos

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from mirada.types import FeatureMap

LEFT, RIGHT, SPECK = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1), Box(0.4, 0.4, 0.41, 0.42)


@dataclass(frozen=True)
class Seen:
    image: Image
    maps: FeatureMap


def ask(captioner, look, boxes, candidates, language) -> list[list[str]]:
    return captioner.caption(look, [Ask(box, language, candidates) for box in boxes])


@pytest.fixture(scope="module")
def captioner() -> SmallCaptioner:
    return SmallCaptioner()


@pytest.fixture(scope="module")
def look() -> Seen:
    image = photos.gradient()
    return Seen(image, SmallEncoder().read_map(image))


def test_it_is_a_captioner_that_reads_the_maps_of_the_embedded_encoder(
    captioner: SmallCaptioner,
) -> None:
    assert isinstance(captioner, Captioner)
    assert captioner.maps_of == SmallEncoder().name
    assert captioner.languages == ("en", "es")


def test_the_shipped_files_are_those_of_the_manifest_and_small() -> None:
    assert damaged_files(WEIGHTS) == []
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 5.0e6


@pytest.mark.parametrize("path", sorted(WEIGHTS.iterdir()), ids=lambda path: path.name)
def test_the_shipped_files_say_nothing_of_the_machine_they_were_made_on(path: Path) -> None:
    content = path.read_bytes()
    assert not any(trace in content for trace in (b"stack_trace", b"site-packages", b"/src/"))


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_whole_image_gets_five_different_sentences(
    captioner: SmallCaptioner, look: Seen, language: str
) -> None:
    (texts,) = ask(captioner, look, [WHOLE], 5, language)
    assert len(set(texts)) == 5
    assert all(2 < len(text.split()) < 22 and text == text.strip().lower() for text in texts)


def test_parts_get_two_different_phrases_each(captioner: SmallCaptioner, look: Seen) -> None:
    found = ask(captioner, look, [LEFT, RIGHT, SPECK], 2, "en")
    assert [len(set(texts)) for texts in found] == [2, 2, 2]
    whole = ask(captioner, look, [WHOLE], 1, "en")[0][0]
    assert all(len(text.split()) < len(whole.split()) for texts in found for text in texts)


def test_texts_of_a_box_do_not_depend_on_the_other_boxes(
    captioner: SmallCaptioner, look: Seen
) -> None:
    together = ask(captioner, look, [WHOLE, LEFT, RIGHT], 2, "en")
    alone = [ask(captioner, look, [box], 2, "en")[0] for box in (WHOLE, LEFT, RIGHT)]
    assert together == alone


def test_four_threads_get_the_same_texts(look: Seen) -> None:
    fresh = SmallCaptioner()

    def some(_: int) -> list[list[str]]:
        return ask(fresh, look, [WHOLE, LEFT], 3, "en")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(some, range(8)))
    assert found == [found[0]] * 8


def test_nothing_asked_gives_nothing(captioner: SmallCaptioner, look: Seen) -> None:
    assert ask(captioner, look, [], 5, "en") == []
    assert ask(captioner, look, [WHOLE], 0, "en") == [[]]


def test_a_map_of_nothing_at_all_is_survived(captioner: SmallCaptioner, look: Seen) -> None:
    blank = Seen(look.image, np.zeros_like(look.maps))
    assert ask(captioner, blank, [WHOLE], 1, "es")[0][0]


def test_another_language_is_refused(captioner: SmallCaptioner, look: Seen) -> None:
    with pytest.raises(ValueError, match="'fr' is not one of en, es"):
        ask(captioner, look, [WHOLE], 1, "fr")


def test_importing_the_module_brings_no_runtime() -> None:
    code = (
        "import sys, mirada.models.captioners;"
        "print([m for m in ('onnxruntime', 'tokenizers', 'torch') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no model in .*reinstall"):
        SmallCaptioner(tmp_path)
    (tmp_path / "model.json").write_text('{"name": "a/1"}')
    with pytest.raises(ModelUnavailable, match=r"model\.json is damaged"):
        read_captioner_manifest(tmp_path)
