"""The route class of every JSON route: strict query strings, and idempotent POSTs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from kit import idempotency
from kit.db import Database
from kit.errors import FieldError, Invalid, Text
from kit.web import deps

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_UNKNOWN = Text("This parameter is not known here.", "未知参数。")
_REPEATED = Text("This parameter may stand only once.", "该参数不能重复。")


class ContractRoute(APIRoute):
    """A route that refuses unknown or repeated query parameters and honours Idempotency-Key.

    Idempotency applies where `deps.Idempotent` is among the route's dependencies: the route then
    holds the transaction itself, so that the saved answer and the effect are committed as one.
    """

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler."""
        inner = super().get_route_handler()
        single, repeatable = _query_names(self.dependant)
        idempotent = _depends_on(self.dependant, deps.Idempotent.dependency)

        async def handle(request: Request) -> Response:
            _check_query(request, single, repeatable)
            key = request.headers.get("idempotency-key")
            if idempotent and key is not None and 8 <= len(key) <= 255:
                return await _once(request, key, inner)
            return await inner(request)

        return handle


def _depends_on(dependant: Dependant, call: object) -> bool:
    return any(below.call is call or _depends_on(below, call) for below in dependant.dependencies)


def _query_names(dependant: Dependant) -> tuple[set[str], set[str]]:
    single: set[str] = set()
    repeatable: set[str] = set()
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            single.update(info.alias or name for name, info in kind.model_fields.items())
        elif "list[" in str(kind):
            repeatable.add(field.alias)
        else:
            single.add(field.alias)
    for below in dependant.dependencies:
        more_single, more_repeatable = _query_names(below)
        single |= more_single
        repeatable |= more_repeatable
    return single, repeatable


def _check_query(request: Request, single: set[str], repeatable: set[str]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    found = []
    for name in dict.fromkeys(names):
        shown = "".join(
            c if c.isprintable() and not "\ud800" <= c <= "\udfff" else "?" for c in name[:100]
        )
        if name not in single and name not in repeatable:
            found.append(FieldError("parameter.unknown", _UNKNOWN, parameter=shown))
        elif name in single and names.count(name) > 1:
            found.append(FieldError("parameter.repeated", _REPEATED, parameter=shown))
    if found:
        raise Invalid(errors=found[:50])


async def _once(request: Request, key: str, inner: Handler) -> Response:
    principal = await deps.authenticate(request)
    body = await request.body()
    claim = idempotency.Claim(
        client_id=principal.client_id,
        route=f"{request.method} {request.url.path}",
        key=key,
        request_sha256=hashlib.sha256(body).digest(),
    )
    database: Database = request.app.state.database
    table = request.app.state.idempotency_table
    async with database.unit_of_work() as tx:
        saved = await idempotency.begin(tx, table, claim)
        if saved is not None:
            headers = saved.headers | {"Idempotency-Replayed": "true"}
            return Response(saved.body, saved.status, headers)
        request.state.transaction = tx
        response = await inner(request)
        if response.status_code < 300:
            await idempotency.save(
                tx, table, claim, _answer(response), now=request.app.state.clock.now()
            )
    return response


def _answer(response: Response) -> idempotency.SavedAnswer:
    kept = {
        name: value
        for name, value in response.headers.items()
        if name in {"content-type", "location", "etag", "retry-after"}
    }
    return idempotency.SavedAnswer(response.status_code, kept, bytes(response.body))
