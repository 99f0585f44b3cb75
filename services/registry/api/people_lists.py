"""The lists of codes about people that this installation knows."""

from __future__ import annotations

from fastapi import Request

from kit.app import api_router
from services.registry.api.schemas.people import ListedCodeOut, PeopleListsOut
from services.registry.api.working import Viewer
from services.registry.domain.people_lists import NAMES, PeopleLists

router = api_router("/registry/v1/people-lists", "people-lists")


@router.get("")
async def get_people_lists(request: Request, _caller: Viewer) -> PeopleListsOut:
    """Answer purposes, tags, kinds of members, posts and reasons, with their names."""
    lists: PeopleLists = request.app.state.people.lists
    return PeopleListsOut(
        lists={
            name: [
                ListedCodeOut(code=listed.code, name=listed.name.zh, name_en=listed.name.en)
                for listed in lists.codes(name).values()
            ]
            for name in NAMES
        }
    )
