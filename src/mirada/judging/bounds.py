"""Requests with more to say than they may are refused before a byte of it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class BoundedBody:
    """Middleware (ASGI) that wants the length of a body said beforehand, and small.

    The server beneath holds a request to the length that it names.
    """

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 411 or 413."""
        status = self._refusal(scope) if scope["type"] == "http" else None
        if status is None:
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse("", status)(scope, receive, send)

    def _refusal(self, scope: Scope) -> int | None:
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0" if scope["method"] in {"GET", "HEAD"} else b"")
        if b"transfer-encoding" in headers or not length.isdigit():
            return 411
        return 413 if int(length[:20]) > self._most else None
