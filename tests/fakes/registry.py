"""A registry for tests of its consumers: snapshots and divisions, held in memory.

An ASGI application, to be reached with `httpx.ASGITransport(fake)` or `in_process`.  It is kept
true by tests/contract/test_registry_fake.py, which asks the real registry the same questions.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID, uuid5

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

_IDS = UUID("01900000-0000-7000-8000-000000000000")
V1 = "/registry/v1"


def _problem(status: int, code: str) -> JSONResponse:
    content = {"type": f"/problems/{code}", "title": code, "status": status, "code": code}
    return JSONResponse(content, status, media_type="application/problem+json")


class FakeRegistry:
    """Holds communities as their consumers see them; `is_down` makes every call a 503.

    `asked` collects (method, path) of the calls that arrived, `grids` what was told of grids.
    """

    def __init__(self) -> None:
        self.is_down = False
        self.asked: list[tuple[str, str]] = []
        self.grids: dict[str, dict[str, Any]] = {}
        self._communities: dict[str, dict[str, Any]] = {}
        self._app = Starlette(
            routes=[
                Route(f"{V1}/communities/{{code}}/snapshot", self._snapshot),
                Route(f"{V1}/communities/{{code}}/grids", self._put_grids, methods=["PUT"]),
                Route(f"{V1}/snapshots", self._snapshots),
                Route(f"{V1}/divisions", self._divisions),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, unless the registry is down or the caller has no token."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.asked.append((scope["method"], scope["path"]))
        refusal: Response | None = None
        if self.is_down:
            refusal = _problem(503, "database.unavailable")
        elif not any(name == b"authorization" for name, _ in scope["headers"]):
            refusal = _problem(401, "token.invalid")
        await (refusal or self._app)(scope, receive, send)

    def put_community(
        self,
        code: str,
        *,
        name: str = "社区",
        boundary: dict[str, Any] | None = None,
        is_governed: bool = True,
    ) -> None:
        """Add a community, or change it; what stands in it stays."""
        known = self._communities.get(code, {"estates": {}, "buildings": {}})
        self._communities[code] = known | {
            "name": name,
            "boundary": boundary,
            "is_governed": is_governed,
        }

    def forget(self, code: str) -> None:
        """Know a community no more, as after its revocation."""
        del self._communities[code]

    def put_estate(self, code: str, source_id: str, **fields: Any) -> str:
        """Add an estate, or change it; returns its id."""
        default = {"source": "fake", "name": source_id, "geometry": None}
        return self._put(code, "estates", source_id, default | fields)

    def put_building(
        self,
        code: str,
        source_id: str,
        *,
        households: int | dict[str, int] | None = None,
        **fields: Any,
    ) -> str:
        """Add a building, or change it; returns its id.

        `households` is one number for every basis, or a number for each that is known,
        None when nothing is known; `point`
        is given with a `geometry`, because the fake computes no geometry.
        """
        default = {
            "source": "fake",
            "name": None,
            "estate_id": None,
            "kind": None,
            "geometry": None,
            "point": None,
            "units": None,
            "floors": None,
            "unit_details": [],
        }
        return self._put(
            code, "buildings", source_id, default | fields | {"households": households}
        )

    def remove_building(self, code: str, source_id: str) -> None:
        """End a building."""
        del self._communities[code]["buildings"][source_id]

    def snapshot(self, code: str, basis: str = "resident") -> dict[str, Any]:
        """Return the snapshot of a community, as the route answers it."""
        community = self._communities[code]
        buildings = [
            building | {"households": _count(building["households"], basis)}
            for _, building in sorted(community["buildings"].items())
        ]
        shown = [building | {"households": building["households"] or 0} for building in buildings]
        estates = [estate for _, estate in sorted(community["estates"].items())]
        body = {
            "community_code": code,
            "name": community["name"],
            "is_governed": community["is_governed"],
            "count_basis": basis,
            "boundary": community["boundary"],
            "estates": estates,
            "buildings": shown,
            "totals": {
                "estates": len(estates),
                "buildings": len(shown),
                "households": sum(building["households"] for building in shown),
                "buildings_without_location": sum(b["geometry"] is None for b in buildings),
                "buildings_without_count": sum(b["households"] is None for b in buildings),
            },
        }
        version = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        return {"version": version, **body}

    def _put(self, code: str, noun: str, source_id: str, fields: dict[str, Any]) -> str:
        row_id = str(uuid5(_IDS, f"{noun}/{source_id}"))
        self._communities[code][noun][source_id] = {"id": row_id, "source_id": source_id, **fields}
        return row_id

    def _chosen(self, request: Request) -> list[str]:
        area = request.query_params.get("area", "")
        return sorted(code for code in self._communities if code.startswith(area))

    async def _put_grids(self, request: Request) -> Response:
        code = request.path_params["code"]
        if code not in self._communities:
            return _problem(404, "division.not_found")
        if code in self.grids and "if-match" not in request.headers:
            return _problem(428, "precondition.required")
        told = await request.json()
        is_new = code not in self.grids
        self.grids[code] = told
        return JSONResponse({"community_code": code, **told}, 201 if is_new else 200)

    async def _snapshot(self, request: Request) -> Response:
        code = request.path_params["code"]
        if code not in self._communities:
            return _problem(404, "division.not_found")
        found = self.snapshot(code, request.query_params.get("count_basis", "resident"))
        headers = {"ETag": f'"{found["version"]}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return JSONResponse(found, headers=headers)

    async def _snapshots(self, request: Request) -> Response:
        basis = request.query_params.get("count_basis", "resident")
        everything = request.query_params.get("governed", "only") == "all"
        lines = [
            json.dumps(self.snapshot(code, basis)) + "\n"
            for code in self._chosen(request)
            if everything or self._communities[code]["is_governed"]
        ]
        return Response("".join(lines), media_type="application/x-ndjson")

    async def _divisions(self, request: Request) -> Response:
        items = [
            {
                "code": code,
                "name": self._communities[code]["name"],
                "kind": "community",
                "parent_code": code[:9],
                "is_governed": self._communities[code]["is_governed"],
                "boundary": self._communities[code]["boundary"],
            }
            for code in self._chosen(request)
        ]
        return JSONResponse({"items": items, "next_cursor": None})


def _count(households: int | dict[str, int] | None, basis: str) -> int | None:
    return households.get(basis) if isinstance(households, dict) else households
