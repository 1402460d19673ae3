"""Captioners of Hugging Face, on tiny random checkpoints of each family."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from click.testing import CliRunner

from mirada.cli import cli
from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.hub.captioners import HubCaptioner
from mirada.models.hub.prompts import CHAT, TOKENS, tidy
from mirada.plugins import load_captioner
from mirada.testing import CaptionerContract
from mirada.testing.checks import Seen, picture
from mirada.types import WHOLE, Ask, Box
from tests import photos, tiny_captioners, tiny_hub
from tests.tiny_captioners import params_of
from tests.tiny_hub import made_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL.Image import Image

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]

MAKERS = {name: tiny_hub.MAKERS[name] for name in ("blip", "blip-2")} | tiny_captioners.CAPTIONERS
MAIN = ("blip", "blip-2", "florence2", "llava", "qwen2-vl")  # the others share their code
CHATTING = ("llava", "qwen2-vl", "qwen3-vl")
LEFT = Box(0, 0, 0.5, 1)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return made_once(
        MAKERS | tiny_captioners.RERANKERS | tiny_hub.MAKERS,
        tmp_path_factory.mktemp("hub"),
        prefix="tiny-",
    )


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random models find no end: they are stopped earlier than others."""
    monkeypatch.setitem(TOKENS, "whole", 12)
    monkeypatch.setitem(TOKENS, "region", 8)


@pytest.fixture(params=params_of(MAKERS))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def caption(captioner: HubCaptioner, image: Image, *asks: Ask) -> list[list[str]]:
    return captioner.caption(Seen(image, None), asks)


@pytest.mark.parametrize("family", params_of(MAIN))
class TestHubCaptioner(CaptionerContract):
    @pytest.fixture
    def captioner(self, checkpoint, family) -> HubCaptioner:
        return HubCaptioner(checkpoint(family))

    @pytest.fixture
    def encoder(self) -> None:
        return None


def test_every_family_writes_something_about_the_whole_and_about_parts(checkpoint, family) -> None:
    captioner = HubCaptioner(checkpoint(family))
    whole, part = caption(captioner, picture(120, 80), Ask(WHOLE, "en", 5), Ask(LEFT, "en", 2))
    assert whole
    assert part
    assert all(text == text.lower() and "<" not in text and "[" not in text for text in whole)


def test_the_name_tells_the_folder_and_its_weights(checkpoint) -> None:
    name = HubCaptioner(checkpoint("blip")).name
    assert name.startswith("tiny-blip@")
    assert len(name) == len("tiny-blip@") + 12
    assert name != HubCaptioner(checkpoint("blip-2")).name


@pytest.mark.parametrize(("language", "question"), [("en", "whole"), ("es", "whole-es")])
@pytest.mark.parametrize("chatty", params_of(CHATTING))
def test_what_a_chat_model_says_is_what_transformers_makes_of_the_same_question(
    checkpoint, chatty, language, question
) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    image = picture(120, 80)
    processor = AutoProcessor.from_pretrained(checkpoint(chatty))
    model = AutoModelForImageTextToText.from_pretrained(checkpoint(chatty)).eval()
    content = [{"type": "image", "image": image}, {"type": "text", "text": CHAT[question]}]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    ids = model.generate(
        **inputs, num_beams=4, num_return_sequences=4, do_sample=False, max_new_tokens=12
    )
    new = ids[:, inputs["input_ids"].shape[1] :]
    expected = [tidy(one) for one in processor.batch_decode(new, skip_special_tokens=True)]
    (found,) = caption(HubCaptioner(checkpoint(chatty)), image, Ask(WHOLE, language, 4))
    assert found == list(dict.fromkeys(expected))


def test_what_florence_says_is_what_transformers_makes_of_its_task(checkpoint) -> None:
    from transformers import AutoProcessor, Florence2ForConditionalGeneration

    image, folder = picture(120, 80), checkpoint("florence2")
    processor = AutoProcessor.from_pretrained(folder)
    model = Florence2ForConditionalGeneration.from_pretrained(folder).eval()
    inputs = processor(images=image, text="<CAPTION>", return_tensors="pt")
    ids = model.generate(**inputs, num_beams=3, num_return_sequences=3, max_new_tokens=12)
    expected = [tidy(one) for one in processor.batch_decode(ids, skip_special_tokens=True)]
    (found,) = caption(HubCaptioner(folder), image, Ask(WHOLE, "en", 3))
    assert found == list(dict.fromkeys(expected))


