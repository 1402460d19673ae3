from __future__ import annotations

import shutil

import pytest

from mirada.errors import ModelUnavailable
from mirada.training import translate


def test_known_slips_are_avoided_before_translating() -> None:
    assert translate._prepare("Little girl on the left of a couch.") == (
        "small girl to the left of a sofa ."
    )
    assert translate._prepare("A little girl") == "a small girl ."


@pytest.mark.parametrize(
    ("english", "raw", "repaired"),
    [
        ("a puppy", "un *puppy .", "un cachorro"),
        ("boys play soccer", "los chicos tocan *soccer .", "los chicos juegan fútbol"),
        ("a man plays a guitar", "un hombre toca una guitarra .", "un hombre toca una guitarra"),
        ("a man wearing glasses", "un hombre que lleva vasos .", "un hombre que lleva gafas"),
        ("two glasses", "dos vasos .", "dos vasos"),
        ("a dog with its arm up", "un arma arriba .", "un brazo arriba"),
        ("a mzungu", "un *mzungu .", "un mzungu"),
    ],
)
def test_known_slips_are_repaired_afterwards(english: str, raw: str, repaired: str) -> None:
    assert translate._repair(raw, english) == repaired


def test_every_line_of_the_glossary_is_a_pair() -> None:
    glossary = translate.glossary()
    assert len(glossary) > 100
    assert all(key and value for key, value in glossary.items())
    assert glossary["puppy"] == "cachorro"


def test_without_apertium_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ModelUnavailable, match="apt-get install apertium-eng-spa"):
        translate.to_spanish(["a dog"])


@pytest.mark.skipif(shutil.which("apertium") is None, reason="apertium is not installed")
def test_captions_come_out_in_spanish_one_each() -> None:
    texts = ["Brown dog on grass.", "it's a # ^weird$ [thing] @ / \\ text", "a puppy"]
    found = translate.to_spanish(texts)
    assert found[0] == "Perro marrón sobre la hierba"
    assert found[2].lower() == "un cachorro"
    assert len(found) == 3
