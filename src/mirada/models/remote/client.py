"""Speaks to a server by OpenAI's own client, and says in mirada's words what went wrong.

The client retries by itself: with exponential backoff and jitter, or when the server says so in
`Retry-After` (up to two minutes). Imports `openai`, so only `service.py` imports this module.
"""

from __future__ import annotations

import base64
import weakref
from dataclasses import dataclass, replace
from threading import local
from typing import TYPE_CHECKING, Any, Final

import openai
from openai.types.chat import ChatCompletion

from mirada.errors import MiradaError, ModelFailed, ModelUnavailable
from mirada.models.remote.options import TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.models.remote.options import Options
    from mirada.models.remote.pictures import Picture

NO_KEY: Final = "none"  # servers without keys take any word
QUOTED: Final = 200  # characters of a server's own words in an error
STARTING: Final = 10.0  # seconds to reach a server, at most
GARBLED: Final = "an answer that is no JSON of OpenAI's protocol"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about some pictures."""

    prompt: str
    pictures: Sequence[Picture]
    schema: dict[str, Any]  # of the answer


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request."""

    text: str = ""  # where the model answered
    answered: bool = False  # by the model, be it by a refusal
    error: MiradaError | None = None
    garbled: bool = False  # something came that no model can have said: ask again
    cut: bool = False  # at the most tokens that an answer may have
    input_tokens: int | None = None  # by the server's count; None where it keeps none
    output_tokens: int | None = None
    lost: int = 0  # attempts that the server may have answered, and charged, unheard


