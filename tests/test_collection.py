"""`mirada.open` and what it gives."""

from pathlib import Path

import pytest

import mirada
from mirada.errors import CollectionNotFound, ConfigError, ModelMismatch, UnreadableImage
from tests import photos
from tests.fakes import ColourEncoder


@pytest.fixture
def collection(album: Path, monkeypatch: pytest.MonkeyPatch) -> mirada.Collection:
    monkeypatch.setattr("mirada.plugins.load_encoder", lambda name, options=None: ColourEncoder())
    monkeypatch.delenv("MIRADA_HOME", raising=False)
    return mirada.open(album)


def names(results: mirada.Results) -> list[str]:
    return [hit.record.path.name for hit in results]


def test_a_folder_is_indexed_and_searched_in_three_lines(collection: mirada.Collection) -> None:
    report = collection.index()
    assert (report.indexed, len(collection)) == (3, 3)
    assert names(collection.search("green", limit=1)) == ["grass.png"]


def test_each_content_is_encoded_once_however_many_copies_there_are(
    collection: mirada.Collection, album: Path
) -> None:
    for number in range(5):
        (album / f"copy{number}.png").write_bytes((album / "sea.png").read_bytes())
    report = collection.index(roles=[])
    encoder = collection.encoder
    assert isinstance(encoder, ColourEncoder)
    assert (report.indexed, report.copied, encoder.encoded) == (3, 5, 3)


def test_results_are_a_sequence_of_hits(collection: mirada.Collection) -> None:
    collection.index()
    results = collection.search("red")
    assert len(results) == results.considered == 3
    assert [hit.rank for hit in results] == [1, 2, 3]
    assert results[0].score >= results[1].score >= results[2].score
    assert [hit.rank for hit in results[:2]] == [1, 2]
    assert results.took_ms > 0


def test_results_show_thumbnails_in_a_notebook(collection: mirada.Collection) -> None:
    collection.index()
    html = collection.search("red")._repr_html_()
    assert html.count("<img") == 3
    assert "data:image/jpeg;base64," in html


def test_a_search_sees_what_another_process_has_indexed_since(
    collection: mirada.Collection, album: Path
) -> None:
    collection.index()
    collection.search("white")
    photos.flat(photos.WHITE).save(album / "snow.png")
    mirada.open(album).index()
    assert names(collection.search("white", limit=1)) == ["snow.png"]


def test_a_picture_outside_the_index_has_similar_ones_too(
    collection: mirada.Collection, tmp_path: Path
) -> None:
    collection.index()
    photos.flat((0, 200, 0)).save(tmp_path / "leaf.png")
    assert names(collection.similar(tmp_path / "leaf.png", limit=1)) == ["grass.png"]


def test_confidence_is_empty_where_nothing_was_calibrated(collection: mirada.Collection) -> None:
    collection.index()
    assert collection.search("red")[0].confidence is None


def test_searching_before_indexing_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIRADA_HOME", raising=False)
    with pytest.raises(CollectionNotFound, match="mirada index"):
        mirada.open(tmp_path).search("red")


def test_searching_for_nothing_is_an_error(collection: mirada.Collection) -> None:
    collection.index()
    with pytest.raises(ConfigError, match="nothing to search for"):
        collection.search("")


def test_a_query_picture_that_cannot_be_read_is_an_error(
    collection: mirada.Collection, tmp_path: Path
) -> None:
    collection.index()
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UnreadableImage):
        collection.search(image=tmp_path / "broken.jpg")


def test_an_index_of_another_model_is_not_searched(
    collection: mirada.Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection.index()
    monkeypatch.setattr(ColourEncoder, "name", "colour/2")
    with pytest.raises(ModelMismatch, match="colour/1"):
        mirada.open(collection.folder).search("red")


def test_copies_are_grouped_with_the_one_to_keep_first(
    collection: mirada.Collection, album: Path
) -> None:
    (album / "copy.png").write_bytes((album / "sea.png").read_bytes())
    collection.index()
    (group,) = collection.duplicates(near=False)
    assert (group.kind, len(group.copies)) == ("exact", 2)
    assert group.best.record.path.name in {"copy.png", "sea.png"}
