"""What is asked, how often, at what cost, and what is told when it fails."""

from __future__ import annotations

import json
import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("openai")

from mirada.errors import MiradaError, ModelFailed, ModelUnavailable
from mirada.models.remote import service
from mirada.models.remote.ledger import Cost
from mirada.models.remote.plugins import RemoteCaptioner, RemoteReranker, RemoteTagger
from mirada.testing import CaptionerContract, RerankerContract, TaggerContract
from mirada.testing.checks import Seen, picture
from mirada.types import WHOLE, Ask, Box, Tag
from tests.models.remote.endpoint import Endpoint, Heard, Said, completion
from tests.models.remote.scripted import willing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TAGS = '{"tags": [{"name": "Dog", "confidence": 0.9}]}'
DOG = [Tag("dog", 0.9, "model")]
KEY = "sk-very-secret-0123456789"


def in_turn(*said: Said) -> Callable[[Heard], Said]:
    """The answers one after the other, then the last one for good."""
    left = list(said)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def error(status: int, told: str = "no", **headers: str) -> Said:
    return Said(json.dumps({"error": {"message": told}}).encode(), status, headers)


@pytest.fixture
def willing_server() -> Iterator[Endpoint]:
    with Endpoint(willing) as endpoint:
        yield endpoint


class TestRemoteCaptioner(CaptionerContract):
    @pytest.fixture
    def captioner(self, willing_server: Endpoint) -> RemoteCaptioner:
        return RemoteCaptioner("m", url=willing_server.url)

    @pytest.fixture
    def encoder(self) -> None:
        return None


class TestRemoteTagger(TaggerContract):
    @pytest.fixture
    def tagger(self, willing_server: Endpoint) -> RemoteTagger:
        return RemoteTagger("m", url=willing_server.url)


class TestRemoteReranker(RerankerContract):
    @pytest.fixture
    def reranker(self, willing_server: Endpoint) -> RemoteReranker:
        return RemoteReranker("m", url=willing_server.url)


def test_the_name_tells_the_model_the_server_and_the_prompts(willing_server: Endpoint) -> None:
    tagger = RemoteTagger("org/model:7b", url=willing_server.url)
    host = willing_server.url.removeprefix("http://").removesuffix("/v1")
    assert tagger.name == f"remote:org/model:7b@{host}, prompts/1"
    assert tagger.image_size == 768


def test_the_whole_takes_one_request_and_parts_few(willing_server: Endpoint) -> None:
    captioner = RemoteCaptioner("m", url=willing_server.url, parts=2)
    boxes = [Box(0, 0, 0.5, 0.5), Box(0.5, 0, 1, 0.5), Box(0, 0.5, 1, 1)]
    asks = [Ask(WHOLE, "en", 5), Ask(WHOLE, "es", 2), *(Ask(box, "en", 2) for box in boxes)]
    found = captioner.caption(Seen(picture(64, 48), None), asks)
    assert [len(texts) for texts in found] == [5, 2, 2, 2, 2]
    asked = [heard.prompt for heard in willing_server.heard]
    assert "5 captions in English and 2 captions in Spanish" in asked[0]
    assert "These 2 pictures are parts" in asked[1]
    assert "This picture is a part" in asked[2]
    assert len(asked) == 3


def test_all_statements_on_an_image_take_one_request(willing_server: Endpoint) -> None:
    reranker = RemoteReranker("m", url=willing_server.url)
    found = reranker.check(picture(64, 48), ["a dog", "a\ncat", "a dog"])
    assert found[0] == found[2] != found[1]
    [heard] = willing_server.heard
    assert heard.prompt.endswith('1. "a dog"\n2. "a cat"')


@pytest.mark.parametrize("answers", ["json_schema", "json_object", "text"])
def test_the_schema_goes_along_where_servers_take_one(
    answers: str, willing_server: Endpoint
) -> None:
    RemoteTagger("m", url=willing_server.url, answers=answers).tag(picture(64, 48))
    [heard] = willing_server.heard
    told = heard.body.get("response_format", {"type": "text"})
    assert told["type"] == answers
    if answers == "json_schema":
        assert told["json_schema"]["strict"] is True
        assert set(told["json_schema"]["schema"]["properties"]) == {"tags"}
    assert heard.body["max_tokens"] == 1000
    assert heard.path == "/v1/chat/completions"


