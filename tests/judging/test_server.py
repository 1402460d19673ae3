"""The page's server, asked over HTTP: what it keeps, and what it refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve")
from starlette.testclient import TestClient

from mirada.errors import UnreadableImage
from mirada.judging.judgements import read_judgements
from mirada.judging.log import JudgementLog
from mirada.judging.pool import Pool
from mirada.judging.server import make_app
from mirada.judging.session import Session
from mirada.judging.topics import Topic

CAT, DOG, LOST = "c" * 64, "d" * 64, "e" * 64
POOLS = [Pool(Topic("1", "a cat"), (DOG, CAT)), Pool(Topic("2", "<b>'a dog'"), (DOG, LOST))]
FITS = {"query": "1", "image": CAT, "grade": 2}


def picture(image_id: str) -> bytes:
    if image_id == LOST:
        raise UnreadableImage("file not found")
    return image_id[:1].encode()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[JudgementLog]:
    with JudgementLog(tmp_path, "ana") as log:
        yield log


@pytest.fixture
def client(log: JudgementLog) -> TestClient:
    app = make_app(Session(POOLS, log, picture), "secret")
    return TestClient(app, base_url="http://127.0.0.1:8000/secret/")


def grades(client: TestClient) -> list[dict[str, int]]:
    return [query["grades"] for query in client.get("state").json()["queries"]]


def test_the_page_and_its_parts_are_served(client: TestClient) -> None:
    page = client.get("")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<script type="module" src="page.js">' in page.text
    for name, kind in (("page.js", "javascript"), ("words.js", "javascript"), ("page.css", "css")):
        answer = client.get(name)
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]


def test_the_state_tells_queries_pictures_and_grades_and_nothing_of_systems(
    client: TestClient,
) -> None:
    assert client.get("state").json() == {
        "judge": "ana",
        "queries": [
            {"id": "1", "text": "a cat", "images": [DOG, CAT], "grades": {}},
            {"id": "2", "text": "<b>'a dog'", "images": [DOG, LOST], "grades": {}},
        ],
    }


def test_a_mark_is_on_disk_when_the_answer_comes(client: TestClient, tmp_path: Path) -> None:
    assert client.post("marks", json=FITS).status_code == 204
    (kept,) = read_judgements(tmp_path)
    assert (kept.query_id, kept.query, kept.image_id, kept.grade) == ("1", "a cat", CAT, 2)
    assert grades(client) == [{CAT: 2}, {}]


def test_a_mark_can_be_changed_and_taken_back(client: TestClient, tmp_path: Path) -> None:
    for grade in (2, 1, None):
        client.post("marks", json={**FITS, "grade": grade})
    assert grades(client) == [{}, {}]
    assert read_judgements(tmp_path) == []


def test_a_restart_goes_on_where_the_judge_was(client: TestClient, tmp_path: Path) -> None:
    client.post("marks", json=FITS)
    marks = read_judgements(tmp_path)
    with JudgementLog(tmp_path / "copy", "ana") as other:
        for mark in marks:
            other.note(mark)
    with JudgementLog(tmp_path / "copy", "ana") as other:
        assert [one.grades for one in Session(POOLS, other, picture).sheets()] == [{CAT: 2}, {}]
        renamed = [Pool(Topic("1", "a kitten"), (CAT,))]
        assert [one.grades for one in Session(renamed, other, picture).sheets()] == [{}]


@pytest.mark.parametrize(
    ("mark", "status"),
    [
        ({**FITS, "query": "3"}, 404),
        ({**FITS, "image": LOST}, 404),
        ({**FITS, "grade": 3}, 422),
        ({**FITS, "grade": "2"}, 422),
        ({**FITS, "grade": True}, 422),
        ({"query": "1", "image": CAT}, 422),
        ({**FITS, "judge": "luis"}, 422),
        ({**FITS, "image": "x" * 5000}, 413),
    ],
)
def test_a_mark_that_is_wrong_is_refused_and_not_kept(
    client: TestClient, tmp_path: Path, mark: dict[str, object], status: int
) -> None:
    assert client.post("marks", json=mark).status_code == status
    assert not [*tmp_path.glob("*.jsonl")]


def test_a_body_without_a_length_is_refused(client: TestClient) -> None:
    assert client.post("marks", content=iter([b"{", b"}"])).status_code == 411
    for length in (b"-1", b"many", b"1" * 30):
        headers = {"content-length": length}
        assert client.post("marks", content=b"", headers=headers).status_code in {411, 413}


def test_a_disk_that_takes_no_more_is_told(
    client: TestClient, log: JudgementLog, tmp_path: Path
) -> None:
    log.path.mkdir()
    answer = client.post("marks", json=FITS)
    assert answer.status_code == 507
    assert "the mark was not kept" in answer.json()["detail"]
    assert grades(client) == [{}, {}]


def test_pictures_are_those_of_the_pools_alone(client: TestClient) -> None:
    answer = client.get(f"pictures/{CAT}")
    assert (answer.content, answer.headers["content-type"]) == (b"c", "image/jpeg")
    assert client.get(f"pictures/{'f' * 64}").status_code == 404
    lost = client.get(f"pictures/{LOST}")
    assert (lost.status_code, lost.json()["detail"]) == (
        404,
        "the picture cannot be shown: file not found",
    )


@pytest.mark.parametrize(
    "path", ["../server.py", "%2e%2e/%2e%2e/etc/passwd", "server.py", "pictures/..%2f..%2fx"]
)
def test_no_path_leads_elsewhere(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in {404, 422}


@pytest.mark.parametrize(
    "path", ["/", "/state", "/wrong/state", "/secret", "/docs", "/openapi.json"]
)
def test_without_the_secret_there_is_nothing(client: TestClient, path: str) -> None:
    assert client.get(f"http://127.0.0.1:8000{path}").status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "mirada.local:8000"]
)
def test_a_request_for_another_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("state", headers={"host": host}).status_code == 400
    assert client.get("state", headers={"host": "localhost:8000"}).status_code == 200


def test_every_answer_keeps_the_secret_and_foreign_scripts_out(client: TestClient) -> None:
    for path in ("", "page.js", "state", f"pictures/{CAT}"):
        headers = client.get(path).headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
