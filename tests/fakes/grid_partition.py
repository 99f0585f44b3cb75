"""A grid partition for tests of its consumers: rectangles that hold points.

Reached with `httpx.AsyncClient(transport=fake.transport())`.  It is kept true by
tests/contract/test_grid_partition_fake.py, which asks the real service the same questions.
"""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import dataclass, field
from typing import Any

import httpx

POINTS_MAX = 10_000
_METRES_PER_DEGREE = 111_195.0


@dataclass
class Rectangle:
    """A grid; its borders belong to it."""

    code: str
    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        return self.west <= lon <= self.east and self.south <= lat <= self.north

    def distance_m(self, lon: float, lat: float) -> float:
        """Metres to the nearest point, good to one in a hundred within a city."""
        x = max(self.west - lon, 0.0, lon - self.east) * math.cos(math.radians(lat))
        y = max(self.south - lat, 0.0, lat - self.north)
        return math.hypot(x, y) * _METRES_PER_DEGREE


@dataclass
class FakeGridPartition:
    """Answers locate and grids; `is_up`, `delay_s` and `garbage` make it fail.

    `refuses` are points that make a batch a 422; `batches` are the sizes of those that came.
    """

    rectangles: list[Rectangle] = field(default_factory=list)
    is_up: bool = True
    delay_s: float = 0.0
    garbage: bytes | None = None
    refuses: set[tuple[float, float]] = field(default_factory=set)
    batches: list[int] = field(default_factory=list)

    def cover(self, code: str, *, at: tuple[float, float], side: float = 0.01) -> None:
        """Put a square grid around a point; side in degrees."""
        lon, lat = at
        half = side / 2
        self.rectangles.append(Rectangle(code, lon - half, lat - half, lon + half, lat + half))

    def transport(self) -> httpx.MockTransport:
        """The transport of a client that talks to this partition."""
        return httpx.MockTransport(self.answer)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or fail as told."""
        await asyncio.sleep(self.delay_s)
        if not self.is_up:
            raise httpx.ConnectError("refused")
        if self.garbage is not None:
            return httpx.Response(200, content=self.garbage)
        if request.url.path == "/partition/v1/locate":
            if request.method == "GET":
                query = request.url.params
                return httpx.Response(
                    200, json=self._spot(float(query["lon"]), float(query["lat"]))
                )
            return self._locate(json.loads(request.content))
        code = request.url.path.rpartition("/")[2]
        for one in self.rectangles:
            if one.code == code:
                return httpx.Response(200, json={"code": code, "community_code": code[:12]})
        return _problem(404, "grid.not_found")

    def _locate(self, content: dict[str, Any]) -> httpx.Response:
        points = content["points"]
        self.batches.append(len(points))
        if not 1 <= len(points) <= POINTS_MAX or not all(map(_is_point, points)):
            return _problem(422, "request.invalid")
        if any((point["lon"], point["lat"]) in self.refuses for point in points):
            return _problem(422, "request.invalid")
        items = [self._spot(p["lon"], p["lat"]) | {"id": p.get("id")} for p in points]
        return httpx.Response(200, json={"items": items})

    def _spot(self, lon: float, lat: float) -> dict[str, Any]:
        by_code = sorted(self.rectangles, key=lambda one: one.code)
        found = {"grid_code": None, "grid_name": None, "community_code": None,
                 "community_name": None, "nearest": None}  # fmt: skip
        for one in by_code:
            if one.holds(lon, lat):
                named = {"grid_name": one.code, "community_name": one.code[:12]}
                return found | named | {"grid_code": one.code, "community_code": one.code[:12]}
        if not by_code:
            return found
        near = min(by_code, key=lambda one: one.distance_m(lon, lat))
        told = {"grid_code": near.code, "grid_name": near.code,
                "distance_m": round(near.distance_m(lon, lat), 2)}  # fmt: skip
        return found | {"nearest": told}


def _is_point(point: dict[str, Any]) -> bool:
    return (
        set(point) <= {"lon", "lat", "id"}
        and -180 <= point["lon"] <= 180
        and -90 <= point["lat"] <= 90
    )


def _problem(status: int, code: str) -> httpx.Response:
    content = {"type": f"/problems/{code}", "title": code, "status": status, "code": code}
    return httpx.Response(
        status, json=content, headers={"Content-Type": "application/problem+json"}
    )
