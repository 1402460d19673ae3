import pytest

from mirada.vocabulary.entries import Entry, Vocabulary
from mirada.vocabulary.mentions import Matcher

ENTRIES = (
    Entry("dog", "animal", "perro"),
    Entry("hot dog", "food", "perrito caliente"),
    Entry("orange", "food", "naranja"),
    Entry("child", "person", "criatura", also=("kid",)),
    Entry("bicycle", "vehicle", "bicicleta", also=("bike",)),
    Entry("tennis racket", "object", "raqueta de tenis"),
    Entry("running", "activity", "correr"),
    Entry("playing guitar", "activity", "tocar la guitarra"),
    Entry("wooden", "attribute", "de madera"),
    Entry("sunset", "light", "puesta de sol"),
    Entry("black dog", "animal", "perro negro"),
    Entry("glasses", "clothing", "gafas"),
)
MATCHER = Matcher(Vocabulary(ENTRIES, ""))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Two dogs.", {"dog"}),
        ("A black dog runs at sunset", {"dog", "black dog", "running", "sunset"}),
        ("a man eats a hot dog", {"hot dog"}),
        ("a man in an orange shirt", set()),
        ("an orange on a wooden table", {"orange", "wooden"}),
        ("kids ride bikes", {"child", "bicycle"}),
        ("women swinging tennis rackets", {"tennis racket"}),
        ("he plays guitar", {"playing guitar"}),
        ("a woman in glasses", {"glasses"}),
        ("", set()),
    ],
)
def test_what_a_caption_names(text: str, named: set[str]) -> None:
    assert {ENTRIES[place].name for place in MATCHER.named_in(text)} == named
