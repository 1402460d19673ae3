"""A real server with a vision model on loopback, with and without faults in between.

The server is `transformers serve`; its model is a tiny one that knows four colours and was taught
mirada's prompts, see `tiny_vision.py`.
"""

from __future__ import annotations

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("openai")

from mirada.models.remote.plugins import RemoteCaptioner, RemoteReranker, RemoteTagger
from mirada.store.lance import LanceStore
from mirada.testing import TaggerContract
from mirada.testing.checks import Seen
from mirada.types import WHOLE, Ask, Box
from tests import photos
from tests.conftest import command
from tests.models.remote.endpoint import FaultProxy

if TYPE_CHECKING:
    from mirada.types import ImageRecord
    from tests.models.remote.conftest import Served

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 170, 40),
    "blue": (30, 60, 220),
    "white": (250, 250, 250),
}
FAULTS = (
    ("busy",),
    ("silent",),
    ("broken", "cut"),
    ("garbled",),
    ("nonsense", "busy"),
    ("nonsense", "cut", "broken", "garbled"),
)
"""What befalls a question; nonsense comes first, for a gateway keeps to a good answer it has."""

TIMEOUT = 1.5  # seconds: the real server takes a few tenths


class TestServedTagger(TaggerContract):
    @pytest.fixture
    def tagger(self, served: Served) -> RemoteTagger:
        return RemoteTagger(served.model, url=served.url)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_real_model_says_what_it_sees(colour: str, served: Served) -> None:
    image = photos.flat(COLOURS[colour])
    look = Seen(image, None)
    tags = RemoteTagger(served.model, url=served.url).tag(image)
    assert [(tag.name, tag.confidence) for tag in tags] == [(colour, 0.9), ("wall", 0.6)]
    asks = [Ask(WHOLE, "en", 5), Ask(WHOLE, "es", 2), Ask(Box(0, 0, 0.5, 0.5), "en", 2)]
    whole, spanish, part = RemoteCaptioner(served.model, url=served.url).caption(look, asks)
    assert whole == [f"a {colour} wall", f"{colour} paint"]
    assert spanish[0].startswith("una pared ")
    assert part == [f"a {colour} thing"]
    reranker = RemoteReranker(served.model, url=served.url)
    for other in COLOURS:
        sure = reranker.check(image, [f"a {other} wall"])
        assert (sure > 0.5) == (other == colour)


def test_parts_of_one_image_are_told_apart_in_one_request(served: Served) -> None:
    image = photos.flat(COLOURS["red"], (100, 60))
    image.paste(COLOURS["blue"], (50, 0, 100, 60))
    asks = [Ask(Box(0, 0, 0.4, 1), "en", 2), Ask(Box(0.6, 0, 1, 1), "en", 2)]
    with FaultProxy(served.url, lambda _: ()) as proxy:
        captioner = RemoteCaptioner(served.model, url=proxy.url)
        found = captioner.caption(Seen(image, None), asks)
    assert found == [["a red thing"], ["a blue thing"]]
    assert len(proxy.heard) == 1


def test_through_all_faults_every_answer_comes_and_is_paid_once(served: Served) -> None:
    with FaultProxy(served.url, _faults_of, silence=TIMEOUT + 0.5) as proxy:
        tagger = RemoteTagger(served.model, url=proxy.url, timeout=TIMEOUT)
        images = [
            (colour, photos.flat(rgb, (60 + 4 * n, 40)))
            for n in range(3)
            for colour, rgb in COLOURS.items()
        ]
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(lambda pair: tagger.tag(pair[1]), images))
        assert [tags[0].name for tags in found] == [colour for colour, _ in images]
        assert {fault for one in FAULTS for fault in one} <= set(proxy.faults)
        assert len(proxy.answered) == 12
        assert set(proxy.answered.values()) == {1}
        before = len(proxy.heard)
        again = RemoteTagger(served.model, url=proxy.url)
        assert [again.tag(image) for _, image in images] == found
        assert len(proxy.heard) == before


