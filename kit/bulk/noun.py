"""What a service states of a noun so that it can be imported in bulk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kit.bulk.issues import Flaw, RowIssue, RowRefused
from kit.bulk.staging import Staging
from kit.db import Tx
from kit.errors import Text
from kit.web.schemas import Crs


class Row(BaseModel):
    """Base of row models: unknown columns are refused; CSV cells are text, so "12" is a number.

    An empty cell and a JSON null count as absent: give the field a default, or it is required.
    Blanks around a text are cut off.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)


__all__ = [
    "About",
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
class About:
    """What a noun may tell of one of its columns, for templates and reports.

    `choices` are the values with their Chinese labels, by which they may be called in a file.
    `is_open` says that a cell of the column never holds personal data: only then does a report
    of errors show the cell (of a noun about persons, never).  `in_template` leaves columns that
    are accepted but not kept out of templates.  `label` is the Chinese header of the template
    (the first Chinese name of `Noun.headers` by default).
    """

    label: str = ""
    note: Text | None = None
    example: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    is_open: bool = False
    in_template: bool = True


def kinds_of(annotation: Any) -> frozenset[Any]:
    """Return the plain types that an annotation allows; a Literal counts as its values' types."""
    origin = get_origin(annotation)
    if origin is Literal:
        return frozenset(type(value) for value in get_args(annotation))
    if origin is Annotated:
        return kinds_of(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return frozenset().union(*(kinds_of(part) for part in get_args(annotation)))
    return frozenset({origin or annotation})


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

    `direct` makes imports of tables several times as fast, for a noun whose `stage` only puts
    fields into columns: staging column -> the fields whose text it takes, the first that is given.
    Columns that it leaves out stay empty.  `stage` then says the same row by row; `staged_directly`
    writes it.  `about` explains columns in templates and reports.
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
    direct: Mapping[str, Sequence[str]] | None = None
    about: Mapping[str, About] = field(default_factory=dict)

    @property
    def filled(self) -> list[str]:
        """The staging columns that rows bring; `check` and `apply` fill the others."""
        names = [name for name, _ in self.staging]
        return names if self.direct is None else [name for name in names if name in self.direct]


def staged_directly(
    staging: Sequence[tuple[str, str]], direct: Mapping[str, Sequence[str]]
) -> Callable[[Row, ImportContext], Sequence[object]]:
    """Return the `stage` of a noun that puts fields into columns as `direct` says."""
    plan = [tuple(direct[name]) for name, _ in staging if name in direct]

    def stage(row: Row, _context: ImportContext) -> Sequence[object]:
        values = row.__dict__
        return [
            values[fields[0]] if len(fields) == 1 else _first(values, fields) for fields in plan
        ]

    return stage


def _first(values: Mapping[str, object], fields: Sequence[str]) -> object:
    return next((value for name in fields if (value := values[name]) is not None), None)
