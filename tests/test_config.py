"""Where a collection is found, and what its settings may say."""

from pathlib import Path

import pytest

from mirada.config import (
    Settings,
    find_home,
    home_for_index,
    load_settings,
    split_model,
    with_settings,
)
from mirada.errors import CollectionNotFound, ConfigError


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIRADA_HOME", raising=False)


def made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_a_collection_is_found_in_the_folder_or_above(tmp_path: Path) -> None:
    home = made(tmp_path / "photos" / ".mirada")
    deep = made(tmp_path / "photos" / "2024" / "june")
    assert find_home(deep) == home
    assert find_home(tmp_path / "photos") == home


def test_the_variable_comes_before_the_folder_and_the_option_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / ".mirada")
    named, given = made(tmp_path / "named"), made(tmp_path / "given")
    monkeypatch.setenv("MIRADA_HOME", str(named))
    assert find_home(tmp_path) == named
    assert find_home(tmp_path, home=given) == given


def test_no_collection_is_an_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CollectionNotFound, match="mirada index DIR"):
        find_home(tmp_path)


def test_a_new_collection_is_made_in_the_folder(tmp_path: Path) -> None:
    assert home_for_index((tmp_path,)) == tmp_path / ".mirada"


def test_two_folders_below_one_collection_share_it(tmp_path: Path) -> None:
    home = made(tmp_path / ".mirada")
    roots = made(tmp_path / "a"), made(tmp_path / "b")
    assert home_for_index(roots) == home


def test_two_folders_without_a_collection_need_a_name_for_it(tmp_path: Path) -> None:
    roots = made(tmp_path / "a"), made(tmp_path / "b")
    with pytest.raises(ConfigError, match="--home"):
        home_for_index(roots)
    assert home_for_index(roots, home=tmp_path / "index") == tmp_path / "index"


def test_without_a_file_the_settings_are_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings(encoder="mirada-small", threads=0)


def test_settings_are_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "mirada.toml").write_text('encoder = "siglip2"\nthreads = 3\n')
    assert load_settings(tmp_path) == Settings(encoder="siglip2", threads=3)


def test_a_folder_of_weights_is_taken_from_the_home(tmp_path: Path) -> None:
    folder = made(tmp_path / "models" / "mine")
    (tmp_path / "mirada.toml").write_text('encoder = "models/mine"\nindex = "indexes/mine"\n')
    assert load_settings(tmp_path).encoder == str(folder)
    assert load_settings(tmp_path).index == "indexes/mine"


def test_settings_are_changed_line_by_line_and_the_rest_is_kept() -> None:
    text = "# mine\n encoder = 'old'  # was\nroles = [\n  'facts',\n]"
    assert with_settings(text, {"encoder": "models/a", "index": "i"}) == (
        '# mine\nencoder = "models/a"\nroles = [\n  \'facts\',\n]\nindex = "i"\n'
    )
    assert with_settings("", {"index": "i"}) == 'index = "i"\n'


def test_new_settings_come_before_the_options_of_models() -> None:
    text = "threads = 2\n\n[models.remote]\nside = 512\n"
    assert with_settings(text, {"captioner": "remote:x"}) == (
        'threads = 2\ncaptioner = "remote:x"\n[models.remote]\nside = 512\n'
    )


def test_what_is_so_already_is_not_written() -> None:
    assert with_settings("", {"encoder": "mirada-small", "index": ""}) == ""
    assert with_settings('index = "i"\n', {"index": "i"}) == 'index = "i"\n'
    assert with_settings('index = "i"\n', {"index": ""}) == 'index = ""\n'
    assert with_settings("", {"roles": list(Settings().roles)}) == ""
    assert with_settings("", {"roles": ["facts"]}) == 'roles = ["facts"]\n'


def test_options_of_models_are_read_as_tables(tmp_path: Path) -> None:
    (tmp_path / "mirada.toml").write_text('[models.hub]\ndevice = "cpu"\n')
    assert load_settings(tmp_path).models == {"hub": {"device": "cpu"}}
    (tmp_path / "mirada.toml").write_text('[models.hbu]\ndevice = "cpu"\n')
    with pytest.raises(ConfigError, match="did you mean hub"):
        load_settings(tmp_path)
    (tmp_path / "mirada.toml").write_text('models = "hub"\n')
    with pytest.raises(ConfigError, match="models must be of type dict"):
        load_settings(tmp_path)
    (tmp_path / "mirada.toml").write_text('[models]\nhub = "cpu"\n')
    with pytest.raises(ConfigError, match=r"as a table \[models.hub\]"):
        load_settings(tmp_path)


def test_folders_of_models_are_taken_from_the_home_in_every_role(tmp_path: Path) -> None:
    made(tmp_path / "models" / "a")
    (tmp_path / "mirada.toml").write_text(
        'encoder = "models/a"\ncaptioner = "hub:models/a"\nsegmenter = "hub:org/name"\n'
    )
    found = load_settings(tmp_path)
    assert found.encoder == str(tmp_path / "models" / "a")
    assert found.captioner == f"hub:{tmp_path / 'models' / 'a'}"
    assert found.segmenter == "hub:org/name"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("mirada-small", ("", "mirada-small")),
        ("hub:org/name@1", ("hub", "org/name@1")),
        ("open-clip:hf-hub:org/name", ("open-clip", "hf-hub:org/name")),
        ("C:\\models\\m", ("", "C:\\models\\m")),
        ("hub:C:\\m", ("hub", "C:\\m")),
    ],
)
def test_a_model_is_named_by_plugin_and_what_it_loads(name: str, parts: tuple[str, str]) -> None:
    assert split_model(name) == parts


def test_settings_hold_any_character() -> None:
    assert with_settings("", {"encoder": "/fotos/😀"}) == 'encoder = "/fotos/😀"\n'


def test_settings_that_cannot_be_changed_say_what_to_write() -> None:
    with pytest.raises(ConfigError, match='write there yourself encoder = "new"'):
        with_settings('"encoder" = """\nold"""\n', {"encoder": "new"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("encoder = ", "mirada.toml"),
        ('encodr = "x"', "unknown key 'encodr'; known: captioner, detector, encoder"),
        ("threads = true", "threads must be of type int"),
        ('threads = "many"', "threads must be of type int"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mirada.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_settings(tmp_path)
