"""Field types that nouns about persons share, and the lists of codes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kit.web.schemas import PRINTABLE, Answer, Date, DateTime
from services.registry.domain.people_lists import ListName

PersonName = Annotated[
    str, Field(min_length=1, max_length=60, description="Name as on the document"), PRINTABLE
]
IdNumberText = Annotated[
    str,
    Field(
        min_length=15,
        max_length=40,
        description="公民身份号码 (GB 11643): 18 characters, or the old 15; checked, never echoed",
    ),
    PRINTABLE,
]
PhoneText = Annotated[
    str,
    Field(
        min_length=7,
        max_length=40,
        description="Mainland mobile number, or landline with area code; +86 and blanks are fine",
    ),
    PRINTABLE,
]
BirthDate = Annotated[Date, Field(description="Read from the identity number when there is one")]
ListCode = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$", description="A code of GET people-lists")
]
Masked = Annotated[
    str | None, Field(description="Masked unless X-Purpose and pii:read ask for clear text")
]


class Warned(Answer):
    """Something odd about a person's numbers that was accepted."""

    code: str
    detail: str


class ListedCodeOut(Answer):
    """One code of a list."""

    code: str
    name: str
    name_en: str


class PeopleListsOut(Answer):
    """The lists of codes about people that this installation knows."""

    lists: dict[ListName, list[ListedCodeOut]]


class Tombstone(Answer):
    """What is left of a person whose data were erased."""

    erased_at: DateTime | None
    erased_by: str | None
    erasure_reason: str | None


LookupBy = Literal["id_number", "phone"]
