"""A hub of models on this machine, with what is asked of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


class FakeHub:
    """Serves commits of models; every request is noted."""

    def __init__(self) -> None:
        self.asked: list[str] = []  # method and path
        self.commits: dict[str, Path] = {}  # commit -> folder with its files
        self.branches: dict[str, str] = {}  # branch -> commit
        self.url = ""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path of the hub's interface."""
        parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
        if parts[:2] == ["api", "models"]:
            what, revision = parts[4:6]
        elif len(parts) > 4:
            what, revision = parts[2:4]
        else:
            return 404, {}, b""
        commit = self.branches.get(revision, revision)
        folder = self.commits.get(commit)
        if folder is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        if what == "revision":
            told = {"id": "/".join(parts[2:4]), "sha": commit, "siblings": []}
            return 200, {}, json.dumps(told).encode()
        if what == "tree":
            files = [one for one in sorted(folder.rglob("*")) if one.is_file()]
            return 200, {}, json.dumps([_entry(folder, one) for one in files]).encode()
        file = folder / "/".join(parts[4:])
        known = {"X-Repo-Commit": commit}
        if not file.is_file():
            return 404, {**known, "X-Error-Code": "EntryNotFound"}, b""
        body = file.read_bytes()
        return 200, {**known, "ETag": f'"{sha256(body).hexdigest()}"'}, body


def _entry(folder: Path, file: Path) -> dict[str, Any]:
    body, path = file.read_bytes(), file.relative_to(folder).as_posix()
    return {"type": "file", "path": path, "size": len(body), "oid": sha256(body).hexdigest()}


def look_at(url: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library of the hub ask another one, which is not said to be offline."""
    from huggingface_hub import constants

    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@contextmanager
def serving() -> Iterator[FakeHub]:
    """A hub that answers while the context lasts."""
    hub = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            status, headers, body = hub.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 as the server wants it

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
