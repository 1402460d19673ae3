"""Building the data of the lexicon from counts, dictionaries and translations."""

from collections import Counter
from pathlib import Path

from mirada.language.parts import Part
from mirada.training.alignment import aligned
from mirada.training.lexicon import build_parts, build_words
from mirada.training.parts import PartCounts
from mirada.training.wordnet import Nouns, build_kin

LEMMAS = {"dogs": "dog", "dog": "dog", "zebra": "zebra"}


class Few:
    """A dictionary of three words."""

    language = "en"

    def __contains__(self, form: str) -> bool:
        return form in LEMMAS

    def is_foreign(self, form: str) -> bool:
        return form == "perro"

    def lemma(self, form: str, part: Part) -> str | None:
        return LEMMAS.get(form) if part is Part.NOUN else None

    def frequent(self, count: int) -> list[str]:
        return ["zebra"]


COUNTS = PartCounts(
    words={
        "a": Counter({"D": 10}),
        "dogs": Counter({"N": 9, "V": 1}),
        "blorps": Counter({"N": 4}),
        "perro": Counter({"N": 5}),
        "once": Counter({"R": 1}),
    },
    follows={"start": Counter({"D": 10}), "D": Counter({"N": 18})},
)


def test_words_have_readings_by_count_and_dictionary() -> None:
    rows = build_words(COUNTS, Few())
    part, lemma = rows["dogs"].split("/")
    assert (part[0], lemma) == ("N", "dog")  # and no verb: the tagger slipped
    assert set(rows) >= {"a", "dogs", "zebra", "blorps"}
    assert "perro" not in rows
    assert "once" not in rows


def test_what_follows_often_costs_little() -> None:
    rows = {row[0]: dict(zip(Part, map(int, row[1:]), strict=True)) for row in build_parts(COUNTS)}
    assert rows["D"][Part.NOUN] < rows["D"][Part.VERB]
    assert set(rows) == {*Part, "start", "any"}


def test_words_are_aligned_by_the_company_they_keep() -> None:
    captions = {
        "a dog runs": "un perro corre",
        "a dog sleeps": "un perro duerme",
        "a cat sleeps": "un gato duerme",
        "a cat runs": "un gato corre",
        "a dog and a cat": "un perro y un gato",
        "a dog eats": "un perro come",
        "a cat eats": "un gato come",
    }
    found = aligned(captions)
    assert found["perro"] == "dog"
    assert found["gato"] == "cat"


DATA = """\
  1 licence
00000001 05 n 01 animal 0 000 | x
00000002 05 n 02 dog 0 domestic_dog 0 001 @ 00000001 n 0000 | x
00000003 13 n 02 frank 0 dog 0 000 | x
00000004 05 n 01 puppy 0 001 @ 00000002 n 0000 | x
"""
INDEX = """\
  1 licence
animal n 1 1 @ 1 1 00000001
dog n 2 1 @ 2 1 00000003 00000002
domestic_dog n 1 1 @ 1 0 00000002
puppy n 1 1 @ 1 0 00000004
"""


def test_kin_goes_by_the_meaning_that_a_photo_shows(tmp_path: Path) -> None:
    (tmp_path / "data.noun").write_text(DATA)
    (tmp_path / "index.noun").write_text(INDEX)
    (tmp_path / "index.sense").write_text("dog%1:05:00:: 00000002 1 42\n")
    nouns = Nouns(tmp_path)
    assert nouns.sense("dog") == 2
    assert nouns.sense("unicorn") is None
    rows = {row[0]: row[1:] for row in build_kin(nouns, {"dog": 5, "animal": 5, "puppy": 5})}
    assert rows["puppy"] == ["", "dog,animal", ""]
    assert rows["animal"] == ["", "", "dog,puppy"]
