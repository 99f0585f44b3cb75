"""Problems on the wire: RFC 9457 `application/problem+json`, one table from kind to status."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from kit import db, errors
from kit.errors import FieldError, Language, Problem, Text
from kit.web import context, field_messages

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

#: First match wins: a subclass stands before its base where the two differ.
STATUS: Sequence[tuple[type[Problem], int]] = (
    (errors.Malformed, 400),
    (errors.Invalid, 422),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.MethodNotAllowed, 405),
    (errors.NotAcceptable, 406),
    (errors.Conflict, 409),
    (errors.PreconditionFailed, 412),
    (errors.TooLarge, 413),
    (errors.UnsupportedMedia, 415),
    (errors.PreconditionRequired, 428),
    (errors.TooManyRequests, 429),
    (errors.Unavailable, 503),
    (errors.BadUpstream, 502),
    (errors.UpstreamTimeout, 504),
    (errors.Internal, 500),
)


class FieldErrorOut(BaseModel):
    """One defect of the request."""

    pointer: str | None = Field(None, description="RFC 6901 pointer into the body")
    parameter: str | None = Field(None, description="Name of the query parameter or header")
    code: str
    detail: str


class ProblemOut(BaseModel):
    """A problem as RFC 9457 writes it; `code` is stable, `type` resolves to its explanation."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[FieldErrorOut] = Field(default_factory=list)


def status_of(kind: type[Problem]) -> int:
    """Return the HTTP status of a kind of problem."""
    return next(status for base, status in STATUS if issubclass(kind, base))


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` entry of a route that may answer these problems."""
    by_status: dict[int, list[type[Problem]]] = {}
    for kind in kinds:
        by_status.setdefault(status_of(kind), []).append(kind)
    return {
        status: {
            "description": "; ".join(
                dict.fromkeys(f"`{kind.code}`: {kind.title.en}" for kind in group)
            ),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
        for status, group in by_status.items()
    }


#: What any route may answer; routes add their own.
ANYWHERE = problems(
    errors.Malformed,
    errors.Invalid,
    errors.Unauthenticated,
    errors.Forbidden,
    errors.NotAcceptable,
    errors.TooLarge,
    errors.UnsupportedMedia,
    errors.TooManyRequests,
    errors.Unavailable,
)


def body_of(problem: Problem, language: Language, instance: str, request_id: str) -> bytes:
    """Return the JSON text of a problem."""
    content: dict[str, object] = {
        "type": f"/problems/{problem.code}",
        "title": problem.title.render(language),
        "status": status_of(type(problem)),
        "detail": problem.render_detail(language),
        "instance": instance,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.errors:
        content["errors"] = [_field(error, language) for error in problem.errors]
    return orjson.dumps(content | problem.extra)


def _field(error: FieldError, language: Language) -> dict[str, str]:
    place = (
        {"pointer": error.pointer}
        if error.pointer is not None
        else {"parameter": error.parameter or ""}
    )
    return place | {"code": error.code, "detail": error.detail(language)}


def respond(problem: Problem, request: Request) -> Response:
    """Return the response for a problem."""
    here = context.current.get()
    headers = dict(problem.headers)
    status = status_of(type(problem))
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    if status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    headers["Content-Language"] = here.language
    body = body_of(problem, here.language, request.url.path, here.request_id)
    return Response(body, status, headers, MEDIA_TYPE)


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a Problem raised anywhere below."""
    assert isinstance(error, Problem)  # noqa: S101 - the handler is registered for Problem only
    return respond(error, request)


async def on_validation(request: Request, error: Exception) -> Response:
    """Answer what FastAPI could not validate; the refused value is never echoed."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it only
    found = error.errors()
    if any(entry["type"] in {"json_invalid", "json_type"} for entry in found):
        return respond(errors.Malformed(), request)
    return respond(errors.Invalid(errors=[as_field_error(entry) for entry in found[:50]]), request)


def as_field_error(entry: Any, base: str = "") -> FieldError:
    """Return one pydantic error entry as a field error; `base` prefixes the pointer."""
    code, message = field_messages.of(entry["type"])
    location = list(entry["loc"])
    context_values = entry.get("ctx") or {}
    params = tuple(
        (name, value)
        for name, value in context_values.items()
        if name in field_messages.SAFE and isinstance(value, int | float | str)
    )
    message = message if _fillable(message, dict(params)) else field_messages.PLAIN
    if location and location[0] in {"query", "header", "path", "cookie"}:
        name = ".".join(_safe(part) for part in location[1:2])
        return FieldError(code, message, parameter=name, params=params)
    if location and location[0] == "body":
        location = location[1:]
    pointer = base + "".join("/" + _escape(_safe(part)) for part in location)
    return FieldError(code, message, pointer=pointer, params=params)


def _fillable(message: Text, params: dict[str, object]) -> bool:
    return set(re.findall(r"{(\w+)}", message.en)) <= set(params)


def _safe(part: object) -> str:
    text = str(part)[:100]
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "?", text)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses by itself: unknown paths, methods, unreadable bodies."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it only
    if error.status_code == 405:
        allow = ", ".join(sorted(allowed_methods(request)))
        return respond(errors.MethodNotAllowed(headers={"Allow": allow}), request)
    kinds: dict[int, type[Problem]] = {
        400: errors.Malformed,
        401: errors.Unauthenticated,
        404: errors.NotFound,
        413: errors.TooLarge,
        415: errors.UnsupportedMedia,
    }
    kind = kinds.get(error.status_code, errors.Malformed)
    if kind is errors.TooLarge:
        return respond(errors.TooLarge(limit="the body limit"), request)
    if kind is errors.UnsupportedMedia:
        return respond(errors.UnsupportedMedia(accepted="application/json"), request)
    return respond(kind(), request)


async def on_anything(request: Request, error: Exception) -> Response:
    """Answer a fault: 503 where the database is at fault, 500 with a logged trace otherwise."""
    problem = db.as_problem(error)
    if problem is None:
        log.error("unhandled_error", error=type(error).__name__, **_told(error))
        problem = errors.Internal()
    else:
        log.warning("database_fault", error=type(error).__name__)
    return respond(problem, request)


def _told(error: Exception) -> dict[str, Any]:
    """Return what a log may hold of a fault: where, and for values that did not fit only that.

    A validator's message quotes what it was given, which may be a person.
    """
    if isinstance(error, ValidationError | ResponseValidationError):
        entries = error.errors()
        return {"unfit": [f"{_place(entry['loc'])}: {entry['type']}" for entry in entries[:20]]}
    return {"exc_info": error}


def _place(loc: Sequence[object]) -> str:
    return ".".join(_safe(part) for part in loc)


def allowed_methods(request: Request) -> set[str]:
    """Return every method that some route of the application knows for this path."""
    scope = dict(request.scope)
    methods: set[str] = set()
    for route in request.app.state.routes:
        match, _ = route.matches(scope)
        if match is not Match.NONE:
            methods.update(getattr(route, "methods", None) or ())
    return methods or {"GET"}