def test_the_same_is_never_asked_twice(willing_server: Endpoint) -> None:
    """Nor by another process, nor of a file with other metadata and the same pixels."""
    first = RemoteTagger("m", url=willing_server.url).tag(picture(64, 48))
    assert RemoteTagger("m", url=willing_server.url).tag(picture(64, 48).copy()) == first
    assert len(willing_server.heard) == 1
    RemoteTagger("other", url=willing_server.url).tag(picture(64, 48))
    RemoteTagger("m", url=willing_server.url, side=32).tag(picture(64, 48))
    RemoteTagger("m", url=willing_server.url).tag(picture(64, 48, seed=1))
    assert len(willing_server.heard) == 4


def test_threads_that_ask_the_same_wait_for_one_request() -> None:
    with Endpoint(lambda _: Said(completion(TAGS).body, wait=0.3)) as server:
        tagger = RemoteTagger("m", url=server.url)
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(lambda _: tagger.tag(picture(64, 48)), range(6)))
    assert found == [DOG] * 6
    assert len(server.heard) == 1


def test_no_more_requests_than_told_are_under_way_at_once() -> None:
    now, most, lock = [0], [0], threading.Lock()

    def answer(_: Heard) -> Said:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.1)
        with lock:
            now[0] -= 1
        return completion(TAGS)

    with Endpoint(answer) as server:
        tagger = RemoteTagger("m", url=server.url, concurrency=2)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda seed: tagger.tag(picture(64, 48, seed=seed)), range(8)))
    assert most == [2]


def test_an_answer_of_no_use_is_asked_for_again_as_another_request() -> None:
    with Endpoint(in_turn(completion("a dog!"), completion(TAGS))) as server:
        assert RemoteTagger("m", url=server.url).tag(picture(64, 48)) == DOG
    first, second = server.heard
    assert first.raw == second.raw
    assert first.key != second.key


def test_after_three_answers_of_no_use_the_image_is_given_up() -> None:
    with Endpoint(in_turn(completion("a dog!"))) as server:
        tagger = RemoteTagger("m", url=server.url)
        with pytest.raises(ModelFailed, match="no answer of use in 3 tries: no JSON"):
            tagger.tag(picture(64, 48))
    assert len({heard.key for heard in server.heard}) == 3


def test_an_answer_that_was_cut_says_which_setting_helps() -> None:
    with Endpoint(in_turn(completion('{"tags": [', reason="length"))) as server:
        tagger = RemoteTagger("m", url=server.url, answer_tokens=50)
        with pytest.raises(ModelFailed, match=r"cut at 50 tokens \(answer_tokens in"):
            tagger.tag(picture(64, 48))


@pytest.mark.parametrize(
    "body", [b"<html>", b"{", b"{}", b"[]", b'{"choices": []}', b'{"choices": [{"message": 1}]}']
)
def test_what_no_model_can_have_said_is_asked_for_under_the_same_key(body: bytes) -> None:
    """The answer may have been garbled on its way: a server that knows the key has it still."""
    with Endpoint(in_turn(Said(body), completion(TAGS))) as server:
        assert RemoteTagger("m", url=server.url).tag(picture(64, 48)) == DOG
    assert len({heard.key for heard in server.heard}) == 1
    assert len(server.heard) == 2


def test_retries_keep_their_key_and_wait_as_long_as_the_server_says() -> None:
    busy = error(429, "slow down", **{"Retry-After": "1.1"})
    with Endpoint(in_turn(busy, error(500), completion(TAGS))) as server:
        assert RemoteTagger("m", url=server.url).tag(picture(64, 48)) == DOG
    first, second, third = server.heard
    assert first.key == second.key == third.key
    assert second.at - first.at >= 1.1
    assert 0.3 < third.at - second.at < 1.1 + 2  # by itself: half a second, with jitter, doubled


def test_retries_are_bounded() -> None:
    with Endpoint(in_turn(error(503, "down for repair", **{"Retry-After": "0.01"}))) as server:
        tagger = RemoteTagger("m", url=server.url, retries=2)
        with pytest.raises(ModelFailed, match="no answer .503: down for repair.; index again"):
            tagger.tag(picture(64, 48))
    assert len(server.heard) == 3


