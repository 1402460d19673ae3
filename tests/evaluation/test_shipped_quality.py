"""The shipped model on real photos, where the development set lies beside the repository."""

from pathlib import Path

import pytest

from mirada.evaluation.datasets import read_dataset
from mirada.evaluation.retrieval import evaluate_retrieval
from mirada.models.small import SmallEncoder

DEV = Path(__file__).parents[3] / "shared" / "data" / "dev"
IMAGES = 200

pytestmark = pytest.mark.skipif(not DEV.is_dir(), reason="needs the development photos")


@pytest.mark.parametrize(("split", "floor"), [("flickr8k", 0.88), ("coco", 0.86)])
def test_the_shipped_model_finds_photos_by_their_captions(split: str, floor: float) -> None:
    report = evaluate_retrieval(SmallEncoder(), read_dataset(DEV, split=split)[:IMAGES])
    assert report.text_to_image.at[10] >= floor