@pytest.mark.parametrize("family", params_of(["blip", "llava", "qwen2-vl"]))
def test_pictures_of_all_sizes_share_a_batch(checkpoint, family) -> None:
    captioner = HubCaptioner(checkpoint(family), batch_size=8)
    boxes = [WHOLE, LEFT, Box(0.1, 0.1, 0.9, 0.2), Box(0, 0, 1, 0.5)]
    asks = [Ask(box, "en", 2) for box in boxes]
    alone = [caption(captioner, picture(300, 200), ask)[0] for ask in asks]
    assert caption(captioner, picture(300, 200), *asks) == alone


def test_what_is_shown_decides_what_is_written(checkpoint) -> None:
    captioner = HubCaptioner(checkpoint("llava"))
    said = [
        caption(captioner, picture(64, 64, seed=seed), Ask(WHOLE, "en", 1))[0] for seed in range(4)
    ]
    assert len({text for (text,) in said}) > 1


def test_of_a_part_only_the_part_is_looked_at(checkpoint, family) -> None:
    captioner = HubCaptioner(checkpoint(family))
    one, other = picture(120, 80, seed=1), picture(120, 80, seed=2)
    mixed = other.copy()
    mixed.paste(one.crop((0, 0, 60, 80)), (0, 0))
    right = Box(0.5, 0, 1, 1)
    asks = [Ask(LEFT, "en", 3), Ask(right, "en", 3)]
    assert caption(captioner, mixed, *asks) == [
        *caption(captioner, one, asks[0]),
        *caption(captioner, other, asks[1]),
    ]


@pytest.mark.parametrize("chatty", params_of(CHATTING))
def test_chat_models_write_english_and_spanish(checkpoint, chatty) -> None:
    assert HubCaptioner(checkpoint(chatty)).languages == ("en", "es")


@pytest.mark.parametrize("silent", ["blip", "blip-2", "instructblip", "florence2"])
def test_other_models_write_english_alone(checkpoint, silent) -> None:
    captioner = HubCaptioner(checkpoint(silent))
    assert captioner.languages == ("en",)
    with pytest.raises(ValueError, match="'es' is not one of en"):
        caption(captioner, photos.flat(), Ask(WHOLE, "es", 1))


def test_the_language_of_the_question_makes_a_difference(checkpoint) -> None:
    captioner = HubCaptioner(checkpoint("llava"))
    english, spanish = caption(captioner, picture(64, 64), Ask(WHOLE, "en", 5), Ask(WHOLE, "es", 5))
    assert english != spanish


def test_users_may_ask_otherwise(checkpoint) -> None:
    image, folder = picture(64, 64), checkpoint("llava")
    usual = caption(HubCaptioner(folder), image, Ask(WHOLE, "en", 3), Ask(LEFT, "en", 2))
    own = HubCaptioner(folder, prompts={"whole": "a red ball at the top"})
    asked = caption(own, image, Ask(WHOLE, "en", 3), Ask(LEFT, "en", 2))
    assert asked[0] != usual[0]
    assert asked[1] == usual[1]
    assert own.name == f"{HubCaptioner(folder).name}+{own.name[-6:]}"  # so captions are due
    assert own.name != HubCaptioner(folder, prompts={"whole": "a box"}).name


def test_other_languages_have_another_name(checkpoint) -> None:
    folder = checkpoint("llava")
    usual = HubCaptioner(folder)
    names = {HubCaptioner(folder, languages=some).name for some in (["en"], ["es"], ["es", "en"])}
    assert len(names) == 3
    assert usual.name not in names
    for same in (
        {"languages": ["en", "es"]},
        {"batch_size": 1},
        {"prompts": {"whole": CHAT["whole"]}},
    ):
        assert HubCaptioner(folder, **same).name == usual.name


def test_one_language_may_be_named_without_brackets(checkpoint) -> None:
    captioner = load_captioner(str(checkpoint("llava")), {"hub": {"languages": "es"}})
    assert captioner.languages == ("es",)
    with pytest.raises(ConfigError, match="prompts region-fr, whole-fr are missing"):
        HubCaptioner(checkpoint("llava"), languages="fr")


