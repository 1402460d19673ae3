from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mirada.training.captioner_model import CaptionDecoder  # noqa: E402 after the check
from mirada.training.captioner_recipe import CaptionerRecipe, DecoderConfig  # noqa: E402
from mirada.training.captioner_sampling import Drawing, draw_texts  # noqa: E402

PIECES, END = 20, 1
RECIPE = CaptionerRecipe(
    pieces=PIECES,
    decoder=DecoderConfig(channels=8, grid=2, width=16, layers=2, heads=2, inner=24, length=7),
)


@pytest.fixture
def model() -> CaptionDecoder:
    torch.manual_seed(0)
    return CaptionDecoder(RECIPE, PIECES).eval()


def seen(model: CaptionDecoder, boxes: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    with torch.no_grad():
        return model.see(torch.randn(boxes, 4, 8))


def test_the_likeliest_pieces_are_those_of_whole_texts(model: CaptionDecoder) -> None:
    looked = seen(model, 3)
    drawing = Drawing(1, END, [0, 2], likeliest=True)
    texts = draw_texts(model, looked, torch.tensor([2, 2, 2]), drawing)[:, 0]
    with torch.no_grad():
        logits = model.score(model(texts[:, :-1], looked))
    logits[..., [0, 2]] = -torch.inf
    logits[:, 0, END] = -torch.inf
    known = texts[:, 1:] != 0
    assert torch.equal(logits.argmax(-1)[known], texts[:, 1:][known])


def test_texts_begin_with_their_mark_end_once_and_hold_nothing_banned(
    model: CaptionDecoder,
) -> None:
    texts = draw_texts(
        model, seen(model, 4), torch.tensor([2, 3, 2, 3]), Drawing(6, END, [0, 2, 3])
    )
    assert texts.shape == (4, 6, 7)
    assert texts[:, :, 0].tolist() == [[2] * 6, [3] * 6, [2] * 6, [3] * 6]
    for ids in texts.flatten(0, 1).tolist():
        said = ids[1 : ids.index(END)] if END in ids else ids[1:]
        assert said
        assert not {0, 2, 3, END} & set(said)
        assert set(ids[1 + len(said) + 1 :]) <= {0}


def test_pieces_come_as_often_as_they_are_likely(model: CaptionDecoder) -> None:
    looked = seen(model, 1)
    with torch.no_grad():
        logits = model.score(model(torch.tensor([[2]]), looked))[0, 0]
    logits[[0, 2, END]] = -torch.inf
    texts = draw_texts(model, looked, torch.tensor([2]), Drawing(4000, END, [0, 2]))
    shares = torch.bincount(texts[0, :, 1], minlength=PIECES) / 4000
    torch.testing.assert_close(shares, logits.softmax(-1), atol=0.04, rtol=0)
