"""What a service states of a noun so that it can be imported in bulk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kit.bulk.issues import Flaw, RowIssue, RowRefused
from kit.bulk.staging import Staging
from kit.db import Tx
from kit.web.schemas import Crs


class Row(BaseModel):
    """Base of row models: unknown columns are refused; CSV cells are text, so "12" is a number.

    An empty cell and a JSON null count as absent: give the field a default, or it is required.
    Blanks around a text are cut off.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)


__all__ = [
    "Apply",
    "Counts",
    "Flaw",
    "ImportContext",
    "Noun",
    "Prepare",
    "Row",
    "RowIssue",
    "RowRefused",
    "SetStep",
    "Staging",
]


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What a job knows: who asked, for which areas, in which reference, and what was prepared."""

    import_id: UUID
    client_id: str
    areas: tuple[str, ...]
    crs: Crs
    source: str | None
    now: datetime
    prepared: Any = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What applying the good rows did."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


SetStep = Callable[[Tx, Staging, ImportContext], Awaitable[None]]
Apply = Callable[[Tx, Staging, ImportContext], Awaitable[Counts]]
Prepare = Callable[[Tx, ImportContext], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Noun(Generic[R]):
    """One importable noun.

    `headers` lists further names that a column may bear (Chinese ones); case, blanks and width
    do not matter.  `staging` are columns of the temporary table `import_rows`, in the order of
    the values that `stage` returns; `stage` runs in a thread and does no I/O.  `keys` are sets of
    staging columns that must be unique within one file.  `area` is the staging column that holds
    the row's code.  `geometry` is the field that receives a feature's geometry (in CSV: GeoJSON
    text), `point` the longitude and latitude fields that receive a Point's position.  `personal`
    says that rows tell of persons: a client that acts for an organization imports none.
    """

    name: str
    model: type[R]
    staging: Sequence[tuple[str, str]]
    stage: Callable[[R, ImportContext], Sequence[object]]
    apply: Apply
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    check: SetStep | None = None
    keys: Sequence[Sequence[str]] = ()
    area: str | None = None
    geometry: str | None = None
    point: tuple[str, str] | None = None
    prepare: Prepare | None = None
    personal: bool = False
