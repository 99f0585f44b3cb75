"""A grid partition of rectangles, for as long as tests/fakes has none."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import httpx


@dataclass
class Rectangle:
    code: str
    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        return self.west <= lon < self.east and self.south <= lat < self.north


@dataclass
class FakeGridPartition:
    """Answers locate; `is_up`, `delay_s` and `garbage` make it fail; `batches` are their sizes."""

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
        return httpx.MockTransport(self.answer)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self.delay_s)
        if not self.is_up:
            raise httpx.ConnectError("refused")
        if self.garbage is not None:
            return httpx.Response(200, content=self.garbage)
        if request.url.path == "/partition/v1/locate":
            return self._locate(json.loads(request.content))
        code = request.url.path.rpartition("/")[2]
        known = any(one.code == code for one in self.rectangles)
        return httpx.Response(200 if known else 404, json={})

    def _locate(self, content: dict[str, object]) -> httpx.Response:
        points = content["points"]
        assert isinstance(points, list)
        self.batches.append(len(points))
        if any((point["lon"], point["lat"]) in self.refuses for point in points):
            return httpx.Response(422, json={})
        return httpx.Response(200, json={"items": [self._spot(p) for p in points]})

    def _spot(self, point: dict[str, float]) -> dict[str, object]:
        for one in self.rectangles:
            if one.holds(point["lon"], point["lat"]):
                return {"grid_code": one.code, "community_code": one.code[:12]}
        nearest = None
        if self.rectangles:
            nearest = {"grid_code": self.rectangles[0].code, "distance_m": 840.5}
        return {"grid_code": None, "community_code": None, "nearest": nearest}
