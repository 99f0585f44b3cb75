"""Organizations at the door: public facts only."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import PRINTABLE, Answer, DateTime, Id, Strict
from services.registry.api.schemas.fields import (
    Address,
    DivisionCode,
    Kind,
    Name,
    PublicPhone,
    SourceRef,
    SyncQuery,
    Version,
)

Uscc = Annotated[
    str,
    Field(
        min_length=18,
        max_length=40,
        description="统一社会信用代码 (GB 32100); blanks, hyphens and small letters are put right",
        examples=["91350100M000100Y43"],
    ),
    PRINTABLE,
]
Jurisdiction = Annotated[
    list[DivisionCode],
    Field(
        min_length=1,
        max_length=500,
        description="Divisions that it serves; the division that it belongs to when absent",
    ),
]
Rating = Annotated[
    str,
    Field(min_length=1, max_length=20, description="In the words of whoever rates it: 五星级, AAA"),
    PRINTABLE,
]


class OrganizationIn(Strict):
    """An organization, whole."""

    name: Name
    kind: Kind
    division_code: Annotated[
        DivisionCode, Field(description="The division that it belongs to, whose clients change it")
    ]
    jurisdiction: Jurisdiction | None = None
    uscc: Uscc | None = None
    parent_id: Id | None = None
    parent: Annotated[SourceRef | None, Field(description="The parent by its source")] = None
    rating: Rating | None = None
    phone: PublicPhone | None = None
    address: Address | None = None


class OrganizationPatch(Strict):
    """What a merge patch may change; null empties."""

    name: Name = Field(default_factory=str)
    kind: Kind = Field(default_factory=str)
    division_code: DivisionCode = Field(default_factory=str)
    jurisdiction: Jurisdiction | None = None
    uscc: Uscc | None = None
    parent_id: Id | None = None
    parent: SourceRef | None = None
    rating: Rating | None = None
    phone: PublicPhone | None = None
    address: Address | None = None


class OrganizationOut(Answer):
    """An organization as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    division_code: DivisionCode
    name: str
    kind: str
    uscc: str | None
    jurisdiction: Annotated[
        list[DivisionCode], Field(description="As far as it concerns the caller's areas")
    ]
    parent_id: Id | None
    rating: str | None
    phone: str | None
    address: str | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class OrganizationQuery(SyncQuery):
    """Filters of organizations."""

    kind: Kind | None = None
    serves: Annotated[
        DivisionCode | None, Field(description="Whose jurisdiction covers this division")
    ] = None
    parent_id: Id | None = None
    uscc: Annotated[
        str | None, Field(pattern=r"^[0-9A-Z]{18}$", description="统一社会信用代码")
    ] = None
