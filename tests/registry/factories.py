"""Readable defaults for registry tests: a made-up district of square communities.

Communities are squares of 0.01 degrees (about 900 m by 1,110 m) side by side from 101.79 E,
36.60 N; A and B belong to the first street, C to the second.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from pydantic import SecretStr

from kit.testing.keys import fresh_keys
from services.registry.settings import Settings

DISTRICT = "990001"
STREET_1, STREET_2 = "990001001", "990001002"
A, B, C = "990001001001", "990001001002", "990001002001"
WEST = {A: 101.79, B: 101.80, C: 101.81}
SOUTH = 36.60
SIDE = 0.01
V1 = "/registry/v1"
#: One key ring for all registries of a process, so that one may open what another has sealed.
KEYS = SecretStr(fresh_keys())


def settings_for(url: str, folder: Path, **changes: Any) -> Settings:
    """Settings of a registry whose files lie below a folder."""
    told: dict[str, Any] = {
        "spool_folder": folder / "spool",
        "audit_folder": folder / "audit",
        "keys": KEYS,
    }
    return Settings(database_url=url, **(told | changes))


def square(west: float, south: float, side: float = 0.0004) -> dict[str, Any]:
    """A closed square polygon."""
    east, north = round(west + side, 9), round(south + side, 9)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def boundary(code: str) -> dict[str, Any]:
    return square(WEST[code], SOUTH, SIDE)


def inside(code: str, east: int = 0, north: int = 0) -> dict[str, Any]:
    """The footprint of a building in a community, on a lattice of 0.001 degrees."""
    return square(
        round(WEST[code] + 0.001 + 0.001 * east, 9), round(SOUTH + 0.001 + 0.001 * north, 9)
    )


def a_building(code: str = A, **fields: Any) -> dict[str, Any]:
    default = {"community_code": code, "geometry": inside(code), "households_resident": 40}
    return default | fields


def an_estate(code: str = A, **fields: Any) -> dict[str, Any]:
    return {"community_code": code, "name": "团结小区"} | fields


def an_organization(code: str = A, **fields: Any) -> dict[str, Any]:
    return {"division_code": code, "name": "新和物业", "kind": "property_company"} | fields


def a_service_point(code: str = A, **fields: Any) -> dict[str, Any]:
    return {"community_code": code, "name": "爱心驿站", "kind": "care_station"} | fields


def a_team(code: str = A, **fields: Any) -> dict[str, Any]:
    return {"division_code": code, "name": "骑手队", "kind": "mobile_grid_members"} | fields


class Registry:
    """A client that knows the registry's paths; each call asserts that it worked."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def division(self, code: str, **fields: Any) -> httpx.Response:
        return self.done(
            self.client.put(f"{V1}/divisions/{code}", json={"name": f"区划{code[-3:]}"} | fields)
        )

    def district(self) -> None:
        self.division(DISTRICT, valid_from="2020-01-01")
        for street in (STREET_1, STREET_2):
            self.division(street, valid_from="2020-01-01")
        for code in (A, B, C):
            self.division(code, is_governed=True, valid_from="2020-01-01", boundary=boundary(code))

    def building(self, code: str = A, **fields: Any) -> dict[str, Any]:
        return self.post("buildings", a_building(code, **fields))

    def estate(self, code: str = A, **fields: Any) -> dict[str, Any]:
        return self.post("estates", an_estate(code, **fields))

    def organization(self, code: str = A, **fields: Any) -> dict[str, Any]:
        return self.post("organizations", an_organization(code, **fields))

    def household(self, building_id: str, number: str, **fields: Any) -> dict[str, Any]:
        body = {"building_id": building_id, "household_no": number}
        return self.post("households", body | fields)

    def post(self, noun: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.done(self.client.post(f"{V1}/{noun}", json=body)).json()
        return answer

    def get(self, path: str, **params: Any) -> Any:
        return self.done(self.client.get(f"{V1}/{path}", params=params)).json()

    def snapshot(self, code: str = A, **params: Any) -> Any:
        return self.get(f"communities/{code}/snapshot", **params)

    def load(
        self,
        resource: str,
        content: bytes | str,
        media: str = "text/csv",
        source: str = "sheet",
        headers: dict[str, str] | None = None,
        **params: str,
    ) -> dict[str, Any]:
        """Import a file and wait for its end; returns the job with its `errors`."""
        sent = {"Content-Type": media, "Idempotency-Key": uuid4().hex} | (headers or {})
        made = self.done(
            self.client.post(
                f"{V1}/imports",
                params={"resource": resource, "source": source} | params,
                content=content,
                headers=sent,
            )
        )
        job = wait_for(self.client, made.headers["location"], headers)
        errors = self.client.get(f"{V1}/imports/{job['id']}/errors", headers=headers)
        return job | {"errors": errors.json()["items"]}

    @staticmethod
    def done(answer: httpx.Response) -> httpx.Response:
        assert answer.status_code < 300, answer.text
        return answer


def wait_for(
    client: httpx.Client, location: str, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """The import job once it has ended."""
    deadline = time.monotonic() + 90
    job: dict[str, Any] = {}
    while time.monotonic() < deadline:
        job = client.get(location, headers=headers).json()
        if job["state"] in {"succeeded", "failed", "cancelled"}:
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def geojson(*features: tuple[dict[str, Any] | None, dict[str, Any]]) -> str:
    """A feature collection of (geometry, properties)."""
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": geometry, "properties": properties}
                for geometry, properties in features
            ],
        }
    )
