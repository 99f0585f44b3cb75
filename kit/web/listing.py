"""Lists: one way to page, to count and to offer JSON, GeoJSON, CSV, NDJSON and xlsx."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, func, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kit.db import Database, Tx
from kit.errors import NotAcceptable
from kit.pagination import Page, after, encode_cursor
from kit.web import context, exports
from kit.web.exports import CSV, GEOJSON_SEQ, NDJSON, XLSX, Items, Sheet, csv_cell
from kit.web.problems import problems
from kit.web.schemas import ListQuery

JSON = "application/json"
GEOJSON = "application/geo+json"
_BATCH = 1000
_VARY = {"Vary": "Accept, Accept-Language"}
_STREAMED: Mapping[str, Callable[[Sheet, Items], bytes]] = {
    CSV: exports.csv_rows,
    NDJSON: exports.ndjson_rows,
    GEOJSON_SEQ: exports.feature_rows,
}

__all__ = [
    "CSV",
    "GEOJSON",
    "GEOJSON_SEQ",
    "JSON",
    "NDJSON",
    "XLSX",
    "Listing",
    "choose_media",
    "csv_cell",
    "fetch_page",
    "list_responses",
    "respond_list",
]

Rows = Sequence[Mapping[Any, Any]]


class Witness(Protocol):
    """Is told of what a list shows, in a transaction that is committed before it is shown."""

    async def page(self, tx: Tx, rows: Rows) -> None:
        """Hear of the rows of a page, or of a batch of a stream."""
        ...

    async def stream(self, tx: Tx, count: int) -> None:
        """Hear that so many rows will be streamed, before the first of them."""
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """A query and how its rows are shown.

    `key` are the columns that order the list and that the statement also selects; together they
    are unique.  `show` turns a row into JSON-ready values.  `geometry` names the member of the
    shown row that holds a GeoJSON geometry (dict or None); such lists also answer GeoJSON.
    `enrich` is given each page or batch of rows before they are shown, and returns them in the
    same order with what a single row cannot know; it may ask the transaction.  A `witness` hears
    of all that is shown, and may refuse it.  `titles` are the Chinese titles of the columns in CSV
    and xlsx; without one a column bears its own name.
    """

    statement: Select[Any]
    key: Sequence[ColumnElement[Any]]
    show: Callable[[Any], dict[str, Any]]
    columns: Sequence[str]
    geometry: str | None = None
    enrich: Callable[[Tx, Rows], Awaitable[Rows]] | None = None
    witness: Witness | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    def sheet(self) -> Sheet:
        """Return what an export needs to know of the columns."""
        return Sheet(self.columns, self.titles, self.geometry)

    async def shown(self, tx: Tx, rows: Rows) -> list[dict[str, Any]]:
        """Return rows as the list answers them."""
        known = rows if self.enrich is None else await self.enrich(tx, rows)
        return [self.show(row) for row in known]


def list_responses(model: type[BaseModel], *, geometry: bool = False) -> dict[int | str, Any]:
    """Return the `responses=` entry of a list route: every media type it offers."""
    content: dict[str, Any] = {
        CSV: {"schema": {"type": "string"}},
        NDJSON: {"schema": {"type": "string"}},
        XLSX: {"schema": {"type": "string", "format": "binary"}},
    }
    if geometry:
        content[GEOJSON] = {"schema": {"type": "object"}}
        content[GEOJSON_SEQ] = {"schema": {"type": "string"}}
    del model
    entry = {
        "description": "A page; CSV, NDJSON, GeoJSON sequences and xlsx hold the whole set",
        "content": content,
        "headers": {"Link": {"schema": {"type": "string"}, "description": 'rel="next"'}},
    }
    return {200: entry, **problems(NotAcceptable)}


def choose_media(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that Accept (RFC 9110 12.5.1) prefers; the first by default.

    Raises NotAcceptable when none fits.
    """
    if not accept or not accept.strip():
        return offered[0]
    best: tuple[float, int, str] | None = None
    for position, offer in enumerate(offered):
        quality = max((_quality(part, offer) for part in accept[:2000].split(",")), default=0.0)
        if quality > 0 and (best is None or (-quality, position) < best[:2]):
            best = (-quality, position, offer)
    if best is None:
        raise NotAcceptable(offered=", ".join(offered))
    return best[2]