def test_from_pictures_to_answers_through_faults(
    tmp_path: Path, environment: dict[str, str], own_cache: Path, served: Served
) -> None:
    environment |= {"MIRADA_CACHE": str(own_cache), "MIRADA_TRUST": "1"}
    quick = (("busy",), ("garbled",), ("nonsense", "busy"), ("cut",))
    with FaultProxy(served.url, lambda question: dict(enumerate(quick)).get(question, ())) as proxy:
        album = _album(tmp_path, list(COLOURS), proxy, served)
        told = _mirada(["index"], album, environment)
        assert "skipped 0" in told.stdout
        assert f"without metadata go to {proxy.url}" in told.stderr
        known = _records(album)
        for colour in COLOURS:
            record = known[f"{colour}-0.png"]
            assert colour in {tag.name for tag in record.tags if tag.source == "model"}
            assert f"remote:{served.model}@127.0.0.1" in record.models["captions"]
            assert f"remote:{served.model}@127.0.0.1" in record.models["tags"]
        said = {
            (name.split("-")[0], caption.text.split()[1])
            for name, record in known.items()
            for caption in (*record.captions, *(one for r in record.regions for one in r.captions))
            if caption.language == "en"
        }
        assert said, "the encoder lets some of what the server says pass"
        assert all(colour == word for colour, word in said)
        found = _mirada(["search", "tag:blue", "--paths"], album, environment)
        assert [Path(line).name for line in found.stdout.splitlines()] == ["blue-0.png"]
        assert set(proxy.answered.values()) == {1}
        before = len(proxy.heard)
        _mirada(["index", "--again"], album, environment)
        assert len(proxy.heard) == before


def test_a_killed_run_pays_nothing_twice(
    tmp_path: Path, environment: dict[str, str], own_cache: Path, served: Served
) -> None:
    environment |= {"MIRADA_CACHE": str(own_cache), "MIRADA_TRUST": "1"}
    with FaultProxy(served.url, lambda _: ()) as proxy:
        album = _album(tmp_path, [*COLOURS, *COLOURS], proxy, served)
        process = subprocess.Popen(
            command(["index"]), cwd=album, env=environment, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 60
        while len(proxy.heard) < 7 and process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it was killed midway"
        seen = len(proxy.heard)
        assert 7 <= seen < 16
        _mirada(["index"], album, environment)
        assert len(_records(album)) == 8
        assert set(proxy.answered.values()) == {1}
        keys = [heard.key for heard in proxy.heard]
        assert len(keys) - len(set(keys)) <= 2, "only what was under way is asked again"


def _faults_of(question: int) -> tuple[str, ...]:
    return FAULTS[question] if question < len(FAULTS) else ()


def _album(folder: Path, colours: list[str], proxy: FaultProxy, served: Served) -> Path:
    """One picture of each colour, and a collection whose words come from the server."""
    album = folder / "album"
    (album / ".mirada").mkdir(parents=True)
    for n, colour in enumerate(colours):
        photos.flat(COLOURS[colour], (320 + 8 * n, 240)).save(album / f"{colour}-{n // 4}.png")
    model = f'"remote:{served.model}"'
    (album / ".mirada" / "mirada.toml").write_text(
        f"captioner = {model}\ntagger = {model}\nsegmenter = 'grid'\nthreads = 2\n"
        "roles = ['regions', 'tags', 'captions', 'phrases']\n"
        f"[models.remote]\nurl = '{proxy.url}'\ntimeout = {TIMEOUT}\ntokens = 1_000_000\n"
    )
    return album


def _records(album: Path) -> dict[str, ImageRecord]:
    """Name of the file -> what is known of it, with its regions."""
    from dataclasses import replace

    store = LanceStore.open(album / ".mirada")
    ids = sorted(store.ids())
    pairs = zip(store.get(ids), store.regions(ids), strict=True)
    return {one.path.name: replace(one, regions=regions) for one, regions in pairs}


def _mirada(
    arguments: list[str], album: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    done: Any = subprocess.run(
        command(arguments),
        cwd=album,
        env={**environment, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done
