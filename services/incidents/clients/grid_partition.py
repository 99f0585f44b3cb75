"""What this service asks of the grid partition: where a point lies, and is a grid in force."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from pydantic import BaseModel, ValidationError

from kit.peers import PeerClient
from services.incidents.domain.places import Point, Spot

log = structlog.get_logger()

#: Points a request; the service takes 10,000.
POINTS_MAX = 1000


class NearestSeen(BaseModel):
    """The nearest grid of a point that none holds."""

    grid_code: str
    distance_m: float


class SpotSeen(BaseModel):
    """What we read of one located point; the service may send more."""

    grid_code: str | None
    community_code: str | None = None
    nearest: NearestSeen | None = None


class SpotsSeen(BaseModel):
    """What we read of a batch: one item a point, in the order of the points."""

    items: list[SpotSeen]


class PointsRefused(Exception):
    """The service says that a point of the batch is no position."""


class GridPartitionClient(PeerClient):
    """Typed calls to the grid partition; its absence is PeerUnavailable."""

    async def locate(self, points: Sequence[Point]) -> list[Spot]:
        """Return where each point lies, in order.

        Raises PeerUnavailable; PointsRefused when the service refuses the batch as wrong.
        """
        content = {
            "crs": "CGCS2000",
            "points": [{"lon": point.lon, "lat": point.lat} for point in points],
        }
        answer = await self.call("POST", "/partition/v1/locate", json=content)
        if answer.status_code in {400, 413, 422}:
            raise PointsRefused
        if answer.status_code != 200:
            log.warning("locate_refused", status=answer.status_code)
            raise self.unavailable()
        try:
            seen = SpotsSeen.model_validate_json(answer.content).items
        except ValidationError as error:
            log.warning("locate_unreadable")
            raise self.unavailable() from error
        if len(seen) != len(points):
            log.warning("locate_unreadable", asked=len(points), told=len(seen))
            raise self.unavailable()
        return [_spot(one) for one in seen]

    async def is_in_force(self, grid_code: str) -> bool:
        """Tell whether a grid with this code is in force; raises PeerUnavailable."""
        answer = await self.call("GET", f"/partition/v1/grids/{grid_code}")
        if answer.status_code in {200, 404}:
            return answer.status_code == 200
        log.warning("grid_lookup_refused", status=answer.status_code)
        raise self.unavailable()


def _spot(seen: SpotSeen) -> Spot:
    near = seen.nearest
    return Spot(
        seen.grid_code,
        seen.community_code,
        near.grid_code if near else None,
        near.distance_m if near else None,
    )
