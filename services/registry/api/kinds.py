"""The kinds that this installation knows."""

from __future__ import annotations

from fastapi import Request

from kit.app import api_router
from services.registry.api.schemas.kinds import KindOut, KindsOut
from services.registry.api.working import Viewer
from services.registry.domain.kinds import KindedNoun, Kinds

router = api_router("/registry/v1/kinds", "kinds")


def _shown(kinds: Kinds, noun: KindedNoun) -> list[KindOut]:
    return [
        KindOut(
            code=kind.code,
            name=kind.name.zh,
            name_en=kind.name.en,
            estate_party=kind.estate_party,
            is_home=kind.is_home,
        )
        for kind in kinds.all(noun)
    ]


@router.get("")
async def get_registry_kinds(request: Request, _caller: Viewer) -> KindsOut:
    """Answer the kinds of organizations, service points, teams and dwellings, with their names."""
    kinds: Kinds = request.app.state.rules.kinds
    return KindsOut(
        organization=_shown(kinds, "organization"),
        service_point=_shown(kinds, "service_point"),
        team=_shown(kinds, "team"),
        dwelling=_shown(kinds, "dwelling"),
    )
