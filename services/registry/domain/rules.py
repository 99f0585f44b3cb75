"""The rules in force, as the operator has set them."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.registry.domain.buildings import Placement
from services.registry.domain.estates import THREE_NO
from services.registry.domain.kinds import EstateParty, Kinds, read_kinds


@dataclass(frozen=True, slots=True)
class Rules:
    """What the registry's checks ask: distances, kinds, and which parties a three-no yard lacks."""

    placement: Placement = field(default_factory=Placement)
    kinds: Kinds = field(default_factory=read_kinds)
    three_no: tuple[EstateParty, ...] = THREE_NO
    checks_sections: bool = True
    time_zone: str = "Asia/Shanghai"