def test_a_silent_server_is_given_up() -> None:
    with Endpoint(lambda _: Said(wait=0.6)) as server:
        tagger = RemoteTagger("m", url=server.url, retries=0, timeout=0.2)
        with pytest.raises(ModelUnavailable, match="no answer within 0.2 s"):
            tagger.tag(picture(64, 48))


def test_a_server_that_is_not_there_is_named() -> None:
    tagger = RemoteTagger("m", url="http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(ModelUnavailable, match="m at 127.0.0.1:9 cannot be reached.*running"):
        tagger.tag(picture(64, 48))
    assert tagger._service.ledger.spent() == Cost(0, 0.0)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "refuses the key .401.: set the environment variable MY_KEY"),
        (403, "refuses the key .403.: set the environment variable MY_KEY"),
        (404, "not there .404.: check the name of the model and url"),
    ],
)
def test_what_no_patience_helps_is_not_tried_again(
    status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with Endpoint(in_turn(error(status))) as server:
        tagger = RemoteTagger("m", url=server.url, key_variable="MY_KEY")
        with pytest.raises(ModelUnavailable, match=said):
            tagger.tag(picture(64, 48))
    assert len(server.heard) == 1


def test_a_request_that_is_refused_tells_the_servers_words_and_a_way_out() -> None:
    with Endpoint(in_turn(error(400, "response_format is unknown"))) as server:
        tagger = RemoteTagger("m", url=server.url)
        with pytest.raises(ModelFailed, match='format is unknown.*answers = "json_object"'):
            tagger.tag(picture(64, 48))


def test_pictures_follow_no_redirection() -> None:
    with Endpoint(in_turn(completion(TAGS))) as elsewhere:
        moved = Said(status=307, headers={"Location": f"{elsewhere.url}/chat/completions"})
        with Endpoint(in_turn(moved)) as server:
            tagger = RemoteTagger("m", url=server.url, retries=0)
            with pytest.raises(ModelFailed, match="307"):
                tagger.tag(picture(64, 48))
    assert elsewhere.heard == []


def test_a_refusal_is_told_and_not_argued_with() -> None:
    with Endpoint(in_turn(completion(None, reason="content_filter"))) as server:
        tagger = RemoteTagger("m", url=server.url)
        with pytest.raises(ModelFailed, match="refuses this picture"):
            tagger.tag(picture(64, 48))
    assert len(server.heard) == 1
    assert tagger._service.ledger.spent() == Cost(120, 0.0)


def test_when_the_budget_is_spent_nothing_is_sent() -> None:
    """A request may take up to some 1,400 tokens, and takes 900."""
    with Endpoint(in_turn(completion(TAGS, tokens=(800, 100)))) as server:
        tagger = RemoteTagger("m", url=server.url, tokens=3000)
        for seed in range(2):
            tagger.tag(picture(64, 48, seed=seed))
        with pytest.raises(ModelFailed, match="1,800 of 3,000 tokens are spent; raise tokens in"):
            tagger.tag(picture(64, 48, seed=2))
        assert len(server.heard) == 2
        assert tagger.tag(picture(64, 48, seed=1)) == DOG, "what is known costs nothing"
        more = RemoteTagger("m", url=server.url, tokens=5000)
        assert more.tag(picture(64, 48, seed=2)) == DOG
    assert more._service.ledger.spent() == Cost(2700, 0.0)


def test_dollars_are_counted_by_the_prices() -> None:
    prices: dict[str, Any] = {"input_price": 2.0, "output_price": 10.0}
    with Endpoint(in_turn(completion(TAGS, tokens=(1000, 200)))) as server:
        tagger = RemoteTagger("m", url=server.url, dollars=0.015, **prices)
        tagger.tag(picture(64, 48))
        assert tagger._service.ledger.spent().dollars == pytest.approx(0.004)
        with pytest.raises(ModelFailed, match=r"\$0.0040 of \$0.015 are spent; raise dollars"):
            tagger.tag(picture(64, 48, seed=1))
    assert len(server.heard) == 1


def test_threads_together_keep_to_the_budget_and_use_it() -> None:
    """None is turned away while what others have reserved may come back."""
    with Endpoint(lambda _: Said(completion(TAGS, tokens=(90, 10)).body, wait=0.05)) as server:
        tagger = RemoteTagger("m", url=server.url, tokens=4000, concurrency=8)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda seed: tagger.tag(picture(64, 48, seed=seed)), range(16)))
    assert found == [DOG] * 16
    assert tagger._service.ledger.spent() == Cost(1600, 0.0)


