"""What the routes of imports take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy.engine import RowMapping

from kit.errors import Language
from kit.web.schemas import (
    PRINTABLE,
    Answer,
    Crs,
    DateTime,
    Id,
    ListQuery,
    Query,
    SourceName,
    Strict,
)

SheetName = Annotated[str, Field(min_length=1, max_length=100), PRINTABLE]
State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Mode = Literal["check", "apply"]
OnError = Literal["stop", "skip"]


class ImportQuery(Query):
    """How a file is to be imported; each service adds `resource` with its own nouns."""

    mode: Annotated[
        Mode, Field(description="`check` does all that `apply` does and keeps nothing")
    ] = "apply"
    on_error: Annotated[
        OnError,
        Field(description="`stop` applies nothing unless every row is good; `skip` the good rows"),
    ] = "stop"
    crs: Annotated[Crs, Field(description="Reference of the file's coordinates")] = "CGCS2000"
    source: Annotated[
        SourceName | None, Field(description="Taken for rows that have no `source` of their own")
    ] = None
    sheet: Annotated[
        SheetName | None,
        Field(description="Of a workbook: the sheet to read, where several have the header"),
    ] = None


class ImportCounts(Answer):
    """Rows of the file; created + updated + unchanged + refused = read when it succeeded."""

    read: int
    created: int
    updated: int
    unchanged: int
    refused: int


class ImportProgress(Answer):
    """How much of the upload has been read; applying follows the last byte."""

    done: int
    total: int
    unit: Literal["bytes"]
    eta_s: Annotated[int | None, Field(description="Guess of the seconds until all is read")]


class ImportFailure(Answer):
    """Why nothing was applied."""

    code: str
    detail: str


class ImportOut(Answer):
    """One import job."""

    id: Id
    resource: str
    mode: Mode
    on_error: OnError
    crs: Crs
    source: str | None
    sheet: str | None
    state: State
    counts: ImportCounts
    flaws: Annotated[
        int,
        Field(
            description="All that was found wrong; a refused row has one or more flaws, and the "
            "first of them all are listed"
        ),
    ]
    progress: ImportProgress
    failure: ImportFailure | None
    sha256: Annotated[str, Field(description="Of the body as it came, hexadecimal")]
    bytes: int
    annotated_until: Annotated[
        DateTime | None,
        Field(description="Until when `annotated.xlsx` can be had; null when there is none"),
    ]
    created_at: DateTime
    updated_at: DateTime
    ended_at: DateTime | None
    version: int
    allowed_actions: list[Literal["cancel"]]


class ImportErrorOut(Answer):
    """One flaw of one row."""

    row: Annotated[
        int,
        Field(description="The row of a table as its program numbers it; else line or feature"),
    ]
    column: Annotated[str | None, Field(description="The column's name in this API")]
    code: str
    message: str
    header: Annotated[str | None, Field(description="The column as the file spells it")]
    cell: Annotated[str | None, Field(description="The cell of a workbook", examples=["D17"])]
    value: Annotated[
        str | None,
        Field(description="What the file has there; of columns without personal data only"),
    ]


class ImportTransition(Strict):
    """What to do with a job."""

    action: Literal["cancel"]


class ImportListQuery(ListQuery):
    """Filters of the list of jobs."""

    state: State | None = None
    updated_since: DateTime | None = None


def show_import(row: RowMapping, language: Language) -> ImportOut:
    """Return the job of a row, its texts in one language."""
    failure = None
    if row["failure_code"] is not None:
        detail = row["failure_zh"] if language == "zh-CN" else row["failure_en"]
        failure = ImportFailure(code=row["failure_code"], detail=detail)
    stoppable = row["state"] in {"queued", "running"} and not row["cancel_requested"]
    return ImportOut(
        counts=ImportCounts.model_validate(dict(row)),
        progress=ImportProgress(
            done=row["done"], total=row["bytes"], unit="bytes", eta_s=row["eta_s"]
        ),
        failure=failure,
        annotated_until=row["kept_until"],
        allowed_actions=["cancel"] if stoppable else [],
        **{name: row[name] for name in _PLAIN},
    )


_PLAIN = (
    "id", "resource", "mode", "on_error", "crs", "source", "sheet", "flaws", "state", "sha256",
    "bytes", "created_at", "updated_at", "ended_at", "version",
)  # fmt: skip


def show_error(row: RowMapping, language: Language) -> dict[str, Any]:
    """Return a stored flaw in one language, JSON-ready."""
    message = row["detail_zh"] if language == "zh-CN" else row["detail_en"]
    told = {name: row[name] for name in ("row", "column", "code", "header", "cell", "value")}
    return told | {"message": message}