class Client:
    """Threads may share it."""

    def __init__(self, model: str, options: Options) -> None:
        self._model, self._options = model, options
        self._key = options.key()
        self._attempts = _Attempts()
        self._openai = openai.OpenAI(
            api_key=self._key or NO_KEY,
            base_url=options.url,
            max_retries=options.retries,
            timeout=openai.Timeout(options.timeout, connect=min(STARTING, options.timeout)),
            http_client=openai.DefaultHttpxClient(
                follow_redirects=False,  # pictures go to nobody but the server that was named
                event_hooks={
                    "request": [self._attempts.on_request],
                    "response": [self._attempts.on_response],
                },
            ),
        )
        weakref.finalize(self, self._openai.close)

    def ask(self, question: Question, idempotency_key: str) -> Reply:
        """Send a question, again where no answer comes; a server that knows the key answers once.

        Never raises for what the server or the network does.
        """
        self._attempts.begin()
        try:
            completion = self._openai.chat.completions.create(
                **self._request(question), extra_headers=self._headers(idempotency_key)
            )
        except openai.APIStatusError as error:
            return Reply(error=self._refusal(error), lost=self._attempts.lost)
        except openai.APIConnectionError as error:
            return self._silence(error)
        except (ValueError, openai.APIResponseValidationError):  # 200, but no JSON
            return Reply(garbled=True, lost=self._attempts.lost)
        return self._read(completion)

    def _request(self, question: Question) -> dict[str, Any]:
        options = self._options
        pictures: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": _data_url(one)}} for one in question.pictures
        ]
        asked = [*pictures, {"type": "text", "text": question.prompt}]
        # OpenAI's newer models refuse the old name of the bound, other servers ignore the new one
        bound = "max_completion_tokens" if options.is_openai else "max_tokens"
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": "user", "content": asked}],
            bound: options.answer_tokens,
        }
        if options.answers == "json_object":
            request["response_format"] = {"type": "json_object"}
        elif options.answers == "json_schema":
            schema = {"name": "answer", "strict": True, "schema": question.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        return request

    def _headers(self, idempotency_key: str) -> dict[str, str | openai.Omit]:
        headers: dict[str, str | openai.Omit] = {"Idempotency-Key": idempotency_key}
        if not self._options.is_openai:  # who pays OpenAI is no business of another server
            headers |= {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
        return headers

    def _read(self, completion: object) -> Reply:
        try:
            assert isinstance(completion, ChatCompletion)  # noqa: S101 a string where it was no JSON
            choice = completion.choices[0]
            text, refusal = choice.message.content, getattr(choice.message, "refusal", None)
            reason = choice.finish_reason
        except (AssertionError, AttributeError, IndexError, TypeError, KeyError):
            return Reply(garbled=True, lost=self._attempts.lost)
        heard = Reply(
            text if isinstance(text, str) else "",
            answered=True,
            cut=reason == "length",
            input_tokens=_count(completion.usage, "prompt_tokens"),
            output_tokens=_count(completion.usage, "completion_tokens"),
            lost=self._attempts.lost - 1,
        )
        if refusal or reason == "content_filter":
            why = self._quoted(str(refusal or "its filter of contents"))
            return replace(heard, error=ModelFailed(f"{self._who} refuses this picture: {why}"))
        return heard

    def _refusal(self, error: openai.APIStatusError) -> MiradaError:
        status, who = error.status_code, self._who
        if status in (401, 403):  # the server's own words may hold a part of the key
            return ModelUnavailable(f"{who} refuses the key ({status}): {self._about_key()}")
        if status == 404:
            return ModelUnavailable(
                f"{who} is not there (404): check the name of the model and url in {TABLE}"
            )
        said = f"{status}: {self._quoted(_words(error))}"
        if status == 429 and error.code == "insufficient_quota":
            return ModelUnavailable(f"nothing is left to spend at {who} ({said}): top up there")
        if status in (400, 422) and self._options.answers != "text":
            return ModelFailed(
                f"{who} refuses the request ({said}); if it cannot keep to a schema, set "
                f'answers = "json_object" or "text" in {TABLE}'
            )
        return ModelFailed(f"{who} gave no answer ({said}); index again later")

    def _silence(self, error: openai.APIConnectionError) -> Reply:
        if isinstance(error, openai.APITimeoutError):
            why = f"no answer within {self._options.timeout:g} s (timeout in {TABLE})"
        else:
            why = self._quoted(str(error.__cause__ or error))
        # what never got through to the server costs nothing
        lost = 0 if "Connect" in type(error.__cause__).__name__ else self._attempts.lost
        if self._attempts.reached:
            return Reply(error=ModelFailed(f"{self._who}: {why}; index again later"), lost=lost)
        told = f"{self._who} cannot be reached: {why}. Is it running, and is url in {TABLE} right?"
        return Reply(error=ModelUnavailable(told), lost=lost)

    def _about_key(self) -> str:
        if self._options.variable:
            return f"set the environment variable {self._options.variable} to one that it knows"
        return f"name the environment variable that holds one as key_variable in {TABLE}"

    @property
    def _who(self) -> str:
        return f"{self._model} at {self._options.host}"

    def _quoted(self, words: str) -> str:
        hidden = words.replace(self._key, "***") if self._key else words
        return " ".join(hidden.split())[:QUOTED]


class _Attempts:
    """Counts what the client sends and hears; it retries by itself, each request in one thread."""

    def __init__(self) -> None:
        self.reached = False  # whether the server ever said anything
        self._mine = local()

    def begin(self) -> None:
        """A request of this thread begins."""
        self._mine.sent = self._mine.refused = 0

    @property
    def lost(self) -> int:
        """Attempts of this thread's request that were not refused, the one that succeeded too."""
        return int(self._mine.sent - self._mine.refused)

    def on_request(self, _request: object) -> None:
        """One is sent."""
        self._mine.sent += 1

    def on_response(self, response: Any) -> None:
        """The head of an answer is there."""
        self.reached = True
        self._mine.refused += response.status_code >= 300


def _data_url(picture: Picture) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode()


def _count(usage: object, name: str) -> int | None:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and value >= 0 else None


def _words(error: openai.APIStatusError) -> str:
    """The server's own words, out of the usual places."""
    body = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    return str(body or error.message)