def test_too_little_memory_for_one_picture_is_told(checkpoint, monkeypatch) -> None:
    captioner = HubCaptioner(checkpoint("blip"))

    def cramped(*_: Any) -> Any:
        raise RuntimeError("MPS backend out of memory")

    monkeypatch.setattr(captioner._writer, "_write_alike", cramped)
    with pytest.raises(ModelUnavailable, match="not enough memory for tiny-blip.*smaller model"):
        caption(captioner, picture(64, 48), Ask(WHOLE, "en", 1), Ask(LEFT, "en", 1))


def test_settings_for_chance_that_come_with_a_checkpoint_are_left_aside(
    checkpoint, tmp_path
) -> None:
    folder = tmp_path / "gambler"
    shutil.copytree(checkpoint("llava"), folder)
    told = json.loads((folder / "generation_config.json").read_text("utf-8"))
    chance = {"do_sample": True, "temperature": 5.0, "top_k": 3, "top_p": 0.5, "max_length": 2}
    (folder / "generation_config.json").write_text(json.dumps(told | chance))
    ask = Ask(WHOLE, "en", 3)
    expected = caption(HubCaptioner(checkpoint("llava")), picture(64, 64), ask)
    assert caption(HubCaptioner(folder), picture(64, 64), ask) == expected


def test_texts_are_no_longer_than_asked(checkpoint, family) -> None:
    (texts,) = caption(HubCaptioner(checkpoint(family)), picture(64, 64), Ask(LEFT, "en", 2))
    assert all(len(text.split()) <= 8 for text in texts)


@pytest.mark.parametrize("goes_on", ["blip", "blip-2"])
def test_words_to_go_on_from_are_not_given_back(checkpoint, goes_on) -> None:
    captioner = HubCaptioner(checkpoint(goes_on), prompts={"whole": "a green box"})
    (texts,) = caption(captioner, picture(64, 64), Ask(WHOLE, "en", 3))
    assert texts
    assert not any(text.startswith("a green box") for text in texts)


def test_weights_are_read_by_the_first_call(checkpoint, tmp_path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(checkpoint("blip"), folder)
    captioner = HubCaptioner(folder)
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelUnavailable, match="copy is damaged or incomplete"):
        caption(captioner, photos.flat(), Ask(WHOLE, "en", 1))


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
def test_every_family_writes_in_half_precision_too(checkpoint, family, half) -> None:
    captioner = HubCaptioner(checkpoint(family), precision=half)
    asks = [Ask(WHOLE, "en", 2), Ask(LEFT, "en", 2)]
    assert all(caption(captioner, picture(120, 80), *asks))
    assert captioner._writer._model.dtype == getattr(torch, half)


def test_few_at_once_are_written_as_many_at_once(checkpoint) -> None:
    asks = [Ask(Box(0, 0, 1, share / 7), "en", 2) for share in range(1, 7)]
    many = caption(HubCaptioner(checkpoint("blip"), batch_size=8), picture(120, 80), *asks)
    few = caption(HubCaptioner(checkpoint("blip"), batch_size=1), picture(120, 80), *asks)
    assert many == few


def test_where_memory_is_short_fewer_are_written_at_once(checkpoint, monkeypatch) -> None:
    captioner = HubCaptioner(checkpoint("blip"), batch_size=8)
    expected = HubCaptioner(checkpoint("blip"), batch_size=2)
    whole, sizes = captioner._writer._write_alike, []

    def cramped(images, *terms):
        sizes.append(len(images))
        if len(images) > 2:
            raise torch.OutOfMemoryError("no room")
        return whole(images, *terms)

    monkeypatch.setattr(captioner._writer, "_write_alike", cramped)
    asks = [Ask(Box(0, 0, 1, share / 7), "en", 2) for share in range(1, 7)]
    image = picture(120, 80)
    assert caption(captioner, image, *asks) == caption(expected, image, *asks)
    assert max(sizes) == 6
    assert sizes[-1] <= 2


def test_a_card_that_is_not_there_is_told(checkpoint) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a card here")
    with pytest.raises(ConfigError, match="no cuda device"):
        HubCaptioner(checkpoint("blip"), device="cuda")


