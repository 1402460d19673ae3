"""Servers on loopback that tests are in charge of: one that says what it is told, one with faults.

`FaultProxy` stands between a client and a real server, as networks and gateways do. What the real
server answered once to an `Idempotency-Key` it gives again, as gateways that know the key do.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PATIENCE = 120  # seconds for the real server


@dataclass(frozen=True)
class Heard:
    """A request."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    raw: bytes
    at: float  # seconds of the monotonic clock

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def prompt(self) -> str:
        return str(self.body["messages"][0]["content"][-1]["text"])

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


@dataclass(frozen=True)
class Said:
    """An answer, and how it is delivered."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0  # seconds before it
    cut: bool = False  # the connection breaks in its middle


class Endpoint:
    """Answers each request by a function; a context manager."""

    def __init__(self, answer: Callable[[Heard], Said]) -> None:
        self.heard: list[Heard] = []
        self._answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                heard = Heard(self.path, headers, raw, time.monotonic())
                endpoint.heard.append(heard)
                said = endpoint._answer(heard)
                time.sleep(said.wait)
                try:
                    self._say(said)
                except OSError:
                    self.close_connection = True  # the client has given up

            def _say(self, said: Said) -> None:
                self.send_response(said.status)
                for name, value in {"Content-Type": "application/json", **said.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                half = len(said.body) // 2 if said.cut else len(said.body)
                self.wfile.write(said.body[:half])
                if said.cut:
                    self.wfile.flush()
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def completion(
    content: str | None, *, tokens: tuple[int, int] | None = (100, 20), reason: str = "stop"
) -> Said:
    """What a server says when its model answered."""
    message = {"role": "assistant", "content": content}
    told: dict[str, Any] = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }
    if tokens:
        given, made = tokens
        told["usage"] = {
            "prompt_tokens": given,
            "completion_tokens": made,
            "total_tokens": given + made,
        }
    return Said(json.dumps(told).encode())


MADE_UP = {
    "busy": Said(b'{"error": {"message": "busy"}}', 429, {"Retry-After": "0.3"}),
    "broken": Said(b'{"error": {"message": "broken"}}', 500),
    "nonsense": completion("I see a lovely picture!"),
}


class FaultProxy(Endpoint):
    """Hands requests on to a real server, and does to each question one fault after the other.

    Faults: "busy" (429 with Retry-After), "broken" (500), "silent" (the answer comes too late),
    "cut" (the connection breaks), "garbled" (no JSON), "nonsense" (an answer of no use, which the
    proxy itself makes up). Before "silent", "cut" and "garbled" the real server has answered.
    """

    def __init__(
        self, upstream: str, faults: Callable[[int], Sequence[str]], *, silence: float = 0.0
    ) -> None:
        """Args: faults of the n-th question, in order; how long "silent" lasts, in seconds."""
        super().__init__(self._serve)
        self.answered: Counter[str] = Counter()  # question -> how often the real server answered
        self.faults: Counter[str] = Counter()
        self._upstream, self._faults, self._silence = upstream, faults, silence
        self._good: dict[str, Said] = {}
        self._left: dict[str, list[str]] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def _serve(self, heard: Heard) -> Said:
        question = sha256(heard.raw).hexdigest()
        with self._lock:
            if question not in self._left:
                self._left[question] = list(self._faults(len(self._left)))
            left = self._left[question]
            fault = left.pop(0) if left else ""
            self.faults[fault] += 1
            lock = self._locks[heard.key]
        if fault in MADE_UP:
            return MADE_UP[fault]
        with lock:  # one that comes while the real server is still at it waits for that answer
            good = self._good.get(heard.key) or self._ask(heard, question)
            if good.status == 200:
                self._good[heard.key] = good
        if fault == "garbled":
            return Said(b"<html>a gateway's own page</html>")
        return replace(good, wait=self._silence * (fault == "silent"), cut=fault == "cut")

    def _ask(self, heard: Heard, question: str) -> Said:
        url = self._upstream + heard.path.removeprefix("/v1")
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, heard.raw, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            return Said(error.read(), error.code)
        self.answered[question] += 1
        return Said(body)
