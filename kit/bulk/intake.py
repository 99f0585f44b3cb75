"""Taking an upload in: spooled and durable first, then job and answer in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Any

from sqlalchemy.engine import RowMapping
from starlette.requests import Request
from starlette.responses import Response

from kit import idempotency
from kit.auth import Principal
from kit.bulk.jobs import Jobs
from kit.bulk.reading import formats
from kit.bulk.schemas import ImportQuery, show_import
from kit.bulk.service import Bulk
from kit.bulk.spool import Spool
from kit.db import Database
from kit.errors import FieldError, Invalid, Text
from kit.ids import new_id
from kit.settings import ServiceSettings
from kit.web import context

KEY_PATTERN = r"^[A-Za-z0-9._:-]{8,255}$"
RETRY_AFTER_S = 1
_KEY_FORM = Text(
    "8..255 characters of A-Z a-z 0-9 . _ : - are needed.",
    "应为 8 至 255 个字符，限字母、数字和 . _ : -。",
)


def check_key(key: str | None) -> str:
    """Return the Idempotency-Key; raises KeyMissing, or Invalid when it is malformed."""
    if key is None:
        raise idempotency.KeyMissing
    if not re.fullmatch(KEY_PATTERN, key):
        error = FieldError("field.pattern", _KEY_FORM, parameter="Idempotency-Key")
        raise Invalid(errors=[error])
    return key


async def take_in(
    request: Request, bulk: Bulk, query: ImportQuery, caller: Principal, key: str
) -> Response:
    """Receive the body and answer 202 with the new job, or the first answer again.

    When this returns, the upload and the job are durable.
    """
    settings: ServiceSettings = request.app.state.settings
    media, charset = formats.choose(request.headers.get("content-type", ""))
    import_id = new_id()
    spool = Spool(settings.spool_folder / bulk.service, bulk.vault)
    upload = await spool.receive(request, import_id, deadline_s=settings.request_deadline_s)
    values = query.model_dump() | {
        "id": import_id,
        "client_id": caller.client_id,
        "areas": _areas(bulk, query, caller),
        "media_type": media,
        "charset": charset,
        "sha256": upload.sha256,
        "bytes": upload.bytes,
    }
    kept = False
    try:
        await asyncio.to_thread(formats.check_begin, spool.upload(import_id), media)
        response, kept = await _record(request, bulk, values, _claim(request, values, key))
    finally:
        if not kept:
            spool.forget(import_id)
    wake: asyncio.Event | None = getattr(request.app.state, "import_wake", None)
    if wake is not None:
        wake.set()
    return response


def _areas(bulk: Bulk, query: ImportQuery, caller: Principal) -> list[str]:
    noun = next(noun for noun in bulk.nouns if noun.name == query.model_dump()["resource"])
    if noun.personal and caller.organization_id is not None:
        return []
    return list(caller.areas)


def _claim(request: Request, values: dict[str, Any], key: str) -> idempotency.Claim:
    # The question belongs to the request as the body does: the same file with another mode is
    # another request.
    names = ("resource", "mode", "on_error", "crs", "source", "media_type", "charset", "sha256")
    joined = "\x1f".join(str(values[name]) for name in names)
    # A parameter that is younger than kept keys counts only where it is given.
    joined += "" if values["sheet"] is None else f"\x1f{values['sheet']}"
    return idempotency.Claim(
        client_id=values["client_id"],
        route=f"POST {request.url.path}",
        key=key,
        request_sha256=hashlib.sha256(joined.encode()).digest(),
    )


async def _record(
    request: Request,
    bulk: Bulk,
    values: dict[str, Any],
    claim: idempotency.Claim,
) -> tuple[Response, bool]:
    """Return the answer, and whether a job was made."""
    database: Database = request.app.state.database
    table = request.app.state.idempotency_table
    now = request.app.state.clock.now()
    async with database.unit_of_work() as tx:
        saved = await idempotency.begin(tx, table, claim)
        if saved is not None:
            headers = saved.headers | {"Idempotency-Replayed": "true"}
            return Response(saved.body, saved.status, headers), False
        row = await Jobs(bulk.tables).add(tx, values, now=now)
        response = _accepted(bulk, row)
        headers = dict(response.headers.items())
        headers.pop("content-length")
        answer = idempotency.SavedAnswer(response.status_code, headers, bytes(response.body))
        await idempotency.save(tx, table, claim, answer, now=now)
    return response, True


def _accepted(bulk: Bulk, row: RowMapping) -> Response:
    body = show_import(row, context.current.get().language).model_dump_json().encode()
    headers = {
        "Location": f"{bulk.prefix}/imports/{row['id']}",
        "Retry-After": str(RETRY_AFTER_S),
    }
    return Response(body, 202, headers, "application/json")
