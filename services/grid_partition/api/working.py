"""Dependencies that several routes of the partition share."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from kit.auth import Principal
from kit.clock import local_date
from kit.errors import Language
from kit.web import context
from kit.web.deps import Now, needs
from services.grid_partition.clients.registry import RegistryClient
from services.grid_partition.operations.locate import GridMap

MERGE_PATCH = "application/merge-patch+json"
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The caller already holds this version"}
}

Viewer = Annotated[Principal, needs("partition:read")]
Proposer = Annotated[Principal, needs("partition:propose")]


def _registry(request: Request) -> RegistryClient:
    client: RegistryClient = request.app.state.registry
    return client


Registry = Annotated[RegistryClient, Depends(_registry)]


def _grid_map(request: Request) -> GridMap:
    grid_map: GridMap = request.app.state.grid_map
    return grid_map


Map = Annotated[GridMap, Depends(_grid_map)]


def _zone(request: Request) -> str:
    zone: str = request.app.state.settings.time_zone
    return zone


Zone = Annotated[str, Depends(_zone)]


def _today(clock: Now, zone: Zone) -> Any:
    return local_date(clock.now(), zone)


Today = Annotated[Any, Depends(_today)]
"""The local day, a date."""


def language() -> Language:
    """Return the language of the request being served."""
    return context.current.get().language
