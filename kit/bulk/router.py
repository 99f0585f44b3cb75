"""The routes of imports, the same in every service; operation names carry the service's name.

Annotations here are evaluated when a router is made: they hold the service's scopes and nouns.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field, create_model
from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from starlette.requests import Request

from kit import errors
from kit.app import api_router
from kit.auth import Principal
from kit.bulk.intake import KEY_PATTERN, RETRY_AFTER_S, check_key, take_in
from kit.bulk.jobs import Jobs
from kit.bulk.problems import BodyEmpty, BodyIncomplete, BodyNotJson
from kit.bulk.reading.formats import XLSX
from kit.bulk.report_routes import add_annotated, add_template
from kit.bulk.schemas import (
    ImportErrorOut,
    ImportListQuery,
    ImportOut,
    ImportQuery,
    ImportTransition,
    show_error,
    show_import,
)
from kit.bulk.service import Bulk
from kit.bulk.watch import follow, last_seen
from kit.conditional import etag, is_not_modified
from kit.idempotency import KeyMissing, KeyReused, StillRunning
from kit.pagination import Page
from kit.web import context
from kit.web.deps import IfNoneMatch, Now, Reader, UnitOfWork, needs
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id, ListQuery
from kit.web.sse import EVENT_STREAM, event_stream

_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Of this version"}}


def imports_router(bulk: Bulk) -> APIRouter:
    """Return `<prefix>/imports` with everything below it."""
    router = api_router(f"{bulk.prefix}/imports", "imports")
    jobs = Jobs(bulk.tables)
    _add_create(router, bulk)
    add_template(router, bulk)
    _add_list(router, bulk, jobs)
    _add_get(router, bulk, jobs)
    _add_errors(router, bulk, jobs)
    add_annotated(router, bulk, jobs)
    _add_transitions(router, bulk, jobs)
    _add_events(router, bulk, jobs)
    return router


def _language() -> errors.Language:
    return context.current.get().language


def _add_create(router: APIRouter, bulk: Bulk) -> None:
    names = tuple(noun.name for noun in bulk.nouns)
    choice: Any = Literal.__getitem__(names)
    query_model: Any = create_model(
        f"{bulk.service.capitalize()}ImportQuery",
        __base__=ImportQuery,
        resource=(choice, Field(description="The noun whose rows the file holds")),
    )

    @router.post(
        "",
        name=f"{bulk.service}_create_import",
        summary="Import a file",
        status_code=202,
        response_model=ImportOut,
        responses=_created_responses(),
        openapi_extra=_request_body(),
    )
    async def create_import(
        request: Request,
        query: Annotated[query_model, Query()],
        caller: Annotated[Principal, needs(bulk.scope_write)],
        key: Annotated[str | None, Header(alias="Idempotency-Key", include_in_schema=False)] = None,
    ) -> Response:
        """Take a CSV, NDJSON, GeoJSON or .xlsx file (plain or gzip) and queue it as a job.

        The job is durable when the answer leaves; follow it at `Location`.
        """
        return await take_in(request, bulk, query, caller, check_key(key))


def _created_responses() -> dict[int | str, Any]:
    text = {"schema": {"type": "string"}}
    refusals = problems(KeyMissing, BodyIncomplete, BodyNotJson, BodyEmpty, KeyReused, StillRunning)
    accepted = {
        "description": "Queued",
        "headers": {
            "Location": text | {"description": "The job"},
            "Retry-After": {"schema": {"type": "integer"}, "description": f"{RETRY_AFTER_S}"},
        },
    }
    return {202: accepted, **refusals}


def _request_body() -> dict[str, Any]:
    # Bytes of a media type of their own: OpenAPI 3.1 describes them without a JSON type.
    text: dict[str, Any] = {"schema": {}}
    return {
        "requestBody": {
            "required": True,
            "description": "The file; gzip is recognised. CSV in UTF-8, UTF-16 or GB18030. Of a "
            "workbook the one sheet that has the header is read (or `sheet`); titles above the "
            "header are skipped, and a formula counts as its last computed value.",
            "content": {
                "text/csv": text,
                "application/x-ndjson": text,
                "application/geo+json": {"schema": {"type": "object"}},
                XLSX: text,
            },
        },
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Unique text; the same key and file give the same job",
                "schema": {"type": "string", "pattern": KEY_PATTERN},
            }
        ],
    }


def _add_list(router: APIRouter, bulk: Bulk, jobs: Jobs) -> None:
    t = bulk.tables.imports

    def show(row: RowMapping) -> dict[str, Any]:
        return show_import(row, _language()).model_dump(mode="json")

    @router.get(
        "",
        name=f"{bulk.service}_list_imports",
        summary="List imports",
        response_model=Page[ImportOut],
        responses=list_responses(ImportOut),
    )
    async def list_imports(
        request: Request,
        database: Reader,
        query: Annotated[ImportListQuery, Query()],
        caller: Annotated[Principal, needs(bulk.scope_read)],
    ) -> Response:
        """List the jobs of this client, oldest first; callers for everywhere see all."""
        statement = jobs.seen_by(caller)
        if query.state is not None:
            statement = statement.where(t.c.state == query.state)
        if query.updated_since is not None:
            statement = statement.where(t.c.updated_at >= query.updated_since)
        listing = Listing(statement, [t.c.id], show, list(ImportOut.model_fields))
        return await respond_list(request, database, listing, query)


def _add_get(router: APIRouter, bulk: Bulk, jobs: Jobs) -> None:
    not_modified: dict[int | str, Any] = {
        304: {"description": "The version that If-None-Match names"}
    }

    @router.get(
        "/{import_id}",
        name=f"{bulk.service}_get_import",
        summary="Read an import",
        responses={200: {"headers": _ETAG}, **not_modified, **problems(errors.NotFound)},
        response_model=ImportOut,
    )
    async def get_import(
        import_id: Id,
        response: Response,
        database: Reader,
        caller: Annotated[Principal, needs(bulk.scope_read)],
        if_none_match: IfNoneMatch = None,
    ) -> ImportOut | Response:
        """Read a job: its state, progress and counts."""
        async with database.reading() as tx:
            row = await jobs.get(tx, import_id, caller)
        tag = etag(row["version"])
        if is_not_modified(if_none_match, tag):
            return Response(status_code=304, headers={"ETag": tag})
        response.headers["ETag"] = tag
        return show_import(row, _language())


def _add_errors(router: APIRouter, bulk: Bulk, jobs: Jobs) -> None:
    e = bulk.tables.errors

    def show(row: RowMapping) -> dict[str, Any]:
        return show_error(row, _language())

    @router.get(
        "/{import_id}/errors",
        name=f"{bulk.service}_list_import_errors",
        summary="List the refused rows of an import",
        response_model=Page[ImportErrorOut],
        responses=list_responses(ImportErrorOut) | problems(errors.NotFound, errors.NotAcceptable),
    )
    async def list_import_errors(
        import_id: Id,
        request: Request,
        database: Reader,
        query: Annotated[ListQuery, Query()],
        caller: Annotated[Principal, needs(bulk.scope_read)],
    ) -> Response:
        """List what was wrong with which row, and what was odd about accepted ones.

        `counts.refused` of the job counts the rows that were refused.
        """
        async with database.reading() as tx:
            await jobs.get(tx, import_id, caller)
        statement = select(e).where(e.c.import_id == import_id)
        listing = Listing(statement, [e.c.seq], show, list(ImportErrorOut.model_fields))
        return await respond_list(request, database, listing, query)


def _add_transitions(router: APIRouter, bulk: Bulk, jobs: Jobs) -> None:
    @router.post(
        "/{import_id}/transitions",
        name=f"{bulk.service}_change_import",
        summary="Cancel an import",
        responses=problems(errors.NotFound, errors.TransitionRefused) | {200: {"headers": _ETAG}},
        response_model=ImportOut,
    )
    async def change_import(
        import_id: Id,
        body: ImportTransition,
        response: Response,
        tx: UnitOfWork,
        clock: Now,
        caller: Annotated[Principal, needs(bulk.scope_write)],
    ) -> ImportOut:
        """Cancel a job: a queued one ends at once, a running one within about a second."""
        del body
        row = await jobs.get(tx, import_id, caller)
        changed = await jobs.request_cancel(tx, row, now=clock.now())
        if changed is None:
            state = (await jobs.get(tx, import_id, caller))["state"]
            raise errors.TransitionRefused(state=state, action="cancel", allowed=[])
        response.headers["ETag"] = etag(changed["version"])
        return show_import(changed, _language())


def _add_events(router: APIRouter, bulk: Bulk, jobs: Jobs) -> None:
    stream = {"description": "`state` and `progress` events", "content": {EVENT_STREAM: {}}}

    @router.get(
        "/{import_id}/events",
        name=f"{bulk.service}_watch_import",
        summary="Follow an import",
        responses={200: stream, **problems(errors.NotFound)},
        response_class=Response,
    )
    async def watch_import(
        import_id: Id,
        database: Reader,
        caller: Annotated[Principal, needs(bulk.scope_read)],
        last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
    ) -> Response:
        """Follow a job as server-sent events until it has ended; each carries the whole job."""
        async with database.reading() as tx:
            await jobs.get(tx, import_id, caller)
        seen = last_seen(last_event_id)
        return event_stream(follow(database, jobs, import_id, caller, seen, _language()))
