"""The page to judge on, served to this machine alone; needs the extra `serve`.

Everything lies under a secret path, so that neither other people of the machine nor pages of
other sites can read or mark; requests must name a loopback host, against DNS rebinding.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, FastAPI, HTTPException, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.trustedhost import TrustedHostMiddleware

from mirada.errors import ConfigError, UnreadableImage
from mirada.judging.bounds import BoundedBody
from mirada.judging.judgements import GRADES

if TYPE_CHECKING:
    from mirada.judging.session import Session, Sheet

HOSTS: Final = ("127.0.0.1", "localhost")
LONGEST_BODY: Final = 4096  # bytes; a mark has some two hundred
ASSETS: Final = {
    "": ("page.html", "text/html"),
    "page.css": ("page.css", "text/css"),
    "page.js": ("page.js", "text/javascript"),
    "words.js": ("words.js", "text/javascript"),
}  # path under the secret -> file in this package, type
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the secret
    "X-Content-Type-Options": "nosniff",
}

ImageId = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class Mark(BaseModel):
    """What the page sends: a grade for a picture, or null to take it back."""

    model_config = ConfigDict(extra="forbid", strict=True)

    query: str
    image: str
    grade: Annotated[int, Field(ge=min(GRADES), le=max(GRADES))] | None


def make_app(session: Session, secret: str) -> FastAPI:
    """The application: page, state, marks and pictures, all under `/SECRET/`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(_routes(session), prefix=f"/{secret}")
    app.add_middleware(BoundedBody, most=LONGEST_BODY)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*HOSTS], www_redirect=False)
    return app


def _routes(session: Session) -> APIRouter:
    router = APIRouter()
    for path, (name, kind) in ASSETS.items():
        router.add_api_route(f"/{path}", _asset(name, kind), methods=["GET"])

    @router.get("/state")
    def state(response: Response) -> dict[str, Any]:
        """Queries, pictures and grades."""
        response.headers.update(HEADERS)
        return {"judge": session.judge, "queries": [_as_json(one) for one in session.sheets()]}

    @router.post("/marks", status_code=204)
    def mark(told: Mark) -> Response:
        """Keep a mark; the answer comes when it is on disk."""
        try:
            session.mark(told.query, told.image, told.grade)
        except KeyError as error:
            raise HTTPException(404, "this picture is not judged for this query") from error
        except ConfigError as error:
            raise HTTPException(507, str(error)) from error
        return Response(status_code=204, headers=HEADERS)

    @router.get("/pictures/{image_id}")
    def picture(image_id: ImageId) -> Response:
        """A picture that is judged, as JPEG."""
        try:
            jpeg = session.picture(image_id)
        except KeyError as error:
            raise HTTPException(404, "this picture is not judged") from error
        except UnreadableImage as error:
            raise HTTPException(404, f"the picture cannot be shown: {error}") from error
        kept = {**HEADERS, "Cache-Control": "private, max-age=3600"}
        return Response(jpeg, media_type="image/jpeg", headers=kept)

    return router


def _asset(name: str, kind: str) -> Any:
    content = files("mirada.judging").joinpath(name).read_bytes()

    def asset() -> Response:
        return Response(content, media_type=kind, headers=HEADERS)

    return asset


def _as_json(sheet: Sheet) -> dict[str, Any]:
    topic = sheet.pool.topic
    return {
        "id": topic.id,
        "text": topic.text,
        "images": sheet.pool.image_ids,
        "grades": sheet.grades,
    }
