"""Rerankers of Hugging Face, on tiny random checkpoints of each family."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from click.testing import CliRunner

from mirada.cli import cli
from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.hub.rerankers import HubReranker
from mirada.plugins import load_reranker
from mirada.testing import RerankerContract
from mirada.testing.checks import picture
from mirada.testing.rerankers import TEXTS
from tests import photos, tiny_captioners, tiny_hub
from tests.tiny_captioners import RERANKERS, params_of
from tests.tiny_hub import made_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]

CHATTING = ("llava", "qwen2-vl", "qwen3-vl")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return made_once(RERANKERS, tmp_path_factory.mktemp("hub"), prefix="tiny-")


@pytest.fixture(params=params_of(RERANKERS))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestHubReranker(RerankerContract):
    @pytest.fixture
    def reranker(self, checkpoint, family) -> HubReranker:
        return HubReranker(checkpoint(family))


def test_both_the_text_and_the_picture_decide(checkpoint, family) -> None:
    reranker = HubReranker(checkpoint(family))
    images = [picture(64, 48, seed=seed) for seed in range(4)]
    found = np.array([reranker.check(image, TEXTS) for image in images])
    assert (found.std(axis=0) > 1e-4).all()
    assert (found.std(axis=1) > 1e-4).all()


@pytest.mark.parametrize(
    ("head", "how"),
    [
        ("blip", lambda model, given: model(**given, use_itm_head=True).itm_score),
        (
            "blip-2",
            lambda model, given: model(**given, use_image_text_matching_head=True).logits_per_image,
        ),
    ],
)
def test_a_head_for_matching_gives_the_probability_of_a_match(checkpoint, head, how) -> None:
    import transformers

    image, text = picture(64, 48), "a red ball at the top"
    processor = transformers.AutoProcessor.from_pretrained(checkpoint(head))
    kinds = {"blip": "BlipForImageTextRetrieval", "blip-2": "Blip2ForImageTextRetrieval"}
    model = getattr(transformers, kinds[head]).from_pretrained(checkpoint(head)).eval()
    with torch.inference_mode():
        scores = how(model, processor(images=image, text=text, return_tensors="pt"))
    expected = scores.softmax(-1)[0, 1]
    assert HubReranker(checkpoint(head)).check(image, [text])[0] == pytest.approx(float(expected))


@pytest.mark.parametrize("chatty", params_of(CHATTING))
def test_a_chat_model_gives_the_weight_of_yes_against_no(checkpoint, chatty) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    image = picture(64, 48)
    processor = AutoProcessor.from_pretrained(checkpoint(chatty))
    model = AutoModelForImageTextToText.from_pretrained(checkpoint(chatty)).eval()
    question = "Does the image show: a red ball? Answer yes or no."
    content = [{"type": "image", "image": image}, {"type": "text", "text": question}]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    with torch.inference_mode():
        odds = model(**inputs).logits[0, -1].exp()
    word = processor.tokenizer.convert_tokens_to_ids
    yes, no = (sum(odds[word(one)] for one in some) for some in (("yes", "Yes"), ("no", "No")))
    found = HubReranker(checkpoint(chatty)).check(image, ["a red ball"])
    assert found[0] == pytest.approx(float(yes / (yes + no)), abs=1e-5)


@pytest.mark.parametrize("family", ["blip", "llava"])
def test_a_search_looks_at_its_best_pictures_again(
    family: str, checkpoint, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".mirada").mkdir()
    settings = f'reranker = "hub:{checkpoint(family).as_posix()}"\n'
    (tmp_path / ".mirada" / "mirada.toml").write_text(settings)
    photos.shape("disc", photos.RED, size=(192, 128)).save(tmp_path / "ball.png")
    assert CliRunner().invoke(cli, ["index", "--without", "captions"]).exit_code == 0
    done = CliRunner().invoke(cli, ["search", "a red disc", "--all"])
    assert f"looked at again by {HubReranker(checkpoint(family)).name}" in done.output


def test_another_question_may_be_asked(checkpoint) -> None:
    image = picture(64, 48)
    usual = HubReranker(checkpoint("llava")).check(image, ["red"])
    own = HubReranker(checkpoint("llava"), question="a {text} ball at the top").check(
        image, ["red"]
    )
    assert abs(usual - own) > 1e-4
    with pytest.raises(ConfigError, match=r"lacks \{text\}"):
        HubReranker(checkpoint("llava"), question="Is it?")


def test_a_text_cannot_smuggle_in_a_second_picture(checkpoint) -> None:
    reranker = HubReranker(checkpoint("llava"))
    plain, marked = reranker.check(picture(64, 48), ["a red ball", "a <image> red </s> ball"])
    assert marked == pytest.approx(plain, abs=1e-5)


def test_every_family_answers_in_half_precision_too(checkpoint, family) -> None:
    image = picture(64, 48)
    full = HubReranker(checkpoint(family)).check(image, TEXTS)
    half = HubReranker(checkpoint(family), precision="bfloat16").check(image, TEXTS)
    np.testing.assert_allclose(half, full, atol=0.1)
    assert (half != full).any()


def test_few_at_once_are_judged_as_many_at_once(checkpoint, family) -> None:
    image = picture(64, 48)
    many = HubReranker(checkpoint(family), batch_size=16).check(image, TEXTS)
    few = HubReranker(checkpoint(family), batch_size=1).check(image, TEXTS)
    np.testing.assert_allclose(many, few, atol=1e-5)


def test_too_little_memory_for_one_text_is_told(checkpoint, monkeypatch) -> None:
    reranker = HubReranker(checkpoint("llava"))

    def cramped(*_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(reranker._matcher, "_ask_in_words", cramped)
    with pytest.raises(ModelUnavailable, match="not enough memory for tiny-llava"):
        reranker.check(picture(64, 48), TEXTS)


def test_the_name_tells_the_folder_and_its_weights(checkpoint) -> None:
    reranker = load_reranker(f"hub:{checkpoint('blip')}", {"hub": {"batch_size": 2}})
    assert reranker.name == HubReranker(checkpoint("blip")).name
    assert reranker.name.startswith("tiny-blip@")
    assert (reranker.image_size, reranker.batch_size) == (32, 2)


def test_a_card_that_is_not_there_is_told(checkpoint) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a card here")
    with pytest.raises(ConfigError, match="no cuda device"):
        HubReranker(checkpoint("blip"), device="cuda")


def test_models_for_other_roles_are_no_rerankers(tmp_path) -> None:
    clip = tiny_hub.tiny_clip(tmp_path / "clip")
    with pytest.raises(ModelUnavailable, match="family 'clip', which cannot be a reranker"):
        HubReranker(clip)
    florence = tiny_captioners.tiny_florence2(tmp_path / "florence")
    with pytest.raises(ModelUnavailable, match="family 'florence2', which cannot be a reranker"):
        HubReranker(florence)
    writer = tiny_hub.tiny_blip(tmp_path / "writer")
    with pytest.raises(ModelUnavailable, match="weights of a BlipForImageTextRetrieval, such as"):
        HubReranker(writer).check(photos.flat(), ["a ball"])


def test_a_model_that_cannot_say_yes_is_no_reranker(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tiny_captioners, "SAID", ("si",))
    mute = tiny_captioners.tiny_llava(tmp_path / "mute")
    with pytest.raises(ModelUnavailable, match="no tokens for yes and no"):
        HubReranker(mute).check(photos.flat(), ["a ball"])


def test_without_the_extra_its_name_is_told() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from mirada.plugins import load_reranker\n"
        "load_reranker('hub:org/name')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "ModelUnavailable: hub needs the extra: pip install 'mirada[hub]'" in done.stderr
