"""What the routes of imports take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy.engine import RowMapping

from kit.errors import Language
from kit.web.schemas import Answer, Crs, DateTime, Id, ListQuery, Query, SourceName, Strict

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
    state: State
    counts: ImportCounts
    progress: ImportProgress
    failure: ImportFailure | None
    sha256: Annotated[str, Field(description="Of the body as it came, hexadecimal")]
    bytes: int
    created_at: DateTime
    updated_at: DateTime
    ended_at: DateTime | None
    version: int
    allowed_actions: list[Literal["cancel"]]


class ImportErrorOut(Answer):
    """One flaw of one row."""

    row: Annotated[
        int, Field(description="1 is a CSV's header, or the first line or feature of the others")
    ]
    column: str | None
    code: str
    message: str


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
        allowed_actions=["cancel"] if stoppable else [],
        **{name: row[name] for name in _PLAIN},
    )


_PLAIN = (
    "id", "resource", "mode", "on_error", "crs", "source", "state", "sha256", "bytes",
    "created_at", "updated_at", "ended_at", "version",
)  # fmt: skip


def show_error(row: RowMapping, language: Language) -> dict[str, Any]:
    """Return a stored flaw in one language, JSON-ready."""
    message = row["detail_zh"] if language == "zh-CN" else row["detail_en"]
    return {"row": row["row"], "column": row["column"], "code": row["code"], "message": message}
