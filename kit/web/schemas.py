"""Field types of the door: strict, bounded, and described in OpenAPI exactly as enforced."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

JSON_INT_MAX = 2**53 - 1


class Strict(BaseModel):
    """A request body: no unknown field, no coercion, no NaN."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )


class Query(BaseModel):
    """A set of query parameters: an unknown one is refused, so that a typo never returns all."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Answer(BaseModel):
    """What we send; readers must ignore fields they do not know."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


# Control characters, lone surrogates, zero-width and bidirectional marks are refused: they are
# invisible on a screen, and PostgreSQL cannot store NUL.
_FORBIDDEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff\\ud800-\\udfff]"
)
_FORBIDDEN_LINES = re.compile(
    "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff"
    "\\ud800-\\udfff]"
)
_PATTERN = (
    "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff]*$"
)
_PATTERN_LINES = (
    "^[^\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u202a-\\u202e"
    "\\u2060-\\u2069\\ufeff]*$"
)


def is_printable(value: str) -> bool:
    """Tell whether a text is one line that a person can see wholly."""
    return _FORBIDDEN.search(value) is None


def _printable(value: str) -> str:
    if _FORBIDDEN.search(value):
        raise PydanticCustomError("text_control", "control characters are not allowed")
    return value


def _printable_lines(value: str) -> str:
    if _FORBIDDEN_LINES.search(value):
        raise PydanticCustomError("text_control", "control characters are not allowed")
    return value


class _Printable:
    """Marks text that a person can see; `Annotated[str, Field(max_length=60), PRINTABLE]`."""

    def __init__(self, check: Callable[[str], str], pattern: str) -> None:
        self._check = check
        self._pattern = pattern

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"pattern": self._pattern}


PRINTABLE = _Printable(_printable, _PATTERN)
"""One line of text: no control, zero-width or bidirectional characters."""

PRINTABLE_CLASS = f"[^{_FORBIDDEN.pattern[1:]}"
"""The characters of a printable text, for patterns of Python's `re`."""

PRINTABLE_LINES = _Printable(_printable_lines, _PATTERN_LINES)
"""Text that may hold newlines."""


def _json_int(value: object) -> object:
    # JSON Schema: 1.0 is an integer.
    if isinstance(value, float) and value.is_integer() and abs(value) <= JSON_INT_MAX:
        return int(value)
    return value


WHOLE = BeforeValidator(_json_int)
"""An integer in a body; 1.0 is one.  `Annotated[int, Field(ge=0, le=JSON_INT_MAX), WHOLE]`:
always bound it, and put Field first, or the bounds vanish from the schema."""

_INT_TEXT = re.compile(r"^-?(0|[1-9][0-9]{0,17})$", re.ASCII)


def _query_int(value: object) -> object:
    if isinstance(value, str) and not _INT_TEXT.match(value):
        raise PydanticCustomError("int_parsing", "not an integer")
    return value


QUERY_WHOLE = BeforeValidator(_query_int)
"""An integer in a query string; ` 1 ` and `1_000` are refused."""

_NUMBER_TEXT = re.compile(r"^-?[0-9]{1,9}(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?$", re.ASCII)


def _query_number(value: object) -> object:
    if isinstance(value, str) and not _NUMBER_TEXT.match(value):
        raise PydanticCustomError("float_parsing", "not a number")
    return value


QUERY_NUMBER = BeforeValidator(_query_number)
"""A decimal number in a query string; `nan` and `inf` are refused."""


def _query_bool(value: object) -> object:
    if isinstance(value, str):
        if value not in {"true", "false"}:
            raise PydanticCustomError("bool_parsing", "true or false")
        return value == "true"
    return value


QueryBool = Annotated[bool, BeforeValidator(_query_bool)]

_RFC3339 = re.compile(
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
    r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$",
    re.ASCII,
)


def _read_time(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.match(value):
        raise PydanticCustomError("datetime_rfc3339", "RFC 3339 date-time with offset required")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("datetime_rfc3339", "no such time") from None


def _read_date(value: object) -> object:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise PydanticCustomError("date_iso", "YYYY-MM-DD required")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_iso", "no such day") from None


DateTime = Annotated[
    datetime,
    BeforeValidator(_read_time),
    PlainSerializer(lambda at: at.astimezone(UTC).isoformat().replace("+00:00", "Z")),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339 with an offset in, UTC with `Z` out."""

Date = Annotated[
    date, BeforeValidator(_read_date), WithJsonSchema({"type": "string", "format": "date"})
]

Crs = Literal["CGCS2000", "WGS84", "GCJ02", "BD09"]
"""Coordinate reference of an input; stored and answered as CGCS2000 (EPSG:4490)."""

Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]

_UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", re.ASCII)


def _read_uuid(value: object) -> object:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or not _UUID.match(value):
        raise PydanticCustomError("uuid_form", "a UUID is needed")
    return UUID(value)


Id = Annotated[
    UUID, BeforeValidator(_read_uuid), WithJsonSchema({"type": "string", "format": "uuid"})
]
"""Identifier of ours, in its 36-character form; for bodies, queries and paths."""

AreaCode = Annotated[
    str,
    Field(
        pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$",
        description="Division or grid code; matches by prefix",
        examples=["630102"],
    ),
]

_LON = r"-?(?:180(?:\.0{1,12})?|1[0-7][0-9](?:\.[0-9]{1,12})?|[0-9]{1,2}(?:\.[0-9]{1,12})?)"
_LAT = r"-?(?:90(?:\.0{1,12})?|[0-8]?[0-9](?:\.[0-9]{1,12})?)"
Bbox = Annotated[
    str,
    Field(
        pattern=f"^{_LON},{_LAT},{_LON},{_LAT}$",
        description="minLon,minLat,maxLon,maxLat in CGCS2000; minLon > maxLon crosses the "
        "antimeridian; rows without a known place never match",
        examples=["101.7,36.5,101.9,36.7"],
    ),
]
"""A bounding box in a query; `kit.boxes.read_bbox` reads it."""

SourceName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="Name of the system that owns the row",
    ),
]

Limit = Annotated[int, Field(ge=1, le=1000, description="Items a page"), QUERY_WHOLE]
Cursor = Annotated[
    str, Field(min_length=1, max_length=1024, description="`next_cursor` of the page before")
]


class ListQuery(Query):
    """Paging parameters that every list takes; nouns add their filters in a subclass."""

    limit: Limit = 100
    cursor: Cursor | None = None
    count: Annotated[QueryBool, Field(description="Also count the whole filtered set (slower)")] = (
        False
    )
