from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.training.tiny import TINY, write_shapes

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")

from mirada.evaluation.datasets import read_dataset  # noqa: E402 after the check for torch
from mirada.training.corpus import Corpus, draw_epoch  # noqa: E402
from mirada.training.distil import DistilStage, Lesson, lesson  # noqa: E402
from mirada.training.loop import Average, rate_at, run  # noqa: E402
from mirada.training.recipe import Schedule, Vocabulary  # noqa: E402
from mirada.training.text import TextTower, encode_ids, student_of  # noqa: E402
from mirada.training.towers import contrast  # noqa: E402
from mirada.training.vocabulary import Word, build  # noqa: E402


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    images = read_dataset(write_shapes(tmp_path / "shapes"))
    texts = {text for image in images for text in image.captions}
    return Corpus(images, {text: text.replace("red", "rojo") for text in texts})


def test_pairs_that_match_cost_less_than_pairs_that_do_not() -> None:
    rows = torch.eye(3)
    right = contrast(rows, rows, torch.arange(3), torch.tensor(10.0), 0.0)
    wrong = contrast(rows, rows.roll(1, 0), torch.arange(3), torch.tensor(10.0), 0.0)
    assert right < 0.01
    assert wrong > 9


def test_two_captions_of_one_image_are_no_negatives() -> None:
    rows = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert contrast(rows, rows, torch.tensor([5, 5]), torch.tensor(10.0), 0.05) < 1e-6


def test_the_rate_rises_then_falls_to_zero() -> None:
    schedule = Schedule(1, 1, warmup=0.2)
    rates = [rate_at(step, 10, schedule) for step in range(11)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[10] == pytest.approx(0.0)
    assert all(a >= b for a, b in pairwise(rates[2:]))


def test_swapping_the_average_twice_changes_nothing() -> None:
    weight = torch.tensor([1.0])
    average = Average([weight], 0.5)
    weight.add_(2.0)
    average.add([weight])
    average.swap([weight])
    assert 1.0 < weight.item() < 3.0
    average.swap([weight])
    assert weight.item() == 3.0


def test_an_epoch_shows_rich_images_twice_and_is_always_the_same(corpus: Corpus) -> None:
    recipe = replace(TINY, languages=("en", "es"), foreign=0.5)
    drawn = draw_epoch(corpus, recipe, 3)
    assert sorted(example.row for example in drawn) == sorted([*range(24), *range(24)])
    assert {example.language for example in drawn} == {"en", "es"}
    assert drawn == draw_epoch(corpus, recipe, 3)
    assert drawn != draw_epoch(corpus, recipe, 4)


def test_a_caption_that_tells_sides_is_never_shown_mirrored(corpus: Corpus) -> None:
    recipe = replace(TINY, views=("full", "flip"), full_view=0.0)
    images = [replace(image, captions=("a ball on the left",)) for image in corpus.images]
    assert {example.view for example in draw_epoch(Corpus(images, {}), recipe, 0)} == {"full"}
    assert {example.view for example in draw_epoch(corpus, recipe, 0)} == {"flip"}


def test_texts_in_chunks_of_like_length_come_back_in_order() -> None:
    torch.manual_seed(0)
    tower = TextTower(TINY.text, 20).eval()
    sequences = [[2, 5, 3], [2, 3], [2, 7, 8, 9, 3], [2, 4, 3]]
    with torch.inference_mode():
        together = encode_ids(tower, sequences, chunk=2)
        alone = torch.cat([encode_ids(tower, [sequence]) for sequence in sequences])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_a_student_with_all_layers_and_full_rank_is_its_teacher() -> None:
    torch.manual_seed(0)
    teacher = TextTower(replace(TINY.text, rank=None), 40).eval()
    rows = teacher.table.weight.detach()
    student = student_of(teacher, replace(TINY.text, rank=32), rows, (0, 1)).eval()
    with torch.inference_mode():
        ids = [[2, 5, 3], [2, 7, 8, 3]]
        torch.testing.assert_close(
            encode_ids(student, ids), encode_ids(teacher, ids), atol=1e-4, rtol=1e-3
        )


def test_distillation_draws_the_student_to_the_teacher(corpus: Corpus, tmp_path: Path) -> None:
    torch.manual_seed(0)
    schedule = Schedule(12, 12, table_rate=1e-2, layer_rate=3e-3)
    recipe = replace(TINY, distil=schedule, distil_texts=None)
    texts = corpus.texts("en")
    tokenizer = build(texts, [], Vocabulary(learnt=100), length=16)
    wanted = torch.nn.functional.normalize(torch.randn(len(texts), 32), dim=-1)
    taught = Lesson(tuple(texts), tuple(range(len(texts))))
    tower = TextTower(recipe.text, tokenizer.get_vocab_size())
    stage = DistilStage(recipe, tower, tokenizer, taught, wanted, ({"en": texts}, wanted))
    with torch.inference_mode():
        before = stage.evaluate()["cosine en"]
    run(stage, tmp_path / "work", seed=0, tell=lambda _: None)
    with torch.inference_mode():
        assert stage.evaluate()["cosine en"] > before + 0.2


def test_a_lesson_pairs_each_language_with_the_english_row(corpus: Corpus) -> None:
    taught = lesson(corpus, [Word("dog", "perro"), Word("yacht", None)], ("en", "es"))
    rows = dict(zip(taught.texts, taught.rows, strict=True))
    captions = len(corpus.texts("en"))
    assert rows["a red ball at the top"] == rows["a rojo ball at the top"]
    assert rows["dog"] == rows["perro"] == captions
    assert rows["yacht"] == captions + 1
    assert rows["una foto de perro"] == captions + 2


def test_a_vocabulary_learnt_from_scratch_knows_its_words() -> None:
    captions = ["a red ball", "the red ball"] * 5
    tokenizer = build(captions, ["una pelota"], Vocabulary(learnt=60), length=8)
    assert tokenizer.encode("A red BALL!").tokens[:4] == ["[CLS]", "a", "red", "ball"]
    assert len(tokenizer.encode("red " * 50).ids) == 8