def test_options_that_cannot_be_are_told(checkpoint) -> None:
    with pytest.raises(ConfigError, match="batch_size 0"):
        HubCaptioner(checkpoint("blip"), batch_size=0)
    with pytest.raises(ConfigError, match="precision 'int4'"):
        HubCaptioner(checkpoint("blip"), precision="int4")
    with pytest.raises(ConfigError, match=r"\[models.hub\].*known: device, precision, batch_size"):
        load_captioner(f"hub:{checkpoint('blip')}", {"hub": {"beams": 4}})


def test_a_model_of_another_family_is_no_captioner(checkpoint) -> None:
    with pytest.raises(ModelUnavailable, match="family 'clip', which cannot be a captioner.*blip"):
        HubCaptioner(checkpoint("clip"))


def test_weights_for_another_role_are_no_captioner(tmp_path) -> None:
    folder = tiny_captioners.tiny_blip_itm(tmp_path / "matcher")
    with pytest.raises(
        ModelUnavailable, match="weights of a BlipForConditionalGeneration, such as text_"
    ):
        caption(HubCaptioner(folder), photos.flat(), Ask(WHOLE, "en", 1))


def test_a_model_that_cannot_chat_is_no_captioner(checkpoint, tmp_path) -> None:
    folder = tmp_path / "mute"
    shutil.copytree(checkpoint("llava"), folder)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelUnavailable, match="'llava', which cannot be a captioner"):
        HubCaptioner(folder)


def test_a_folder_without_a_processor_is_told(checkpoint, tmp_path) -> None:
    (tmp_path / "config.json").write_bytes((checkpoint("blip") / "config.json").read_bytes())
    with pytest.raises(ModelUnavailable, match="damaged or incomplete|lacks the processor"):
        HubCaptioner(tmp_path)


def test_a_library_that_a_checkpoint_needs_is_named(checkpoint, monkeypatch) -> None:
    import transformers

    def lacking(*_: object, **__: object) -> None:
        raise ImportError("Qwen2VLVideoProcessor requires the Torchvision library but it was not")

    monkeypatch.setattr(transformers.AutoProcessor, "from_pretrained", lacking)
    with pytest.raises(ModelUnavailable, match="tiny-llava needs one more .*install torchvision"):
        HubCaptioner(checkpoint("llava"))


def test_without_the_extra_its_name_is_told() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from mirada.plugins import load_captioner\n"
        "load_captioner('hub:org/name')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "ModelUnavailable: hub needs the extra: pip install 'mirada[hub]'" in done.stderr


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two pictures."""
    folder = tmp_path / "album"
    (folder / ".mirada").mkdir(parents=True)
    photos.shape("disc", photos.RED, size=(192, 128)).save(folder / "ball.png")
    photos.shape("square", photos.BLUE, size=(128, 192)).save(folder / "box.png")
    monkeypatch.chdir(folder)
    return folder


def mirada(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("family", params_of(MAIN))
def test_from_pictures_to_an_answer_with_every_family(checkpoint, family, home) -> None:
    folder = checkpoint(family)
    (home / ".mirada" / "mirada.toml").write_text(f'captioner = "hub:{folder.as_posix()}"\n')
    assert mirada("index").startswith("indexed 2, ")
    record = json.loads(mirada("show", "ball.png", "--json"))
    name = HubCaptioner(folder).name
    assert record["models"]["captions"].startswith(f"{name}, mirada-small")
    assert isinstance(record["captions"], list)
    assert "ball.png" in mirada("search", "a red disc", "--all")


def test_captions_that_pass_the_check_are_found_by_their_words(
    checkpoint, home, monkeypatch
) -> None:
    from mirada.indexing import verify

    monkeypatch.setattr(verify.Checks, "__init__", _uncut(verify.Checks.__init__))
    settings = f'captioner = "hub:{checkpoint("llava").as_posix()}"\n'
    (home / ".mirada" / "mirada.toml").write_text(settings)
    mirada("index")
    captions = json.loads(mirada("show", "ball.png", "--json"))["captions"]
    assert {one["language"] for one in captions} == {"en", "es"}
    assert all(set(one["text"].split()) <= SPOKEN for one in captions)


SPOKEN = {word.lower() for word in (*tiny_hub.WORDS, *tiny_captioners.SAID)}


def _uncut(init: Callable[..., None]) -> Callable[..., None]:
    return lambda self, *given, **named: init(self, *given, **{**named, "cut": 0.0})
