"""Column types that the imports of several nouns share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, Field

from kit.bulk.noun import Row
from kit.web.schemas import PRINTABLE, SourceName

SourceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$")]
CommunityCode = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
DivisionCode = Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$")]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Name = Annotated[str, Field(min_length=1, max_length=100), PRINTABLE]
Phone = Annotated[str, Field(pattern=r"^[0-9+][0-9 ()+-]{2,29}$")]
Address = Annotated[str, Field(min_length=1, max_length=200), PRINTABLE]

_BETWEEN = re.compile("[,，;；、\n]")


def _listed(value: Any) -> Any:
    """Return the items of a cell: as our exports write them, or with commas between."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return [part.strip() for part in _BETWEEN.split(value) if part.strip()]


LISTED = BeforeValidator(_listed)
"""A list in one cell: `a,b`, `a、b` or JSON."""


def array_text(items: Iterable[str]) -> str:
    """Return a PostgreSQL array of texts as COPY reads it."""
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"


class SourceRow(Row):
    """A row that a source owns.

    What an export of ours holds besides the facts is accepted and not read, so that an exported
    sheet can be mended and sent back as it is.
    """

    source: SourceName
    source_id: SourceId
    id: Any = None
    ended_at: Any = None
    version: Any = None
    created_at: Any = None
    updated_at: Any = None


#: The names that the columns of every noun bear in Chinese sheets.
HEADERS: dict[str, tuple[str, ...]] = {
    "source": ("来源",),
    "id": ("标识",),
    "ended_at": ("注销时间",),
    "version": ("版本",),
    "created_at": ("创建时间",),
    "updated_at": ("更新时间",),
}
