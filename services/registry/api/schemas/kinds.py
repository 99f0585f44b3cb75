"""Kinds at the door."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import Answer
from services.registry.domain.kinds import EstateParty


class KindOut(Answer):
    """One kind."""

    code: str
    name: str
    name_en: str
    estate_party: Annotated[
        EstateParty | None,
        Field(description="Which of an estate's four parties such an organization can be"),
    ]
    is_home: Annotated[bool, Field(description="Dwellings of this kind are counted")]


class KindsOut(Answer):
    """All kinds, by the noun that they are of."""

    organization: list[KindOut]
    service_point: list[KindOut]
    team: list[KindOut]
    dwelling: list[KindOut]