def test_roles_of_a_model_share_its_budget() -> None:
    """A request of one waits for what the other has reserved and does not need."""
    with Endpoint(lambda heard: Said(willing(heard).body, wait=0.3)) as server:
        options: dict[str, Any] = {"url": server.url, "tokens": 2000}
        tagger, reranker = RemoteTagger("m", **options), RemoteReranker("m", **options)
        with ThreadPoolExecutor(2) as pool:
            tags = pool.submit(tagger.tag, picture(64, 48))
            checks = pool.submit(reranker.check, picture(64, 48), ["a dog"])
            assert tags.result()
            assert checks.result().shape == (1,)
    assert tagger._service.ledger.spent() == reranker._service.ledger.spent() == Cost(240, 0.0)


def test_without_a_count_the_worst_case_is_paid() -> None:
    with Endpoint(in_turn(completion(TAGS, tokens=None))) as server:
        tagger = RemoteTagger("m", url=server.url, answer_tokens=500)
        tagger.tag(picture(64, 48))
    assert 700 < tagger._service.ledger.spent().tokens < 1500


def test_what_may_have_been_answered_unheard_is_paid() -> None:
    """A request that broke off is counted at its worst case, one that was refused is not."""
    cut = Said(completion(TAGS).body, cut=True)
    with Endpoint(in_turn(error(500), completion(TAGS))) as server:
        tagger = RemoteTagger("m", url=server.url)
        tagger.tag(picture(64, 48))
        assert tagger._service.ledger.spent() == Cost(120, 0.0)
    with Endpoint(in_turn(cut, completion(TAGS))) as server:
        tagger = RemoteTagger("m", url=server.url)
        tagger.tag(picture(64, 48))
        assert tagger._service.ledger.spent().tokens > 1120


def test_the_user_is_told_once_what_leaves(
    willing_server: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    tagger = RemoteTagger("m", url=willing_server.url, side=512)
    assert not caplog.messages, "nothing has left yet"
    for seed in range(3):
        tagger.tag(picture(64, 48, seed=seed))
    told = f"pictures scaled to 512 px without metadata go to {willing_server.url} (model m)"
    assert [record.getMessage() for record in caplog.records if record.name == "mirada"] == [told]


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_key_is_sent_and_nowhere_else(
    status: int,
    own_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Even where the server itself repeats it in an error."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    said = completion(TAGS) if status == 200 else error(status, f"{KEY} is wrong: Bearer {KEY}")
    with Endpoint(in_turn(said)) as server:
        tagger = RemoteTagger("m", url=server.url, key_variable="MY_KEY", retries=0)
        told = ""
        try:
            tagger.tag(picture(64, 48))
        except MiradaError as failed:
            told = "".join(traceback.format_exception(failed))
    [heard] = server.heard
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert "org-secret" not in heard.headers.values()
    client = tagger._service._client
    seen = [told, caplog.text, repr(vars(tagger)), repr(tagger._service), repr(client)]
    seen += [tagger.name, heard.raw.decode(), str(client._openai)]
    kept = b"".join(path.read_bytes() for path in own_cache.rglob("*") if path.is_file())
    assert kept
    assert not any(KEY in one for one in seen)
    assert KEY.encode() not in kept
    if status == 400:
        assert "*** is wrong" in told


def test_a_run_that_was_stopped_asks_again_under_the_same_key(
    willing_server: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the answer and its being kept."""
    tagger = RemoteTagger("m", url=willing_server.url)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(service.Service, "_cost", stopped)
    with pytest.raises(KeyboardInterrupt):
        tagger.tag(picture(64, 48))
    assert tagger._service.ledger.spent().tokens > 1000, "the server may have answered"
    monkeypatch.undo()
    tagger.tag(picture(64, 48))
    first, second = willing_server.heard
    assert first.key == second.key, "a server that knows the key answers once"
