"""Captions, tags and checks by a remote model; importing this module loads no client."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from mirada.errors import ModelUnavailable
from mirada.models.remote.options import LANGUAGES, OPENAI, Options
from mirada.models.remote.pictures import picture_of
from mirada.models.remote.prompts import ask_captions, ask_checks, ask_phrases, ask_tags
from mirada.types import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.models.remote.pictures import Picture
    from mirada.models.remote.service import Service
    from mirada.protocols import Look
    from mirada.types import Ask, Box, Tag

T = TypeVar("T")

MOST_CANDIDATES: Final = 10  # texts of one language for one part
MOST_CHECKS: Final = 40  # statements in one request


class _Remote:
    """A model of a server; the options are those of `[models.remote]`, see `Options`."""

    def __init__(
        self,
        model: Path | str,
        *,
        url: str = OPENAI,
        key_variable: str = "",
        concurrency: int = 4,
        timeout: float = 60,
        retries: int = 4,
        dollars: float | None = None,
        input_price: float | None = None,
        output_price: float | None = None,
        tokens: int | None = None,
        side: int = 768,
        answers: str = "json_schema",
        answer_tokens: int = 1000,
        parts: int = 4,
        languages: Sequence[str] = LANGUAGES,
    ) -> None:
        """Nothing is sent yet.

        Args:
            model: its name at the server.
            url: of the server, up to and with "/v1".
            key_variable: the environment variable that holds the key.
            concurrency: requests at once.
            timeout: seconds that the server may be silent.
            retries: of a request that got no answer.
            dollars: budget in all, which needs both prices.
            input_price: dollars a million tokens.
            output_price: dollars a million tokens.
            tokens: budget in all.
            side: pixels of the longer side that leave the machine.
            answers: json_schema, json_object or text, for servers that can do no schemas.
            answer_tokens: of one answer, at most, thoughts included.
            parts: pictures of parts in one request, at most.
            languages: of captions, "en" and "es".

        Raises:
            ConfigError: an option cannot be meant, or the key is not there.
            ModelUnavailable: the extra is not installed.
        """
        options = Options(
            url=url,
            key_variable=key_variable,
            concurrency=concurrency,
            timeout=timeout,
            retries=retries,
            dollars=dollars,
            input_price=input_price,
            output_price=output_price,
            tokens=tokens,
            side=side,
            answers=answers,
            answer_tokens=answer_tokens,
            parts=parts,
            languages=tuple(languages) if isinstance(languages, list) else languages,  # type: ignore[arg-type]
        )
        self._options = options
        self._service = _service(str(model), options)
        self.name = self._service.name
        self.image_size = options.side
        self.batch_size = options.concurrency  # threads that are worth having


class RemoteCaptioner(_Remote):
    """Sentences for whole images and noun phrases for parts of them, by a remote model."""

    maps_of: str | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of the options."""
        return self._options.languages

    def caption(self, look: Look, asks: Sequence[Ask]) -> list[list[str]]:
        """Different texts for each wish, likeliest first: one request for the whole, few for parts.

        In lower case, without a full stop.

        Raises:
            ValueError: for a language not among `languages`.
            ModelFailed: there is no answer of use, or nothing left to spend.
        """
        for ask in asks:
            if ask.language not in self.languages:
                raise ValueError(f"{ask.language!r} is not one of {', '.join(self.languages)}")
        wished = _by_box(asks)
        found: dict[Box, dict[str, list[str]]] = {}
        for boxes, wishes in _together(wished, self._options.parts):
            found.update(zip(boxes, self._captions(look.image, boxes, wishes), strict=True))
        return [
            found[ask.box][ask.language][: ask.candidates] if ask.candidates > 0 else []
            for ask in asks
        ]

    def _captions(
        self, image: Image, boxes: Sequence[Box], wishes: Mapping[str, int]
    ) -> list[dict[str, list[str]]]:
        from mirada.models.remote import answers  # noqa: PLC0415 brings pydantic

        pictures = [picture_of(image, self._options.side, box) for box in boxes]
        whole = boxes[0] == WHOLE
        prompt = ask_captions(wishes) if whole else ask_phrases(wishes, len(boxes))
        read = partial(answers.read_captions, wishes=wishes, pictures=len(boxes))
        form = answers.captions_form(tuple(wishes))
        return _ask(self._service, prompt, pictures, form, read)


class RemoteTagger(_Remote):
    """Tags in English, by a remote model."""

    def tag(self, image: Image) -> list[Tag]:
        """Up to 30 different tags, surest first; raises ModelFailed where there is no answer."""
        from mirada.models.remote import answers  # noqa: PLC0415 brings pydantic

        picture = picture_of(image, self._options.side)
        return _ask(self._service, ask_tags(), [picture], answers.TagsForm, answers.read_tags)


class RemoteReranker(_Remote):
    """Checks statements against an image, by a remote model."""

    def check(self, image: Image, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) probability that the image shows each text; raises ModelFailed without an answer.

        All texts of an image go in one request.
        """
        different = list(dict.fromkeys(texts))
        sure: dict[str, float] = {}
        picture = picture_of(image, self._options.side)
        for start in range(0, len(different), MOST_CHECKS):
            some = different[start : start + MOST_CHECKS]
            sure.update(zip(some, self._checks(picture, some), strict=True))
        return np.array([sure[text] for text in texts], np.float32)

    def _checks(self, picture: Picture, texts: Sequence[str]) -> list[float]:
        from mirada.models.remote import answers  # noqa: PLC0415 brings pydantic

        read = partial(answers.read_checks, count=len(texts))
        return _ask(self._service, ask_checks(texts), [picture], answers.ChecksForm, read)


def _service(model: str, options: Options) -> Service:
    try:
        from mirada.models.remote.service import Service  # noqa: PLC0415 brings openai
    except ImportError as error:
        raise ModelUnavailable(
            f"remote models need the extra: pip install 'mirada[remote]' ({error})"
        ) from error
    return Service(model, options)


def _ask(
    service: Service,
    prompt: str,
    pictures: Sequence[Picture],
    form: type[Any],
    read: Callable[[str], T],
) -> T:
    from mirada.models.remote.answers import schema_of  # noqa: PLC0415 brings pydantic
    from mirada.models.remote.client import Question  # noqa: PLC0415 brings openai

    return service.ask(Question(prompt, pictures, schema_of(form)), read)


def _by_box(asks: Sequence[Ask]) -> dict[Box, dict[str, int]]:
    """Box -> language -> how many texts are wished for at most."""
    wished: dict[Box, dict[str, int]] = {}
    for ask in asks:
        if ask.candidates > 0:
            of_box = wished.setdefault(ask.box, {})
            most = max(of_box.get(ask.language, 0), ask.candidates)
            of_box[ask.language] = min(most, MOST_CANDIDATES)
    return wished


def _together(
    wished: Mapping[Box, Mapping[str, int]], most: int
) -> list[tuple[list[Box], Mapping[str, int]]]:
    """Boxes that one request may ask for: the whole alone, parts with the same wishes."""
    found: list[tuple[list[Box], Mapping[str, int]]] = []
    for box, wishes in wished.items():
        if found and WHOLE not in (box, found[-1][0][0]):
            boxes, same = found[-1]
            if same == wishes and len(boxes) < most:
                boxes.append(box)
                continue
        found.append(([box], wishes))
    return found
