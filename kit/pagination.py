"""Keyset paging: bounded pages, opaque cursors, an order that inserts do not disturb."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, tuple_

from kit.errors import FieldError, Invalid, Text

T = TypeVar("T")

LIMIT_MAX = 1000
LIMIT_DEFAULT = 100


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: Annotated[
        str | None, Field(description="Give it back as `cursor` for the next page; null at the end")
    ]
    count: Annotated[
        int | None, Field(description="Size of the whole filtered set, with `count=true` only")
    ] = None


class CursorInvalid(Invalid):
    """The cursor was not made by this list."""

    code = "cursor.invalid"
    title = Text("Invalid cursor", "游标无效")
    detail = Text("The cursor was not made by this list.", "该游标不是由此列表生成的。")
    cure = Text(
        "Begin again without a cursor, then follow next_cursor.",
        "请去掉 cursor 重新开始，并使用返回的 next_cursor。",
    )


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def encode_cursor(values: Sequence[object]) -> str:
    """Return the opaque cursor that stands behind a row with these key values."""
    text = json.dumps([_plain(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, key: Sequence[ColumnElement[Any]]) -> list[object]:
    """Return the key values of a cursor; raises CursorInvalid."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(key):
            raise ValueError
        return [_typed(value, column) for value, column in zip(values, key, strict=True)]
    except (ValueError, TypeError, binascii.Error, RecursionError):
        error = FieldError(code="cursor.invalid", text=CursorInvalid.detail, parameter="cursor")
        raise CursorInvalid(errors=[error]) from None


def _typed(value: object, column: ColumnElement[Any]) -> object:
    kind = column.type.python_type
    if kind is int and type(value) is int and abs(value) < 2**63:
        return value
    read = _READERS.get(kind)
    if read is None or not isinstance(value, str) or "\x00" in value:
        raise ValueError
    value.encode()  # a lone surrogate is no text
    return read(value)


_READERS: dict[type, Callable[[str], object]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    str: str,
}


def after(
    statement: Select[Any], key: Sequence[ColumnElement[Any]], cursor: str | None
) -> Select[Any]:
    """Order the statement by the key and begin behind the cursor."""
    if cursor is not None:
        values = decode_cursor(cursor, key)
        statement = statement.where(tuple_(*key) > tuple_(*values))
    return statement.order_by(*key)
