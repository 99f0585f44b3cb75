"""The routes of workbooks: templates to fill in, and copies of refused ones with marks.

Annotations here are evaluated when a router is made: they hold the service's scopes and nouns.
"""

import asyncio
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from sqlalchemy.engine import RowMapping
from starlette.requests import Request
from starlette.responses import StreamingResponse

from kit import errors
from kit.auth import Principal
from kit.bulk.issues import FileRefused
from kit.bulk.jobs import Jobs
from kit.bulk.problems import AnnotatedAbsent
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.formats import XLSX
from kit.bulk.reading.records import Reading
from kit.bulk.reading.unpack import opened
from kit.bulk.service import Bulk
from kit.bulk.spool import Spool
from kit.bulk.work import limits_of
from kit.bulk.writing.annotated import Mark, annotated
from kit.bulk.writing.template import template
from kit.sealing.keys import SealBroken
from kit.web import context
from kit.web.deps import Now, Reader, needs
from kit.web.problems import problems
from kit.web.schemas import Id

_WORKBOOK: dict[int | str, Any] = {
    200: {"description": "The workbook", "content": {XLSX: {"schema": {}}}}
}


def add_template(router: APIRouter, bulk: Bulk) -> None:
    """Add `templates/{noun}.xlsx`."""
    names: Any = Literal.__getitem__(tuple(noun.name for noun in bulk.nouns))
    nouns = {noun.name: noun for noun in bulk.nouns}

    @router.get(
        "/templates/{noun}.xlsx",
        name=f"{bulk.service}_get_import_template",
        summary="Get the template of a workbook",
        responses=_WORKBOOK,
        response_class=Response,
    )
    async def get_import_template(
        noun: Annotated[names, Path(description="What the workbook is to hold")],
        caller: Annotated[Principal, needs(bulk.scope_read)],
    ) -> Response:
        """Get an empty workbook with Chinese and English headers, lists to choose from and notes.

        Filled in, it can be imported as it is.
        """
        del caller
        content = await asyncio.to_thread(template, nouns[noun])
        return Response(content, 200, _attached(f"{noun}.xlsx"), XLSX)


def add_annotated(router: APIRouter, bulk: Bulk, jobs: Jobs) -> None:
    """Add `{import_id}/annotated.xlsx`."""
    nouns = {noun.name: noun for noun in bulk.nouns}

    @router.get(
        "/{import_id}/annotated.xlsx",
        name=f"{bulk.service}_get_annotated_import",
        summary="Get the workbook with its errors marked",
        responses=_WORKBOOK | problems(errors.NotFound, AnnotatedAbsent),
        response_class=Response,
    )
    async def get_annotated_import(
        import_id: Id,
        request: Request,
        database: Reader,
        clock: Now,
        caller: Annotated[Principal, needs(bulk.scope_read)],
    ) -> Response:
        """Get a copy of the workbook that was sent, with each listed error marked in its cell.

        The cells are filled and have a comment that says what is wrong, in the caller's language;
        all else stays as it was.  `annotated_until` of the import tells how long it can be had.
        """
        async with database.reading() as tx:
            job = await jobs.get(tx, import_id, caller)
            flaws = await jobs.flaws_of(tx, import_id)
        if job["kept_until"] is None or job["kept_until"] <= clock.now():
            raise AnnotatedAbsent
        settings = request.app.state.settings
        columns = Columns(nouns[job["resource"]], ("source",) if job["source"] else ())
        reading = Reading(columns, limits=limits_of(settings), sheet=job["sheet"])
        spool = Spool(settings.spool_folder / bulk.service, bulk.vault)
        copy = _copy(spool, import_id, reading, [_mark(flaw) for flaw in flaws])
        # The first bytes are read before the status line leaves, so that a fault is a problem.
        first = await asyncio.to_thread(_first, copy)
        headers = _attached(f"{import_id}.xlsx") | {"Cache-Control": "no-store"}
        return StreamingResponse(chain([first], copy), 200, headers, XLSX)


def _copy(spool: Spool, import_id: UUID, reading: Reading, marks: list[Mark]) -> Iterator[bytes]:
    with opened(spool.upload(import_id)) as (stream, _):
        yield from annotated(stream, reading, marks)


def _first(copy: Iterator[bytes]) -> bytes:
    try:
        return next(copy, b"")
    except (FileNotFoundError, FileRefused, SealBroken):
        raise AnnotatedAbsent from None


def _mark(flaw: RowMapping) -> Mark:
    chinese = context.current.get().language == "zh-CN"
    message = flaw["detail_zh"] if chinese else flaw["detail_en"]
    return Mark(flaw["row"], flaw["cell"], f"{message} ({flaw['code']})")


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