def _quality(part: str, offer: str) -> float:
    media, *parameters = (piece.strip() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                weight = 0.0
    main = offer.split("/", maxsplit=1)[0]
    return weight if media.lower() in {offer, f"{main}/*", "*/*"} else 0.0


async def respond_list(
    request: Request, database: Database, listing: Listing, query: ListQuery
) -> Response:
    """Answer a list in the media type that the caller accepts."""
    offered = [JSON, CSV, NDJSON, XLSX] + ([GEOJSON, GEOJSON_SEQ] if listing.geometry else [])
    media = choose_media(request.headers.get("accept"), offered)
    if media == XLSX:
        return await _workbook(request, database, listing)
    if media in _STREAMED:
        return await _stream(database, listing, media)
    opened = database.reading if listing.witness is None else database.unit_of_work
    async with opened() as tx:
        page = await fetch_page(tx, listing, query)
    headers = {"Vary": "Accept"}
    if page.next_cursor is not None:
        headers["Link"] = f'<{_next_url(request, page.next_cursor)}>; rel="next"'
    if media == GEOJSON:
        return Response(_collection(page, listing), 200, headers, GEOJSON)
    content: dict[str, Any] = {"items": page.items, "next_cursor": page.next_cursor}
    if page.count is not None:
        content["count"] = page.count
    return Response(orjson.dumps(content), 200, headers, JSON)


async def fetch_page(tx: Tx, listing: Listing, query: ListQuery) -> Page[dict[str, Any]]:
    """Return one page of shown rows."""
    statement = after(listing.statement, listing.key, query.cursor).limit(query.limit + 1)
    rows = (await tx.execute(statement)).mappings().all()
    shown = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        last = shown[-1]
        cursor = encode_cursor([last[column.key] for column in listing.key])
    count = None
    if query.count:
        count = await tx.scalar(select(func.count()).select_from(listing.statement.subquery()))
    items = await listing.shown(tx, shown)
    if listing.witness is not None:
        await listing.witness.page(tx, shown)
    return Page(items=items, next_cursor=cursor, count=count)


def _next_url(request: Request, cursor: str) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"


def _collection(page: Page[dict[str, Any]], listing: Listing) -> bytes:
    assert listing.geometry is not None  # noqa: S101 - GEOJSON is offered with a geometry only
    features = [exports.feature(item, listing.geometry) for item in page.items]
    content = {
        "type": "FeatureCollection",
        "features": features,
        "numberReturned": len(features),
        "next_cursor": page.next_cursor,
    }
    return orjson.dumps(content)


async def _stream(database: Database, listing: Listing, media: str) -> Response:
    nothing: list[dict[str, Any]] = []
    sheet = listing.sheet()
    encode = _STREAMED[media]
    begin = exports.csv_begin(sheet, context.current.get().language) if media == CSV else b""
    await _announce(database, listing)
    source = _batches(database, listing)
    # The first batch is read before the status line leaves, so that a fault is still a problem.
    first = await anext(source, nothing)

    async def body() -> AsyncIterator[bytes]:
        try:
            yield begin + encode(sheet, first)
            async for batch in source:
                yield encode(sheet, batch)
        finally:
            await source.aclose()

    vary = _VARY if media == CSV else {"Vary": "Accept"}
    return StreamingResponse(body(), 200, vary, media_type=media)


async def _workbook(request: Request, database: Database, listing: Listing) -> Response:
    settings = request.app.state.settings
    source = _batches(database, listing)
    try:
        file = await exports.workbook(
            source,
            listing.sheet(),
            context.current.get().language,
            rows_max=settings.export_xlsx_rows_max,
            folder=settings.spool_folder,
        )
    finally:
        await source.aclose()
    name = request.url.path.rsplit("/", 1)[-1]
    disposition = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return StreamingResponse(exports.chunks(file), 200, _VARY | disposition, media_type=XLSX)


async def _batches(database: Database, listing: Listing) -> AsyncGenerator[list[dict[str, Any]]]:
    statement = listing.statement.order_by(*listing.key)
    async with database.reading() as tx, tx.stream(statement) as result:
        async for rows in result.mappings().partitions(_BATCH):
            shown = await listing.shown(tx, rows)
            if listing.witness is not None:
                async with database.unit_of_work() as own:
                    await listing.witness.page(own, rows)
            yield shown


async def _announce(database: Database, listing: Listing) -> None:
    """Let a witness hear how much will be shown, before anything is."""
    if listing.witness is not None:
        async with database.unit_of_work() as tx:
            whole = select(func.count()).select_from(listing.statement.subquery())
            await listing.witness.stream(tx, int(await tx.scalar(whole) or 0))
